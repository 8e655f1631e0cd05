# not compiled: a message a connection
"""Netlink (RFC 3549): messages with attributes, and a socket on which the kernel answers them."""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterator

SOCK_DIAG = 4
NETFILTER = 12
"""Families of linux/netlink.h, which Python's socket module does not name."""

REQUEST, ACK, DUMP, EXCL, CREATE, APPEND = 0x1, 0x4, 0x300, 0x200, 0x400, 0x800
ERROR, DONE = 2, 3
NESTED = 0x8000
TYPE_MASK = 0x3FFF

HEADER = struct.Struct("=IHHII")
ATTRIBUTE = struct.Struct("=HH")
ERRNO = struct.Struct("=i")

BUFFER = 1 << 16
"""Bytes read at once: the kernel fills a dump's parts up to 32 kB (netlink_dump)."""

ANSWER_S = 5.0
"""Seconds to wait for an answer; the kernel gives it before `send` returns, unless a module is loaded first."""


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute, padded to four bytes."""
    return ATTRIBUTE.pack(4 + len(value), kind) + value + bytes(-len(value) % 4)


def nested(kind: int, *attributes_in_it: bytes) -> bytes:
    """An attribute made of attributes."""
    return attribute(kind | NESTED, b"".join(attributes_in_it))


def be32(kind: int, number: int) -> bytes:
    """An attribute with a number in network order, as all of nf_tables has them."""
    return attribute(kind, struct.pack(">i", number))


def text(kind: int, value: str) -> bytes:
    """An attribute with a string that ends with a zero."""
    return attribute(kind, value.encode() + b"\0")


def message(kind: int, flags: int, sequence: int, payload: bytes) -> bytes:
    """One message."""
    return HEADER.pack(16 + len(payload), kind, flags | REQUEST, sequence, 0) + payload


def messages(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Kind, sequence number and payload of each message that was received."""
    at = 0
    while at + 16 <= len(data):
        length, kind, _, sequence, _ = HEADER.unpack_from(data, at)
        if length < 16:
            return
        yield kind, sequence, data[at + 16 : at + length]
        at += length + 3 & ~3


def attributes(data: bytes, at: int) -> dict[int, bytes]:
    """The attributes of a message behind its first `at` bytes."""
    found = {}
    while at + 4 <= len(data):
        length, kind = ATTRIBUTE.unpack_from(data, at)
        if length < 4:
            break
        found[kind & TYPE_MASK] = data[at + 4 : at + length]
        at += length + 3 & ~3
    return found


class Netlink:
    """A netlink socket. What the kernel refuses is an OSError with its number."""

    def __init__(self, family: int) -> None:
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, family)
        self.socket.bind((0, 0))
        self.socket.settimeout(ANSWER_S)
        self.sequence = 1

    def ask(self, kind: int, flags: int, payload: bytes) -> None:
        """Have one thing done, and wait until it is."""
        self.sequence += 1
        self.socket.send(message(kind, flags | ACK, self.sequence, payload))
        self.acknowledged({self.sequence})

    def acknowledged(self, expected: set[int]) -> None:
        """Wait until all of these were acknowledged; the first that failed raises."""
        while expected:
            for kind, sequence, payload in messages(self.socket.recv(BUFFER)):
                if kind != ERROR:
                    continue
                (code,) = ERRNO.unpack_from(payload)
                if code:
                    raise OSError(-code, os.strerror(-code))
                expected.discard(sequence)

    def dump(self, kind: int, payload: bytes) -> Iterator[bytes]:
        """The payloads of everything of a kind."""
        self.sequence += 1
        self.socket.send(message(kind, DUMP, self.sequence, payload))
        while True:
            for answer, sequence, body in messages(self.socket.recv(BUFFER)):
                if sequence != self.sequence:
                    continue
                if answer == DONE:
                    return
                if answer == ERROR:
                    (code,) = ERRNO.unpack_from(body)
                    raise OSError(-code or errno.EIO, os.strerror(-code))
                yield body

    def close(self) -> None:
        """Close the socket; the kernel takes back what belongs to it."""
        self.socket.close()

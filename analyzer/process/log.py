# not compiled: a message a connection
"""Packets that the kernel logged for us (NFNETLINK_LOG), each with its addresses and ports."""

from __future__ import annotations

import errno
import os
import socket
import struct
import time
from collections.abc import Iterator
from typing import NamedTuple

from analyzer.process.netlink import BUFFER, NETFILTER, Netlink, attribute, attributes, messages

ULOG = 4
PACKET, CONFIG = ULOG << 8, ULOG << 8 | 1
BIND = attribute(1, b"\x01")
QUEUE_LENGTH, QUEUE_TIMEOUT, FLAGS = 5, 4, 6
COUNTED = 1
"""NFULNL_CFG_F_SEQ: the messages are numbered, so that a lost one shows."""

RANGE = 128
"""Bytes of a packet that are wanted: the headers of IPv6 with some extensions, and the ports."""

RECEIVE = 32 << 20
"""Bytes of socket buffer, about 10,000 messages: what COMMAND may begin while we are busy with packets."""

GROUPS = range(0x5746, 0x5746 + 64)
"""Group numbers that are tried; nobody hands them out, and a number in use is refused."""

TCP, UDP = 6, 17
SKIPPED = frozenset((0, 43, 60))
"""IPv6 extension headers between us and the ports: hop-by-hop, routing, destination (RFC 8200 4.1)."""


class FiveTuple(NamedTuple):
    """Who speaks with whom: addresses of 4 or 16 bytes."""

    protocol: int
    client: bytes
    client_port: int
    server: bytes
    server_port: int


class Logged(NamedTuple):
    """One packet that was logged: when it was read, by whom it was sent (-1 = unknown)."""

    time: int
    five: FiveTuple
    uid: int


class Log:
    """The messages of one group.

    lost    messages that did not fit into the socket's buffer, by the gaps between their numbers
    """

    def __init__(self) -> None:
        self.netlink = Netlink(NETFILTER)
        self.group = 0
        self.lost = 0
        self._next = 0

    def open(self) -> None:
        """Take a group that nobody has, and a buffer that holds what we do not read at once."""
        self.group = self._bind()
        quickly = attribute(QUEUE_LENGTH, struct.pack(">I", 1)) + attribute(QUEUE_TIMEOUT, struct.pack(">I", 1))
        self._configure(attribute(2, struct.pack(">IBx", RANGE, 2)) + quickly)
        self._configure(attribute(FLAGS, struct.pack(">H", COUNTED)))
        receiving = self.netlink.socket
        try:
            receiving.setsockopt(socket.SOL_SOCKET, 33, RECEIVE)  # SO_RCVBUFFORCE, beyond net.core.rmem_max
        except OSError:
            receiving.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE)
        receiving.setblocking(False)

    def fileno(self) -> int:
        """To wait for."""
        return self.netlink.socket.fileno()

    def read(self) -> Iterator[Logged]:
        """What was logged and not yet read; never waits."""
        while True:
            try:
                data = self.netlink.socket.recv(BUFFER)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:  # how many were lost, the next number tells
                    return
                continue
            now = time.time_ns()
            for kind, _, body in messages(data):
                logged = self._packet(body, now) if kind == PACKET else None
                if logged is not None:
                    yield logged

    def close(self) -> None:
        """Give the group back."""
        self.netlink.close()

    def _bind(self) -> int:
        for group in GROUPS:
            self.group = group
            try:
                self._configure(BIND)
            except OSError as error:
                if error.errno != errno.EBUSY:
                    raise
            else:
                return group
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    def _configure(self, body: bytes) -> None:
        self.netlink.ask(CONFIG, 0, struct.pack(">BBH", 0, 0, self.group) + body)

    def _packet(self, body: bytes, now: int) -> Logged | None:
        found = attributes(body, 4)
        number = int.from_bytes(found.get(12, b""))
        if 12 in found:
            self.lost += number - self._next & 0xFFFF_FFFF
            self._next = number + 1 & 0xFFFF_FFFF
        five = five_tuple(found.get(9, b""))
        uid = int.from_bytes(found[11]) if 11 in found else -1
        return Logged(now, five, uid) if five else None


def five_tuple(packet: bytes) -> FiveTuple | None:
    """Addresses and ports of an IP packet, as our own kernel made it."""
    if len(packet) < 40:
        version = packet[0] >> 4 if packet else 0
        if version != 4 or len(packet) < 24:
            return None
    if packet[0] >> 4 == 4:
        protocol, at = packet[9], (packet[0] & 15) * 4
        client, server = packet[12:16], packet[16:20]
    else:
        protocol, at = packet[6], 40
        client, server = packet[8:24], packet[24:40]
        while protocol in SKIPPED and at + 8 <= len(packet):
            protocol, at = packet[at], at + 8 + packet[at + 1] * 8
    if protocol not in (TCP, UDP) or at + 4 > len(packet):
        return None
    return FiveTuple(
        protocol, client, int.from_bytes(packet[at : at + 2]), server, int.from_bytes(packet[at + 2 : at + 4])
    )

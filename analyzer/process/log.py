# not compiled: a message a connection
"""Packets that the kernel logged for us (NFNETLINK_LOG), each with its addresses and ports."""

from __future__ import annotations

import errno
import socket
import struct
import time
from collections.abc import Iterator
from typing import NamedTuple

from analyzer.process.netlink import BUFFER, NETFILTER, Netlink, attribute, attributes, be32, messages

# Names and numbers below are those of linux/netfilter/nfnetlink_log.h, without NFUL and NFULA.
ULOG = 4
PACKET, CONFIG = ULOG << 8, ULOG << 8 | 1
PAYLOAD, NUMBER = 9, 12
COMMAND, MODE, QUEUE_TIMEOUT, QUEUE_LENGTH, FLAGS = 1, 2, 4, 5, 6
BIND = b"\x01"
COPY_PACKET = 2
COUNTED = 1
"""NFULNL_CFG_F_SEQ: the messages are numbered, so that a lost one shows."""

RANGE = 128
"""Bytes of a packet that are wanted: the headers of IPv6 with some extensions, and the ports."""

RECEIVE = 32 << 20
"""Bytes of socket buffer, about 10,000 messages: what COMMAND may begin while we are busy with packets."""

SO_RCVBUFFORCE = 33
"""asm-generic/socket.h; Python does not name it."""

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
    """One packet that was logged.

    time    when it was read; number: the sequence number of a TCP segment, -1 = another protocol
    """

    time: int
    five: FiveTuple
    number: int


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
        self._bind()
        at_once = be32(QUEUE_LENGTH, 1) + be32(QUEUE_TIMEOUT, 1)
        self._configure(attribute(MODE, struct.pack(">IBx", RANGE, COPY_PACKET)) + at_once)
        self._configure(attribute(FLAGS, struct.pack(">H", COUNTED)))
        receiving = self.netlink.socket
        try:
            receiving.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE)  # beyond net.core.rmem_max
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
                packet = self._packet(body, now) if kind == PACKET else None
                if packet is not None:
                    yield packet

    def close(self) -> None:
        """Give the group back."""
        self.netlink.close()

    def _bind(self) -> None:
        for group in GROUPS:
            self.group = group
            try:
                self._configure(attribute(COMMAND, BIND))
            except OSError as error:  # EPERM is also what somebody else's group is refused with
                if error.errno not in (errno.EBUSY, errno.EPERM) or group == GROUPS[-1]:
                    raise
            else:
                return

    def _configure(self, body: bytes) -> None:
        self.netlink.ask(CONFIG, 0, struct.pack(">BBH", 0, 0, self.group) + body)

    def _packet(self, body: bytes, now: int) -> Logged | None:
        found = attributes(body, 4)
        if NUMBER in found:
            number = int.from_bytes(found[NUMBER])
            self.lost += number - self._next & 0xFFFF_FFFF
            self._next = number + 1 & 0xFFFF_FFFF
        return logged(found.get(PAYLOAD, b""), now)


def logged(packet: bytes, now: int) -> Logged | None:
    """What an IP packet says, as our own kernel made it; None = too little of it is there."""
    if len(packet) < 24 or (packet[0] >> 4 == 6 and len(packet) < 44):
        return None
    if packet[0] >> 4 == 4:
        protocol, at = packet[9], (packet[0] & 15) * 4
        client, server = packet[12:16], packet[16:20]
    else:
        protocol, at = packet[6], 40
        client, server = packet[8:24], packet[24:40]
        while protocol in SKIPPED and at + 8 <= len(packet):
            protocol, at = packet[at], at + 8 + packet[at + 1] * 8
    if protocol not in (TCP, UDP) or at + 8 > len(packet):
        return None
    client_port, server_port, number = struct.unpack_from(">HHI", packet, at)
    return Logged(now, FiveTuple(protocol, client, client_port, server, server_port), number if protocol == TCP else -1)

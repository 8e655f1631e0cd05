"""A capture of recorded TLS: the records in segments of a connection, with handshake and end."""

from __future__ import annotations

import struct
from itertools import groupby

from support.tls_talk import Record, Talk

CLIENT, SERVER = bytes((192, 0, 2, 1)), bytes((198, 51, 100, 7))
PORTS = (50000, 443)
SEGMENT = 1400
SYN, FIN, PSH, ACK = 2, 1, 8, 16
BEGIN = 1_700_000_000_000_000
STEP = 1000
"""Microseconds between two packets."""


class Wire:
    """Packets of one connection as a pcap file."""

    def __init__(self) -> None:
        self.data = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
        self.time = BEGIN
        self.ports = PORTS
        self.next = [1000, 5000]

    def another(self) -> None:
        """The connection after it."""
        self.ports = (self.ports[0] + 1, self.ports[1])
        self.next = [1000, 5000]

    def packet(self, server: bool, flags: int, payload: bytes = b"", *, lost: bool = False) -> None:
        """One more; `lost`: it was not captured."""
        source, target = (SERVER, CLIENT) if server else (CLIENT, SERVER)
        ports = self.ports[::-1] if server else self.ports
        acknowledged = self.next[not server] if flags & ACK else 0
        tcp = struct.pack("!HHIIBBHHH", *ports, self.next[server], acknowledged, 80, flags, 65000, 0, 0)
        ip = struct.pack("!BBHHHBBH4s4s", 69, 0, 40 + len(payload), 0, 0, 64, 6, 0, source, target)
        frame = ip + tcp + payload
        self.next[server] = (self.next[server] + len(payload) + bool(flags & (SYN | FIN))) & 0xFFFFFFFF
        self.time += STEP
        if not lost:
            seconds, micro = divmod(self.time, 1_000_000)
            self.data += struct.pack("<IIII", seconds, micro, len(frame), len(frame)) + frame


def raw(record: Record) -> bytes:
    """With its header."""
    return struct.pack("!BHH", record.kind, record.version, len(record.body)) + record.body


def capture(talk: Talk, lost: frozenset[int] = frozenset(), *, apart: bool = False) -> bytes:
    """The connection, from SYN to FIN, without the segments with data whose numbers are in `lost`.

    apart  each record is a segment of its own
    """
    wire = Wire()
    converse(wire, talk, lost, apart=apart)
    return wire.data


def captures(*talks: Talk) -> bytes:
    """Connections, one after the other."""
    wire = Wire()
    for one in talks:
        converse(wire, one)
        wire.another()
    return wire.data


def converse(wire: Wire, talk: Talk, lost: frozenset[int] = frozenset(), *, apart: bool = False) -> None:
    """One connection, as `capture`."""
    wire.packet(False, SYN)
    wire.packet(True, SYN | ACK)
    wire.packet(False, ACK)
    number = 0
    flights = groupby(enumerate(talk.records), key=lambda one: one[0] if apart else one[1].server)
    for records in ([record for _, record in flight] for _, flight in flights):
        server = records[0].server
        data = b"".join(map(raw, records))
        for at in range(0, len(data), SEGMENT):
            wire.packet(server, PSH | ACK, data[at : at + SEGMENT], lost=number in lost)
            number += 1
        wire.packet(not server, ACK)
    wire.packet(False, FIN | ACK)
    wire.packet(True, FIN | ACK)
    wire.packet(False, ACK)

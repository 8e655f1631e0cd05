# cython: boundscheck=False, wraparound=False
# Every header is compared with `cursor.end`, which is not beyond the buffer, before any byte of it is read.

"""The TCP header and its options (RFC 9293 3.1, 3.2)."""

from __future__ import annotations

import cython

if not cython.compiled:
    from analyzer.capture.numbers import u16, u32

from analyzer.frame.cursor import Cursor
from analyzer.frame.packet import Packet

SHORTEST = 14
"""Bytes of a header cut by the snaplen that are still of use: ports, sequence numbers and flags."""

MSS = 2
SCALE = 3
SACK_PERMITTED = 4
SACK = 5
TIMESTAMPS = 8
MPTCP = 30
FAST_OPEN = 34
EXPERIMENT = 254
NOP_NOP_TIMESTAMPS = 0x0101080A
"""How nearly every stack lays out its timestamps (RFC 7323 appendix A)."""


class Tcp:
    """Fills a packet from the TCP header at the cursor.

    cut   1 = the last header was not read because the snap length cut it
    """

    def __init__(self) -> None:
        self.cut = 0

    def read(self, cursor: Cursor, packet: Packet) -> cython.bint:
        """-> False when this is no TCP header or too little of it was captured."""
        data: bytes = cursor.data
        at: cython.Py_ssize_t = cursor.at
        end: cython.Py_ssize_t = cursor.end
        if end - at < SHORTEST:
            self.cut = cursor.wire_end - at >= 20
            return False
        self.cut = 0
        header: cython.int = (data[at + 12] >> 4) * 4
        if header < 20 or at + header > cursor.wire_end:
            return False
        packet.data = data
        keys: cython.Py_ssize_t = 8 if cursor.version == 4 else 32
        packet.key_at = cursor.addresses
        packet.key_size = keys + 4
        if cursor.addresses + keys != at:  # something stands between the addresses and the ports
            packet.key_size = 0
            packet.loose_key = cursor.ports_key()
        packet.version = cursor.version
        packet.ttl = cursor.ttl
        packet.ip_id = cursor.ip_id
        packet.seq = u32(data, at + 4)
        packet.ack = u32(data, at + 8)
        packet.flags = data[at + 13]
        packet.window = u16(data, at + 14) if end - at >= 16 else 0
        packet.length = cursor.wire_end - at - header
        packet.payload = at + header if at + header < end else end
        packet.captured = end - packet.payload
        packet.mss = packet.scale = -1
        packet.sack_ok = packet.fast_open = packet.subflow = 0
        packet.ts_value = packet.ts_echo = packet.sack_left = packet.sack_right = -1
        if header > 20:
            if header == 32 and packet.payload == at + 32 and u32(data, at + 20) == NOP_NOP_TIMESTAMPS:
                packet.ts_value = u32(data, at + 24)
                packet.ts_echo = u32(data, at + 28)
            else:
                self.options(data, at + 20, packet.payload, packet)
        return True

    def options(self, data: bytes, at: cython.Py_ssize_t, end: cython.Py_ssize_t, packet: Packet) -> cython.int:
        """Walk the options; a length that cannot be ends the walk, what was read before counts."""
        while at < end:
            kind: cython.int = data[at]
            if kind == 1:
                at += 1
                continue
            if kind == 0 or end - at < 2:
                return 0
            size: cython.int = data[at + 1]
            if size < 2 or size > end - at:
                return 0
            self.option(data, at, kind, size, packet)
            at += size
        return 0

    def option(
        self, data: bytes, at: cython.Py_ssize_t, kind: cython.int, size: cython.int, packet: Packet
    ) -> cython.int:
        """One option, ignored unless it has its own length."""
        if kind == TIMESTAMPS and size == 10:
            packet.ts_value = u32(data, at + 2)
            packet.ts_echo = u32(data, at + 6)
        elif kind == SACK and size >= 10:
            packet.sack_left = u32(data, at + 2)
            packet.sack_right = u32(data, at + 6)
        elif kind == MSS and size == 4:
            packet.mss = u16(data, at + 2)
        elif kind == SCALE and size == 3:
            packet.scale = min(data[at + 2], 14)  # RFC 7323 2.3: larger values count as 14
        elif kind == SACK_PERMITTED and size == 2:
            packet.sack_ok = 1
        elif kind == FAST_OPEN or (kind == EXPERIMENT and size >= 4 and u16(data, at + 2) == 0xF989):
            packet.fast_open = 1  # RFC 7413 2.2; 0xF989 is the number it had as an experiment (RFC 6994)
        elif kind == MPTCP and size >= 3 and data[at + 2] >> 4 == 1:  # RFC 8684 3.2: subtype 1 is MP_JOIN
            packet.subflow = 1
        return 0

"""An enhanced packet block (draft-ietf-opsawg-pcapng 4.3) put into a buffer, in this machine's byte order.

Whoever calls has made sure that all bytes are there: compiled, nothing is checked.
"""

# not compiled: packing.pxd says the same in C, for the compiler to put in line (see analyzer/capture/numbers.py)

from __future__ import annotations

import struct

HEAD = struct.Struct("=7I")
TAIL = struct.Struct("=I")
PACKET = 6


def put_packet(
    buffer: bytearray,
    at: int,
    total: int,
    interface: int,
    time: int,
    length: int,
    data: bytes,
    start: int,
    captured: int,
) -> None:
    """A block of `total` bytes; what is between the packet and its end becomes zeros."""
    HEAD.pack_into(buffer, at, PACKET, total, interface, time >> 32, time & 0xFFFFFFFF, captured, length & 0xFFFFFFFF)
    buffer[at + 28 : at + 28 + captured] = data[start : start + captured]
    buffer[at + 28 + captured : at + total - 4] = bytes(total - 32 - captured)
    TAIL.pack_into(buffer, at + total - 4, total)

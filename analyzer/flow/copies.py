"""Tells packets that were captured twice from retransmissions (signatures.md 3.3)."""

from __future__ import annotations

import cython

from analyzer.frame.packet import Packet
from analyzer.model.connection import COPY_FAST_NS, COPY_NS, MASK32, Connection, Event, IcmpError, Side

MASK64 = 0xFFFFFFFFFFFFFFFF
MIX1, MIX2, MIX3, MIX4 = 0x9E3779B1, 0x85EBCA6B, 0x27D4EB2F, 0xC2B2AE35
"""Odd multipliers that spread a packet's fields over 64 bits, of xxHash (1, 3) and MurmurHash3's fmix32 (2, 4)."""


def is_copy(side: Side, p: Packet) -> cython.bint:
    """Whether this is another copy of a packet just seen (a mirror, `-i any`), not a retransmission (3.3)."""
    return is_again(
        side, p.time, p.seq, p.ack, p.length, p.flags, p.window, p.ip_id, p.ts_value & MASK32, p.sack_right & MASK32
    )


def is_again(
    side: Side,
    time: cython.longlong,
    seq: cython.ulonglong,
    ack: cython.ulonglong,
    length: cython.ulonglong,
    flags: cython.ulonglong,
    window: cython.int,
    ip_id: cython.int,
    stamp: cython.ulonglong,
    sack: cython.ulonglong,
) -> cython.bint:
    """The same, of its numbers as they are in its headers (MASK32 where it has no such option).

    If it is no copy, the next one of it will be.
    """
    oldest: cython.longlong = time - (COPY_NS if ip_id else COPY_FAST_NS)
    signature: cython.ulonglong = (seq * MIX1 ^ ack * MIX2 ^ length * MIX3) & MASK64
    signature = (signature ^ (flags << 16 | window) << 16 ^ ip_id ^ stamp * MIX4 ^ sack << 13) & MASK64
    if (
        (signature == side.recent0 and side.recent_time0 >= oldest)
        or (signature == side.recent1 and side.recent_time1 >= oldest)
        or (signature == side.recent2 and side.recent_time2 >= oldest)
        or (signature == side.recent3 and side.recent_time3 >= oldest)
    ):
        return True
    if side.recent_at == 0:
        side.recent0 = signature
        side.recent_time0 = time
    elif side.recent_at == 1:
        side.recent1 = signature
        side.recent_time1 = time
    elif side.recent_at == 2:
        side.recent2 = signature
        side.recent_time2 = time
    else:
        side.recent3 = signature
        side.recent_time3 = time
    side.recent_at = (side.recent_at + 1) & 3
    return False


def is_icmp_copy(connection: Connection, error: IcmpError) -> cython.bint:
    """Whether a mirror port or a second interface shows the same ICMP error again (signatures.md 3.3)."""
    milestone: Event
    seen: IcmpError
    if connection.icmps == 0:
        return False
    for milestone in reversed(connection.milestones):
        if error.time - milestone.time > COPY_FAST_NS:
            return False
        if milestone.what == "icmp" and isinstance(milestone.note, IcmpError):
            seen = milestone.note
            if (seen.seq, seen.kind, seen.code, seen.sender) == (error.seq, error.kind, error.code, error.sender):
                return True
    return False

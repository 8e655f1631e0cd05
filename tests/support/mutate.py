"""Damages packets of a timeline as captures and attackers do: headers, order, times, pieces that are missing."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from analyzer.pkt.model import Timeline, TimelinePacket

FAR = (1, -1, 20, -20, 1460, 70_000, -70_000, 1 << 20, 1 << 29, 1 << 31, -(1 << 30))
"""Bytes by which a sequence or acknowledgement number is off."""
MILLISECONDS = (0, 1, -1, 5, -5, 19, 21, -21, 500, 3_000, 61_000, 200_001, -10_000)
HEADERS = ("seq", "ack", "flags", "window", "id", "back")
KINDS = (*HEADERS, "time", "all-later", "drop", "double", "later", "cut", "shorter")

CHANGES = st.lists(st.tuples(st.integers(0, 500), st.sampled_from(KINDS), st.integers(0, 255)), min_size=1, max_size=12)
"""(which packet, what is done to it, how)"""


def mutated(case: Timeline, changes: list[tuple[int, str, int]]) -> Timeline:
    """The case with these changes, one after the other."""
    packets = list(case.packets)
    for index, kind, value in changes:
        if packets:
            change(packets, index % len(packets), kind, value)
    return case.with_packets(packets)


def change(packets: list[TimelinePacket], i: int, kind: str, value: int) -> None:
    """One change in place."""
    p = packets[i]
    if kind == "drop":
        del packets[i]
    elif kind == "double":
        packets.insert(min(len(packets), i + value % 4), replace(p, ip_id=p.ip_id if value & 16 else None))
    elif kind == "later":
        packets.insert(min(len(packets), i + value % 8), packets.pop(i))
    elif kind == "back":
        packets[i] = replace(p, side=1 - p.side)
    elif kind == "all-later":
        for k in range(i, len(packets)):
            packets[k] = moved(packets[k], value)
    elif kind == "time":
        packets[i] = moved(p, value)
    elif p.kind == "tcp":
        packets[i] = with_header(p, kind, value)


def moved(p: TimelinePacket, value: int) -> TimelinePacket:
    """Another time."""
    return replace(p, time=max(0, p.time + 1_000_000 * MILLISECONDS[value % len(MILLISECONDS)] + value))


def with_header(p: TimelinePacket, kind: str, value: int) -> TimelinePacket:
    """Another field of the TCP segment, or less of its payload."""
    far = FAR[value % len(FAR)]
    if kind == "seq":
        return replace(p, seq=p.seq + far)
    if kind == "ack":
        return replace(p, ack=None if value & 32 else (p.ack or 0) + far)
    if kind == "flags":
        return replace(p, flags=p.flags ^ value)
    if kind == "cut":
        return replace(p, cut=min(value, len(p.data)))
    if kind == "shorter":
        return replace(p, data=p.data[: len(p.data) * value // 255], cut=None)
    if kind == "window":
        return replace(p, win=value << 8 if value & 1 else 0)
    return replace(p, ip_id=value)

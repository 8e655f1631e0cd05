"""Compiles a `Timeline` to the bytes of a pcapng file; analyzer/pkt/build.py makes pcap files."""

from __future__ import annotations

import struct

from analyzer.pkt.build import frames
from analyzer.pkt.model import LINKS, Timeline


def pcapng(case: Timeline, order: str = "<", nano: bool = True) -> bytes:
    """A pcapng file with one section and one interface (draft-ietf-opsawg-pcapng 4.1-4.3)."""
    out = [_block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))]
    options = struct.pack(order + "HHB3xHH", 9, 1, 9, 0, 0) if nano else b""  # if_tsresol; default is 10^-6
    out.append(_block(order, 1, struct.pack(order + "HHI", LINKS[case.link], 0, case.snaplen) + options))
    for time, frame, original in frames(case):
        ticks = time if nano else time // 1000
        head = struct.pack(order + "IIIII", 0, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), original)
        out.append(_block(order, 6, head + frame + bytes(-len(frame) % 4)))
    return b"".join(out)


def _block(order: str, kind: int, body: bytes) -> bytes:
    size = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + size + body + size

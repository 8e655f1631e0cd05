"""Connections captured on both sides of a NAT: the same SYN under two pairs of addresses (signatures.md 3.3)."""

from __future__ import annotations

import cython

from analyzer.frame.packet import Packet

TWIN_NS = 1_000_000_000
"""A NAT passes a packet on within this."""
MAX_SYNS = 65_536
"""SYNs of one TWIN_NS that are remembered."""


class Twins:
    """The SYNs of the last TWIN_NS, or twice that: ISN and TSval, in 64 bits -> when they were seen.

    older, newer   those seen before `turned`, and since
    """

    def __init__(self) -> None:
        self.older: dict[int, int] = {}
        self.newer: dict[int, int] = {}
        self.turned = 0

    def has(self, p: Packet) -> cython.bint:
        """Whether the SYN was seen just now under other addresses; from now on it was."""
        both: cython.ulonglong = cython.cast(cython.ulonglong, p.seq) << 32 | p.ts_value
        mark: int = both
        if p.time - self.turned > TWIN_NS or len(self.newer) >= MAX_SYNS:
            self.turned = p.time
            self.older = self.newer
            self.newer = {}
        before: cython.longlong = self.newer.get(mark, 0) or self.older.get(mark, 0)
        self.newer[mark] = p.time
        return before != 0 and p.time - before < TWIN_NS

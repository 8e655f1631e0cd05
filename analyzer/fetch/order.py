"""Puts judged fetches in the order of their first packets, which is not the order in which connections end."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from pickle import HIGHEST_PROTOCOL, dumps, loads
from zlib import compress, decompress

import cython

from analyzer.fetch.model import Fetch

MAX_HELD = 100_000
"""Fetches that wait for an older open connection; beyond this the oldest is released out of order, with a warning.
90 MB: MAX_UNPACKED of 1.3 kB each, or a little more, and 0.1 kB each of the others."""
MAX_UNPACKED = 65_536
"""Fetches that wait as they are. What is more to those is packed whose turn is far, 12 us each there and back: more
than all the rest of a fetch takes, which is why an ordinary capture, large or long, should not get here."""
PIECE = 64
"""Fetches that are packed together at least: the more, the more they have in common."""
SPAN = 12
"""Bits: the fetches of so many packets, 4096, wait together. One heap of all that wait would be compared all over the
memory for each that leaves; of these heaps one is looked at, and it is small."""


class Order:
    """Fetches that wait until no open connection can precede them.

    heap         those whose turn comes next, up to the packets of span `current`; later: the others, by span
    packed       those of the others that were packed, by span
    spans        the numbers of those spans, a heap
    waiting      how many wait in all
    overflowed   True once a fetch left before its turn, because more than MAX_HELD waited
    """

    def __init__(self, most: int = MAX_HELD) -> None:
        self.heap: list[Fetch] = []
        self.later: dict[int, list[Fetch]] = {}
        self.packed: dict[int, list[bytes]] = {}
        self.spans: list[int] = []
        self.current = -1
        self.serial = self.waiting = 0
        self.most = most
        self.unpacked = MAX_UNPACKED
        self.overflowed = False

    def add(self, fetch: Fetch) -> None:
        """Let a fetch wait for its turn (Fetch.__lt__)."""
        self.serial += 1
        fetch.serial = self.serial
        self.waiting += 1
        span: cython.longlong = fetch.first_packet >> SPAN
        if span <= self.current:
            heappush(self.heap, fetch)
            return
        found = self.later.get(span)
        if found is None:
            self.later[span] = [fetch]
            heappush(self.spans, span)
        else:
            if self.waiting > self.unpacked and len(found) >= PIECE:
                self.pack(span, found)
            found.append(fetch)

    def pack(self, span: cython.longlong, fetches: list[Fetch]) -> None:
        """Let fetches of a span wait packed, if they were detached: a connection is larger than what this saves."""
        first: Fetch = fetches[0]
        if first.connection is not None:
            return
        pieces = self.packed.setdefault(span, [])
        pieces.append(compress(dumps(fetches, HIGHEST_PROTOCOL), 1))
        fetches.clear()

    def leave(self, oldest_open: cython.longlong) -> Fetch | None:
        """The next fetch, if no connection can precede it that began with packet `oldest_open` or later."""
        first: Fetch
        if not self.heap and not self.turn(oldest_open):
            return None
        first = self.heap[0]
        if first.first_packet >= oldest_open:
            if self.waiting <= self.most:
                return None
            self.overflowed = True
        self.waiting -= 1
        return heappop(self.heap)

    def turn(self, oldest_open: cython.longlong) -> cython.bint:
        """It is the turn of the next span; False when there is none, or all of it has to wait."""
        if not self.spans:
            return False
        span: cython.longlong = self.spans[0]
        if span << SPAN >= oldest_open and self.waiting <= self.most:
            return False
        heappop(self.spans)
        self.current = span
        self.heap = self.later.pop(span)
        for piece in self.packed.pop(span, ()):
            self.heap += loads(decompress(piece))  # bytes that `pack` made
        heapify(self.heap)
        return True

"""Puts judged fetches in the order of their first packets, which is not the order in which connections end."""

from __future__ import annotations

from heapq import heappop, heappush

import cython

from analyzer.fetch.model import Fetch

MAX_HELD = 200_000
"""Fetches that wait for an older open connection; beyond this the oldest is released out of order, with a warning."""


class Order:
    """Fetches that wait until no open connection can precede them.

    overflowed   True once a fetch left before its turn, because more than MAX_HELD waited
    """

    def __init__(self, most: int = MAX_HELD) -> None:
        self.heap: list[Fetch] = []
        self.serial = 0
        self.most = most
        self.overflowed = False

    def add(self, fetch: Fetch) -> None:
        """Let a fetch wait for its turn (Fetch.__lt__)."""
        self.serial += 1
        fetch.serial = self.serial
        heappush(self.heap, fetch)

    def leave(self, oldest_open: cython.longlong) -> Fetch | None:
        """The next fetch, if no connection can precede it that began with packet `oldest_open` or later."""
        first: Fetch
        if not self.heap:
            return None
        first = self.heap[0]
        if first.first_packet >= oldest_open:
            if len(self.heap) <= self.most:
                return None
            self.overflowed = True
        return heappop(self.heap)

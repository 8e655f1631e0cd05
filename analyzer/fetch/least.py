"""The wish with the least number of some kind, among many that come and go."""

from __future__ import annotations

from collections.abc import Callable, Collection
from heapq import heapify, heappop, heappush, heapreplace

from analyzer.fetch.resolution import Resolution

SPARE = 64
"""Outdated places of a heap that are not worth clearing away."""
NEVER = -(1 << 62)
"""A number, and a time, before all others."""


class Least:
    """The wish with the least number: a heap, in which those that left, or whose number grew, are put right in time."""

    def __init__(self, number: Callable[[Resolution], int], among: Collection[Resolution]) -> None:
        self.number = number
        self.among = among
        self.heap: list[tuple[int, int, Resolution]] = []
        self.serial = 0

    def add(self, wish: Resolution) -> None:
        """A wish is new, or its number may be smaller now."""
        self.serial += 1
        heappush(self.heap, (self.number(wish), self.serial, wish))
        if len(self.heap) > 2 * len(self.among) + SPARE:
            self.heap = [(self.number(other), at, other) for at, other in enumerate(self.among)]
            heapify(self.heap)
            self.serial = len(self.heap)

    def first(self) -> Resolution | None:
        """That wish; None when there is none."""
        while self.heap:
            known, serial, wish = self.heap[0]
            number = self.number(wish) if wish in self.among else NEVER
            if number == known:
                return wish
            if number > known:
                heapreplace(self.heap, (number, serial, wish))
            else:  # it left, or is in the heap once more
                heappop(self.heap)
        return None

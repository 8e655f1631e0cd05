"""When fetches began: counts in columns of time, for the strip at the top of the table."""

from __future__ import annotations

# not compiled: once a page
from typing import NamedTuple

COLUMNS = 120
"""Bars of the strip."""
FINE = 16 * COLUMNS
"""Buckets that are kept while fetches come; with as many more they are joined in pairs."""
FIRST_NS = 1 << 20
"""About a millisecond."""


class Column(NamedTuple):
    """Fetches that began between two instants (ns): how many went well, failed, could not be judged."""

    start: int
    end: int
    ok: int
    failed: int
    incomplete: int


class Strip:
    """Counts while fetches pass by; memory does not grow with their number, nor with the time they span."""

    def __init__(self) -> None:
        self.width = FIRST_NS
        self.buckets: dict[int, list[int]] = {}

    def add(self, start: int, kind: int) -> None:
        """One fetch: 0 it went well, 1 it failed, 2 it could not be judged."""
        bucket = self.buckets.setdefault(start // self.width, [0, 0, 0])
        bucket[kind] += 1
        if len(self.buckets) > 2 * FINE:
            self._join(self.width * 2)

    def _join(self, width: int) -> None:
        """Make the buckets wider."""
        while True:
            joined: dict[int, list[int]] = {}
            for at, counts in self.buckets.items():
                into = joined.setdefault(at * self.width // width, [0, 0, 0])
                for kind, number in enumerate(counts):
                    into[kind] += number
            self.buckets, self.width = joined, width
            if len(joined) <= FINE:
                return
            width *= 2

    def columns(self) -> list[Column]:
        """COLUMNS of the same width from the first fetch to the last; none without a fetch."""
        if not self.buckets:
            return []
        first, last = min(self.buckets), max(self.buckets)
        each = max(-(-(last - first + 1) // COLUMNS), 1)
        found = []
        counts: dict[int, list[int]] = {}
        for at, bucket in self.buckets.items():
            into = counts.setdefault((at - first) // each, [0, 0, 0])
            for kind, number in enumerate(bucket):
                into[kind] += number
        for at in range(-(-(last - first + 1) // each)):
            start = (first + at * each) * self.width
            found.append(Column(start, start + each * self.width, *counts.get(at, [0, 0, 0])))
        return found

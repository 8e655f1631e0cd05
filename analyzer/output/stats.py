"""How long the phases of fetches take: count, median and 99th percentile, in memory that does not grow with them."""

from __future__ import annotations

# not compiled: only with --stats
from array import array
from collections.abc import Mapping
from math import ceil, log

PHASES = ("dns", "connect", "tls", "ttfb")
"""Phases whose seconds rows have, in the column of that name with `_s` behind it."""
QUANTILES = (0.5, 0.99)
EXACT = 256
"""Durations of a phase that are kept as they are. Beyond they are counted by size, which takes as much memory and makes
a percentile up to 2 % wrong."""
GROWTH = 1.04
"""Each size is so many times as long as the one before, and its middle wrong by half of that at most. As in DDSketch
(Masson et al., VLDB 2019): the same in whatever order the durations come, without any chance in it."""
SHORTEST, LONGEST = 1e-6, 1e4
"""Seconds between which sizes differ; captures have microseconds, and nothing waits for hours."""
SIZES = ceil(log(LONGEST / SHORTEST, GROWTH)) + 1


class Durations:
    """Seconds of one phase.

    count       how many; shortest, longest: exactly
    kept        all of them, as long as these are EXACT or fewer; then sizes: how many have each size
    """

    __slots__ = ("count", "kept", "longest", "shortest", "sizes")

    def __init__(self) -> None:
        self.count = 0
        self.shortest = self.longest = 0.0
        self.kept: array[float] | None = array("d")
        self.sizes: array[int] | None = None

    def add(self, seconds: float) -> None:
        """Count one."""
        self.shortest = min(self.shortest, seconds) if self.count else seconds
        self.longest = max(self.longest, seconds)
        self.count += 1
        if self.kept is not None:
            self.kept.append(seconds)
            if self.count > EXACT:
                self._sort_by_size()
        elif self.sizes is not None:
            self.sizes[size_of(seconds)] += 1

    def _sort_by_size(self) -> None:
        self.sizes = array("I", bytes(array("I").itemsize * SIZES))
        for seconds in self.kept or ():
            self.sizes[size_of(seconds)] += 1
        self.kept = None

    def quantile(self, share: float) -> float | None:
        """The shortest duration that at least this share of all do not exceed (nearest rank); None = there are none."""
        if not self.count:
            return None
        rank = max(1, ceil(share * self.count))
        if self.kept is not None:
            return sorted(self.kept)[rank - 1]
        for size, number in enumerate(self.sizes or ()):
            rank -= number
            if rank <= 0:
                return min(max(middle_of(size), self.shortest), self.longest)
        return self.longest


class Times:
    """The phases of the fetches of one group."""

    __slots__ = ("phases",)

    def __init__(self) -> None:
        self.phases = {phase: Durations() for phase in PHASES}

    def add(self, row: Mapping[str, object]) -> None:
        """Count the phases of a row that are known."""
        for phase, durations in self.phases.items():
            seconds = row[f"{phase}_s"]
            if isinstance(seconds, float | int):
                durations.add(seconds)


def size_of(seconds: float) -> int:
    """Where a duration is counted."""
    return 0 if seconds <= SHORTEST else min(ceil(log(seconds / SHORTEST, GROWTH)), SIZES - 1)


def middle_of(size: int) -> float:
    """Seconds that differ least, in proportion, from all durations that are counted there."""
    return SHORTEST * GROWTH**size * 2 / (1 + GROWTH)

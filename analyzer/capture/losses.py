# not compiled: only where packets were dropped
"""When a capture dropped packets: what it does not show of these times may have been there."""

from __future__ import annotations

MOST = 1 << 10
"""Times of losses kept; beyond, the latest two become one that is longer than the truth. To look through them takes
50 us, for each fetch."""


class Losses:
    """The times in which packets were dropped, as (from, to, packets), ns, in the order in which they were learned."""

    def __init__(self) -> None:
        self.times: list[tuple[int, int, int]] = []
        self.packets = 0

    def add(self, start: int, end: int, packets: int) -> None:
        """So many were dropped between two instants; they may come in either order, when the clock was set back."""
        start, end = min(start, end), max(start, end)
        self.packets += packets
        if self.times and (start <= self.times[-1][1] or len(self.times) >= MOST) and start >= self.times[-1][0]:
            before = self.times.pop()
            start, end, packets = before[0], max(end, before[1]), packets + before[2]
        self.times.append((start, end, packets))

    def within(self, start: int, end: int) -> bool:
        """Whether packets were dropped between two instants, or may have been."""
        return any(began <= end and start <= ended for began, ended, _ in self.times)

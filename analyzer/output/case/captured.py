"""The bytes of one side as they were captured, and the pieces in which they are told."""

from __future__ import annotations

# not compiled: runs for one connection
from typing import NamedTuple

from analyzer.errors import UsageError


class Part(NamedTuple):
    """A piece of one side's stream, offsets [start, end), and the words that stand for it."""

    start: int
    end: int
    words: str


class Captured(NamedTuple):
    """The stream of one side: `data` are its bytes, `holes` 1 where they were not captured."""

    side: int
    data: bytes
    holes: bytes

    def has(self, at: int) -> bool:
        """Whether this byte was captured, and not with a segment that nobody tells of (of a RST, or a copy)."""
        return at < len(self.data) and not self.holes[at]

    def reach(self, start: int, end: int) -> int:
        """Up to where these bytes were captured without a hole."""
        hole = self.holes.find(1, start, end)
        return hole if hole >= 0 else min(end, len(self.data))

    def behind(self, hole: int, end: int) -> int:
        """Where a hole is over, `end` at the latest."""
        known = self.holes.find(0, hole, end)
        return known if known >= 0 else end

    def zeros(self, start: int, end: int) -> list[Part]:
        """So many zeros instead of what is there, if anything is."""
        return [Part(start, end, f"zeros {end - start}")] if start < end else []


def cannot(what: str) -> UsageError:
    """The notation has no words for this."""
    return UsageError(f"the notation of cases cannot express {what}", "share the capture itself, if you may")

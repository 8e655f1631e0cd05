# not compiled: draws for people
"""What goes on, in lines below the table that are amended in place (ECMA-48 8.3.22 CUU, 8.3.39 ED)."""

from __future__ import annotations

from typing import TextIO

from analyzer.fetch.model import Fetch
from analyzer.output.words import still_open
from analyzer.text import cut
from analyzer.verdict.told import going_on

SHOWN = 3
"""Stalls that have a line each; the longest ones."""


class Below:
    """The lines, on a terminal of `columns` columns.

    stalls   what goes on (verdict.told.going_on) -> the fetch that stalls, as it was last told
    drawn    lines on the screen
    """

    def __init__(self, out: TextIO, columns: int) -> None:
        self.out = out
        self.columns = columns
        self.stalls: dict[int, Fetch] = {}
        self.drawn = 0

    def add(self, fetch: Fetch) -> None:
        """A stall goes on."""
        self.stalls[going_on(fetch)] = fetch

    def remove(self, fetch: Fetch) -> None:
        """It is over, or settled by a row."""
        self.stalls.pop(going_on(fetch), None)

    def wipe(self) -> None:
        """Make room for what is to stay."""
        if self.drawn:
            self.out.write(f"\x1b[{self.drawn}A\x1b[J")
            self.drawn = 0

    def draw(self) -> None:
        """Show them behind what stays."""
        longest = sorted(self.stalls.values(), key=lambda fetch: -fetch.silence_s)
        lines = [still_open(fetch, int(fetch.silence_s * 1e9), "ongoing") for fetch in longest[:SHOWN]]
        if len(longest) > SHOWN:
            lines.append(f"ongoing: {len(longest) - SHOWN:,} more")
        for line in lines:
            self.out.write(cut(line, self.columns - 1) + "\n")
        self.drawn = len(lines)

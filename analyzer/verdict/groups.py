"""What several fetches mean together, after each has its verdict (signatures.md 6.2 step 8): races, then retries.

Fetches come in the order of their first packets and leave in the same order, numbered. A fetch waits only while a later
one can still change its row: an attempt that carried nothing for he_window, a failure until its retry group is decided,
and what came behind either of them. Nothing here turns one failure into another.
"""

from __future__ import annotations

import cython

from analyzer.verdict.brief import Brief
from analyzer.verdict.ecn import Ecn
from analyzer.verdict.races import Races
from analyzer.verdict.retries import Retries
from analyzer.verdict.thresholds import DEFAULT, Thresholds
from analyzer.verdict.turn import Turn

END = 1 << 62
"""Later than every fetch, in ns."""


class Groups:
    """The stage behind the verdicts, one a capture.

    races, retries   its two steps, with their counters
    ecn              which servers refuse SYNs that ask for ECN, and take others
    number           fetches numbered so far
    """

    def __init__(self, limits: Thresholds = DEFAULT) -> None:
        self.races = Races(limits)
        self.retries = Retries(limits)
        self.ecn = Ecn(limits)
        self.number = self.now = self.newest = 0

    def add(self, fetch: Brief) -> None:
        """Take the next fetch, in the order of first packets."""
        self.reach(fetch.start)
        self.races.add(fetch)

    def reach(self, time: cython.longlong) -> None:
        """No fetch that follows begins before this time, in ns."""
        if time > self.now:
            self.now = time

    def holding(self) -> cython.bint:
        """Whether any fetch waits here."""
        return not (self.races.queue.empty() and self.retries.queue.empty())

    def end(self) -> None:
        """No fetch will follow."""
        self.now = END

    def leave(self) -> Turn | None:
        """The next fetch whose row is final, and is to be `numbered`; None = it has to wait.

        One at a time, so that an interrupt loses none.
        """
        judged: Brief | None = self.races.ready(self.now)
        while judged is not None:
            self.newest = judged.start
            self.retries.add(judged)
            judged = self.races.ready(self.now)
        return self.retries.ready(self.now if self.races.queue.empty() else self.newest)

    def numbered(self, fetch: Brief) -> Brief:
        """Numbers count rows, so those that are no fetch have none."""
        if fetch.kind == "fetch":
            self.number += 1
            fetch.number = self.number
            if fetch.ecn:
                self.ecn.hint(fetch)
        return fetch

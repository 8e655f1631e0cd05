"""Puts judged fetches in the order of their first packets, which is not the order in which connections end."""

from __future__ import annotations

from bisect import insort
from heapq import heappop, heappush

import cython

from analyzer.verdict.ahead import turns as ahead
from analyzer.verdict.turn import Turn

MAX_HELD = 100_000
"""Fetches that wait for an older open connection; beyond this the oldest is released out of order, with a warning.
One costs 1.6 kB, all of them 160 MB."""
MAX_WRITTEN = 400_000
"""The same where rows are written already, and no fetch waits with them: 0.1 kB each, 30 MB. A SYN that nobody answers
lets those of 200 s wait, two thousand a second."""
MAX_TEXT = 16 << 20
"""Characters of what they asked for, as many as 250,000 usual targets have; a hostile one has 2,048, and its sentence
repeats it. Same behaviour at the cap."""
SPAN = 12
"""Bits: the fetches of so many packets, 4096, wait together, and are sorted when their turn comes. One heap of all that
wait would be compared all over the memory for each that leaves."""


class Order:
    """Fetches that wait until no open connection can precede them.

    turn         from place `at` on those whose turn it is, in order, up to the packets of span `current`
    later        the others, by span
    spans        the numbers of those spans, a heap
    waiting      how many wait in all; text: characters of what they asked for
    overflowed   True once a fetch left before its turn, because more than MAX_HELD waited, or MAX_TEXT of them
    """

    def __init__(self, most: int = MAX_HELD) -> None:
        self.turn: list[Turn] = []
        self.later: dict[int, list[Turn]] = {}
        self.spans: list[int] = []
        self.current = -1
        self.at = self.serial = self.waiting = self.text = 0
        self.most = most
        self.overflowed = False

    def add(self, turn: Turn) -> None:
        """Let a fetch wait for its turn (Turn.__lt__)."""
        self.serial += 1
        turn.serial = self.serial
        self.waiting += 1
        self.text += turn.text
        span: cython.longlong = turn.first_packet >> SPAN
        if span <= self.current:
            insort(self.turn, turn, self.at)
            return
        found = self.later.get(span)
        if found is None:
            self.later[span] = [turn]
            heappush(self.spans, span)
        else:
            found.append(turn)

    def leave(self, oldest_open: cython.longlong) -> Turn | None:
        """The next fetch, if no connection can precede it that began with packet `oldest_open` or later."""
        first: Turn
        if self.at == len(self.turn) and not self.next_turn(oldest_open):
            return None
        first = self.turn[self.at]
        if first.first_packet >= oldest_open:
            if not self.full():
                return None
            self.overflowed = True
        self.waiting -= 1
        self.text -= first.text
        self.turn[self.at] = None  # type: ignore[call-overload]  # which holds it no longer
        self.at += 1
        return first

    def full(self) -> cython.bint:
        """Whether the first has to leave, whoever may precede it."""
        return self.waiting > self.most or self.text > MAX_TEXT

    def next_turn(self, oldest_open: cython.longlong) -> cython.bint:
        """It is the turn of the next span; False when there is none, or all of it has to wait."""
        self.turn, self.at = [], 0
        if not self.spans:
            return False
        span: cython.longlong = self.spans[0]
        if span << SPAN >= oldest_open and not self.full():
            return False
        heappop(self.spans)
        self.current = span
        self.turn = self.later.pop(span)
        ahead(self.turn)
        self.turn.sort()
        return True

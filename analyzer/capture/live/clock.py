# not compiled: asked when the clock was set, and a few times a second
"""The system's clock, as it would have gone on had nobody set it back.

Frames are stamped by the system's clock, which steps back when an administrator or a time server sets it. What came
before would be in the future then, and no silence would end until the clock is there again.
"""

from __future__ import annotations

import time

STEP_NS = 500_000_000
"""A clock that is kept right by slewing moves by 500 ppm (adjtimex(2)); this is a step."""
MOST_STEPS = 10
"""Steps that are remembered, to be told."""


class SteadyClock:
    """Tells the time of a live source: steps forward are believed, steps back are not.

    behind   by how much the system's clock was set back in all, ns; last: at the last time
    steps    by how much it was set, ns, negative = back; the newest MOST_STEPS that nobody has taken
    """

    def __init__(self) -> None:
        self.behind = self.last = 0
        self.steps: list[int] = []
        self.ahead = time.time_ns() - time.monotonic_ns()

    def now(self) -> int:
        """The time, ns since 1970: the system's, later by as much as that was set back."""
        now = time.time_ns()
        ahead = now - time.monotonic_ns()
        step, self.ahead = ahead - self.ahead, ahead
        if abs(step) >= STEP_NS:
            self.steps = [*self.steps, step][-MOST_STEPS:]
            if step < 0:
                self.last = -step
                self.behind += self.last
        return now + self.behind

    def of(self, stamp: int) -> int:
        """The time of a frame that was just read, by its time stamp."""
        now = self.now()
        steady = stamp + self.behind
        return steady if steady <= now + STEP_NS else steady - self.last  # stamped before the clock was set

    def shown(self, stamp: int, before: int) -> int:
        """The same, for a frame behind one of the time `before`."""
        steady = stamp + self.behind
        return steady if abs(steady - before) < STEP_NS else self.of(stamp)

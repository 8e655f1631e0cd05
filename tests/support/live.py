"""Captures as they come while they are made: in every pause the clock goes on."""

from __future__ import annotations

from pathlib import Path

from analyzer.capture import Capture, expand, open_capture
from analyzer.capture.frame import Frames
from analyzer.capture.losses import Losses

SECOND = 1_000_000_000
TICK = SECOND // 10
LONG = 20 * SECOND
PARTS = 200
"""A longer pause is told in so many ticks, or a capture of years would have none but them."""
COPIED = ("data", "start", "captured", "length", "time", "link", "number", "interface")


class Ticking(Frames):
    """The frames of a capture as a live source gives them, without its waiting: it is idle while none came.

    clock   time that was told last; tail: how long the source is silent before it ends, ns
    """

    def __init__(self, inner: Frames, tail: int = 0) -> None:
        super().__init__()
        self.inner = inner
        self.tail = tail
        self.clock = 0
        self.more = inner.advance()

    @property
    def end_time(self) -> int:
        return self.inner.end_time

    def advance(self) -> bool:
        self.idle = False
        if self.more and (self.clock == 0 or self.inner.time <= self.clock + TICK):
            for name in COPIED:
                setattr(self, name, getattr(self.inner, name))
            self.clock = max(self.clock, self.time)
            self.more = self.inner.advance()
            return True
        left = self.inner.time - self.clock if self.more else self.tail
        if left > 0:
            step = max(TICK, left // PARTS if left > LONG else 0)
            self.tail -= 0 if self.more else step
            self.clock += step
            self.time = self.clock
            self.idle = True
        return False


class Live:
    """What `Reading(live=...)` takes: a capture that plays `path`."""

    name = "eth0"

    def __init__(self, path: Path, tail: int = 0) -> None:
        self.capture: Capture = open_capture(next(iter(expand([str(path)]))))
        self.frames = Ticking(self.capture.frames, tail)
        self.stopped = self.closed = False

    @property
    def warnings(self) -> list[str]:
        return self.capture.warnings

    @property
    def damaged(self) -> bool:
        return self.capture.damaged

    @property
    def losses(self) -> Losses:
        return self.capture.losses

    def stop(self) -> None:
        self.stopped = True
        self.frames.more = False
        self.frames.tail = 0

    def close(self) -> None:
        self.closed = True
        self.capture.close()

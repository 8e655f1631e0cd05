"""Frames of another cursor up to a number of them, or to a time (`-c`, `--duration`)."""

from __future__ import annotations

from collections.abc import Callable

import cython

from analyzer.capture.frame import Frames

NO_END = 1 << 62
"""More frames, and a later time in ns, than there will be."""


class LimitedFrames(Frames):
    """The same frames, of which the `most`th is the last, and the last before the time `until`.

    stop   called once the end is reached, so that no more are captured
    over   it was
    """

    def __init__(self, frames: Frames, most: int, until: int, stop: Callable[[], None]) -> None:
        super().__init__()
        self.frames = frames
        self.most = most
        self.until = until
        self.stop = stop
        self.over = False

    @property
    def end_time(self) -> int:
        """When it was stopped because its time was up; else what the cursor below says."""
        return self.until if self.over and self.time >= self.until else self.frames.end_time

    def advance(self) -> cython.bint:
        """Move to the next frame; False with `idle` when none came for a while, and at the end."""
        frames: Frames = self.frames
        self.idle = False
        self.captured = 0
        if self.number >= self.most:
            return self.end()
        more: cython.bint = frames.advance()
        self.time = frames.time
        if frames.time >= self.until:
            self.time = self.until
            return self.end()
        if not more:
            self.idle = frames.idle
            return False
        self.data = frames.data
        self.start = frames.start
        self.captured = frames.captured
        self.length = frames.length
        self.link = frames.link
        self.interface = frames.interface
        self.position = frames.position
        self.missed = frames.missed
        self.number += 1
        return True

    def end(self) -> cython.bint:
        """That was the last one."""
        if not self.over:
            self.over = True
            self.stop()
        return False

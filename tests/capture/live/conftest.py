"""A cursor over frames that a test wrote down, and what must be there for tests that capture for real."""

import pytest

from analyzer.capture.frame import Frames


class Listed(Frames):
    """Frames from a list of (time, bytes, length, link, interface), None = nothing came for a while."""

    def __init__(self, listed, clock=0):
        super().__init__()
        self.listed = iter(listed)
        self.clock = clock

    def advance(self):
        frame = next(self.listed, "end")
        self.idle = frame is None
        if frame is None or frame == "end":
            self.time = max(self.time, self.clock)
            return False
        self.time, data, self.length, self.link, self.interface = frame
        self.data = b"before" + data + b"behind"
        self.start = len(b"before")
        self.captured = len(data)
        self.number += 1
        return True


@pytest.fixture
def listed():
    """The cursor above."""
    return Listed


def drain(frames):
    """Read a cursor to its end: (number, time, length, link, interface, bytes) of each frame."""
    found = []
    while True:
        if frames.advance():
            data = frames.data[frames.start : frames.start + frames.captured]
            found.append((frames.number, frames.time, frames.length, frames.link, frames.interface, data))
        elif not frames.idle:
            return found


@pytest.fixture(name="drain")
def _drain():
    return drain

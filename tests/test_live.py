"""Captures that are read while they grow: what silence and the clock decide."""

from __future__ import annotations

from support.build import frames
from support.timeline import Timeline, parse

from analyzer.api import Reading
from analyzer.capture.frame import Frames

SECOND = 1_000_000_000

GOOD = """
client 192.0.2.1:40000
server 203.0.113.80:80
  0.000 > S  0:0(0)
  0.010 < S. 0:0(0) ack 1
  0.010 > .  1:1(0) ack 1
  0.011 > P. 1:82(81) ack 1 http GET /x host www.example
  0.030 < P. 1:231(230) ack 82 http 200 content-length 150
  0.031 > F. 82:82(0) ack 231
  0.041 < F. 231:231(0) ack 83
  0.041 > .  83:83(0) ack 232
"""


class Played(Frames):
    """The packets of a timeline as a live source gives them: after the last one nothing comes, and the clock goes on.

    clock   seconds that go by so, in steps of a tenth
    """

    def __init__(self, case: Timeline, clock: float) -> None:
        super().__init__()
        self.frames = iter(frames(case))
        self.link = 1
        self.left = int(clock * 10)

    def advance(self) -> bool:
        found = next(self.frames, None)
        self.idle = found is None and self.left > 0
        if found is None:
            self.left -= 1
            self.time += SECOND // 10 if self.idle else 0
            return False
        self.time, self.data, self.length = found
        self.start, self.captured = 0, len(self.data)
        self.number += 1
        return True


class Capture:
    """What `Reading(live=...)` takes."""

    name = "eth0"
    damaged = closed = False

    def __init__(self, frames: Frames) -> None:
        self.frames = frames
        self.warnings: list[str] = []

    def close(self) -> None:
        self.closed = True


def test_time_goes_on_where_nothing_comes() -> None:
    """A fetch that is over comes out while the link is silent, before the capture ends."""
    capture = Capture(Played(parse(GOOD), clock=20))
    rows = iter(Reading(live=capture))
    assert next(rows).verdict.klass == "ok"
    assert capture.frames.left > 0
    assert not capture.closed
    assert list(rows) == []
    assert capture.closed

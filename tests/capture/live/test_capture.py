"""A running capture: when it ends, what it says of losses, what it writes along."""

import time

import pytest

from analyzer.capture.frame import Frames
from analyzer.capture.live.capture import LiveCapture
from analyzer.capture.live.source import Stats, Wanted
from analyzer.capture.losses import MOST, Losses

SECOND = 1_000_000_000


class Counting(Frames):
    """A frame each tenth of a second of a clock that the test sets, every second time none."""

    def __init__(self, source):
        super().__init__()
        self.source = source
        self.time = source.start
        self.turn = 0

    def advance(self):
        self.turn += 1
        self.time += SECOND // 10
        self.idle = self.turn % 2 == 0 and not self.source.closed
        if self.idle or self.source.closed:
            return False
        self.data, self.captured, self.length = b"frame", 5, 5
        self.number += 1
        return True


class Source:
    """A source whose counters a test sets."""

    name = "counting"
    failed = False

    def __init__(self):
        self.warnings, self.interfaces = [], []
        self.closed = False
        self.counters = Stats(0, 0, 0)
        self.start = time.time_ns()

    def open(self, wanted):
        return Counting(self)

    def stats(self):
        return Stats(self.counters.seen, self.counters.kernel_drops, self.counters.interface_drops)

    def close(self):
        self.closed = True

    def release(self):
        self.closed = True


def read(capture):
    """Frames and ticks until the end, the number of each."""
    frames = ticks = 0
    while capture.frames.advance() or capture.frames.idle:
        ticks += capture.frames.idle
        frames += not capture.frames.idle
        assert frames + ticks < 1000
    return frames, ticks


def test_so_many_frames_and_no_more():
    """The source is closed with the last one."""
    source = Source()
    capture = LiveCapture(source, Wanted(("eth0", "eth1")), most=7)
    assert read(capture) == (7, 6)
    assert source.closed
    assert capture.name == "eth0, eth1"
    assert not capture.frames.advance()


def test_so_long_and_no_longer():
    """By the times of frames, and by the clock where none comes; the capture went on until then."""
    source = Source()
    capture = LiveCapture(source, Wanted(("eth0",)), duration=2 * SECOND)
    frames, ticks = read(capture)
    assert 18 <= frames + ticks <= 21
    assert source.closed
    assert capture.frames.end_time == capture.begun + 2 * SECOND


def test_stopped_from_outside():
    """What comes after is not taken."""
    capture = LiveCapture(Source(), Wanted(("eth0",)))
    assert capture.frames.advance()
    capture.stop()
    assert read(capture) == (0, 0)


def test_losses_have_their_time():
    """What was lost since the last look was lost meanwhile; what a source cannot tell is none."""
    source = Source()
    capture = LiveCapture(source, Wanted(("eth0",)))
    source.counters = Stats(-1, -1, -1)
    assert capture.losses.times == []
    source.counters = Stats(100, 0, 0)
    assert capture.losses.times == []
    before = time.time_ns()
    source.counters = Stats(200, 5, 1)
    ((start, end, packets),) = capture.losses.times
    assert (packets, capture.losses.packets) == (6, 6)
    assert start <= before <= end <= time.time_ns()
    assert capture.losses.within(before - 1, before)
    assert not capture.losses.within(0, start - 1)
    assert not capture.losses.within(end + 1, 1 << 62)
    said = capture.warnings
    assert said[0].startswith("5 packets were dropped while capturing")
    assert said[1].startswith("1 packet was dropped by the interface")


def test_losses_are_bounded():
    """However often packets are lost, so many times are kept; the last is then longer than the truth, never shorter."""
    losses = Losses()
    for i in range(MOST + 10):
        losses.add(i * 10, i * 10 + 1, 1)
    assert len(losses.times) == MOST
    assert losses.packets == MOST + 10
    assert all(losses.within(i * 10, i * 10) for i in range(MOST + 10))


def test_a_clock_that_is_set_back():
    """Losses between two looks of which the second has the earlier time are in between all the same."""
    losses = Losses()
    losses.add(100, 50, 1)
    assert losses.within(60, 70)
    assert not losses.within(101, 200)


@pytest.mark.parametrize("seconds", [-3600, 3600], ids=["back", "forward"])
def test_a_step_of_the_clock_is_no_silence(monkeypatch, seconds):
    """Times in between were not watched, or were at another time: that is told, and no packets are counted for it."""
    real = time.time_ns
    capture = LiveCapture(Source(), Wanted(("eth0",)))
    assert capture.losses.times == []
    before = real()
    monkeypatch.setattr(time, "time_ns", lambda: real() + seconds * SECOND)
    after = time.time_ns()
    assert capture.losses.within(*sorted((before, after)))
    assert capture.losses.within((before + after) // 2, (before + after) // 2)
    assert not capture.losses.packets
    (said,) = capture.warnings
    assert ("back" in said) == (seconds < 0)
    assert "3,600.0 s" in said


@pytest.mark.parametrize("broken", ["failed", "interrupted"])
def test_a_source_that_broke_makes_partial_results(broken):
    """It ended before its time, or an interface was away."""
    source = Source()
    capture = LiveCapture(source, Wanted(("eth0",)))
    assert not capture.damaged
    setattr(source, broken, True)
    assert capture.damaged


def test_frames_are_written_along(tmp_path):
    """The file has what was captured, and its counters."""
    from analyzer.capture import expand, open_capture

    source = Source()
    capture = LiveCapture(source, Wanted(("eth0",)), most=5)
    capture.write(tmp_path / "trace.pcapng")
    source.counters = Stats(8, 3, 0)
    assert read(capture)[0] == 5
    capture.close()
    with open_capture(expand([tmp_path / "trace.pcapng"])[0]) as written:
        assert read(written)[0] == 5
        assert written.dropped == 3
    assert not capture.damaged

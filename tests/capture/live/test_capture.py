"""A running capture: when it ends, what it says of losses, what it writes along."""

import mmap
import struct
import time

import pytest

from analyzer.capture.frame import Frames
from analyzer.capture.live.blocks import BlockFrames
from analyzer.capture.live.capture import LiveCapture
from analyzer.capture.live.clock import STEP_NS, SteadyClock
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
    failed = interrupted = False
    losses = None

    def __init__(self):
        self.warnings, self.interfaces = [], []
        self.closed = False
        self.clock = SteadyClock()
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


def ring_of(stamps, clock):
    """A ring of one full block, whose frames of 60 bytes have these time stamps (struct tpacket3_hdr)."""
    block = mmap.mmap(-1, 4096)
    struct.pack_into("=II", block, 8, 1, len(stamps))
    struct.pack_into("=II", block, 16, 64, 64 + 160 * len(stamps))
    for place, stamp in enumerate(stamps):
        struct.pack_into("=7I", block, 64 + 160 * place, 160, *divmod(stamp, SECOND), 60, 60, 0, 82 << 16 | 96)
        struct.pack_into("=HH", block, 64 + 160 * place + 24, 96, 82)
    return BlockFrames(block, 4096, 1, lambda frames: False, lambda index, kind: (0, 1), lambda: 0, clock)


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


@pytest.fixture
def step(monkeypatch):
    """Set the clock of the system by so many seconds, as far as we see it."""
    real = time.time_ns

    def run(seconds):
        monkeypatch.setattr(time, "time_ns", lambda: real() + seconds * SECOND)

    return run


def test_a_step_of_the_clock_is_no_silence(step):
    """The times in between were not watched: that is told, and no packets are counted for it."""
    capture = LiveCapture(Source(), Wanted(("eth0",)))
    assert capture.losses.times == []
    before = time.time_ns()
    step(3600)
    assert capture.losses.within(before + 1800 * SECOND, before + 1800 * SECOND)
    assert not capture.losses.packets
    (said,) = capture.warnings
    assert said.startswith("the clock was set forward by 3,600.0 s meanwhile")


def test_a_clock_that_is_set_back_goes_on(step):
    """Its time goes on from what it was, frames are of now, and those stamped before it was set as well."""
    source = Source()
    capture = LiveCapture(source, Wanted(("eth0",)))
    before = time.time_ns()
    step(-3600)
    for _ in range(2):
        assert 0 <= source.clock.now() - before < SECOND
        assert 0 <= source.clock.shown(time.time_ns(), before) - before < SECOND
        assert source.clock.shown(before, before + 10) == before
    assert capture.losses.times == []
    assert capture.warnings == ["the clock was set back by 3,600.0 s meanwhile: times go on as if it had not been"]


def test_frames_of_a_ring_go_on_when_the_clock_is_set_back(step):
    """Those read before, those stamped before and read later, those stamped with the new time, as time passes."""
    source = Source()
    begun = time.time_ns()
    stamps = [begun - 100, begun - 50, begun - 3600 * SECOND, begun - 10, begun - 3600 * SECOND + 20]
    frames = ring_of(stamps, source.clock)
    assert frames.advance()
    step(-3600)
    times = [frames.time]
    while frames.advance():
        times.append(frames.time)
    assert [moment - begun for moment in times[:2]] == [-100, -50]
    assert all(abs(moment - begun) < STEP_NS for moment in times[2:])


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

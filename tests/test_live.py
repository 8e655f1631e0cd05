"""Captures that are read while they grow: what silence and the clock decide."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from support.build import frames, pcap
from support.timeline import Timeline, parse

from analyzer.api import Reading
from analyzer.capture import CaptureSource, open_capture
from analyzer.capture.frame import Frames
from analyzer.capture.losses import Losses

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
        self.losses = Losses()

    def stop(self) -> None:
        self.frames.left = 0

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


def written(case: Timeline, pipe: int, step: int, pause: float) -> None:
    """A capture through a pipe, `step` bytes at a time, with so many seconds between."""
    data = pcap(case)
    with os.fdopen(pipe, "wb", buffering=0) as out:
        for at in range(0, len(data), step):
            out.write(data[at : at + step])
            time.sleep(pause)


@pytest.mark.parametrize(("step", "pause"), [(1000, 0.25), (97, 0.12)])
def test_packets_that_come_in_pieces_are_whole(step: int, pause: float) -> None:
    """A record of which a part is long in coming is read when the rest is there, and nothing is said of damage."""
    read, write = os.pipe()
    writer = threading.Thread(target=written, args=(parse(GOOD), write, step, pause))
    writer.start()
    reading = Reading(f"/dev/fd/{read}")
    (row,) = reading
    writer.join()
    os.close(read)
    assert (row.verdict.klass, reading.packets, reading.warnings) == ("ok", 8, [])


def test_a_replayed_stream_has_no_later_time() -> None:
    """The clock counts as time that goes by, wherever the packets' own clock stands: years ago here."""
    read, write = os.pipe()
    with os.fdopen(write, "wb", buffering=0) as out:
        out.write(pcap(parse(GOOD)))
        capture = open_capture(CaptureSource("pipe", [f"/dev/fd/{read}"]))
        capture.tick()
        frames = capture.frames
        while frames.advance():
            last = frames.time
        assert frames.idle
        time.sleep(0.6)
        assert not frames.advance()
        assert frames.idle
        assert last < frames.time < last + 5 * SECOND
    while frames.idle:
        frames.advance()
    assert capture.warnings == []
    capture.close()
    os.close(read)


def test_a_file_that_grows_is_followed(tmp_path: Path) -> None:
    """What is added comes out; a file in its place, or one that begins anew, is read on in and said."""
    path = tmp_path / "grows.pcap"
    path.write_bytes(b"")
    data = pcap(parse(GOOD))

    def seen(captures: int, packets: int) -> None:
        while reading.captures < captures or reading._open.frames.number < packets:
            time.sleep(0.05)

    def grow() -> None:
        time.sleep(0.3)
        with path.open("ab", buffering=0) as out:
            for at in range(0, len(data), 700):
                out.write(data[at : at + 700])
                time.sleep(0.05)
        seen(1, 8)
        path.rename(tmp_path / "grows.pcap.1")
        path.write_bytes(data)
        seen(2, 8)
        path.write_bytes(data[:600])
        seen(3, 4)
        reading.stop()

    reading = Reading(path, follow=True)
    writer = threading.Thread(target=grow)
    writer.start()
    found = [fetch.verdict.klass for fetch in reading]
    writer.join()
    assert found == ["ok", "ok", "incomplete"]
    assert [text.split("`")[2] for text in reading.warnings] == [
        " was replaced while it was followed: read on in what is new",
        " was truncated while it was followed: read on in what is new",
        " is cut short after packet 4; the last packet was ignored",
    ]

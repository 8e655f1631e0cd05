"""`-w`: what is written is what passed."""

import errno
import os
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.capture.files import expand
from analyzer.capture.frame import LATEST
from analyzer.capture.live import savefile
from analyzer.capture.live.savefile import SMALLEST, Ring, SaveFile
from analyzer.capture.live.source import Stats
from analyzer.capture.live.writer import WrittenFrames
from analyzer.errors import UsageError

NOW = 1_800_000_000_123_456_789
FRAMES = [
    (NOW, b"a" * 60, 60, 1, 0),
    (NOW + 1, b"b" * 61, 1500, 1, 0),
    (NOW - 5, b"c" * 62, 62, 1, 0),
    None,
    (NOW + 200_000_000, b"d" * 63, 63, 276, 2),
    (NOW + 200_000_001, b"", 40, 276, 2),
    (NOW + 200_000_001, b"e" * 200_000, 200_000, 1, 1),
]


def file_of(path, **more):
    return SaveFile(path, interfaces=[("eth0", 1), ("lo", 1), ("any", 276)], **more)


@pytest.fixture
def written(tmp_path, listed, drain):
    """Frames through the writer: the file, and what passed."""

    def run(frames, name="out.pcapng", **more):
        file = file_of(tmp_path / name, **more)
        cursor = WrittenFrames(listed(frames), file)
        passed = drain(cursor)
        cursor.close()
        return file, passed

    return run


def test_what_is_read_back_is_what_passed(written, read):
    """Numbers, times, lengths, link types, interfaces and bytes of every frame, also of frames cut to nothing."""
    file, passed = written(FRAMES)
    result = read(str(file.path))
    assert [frame[1:] for frame in passed] == [
        (time, length, link, interface, data) for time, data, length, link, interface in filter(None, FRAMES)
    ]
    assert result.frames == passed
    assert not result.warnings


def test_the_cursor_is_the_one_below(listed, tmp_path):
    """Idle ticks, their time and the end pass through."""
    cursor = WrittenFrames(listed([FRAMES[0], None, FRAMES[1]], clock=NOW + 7), file_of(tmp_path / "out.pcapng"))
    seen = [(cursor.advance(), cursor.idle, cursor.time) for _ in range(4)]
    assert seen == [(True, False, NOW), (False, True, NOW + 7), (True, False, NOW + 1), (False, False, NOW + 7)]


def test_drops_stand_in_the_file(written, read):
    """Interface statistics carry the drops, and say how long the capture went on."""
    file, _ = written([FRAMES[0], FRAMES[1]], stats=lambda: Stats(seen=5, kernel_drops=3, interface_drops=1))
    result = read(str(file.path))
    assert "4 packets were dropped while capturing" in result.warnings[0]
    assert result.capture.frames.interfaces[0].received == 5
    assert result.capture.frames.interfaces[0].ended == NOW + 1


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5, 6])
def test_a_crash_leaves_whole_packets(listed, tmp_path, read, frames):
    """Without its end the file has every frame that came before the last silence, and no damage."""
    cursor = WrittenFrames(listed([*filter(None, FRAMES[: frames + 1]), None]), file_of(tmp_path / "out.pcapng"))
    while cursor.advance():
        pass
    assert cursor.idle
    result = read(str(tmp_path / "out.pcapng"))
    assert len(result.frames) == len(list(filter(None, FRAMES[: frames + 1])))
    assert not result.damaged


def test_frames_do_not_wait_for_others(listed, tmp_path, read):
    """On a link that is never silent a frame is in the file before one that is 0.1 s younger is asked for again."""
    steady = [(NOW + i * 10_000_000, b"x" * 60, 60, 1, 0) for i in range(12)]
    cursor = WrittenFrames(listed(steady), file_of(tmp_path / "out.pcapng"))
    for _ in range(11):
        cursor.advance()
    assert len(read(str(tmp_path / "out.pcapng")).frames) == 11


def test_nothing_is_written_over_unasked(tmp_path):
    """An existing file is an error with the option to type; with it, the old content is gone."""
    path = tmp_path / "out.pcapng"
    path.write_bytes(b"precious" * 100)
    with pytest.raises(UsageError, match="exists") as error:
        file_of(path)
    assert "--force" in error.value.hint
    assert path.read_bytes() == b"precious" * 100
    file_of(path, force=True).close()
    assert b"precious" not in path.read_bytes()


def test_a_ring_writes_over_nothing(tmp_path, monkeypatch):
    """Somebody else's file of the same name and second stays as it is."""
    monkeypatch.setattr(savefile.time, "strftime", lambda _: "20261129000000")
    path = tmp_path / "out_00001_20261129000000.pcapng"
    path.write_bytes(b"precious")
    with pytest.raises(UsageError, match="file exists"):
        file_of(tmp_path / "out.pcapng", ring=Ring(2, SMALLEST))
    assert path.read_bytes() == b"precious"


def test_what_cannot_be_written_is_an_error_at_once(tmp_path):
    """A directory, and a name in a directory that is not there."""
    with pytest.raises(UsageError, match="is a directory"):
        file_of(tmp_path)
    with pytest.raises(UsageError, match="no such file or directory"):
        file_of(tmp_path / "no" / "out.pcapng")
    with pytest.raises(UsageError, match="`-w` takes a file"):
        file_of(Path("-"))


def test_a_disk_that_is_full_from_the_start_is_an_error(tmp_path, monkeypatch):
    """Before anything is captured, and without an empty file."""
    monkeypatch.setattr(savefile.os, "write", Full(0))
    with pytest.raises(UsageError, match="no space left on device"):
        file_of(tmp_path / "out.pcapng")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: run the tests with sudo")
def test_a_ring_that_could_not_turn_is_an_error(tmp_path, monkeypatch):
    """Where rights are given up, the directory must be the caller's: that is said before anything is captured."""
    monkeypatch.setenv("SUDO_UID", "12345")
    monkeypatch.setenv("SUDO_GID", "12346")
    with pytest.raises(UsageError, match="cannot make the files of a ring in"):
        file_of(tmp_path / "out.pcapng", ring=Ring(2, SMALLEST))
    assert not list(tmp_path.iterdir())
    folder = Path(tempfile.mkdtemp())
    try:
        os.chown(folder, 12345, 12346)
        file_of(folder / "out.pcapng", ring=Ring(2, SMALLEST)).close()
        assert len(list(folder.iterdir())) == 1
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("text", "files", "size"),
    [("10x100MB", 10, 10**8), ("2x64KiB", 2, 65536), ("3x70000", 3, 70000), ("4X1g", 4, 10**9)],
)
def test_rings_are_written_as_files_times_size(text, files, size):
    """Units as dumpcap and the shell know them."""
    assert Ring.parse(text) == Ring(files, size)


@pytest.mark.parametrize("text", ["", "10", "10x", "x10MB", "1x100MB", "10x100B", "10x100TB", "-2x1MB", "2x1.5MB"])
def test_what_is_no_ring_is_said(text):
    """A mistyped ring is an error that shows how one is written."""
    with pytest.raises(UsageError) as error:
        Ring.parse(text)
    assert "--ring 10x100MB" in error.value.hint


def test_a_ring_keeps_the_newest_files(written, read, tmp_path):
    """No file is larger than asked, the oldest are gone, and the rest is one capture with all of its interfaces."""
    frames = [(NOW + i, bytes([i]) * 20_000, 20_000, 1, i & 1) for i in range(30)]
    counts = iter(range(10, 1000, 10))
    _, passed = written(frames, ring=Ring(3, 70_000), stats=lambda: Stats(-1, next(counts), 0))
    names = sorted(tmp_path.iterdir())
    assert len(names) == 3
    assert all(name.stat().st_size <= 70_000 + 200 for name in names)
    assert not (tmp_path / "out.pcapng").exists()
    (source,) = expand([str(tmp_path)])
    result = read(source)
    kept = len(result.frames)
    assert kept == 9
    assert [frame[1:] for frame in result.frames] == [frame[1:] for frame in passed[-kept:]]
    assert result.capture.dropped == 30, "each file has the drops of its own time"
    assert not result.capture.damaged


def test_a_ring_of_interfaces_of_several_kinds_is_one_capture(written, read, tmp_path):
    """Whichever comes first in a file, its number is the same in all of them."""
    frames = [(NOW + i, b"x" * 50_000, 50_000, (1, 276)[i % 2], (0, 2)[i % 2]) for i in range(7)]
    frames = [frames[0], *frames[3:]]
    _, passed = written(frames, ring=Ring(9, 70_000))
    (source,) = expand([str(tmp_path)])
    assert read(source).frames == passed


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.none()
        | st.tuples(
            st.integers(0, LATEST), st.binary(max_size=70), st.integers(0, 2**32 - 1), st.just(1), st.integers(0, 9)
        ),
        max_size=30,
    ),
    st.sampled_from([None, Ring(99, SMALLEST)]),
)
def test_whatever_passes_is_read_back(listed, drain, read, tmp_path, frames, ring):
    """Any time, any bytes, any length, any order of interfaces."""
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    file = SaveFile(folder / "out.pcapng", ring=ring)
    cursor = WrittenFrames(listed(frames), file)
    passed = drain(cursor)
    cursor.close()
    (written,) = folder.iterdir()
    assert read(str(written)).frames == passed


def test_a_file_of_a_ring_has_a_packet_at_least(written, tmp_path):
    """A packet larger than the files of the ring makes files of one packet, not files without end."""
    written([(NOW + i, b"x" * 100_000, 100_000, 1, 0) for i in range(3)], ring=Ring(5, 65_536))
    assert len(list(tmp_path.iterdir())) == 3


class Full:
    """A disk that takes `room` bytes more, the last write a part of what it was given."""

    def __init__(self, room):
        self.room = room
        self.write = os.write

    def __call__(self, descriptor, data):
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        done = self.write(descriptor, bytes(data)[: self.room])
        self.room -= done
        return done


@pytest.mark.parametrize("room", [0, 1, 100, 300, 5000])
def test_a_full_disk_ends_the_file_not_the_capture(tmp_path, listed, drain, read, monkeypatch, room):
    """It is said once, every frame passes, and the file holds whole packets only."""
    file = file_of(tmp_path / "out.pcapng")
    cursor = WrittenFrames(listed(FRAMES * 50), file)
    monkeypatch.setattr(savefile.os, "write", Full(room))
    assert len(drain(cursor)) == 300
    cursor.close()
    assert file.failed
    assert len(file.warnings) == 1
    assert "no space left on device; capturing went on without it" in file.warnings[0]
    result = read(str(file.path))
    assert not result.damaged
    assert len(result.frames) < 300


def test_a_full_disk_in_a_ring(tmp_path, listed, drain, monkeypatch):
    """The next file that cannot be made ends the writing as well."""
    file = file_of(tmp_path / "out.pcapng", ring=Ring(3, 70_000))
    cursor = WrittenFrames(listed([(NOW + i, b"x" * 50_000, 50_000, 1, 0) for i in range(9)]), file)
    monkeypatch.setattr(savefile.os, "write", Full(60_000))
    assert len(drain(cursor)) == 9
    cursor.close()
    assert len(file.warnings) == 1


def test_the_reader_of_a_pipe_may_go(tmp_path, listed, drain):
    """`-w` into a pipe, for Wireshark to read along: when it is closed, the capture goes on."""
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    file = file_of(tmp_path / "pipe")
    cursor = WrittenFrames(listed(FRAMES), file)
    os.close(reader)
    assert len(drain(cursor)) == 6
    cursor.close()
    assert "broken pipe" in file.warnings[0]


@pytest.mark.tshark
@pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark: `apt-get install tshark`")
def test_wireshark_reads_it(written):
    """tshark sees the same times, lengths, interfaces by name, and no malformed block."""
    file, passed = written(FRAMES, bpf="tcp port 443", stats=lambda: Stats(9, 2, 0))
    fields = ["frame.time_epoch", "frame.len", "frame.cap_len", "frame.interface_id", "frame.interface_name"]
    command = ["tshark", "-r", str(file.path), "-T", "fields", *(f"-e{name}" for name in fields)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    names = ["eth0", "lo", "any"]
    assert [line.split("\t") for line in done.stdout.splitlines()] == [
        [f"{t // 10**9}.{t % 10**9:09}", str(length), str(len(data)), str(interface), names[interface]]
        for _, t, length, _, interface, data in passed
    ]
    described = subprocess.run(["capinfos", str(file.path)], capture_output=True, text=True, check=True).stdout
    assert "string = tcp port 443" in described
    assert "whyfetch" in described
    assert "Name = lo" in described


def test_the_section_names_the_program(written):
    """A reader may ask what made the file, and on what system."""
    file, _ = written([])
    content = file.path.read_bytes()
    assert content[:12] == struct.pack("=III", 0x0A0D0D0A, len(content), 0x1A2B3C4D)
    assert b"whyfetch" in content
    assert os.uname().sysname.encode() in content

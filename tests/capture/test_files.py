"""Captures by name: what is opened, what is refused, and in which words."""

import os
import struct
import subprocess
import sys
import time

import pytest

from analyzer.capture import files
from analyzer.capture.files import CaptureSource, expand, open_capture
from analyzer.errors import CaptureError

DEADLINE = 60
"""Seconds after which a process is taken to hang, on a busy machine too."""

REFUSED = {
    b"": "it is empty",
    b"\x7fELF\x02\x01\x01" + bytes(60): "an ELF program, not a pcap or pcapng file",
    b'{"log": {"version": "1.2"}}': "JSON, not a pcap",
    b"%PDF-1.7\n%\xe2\xe3": "a PDF document",
    b"HTTP/1.1 404 Not Found\r\n\r\n": "a saved HTTP response",
    b"\n<!DOCTYPE html><html>": "an HTML page",
    b"just some words in a file\n": "text, not a pcap",
    b"\xd4\xc3\xb9": "unknown data",
    bytes(500): "zero bytes",
    b"\x0a\x0d\x0d\x0a" + bytes(40): "a damaged pcapng section",
    b"snoop\x00\x00\x00" + bytes(20): "a snoop capture",
}


@pytest.mark.parametrize("content", REFUSED, ids=list(REFUSED.values()))
def test_what_is_no_capture_is_named(read, content):
    """The error says what the file looks like, and the hint what to do."""
    with pytest.raises(CaptureError) as caught:
        read(content)
    assert REFUSED[content] in caught.value.message
    assert caught.value.message.startswith("cannot read `")
    assert caught.value.hint


def test_a_missing_file():
    """It is told at open time, so that other captures of the same run are still read."""
    source = expand(["no/such.pcap"])[0]
    with pytest.raises(CaptureError, match=r"cannot read `no/such\.pcap`: no such file"):
        open_capture(source)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file(build, tmp_path):
    """The hint names a way to read it."""
    path = tmp_path / "a.pcap"
    path.write_bytes(build.pcap())
    path.chmod(0)
    with pytest.raises(CaptureError, match="permission denied"):
        open_capture(CaptureSource(str(path), [str(path)]))


def test_permission_is_worded(tmp_path):
    """The words for a file that may not be read, whoever runs the test."""
    error = files.cannot_read("a.pcap", PermissionError(13, "Permission denied"))
    assert error.message == "cannot read `a.pcap`: permission denied"
    assert "sudo" in error.hint


def test_a_directory_gives_its_captures(build, tmp_path):
    """Captures of all subdirectories, sorted, told by content; other files are left out."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "no-suffix").write_bytes(build.pcapng())
    (tmp_path / "b.pcap").write_bytes(build.pcap())
    (tmp_path / "a.log").write_bytes(b"a log line\n")
    (tmp_path / "a.pcap").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe.pcap")
    names = [source.name for source in expand([tmp_path])]
    assert names == [str(tmp_path / "b.pcap"), str(tmp_path / "sub" / "no-suffix")]


@pytest.mark.parametrize("names", [[], ["notes.txt"]])
def test_a_directory_without_captures(tmp_path, names):
    """It is an error, not an empty result."""
    for name in names:
        (tmp_path / name).write_text("words")
    with pytest.raises(CaptureError, match="no captures in this directory"):
        expand([tmp_path])


def test_a_glob_that_the_shell_left_alone(build, tmp_path):
    """It gives its sorted matches, each file once; no match is an error; a file of that very name comes first."""
    for name in ("x.pcap", "y.pcap", "[z].pcap"):
        (tmp_path / name).write_bytes(build.pcap())
    names = [source.name for source in expand([f"{tmp_path}/?.pcap", f"{tmp_path}/x.pcap"])]
    assert names == [f"{tmp_path}/x.pcap", f"{tmp_path}/y.pcap"]
    assert [source.name for source in expand([f"{tmp_path}/[z].pcap"])] == [f"{tmp_path}/[z].pcap"]
    with pytest.raises(CaptureError, match="nothing matches"):
        expand([f"{tmp_path}/*.nothing"])


READ_STDIN = """
import sys
from analyzer.capture.files import expand, open_capture
from analyzer.errors import CaptureError
try:
    frames = open_capture(expand(["-"])[0]).frames
except CaptureError as error:
    sys.exit(error.message)
while frames.advance():
    print(frames.number, frames.captured, flush=True)
"""


def test_frames_come_out_of_a_pipe_before_its_end(build):
    """Each packet written to standard input is read at once, while the writer keeps the pipe open."""
    content = build.pcap((0, 1))
    process = subprocess.Popen([sys.executable, "-c", READ_STDIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        process.stdin.write(content[: 24 + 76])
        process.stdin.flush()
        assert process.stdout.readline() == b"1 60\n"
        process.stdin.write(content[24 + 76 :])
        process.stdin.flush()
        assert process.stdout.readline() == b"2 60\n"
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(DEADLINE)


def test_a_terminal_as_standard_input():
    """Nothing was piped in: an error, and no waiting."""
    pty = pytest.importorskip("pty")
    master, slave = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-c", READ_STDIN], stdin=slave, capture_output=True, text=True, timeout=DEADLINE
        )
    finally:
        os.close(master)
        os.close(slave)
    assert done.stderr == "cannot read `-`: standard input is a terminal\n"


def test_resynchronising_is_linear(read, build):
    """Megabytes of headers that almost make sense are skipped in about a pass."""
    almost = struct.pack("<IIII", 1_700_000_000, 1, 200_000, 200_000)
    began = time.process_time()
    result = read(build.pcap((0,)) + b"\xff" * 16 + almost * 60_000)
    assert result.damaged
    assert time.process_time() - began < 20

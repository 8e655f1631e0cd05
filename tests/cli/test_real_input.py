"""The whole command on real bytes: good ones, damaged ones, and what is no capture at all."""

import csv
import fcntl
import io
import os
import pty
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
REFUSED = ROOT / "samples" / "rst" / "curl-refused.pcap"
COMMAND = [sys.executable, "-c", "from analyzer.cli import main; main()"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


DEADLINE = 60
"""Seconds after which a process is taken to hang, on a busy machine too."""


def whyfetch(*arguments, **options):
    """Status, stdout and stderr of the whole process."""
    given = {"capture_output": True, "text": True, "check": False, "timeout": DEADLINE, "env": ENVIRONMENT, **options}
    done = subprocess.run([*COMMAND, *map(str, arguments)], **given)
    return done.returncode, done.stdout, done.stderr


def rows(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_sample_is_classified():
    """Real bytes in, the verdict by construction out."""
    status, out, err = whyfetch("classify", "--format", "csv", REFUSED)
    (row,) = rows(out)
    assert (status, row["class"], row["cause"]) == (0, "rst", "rst-refused")
    assert err.startswith("1 fetch: 1 rst\n")


def test_a_rerun_is_byte_identical():
    """Directories are read in a fixed order, and nothing depends on the clock or on hashes."""
    first, second = (whyfetch("classify", "--format", "csv", ROOT / "samples" / "rst")[1] for _ in range(2))
    assert first == second


def test_a_small_capture_is_instant():
    """0.6 s for the whole process, the best of three runs; CPU time, because other tests may run beside."""
    took = []
    for _ in range(3):
        begin = sum(os.times()[2:4])
        assert whyfetch("classify", REFUSED)[0] == 0
        took.append(sum(os.times()[2:4]) - begin)
    assert min(took) < 0.6


@pytest.mark.parametrize("form", ["table", "tsv", "csv", "jsonl"])
def test_pandas_and_rich_are_not_imported_for_text(form):
    """Small captures feel instant because nothing heavy is imported for them."""
    code = (
        "import sys\nfrom analyzer.cli.app import run\n"
        f"run(['classify', '-q', '--format', {form!r}, {str(REFUSED)!r}])\n"
        "sys.exit(' '.join(name for name in ('pandas', 'numpy', 'rich', 'scapy') if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=ENVIRONMENT)
    assert done.stderr.strip() == ""


@pytest.mark.parametrize(
    ("name", "content"),
    [("empty.pcap", b""), ("notes.pcap", b"dear diary\n" * 100), ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(100))],
)
def test_what_is_no_capture_is_an_error(tmp_path, name, content):
    """Exit 2, the name in backticks, a hint, no traceback, no rows."""
    path = tmp_path / name
    path.write_bytes(content)
    status, out, err = whyfetch("classify", path)
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert f"`{path}`" in err
    assert "\n\nhint: " in err


def test_a_missing_file_is_an_error(tmp_path):
    """Exit 2 with the name."""
    status, _, err = whyfetch("classify", tmp_path / "nowhere.pcap")
    assert (status, "nowhere.pcap`" in err) == (2, True)


def test_a_directory_without_captures_is_an_error(tmp_path):
    """Nothing to read is not the same as nothing wrong."""
    (tmp_path / "notes.txt").write_text("none here")
    assert whyfetch("classify", tmp_path)[0] == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_an_error(tmp_path):
    """A missing right is told as such."""
    path = tmp_path / "secret.pcap"
    path.write_bytes(REFUSED.read_bytes())
    path.chmod(0)
    assert whyfetch("classify", path)[0] == 2


def test_a_terminal_is_no_capture():
    """`whyfetch classify -` at a prompt would wait for ever."""
    terminal, screen = pty.openpty()
    status, _, err = whyfetch("classify", "-", stdin=screen)
    os.close(terminal)
    os.close(screen)
    assert status == 2
    assert "terminal" in err


def test_a_truncated_capture_is_reported_as_far_as_it_goes(tmp_path):
    """Exit 3, the rows that could be read, and a warning."""
    path = tmp_path / "cut.pcap"
    path.write_bytes(REFUSED.read_bytes()[:-5])
    status, out, err = whyfetch("classify", "--format", "csv", path)
    assert (status, len(rows(out))) == (3, 1)
    assert err.startswith("warning: ")


def test_bad_files_do_not_stop_the_others(tmp_path):
    """A damaged one, one that is none, a missing one: the good one is read, exit 3."""
    bad, cut = tmp_path / "bad.pcap", tmp_path / "cut.pcap"
    bad.write_bytes(b"no capture" * 50)
    cut.write_bytes(REFUSED.read_bytes()[:-5])
    status, out, err = whyfetch("classify", "--format", "csv", bad, cut, tmp_path / "missing.pcap", REFUSED)
    assert status == 3
    assert {Path(row["file"]).name for row in rows(out)} == {"cut.pcap", "curl-refused.pcap"}
    assert err.count("warning: ") >= 3


def test_only_bad_files_is_exit_2(tmp_path):
    """Every one is named."""
    for name in ("one.pcap", "two.pcap"):
        (tmp_path / name).write_bytes(b"no capture" * 50)
    status, _, err = whyfetch("classify", tmp_path / "one.pcap", tmp_path / "two.pcap")
    assert status == 2
    assert "one.pcap" in err
    assert "two.pcap" in err


def test_an_unknown_link_type_is_told(tmp_path):
    """A link type nobody knows gives no rows, but not silence."""
    raw = bytearray(REFUSED.read_bytes())
    raw[20:22] = b"\xfe\x03" if raw[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else b"\x03\xfe"
    path = tmp_path / "odd.pcap"
    path.write_bytes(raw)
    status, _, err = whyfetch("classify", path)
    assert status in (0, 2, 3)
    assert "link" in err
    assert "Traceback" not in err


def test_a_pipe_is_read_as_a_stream():
    """`-` gives the same rows as the file, under the name `-`."""
    with REFUSED.open("rb") as given:
        _, piped, _ = whyfetch("classify", "--format", "csv", "-", stdin=given)
    (row,) = rows(piped)
    assert (row["file"], row["cause"]) == ("-", "rst-refused")


def test_rows_of_a_stream_come_before_its_end():
    """Somebody who pipes tcpdump into whyfetch sees a fetch while the capture still runs."""
    sample = REFUSED.read_bytes()
    later = _later(ROOT / "samples" / "rst" / "python-reset-on-reuse.pcap")
    command = [*COMMAND, "classify", "--format", "csv", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT) as process:
        process.stdin.write(sample + later)
        process.stdin.flush()
        hanging = threading.Timer(DEADLINE, process.kill)
        hanging.start()
        seen = [process.stdout.readline() for _ in range(2)]  # the writer has not closed the pipe
        hanging.cancel()
        process.stdin.close()
        process.wait(timeout=DEADLINE)
    assert all(line.endswith(b"\n") for line in seen)


def _taken(pipe):
    """Wait until the reader of a pipe has taken all that was written to it."""
    for _ in range(100 * DEADLINE):
        if not int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder):
            return
        time.sleep(0.01)
    pytest.fail("nobody reads the pipe")


def _later(path):
    """The packets of a pcap file, ten minutes after they were captured."""
    data = path.read_bytes()
    order = "little" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else "big"
    packets, at = b"", 24
    while at < len(data):
        size = int.from_bytes(data[at + 8 : at + 12], order)
        seconds = int.from_bytes(data[at : at + 4], order) + 600
        packets += seconds.to_bytes(4, order) + data[at + 4 : at + 16 + size]
        at += 16 + size
    return packets


def test_an_interrupt_ends_with_130():
    """Ctrl-C prints what was complete and the summary."""
    sample = REFUSED.read_bytes()
    command = [*COMMAND, "classify", "--format", "csv", "-"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=ENVIRONMENT, **pipes) as process:
        process.stdin.write(sample)
        process.stdin.flush()
        _taken(process.stdin)
        process.send_signal(2)
        status = process.wait(timeout=DEADLINE)
        assert b"fetch" in process.stderr.read()
        process.stdin.close()
    assert status == 130


@pytest.mark.parametrize("arguments", [["classify", "--format", "csv", str(ROOT / "samples/rst")], ["signatures"]])
def test_a_full_disk_is_said_so(arguments):
    """No traceback and no internal error when the output cannot be written."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=ENVIRONMENT
        )
    assert done.returncode == 2
    assert done.stderr.startswith("error: cannot write the output: no space left on device\n")

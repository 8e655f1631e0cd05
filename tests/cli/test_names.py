"""Names that no file can have, and pipes nobody writes to: a sentence each, in every command that takes a file."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analyzer import api
from analyzer.capture import patience
from analyzer.cli.app import run
from analyzer.errors import AnalyzerError

ROOT = Path(__file__).parent.parent.parent
SAMPLE = str(ROOT / "samples" / "rst" / "curl-refused.pcap")
COMMAND = [sys.executable, "-c", "from analyzer.cli import main; main()"]
DEADLINE = 60
"""Seconds after which a process is taken to hang, on a busy machine too."""

NAMES = {
    "long": "n" * 300,
    "long glob": "*" + "n" * 300,
    "long path": "d/" * 3000,
    "below a file": SAMPLE + "/x",
    "line break": "no\nsuch",
    "not UTF-8": "no\udcff",
    "empty": "",
}
TAKE = {
    "classify": ["classify", "NAME"],
    "classify with another": ["classify", "NAME", SAMPLE],
    "show": ["show", "NAME", "1"],
    "case": ["case", "NAME", "1"],
    "client log of classify": ["classify", "--client-log", "NAME", SAMPLE],
    "client log of show": ["show", "--client-log", "NAME", SAMPLE, "1"],
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("command", TAKE)
def test_a_name_of_nothing(capsys, command, name):
    """Exit 2 with one sentence on the name, or 3 when another capture was read."""
    status = run([NAMES[name] if word == "NAME" else word for word in TAKE[command]])
    err = capsys.readouterr().err
    assert status == (3 if command.endswith("another") else 2)
    assert "cannot read " in err
    assert "internal" not in err
    assert err.isprintable() or err.replace("\n", "").isprintable()


@pytest.mark.parametrize("name", ["long", "long path", "below a file"])
def test_a_name_nothing_can_be_written_to(capsys, name):
    """The same of the output."""
    assert run(["classify", "--format", "csv", "-o", NAMES[name], SAMPLE]) == 2
    assert capsys.readouterr().err.startswith("error: cannot write `")


def test_a_loop_of_links(capsys, tmp_path, monkeypatch):
    """It is no file, and is said to be a loop."""
    monkeypatch.chdir(tmp_path)
    Path("loop").symlink_to("loop")
    for words in (["classify", "loop"], ["show", "loop", "1"], ["classify", "--client-log", "loop", SAMPLE]):
        assert run(words) == 2
        assert "loop`: too many levels of symbolic links" in capsys.readouterr().err


def test_names_with_a_null_byte():
    """Only scripts can pass them."""
    with pytest.raises(AnalyzerError, match="null byte"):
        list(api.read("no\0such"))
    with pytest.raises(AnalyzerError, match="null byte"):
        list(api.read(SAMPLE, client_log="no\0such"))


def test_a_pipe_nobody_writes_to_is_told_once(capfd, tmp_path, monkeypatch):
    """After a moment of silence on stderr; what comes then is read as ever. With -q nothing is said."""
    monkeypatch.setattr(patience, "SILENCE_S", 0.01)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for quiet, told in (([], 1), (["-q"], 0)):
        with subprocess.Popen([sys.executable, "-c", WRITE_LATE, SAMPLE, str(pipe)]):
            assert run(["classify", "--format", "csv", *quiet, str(pipe)]) == 0
        out, err = capfd.readouterr()
        assert out.count("rst-refused") >= 1
        assert err.count("note: waiting for what will be written to `") == told


WRITE_LATE = """
import sys, time
content = open(sys.argv[1], "rb").read()
time.sleep(0.2)
open(sys.argv[2], "wb").write(content)
"""


def test_standard_input_that_is_silent(tmp_path):
    """It is named in words; one that has bytes is not."""
    sample = Path(SAMPLE).read_bytes()
    process = subprocess.Popen(
        [*COMMAND, "classify", "-"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    with process:
        assert process.stderr.readline() == b"note: waiting for what will be written on standard input\n"
        process.stdin.write(sample)
        process.stdin.close()
        assert process.stderr.read().startswith(b"1 fetch")
    assert process.returncode == 0


def test_what_is_quick_is_not_told(monkeypatch):
    """The note is taken back when the first bytes come in time."""
    told = []
    monkeypatch.setattr(patience, "SILENCE_S", 0.2)
    with patience.patience(told.append, "quick"):
        pass
    time.sleep(0.3)
    assert told == []
    assert len(list(api.Reading(SAMPLE, waiting=told.append))) == 1
    assert told == []

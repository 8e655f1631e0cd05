import csv
import io
import json
import os
from typing import ClassVar

import pytest

from analyzer.cli.app import run
from analyzer.errors import CaptureError, ExitStatus
from analyzer.fetch.model import Fetch
from analyzer.model.connection import Connection
from analyzer.verdict.model import Evidence, Verdict


def fetch_of(number, klass, cause, kind="fetch"):
    fetch = Fetch(Connection(number), None)
    fetch.number, fetch.file, fetch.kind, fetch.first_packet = number, "trace.pcap", kind, number
    verdict = Verdict(klass, cause, "high")
    verdict.evidence = (Evidence(number, 0, "syn", 0),)
    verdict.summary = f"It was {klass}."
    fetch.verdict = verdict
    return fetch


class FakeReading:
    """What analyzer.api.Reading shows to the command line."""

    fetches: tuple = ()
    failures: tuple = ()
    warnings: tuple = ()
    exit_status = ExitStatus.OK
    interrupt_after = None
    made: ClassVar[list] = []

    client_log = None

    def __init__(self, paths, **_):
        self.paths, self.sources = paths, list(paths)
        self.made.append(self)

    def __iter__(self):
        for at, fetch in enumerate(self.fetches):
            if at == self.interrupt_after:
                raise KeyboardInterrupt
            yield fetch

    def told(self):
        return ([fetch] for fetch in self)

    def stop(self):
        return False

    def still_open(self):
        return []

    def rest(self):
        return iter(() if self.interrupt_after is None else [self.fetches[self.interrupt_after :][:1]])


@pytest.fixture
def reading(monkeypatch):
    fetches = (
        fetch_of(1, "ok", ""),
        fetch_of(2, "rst", "rst-refused"),
        fetch_of(3, "tls-failure", "tls-alert-unknown-ca"),
        fetch_of(0, "incomplete", "", kind="probe"),
    )
    monkeypatch.setattr(FakeReading, "fetches", fetches)
    monkeypatch.setattr(FakeReading, "made", [])
    monkeypatch.setattr("analyzer.cli.job.Reading", FakeReading)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return FakeReading


@pytest.fixture
def classify(reading, capsys):
    """Runs `whyfetch classify ARGUMENTS...`; gives status, stdout and stderr."""

    def call(*arguments):
        status = run(["classify", *map(str, arguments)])
        return status, *capsys.readouterr()

    return call


def causes(text):
    return [row["cause"] for row in csv.DictReader(io.StringIO(text, newline=""))]


def test_rows_go_to_stdout_and_the_summary_to_stderr(classify):
    """A pipe gets rows only; exit 0 whatever the verdicts."""
    status, out, err = classify("trace.pcap")
    assert status == 0
    assert len(out.splitlines()) == 4
    assert err.splitlines() == ["3 fetches: 1 ok, 1 rst, 1 tls-failure", "1 connection carried no fetch"]


def test_quiet_leaves_stderr_empty(classify):
    """-q: no summary, no warnings."""
    assert classify("-q", "trace.pcap")[2] == ""


def test_r_is_an_alias_for_those_used_to_tshark(classify, reading):
    """whyfetch classify -r FILE."""
    classify("-r", "trace.pcap")
    assert reading.made[0].paths == ["trace.pcap"]


def test_csv(classify):
    """One line a fetch, all columns."""
    assert causes(classify("--format", "csv", "t")[1]) == ["", "rst-refused", "tls-alert-unknown-ca"]


def test_jsonl(classify):
    """begin, three fetches, summary."""
    out = classify("--format", "jsonl", "t")[1]
    assert [json.loads(line)["type"] for line in out.splitlines()] == ["begin", *["fetch"] * 3, "summary"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("rst", ["rst-refused"]),
        ("rst/rst-refused,ok", ["", "rst-refused"]),
        ("failed", ["rst-refused", "tls-alert-unknown-ca"]),
        ("tls-*/*unknown*", ["tls-alert-unknown-ca"]),
        ("*/tls-*", ["tls-alert-unknown-ca"]),
        ("http-failure", []),
    ],
)
def test_select(classify, pattern, expected):
    """Classes, causes, wildcards, several at once; the summary still counts all."""
    _, out, err = classify("--format", "csv", "--select", pattern, "t")
    assert causes(out) == expected
    assert err.startswith("3 fetches")


@pytest.mark.parametrize(("pattern", "status"), [("rst", 1), ("failed", 1), ("syn-retransmit", 0), ("ok", 1)])
def test_fail_on(classify, pattern, status):
    """Exit 1 only when asked for, and only when a fetch matches."""
    assert classify("--fail-on", pattern, "t")[0] == status


def test_fail_on_does_not_depend_on_what_is_shown(classify):
    """--select hides a row, not its failure."""
    assert classify("--select", "ok", "--fail-on", "rst", "t")[0] == 1


def test_all_lists_connections_without_a_fetch(classify):
    """They have a kind and no number."""
    rows = list(csv.DictReader(io.StringIO(classify("--all", "--format", "csv", "t")[1], newline="")))
    assert (rows[-1]["kind"], rows[-1]["fetch"]) == ("probe", "")


def test_an_output_file_is_not_written_over(classify, tmp_path):
    """Only --force does that; the format follows the name."""
    path = tmp_path / "rows.csv"
    assert classify("-o", path, "t")[:2] == (0, "")
    first = path.read_bytes()
    status, _, err = classify("-o", path, "--select", "ok", "t")
    assert (status, path.read_bytes()) == (2, first)
    assert err == f"error: `{path}` exists\n\nhint: `--force` writes over it\n"
    assert classify("-o", path, "--force", "--select", "ok", "t")[0] == 0
    assert path.read_bytes() != first


def test_the_capture_itself_is_never_written_over(classify, tmp_path):
    """Not even with --force."""
    path = tmp_path / "trace.pcap"
    path.write_bytes(b"capture")
    assert classify("-o", path, "--force", path)[0] == 2
    assert path.read_bytes() == b"capture"


def test_nothing_is_written_for_an_unreadable_capture(classify, reading, monkeypatch, tmp_path):
    """The old output stays when there is no new one."""
    path = tmp_path / "rows.csv"
    path.write_text("old")
    monkeypatch.setattr(reading, "fetches", ())
    monkeypatch.setattr(reading, "failures", [CaptureError("cannot read `t`: no capture", "give it another file")])
    monkeypatch.setattr(reading, "exit_status", ExitStatus.USAGE)
    status, out, err = classify("-o", path, "--force", "t")
    assert (status, out, path.read_text()) == (2, "", "old")
    assert err == "error: cannot read `t`: no capture\n\nhint: give it another file\n"


def test_damage_is_exit_3_with_a_warning(classify, reading, monkeypatch):
    """What could be read is shown, and that it is partial is said."""
    monkeypatch.setattr(reading, "exit_status", ExitStatus.DAMAGED)
    monkeypatch.setattr(reading, "warnings", ["the last packet is cut"])
    status, out, err = classify("t")
    assert (status, len(out.splitlines())) == (3, 4)
    assert err.startswith("warning: the last packet is cut\n")


def test_an_interrupt_shows_what_was_complete(classify, reading, monkeypatch):
    """Ctrl-C: rows that waited for an older connection still come, the summary too, and exit 130."""
    monkeypatch.setattr(reading, "interrupt_after", 1)
    status, out, err = classify("--format", "csv", "t")
    assert (status, causes(out)) == (130, ["", "rst-refused"])
    assert err.startswith("2 fetches")


def test_parquet_needs_a_file(classify):
    """Binary rows do not go to a terminal."""
    assert classify("--format", "parquet", "t")[0] == 2


def test_parquet_without_pyarrow_says_what_to_install(classify, monkeypatch, tmp_path):
    """It is an optional package."""
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    status, _, err = classify("-o", tmp_path / "rows.parquet", "t")
    assert (status, "pip install 'whyfetch[parquet]'" in err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["classify"],
            "error: no capture given\n\nhint: `whyfetch classify trace.pcapng`, or `-` for standard",
        ),
        (["classify", "--quite", "t"], "error: no option is called `--quite`\n\nhint: did you mean `--quiet`?\n"),
        (["classify", "--zz", "t"], "error: no option is called `--zz`\n\nhint: `whyfetch classify --help` shows"),
        (["clasify", "t"], "error: no such command `clasify`\n\nhint: did you mean `classify`?\n"),
        (
            ["classify", "--format", "xml", "t"],
            "error: invalid value for `--format`: `xml` is not one of `table`,",
        ),
        ([], "Usage: whyfetch"),
        (
            ["classify", "--select", "rts", "t"],
            "error: `--select rts`: no class is called `rts`\n\nhint: did you mean `rst`? classes: ",
        ),
    ],
)
def test_usage_errors(reading, capsys, arguments, message):
    """error: what, a blank line, hint: what to do; exit 2; no box, no traceback."""
    assert run(arguments) == 2
    assert capsys.readouterr().err.startswith(message)


def test_a_bug_is_one_line_without_debug(reading, monkeypatch, capsys):
    """--debug shows the traceback."""
    monkeypatch.setattr(reading, "fetches", None)
    assert run(["classify", "t"]) == 2
    assert capsys.readouterr().err.startswith("error: internal error: TypeError")
    with pytest.raises(TypeError):
        run(["--debug", "classify", "t"])


@pytest.mark.parametrize(
    ("wish", "environment", "coloured"),
    [
        ("auto", {}, False),
        ("always", {}, True),
        ("always", {"NO_COLOR": "1"}, True),
        ("auto", {"FORCE_COLOR": "1"}, True),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ("never", {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colour(classify, monkeypatch, wish, environment, coloured):
    """--color decides, then NO_COLOR, then FORCE_COLOR, then whether it is a terminal."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setitem(os.environ, name, value)
    assert ("\x1b[" in classify("--color", wish, "t")[1]) is coloured

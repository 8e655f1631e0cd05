"""What `--select`, `--where`, `--ignore`, `--group-by` and `--stats` do together, on samples."""

import csv
import io
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.cli.app import run
from analyzer.cli.selection import Selection
from analyzer.cli.where import INSTANTS
from analyzer.output.columns import TYPES

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "selecting.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", DOCUMENT, re.DOTALL) for line in block.splitlines()]


@pytest.fixture
def classify(monkeypatch, capsys):
    """Runs `whyfetch classify ARGUMENTS... samples`; gives status, stdout and stderr."""
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("FORCE_COLOR", raising=False)

    def call(*arguments):
        status = run(["classify", *arguments, "samples"])
        return status, *capsys.readouterr()

    return call


def rows(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.fixture
def everything(classify):
    return rows(classify("--format", "csv")[1])


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_document_shows_something(line, monkeypatch, capsys):
    """Each ends with status 0, and picks some of what is in the samples."""
    monkeypatch.chdir(ROOT)
    assert run(shlex.split(line)[1:]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 1


def test_where_picks_rows_as_somebody_would_who_reads_the_csv(classify, everything):
    """Rows are what they are without it, only fewer."""
    wanted = [row for row in everything if row["duration_s"] and float(row["duration_s"]) > 2 and row["class"] != "ok"]
    assert wanted
    assert rows(classify("--format", "csv", "--where", "duration_s>2", "--where", "class!=ok")[1]) == wanted


def test_where_comes_on_top_of_select(classify, everything):
    """A row is shown when both want it; connections without a fetch too, with --all."""
    wanted = [row for row in everything if row["class"] == "rst" and row["server_port"] == "443"]
    assert rows(classify("--format", "csv", "--select", "rst", "--where", "server_port=443")[1]) == wanted
    found = rows(classify("--format", "csv", "--all", "--where", "kind!=fetch")[1])
    assert {row["kind"] for row in found} >= {"race", "probe"}


def test_the_summary_counts_everything_whatever_is_shown(classify):
    """As with --select."""
    assert classify()[2] == classify("--where", "name=nowhere.example")[2]


def test_what_is_ignored_is_no_row_and_no_reason_to_fail(classify, everything):
    """It is counted in the summary."""
    status, out, err = classify("--format", "csv", "--ignore", "failed", "--fail-on", "failed")
    assert status == 0
    assert {row["class"] for row in rows(out)} == {"ok", "incomplete"}
    failed = sum(row["class"] not in ("ok", "incomplete") for row in everything)
    assert f"\n{failed} of them ignored: " in err
    assert classify("--ignore", "rst", "--fail-on", "rst,dns-failure")[0] == 1


@pytest.mark.parametrize(
    ("pattern", "message", "hint"),
    [
        ("rts", "no class is called `rts`", "did you mean `rst`? classes: failed, syn-retransmit"),
        ("rst-refused", "no class is called `rst-refused`", "did you mean `rst/rst-refused`?"),
        ("http-status-404", "no class", "did you mean `http-failure/http-status-404`?"),
        ("rst/rst-refusd", "no cause is called `rst-refusd`", "did you mean `rst/rst-refused`?"),
        ("failed/nothing-like-it", "no cause is called `nothing-like-it`", "`whyfetch signatures` lists them"),
    ],
)
@pytest.mark.parametrize("option", ["--select", "--ignore", "--fail-on"])
def test_a_verdict_that_does_not_exist_is_said(classify, option, pattern, message, hint):
    """It would never match, and a job that waits for it never fail."""
    status, _, err = classify(option, pattern)
    assert status == 2
    assert message in err
    assert hint in err


@pytest.mark.parametrize("pattern", ["*/http-status-4*", "tls-failure/tls-alert-unknown-ca", "failed/http-status-599"])
def test_wildcards_and_families_are_verdicts(pattern):
    """A status that no capture here has may come."""
    assert Selection([pattern], "--select")


@pytest.mark.parametrize("option", [["--group-by", "class,cause"], ["--stats"], ["--stats", "--group-by", "phase"]])
@pytest.mark.parametrize("form", ["csv", "tsv"])
def test_groups_hold_every_row_once(classify, everything, option, form):
    """Counts, failures and seconds of the groups are those of the rows."""
    text = classify("--format", form, *option)[1]
    found = rows(text) if form == "csv" else list(csv.DictReader(io.StringIO(text), delimiter="\t"))
    assert sum(int(row["count"]) for row in found) == len(everything)
    assert sum(int(row["failed"]) for row in found) == sum(
        row["class"] not in ("ok", "incomplete") for row in everything
    )
    cost = sum(float(row["duration_s"] or 0) for row in everything)
    assert sum(float(row["cost_s"]) for row in found) == pytest.approx(cost, abs=1e-6 * len(everything))


def test_an_example_is_shown_by_its_line(classify, capsys):
    """`whyfetch show` finds the fetch with the verdict that stands in the group."""
    group = rows(classify("--format", "csv", "--select", "tls-failure", "--group-by", "cause")[1])[0]
    assert run(shlex.split(group["show"])[1:]) == 0
    assert capsys.readouterr().out.startswith(f"tls-failure/{group['cause']} ")


def test_groups_of_a_stream_come_at_its_end():
    """With outcomes that rows of a stream do not have yet; `sniff -` and `classify -` say the same."""
    capture = (ROOT / "samples/http-failure/npm-503-then-works.pcap").read_bytes()
    told = []
    for command in ("sniff", "classify"):
        words = [command, "-", "--group-by", "group_outcome,class", "--format", "csv"]
        done = subprocess.run(
            [sys.executable, "-m", "analyzer", *words], cwd=ROOT, input=capture, capture_output=True, check=True
        )
        told.append([list(row.values())[:4] for row in rows(done.stdout.decode())])
    assert (
        told[0]
        == told[1]
        == [["recovered", "http-failure", "2", "2"], ["recovered", "ok", "1", "0"], ["", "ok", "1", "0"]]
    )


def test_rows_that_were_written_are_chosen_as_captures_are(classify, tmp_path, capsys):
    """A report of JSON lines takes the same options."""
    (tmp_path / "rows.jsonl").write_text(classify("--format", "jsonl")[1], encoding="utf-8")
    choice = ["--ignore", "rst/rst-refused", "--where", "server_port=80,443", "--where", "flags!=*", "--select", "rst"]
    told = []
    for source in (str(tmp_path / "rows.jsonl"), "samples"):
        assert run(["classify", "--format", "markdown", *choice, source]) == 0
        out, err = capsys.readouterr()
        told.append((out.replace("`", "").splitlines()[0], err.splitlines()[:2]))
    assert told[0] == told[1]


def test_groups_of_what_where_leaves(classify, everything):
    """Options narrow what is grouped."""
    (line,) = [
        json.loads(line)
        for line in classify("--format", "jsonl", "--where", "cause=rst-refused", "--group-by", "class")[1].splitlines()
        if '"grouped"' in line
    ]
    assert line["by"] == {"class": "rst"}
    assert line["count"] == sum(row["cause"] == "rst-refused" for row in everything)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--group-by", "clas"), "`--group-by clas`: no column is called `clas`"),
        (("--group-by", "class", "--format", "parquet", "-o", "x.parquet"), "holds rows, not the groups"),
        (("--where", "duration_s"), "is no condition"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(classify, arguments, error):
    """Status 2 before anything is read, with a hint."""
    status, out, err = classify(*arguments)
    assert (status, out) == (2, "")
    assert error in err
    assert "hint: " in err


def test_the_document_names_the_columns_that_are_compared_in_time():
    """And all of them are columns."""
    assert all(f"`{name}`" in DOCUMENT and name in TYPES for name in INSTANTS)

"""`whyfetch classify --client-log`: the option, the summary, and every format."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.cli.app import run

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "rst" / "curl-refused.pcap"
REFUSED = "curl: (7) Failed to connect to www.lab.example port 4433 after 1 ms: Couldn't connect to server"
OTHER = "curl: (6) Could not resolve host: else.example"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "build.log"
    path.write_text(f"{REFUSED}\n{OTHER}\n")
    return path


def test_the_summary_counts_the_lines_and_lists_those_left(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr, after the counts; exit 0."""
    assert run(["classify", "--client-log", str(log), str(SAMPLE)]) == 0
    assert capsys.readouterr().err.splitlines() == [
        "1 fetch: 1 rst",
        "client log: 2 error lines, 1 tied to a fetch, 1 unmatched:",
        f"  line 2: {OTHER}",
    ]


def test_the_column_in_csv(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`client_said` holds the line."""
    run(["classify", "-q", "--format", "csv", "--client-log", str(log), str(SAMPLE)])
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out, newline=""))
    assert row["client_said"] == REFUSED


def test_json_lines_have_the_column_and_the_counts(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The summary object says which lines were left."""
    run(["classify", "-q", "--format", "jsonl", "--client-log", str(log), str(SAMPLE)])
    _, fetch, summary = map(json.loads, capsys.readouterr().out.splitlines())
    assert fetch["client_said"] == REFUSED
    assert summary["client_log"] == {
        "error_lines": 2,
        "tied": 1,
        "unmatched": [{"line": 2, "client": "curl", "kind": "name", "text": OTHER}],
        "contradicting": [],
    }


def test_a_missing_log_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, no row, nothing written."""
    out = tmp_path / "rows.csv"
    assert run(["classify", "--client-log", str(tmp_path / "no"), "-o", str(out), str(SAMPLE)]) == 2
    assert (
        capsys.readouterr().err == f"error: cannot read the client log `{tmp_path / 'no'}`: no such file or directory\n"
    )
    assert not out.exists()


def test_the_log_is_not_written_over(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not even by force."""
    assert run(["classify", "--client-log", str(log), "-o", str(log), "--force", str(SAMPLE)]) == 2
    assert capsys.readouterr().err.startswith(f"error: `{log}` is a file that is read")
    assert log.read_text().startswith(REFUSED)


def test_show_tells_what_the_client_said(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same line on the page of the fetch."""
    assert run(["show", "--client-log", str(log), str(SAMPLE), "1"]) == 0
    assert f"client log {REFUSED}" in capsys.readouterr().out


def test_a_pipe_can_be_the_log(tmp_path: Path) -> None:
    """`--client-log <(...)`: it is opened and read once."""
    command = f'{sys.executable} -m analyzer classify --client-log <(echo "$SAID") {SAMPLE}'
    environment = {**os.environ, "SAID": REFUSED, "PYTHONPATH": str(SAMPLE.parents[2])}
    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True, check=False)
    assert "client log: 1 error line, 1 tied to a fetch" in done.stderr.splitlines()


def test_the_frame_has_the_column_and_the_counts(log: Path) -> None:
    """analyzer.classify(client_log=...)."""
    import analyzer

    frame = analyzer.classify(SAMPLE, client_log=log)
    assert list(frame["client_said"]) == [REFUSED]
    assert frame.attrs["client_log"]["tied"] == 1

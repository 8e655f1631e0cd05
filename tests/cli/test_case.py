"""`whyfetch case` prints a timeline that gets the verdict of the capture, and tells nothing about who it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.build import pcap
from support.judge import judge
from support.timeline import load, parse

import analyzer
from analyzer.cli.app import run

ROOT = Path(__file__).resolve().parents[2]
CASES = sorted((ROOT / "tests" / "cases").glob("*.pkt"))
SAMPLES = sorted(path for path in (ROOT / "samples").glob("*/*") if path.parent.name not in ("lab", "__pycache__"))


def verdicts(fetches: list[analyzer.Fetch]) -> list[tuple[str, str, str]]:
    return [(fetch.verdict.klass, fetch.verdict.cause, fetch.verdict.missing) for fetch in fetches]


def reproduced(path: Path, stream: int, capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str, str]]:
    """The verdicts of what `case` prints for one connection; they must be those that it prints below."""
    assert run(["--debug", "case", str(path), "--stream", str(stream)]) == 0
    text = capsys.readouterr().out
    case = parse(text, path.name)
    found = verdicts(judge(pcap(case)))
    assert [(wanted.klass, wanted.cause, wanted.missing or "") for wanted in case.expected] == found, text
    return found


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_a_sample_keeps_its_verdicts(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every connection with a fetch, printed as a case and run as one, gets class, cause and what is missing again."""
    fetches = list(analyzer.read(path))
    for stream in sorted({fetch.connection.stream for fetch in fetches}):
        own = [fetch for fetch in fetches if fetch.connection.stream == stream]
        assert reproduced(path, stream, capsys) == verdicts(own)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_case_keeps_its_verdicts(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The notation, compiled and printed again, says the same."""
    capture = tmp_path / "case.pcap"
    capture.write_bytes(pcap(load(path)))
    fetches = list(analyzer.read(capture))
    for stream in sorted({fetch.connection.stream for fetch in fetches}):
        own = [fetch for fetch in fetches if fetch.connection.stream == stream]
        assert reproduced(capture, stream, capsys) == verdicts(own)

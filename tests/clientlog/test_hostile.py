"""Logs that are none, or that were made to hurt: they are told, bounded, and shown escaped."""

from __future__ import annotations

import time
from io import StringIO
from pathlib import Path

import pytest

import analyzer
from analyzer.clientlog import read
from analyzer.clientlog.read import LogReader, stripped
from analyzer.errors import UsageError
from analyzer.output.cells import CsvCells
from analyzer.output.columns import COLUMNS
from analyzer.output.row import csv_line, values

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "rst" / "curl-refused.pcap"
REFUSED = "curl: (7) Failed to connect to www.lab.example port 4433 after 1 ms: Couldn't connect to server"
SECONDS = 5.0
"""Of the processor, for logs that take a few hundredths when the work is linear."""


def reading(tmp_path: Path, log: bytes) -> analyzer.Reading:
    (tmp_path / "x.log").write_bytes(log)
    done = analyzer.Reading(SAMPLE, client_log=tmp_path / "x.log")
    done.fetches = list(done)
    return done


@pytest.mark.parametrize(
    ("log", "warning"),
    [
        (b"", "the client log is empty"),
        (b"all is well\nand good\n", "no line of a client that is known (curl, git, npm, "),
        (bytes(range(256)) * 64, "no line of a client that is known (curl, git, npm, "),
        (b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00" + bytes(5000), "no line of a client that is known (curl, git, npm, "),
    ],
    ids=["empty", "prose", "binary", "a capture"],
)
def test_a_log_of_nobody_is_told_and_harms_nothing(log: bytes, warning: str, tmp_path: Path) -> None:
    """A warning; the fetch has its verdict."""
    done = reading(tmp_path, log)
    assert [fetch.verdict.cause for fetch in done.fetches] == ["rst-refused"]
    assert len(done.warnings) == 1
    assert warning in done.warnings[0]
    assert done.client_log.lines() == ["client log: no error line"]


def test_a_log_without_errors_of_a_known_client_is_no_reason_to_warn(tmp_path: Path) -> None:
    """The build went well."""
    assert reading(tmp_path, b"go: downloading example.org/hello v1.0.0\n").warnings == []


@pytest.mark.parametrize("name", ["missing.log", "."])
def test_an_unreadable_log_is_an_error_before_anything_is_read(name: str, tmp_path: Path) -> None:
    """Status 2, and no capture is opened."""
    with pytest.raises(UsageError, match="cannot read the client log"):
        analyzer.Reading("no such capture", client_log=tmp_path / name)


def test_one_endless_line_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only its beginning is looked at, and the log ends at the cap."""
    monkeypatch.setattr(read, "MAX_CHARACTERS", 1 << 20)
    started = time.process_time()
    done = reading(tmp_path, REFUSED.encode() + b"x" * (8 << 20))
    assert time.process_time() - started < SECONDS
    (error,) = done.client_log.errors
    assert len(error.text) == read.MAX_LINE
    assert "error lines of the log were read" in done.warnings[0]


def test_what_follows_an_overlong_line_is_read() -> None:
    """Its rest is skipped, not taken for lines."""
    reader = LogReader()
    reader.read(StringIO("x" * 4090 + REFUSED + "\n" + "y" * 9000 + "\n" + REFUSED + "\n"))
    assert [error.number for error in reader.errors] == [3]


def test_more_errors_than_are_kept_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is left out with a warning."""
    monkeypatch.setattr(read, "MAX_ERRORS", 3)
    done = reading(tmp_path, (REFUSED + "\n").encode() * 9)
    assert len(done.client_log.errors) == 3
    assert len(done.warnings) == 1


HARD = {
    "blanks": " " * 4000,
    "dots": "a." * 2000,
    "words": "a_" * 2000 + "Error",
    "go": "go: " + "a: " * 1300,
    "connecting": "Connecting to " + "." * 4000,
    "maven": "[ERROR] " + "Could not transfe" * 200,
    "dial": "dial tcp 1" * 400,
    "url": 'Get "https://' + "a" * 4000,
    "pipes": "Connecting to " + "a|" * 2000,
    "quotes": "repository '" * 330,
    "stamps": "[2026-01-02T03:04:05.123456789+02:00] " * 100,
    "escapes": "\x1b[" * 2000,
    "titles": "\x1b]" * 2000,
    "body": "npm error Invalid response body" * 130,
    "digits": "npm error " + "404 " * 1000,
    "marks": "##[" + "a" * 4000,
}


@pytest.mark.parametrize("line", HARD.values(), ids=HARD.keys())
def test_no_line_makes_the_patterns_slow(line: str) -> None:
    """A hundred of each: patterns that backtrack without bound would take minutes."""
    reader = LogReader()
    started = time.process_time()
    for _ in range(100):
        reader.line(*stripped(line[:4096]))
    assert time.process_time() - started < SECONDS


def test_many_lines_and_one_place_stay_cheap(tmp_path: Path) -> None:
    """As many error lines as are kept, all alike: the fetch gets one of them."""
    done = reading(tmp_path, b"".join(f"{REFUSED} {n}\n".encode() for n in range(2000)))
    assert len(done.client_log.matcher.tied) == 2000
    assert len(values(done.fetches[0])[COLUMNS.index("client_said")]) <= 500


def test_terminal_escapes_are_shown_and_not_obeyed(tmp_path: Path) -> None:
    """Colours go, the rest is escaped, in cells and in the summary."""
    evil = f'\x1b[31m{REFUSED}\x1b[0m \x9b2J\u202e\x07\nGet "https://a\x1b[2J.example/": \x08EOF\n'
    done = reading(tmp_path, evil.encode())
    shown = [str(value) for fetch in done.fetches for value in values(fetch)] + done.client_log.lines()
    assert all(text.isprintable() for text in shown)
    assert REFUSED in values(done.fetches[0])[COLUMNS.index("client_said")]


def test_a_formula_in_a_line_does_not_run(tmp_path: Path) -> None:
    """A cell that a spreadsheet would take for a formula is defused, as everywhere."""
    done = reading(tmp_path, REFUSED.encode())
    done.fetches[0].client_said = '=HYPERLINK("http://example.org")'
    assert '"\'=HYPERLINK(""http://example.org"")"' in csv_line(CsvCells(), done.fetches[0]).decode()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_of_logs(encoding: str, tmp_path: Path) -> None:
    """UTF-8 with and without its mark, and what PowerShell writes; line ends of Windows as well."""
    done = reading(tmp_path, f"first\r\n{REFUSED}\r\n".encode(encoding))
    assert [error.number for error in done.client_log.errors] == [2]
    assert done.fetches[0].client_said == REFUSED


def test_a_progress_bar_does_not_hide_the_error(tmp_path: Path) -> None:
    """curl writes over its progress line with a carriage return."""
    done = reading(tmp_path, f"  0     0    0     0\r  0     0    0     0\r{REFUSED}\n".encode())
    assert done.fetches[0].client_said == REFUSED


@pytest.mark.parametrize(
    "stamp", ["2026-13-02T03:04:05Z ", "2026-01-02T25:04:05Z ", "0000-01-02T03:04:05Z ", "2026-01-02T03:04:05+99:99 "]
)
def test_a_time_that_is_none_is_no_time(stamp: str) -> None:
    """The line counts, its time does not."""
    assert stripped(stamp + REFUSED) == (REFUSED, -1, False)

"""Rows that are written while fetches wait: into a file, onto standard output, interrupted, and where nothing fits."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer.api import Reading
from analyzer.cli.job import Job
from analyzer.cli.selection import Choice, Selection
from analyzer.errors import ExitStatus
from analyzer.output import depot, written
from analyzer.output.cells import CsvCells
from analyzer.output.row import csv_line
from analyzer.output.written import CsvRows
from analyzer.verdict.brief import Brief

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
PACKETS, MEAN_START_GAP = 60_000, 150_000
"""Three minutes with a connection each 0.15 s: fetches end all the time, and hundreds wait, some for the end."""


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A capture as benchmarks are made on, with failures of all kinds and retries among its connections."""
    path = tmp_path_factory.mktemp("even") / "even.pcap"
    before = set(sys.modules)
    sys.path.insert(0, str(BENCHMARKS))
    try:
        module = importlib.import_module("generate")
        module.MEAN_START_GAP = MEAN_START_GAP  # type: ignore[attr-defined]
        module.generate(path, PACKETS)
    finally:
        sys.path.remove(str(BENCHMARKS))
        for name in set(sys.modules) - before:
            if str(BENCHMARKS) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]
    return path


@pytest.fixture(autouse=True)
def nothing_stays_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits is in a file, as of a capture that is a hundred times larger."""
    monkeypatch.setattr(depot, "MAX_KEPT", 0)
    monkeypatch.setattr(written, "PACKED_FROM", 0)


def job(capture: Path, output: Path | None) -> Job:
    """What `classify --format csv` makes."""
    options = {"choice": Choice(Selection((), "")), "fail_on": Selection((), ""), "everything": True, "quiet": True}
    return Job([str(capture)], form="csv", output=output, colour="never", **options)


def lines(reading: Reading, *, interrupted: bool) -> Iterator[bytes]:
    """The rows of a reading, whether they were written early or not; then, after an interrupt, those that waited."""
    try:
        for chunk in reading.told():
            yield from (line(row, reading) for row in chunk)
    except KeyboardInterrupt:
        assert interrupted
        for chunk in reading.rest():
            yield from (line(row, reading) for row in chunk)


def line(row: object, reading: Reading) -> bytes:
    if isinstance(row, Brief):
        return reading.written.take(row)
    return csv_line(CsvCells(), row)


def begun(capture: Path, end: str, *, early: bool) -> Reading:
    """A reading that ends in the middle of the capture in this way."""

    def progress(done: int, total: int) -> None:
        if done > total // 2 and end == "stopped":
            reading.stop()
        if done > total // 2 and end == "interrupted":
            raise KeyboardInterrupt

    reading = Reading(str(capture), kinds=True, lean=True, written=CsvRows() if early else None, progress=progress)
    return reading


@pytest.mark.parametrize("end", ["whole", "stopped", "interrupted"])
def test_early_rows_are_the_rows(capture: Path, end: str) -> None:
    """Read to its end, up to a Ctrl-C that drains, and up to one that cuts: the same rows in the same order."""
    early, late = (begun(capture, end, early=way) for way in (True, False))
    found = list(lines(early, interrupted=end == "interrupted"))
    assert found == list(lines(late, interrupted=end == "interrupted"))
    assert (len(found) > 1500) if end == "whole" else (300 < len(found) < 1500)
    waiting = early.written.depot
    assert waiting.blocks > 10
    assert len(waiting.places) == waiting.blocks
    waiting.close()


def test_a_file_and_standard_output(capture: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """The same bytes, in the order of first packets, numbered without a gap."""
    output = tmp_path / "rows.csv"
    assert job(capture, output).run() == ExitStatus.OK
    command = [sys.executable, "-m", "whyfetch", "classify", "-q", "--all", "--format", "csv", str(capture)]
    assert subprocess.run(command, capture_output=True, check=True).stdout == output.read_bytes()
    rows = [row.split(b",", 2) for row in output.read_bytes().splitlines()[1:]]
    numbers = [int(row[1]) for row in rows if row[1]]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_signal_in_the_middle(capture: Path, tmp_path: Path) -> None:
    """Ctrl-C while a file is written: all that is over is in it, whole lines; the status says so."""
    output = tmp_path / "rows.csv"
    asked = job(capture, output)
    sent: list[int] = []

    def progress(done: int, total: int) -> None:
        if done > total // 2 and not sent:
            sent.append(done)
            os.kill(os.getpid(), signal.SIGINT)

    asked.reading.progress = progress
    assert asked.run() == ExitStatus.INTERRUPTED
    expected = list(lines(begun(capture, "stopped", early=False), interrupted=False))
    assert output.read_bytes().splitlines(keepends=True)[1:] == expected


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk(capture: Path) -> None:
    """It is said, as an error, when a row cannot be written."""
    command = [sys.executable, "-m", "whyfetch", "classify", "--format", "csv", "-o", "/dev/full", str(capture)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == ExitStatus.USAGE
    assert "no space left on device" in done.stderr


def test_a_reader_that_leaves(capture: Path) -> None:
    """`| head`: no error."""
    command = [sys.executable, "-m", "whyfetch", "classify", "-q", "--format", "csv", str(capture)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"file,fetch,")
        process.stdout.close()
        assert (process.wait(), process.stderr.read()) == (0, b"")

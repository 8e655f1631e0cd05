"""A verdict is a function of the packets: not of when the program looks, of pipe or file, or of the files beside it.

Nor is it one of the way that a frame takes, the fast one or the long one.
"""

from __future__ import annotations

import csv
import os
import tempfile
import threading
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import recording, transform
from support.examples import CASES, SAMPLE_NAMES, SAMPLES, sample
from support.incomplete import cut_to
from support.mutate import CHANGES, mutated

from analyzer.api import Reading
from analyzer.capture.frame import Frames
from analyzer.output.cells import CsvCells
from analyzer.output.columns import COLUMNS
from analyzer.output.row import csv_line
from analyzer.pkt.build import pcap
from analyzer.reading.engine import Engine

PLAIN_CASES = [name for name, case in CASES.items() if case.packets]


class Looked(Reading):
    """A reading that is asked for what ended after every `size` frames."""

    size = 4096

    def _batch(self) -> tuple[int, ...]:
        return (self.size,)


def rows(reading: Reading, *, file: bool = False) -> list[str]:
    """The rows of a reading, those that are no fetch as well, without the name of the file unless `file`."""
    cells = CsvCells()
    lines = [csv_line(cells, fetch).decode() for fetch in reading]
    return lines if file else [line.partition(",")[2] for line in lines]


def looked(path: Path, size: int) -> list[str]:
    reading = Looked(str(path), kinds=True)
    reading.size = size
    return rows(reading)


def piped(data: bytes, chunk: int) -> list[str]:
    """As it comes through a pipe, in pieces."""
    read, write = os.pipe()

    def pour() -> None:
        with os.fdopen(write, "wb", buffering=0) as pipe:
            for at in range(0, len(data), chunk):
                pipe.write(data[at : at + chunk])

    writer = threading.Thread(target=pour)
    writer.start()
    try:
        return rows(Reading(f"/dev/fd/{read}", kinds=True))
    finally:
        os.close(read)
        writer.join()


def unordered(lines: list[str]) -> list[list[str]]:
    """Rows without what follows their order: a pipe whose writer is held up has them as they are decided."""
    keep = [at for at, name in enumerate(COLUMNS[1:]) if name not in ("fetch", "group")]
    return sorted([cells[at] for at in keep] for cells in csv.reader(lines))


def agree(path: Path) -> None:
    wanted = looked(path, 4096)
    assert looked(path, 1) == wanted
    assert looked(path, 7) == wanted
    if path.suffix in (".pcap", ".pcapng"):
        assert unordered(piped(path.read_bytes(), 65536)) == unordered(wanted)


class Ways:
    """Makes engines that may, or must not, send frames by the fast path."""

    def __init__(self, *, fast: bool) -> None:
        self.fast = fast
        self.made: list[Engine] = []

    def __call__(self, frames: Frames) -> Engine:
        engine = Engine(frames)
        engine.short = self.fast
        self.made.append(engine)
        return engine


def both_ways(path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many frames went by the fast path, which makes no difference."""
    monkeypatch.setattr("analyzer.reading.engine.Engine", Ways(fast=False))
    wanted = looked(path, 4096)
    ways = Ways(fast=True)
    monkeypatch.setattr("analyzer.reading.engine.Engine", ways)
    assert looked(path, 4096) == wanted
    return sum(engine.fast_path.taken for engine in ways.made)


@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_the_way_does_not_matter_to_samples(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the fast path and by the long way: the same rows, byte for byte."""
    both_ways(SAMPLES / name, monkeypatch)


def test_the_way_does_not_matter_to_all_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same of all cases after one another; more frames than there are cases went by the fast path."""
    packets = [CASES[name] for name in PLAIN_CASES]
    path = tmp_path / "all.pcap"
    path.write_bytes(transform.one_capture(packets))
    assert both_ways(path, monkeypatch) > len(PLAIN_CASES)


@pytest.mark.parametrize("snaplen", [54, 60, 66, 74, 80, 96, 128, 400])
def test_the_way_does_not_matter_to_cut_samples(snaplen: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same of samples that a snap length has cut, in the headers and behind them."""
    for number, name in enumerate(SAMPLE_NAMES):
        path = tmp_path / f"{number}.pcap"
        path.write_bytes(recording.pcap(cut_to(sample(name), snaplen)))
        both_ways(path, monkeypatch)


@given(st.sampled_from(PLAIN_CASES), CHANGES)
def test_the_way_does_not_matter_to_mutations(name: str, changes: list[tuple[int, str, int]]) -> None:
    """The same of cases whose packets are damaged."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as monkeypatch:
        path = Path(folder) / "case.pcap"
        path.write_bytes(pcap(mutated(CASES[name], changes)))
        both_ways(path, monkeypatch)


@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_when_the_program_looks_does_not_matter_to_samples(name: str) -> None:
    """After every frame, every seven, every 4096, or as a pipe delivers them: the same rows, byte for byte."""
    agree(SAMPLES / name)


@pytest.mark.parametrize("name", PLAIN_CASES)
def test_when_the_program_looks_does_not_matter_to_cases(name: str, tmp_path: Path) -> None:
    """The same of every case."""
    path = tmp_path / "case.pcap"
    path.write_bytes(pcap(CASES[name]))
    agree(path)


@given(st.sampled_from(PLAIN_CASES), CHANGES)
def test_when_the_program_looks_does_not_matter_to_mutations(name: str, changes: list[tuple[int, str, int]]) -> None:
    """The same of cases whose packets are damaged."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.pcap"
        path.write_bytes(pcap(mutated(CASES[name], changes)))
        assert looked(path, 1) == looked(path, 4096)


def test_when_the_program_looks_does_not_matter_to_all_at_once(tmp_path: Path) -> None:
    """The same of all cases after one another, and of all at the same time: ports return, names and groups mix."""
    path = tmp_path / "all.pcap"
    path.write_bytes(transform.one_capture([CASES[name] for name in PLAIN_CASES]))
    agree(path)
    spread = [transform.renumbered(CASES[name], i + 1, 0) for i, name in enumerate(PLAIN_CASES)]
    path.write_bytes(pcap(transform.mixed(*spread)))
    agree(path)


@cache
def alone(name: str) -> list[str]:
    return rows(Reading(str(SAMPLES / name)), file=True)


def test_other_files_do_not_matter() -> None:
    """Each file's rows are what they are without the others, in the order of the files."""
    together = rows(Reading([str(SAMPLES / name) for name in SAMPLE_NAMES]), file=True)
    assert together == [line for name in SAMPLE_NAMES for line in alone(name)]
    backwards = rows(Reading([str(SAMPLES / name) for name in reversed(SAMPLE_NAMES)]), file=True)
    assert sorted(backwards) == sorted(together)

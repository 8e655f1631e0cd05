"""What is said while a capture goes on is what its file says: at last, and nearly always at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import pytest
from support.build import pcap
from support.examples import CASES, SAMPLE_NAMES, SAMPLES
from support.live import Live

from analyzer.api import Reading
from analyzer.fetch.model import Fetch
from analyzer.output.columns import COLUMNS
from analyzer.output.row import values
from analyzer.verdict.told import Event

PLAIN_CASES = [name for name, case in CASES.items() if case.packets]
BY_ORDER = {"file", "fetch", "group"}
"""Columns that follow the order of rows."""
BY_THE_END = {"summary", "silence_s"}
"""Columns that tell how long it was waited: in a file until the next packet of whomever, live no longer than needed."""
SHORT = ("name", "start", "class", "cause", "status", "server")

Row = tuple[tuple[str, object], ...]


def rows(fetches: Iterable[Fetch], leave_out: set[str]) -> Counter[Row]:
    return Counter(
        tuple((name, value) for name, value in zip(COLUMNS, values(fetch), strict=True) if name not in leave_out)
        for fetch in fetches
    )


def short(fetch: Fetch) -> Row:
    return tuple((name, value) for name, value in zip(COLUMNS, values(fetch), strict=True) if name in SHORT)


def settled(path: Path) -> None:
    """Rows that wait until nothing can change them are those of the file, up to their order."""
    wanted = rows(Reading(path, kinds=True), BY_ORDER | BY_THE_END)
    assert rows(Reading(live=Live(path), kinds=True), BY_ORDER | BY_THE_END) == wanted


def told(path: Path) -> None:
    """A fetch has one row, and what was said at once holds at the end of the capture."""
    found: dict[int, Row] = {}
    pending: set[int] = set()
    for row in chain.from_iterable(Reading(live=Live(path), lean=True).told()):
        if isinstance(row, Event):
            assert row.kind != "amended"
            assert pending >= set(row.fetches)
            pending -= set(row.fetches)
            continue
        assert row.number == len(found) + 1
        found[row.number] = short(row)
        if row.group_outcome == "pending":
            pending.add(row.number)
    assert Counter(found.values()) == Counter(map(short, Reading(path)))
    assert pending == set()


@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_a_sample_says_live_what_its_file_says(name: str) -> None:
    """Settled, each cell; at once, each verdict, and no row more or less."""
    settled(SAMPLES / name)
    told(SAMPLES / name)


@pytest.mark.parametrize("name", PLAIN_CASES)
def test_a_case_says_live_what_its_file_says(name: str, tmp_path: Path) -> None:
    """The same of every case."""
    path = tmp_path / "case.pcap"
    path.write_bytes(pcap(CASES[name]))
    settled(path)
    told(path)

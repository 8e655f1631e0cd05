"""What is said while a capture goes on is what its file says: at last, and nearly always at once."""

from __future__ import annotations

import os
import re
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.examples import CASES, SAMPLE_NAMES, SAMPLES
from support.live import SECOND, Live
from support.mutate import CHANGES, mutated
from support.recording import pcap as written
from support.recording import recorded

from analyzer.api import Reading
from analyzer.fetch.model import Fetch
from analyzer.output.columns import COLUMNS
from analyzer.output.row import values
from analyzer.pkt.build import pcap
from analyzer.verdict.told import Event

PLAIN_CASES = [name for name, case in CASES.items() if case.packets]
BY_ORDER = {"file", "fetch", "group"}
"""Columns that follow the order of rows."""
WAITED = re.compile(r"(the capture ends|it was not asked again within) [\d.]+ m?s\b")
"""How long it was waited for a resolver: in a file until the next packet of whomever, live no longer than needed."""
ANSWERED_ELSEWHERE = "syn-answered-from-another-address"
"""Its `silence_s` ends with the watch over the ports that the client's reset left."""
TRICKLED = [
    "rst/curl-refused.pcap",
    "http-failure/pip-503-then-works.pcap",
    "tls-failure/curl-no-common-cipher.pcap",
    "ok/curl-ipv6-refused.pcap",
]
SHORT = ("name", "start", "class", "cause", "status", "server")

Row = tuple[tuple[str, object], ...]


def rows(fetches: Iterable[Fetch]) -> Counter[Row]:
    """Every cell but for BY_ORDER, and for how long it was waited that nothing came (docs/streams.md)."""
    return Counter(map(row, fetches))


def row(fetch: Fetch) -> Row:
    cells: dict[str, object] = dict(zip(COLUMNS, values(fetch), strict=True))
    if fetch.protocol == "dns":
        cells["summary"] = WAITED.sub("", str(cells["summary"]))
    if fetch.phase == "connect" and (fetch.kind != "fetch" or fetch.verdict.cause == ANSWERED_ELSEWHERE):
        del cells["silence_s"]
    return tuple((name, value) for name, value in cells.items() if name not in BY_ORDER)


def short(fetch: Fetch) -> Row:
    return tuple((name, value) for name, value in zip(COLUMNS, values(fetch), strict=True) if name in SHORT)


def settled(path: Path) -> None:
    """Rows that wait until nothing can change them are those of the file without its keys, up to their order."""
    assert rows(Reading(live=Live(path), kinds=True)) == rows(Reading(path, kinds=True, sealed=True))


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
    assert Counter(found.values()) == Counter(map(short, Reading(path, sealed=True)))
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


@given(st.sampled_from(PLAIN_CASES), CHANGES)
def test_damaged_captures_end_live_as_well(name: str, changes: list[tuple[int, str, int]]) -> None:
    """Whatever comes, and when: rows are numbered through, and all that was pending is settled."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.pcap"
        path.write_bytes(pcap(mutated(CASES[name], changes)))
        numbers: list[int] = []
        pending: set[int] = set()
        for row in chain.from_iterable(Reading(live=Live(path, tail=200 * SECOND), lean=True).told()):
            if isinstance(row, Event):
                assert set(row.fetches) <= set(numbers)
                if row.kind == "group":
                    pending -= set(row.fetches)
            else:
                numbers.append(row.number)
                if row.group_outcome == "pending":
                    pending.add(row.number)
        assert numbers == list(range(1, len(numbers) + 1))
        assert pending == set()


def trickled(path: Path, pipe: int) -> None:
    """Write a capture record by record, as fast as it was captured, or a tenth of a second for each longer pause."""
    recording = recorded(path)
    data = written(recording)
    before, at = recording.frames[0].time, 24
    with os.fdopen(pipe, "wb", buffering=0) as out:
        out.write(data[:at])
        for frame in recording.frames:
            time.sleep(min((frame.time - before) / SECOND, 0.15))
            before = frame.time
            out.write(data[at : at + 16 + len(frame.data)])
            at += 16 + len(frame.data)


@pytest.mark.parametrize("name", TRICKLED)
def test_a_stream_that_trickles_says_what_its_file_says(name: str) -> None:
    """With pauses in which the reader is idle, and time goes on."""
    wanted = rows(Reading(SAMPLES / name, kinds=True))
    read, write = os.pipe()
    writer = threading.Thread(target=trickled, args=(SAMPLES / name, write))
    writer.start()
    try:
        found = rows(Reading(f"/dev/fd/{read}", kinds=True))
    finally:
        os.close(read)
        writer.join()
    assert found == wanted

"""Rows that are written as soon as their fetch is judged are those that are written when everything is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.examples import CASES, SAMPLE_NAMES, SAMPLES

from analyzer.api import Reading
from analyzer.fetch.model import Fetch
from analyzer.output import depot, written
from analyzer.output.cells import CsvCells
from analyzer.output.jsonl import JsonlWriter, JsonRows
from analyzer.output.row import csv_line
from analyzer.output.written import CsvRows, Written
from analyzer.pkt.build import pcap
from analyzer.verdict.brief import Brief

Captures = list[str]


@pytest.fixture(scope="module")
def captures(tmp_path_factory: pytest.TempPathFactory) -> Captures:
    """All samples and cases."""
    folder = tmp_path_factory.mktemp("cases")
    for name, case in CASES.items():
        (folder / f"{name}.pcap").write_bytes(pcap(case))
    return [*(str(SAMPLES / name) for name in SAMPLE_NAMES), *map(str, sorted(folder.iterdir()))]


def at_once(paths: Captures, rows: Written) -> Iterator[tuple[bytes, Brief]]:
    """Each row, written when its fetch was judged, and put right when it leaves."""
    for path in paths:
        for chunk in Reading(path, kinds=True, lean=True, written=rows).told():
            for brief in chunk:
                assert isinstance(brief, Brief)
                yield rows.take(brief), brief


def in_the_end(paths: Captures, line: Callable[[Fetch], bytes]) -> list[bytes]:
    """Each row, written when it leaves."""
    return [line(fetch) for path in paths for fetch in Reading(path, kinds=True, lean=True)]


class Lines:
    """Takes what a writer writes."""

    def write(self, text: str) -> None:
        self.text = text


def as_json(fetch: Fetch) -> bytes:
    out = Lines()
    JsonlWriter(out).fetch(fetch)  # type: ignore[arg-type]
    return out.text.encode()


def as_csv(fetch: Fetch) -> bytes:
    return csv_line(CsvCells(), fetch)


@pytest.mark.parametrize(("kind", "line"), [(CsvRows, as_csv), (JsonRows, as_json)])
def test_samples_and_cases(captures: Captures, kind: type[Written], line: Callable[[Fetch], bytes]) -> None:
    """Byte for byte, among them rows that races, retries and hints of a later connection changed in every way."""
    found = list(at_once(captures, kind()))
    assert [row for row, _ in found] == in_the_end(captures, line)
    flags = {word for _, brief in found for word in brief.flags.split()}
    assert flags == {"cancelled-race", "race-lost-by-all", "recovered-by-retry", "auth-challenge", "goproxy-fallback"}
    assert sum(brief.said != "" for _, brief in found) > 20
    assert any("ECN" in brief.advice for _, brief in found)
    assert any("GOPROXY" in brief.advice for _, brief in found)
    assert any(brief.merged for _, brief in found)


def test_rows_that_wait_in_a_file(captures: Captures, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no block may stay in memory the rows are the same, and no place of the file is left over."""
    monkeypatch.setattr(depot, "MAX_KEPT", 0)
    monkeypatch.setattr(written, "PACKED_FROM", 0)
    rows = CsvRows()
    with closing(rows.depot) as waiting:
        assert [row for row, _ in at_once(captures, rows)] == in_the_end(captures, as_csv)
        assert waiting.file is not None
        assert waiting.blocks > 0
        assert len(waiting.places) == waiting.blocks


def test_a_name_that_is_hard_to_write(tmp_path: Path) -> None:
    """Where the number belongs is found behind a file's name with commas and quotes; JSON's `null` in it is none."""
    names = ['a,"b",c.pcap', '=1+1,"fetch":null,.pcap']
    paths = [str(tmp_path / name) for name in names]
    for path in paths:
        Path(path).write_bytes((SAMPLES / "http-failure/pip-503-then-works.pcap").read_bytes())
    assert [row for row, _ in at_once(paths, CsvRows())] == in_the_end(paths, as_csv)
    assert [row for row, _ in at_once(paths, JsonRows())] == in_the_end(paths, as_json)

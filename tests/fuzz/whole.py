"""Harnesses of the whole program in this process: a capture in, rows in every format out, and each fetch's pages."""

from __future__ import annotations

import io
from contextlib import closing, suppress

from fuzz.scratch import scratch
from support.sound import known, printable

from analyzer.api import Reading
from analyzer.capture import expand, open_capture
from analyzer.cli.case import CLAIM, _with_siblings
from analyzer.errors import AnalyzerError, CaptureError
from analyzer.fetch.model import Fetch
from analyzer.output.case.case import Case
from analyzer.output.cells import CsvCells
from analyzer.output.csv import CsvWriter
from analyzer.output.frame import data_frame
from analyzer.output.jsonl import JsonlWriter
from analyzer.output.row import csv_line
from analyzer.output.show import Page
from analyzer.output.summary import Summary
from analyzer.output.table import TableWriter, TsvWriter
from analyzer.tcp.trace import Trace
from analyzer.verdict.explain import explain

SMALLEST_RECORD = 12
COLUMNS = 100
MOST_PAGES = 3
"""Fetches of an input whose pages are made; each reads the capture again."""


def reading(data: bytes, *, lean: bool) -> tuple[Reading, list[Fetch]]:
    """The fetches, and connections without one, of a capture."""
    path = scratch("capture")
    path.write_bytes(data)
    found = Reading(str(path), kinds=True, lean=lean)
    return found, list(found)


def rows(data: bytes) -> None:
    """Rows as CSV, JSON lines, with tabs and as a table, and the summary: nothing in them but printable characters."""
    with suppress(CaptureError):
        source, fetches = reading(data, lean=True)
        assert source.packets <= len(data) // SMALLEST_RECORD + 1
        summary = Summary()
        summary.warnings = source.warnings
        texts = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n") for _ in range(5)]
        writers = (
            CsvWriter(texts[0]), JsonlWriter(texts[1]), TsvWriter(texts[2]),
            TableWriter(texts[3], COLUMNS, colour=False, files=False),
            TableWriter(texts[4], 0, colour=False, files=False),
        )  # fmt: skip
        for writer in writers:
            writer.begin()
        for fetch in fetches:
            known(fetch, source.packets)
            summary.add(fetch)
            for writer in writers:
                writer.fetch(fetch)
        for writer, text in zip(writers, texts, strict=True):
            writer.end(summary)
            text.flush()
        csv, jsonl, tabs, table, log = (text.buffer.getvalue().decode() for text in texts)  # type: ignore[attr-defined]
        assert (csv.count("\n"), jsonl.count("\n")) == (len(fetches) + 1, len(fetches) + 2)
        said = "".join(line + "\n" for line in summary.lines())
        for shown in (csv, jsonl, tabs.replace("\t", " "), table, log, said):
            printable(shown)


def csv_of(data: bytes) -> str:
    """The rows alone, or why there are none: what must not depend on whether the modules are compiled."""
    try:
        source, fetches = reading(data, lean=True)
    except CaptureError as error:
        return error.message.replace(str(scratch("capture")), "")
    cells = CsvCells()
    said = "".join([*(csv_line(cells, fetch).decode() for fetch in fetches), *source.warnings])
    return said.replace(str(scratch("capture")), "")


def pages(data: bytes) -> None:
    """`show` and `case` of the first fetches: a page, and a timeline or the reason why there is none."""
    with suppress(CaptureError):
        _, fetches = reading(data, lean=False)
        (source,) = expand([str(scratch("capture"))])
        for fetch in fetches[:MOST_PAGES]:
            with closing(open_capture(source)) as capture:
                page = Page(fetch, explain(fetch), "capture.pcap", COLUMNS, colour=False)
                printable("".join(line + "\n" for line in page.lines(Trace(fetch.connection).packets(capture.frames))))
            if fetch.resolution is None:
                with closing(open_capture(source)) as capture, suppress(AnalyzerError):
                    case = Case(_with_siblings(fetch), capture.frames, CLAIM)
                    printable("".join(line + "\n" for line in case.lines()))


def frame(data: bytes) -> None:
    """The rows as a data frame, with the same columns and types whatever they hold."""
    with suppress(CaptureError):
        _, fetches = reading(data, lean=True)
        made = data_frame(fetches)
        assert len(made) == len(fetches)
        assert str(made.dtypes["start"]) == "datetime64[ns, UTC]"

"""Rows that are written as soon as their fetch is judged, and what is known of them later: their numbers, their groups."""

from __future__ import annotations

import cython

from analyzer.fetch.model import Fetch
from analyzer.output.cells import CsvCells, csv_text, quoted
from analyzer.output.columns import COLUMNS
from analyzer.output.depot import Depot
from analyzer.output.row import csv_line
from analyzer.output.text import safe
from analyzer.output.words import evidence
from analyzer.verdict.brief import Brief

PLACE = {name: place for place, name in enumerate(COLUMNS)}


@cython.cclass
class Written:
    """Rows of one format, in the order of the columns; those that wait are in `depot`."""

    def __init__(self) -> None:
        self.depot = Depot()

    def put(self, brief: Brief) -> None:
        """Write the row of a fetch that was judged; the fetch itself is needed no longer."""
        self.depot.put(brief, self.row(brief.fetch))

    def take(self, brief: Brief) -> bytes:
        """The row, once everything is known of it."""
        return self.finished(self.depot.take(brief), brief)

    def row(self, fetch: Fetch) -> bytes:
        """The row as far as a fetch and its verdict tell."""
        raise NotImplementedError

    def finished(self, row: bytes, brief: Brief) -> bytes:
        """The row, with what was decided since."""
        raise NotImplementedError


@cython.cclass
class CsvRows(Written):
    """Lines of CSV.

    head   bytes before the cell of the number, which is empty in them, of the rows of a capture, `file`
    """

    def __init__(self) -> None:
        super().__init__()
        self.cells = CsvCells()
        self.file = ""
        self.head = 1

    def row(self, fetch: Fetch) -> bytes:
        """One line."""
        return csv_line(self.cells, fetch)

    def finished(self, row: bytes, brief: Brief) -> bytes:
        """Mostly its number is all that was missing."""
        if brief.file != self.file:
            self.file, self.head = brief.file, len(csv_text(safe(brief.file)).encode()) + 1
        if is_changed(brief):
            row = self.changed(row, brief)
        if not brief.number:
            return row
        return b"%b%d%b" % (row[: self.head], brief.number, row[self.head :])

    def changed(self, row: bytes, brief: Brief) -> bytes:
        """The line with what races and retries decided."""
        line = cells_of(row[:-1].decode())
        line[PLACE["kind"]] = brief.kind
        line[PLACE["flags"]] = joined(line[PLACE["flags"]], brief.flags)
        line[PLACE["summary"]] = longer(line[PLACE["summary"]], brief.said)
        line[PLACE["advice"]] = longer(line[PLACE["advice"]], brief.advice)
        if brief.merged:
            line[PLACE["evidence"]] = evidence(brief.evidence)
        if brief.group:
            self.cells.begin()
            self.cells.seconds(brief.wait_s)
            line[PLACE["wait_s"]] = self.cells.line()[:-1].decode()
            line[PLACE["attempt"]], line[PLACE["group"]] = str(brief.attempt), str(brief.group)
            line[PLACE["group_outcome"]] = brief.outcome
        return (",".join(line) + "\n").encode()


def is_changed(brief: Brief) -> cython.bint:
    """Whether more than its number was decided of a fetch after its verdict."""
    return brief.group != 0 or brief.flags != "" or brief.said != "" or brief.advice != "" or brief.merged != 0


def cells_of(line: str) -> list[str]:
    """The cells of a line as they stand in it, with their quotes."""
    if '"' not in line:
        return line.split(",")
    cells = [""]
    for place, part in enumerate(line.split('"')):
        if place % 2:
            cells[-1] += f'"{part}"'
            continue
        first, *rest = part.split(",")
        cells[-1] += first
        cells += rest
    return cells


def longer(cell: str, more: str) -> str:
    """A cell that goes on with other words of ours."""
    if not more:
        return cell
    if cell.startswith('"'):
        cell = cell[1:-1].replace('""', '"')
    return quoted(cell + more)


def joined(flags: str, more: str) -> str:
    """Words, each once."""
    return " ".join(dict.fromkeys([*flags.split(), *more.split()]))

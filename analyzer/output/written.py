"""Rows that are written as soon as their fetch is judged, and what is known of them later: numbers and groups."""

from __future__ import annotations

import cython

from analyzer.fetch.model import Fetch
from analyzer.output.cells import CsvCells, quoted
from analyzer.output.columns import COLUMNS
from analyzer.output.depot import Depot
from analyzer.output.row import csv_line
from analyzer.output.words import evidence
from analyzer.verdict.brief import Brief, turn_of
from analyzer.verdict.packed import Packing
from analyzer.verdict.turn import Turn

PACKED_FROM = 8192
"""Briefs that wait for their turn as they are, 3 MB; those that come when more do are packed."""
COMMA, QUOTE = b',"'
FETCH, SUMMARY, FLAGS, ATTEMPT, KIND = map(COLUMNS.index, ("fetch", "summary", "flags", "attempt", "kind"))
"""Places of columns. Evidence is before the flags; wait_s, group and its outcome are behind `attempt`, advice is behind
`kind`."""


@cython.cclass
class Written:
    """Rows of one format, in the order of the columns; those that wait are in `depot`."""

    def __init__(self) -> None:
        self.depot, self.packing = Depot(), Packing()

    def begin(self) -> None:
        """What waits is of no use: the capture is read again."""
        self.depot.close()
        self.depot, self.packing = Depot(), Packing()

    def put(self, brief: Brief, waiting: cython.longlong) -> Turn:
        """Write the row of a fetch that was judged, which nobody needs then; where many wait, nor its brief."""
        turn: Turn = brief
        more: bytes = self.packing.packed(brief) if waiting >= PACKED_FROM else b""
        if more:
            turn = turn_of(brief)
        self.depot.put(turn, self.row(brief.fetch), more)
        brief.fetch = None  # type: ignore[assignment]
        return turn

    def brief(self, turn: Turn) -> Brief:
        """The brief of a fetch whose turn it is."""
        return turn if isinstance(turn, Brief) else self.packing.unpacked(self.depot.more(turn), turn)

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
    """Lines of CSV."""

    def __init__(self) -> None:
        super().__init__()
        self.cells = CsvCells()

    def row(self, fetch: Fetch) -> bytes:
        """One line."""
        return csv_line(self.cells, fetch)

    def finished(self, row: bytes, brief: Brief) -> bytes:
        """Mostly its number is all that was missing."""
        cells: CsvCells = self.cells
        at: cython.Py_ssize_t = ends(row, 0, FETCH)
        cells.begin()
        cells.copy(row, 0, at)
        if brief.number:
            cells.digits(brief.number, 1)
        if is_changed(brief):
            at = self.change(row, at, brief)
        cells.copy(row, at, len(row))
        return cells.line()

    def change(self, row: bytes, at: cython.Py_ssize_t, brief: Brief) -> cython.Py_ssize_t:
        """Copy the line from the cell of its number on, with what races and retries decided; up to where it did so."""
        at = self.copied(row, at, SUMMARY - FETCH)
        at = self.longer(row, at, brief.said)
        at = self.copied(row, at, 1)
        if brief.merged:
            at = ends(row, at, 1) - 1
            self.cells.put(evidence(brief.evidence))
        at = self.copied(row, at, 1)
        end: cython.Py_ssize_t = ends(row, at, 1) - 1
        self.cells.put(joined(row[at:end].decode(), brief.flags) if brief.flags and end > at else brief.flags)
        at = self.copied(row, end if brief.flags else at, ATTEMPT - FLAGS)
        if brief.group:
            self.cells.number(brief.attempt)
            self.cells.seconds(brief.wait_s)
            self.cells.number(brief.group)
            self.cells.put(brief.outcome)
            at += 3
        at = self.copied(row, at, KIND - (ATTEMPT + 3 if brief.group else ATTEMPT))
        self.cells.put(brief.kind)
        at = self.copied(row, ends(row, at, 1) - 1, 1)
        return self.longer(row, at, brief.advice)

    def copied(self, row: bytes, at: cython.Py_ssize_t, cells: cython.int) -> cython.Py_ssize_t:
        """Copy so many cells, with the commas behind them; the result is where the next one begins."""
        end: cython.Py_ssize_t = ends(row, at, cells)
        self.cells.copy(row, at, end)
        return end

    def longer(self, row: bytes, at: cython.Py_ssize_t, more: str) -> cython.Py_ssize_t:
        """Add a cell of text that goes on with words of ours, up to its comma; the result is where that is."""
        if not more:
            return at
        end: cython.Py_ssize_t = ends(row, at, 1) - 1
        cell = row[at:end].decode()
        if cell.startswith('"'):
            cell = cell[1:-1].replace('""', '"')
        self.cells.put(quoted(cell + more))
        return end


# Unchecked: the columns up to `kind` end with a comma, and so does what is asked for of each row.
@cython.boundscheck(False)
@cython.wraparound(False)
def ends(row: bytes, at: cython.Py_ssize_t, cells: cython.int) -> cython.Py_ssize_t:
    """Behind the comma with which the last of so many cells ends."""
    quotes: cython.bint = False
    octet: cython.int
    octets = cython.cast(cython.pointer(cython.uchar), cython.cast(cython.p_char, row)) if cython.compiled else row
    while cells:
        octet = octets[at]
        at += 1
        if octet == QUOTE:
            quotes = not quotes
        elif octet == COMMA and not quotes:
            cells -= 1
    return at


def is_changed(brief: Brief) -> cython.bint:
    """Whether more than its number was decided of a fetch after its verdict."""
    return brief.group != 0 or brief.flags != "" or brief.said != "" or brief.advice != "" or brief.merged != 0


def joined(flags: str, more: str) -> str:
    """Words, each once."""
    return " ".join(dict.fromkeys([*flags.split(), *more.split()]))

"""CSV: a header always, one line a fetch."""

from __future__ import annotations

from typing import TextIO

from analyzer.fetch.model import Fetch
from analyzer.output.cells import CsvCells
from analyzer.output.columns import COLUMNS
from analyzer.output.row import csv_line


class CsvWriter:
    """Writes rows as RFC 4180 in UTF-8 with `\\n`; docs/columns.md documents the columns, in an order that stays."""

    def __init__(self, out: TextIO) -> None:
        """Rows go past the text layer of `out`: they are bytes already."""
        out.flush()
        self.write = out.buffer.write
        self.cells = CsvCells()

    def begin(self) -> None:
        """Write the header."""
        self.write((",".join(COLUMNS) + "\n").encode())

    def fetch(self, fetch: Fetch) -> None:
        """Write one fetch."""
        self.write(csv_line(self.cells, fetch))

    def event(self, event: object) -> None:
        """A CSV has rows alone."""

    def end(self, summary: object) -> None:
        """A CSV has no end mark."""

# not compiled: a call for each chunk of rows
"""What a reading gives: fetches, and between them what became of earlier ones."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.fetch.model import Fetch
from analyzer.verdict.brief import Brief
from analyzer.verdict.told import Event

NOTHING_OPEN = 1 << 62
"""A packet number behind every packet."""

Row = Fetch | Brief | Event
Rows = list[Row]
"""Of a fetch whose row was written a brief is left."""


def only_fetches(rows: Iterable[Row]) -> list[Fetch]:
    """The rows among them."""
    return [row for row in rows if isinstance(row, Fetch)]


def anybodys(_: Fetch) -> bool:
    """All fetches are wanted."""
    return True

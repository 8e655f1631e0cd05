# not compiled: a call for each chunk of rows
"""What a reading gives: fetches, and between them what became of earlier ones."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.fetch.model import Fetch
from analyzer.verdict.told import Event

NOTHING_OPEN = 1 << 62
"""A packet number behind every packet."""

Rows = list[Fetch | Event]


def only_fetches(rows: Iterable[Fetch | Event]) -> list[Fetch]:
    """The rows among them."""
    return [row for row in rows if isinstance(row, Fetch)]


def anybodys(_: Fetch) -> bool:
    """All fetches are wanted."""
    return True

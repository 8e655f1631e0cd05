# ruff: noqa: PTH110, PTH113
"""Finds one fetch of one capture, for the commands that look at it closely."""

from __future__ import annotations

from os.path import exists, isfile
from typing import TYPE_CHECKING

from analyzer.cli import messages
from analyzer.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from analyzer.capture import CaptureSource
    from analyzer.fetch.model import Fetch


def source_of(path: str, command: str) -> CaptureSource:
    """The one capture that `path` names; it must be possible to read it twice."""
    from analyzer.capture import expand

    if path == "-":
        raise UsageError(
            f"`whyfetch {command}` reads the capture twice, which standard input cannot do",
            f"save it first: `cat > trace.pcap`, then `whyfetch {command} trace.pcap 1`",
        )
    sources = expand([path])
    if len(sources) > 1:
        raise UsageError(
            f"`{path}` holds {len(sources)} captures, whose fetches are numbered separately",
            f"name one of them, e.g., `whyfetch {command} '{sources[0].paths[0]}' 1`",
        )
    (source,) = sources
    for name in source.paths:
        if name and exists(name) and not isfile(name):
            raise UsageError(f"`whyfetch {command}` reads the capture twice, which `{name}` cannot do")
    return source


def pick(
    source: CaptureSource,
    number: int | None,
    stream: int | None,
    client_log: Path | None = None,
    *,
    show_queries: bool = False,
) -> Fetch:
    """The fetch with that number, or the first one of that tcp.stream (there also a connection without a fetch)."""
    from analyzer.api import Reading

    reading = Reading(
        source.paths, kinds=True, show_queries=show_queries, client_log=client_log, waiting=messages.waiting
    )
    last = 0
    for fetch in reading:
        if fetch.number and fetch.number == number:
            return fetch
        if stream is not None and fetch.connection.stream == stream and number is None:
            return fetch
        last = max(last, fetch.number)
    if reading.failures:
        raise reading.failures[0]
    if number is None:
        raise UsageError(f"`{source.name}` has no fetch on tcp.stream {stream}", _lists(source))
    have = f"{last} fetches" if last != 1 else "one fetch"
    raise UsageError(f"`{source.name}` has {have if last else 'no fetch'}, and no number {number}", _lists(source))


def _lists(source: CaptureSource) -> str:
    return f"`whyfetch classify '{source.paths[0]}'` lists them"

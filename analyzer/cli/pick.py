# ruff: noqa: PTH110, PTH113
"""Finds one fetch of one capture, for the commands that look at it closely."""

from __future__ import annotations

import sys
from io import StringIO
from os.path import exists, isfile
from shlex import quote
from typing import TYPE_CHECKING, NamedTuple

from analyzer.cli import messages
from analyzer.errors import ExitStatus, UsageError
from analyzer.output.summary import Summary
from analyzer.output.table import TableWriter
from analyzer.verdict.model import verdict_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from analyzer.capture import CaptureSource
    from analyzer.fetch.model import Fetch

MOST_SHOWN = 20
"""Failed fetches that are listed, where one of them is asked for: more would push the question off the screen."""


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


class Picked(NamedTuple):
    """The fetch that is meant, and how a command ends that shows it: DAMAGED when not all could be read."""

    fetch: Fetch
    status: ExitStatus


def pick(
    source: CaptureSource,
    number: int | None,
    stream: int | None,
    client_log: Path | None = None,
    *,
    command: str,
    show_queries: bool = False,
    keylogs: Iterable[Path] = (),
) -> Picked:
    """The fetch with that number, or the first one of that tcp.stream (there also a connection without a fetch).

    Neither is needed where only one fetch failed. The capture is read to its end, since damage may be anywhere.
    """
    from analyzer.api import Reading

    reading = Reading(
        source.paths,
        kinds=True,
        show_queries=show_queries,
        client_log=client_log,
        keylogs=keylogs,
        waiting=messages.waiting,
    )
    wanted = None
    likely = Likely()
    for fetch in reading:
        likely.add(fetch)
        if wanted is None and _is_meant(fetch, number, stream):
            wanted = fetch
    if reading.failures and not likely.last:
        raise reading.failures[0]
    if wanted is None and number is None and stream is None:
        wanted = likely.only(source, command)
    if wanted is None:
        raise _missing(source, number, stream, likely.last)
    if reading.exit_status is ExitStatus.DAMAGED:
        for text in [*reading.warnings, *(error.message for error in reading.failures)]:
            messages.warning(text)
    return Picked(wanted, reading.exit_status)


def _is_meant(fetch: Fetch, number: int | None, stream: int | None) -> bool:
    if number is not None:
        return fetch.number == number
    return stream is not None and fetch.connection.stream == stream


class Likely:
    """What may be meant where nothing is said: the only fetch that failed, or the only one there is.

    failed  how many failed; shown: the first MOST_SHOWN of them, as lines of a table; last: the largest number
    """

    def __init__(self) -> None:
        self.failed = 0
        self.last = 0
        self.first_failed: Fetch | None = None
        self.first: Fetch | None = None
        self.lines = StringIO()
        self.table = TableWriter(self.lines, messages.columns(sys.stderr), colour=False, files=False)

    def add(self, fetch: Fetch) -> None:
        """Note one fetch."""
        if not fetch.number:
            return
        self.last = max(self.last, fetch.number)
        self.first = self.first or fetch
        if not verdict_of(fetch).failed:
            return
        self.first_failed = self.first_failed or fetch
        self.failed += 1
        if self.failed <= MOST_SHOWN:
            self.table.fetch(fetch)

    def only(self, source: CaptureSource, command: str) -> Fetch:
        """The one that must be meant; else UsageError, below a list of those that may be."""
        name = f"`{source.name}`"
        if self.failed == 1 and self.first_failed is not None:
            return self.first_failed
        if self.last == 1 and self.first is not None:
            return self.first
        if not self.last:
            raise UsageError(f"{name} has no fetch", _lists(source))
        if self.first_failed is None:
            raise UsageError(f"none of the {self.last:,} fetches of {name} failed: say which is meant", _lists(source))
        self.table.end(Summary())
        sys.stderr.write(self.lines.getvalue())
        if self.failed > MOST_SHOWN:
            sys.stderr.write(f"and {self.failed - MOST_SHOWN:,} more\n")
        raise UsageError(
            f"{self.failed:,} fetches of {name} failed: say which is meant",
            f"`whyfetch {command} {quote(source.paths[0])} {self.first_failed.number}`",
        )


def _missing(source: CaptureSource, number: int | None, stream: int | None, last: int) -> UsageError:
    if number is None:
        return UsageError(f"`{source.name}` has no fetch on tcp.stream {stream}", _lists(source))
    have = f"{last} fetches" if last != 1 else "one fetch"
    return UsageError(f"`{source.name}` has {have if last else 'no fetch'}, and no number {number}", _lists(source))


def _lists(source: CaptureSource) -> str:
    return f"`whyfetch classify {quote(source.paths[0])}` lists them"

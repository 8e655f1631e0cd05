"""One client log from its file to what the summary says of it."""

from __future__ import annotations

# not compiled: runs with a client log only
from collections.abc import Iterable, Iterator
from os import PathLike, fspath
from typing import cast

from analyzer.clientlog.match import MAX_WAITING, QUARTER_NS, Matcher, contradictions
from analyzer.clientlog.patterns import CLIENTS
from analyzer.clientlog.read import MAX_CHARACTERS, MAX_ERRORS, Error, LogReader, open_log
from analyzer.fetch.model import Fetch
from analyzer.text import cut, plural, safe
from analyzer.verdict.model import Verdict

SHOWN = 10
"""Lines that the summary lists."""
LONGEST = 160
"""Columns of such a line."""


class ClientLog:
    """What clients said, read once and tied to the fetches of a reading.

    Raises UsageError when the file cannot be read. What a user should know is added to `warnings`.
    """

    def __init__(self, path: str | PathLike[str], warnings: list[str], *, show_queries: bool = False) -> None:
        self.name = fspath(path)
        self.warnings = warnings
        self.told = False
        reader = LogReader(show_queries)
        with open_log(path) as log:
            reader.read(log)
        self.errors = reader.errors
        self.matcher = Matcher(reader.errors)
        self._warn_of(reader)

    def tie(self, fetches: Iterable[Fetch]) -> Iterator[Fetch]:
        """The same fetches in the same order, each with what the client said of it."""
        yield from self.matcher.tie(fetches)
        if self.matcher.foreign and not self.told:
            self.told = True
            self._warn("its times lie outside the capture, in every time zone: not used")
        if self.matcher.overflowed and not self.told:
            self.told = True
            self._warn(f"more than {MAX_WAITING:,} fetches waited for it: its lines went to the first that fit")

    @property
    def unmatched(self) -> list[Error]:
        """The lines that no fetch is known for."""
        return [error for error in self.errors if error not in self.matcher.tied]

    def lines(self) -> list[str]:
        """What the summary says of the log."""
        if not self.errors:
            return ["client log: no error line"]
        return [self._count_line(), *self._unmatched_lines(), *self._contradiction_lines(), *self._clock_line()]

    def counts(self) -> dict[str, object]:
        """The same as plain values, for JSON."""
        return {
            "error_lines": len(self.errors),
            "tied": len(self.matcher.tied),
            "unmatched": [
                {"line": error.number, "client": error.client, "kind": error.kind, "text": safe(error.text)}
                for error in self.unmatched
            ],
            "contradicting": [error.number for error, _ in contradictions(self.matcher.tied)],
        }

    def _warn(self, text: str) -> None:
        self.warnings.append(f"`{self.name}`: {text}")

    def _warn_of(self, reader: LogReader) -> None:
        if not reader.lines:
            self._warn("the client log is empty")
        elif not reader.known:
            self._warn(f"no line of a client that is known ({', '.join(CLIENTS)})")
        if reader.cut:
            self._warn(f"only the first {MAX_CHARACTERS >> 20} MB and {MAX_ERRORS:,} error lines of the log were read")

    def _count_line(self) -> str:
        tied, missed = len(self.matcher.tied), len(self.unmatched)
        fetches = "a fetch" if tied == 1 else "fetches"
        line = f"client log: {plural(len(self.errors), 'error line', 'error lines')}, {tied:,} tied to {fetches}"
        return f"{line}, {missed:,} unmatched:" if missed else line

    def _unmatched_lines(self) -> list[str]:
        missed = self.unmatched
        lines = [f"  line {error.number}{self._why(error)}: {shown(error)}" for error in missed[:SHOWN]]
        if len(missed) > SHOWN:
            lines.append(f"  and {len(missed) - SHOWN:,} more")
        return lines

    def _why(self, error: Error) -> str:
        if error in self.matcher.crowded:
            return " (fits too many fetches)"
        equal = self.matcher.equal.get(error, 0)
        return f" (fits {equal} fetches equally)" if equal else ""

    def _contradiction_lines(self) -> list[str]:
        found = contradictions(self.matcher.tied)
        if not found:
            return []
        told = [f"line {error.number}, fetch {fetch.number} is {verdict_name(fetch)}" for error, fetch in found[:SHOWN]]
        more = f"; and {len(found) - SHOWN:,} more" if len(found) > SHOWN else ""
        fit = "line fits no verdict of its" if len(found) == 1 else "lines fit no verdict of their"
        return [f"{len(found):,} error {fit} fetch: {'; '.join(told)}{more}"]

    def _clock_line(self) -> list[str]:
        offset = self.matcher.offset_ns
        if not offset:
            return []
        hours = offset / (4 * QUARTER_NS)
        return [f"client log: its clock is {abs(hours):g} h {'ahead of' if hours > 0 else 'behind'} the capture's"]


def shown(error: Error) -> str:
    """The line as it can be shown."""
    return cut(safe(error.text), LONGEST)


def verdict_name(fetch: Fetch) -> str:
    """`rst/rst-refused`, or `ok`."""
    verdict = cast(Verdict, fetch.verdict)
    return f"{verdict.klass}/{verdict.cause}" if verdict.cause else verdict.klass

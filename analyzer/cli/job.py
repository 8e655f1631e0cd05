"""One run of `whyfetch classify`: reads, writes rows as they are complete, and ends with the summary."""

from __future__ import annotations

import gc
import shutil
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

from analyzer.api import Reading, Rows
from analyzer.cli import messages
from analyzer.cli.checking import report
from analyzer.cli.output import Output
from analyzer.cli.selection import Choice, Selection
from analyzer.cli.stopping import Stopping, draining
from analyzer.errors import CaptureError, ExitStatus, Terminated, UsageError
from analyzer.fetch.model import Fetch
from analyzer.output.ci import DRAWN
from analyzer.output.ci import FORMATS as CI_FORMATS
from analyzer.output.progress import ProgressBar
from analyzer.output.summary import Summary
from analyzer.reading.inputs import streams
from analyzer.text import plural
from analyzer.verdict.brief import Brief
from analyzer.verdict.model import Verdict, verdict_of
from analyzer.verdict.retries import PENDING
from analyzer.verdict.told import Event

if TYPE_CHECKING:
    from analyzer.capture.live.capture import LiveCapture
    from analyzer.opinion.check import SecondOpinion
    from analyzer.output.ci.baseline import Baseline
    from analyzer.output.meter import Meter
    from analyzer.output.written import Written


class Writer(Protocol):
    """What every format can do."""

    def begin(self) -> None:
        """Write what comes before the rows."""

    def fetch(self, fetch: Fetch) -> None:
        """Write one row."""

    def event(self, event: Event) -> None:
        """Write what is told beside the rows, while the capture goes on."""

    def end(self, summary: Summary) -> None:
        """Write what comes after the rows."""


class Job:
    """What `classify` was asked to do; `run()` does it once."""

    def __init__(
        self,
        paths: list[str],
        *,
        form: str,
        output: Path | None,
        choice: Choice,
        fail_on: Selection,
        everything: bool,
        quiet: bool,
        colour: str,
        group_by: tuple[str, ...] = (),
        stats: bool = False,
        client_log: Path | None = None,
        keylogs: list[Path] | None = None,
        baseline: Baseline | None = None,
        show_queries: bool = False,
        max_open: int = 0,
        follow: bool = False,
        settle: bool = False,
        live: LiveCapture | None = None,
        check: SecondOpinion | None = None,
    ) -> None:
        self.paths = paths
        self.form = form
        self.output = output
        self.choice = choice
        self.fail_on = fail_on
        self.choosing, self.failing = bool(choice), bool(fail_on)  # asked once: it is in the way of every row
        self.group_by, self.stats = group_by, stats
        self.quiet = quiet
        self.colour = colour
        self.everything = everything
        self.summary = Summary()
        self.found = False
        self.pending: set[int] = set()
        self.stopping: Stopping | None = None
        self.interrupted: ExitStatus | None = None
        self.live = live is not None or follow or any(map(streams, paths))
        self.capture = live
        self.check = check
        shows = sys.stderr.isatty() and not quiet
        # nobody knows how much of a stream is to come
        self.bar: ProgressBar | Meter | None = ProgressBar(sys.stderr) if shows and not self.live else None
        self.waiting = None if quiet else messages.waiting
        self.written: Written | None = None
        if not (self.live or check or baseline or client_log or group_by or self.choosing):  # which look at fetches
            self.written = _written(form)
        self.drawing = None
        if form in DRAWN and not self.live:
            from analyzer.output.ci.drawing import Drawings

            self.drawing = Drawings()
        self.reading = Reading(
            paths,
            kinds=True,
            lean=check is None,
            written=self.written,
            keep=None if self.drawing is None else self.drawing.keep,
            show_queries=show_queries,
            progress=self.bar,
            client_log=client_log,
            keylogs=keylogs or (),
            waiting=self.waiting,
            max_open=max_open,
            follow=follow,
            settle=settle or form == "parquet" or form in CI_FORMATS or bool(group_by),
            live=live,
        )
        if live is not None and shows:
            from analyzer.output.meter import Meter

            self.bar = self.reading.progress = Meter(sys.stderr, live, self.summary, self.reading.opened)
        self.summary.client_log = self.reading.client_log
        if choice.ignoring:
            self.summary.ignores = choice.ignores
        self.baseline = self.summary.baseline = baseline

    def run(self) -> ExitStatus:
        """Read, write, sum up, and check if that is wanted; the result is the exit status."""
        status = self._parquet() if self.form == "parquet" else self._drained()
        if self.check is None or status in (ExitStatus.INTERRUPTED, ExitStatus.TERMINATED):
            return status
        return report(self.check, self.reading.sources, quiet=self.quiet) or status

    def _drained(self) -> ExitStatus:
        gc.disable()  # a third of the time; what was given out holds no cycles (Connection.settle)
        with draining(self.reading.stop) as self.stopping:
            return self._text()

    def _text(self) -> ExitStatus:
        try:
            rows = self._wanted(self._until_interrupted())
            if self.check is not None:
                rows = ([row] for row in self.check.watch(chain.from_iterable(rows)))
            first: Rows = []
            if self.capture is None:  # opens the first capture: nothing is written over for an unreadable one
                first = next(rows, first)
                self._give_up_if_unreadable()
            with Output(self.output, None if self.quiet else messages.waiting_for_reader, self.form) as out:
                self._write(out, chain([first], rows))
        finally:
            self._close_bar()
            if self.written is not None:
                self.written.depot.close()
        self._report()
        return self._status()

    def _write(self, out: TextIO, chunks: Iterable[Rows]) -> None:
        """Write all rows, each as soon as it is known."""
        writer = self._writer(out)
        writer.begin()
        if self.live or self.written is not None:  # whose rows are bytes, and go past the text layer
            out.flush()
        clear = self.bar if out.isatty() else None
        written: Written = self.written  # type: ignore[assignment]  # it wrote the most of what is a Brief now
        write = out.buffer.write if written is not None else None
        for chunk in chunks:
            if clear is not None:
                clear.close()
            for row in chunk:
                if isinstance(row, Brief):
                    write(written.take(row))  # type: ignore[misc]
                elif isinstance(row, Fetch):
                    writer.fetch(row)
                else:
                    writer.event(row)
            if self.live:
                out.flush()
        self._close_bar()
        self._note_damage()
        writer.end(self.summary)

    def _until_interrupted(self) -> Iterator[Rows]:
        """All fetches, in chunks; after an interrupt that nothing could drain, those that were complete and waited."""
        try:
            yield from self.reading.told()
            return
        except Terminated:
            self.interrupted = ExitStatus.TERMINATED
        except KeyboardInterrupt:
            self.interrupted = ExitStatus.INTERRUPTED
        for chunk in self.reading.rest():
            yield [*chunk]

    def _wanted(self, chunks: Iterator[Rows]) -> Iterator[Rows]:
        """Counts everything, lets pass what is to be shown."""
        brief: Brief
        summary: Summary = self.summary
        everything, failing = self.everything, self.failing
        for chunk in chunks:
            wanted: Rows = []
            for row in chunk:
                if isinstance(row, Brief):
                    brief = row
                    summary.count(brief)
                    if brief.kind == "fetch" and failing:
                        self._note_found(brief.klass, brief.cause)
                    if everything or brief.kind == "fetch":
                        wanted.append(brief)
                elif isinstance(row, Fetch):
                    summary.add(row)
                    if self._shows(row):
                        wanted.append(row)
                else:
                    summary.tell(row)
                    if self._tells(row):
                        wanted.append(row)
            if wanted:
                yield wanted

    def _tells(self, event: Event) -> bool:
        """Whether what is told is about something that is shown."""
        if event.kind == "group":
            told = self.pending.intersection(event.fetches)
            self.pending -= told
            return bool(told)
        return not self.choosing or self.choice.shows(event.fetch)

    def _shows(self, fetch: Fetch) -> bool:
        """Whether it is to be shown; it may also be one that the exit status tells of."""
        verdict: Verdict
        if fetch.kind != "fetch":
            return self.everything and (not self.choosing or self.choice.shows(fetch))
        verdict = verdict_of(fetch)
        if self.failing:
            self._note_found(verdict.klass, verdict.cause)
        shown = not self.choosing or self.choice.shows(fetch)
        if self.baseline is not None and shown and verdict.failed and self._is_new(fetch):
            self.found = True
        if shown and fetch.group_outcome == PENDING:
            self.pending.add(fetch.number)
        return shown

    def _note_found(self, klass: str, cause: str) -> None:
        """The exit status may tell of such a verdict."""
        if self.fail_on.matches(klass, cause):
            self.found = self.found or not self.choice.ignores(klass, cause)

    def _is_new(self, fetch: Fetch) -> bool:
        """Whether it fails in a way that the baseline lacks, and the exit status is about such."""
        from analyzer.output.ci.baseline import kind_of

        return self.baseline is not None and self.baseline.sees(kind_of(fetch))

    def _writer(self, out: TextIO) -> Writer:
        if self.group_by:
            return self._group_writer(out)
        if self.form == "csv":
            from analyzer.output.csv import CsvWriter

            return CsvWriter(out)
        if self.form == "jsonl":
            from analyzer.output.jsonl import JsonlWriter

            return JsonlWriter(out)
        if self.form in CI_FORMATS:
            from analyzer.output.ci import writer

            sources = self.reading.sources
            files = {one.name: one.name if one.paths == [one.name] and not self.live else "" for one in sources}
            draw = None if self.drawing is None else partial(self.drawing.draw, sources=sources)
            return writer(self.form, out, files, baseline=self.baseline, seen=self._seen, draw=draw)
        from analyzer.output.table import HOLD, TableWriter, TsvWriter

        if self.form == "tsv":
            return TsvWriter(out)
        colour = messages.coloured(out, self.colour)
        columns = messages.columns(out)
        several = len(self.reading.sources) > 1
        screen = self.live and out.isatty()
        hold = 0 if self.live else HOLD
        table = TableWriter(out, columns, colour=colour, files=several, hold=hold, screen=screen)
        if not out.isatty() or self.live:  # what is shown live may turn out otherwise
            return table
        from analyzer.output.grouping import WHAT_AND_WHERE
        from analyzer.output.groups import GroupTable, Overview

        groups = GroupTable(out, WHAT_AND_WHERE, self._files(), stats=False, columns=columns, colour=colour)
        return Overview(table, groups, shutil.get_terminal_size().lines)

    def _group_writer(self, out: TextIO) -> Writer:
        """What writes groups of rows in place of the rows."""
        from analyzer.output.groups import CsvGroups, GroupTable, JsonlGroups, TsvGroups

        files = self._files()
        if self.form == "table":
            columns, colour = messages.columns(out), messages.coloured(out, self.colour)
            return GroupTable(out, self.group_by, files, stats=self.stats, columns=columns, colour=colour)
        kind = {"csv": CsvGroups, "jsonl": JsonlGroups}.get(self.form, TsvGroups)
        return kind(out, self.group_by, files, stats=self.stats)

    def _files(self) -> dict[str, str]:
        """The captures that `whyfetch show` can read, by name."""
        return {one.name: one.name for one in self.reading.sources if one.paths == [one.name] and not self.live}

    def _seen(self) -> str:
        """What was in the captures besides fetches."""
        counts = [(self.reading.packets, "packet"), (self.reading.tcp_packets, "TCP packet")]
        return ", ".join(plural(n, word, f"{word}s") for n, word in [*counts, (self.reading.connections, "connection")])

    def _parquet(self) -> ExitStatus:
        from analyzer.output.frame import write_parquet

        if self.output is None:
            raise UsageError("`--format parquet` cannot go to a terminal or a pipe", "`-o fetches.parquet`")
        try:
            write_parquet(self._rows(), self.output, self._give_up_if_unreadable)
        finally:
            self._close_bar()
        self._note_damage()
        self._report()
        return self._status()

    def _rows(self) -> Iterator[Fetch]:
        """What is to be shown, without what is told beside it."""
        rows = chain.from_iterable(self._wanted(self._until_interrupted()))
        for row in rows if self.check is None else self.check.watch(rows):
            if isinstance(row, Fetch):
                yield row

    def _give_up_if_unreadable(self) -> None:
        """When nothing could be read, that is an error; the other unreadable ones come first, as warnings."""
        if self.reading.exit_status is not ExitStatus.USAGE:
            return
        *others, last = self.reading.failures
        for error in others:
            messages.error(error.message, error.hint)
        raise last

    def _note_damage(self) -> None:
        if self.capture is not None:
            self.summary.capture, self.summary.read = self.capture.stats(), self.reading.packets
        self.summary.damaged = self.reading.exit_status is ExitStatus.DAMAGED
        self.summary.warnings = [*self.reading.warnings, *map(_as_warning, self.reading.failures)]

    def _report(self) -> None:
        """Warnings and summary, on stderr."""
        if self.quiet:
            return
        sys.stdout.flush()  # on a terminal the rows come first
        for text in self.summary.warnings:
            messages.warning(text)
        messages.said(self.reading.still_open())
        messages.said(self.summary.lines())

    def _status(self) -> ExitStatus:
        stopped = self.interrupted or (self.stopping.status if self.stopping is not None else None)
        if stopped is not None:
            return stopped
        if self.found:
            return ExitStatus.FOUND
        return self.reading.exit_status

    def _close_bar(self) -> None:
        if self.bar is not None:
            self.bar.close()


def _written(form: str) -> Written | None:
    """What writes rows of this format as soon as their fetches are judged, None = they are kept."""
    if form == "csv":
        from analyzer.output.written import CsvRows

        return CsvRows()
    if form == "jsonl":
        from analyzer.output.jsonl import JsonRows

        return JsonRows()
    return None


def _as_warning(error: CaptureError) -> str:
    return f"{error.message}; skipped"

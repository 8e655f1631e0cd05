"""One COMMAND of `whyfetch run`, from before its start to the report of what failed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import TextIO

from analyzer.api import Reading
from analyzer.capture.live import rights
from analyzer.capture.live.capture import LiveCapture
from analyzer.capture.live.savefile import Ring
from analyzer.capture.live.source import Wanted
from analyzer.cli import capturing, messages
from analyzer.cli.job import Writer
from analyzer.cli.output import Output
from analyzer.cli.selection import Choice
from analyzer.errors import AnalyzerError, ExitStatus, NotStartedError
from analyzer.keys import library
from analyzer.output.ci import FORMATS as CI_FORMATS
from analyzer.output.compact import CompactWriter
from analyzer.output.csv import CsvWriter
from analyzer.output.jsonl import JsonlWriter
from analyzer.output.summary import Summary
from analyzer.output.table import TableWriter, TsvWriter
from analyzer.process.attribution import Attribution
from analyzer.process.command import Command, CommandError, User
from analyzer.process.descendants import MARK
from analyzer.process.keys import Keys
from analyzer.process.levels import attribution
from analyzer.process.mine import Mine
from analyzer.process.warden import Warden
from analyzer.text import plural

WRITERS: dict[str, Callable[[TextIO], Writer]] = {
    "csv": CsvWriter,
    "jsonl": JsonlWriter,
    "table": partial(TableWriter, columns=0, colour=False, files=False),
    "tsv": TsvWriter,
}

BEGUN_S = 5.0
"""Seconds for us to begin with the reading, while a COMMAND of a millisecond has ended long ago."""


class Wrapped:
    """COMMAND, and what is told of it."""

    def __init__(
        self,
        arguments: list[str],
        wanted: Wanted,
        *,
        choice: Choice,
        always: bool,
        source: str,
        write: Path | None,
        ring: Ring | None,
        output: Path | None,
        form: str,
        force: bool,
        keys: bool,
        keep_keys: bool,
        show_queries: bool,
        user: User | None,
    ) -> None:
        self.arguments = arguments
        self.name = Path(arguments[0]).name
        self.wanted = wanted
        self.choice = choice
        self.always = always
        self.source = source
        self.force = force
        self.write = write
        self.ring = ring
        self.output = output
        self.form = form
        self.keys, self.keep_keys = keys, keep_keys
        self.show_queries = show_queries
        self.user = user
        self.summary = Summary()
        if choice.ignoring:
            self.summary.ignores = choice.ignores
        packets = str(write) if write is not None and ring is None else ""
        self.compact = CompactWriter(sys.stderr, packets, colour=messages.coloured(sys.stderr, "auto"))
        self.notes: list[str] = []
        self.keylogs: list[Path] = []
        self.living: list[int] = []
        self.problem: Exception | None = None

    def run(self) -> int:
        """Run it; the result is its exit status."""
        own = {} if self.user is None else {"HOME": self.user.home, "USER": self.user.name, "LOGNAME": self.user.name}
        keys = Keys({**os.environ, **own, MARK: str(os.getpid())}, wanted=self.keys, keep=self.keep_keys)
        try:
            if self.user is not None:
                keys.give_to(self.user.uid, self.user.gid)
            self.keylogs = readable(keys.path)
            command = Command(self.arguments, keys.environment, self.user)
            try:
                status = self._held(command)
            finally:
                command.close()
        finally:
            keys.close(bool(self.living))
        if self.problem is not None or self.always or status:
            with suppress(BrokenPipeError):
                self._report()
        if self.keep_keys and keys.path is not None:
            messages.note(f"the TLS keys are in `{keys.path}`")
        return status

    def _held(self, command: Command) -> int:
        """Set everything up while COMMAND waits."""
        whose = attribution(command, self.name)
        try:
            return self._captured(command, whose)
        finally:
            self.living = whose.close()
            self.notes += whose.notes

    def _captured(self, command: Command, whose: Attribution) -> int:
        """Let COMMAND go; from then on nothing that happens to us ends it."""
        mine = Mine(whose)
        try:
            with self._rows() as out, closing(self._capture(command)) as capture:
                reading = Reading(
                    (),
                    live=capture,
                    kinds=True,
                    lean=True,
                    show_queries=self.show_queries,
                    mine=mine,
                    keylogs=self.keylogs,
                )
                warden = Warden(command, partial(_stop, capture, reading))
                self._release(command)
                warden.start()
                try:
                    self._read(reading, [_writer(self.form, out)] if out else [])
                finally:
                    warden.join()
        except Exception as error:
            if not command.started or isinstance(error, NotStartedError):
                raise
            self.problem = error
        self.compact.said = f"`{self.name}` {_ended(warden)}"
        self._note(reading, mine)
        return warden.status

    @contextmanager
    def _rows(self) -> Iterator[TextIO | None]:
        """The file for the rows, which belongs to who called if we make it."""
        if self.output is None:
            yield None
            return
        new = not self.output.exists()
        with Output(self.output, messages.waiting_for_reader) as out:
            if new:
                rights.give_to_caller(out.fileno())
            yield out

    def _capture(self, command: Command) -> LiveCapture:
        """A capture that has begun. Its children would not hear signals that are blocked here."""
        with command.unblocked():
            capture = capturing.begin(self.wanted, self.source, 0, 0)
            if self.write is not None:
                of = f"process: {self.name} {command.pid}"  # its arguments may hold what is secret
                capturing.write(capture, self.write, self.ring, self.force, of)
        return capture

    def _release(self, command: Command) -> None:
        """Let COMMAND go; what a shell would say and exit with when it cannot be started."""
        name = self.arguments[0]
        try:
            command.release()
        except CommandError as error:
            missing = error.status is ExitStatus.NOT_FOUND
            text = f"no command is called `{name}`" if missing else f"cannot run `{name}`: {str(error).lower()}"
            hint = 'sudo has a PATH of its own: `sudo env "PATH=$PATH" whyfetch run ...`' if rights.caller() else None
            raise NotStartedError(text, error.status, hint if missing else None) from None

    def _read(self, reading: Reading, writers: list[Writer]) -> None:
        """Judge what COMMAND fetches while it runs."""
        writers = [self.compact, *writers]
        for writer in writers:
            writer.begin()
        for fetch in reading:
            self.summary.add(fetch)
            if fetch.kind == "fetch" and self.choice.shows(fetch):
                for writer in writers:
                    writer.fetch(fetch)
        for writer in writers[1:]:
            writer.end(self.summary)

    def _note(self, reading: Reading, mine: Mine) -> None:
        """What the reader of the report should know besides."""
        self.notes += [*reading.warnings, *(error.message for error in reading.failures), *reading.still_open()]
        if not self.compact.found:
            self.notes += mine.notes()
        if reading.foreign and (self.always or not self.compact.found):
            self.notes.append(f"left out: {plural(reading.foreign, 'fetch', 'fetches')} of other programs")

    def _report(self) -> None:
        """Below everything that COMMAND printed."""
        if self.living:
            living = plural(len(self.living), "process", "processes")
            self.notes.append(f"{living} of `{self.name}` went on when it had ended; what they fetch now is not seen")
        for text in self.notes:
            messages.warning(text)
        self.compact.end(self.summary)
        for line in self.summary.ignored_line():
            messages.note(line)
        error = self.problem
        if isinstance(error, AnalyzerError):
            messages.error(error.message, error.hint)
        elif isinstance(error, OSError):
            messages.error(f"the report is not complete: {(error.strerror or str(error)).lower()}")
        elif error is not None:
            messages.error(f"the report is not complete: internal error {type(error).__name__}")


def _writer(form: str, out: TextIO) -> Writer:
    """What writes the file of rows."""
    if form not in CI_FORMATS:
        return WRITERS[form](out)
    from analyzer.output.ci import writer

    return writer(form, out, {})


def _stop(capture: LiveCapture, reading: Reading) -> None:
    """End the capture, once it is read: what is open then is judged as at the end of a file."""
    end = monotonic() + BEGUN_S
    while not reading.captures and monotonic() < end:
        sleep(0.01)
    capture.stop()


def _ended(warden: Warden) -> str:
    """How COMMAND ended, in words."""
    if not warden.waited:
        return "still runs although it was told to end"
    if warden.status > 128:
        return f"was ended by signal {warden.status - 128}"
    return f"exited with {warden.status}"


def readable(path: Path | None) -> list[Path]:
    """The key log of COMMAND, where it can be used: the library is there, and so is the file, or can be."""
    if path is None or not library.installed():
        return []
    with suppress(OSError):
        path.touch(exist_ok=True)  # COMMAND writes at its end
        return [path]
    return []

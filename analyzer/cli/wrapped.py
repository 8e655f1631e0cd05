"""One COMMAND of `whyfetch run`, from before its start to the report of what failed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from analyzer.api import Reading
from analyzer.cli import messages
from analyzer.cli.job import Output, Writer
from analyzer.errors import AnalyzerError, ExitStatus, NotStartedError
from analyzer.output.compact import CompactWriter
from analyzer.output.csv import CsvWriter
from analyzer.output.jsonl import JsonlWriter
from analyzer.output.summary import Summary
from analyzer.output.table import PlainWriter
from analyzer.output.text import plural
from analyzer.process.attribution import Attribution
from analyzer.process.command import Command, CommandError
from analyzer.process.keys import Keys
from analyzer.process.levels import attribution
from analyzer.process.mine import Mine
from analyzer.process.poll import MARK
from analyzer.process.warden import Warden

WRITERS: dict[str, type[CsvWriter] | type[JsonlWriter] | type[PlainWriter]] = {
    "csv": CsvWriter,
    "jsonl": JsonlWriter,
    "table": PlainWriter,
}


class Wrapped:
    """COMMAND, and what is told of it."""

    def __init__(
        self,
        arguments: list[str],
        interfaces: list[str],
        *,
        always: bool,
        write: Path | None,
        output: Path | None,
        form: str,
        keep_keys: bool,
        show_queries: bool,
    ) -> None:
        self.arguments = arguments
        self.name = Path(arguments[0]).name
        self.interfaces = interfaces
        self.always = always
        self.write = write
        self.output = output
        self.form = form
        self.keep_keys = keep_keys
        self.show_queries = show_queries
        self.summary = Summary()
        self.compact = CompactWriter(sys.stderr, colour=messages.coloured(sys.stderr, "auto"))
        self.notes: list[str] = []
        self.living: list[int] = []
        self.problem: Exception | None = None

    def run(self) -> int:
        """Run it; the result is its exit status."""
        keys = Keys({**os.environ, MARK: str(os.getpid())}, self.keep_keys)
        try:
            command = Command(self.arguments, keys.environment)
            try:
                status = self._held(command)
            finally:
                command.close()
        finally:
            keys.close(bool(self.living))
        if self.problem is not None or self.always or status:
            with suppress(BrokenPipeError):
                self._report(status)
        if self.keep_keys:
            messages.note(f"the TLS keys are in `{keys.path}`")
        return status

    def _held(self, command: Command) -> int:
        """Set everything up while COMMAND waits, and let it go."""
        whose = attribution(command, self.name)
        try:
            with opened(self.interfaces, self.write) as capture:
                reading = Reading(
                    capture.paths, kinds=True, lean=True, show_queries=self.show_queries, mine=Mine(whose)
                )
                warden = Warden(command, capture.stop)
                self._release(command)
                warden.start()
                try:
                    self._read(reading)
                except Exception as error:  # COMMAND goes on, whatever becomes of us
                    self.problem = error
                warden.join()
        finally:
            self.living = whose.close()
        self._note(reading, whose, warden)
        return warden.status

    def _release(self, command: Command) -> None:
        """Let COMMAND go; what a shell would say and exit with when it cannot be started."""
        name = self.arguments[0]
        try:
            command.release()
        except CommandError as error:
            missing = error.status is ExitStatus.NOT_FOUND
            text = f"no command is called `{name}`" if missing else f"cannot run `{name}`: {str(error).lower()}"
            raise NotStartedError(text, error.status) from None

    def _read(self, reading: Reading) -> None:
        """Judge what COMMAND fetches while it runs."""
        with Output(self.output) if self.output else nullcontext(None) as out:
            writers: list[Writer] = [self.compact, *([WRITERS[self.form](out)] if out else [])]
            for writer in writers:
                writer.begin()
            for fetch in reading:
                self.summary.add(fetch)
                if fetch.kind == "fetch":
                    for writer in writers:
                        writer.fetch(fetch)
            for writer in writers[1:]:
                writer.end(self.summary)

    def _note(self, reading: Reading, whose: Attribution, warden: Warden) -> None:
        """What the reader of the report should know besides."""
        self.compact.said = f"`{self.name}` {_ended(warden)}"
        self.notes = [*reading.warnings, *(error.message for error in reading.failures), *whose.notes]
        if self.living:
            living = plural(len(self.living), "process", "processes")
            self.notes.append(f"{living} of `{self.name}` went on when it had ended; what they fetch now is not seen")
        if reading.foreign and (self.always or not self.compact.found):
            self.notes.append(f"{plural(reading.foreign, 'fetch', 'fetches')} of other programs are left out")

    def _report(self, status: int) -> None:
        for text in self.notes:
            messages.warning(text)
        self.compact.end(self.summary)
        if isinstance(self.problem, AnalyzerError):
            messages.error(self.problem.message, self.problem.hint)
        elif self.problem is not None:
            messages.error(f"the report is incomplete: {type(self.problem).__name__}")


def _ended(warden: Warden) -> str:
    """How COMMAND ended, in words."""
    if not warden.waited:
        return "still runs although it was told to end"
    if warden.status > 128:
        return f"was ended by signal {warden.status - 128}"
    return f"exited with {warden.status}"


class _Child:
    """tcpdump, read through a pipe."""

    def __init__(self, fifo: Path, interfaces: list[str], write: Path | None) -> None:
        os.mkfifo(fifo)
        self.paths = [str(fifo)]
        line = [
            "tcpdump",
            "-i",
            interfaces[0],
            "-U",
            "--immediate-mode",
            "-s",
            "9000",
            "-B",
            "65536",
            "-w",
            str(fifo),
            "-Z",
            "root",
        ]
        self.reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        self.child = subprocess.Popen(
            line,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=lambda: __import__("signal").pthread_sigmask(2, set()),
        )
        assert self.child.stderr is not None
        self.child.stderr.readline()
        self.child.stderr.readline()

    def stop(self) -> None:
        """End it."""
        self.child.terminate()


@contextmanager
def opened(interfaces: list[str], write: Path | None) -> Iterator[_Child]:
    """A capture that has begun."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        child = _Child(Path(folder) / "fifo", interfaces, write)
        try:
            yield child
        finally:
            child.child.kill()
            child.child.communicate()

"""Errors a user can act on: what went wrong, what to do about it, and the exit status of the command line."""

from enum import IntEnum


class ExitStatus(IntEnum):
    """How the command ends; docs/exit-codes.md is checked against these comments."""

    OK = 0
    """Done, whatever the verdicts; also when the reader of a pipe has gone."""
    FOUND = 1
    """Only with `--fail-on`: a fetch matches; with `--check`, `--second-opinion`: Wireshark says otherwise."""
    USAGE = 2
    """Wrong usage, unreadable input, a missing right or a missing tool."""
    DAMAGED = 3
    """Done, but the input was damaged: the results are partial, and a warning says so."""
    NOT_EXECUTABLE = 126
    """Only `run`: COMMAND is there and cannot be run."""
    NOT_FOUND = 127
    """Only `run`: there is no COMMAND of that name."""
    INTERRUPTED = 130
    """Interrupted, after printing what was complete; a second Ctrl-C ends it at once."""
    TERMINATED = 143
    """Ended by SIGTERM, likewise."""


class Terminated(KeyboardInterrupt):
    """SIGTERM where nothing could be drained, or the second one."""


class AnalyzerError(Exception):
    """Base of all errors raised on purpose.

    `message` is lower case, has literals in backticks and no full stop; `hint` says what to do, or is None.
    """

    exit_status = ExitStatus.USAGE

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class CaptureError(AnalyzerError):
    """A capture that cannot be opened or is none."""


class CutCaptureError(CaptureError):
    """A capture that ends within its header."""


class PackedError(CaptureError):
    """A file that cannot be unpacked without a package that is not installed."""


class NotationCaptureError(CaptureError):
    """A timeline with a line that says nothing; `sure`: it begins as one, else only its name says that it is one."""

    def __init__(self, message: str, hint: str, *, sure: bool) -> None:
        super().__init__(message, hint)
        self.sure = sure


class SourceError(CaptureError):
    """A live source that cannot capture here: no such interface, no right, a filter that does not compile."""


class NotStartedError(AnalyzerError):
    """COMMAND of `run` cannot be started."""

    def __init__(self, message: str, exit_status: ExitStatus, hint: str | None = None) -> None:
        super().__init__(message, hint)
        self.exit_status = exit_status


class UsageError(AnalyzerError):
    """The command line asks for something that cannot be done."""


class MissingError(AnalyzerError):
    """`what` needs the Python package `package`, which whyfetch installs only with its extra `extra`."""

    def __init__(self, what: str, package: str, extra: str) -> None:
        super().__init__(f"{what} needs the Python package `{package}`", how_to_install(extra))


def how_to_install(extra: str) -> str:
    """The hint for an extra of pyproject.toml."""
    return f"`pip install 'whyfetch[{extra}]'`"

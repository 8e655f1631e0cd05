"""The `whyfetch` command: its subcommands, and how any of them ends."""

from __future__ import annotations

import errno
import gc
import os
import re
import sys
from collections.abc import Callable, Iterable
from functools import wraps
from importlib import import_module
from os.path import exists
from pathlib import Path
from typing import Annotated, ParamSpec

import typer

from analyzer.cli import messages
from analyzer.cli.workflow import tamed
from analyzer.errors import AnalyzerError, ExitStatus, Terminated

_P = ParamSpec("_P")

COMMANDS = {
    "classify": "Say of every fetch whether it failed, why, and what proves it.",
    "sniff": "Say the same of interfaces, while it goes on.",
    "run": "Run COMMAND and say why its fetches failed.",
    "show": "Show one fetch, packet by packet, and why this verdict.",
    "report": "Write a page for somebody who reads no tables.",
    "case": "Print one fetch as an anonymised timeline, to report a bug.",
    "signatures": "Print what every cause means, and what to do about it.",
    "doctor": "Say what works on this machine, and what does not.",
}
"""The subcommands, each a function of that name in a module of that name, as the list of them describes them."""
SETTINGS: dict[str, dict[str, object]] = {"run": {"allow_interspersed_args": False}}
"""What is special about their arguments."""

PATH = re.compile(r"[./\\*?[]")
"""What is in no command's name, and in that of nearly every capture."""

OPTIONS = ("--debug", "--version", "-V", "--help", "-h", "--install-completion", "--show-completion")
"""What may stand before a command."""

WIDEST = 100
"""Columns of a line of help, on a terminal that has so many."""

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What a write fails with when the place it goes to takes no more."""


class PipeClosedError(Exception):
    """The reader of our output has gone."""


def guarded(command: Callable[_P, int]) -> Callable[_P, int]:
    """Keep a broken pipe from typer, which would make it exit status 1: that means findings here."""

    @wraps(command)
    def run_it(*arguments: _P.args, **options: _P.kwargs) -> int:
        try:
            return command(*arguments, **options)
        except BrokenPipeError:
            raise PipeClosedError from None

    return run_it


def application(arguments: Iterable[str] = ()) -> typer.Typer:
    """The command line as far as these arguments need it: to import all commands takes longer than to run most."""
    app = typer.Typer(
        name="whyfetch",
        help="Say why fetches failed, from packet captures, and cite the packets that prove it.",
        epilog="Example: whyfetch trace.pcapng   (short for whyfetch classify trace.pcapng)",
        no_args_is_help=True,
        rich_markup_mode=None,  # rich's boxes would cut messages, and take 0.1 s to import
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDEST},
    )
    app.callback()(options)
    first = next((word for word in arguments if not word.startswith("-")), "")
    for name in [first] if first in COMMANDS else COMMANDS:
        command = getattr(import_module(f"analyzer.cli.{name}"), name)
        app.command(name, short_help=COMMANDS[name], context_settings=SETTINGS.get(name, {}))(guarded(command))
    return app


def spelled_out(arguments: list[str]) -> list[str]:
    """The arguments with the command that is meant where a capture stands in its place: `whyfetch -q trace.pcap`.

    What has the look of a path is taken for one though there is none, so that the error is about the file. A file
    called like a command needs `./` before its name.
    """
    at = next((at for at, word in enumerate(arguments) if word not in OPTIONS), len(arguments))
    words = arguments[at:] if _is_option(arguments[at:]) else arguments[at : at + 1]
    for word in words:
        if word in COMMANDS:
            break
        if word == "-" or (not word.startswith("-") and (PATH.search(word) or exists(word))):  # noqa: PTH110
            return [*arguments[:at], "classify", *arguments[at:]]  # (Path.exists raises for a name that is too long)
    return arguments


def _is_option(words: list[str]) -> bool:
    return bool(words) and words[0].startswith("-") and words[0] != "-"


def _version(wanted: bool) -> None:
    if not wanted:
        return
    from analyzer.version import engine, version

    typer.echo(f"whyfetch {version()} (engine: {engine()})")
    raise typer.Exit


def options(
    version: Annotated[
        bool, typer.Option("--version", "-V", help="Show version and engine.", callback=_version, is_eager=True)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
) -> None:
    """Options before the subcommand."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its status.

    At once: to free object by object what a large capture left behind takes longer than to start.
    """
    gc.set_threshold(20_000)  # what imports make stays; to look for garbage in it takes a thirtieth of the start
    arguments = sys.argv[1:] if arguments is None else arguments
    _open_streams()
    sys.stderr = tamed(sys.stderr)
    status = run(arguments)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _close_stdout()
    except OSError as error:
        status = _unwritten(error)
    sys.stderr.flush()
    os._exit(status)


def _open_streams() -> None:
    """A standard stream that somebody closed leads nowhere: else the next file that is opened would be taken for it.

    Not inherited: a program that we start finds it closed, as it was.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))


def run(arguments: list[str]) -> int:
    """Run the command line; every way a command can end becomes an exit status here."""
    arguments = spelled_out(arguments)
    try:
        return int(application(arguments)(arguments, prog_name="whyfetch", standalone_mode=False) or 0)
    except (BrokenPipeError, PipeClosedError):  # the reader of the pipe has seen enough: that is no failure
        _close_stdout()
        return ExitStatus.OK
    except Terminated:
        return ExitStatus.TERMINATED
    except KeyboardInterrupt:
        return ExitStatus.INTERRUPTED
    except AnalyzerError as error:
        if "--debug" in arguments:
            raise
        messages.error(error.message, error.hint)
        return error.exit_status
    except typer.TyperException as error:
        return _usage(error)
    except Exception as error:
        if "--debug" in arguments:
            raise
        if isinstance(error, OSError) and error.errno in FULL:
            return _unwritten(error)
        messages.error(f"internal error: {type(error).__name__}{_place(error)}", "`whyfetch --debug ...` shows more")
        return ExitStatus.USAGE


def _place(error: Exception) -> str:
    """Where it was raised. Not what it says: that may be a piece of a capture."""
    from traceback import extract_tb

    frames = extract_tb(error.__traceback__)
    if not frames:
        return ""
    return f" in {'/'.join(Path(frames[-1].filename).parts[-2:])}, line {frames[-1].lineno}"


def _unwritten(error: OSError) -> int:
    """The output could not be written."""
    messages.error(f"cannot write the output: {(error.strerror or str(error)).lower()}", "is there space left for it?")
    return ExitStatus.USAGE


def _usage(error: typer.TyperException) -> int:
    """A usage error in the words of the other errors: lower case, no full stop, a hint."""
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError" and context is not None:
        sys.stderr.write(context.get_help() + "\n")
        return ExitStatus.USAGE
    path = context.command_path if context is not None else "whyfetch"
    messages.error(_reworded(error), _suggestion(error) or f"`{path} --help` shows what it takes")
    return ExitStatus.USAGE


def _reworded(error: typer.TyperException) -> str:
    """typer's message with literals in backticks and without pydantic's prefix or typer's guesses."""
    name = getattr(error, "option_name", None)
    if type(error).__name__ == "NoSuchOption" and name:
        return f"no option is called `{name}`"
    message = error.format_message().replace("Value error, ", "").split(". Did you mean")[0].rstrip(".")
    message = re.sub(r"'([^'\s]+)'", r"`\1`", message)
    return message[:1].lower() + message[1:]


def _suggestion(error: typer.TyperException) -> str:
    """The option or command that was probably meant."""
    likely = getattr(error, "possibilities", None) or re.findall(r"Did you mean '([^']+)'", error.format_message())
    return f"did you mean {' or '.join(f'`{name}`' for name in sorted(likely))}?" if likely else ""


def _close_stdout() -> None:
    """Point stdout at nothing, so that the interpreter's last flush does not fail as well."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)

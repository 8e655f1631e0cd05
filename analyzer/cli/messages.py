"""How the program speaks on stderr: `error: what`, a blank line, `hint: what to do`; `warning: what`."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from typing import TextIO

from analyzer.text import safe, width, wrap

LOG = 120
"""Columns of a log in a browser: what those of GitHub and GitLab show on a usual screen."""


def error(message: str, hint: str | None = None) -> None:
    """Print an error, and what to do about it."""
    _put("error", "31", message)
    if hint:
        sys.stderr.write("\n")
        _put("hint", "36", hint)


def warning(message: str) -> None:
    """Print a warning."""
    _put("warning", "33", message)


def waiting(name: str) -> None:
    """Nothing comes out of a pipe yet."""
    what = "on standard input" if name == "-" else f"to `{name}`"
    _put("note", "36", f"waiting for what will be written {what}")


def waiting_for_reader(name: str) -> None:
    """Nobody reads the pipe that the output goes to."""
    _put("note", "36", f"waiting for somebody to read `{name}`")


def note(message: str) -> None:
    """Print what is good to know."""
    _put("note", "36", message)


def said(lines: Iterable[str]) -> None:
    """Print the lines of a summary; on a terminal broken between words, where it is narrower than they are."""
    room = columns(sys.stderr) if sys.stderr.isatty() else 0
    for line in lines:
        first, *more = wrap(line, room - 2) if 2 < room < width(line) else [line]
        sys.stderr.write("".join([first + "\n", *(f"  {text}\n" for text in more)]))


def _put(kind: str, code: str, text: str) -> None:
    shown = f"\x1b[1;{code}m{kind}\x1b[0m" if coloured(sys.stderr, "auto") else kind
    sys.stderr.write(f"{shown}: {safe(text)}\n")


def columns(stream: TextIO) -> int:
    """Columns that lines may have: of a terminal its own, of a log LOG, else 0, for as many as there are.

    COLUMNS decides otherwise, as everywhere. A CI system shows its log in a window and breaks longer lines anywhere.
    """
    if stream.isatty():
        return shutil.get_terminal_size().columns
    said = os.environ.get("COLUMNS", "")
    if said.isascii() and said.isdigit() and len(said) < 6:
        return int(said)
    in_ci = os.environ.get("CI") or os.environ.get("GITHUB_ACTIONS")
    return LOG if in_ci and stream is sys.stdout else 0


def coloured(stream: TextIO, wish: str) -> bool:
    """Whether to colour: `always` and `never` decide; else NO_COLOR, FORCE_COLOR, and whether it is a terminal."""
    if wish != "auto":
        return wish == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"

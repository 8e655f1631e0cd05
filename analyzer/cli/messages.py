"""How the program speaks on stderr: `error: what`, a blank line, `hint: what to do`; `warning: what`."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from analyzer.output.text import safe


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


def _put(kind: str, code: str, text: str) -> None:
    shown = f"\x1b[1;{code}m{kind}\x1b[0m" if coloured(sys.stderr, "auto") else kind
    sys.stderr.write(f"{shown}: {safe(text)}\n")


def coloured(stream: TextIO, wish: str) -> bool:
    """Whether to colour: `always` and `never` decide; else NO_COLOR, FORCE_COLOR, and whether it is a terminal."""
    if wish != "auto":
        return wish == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"

r"""In a job of GitHub Actions the log is obeyed: no word of a packet or of a client may become a command of it.

The runner takes a line for a command that begins, after blanks, with `::name ...::`, and of the older kind whatever
stands in `##[name]`, anywhere (actions/runner, ActionCommand.cs). Where it would, one character is shown as its code:
`:\x3aerror::`. Formats for programs are left alone: `--format github` gives commands on purpose, CSV is what it is.
"""

from __future__ import annotations

import os
import re
from typing import TextIO, cast

OLDER = re.compile(r"##(?=\[)")
COMMAND = re.compile(r"^(\s*:):(?=[A-Za-z-]+(?:\s.*)?::)")
"""Of IPv6 addresses at a line's beginning none is called as commands are."""


def in_workflow() -> bool:
    """Whether a runner of GitHub's reads what we print."""
    return bool(os.environ.get("GITHUB_ACTIONS"))


def tamed(stream: TextIO) -> TextIO:
    """The stream, on which nothing becomes a command where commands are obeyed."""
    return cast("TextIO", _Tamed(stream)) if in_workflow() else stream


def harmless(line: str) -> str:
    """A line that the runner takes for text."""
    if "##[" in line:
        line = OLDER.sub(r"#\\x23", line)
    if line.lstrip().startswith("::"):
        line = COMMAND.sub(r"\1\\x3a", line)
    return line


class _Tamed:
    """Writes whole lines; what is the beginning of one waits for its end, or for a flush."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.begun = ""

    def write(self, text: str) -> int:
        *whole, self.begun = (self.begun + text).split("\n")
        for line in whole:
            self.stream.write(harmless(line) + "\n")
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        begun, self.begun = self.begun, ""
        self.stream.write(harmless(begun))
        self.stream.flush()

    def __getattr__(self, name: str) -> object:
        return getattr(self.stream, name)

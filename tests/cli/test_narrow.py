"""What stands on standard error of a narrow terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from analyzer.text import width

ROOT = Path(__file__).parents[2]


def on_a_terminal(arguments: list[str], columns: int) -> list[str]:
    """The lines of standard error, which is a terminal of that width."""
    reader, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": str(columns), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "whyfetch", *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=terminal) as child:
        os.close(terminal)
        said = b""
        while piece := _read(reader):
            said += piece
        assert child.wait() == 0
    os.close(reader)
    shown = re.split(r"\x1b\[[0-9;?]*[A-Za-z]", said.decode())[-1]  # a busy machine draws a bar first, and wipes it
    return shown.replace("\r", "").strip("\n").splitlines()


def _read(reader: int) -> bytes:
    try:
        return os.read(reader, 1 << 16)
    except OSError:  # nobody has it open any more
        return b""


@pytest.mark.parametrize("columns", [20, 40, 80])
def test_the_summary_breaks_between_words(columns: int) -> None:
    """No line is wider than the terminal, unless a word is; nothing is lost."""
    wide, narrow = on_a_terminal(["classify", "samples"], 1000), on_a_terminal(["classify", "samples"], columns)
    assert len(narrow) > len(wide) > 5
    assert " ".join(" ".join(narrow).split()) == " ".join(" ".join(wide).split())
    assert all(width(line) <= columns or len(line.split()) == 1 for line in narrow)

"""What CI systems read: JUnit, SARIF, GitHub's annotations, Markdown, GitLab's code quality; and the baseline."""

from __future__ import annotations

# not compiled: chosen once a command
from collections.abc import Callable, Mapping
from importlib import import_module
from os.path import isfile
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from analyzer.output.ci.baseline import Baseline
    from analyzer.output.ci.gathered import Gathered

FORMATS = ("github", "gitlab", "junit", "markdown", "sarif")
"""Each is written by `write` in the module of its name, when all rows are known."""


BEGIN = b'{"type":"begin"'
"""How a file of rows begins that `--format jsonl` wrote, and no capture does."""


def holds_rows(path: str) -> bool:
    """Whether a file holds rows instead of packets."""
    if not isfile(path):  # noqa: PTH113  (Path raises for a name that is too long)
        return False
    try:
        with Path(path).open("rb") as stream:
            return stream.read(len(BEGIN)) == BEGIN
    except OSError:
        return False


def writer(
    form: str,
    out: TextIO,
    captures: Mapping[str, str],
    *,
    baseline: Baseline | None = None,
    seen: Callable[[], str] = str,
) -> Gathered:
    """The writer of one of FORMATS.

    captures  the names of what is read, each with the file that `whyfetch show` takes, "" = none
    seen      says at the end what was in it besides fetches
    """
    from analyzer.output.ci.gathered import Gathered

    module = import_module(f"analyzer.output.ci.{form}")
    return Gathered(out, module.write, captures, baseline=baseline, by_file=form == "junit", seen=seen)

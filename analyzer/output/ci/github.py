"""GitHub Actions: annotations by workflow commands, and the summary of the step.

The runner reads commands in the output of a step (docs.github.com, "Workflow commands"). It shows ten annotations of a
kind a step and 50 a job (actions/toolkit, docs/problem-matchers.md), and drops a summary of more than 1 MiB whole.
"""

from __future__ import annotations

# not compiled: writes once a command
import os
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from analyzer.output.ci import markdown
from analyzer.text import cut, plural, safe

if TYPE_CHECKING:
    from analyzer.output.ci.gathered import Gathered
    from analyzer.output.ci.problem import Problem

MOST = 10
"""Annotations of a kind that are shown for a step."""
MAX_TITLE = 200
"""Columns; the interface of check runs takes 255 characters."""
MAX_MESSAGE = 4_000
"""Columns; the interface of check runs takes 64 kB, people read three lines."""
SUMMARY = "GITHUB_STEP_SUMMARY"
"""The variable that names the file for the summary."""


def write(out: TextIO, gathered: Gathered) -> None:
    """Write the annotations; the summary goes to the file that the runner names, if there is one."""
    path = os.environ.get(SUMMARY, "")
    where = "in the summary of this step" if path and _summary(Path(path), gathered) else "by `whyfetch classify`"
    kinds: dict[str, list[tuple[str, str]]] = {"error": [], "warning": [], "notice": []}
    for problem in gathered.failures():
        kinds[_kind(problem)].append((problem.title, _message(problem)))
    for problem in gathered.incomplete():
        kinds["notice"].append((problem.title, _message(problem)))
    for failure in gathered.fixed():
        kinds["notice"].append((f"fixed: {failure}", "It failed in the run before, and does not occur in this one."))
    for kind, found in kinds.items():
        for title, message in _within(found, where):
            out.write(command(kind, title, message))
    out.write(command("notice", "whyfetch", gathered.headline()) if not any(kinds.values()) else "")


def _kind(problem: Problem) -> str:
    """An error is what fails anew and stays failed."""
    if problem.state == "known":
        return "notice"
    return "warning" if problem.mended == problem.count else "error"


def _message(problem: Problem) -> str:
    """The sentence, what to do, and how to see the packets."""
    lines = [problem.text("summary"), problem.text("advice"), ", ".join(problem.facts()), problem.show()]
    return "\n".join(line for line in lines if line)


def _within(found: list[tuple[str, str]], where: str) -> list[tuple[str, str]]:
    """As many as are shown; the last says how many more there are."""
    if len(found) <= MOST:
        return found
    more = len(found) - (MOST - 1)
    return [*found[: MOST - 1], (f"and {plural(more, 'group', 'groups')} more", f"They are listed {where}.")]


def command(kind: str, title: str, message: str) -> str:
    """A workflow command. Nothing in it can end it, or begin another one."""
    return f"::{kind} title={_property(cut(title, MAX_TITLE))}::{_data(cut(message, MAX_MESSAGE))}\n"


def _data(text: str) -> str:
    """As the runner undoes it (actions/runner, ActionCommand.cs); lines are ours, all else is escaped already."""
    text = "\n".join(safe(line) for line in text.split("\n"))
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _summary(path: Path, gathered: Gathered) -> bool:
    """Append the summary to what the step has already; whether that could be done."""
    try:
        used = path.stat().st_size if path.exists() else 0
        text = markdown.text(gathered, markdown.MAX_BYTES - used)
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        gathered.summary.warnings.append(f"cannot write `{path}`: {(error.strerror or str(error)).lower()}")
        return False
    return bool(text)

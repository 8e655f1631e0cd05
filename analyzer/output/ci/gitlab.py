"""GitLab's code quality report: a JSON list with an entry for each kind of failure.

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format: description, check_name, fingerprint,
severity, location. The merge request shows what is new compared with the target branch, by fingerprint.
"""

from __future__ import annotations

# not compiled: writes once a command
import json
from typing import TYPE_CHECKING, TextIO

from analyzer.output.ci.problem import relative
from analyzer.text import cut

if TYPE_CHECKING:
    from analyzer.output.ci.gathered import Gathered
    from analyzer.output.ci.problem import Problem

MAX_DESCRIPTION = 1_000
"""Columns of a sentence: a list of them is read in a narrow widget."""


def write(out: TextIO, gathered: Gathered) -> None:
    """Write the list, an entry a line."""
    entries = [json.dumps(_entry(problem), ensure_ascii=False) for problem in gathered.failures()]
    out.write("[" + ",".join(f"\n{entry}" for entry in entries) + "\n]\n")


def _entry(problem: Problem) -> dict[str, object]:
    """One finding. What the baseline knows, and what a retry made good, weighs less."""
    severity = "info" if problem.state == "known" else "minor" if problem.mended == problem.count else "major"
    return {
        "description": cut(f"{problem.title}: {problem.text('summary')}", MAX_DESCRIPTION),
        "check_name": problem.verdict,
        "fingerprint": problem.fingerprint,
        "severity": severity,
        "location": {"path": relative(problem.text("file")), "lines": {"begin": 1}},
    }

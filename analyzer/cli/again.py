"""`whyfetch classify --format junit rows.jsonl`: rows that were written before, in a format for CI.

What a live capture told (`sniff`, `run`) is in its rows alone, and they hold all that such a format needs.
"""

from __future__ import annotations

# not compiled: reads lines of JSON
import sys
from os.path import isfile
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.cli import messages
from analyzer.cli.selection import Choice, Selection
from analyzer.errors import ExitStatus, UsageError
from analyzer.output.ci import FORMATS, holds_rows, writer
from analyzer.output.ci.fingerprint import kind
from analyzer.output.ci.rows import HINT, cleaned, objects
from analyzer.output.summary import Summary
from analyzer.text import safe
from analyzer.verdict.model import CLASSES, FAILURES

if TYPE_CHECKING:
    from analyzer.output.ci.baseline import Baseline
    from analyzer.output.ci.gathered import Gathered


class Again:
    """Writes a report from rows."""

    def __init__(
        self, paths: list[str], form: str, output: Path | None, choice: Choice, fail_on: Selection, quiet: bool
    ) -> None:
        if form not in FORMATS:
            forms = ", ".join(FORMATS)
            raise UsageError(f"`{paths[0]}` holds rows and no packets", f"rows become `--format` {forms}")
        others = [path for path in paths if not holds_rows(path)]
        if others:
            raise UsageError(f"`{others[0]}` holds no rows, as `{paths[0]}` does", HINT)
        self.paths = paths
        self.form = form
        self.output = output
        self.choice = choice
        self.fail_on = fail_on
        self.quiet = quiet
        self.summary = Summary()
        self.found = False
        self.files: dict[str, None] = {}
        self.amended: dict[tuple[str, str], dict[str, object]] = {}
        self.outcomes: dict[tuple[str, str], object] = {}

    def run(self, baseline: Baseline | None) -> ExitStatus:
        """Read, write, sum up; the result is the exit status."""
        from analyzer.cli.output import Output

        self.summary.baseline = baseline
        for path in self.paths:
            self._look_ahead(path)
        files = {name: name if isfile(name) else "" for name in self.files}  # noqa: PTH113
        with Output(self.output, None if self.quiet else messages.waiting_for_reader, self.form) as out:
            gathered = writer(self.form, out, files, baseline=baseline)
            for path in self.paths:
                for fields in objects(Path(path)):
                    if fields["type"] == "fetch" and fields.get("fetch"):
                        self._count(self._as_it_ended(path, fields), gathered)
            gathered.end(self.summary)
        self._report()
        if self.found:
            return ExitStatus.FOUND
        return ExitStatus.DAMAGED if self.summary.damaged else ExitStatus.OK

    def _look_ahead(self, path: str) -> None:
        """What is told behind the rows: outcomes, rows that turned out otherwise, and how the reading went."""
        complete = False
        for fields in objects(Path(path)):
            complete = fields["type"] == "summary"
            number = str(fields.get("fetch"))
            if fields["type"] == "fetch":
                self.files.setdefault(str(fields.get("file")))
            elif fields["type"] == "amended":
                self.amended[path, number] = fields
            elif fields["type"] == "group":
                members = fields.get("fetches")
                for one in members if isinstance(members, list) else []:
                    self.outcomes[path, str(one)] = fields.get("group_outcome")
            elif complete:
                self._add(fields)
        if not complete:
            self.summary.damaged = True
            self.summary.warnings.append(f"`{path}` has no summary: the run that wrote it was cut short")

    def _add(self, fields: dict[str, object]) -> None:
        """The end of a file of rows."""
        without, warnings = fields.get("connections_without_fetch"), fields.get("warnings")
        self.summary.connections_without_fetch += without if isinstance(without, int) else 0
        self.summary.warnings += map(str, warnings) if isinstance(warnings, list) else []
        self.summary.damaged |= fields.get("damaged") is True

    def _as_it_ended(self, path: str, fields: dict[str, object]) -> dict[str, object]:
        """A row with what was told of it later."""
        row = (path, str(fields.get("fetch")))
        fields = self.amended.get(row, fields)
        return {**fields, "group_outcome": self.outcomes.get(row, fields.get("group_outcome"))}

    def _count(self, fields: dict[str, object], gathered: Gathered) -> None:
        """One fetch."""
        klass, cause = str(fields.get("class")), str(fields.get("cause") or "")
        if klass not in CLASSES:
            return
        self.summary.fetches += 1
        self.summary.verdicts.setdefault((klass, safe(cause)), [0])[0] += 1
        if self.choice.ignores(klass, cause):
            self.summary.ignores = self.choice.ignores
            self.summary.ignored[klass, safe(cause)] += 1
        elif self.fail_on and self.fail_on.matches(klass, cause):
            self.found = True
        row = cleaned(fields)
        if not self.choice.picks(row):
            return
        baseline = self.summary.baseline
        if baseline is not None and klass in FAILURES and baseline.sees(kind(fields)):
            self.found = True
        gathered.row(row)

    def _report(self) -> None:
        """Warnings and summary, on stderr."""
        if self.quiet:
            return
        sys.stdout.flush()
        for text in self.summary.warnings:
            messages.warning(text)
        messages.said(self.summary.lines())

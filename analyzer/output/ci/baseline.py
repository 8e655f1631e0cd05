"""A run before this one, as `--format jsonl` wrote it: which failures are new, which were known, which are fixed."""

from __future__ import annotations

# not compiled: reads a file once, and then sees failures only
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from analyzer.errors import UsageError
from analyzer.fetch.model import Fetch
from analyzer.output.ci.fingerprint import PARTS, kind
from analyzer.output.ci.rows import cleaned, objects
from analyzer.text import safe
from analyzer.verdict.model import FAILURES, verdict_of

Kind = tuple[str, ...]
Picks = Callable[[Mapping[str, object]], bool]

ROWS = ("fetch", "amended")
MAX_ROWS = 500_000
"""Failures that a baseline can hold, at 0.2 kB each."""
SHOWN = 5
"""Fixed kinds that the summary lists."""


class Baseline:
    """The failures of a run before, compared with those of this one.

    known       kind of a failure -> how often it was there
    new, old    fetches of this run that failed in a way that the baseline does not have, or has
    complete    whether the run before came to its end: its last line is the summary
    fails       the new verdicts that the exit status is about, None = none
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.known: Counter[Kind] = Counter()
        self.complete = False
        self.seen: set[Kind] = set()
        self.new = self.old = 0
        self.fails: Callable[[str, str], bool] | None = None

    def sees(self, failure: Kind) -> bool:
        """Count a failed fetch of this run; whether it is new, and the exit status is about such."""
        if failure in self.known:
            self.old += 1
            self.seen.add(failure)
            return False
        self.new += 1
        return self.fails is not None and self.fails(*failure[:2])

    def state(self, values: Mapping[str, object]) -> str:
        """`new` or `known`: a failure by the values of its columns."""
        return "known" if kind(values) in self.known else "new"

    def fixed(self) -> list[Kind]:
        """What failed in the run before and not in this one, in order."""
        return sorted(failure for failure in self.known if failure not in self.seen)

    def lines(self) -> list[str]:
        """The comparison for people."""
        fixed = self.fixed()
        lines = [f"compared with {safe(self.name)}: {self.new:,} new, {self.old:,} known, {len(fixed):,} fixed"]
        lines += [f"fixed: {shown(failure)}" for failure in fixed[:SHOWN]]
        if len(fixed) > SHOWN:
            lines.append(f"fixed: {len(fixed) - SHOWN:,} more")
        if not self.complete:
            lines.append(
                f"{safe(self.name)} has no summary: the run that wrote it was cut short, and may lack failures"
            )
        return lines

    def counts(self) -> dict[str, object]:
        """The comparison as plain values, for JSON."""
        return {"new": self.new, "known": self.old, "fixed": [shown(failure) for failure in self.fixed()]}


def kind_of(fetch: Fetch) -> Kind:
    """The kind of a fetch, as `kind` says of its row."""
    verdict = verdict_of(fetch)
    values = (verdict.klass, verdict.cause, safe(fetch.name), fetch.flow.server_port, fetch.phase)
    return kind(dict(zip(PARTS, values, strict=True)))


def shown(failure: Kind) -> str:
    """A kind of failure in words: `rst/rst-refused at proxy.example:443`."""
    klass, cause, name, port, _ = failure
    return safe(f"{klass}/{cause} at {f'{name}:{port}' if name else f'port {port}'}")


def load(path: Path, picks: Picks | None = None) -> Baseline:
    """Read a baseline; raises UsageError for a file that cannot be read, is damaged, or follows another schema.

    picks  says by the values of its columns which rows count, as it does of this run; None = all
    """
    baseline = Baseline(str(path))
    rows: dict[str, Kind] = {}
    kinds: dict[Kind, Kind] = {}
    for fields in objects(path):
        if fields["type"] in ROWS:
            if len(rows) >= MAX_ROWS:
                raise UsageError(f"`{path}` holds more than {MAX_ROWS:,} failures", "write it with `--select`")
            _learn(rows, kinds, fields, picks)
        baseline.complete = fields["type"] == "summary"
    baseline.known = Counter(rows.values())
    return baseline


def _learn(rows: dict[str, Kind], kinds: dict[Kind, Kind], fields: dict[str, object], picks: Picks | None) -> None:
    """A row, or a row as it turned out later."""
    row = f"{fields.get('fetch')} {fields.get('file')}"
    if fields.get("class") in FAILURES and (picks is None or picks(cleaned(fields))):
        failure = kind(fields)
        rows[row] = kinds.setdefault(failure, failure)
    else:
        rows.pop(row, None)

"""What all CI formats are made from: fetches counted for each capture, failures grouped, worst first."""

from __future__ import annotations

# not compiled: of failures only; what goes well is counted
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, TextIO

from analyzer.fetch.model import Fetch
from analyzer.output.ci.baseline import shown
from analyzer.output.ci.fingerprint import fingerprint
from analyzer.output.ci.problem import KEPT, Counted, Problem, Seen, cited, instant, place_of
from analyzer.output.columns import COLUMNS
from analyzer.output.row import values
from analyzer.output.summary import MENDED, Summary
from analyzer.output.text import plural, safe
from analyzer.output.words import address
from analyzer.verdict.model import CONFIDENCES, FAILURES, verdict_of
from analyzer.verdict.told import Event

if TYPE_CHECKING:
    from analyzer.output.ci.baseline import Baseline

MAX_GROUPS = 10_000
"""Groups that are kept, at 4 kB each; what fails beyond is counted. GitHub shows 5,000 results, people read fewer."""
MAX_PLACES = 10_000
"""Places at which something went well; beyond they count together."""
MAX_CAPTURES = 10_000
"""Captures that are told apart."""
OTHERS = "other places"
LIVE = "live capture"
"""What is read when no file is, until a fetch tells its interface."""
MOST_SECONDS = 1e9
"""A capture is shorter."""


class Gathered:
    """Fetches as they come; a format is written from it at the end. It implements the Writer of analyzer.cli.job.

    captures   what is read, by name, in order: also those in which nothing will be found; paths: their files
    by_file    True: fetches of different captures are different problems
    seen       says at the end what was in the captures besides fetches
    problems   key -> problem; beyond: fetches whose problem had no room
    summary    the counts, from `end`
    """

    def __init__(
        self,
        out: TextIO,
        write: Callable[[TextIO, Gathered], None],
        captures: Mapping[str, str],
        *,
        baseline: Baseline | None = None,
        by_file: bool = False,
        seen: Callable[[], str] = str,
    ) -> None:
        self.out = out
        self.seen = seen
        self.write = write
        self.baseline = baseline
        self.by_file = by_file
        self.captures: dict[str, Counted] = {}
        self.problems: dict[tuple[str, ...], Problem] = {}
        self.ranks: dict[tuple[str, ...], tuple[int, int]] = {}
        self.beyond = self.places = 0
        self.summary = Summary()
        self.paths = {safe(name): safe(path) for name, path in captures.items()}
        for name in self.paths:
            self._capture(name)

    def begin(self) -> None:
        """Nothing is written before everything is known."""

    def event(self, event: Event) -> None:
        """Rows wait until they are final: what is told besides says nothing more."""

    def end(self, summary: Summary) -> None:
        """Write all."""
        self.summary = summary
        if not self.captures:
            self._capture(LIVE)
        self._name()
        self.write(self.out, self)

    def fetch(self, fetch: Fetch) -> None:
        """Count one fetch."""
        verdict = verdict_of(fetch)
        if fetch.kind != "fetch" or "nat-twin" in verdict.flags:
            return
        self._count(
            Seen(
                verdict.klass,
                verdict.cause,
                safe(fetch.file),
                place_of(safe(fetch.name) or address(fetch.flow.server), fetch.flow.server_port),
                fetch.phase,
                fetch.start,
                max(fetch.end - fetch.start, 0),
                fetch.group_outcome in MENDED,
                (CONFIDENCES.index(verdict.confidence), len(verdict.evidence)),
            ),
            partial(_row_of, fetch),
        )

    def row(self, fields: Mapping[str, object]) -> None:
        """Count one fetch by its row, as JSON lines have it."""
        evidence, flags = fields.get("evidence"), fields.get("flags")
        if fields.get("kind") != "fetch" or (isinstance(flags, list) and "nat-twin" in flags):
            return
        text = {name: safe(str(value)) for name, value in fields.items() if isinstance(value, str | int)}
        confidence = text.get("confidence", "")
        seen = Seen(
            text.get("class", ""),
            text.get("cause", ""),
            text.get("file", ""),
            place_of(text.get("name") or text.get("server", ""), text.get("server_port", "")),
            text.get("phase", ""),
            instant(text.get("start", "")),
            round(_number(fields.get("duration_s")) * 1e9),
            text.get("group_outcome") in MENDED,
            (CONFIDENCES.index(confidence) if confidence in CONFIDENCES else -1, len(cited(evidence).split())),
        )
        self._count(seen, lambda: {**text, "evidence": cited(evidence)})

    def _count(self, seen: Seen, row: Callable[[], Mapping[str, object]]) -> None:
        """One fetch, whose row is asked for when it is the best example of its problem."""
        capture = self._capture(seen.file)
        capture.fetches += 1
        capture.first = min(capture.first or seen.start, seen.start)
        if seen.klass == "ok":
            capture.ok += 1
            self._well(capture, seen)
            return
        capture.failed += seen.klass in FAILURES
        self._problem(seen, row)

    def _capture(self, name: str) -> Counted:
        found = self.captures.get(name)
        if found is None:
            if len(self.captures) >= MAX_CAPTURES:
                name = "other captures"
            found = self.captures.setdefault(name, Counted(name))
        return found

    def _well(self, capture: Counted, seen: Seen) -> None:
        """A fetch went well."""
        place = seen.place
        if place not in capture.places:
            self.places += 1
            if self.places > MAX_PLACES:
                place = OTHERS
        capture.places[place] = capture.places.get(place, 0) + seen.spent

    def _problem(self, seen: Seen, row: Callable[[], Mapping[str, object]]) -> None:
        """A fetch did not."""
        key = (seen.klass, seen.cause, seen.place.lower(), seen.phase, seen.file if self.by_file else "")
        problem = self.problems.get(key)
        if problem is None:
            if len(self.problems) >= MAX_GROUPS:
                self.beyond += 1
                return
            problem = self.problems[key] = Problem(seen.klass, seen.cause, seen.place, {}, first=seen.start)
        problem.count += 1
        problem.mended += seen.mended
        problem.first, problem.last = min(problem.first, seen.start), max(problem.last, seen.start)
        problem.cost += seen.spent
        if seen.rank > self.ranks.get(key, (-2, 0)):
            self.ranks[key] = seen.rank
            found = row()
            problem.example = {name: found.get(name) for name in KEPT}
            problem.path = self.paths.get(problem.text("file"), "")

    def _name(self) -> None:
        """Give problems their fingerprints. Those without a name can share one: then a number follows, in order of
        their addresses, since who reads it shows only the first of each (GitLab; GitHub's own has such numbers too)."""
        used: dict[str, int] = {}
        for problem in sorted(self.problems.values(), key=lambda one: (one.place, one.text("file"))):
            mark = fingerprint(problem.example)
            used[mark] = used.get(mark, 0) + 1
            problem.fingerprint = f"{mark}:{used[mark]}"
            if self.baseline is not None and problem.klass in FAILURES:
                problem.state = self.baseline.state(problem.example)

    # -- what the formats ask ------------------------------------------------------------------------------------------

    def failures(self) -> list[Problem]:
        """Problems that are failures: new ones first, then by how often, then by name."""
        return _ordered(problem for problem in self.problems.values() if problem.klass in FAILURES)

    def incomplete(self) -> list[Problem]:
        """Those of which the capture shows too little."""
        return _ordered(problem for problem in self.problems.values() if problem.klass not in FAILURES)

    def fixed(self) -> list[str]:
        """What failed in the run before and not in this one."""
        return [] if self.baseline is None else [shown(failure) for failure in self.baseline.fixed()]

    def headline(self) -> str:
        """`14 of 212 fetches failed`, or what was there instead."""
        fetches, failed = (sum(getattr(one, of) for one in self.captures.values()) for of in ("fetches", "failed"))
        if not fetches:
            return self._nothing()
        if not failed:
            return f"{plural(fetches, 'fetch', 'fetches')}, none failed"
        said = f"{failed:,} of {plural(fetches, 'fetch', 'fetches')} failed"
        if self.baseline is not None:
            said += f": {self.baseline.new:,} new, {self.baseline.old:,} known"
        return said

    def _nothing(self) -> str:
        """What was there, when no fetch was."""
        seen = self.seen()
        return f"no fetch: {seen}" if seen else "no fetch"


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and 0 <= value < MOST_SECONDS else 0.0


def _row_of(fetch: Fetch) -> Mapping[str, object]:
    return dict(zip(COLUMNS, values(fetch), strict=True))


def _ordered(problems: Iterable[Problem]) -> list[Problem]:
    """Worst first."""
    return sorted(problems, key=lambda one: (one.state == "known", -one.count, -one.cost, one.verdict, one.fingerprint))

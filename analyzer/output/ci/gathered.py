"""What all CI formats are made from: fetches counted for each capture, failures grouped, worst first."""

from __future__ import annotations

# not compiled: of failures only; what goes well is counted
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, TextIO

from analyzer.fetch.model import Fetch
from analyzer.output.ci.baseline import shown
from analyzer.output.ci.fingerprint import fingerprint
from analyzer.output.ci.problem import KEPT, Counted, Problem, place_of
from analyzer.output.columns import COLUMNS
from analyzer.output.grouping import HOST, NANO, Grouping, instant
from analyzer.output.row import values
from analyzer.output.summary import MENDED, Summary
from analyzer.output.words import address
from analyzer.text import plural, safe
from analyzer.verdict.model import FAILURES, verdict_of
from analyzer.verdict.told import Event

if TYPE_CHECKING:
    from analyzer.output.ci.baseline import Baseline

MAX_PLACES = 10_000
"""Places at which something went well; beyond they count together."""
MAX_CAPTURES = 10_000
"""Captures that are told apart."""
OTHERS = "other places"
LIVE = "live capture"
"""What is read when no file is, until a fetch tells its interface."""
BY = ("class", "cause", HOST, "server_port", "phase", "group_outcome")
"""What fetches of one group have in common; the fingerprint is made of the same, but for the outcome."""


class Gathered:
    """Fetches as they come; a format is written from it at the end. It implements the Writer of analyzer.cli.job.

    captures   what is read, by name, in order: also those in which nothing will be found; paths: their files
    by_file    True: fetches of different captures are different problems
    seen       says at the end what was in the captures besides fetches; draw: gives the worst problems their diagrams
    grouping   fetches that did not go well; problems: what came of it in the end
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
        draw: Callable[[Iterable[Problem]], None] | None = None,
    ) -> None:
        self.out = out
        self.seen = seen
        self.draw = draw
        self.write = write
        self.baseline = baseline
        self.by_file = by_file
        self.captures: dict[str, Counted] = {}
        self.grouping = Grouping((*BY, "file") if by_file else BY)
        self.problems: dict[tuple[str, ...], Problem] = {}
        self.places = 0
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
        self._sum_up()
        self._name()
        if self.draw is not None:
            self.draw(self.failures())
        self.write(self.out, self)

    def fetch(self, fetch: Fetch) -> None:
        """Count one fetch; its row is only made when it did not go well."""
        verdict = verdict_of(fetch)
        if fetch.kind != "fetch" or "nat-twin" in verdict.flags:
            return
        place = place_of(safe(fetch.name) or address(fetch.flow.server), fetch.flow.server_port)
        spent = max(fetch.end - fetch.start, 0)
        self._count(safe(fetch.file), verdict.klass, place, fetch.start, spent)
        if verdict.klass != "ok":
            self.grouping.add(dict(zip(COLUMNS, values(fetch), strict=True)))

    def row(self, row: Mapping[str, object]) -> None:
        """Count one fetch by its row (analyzer.output.ci.rows.cleaned)."""
        if row["kind"] != "fetch" or "nat-twin" in str(row["flags"]):
            return
        spent = row["duration_s"]
        nanoseconds = round(spent * NANO) if isinstance(spent, float | int) else 0
        klass, place = str(row["class"]), place_of(str(row["name"] or row["server"]), str(row["server_port"]))
        self._count(str(row["file"]), klass, place, instant(str(row["start"])), nanoseconds)
        if klass != "ok":
            self.grouping.add(row)

    def _count(self, file: str, klass: str, place: str, start: int, spent: int) -> None:
        """What is told of a capture."""
        capture = self._capture(file)
        capture.fetches += 1
        capture.first = min(capture.first or start, start)
        capture.failed += klass in FAILURES
        if klass == "ok":
            capture.ok += 1
            self._well(capture, place, spent)

    def _capture(self, name: str) -> Counted:
        found = self.captures.get(name)
        if found is None:
            if len(self.captures) >= MAX_CAPTURES:
                name = "other captures"
            found = self.captures.setdefault(name, Counted(name))
        return found

    def _well(self, capture: Counted, place: str, spent: int) -> None:
        """A fetch went well."""
        if place not in capture.places:
            self.places += 1
            if self.places > MAX_PLACES:
                place = OTHERS
        capture.places[place] = capture.places.get(place, 0) + spent

    def _sum_up(self) -> None:
        """Make problems of groups, which differ in the case of a name and in the outcome besides."""
        for group in self.grouping.groups():
            place = place_of(str(group.keys[BY.index(HOST)]), group.text("server_port"))
            key: tuple[str, ...] = (group.klass, group.cause, place.lower(), group.text("phase"))
            if self.by_file:
                key = (*key, group.text("file"))
            problem = self.problems.get(key)
            if problem is None:
                example = {name: group.text(name) for name in KEPT}
                problem = self.problems[key] = Problem(group.klass, group.cause, place, example, first=group.first)
                problem.path = self.paths.get(problem.text("file"), "")
            problem.count += group.count
            problem.mended += group.count if group.text("group_outcome") in MENDED else 0
            problem.first, problem.last = min(problem.first, group.first), max(problem.last, group.last)
            problem.cost += round(group.cost_s * NANO)

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

    @property
    def beyond(self) -> int:
        """Fetches that did not go well, of kinds for which there was no room."""
        return self.grouping.beyond

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


def _ordered(problems: Iterable[Problem]) -> list[Problem]:
    """Worst first."""
    return sorted(problems, key=lambda one: (one.state == "known", -one.count, -one.cost, one.verdict, one.fingerprint))

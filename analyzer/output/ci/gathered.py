"""What all CI formats are made from: fetches counted for each capture, failures grouped, worst first."""

from __future__ import annotations

# not compiled: of failures only; what goes well is counted
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, TextIO

from analyzer.fetch.model import Fetch
from analyzer.output.ci.baseline import shown
from analyzer.output.ci.fingerprint import fingerprint
from analyzer.output.columns import COLUMNS
from analyzer.output.row import values
from analyzer.output.summary import MENDED, Summary
from analyzer.output.text import plural, safe
from analyzer.output.words import address
from analyzer.verdict.case import span
from analyzer.verdict.model import CONFIDENCES, FAILURES, Verdict, verdict_of
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
KEPT = (
    "file",
    "fetch",
    "class",
    "cause",
    "name",
    "server_port",
    "phase",
    "confidence",
    "summary",
    "evidence",
    "blame",
    "advice",
    "client_errors",
    "wireshark_filter",
)
"""Columns of an example that any format shows."""
_AT = [(name, COLUMNS.index(name)) for name in KEPT]


@dataclass(slots=True)
class Problem:
    """Fetches that failed in the same way at the same place, or of which the capture shows too little.

    place        name, else address, with the port: `proxy.example:443`
    count        fetches; mended: of them those that a retry made good
    first, last  when the first and the last began, ns since 1970
    cost         what they took together, ns
    example      values of the row that says most, those of KEPT
    path         the file for `whyfetch show`, "" = there is none
    state        `new`, `known`, or "" without a baseline
    """

    klass: str
    cause: str
    place: str
    example: dict[str, object]
    count: int = 0
    mended: int = 0
    first: int = 0
    last: int = 0
    cost: int = 0
    path: str = ""
    state: str = ""
    fingerprint: str = ""

    @property
    def verdict(self) -> str:
        """`rst/rst-refused`."""
        return f"{self.klass}/{self.cause}" if self.cause else self.klass

    @property
    def title(self) -> str:
        """`12 fetches: rst/rst-refused at proxy.example:443`."""
        return f"{plural(self.count, 'fetch', 'fetches')}: {self.verdict} at {self.place}"

    def text(self, column: str) -> str:
        """A cell of the example, "" where unknown; safe to show."""
        value = self.example.get(column)
        return "" if value is None else str(value)

    def show(self) -> str:
        """The command that shows the example packet by packet; "" when it is in no file."""
        return f"whyfetch show {quote(self.path)} {self.text('fetch')}" if self.path else ""

    def facts(self) -> list[str]:
        """How often, how long, how sure."""
        facts = [f"cost {span(self.cost)}", f"confidence {self.text('confidence')}"]
        if self.mended:
            facts.append(f"{self.mended:,} of them made good by a retry")
        if self.text("blame"):
            facts.append(f"on the side of the {self.text('blame')}")
        return [*([self.state] if self.state else []), *facts]


@dataclass(slots=True)
class Counted:
    """What was in one capture.

    fetches, ok, failed  how many; first: when the first began, ns since 1970
    places               where fetches went well -> ns that these took
    """

    name: str
    fetches: int = 0
    ok: int = 0
    failed: int = 0
    first: int = 0
    places: dict[str, int] = field(default_factory=dict)

    def line(self) -> str:
        """The counts in words."""
        if not self.fetches:
            return "no fetch in it"
        parts = [(self.ok, "ok"), (self.failed, "failed"), (self.fetches - self.ok - self.failed, "incomplete")]
        counts = ", ".join(f"{n:,} {word}" for n, word in parts if n)
        return f"{plural(self.fetches, 'fetch', 'fetches')}: {counts}"


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
        capture = self._capture(safe(fetch.file))
        capture.fetches += 1
        capture.first = min(capture.first or fetch.start, fetch.start)
        if verdict.klass == "ok":
            capture.ok += 1
            self._well(capture, fetch)
            return
        capture.failed += verdict.failed
        self._problem(fetch, verdict)

    def _capture(self, name: str) -> Counted:
        found = self.captures.get(name)
        if found is None:
            if len(self.captures) >= MAX_CAPTURES:
                name = "other captures"
            found = self.captures.setdefault(name, Counted(name))
        return found

    def _well(self, capture: Counted, fetch: Fetch) -> None:
        """A fetch went well."""
        place = place_of(fetch)
        if place not in capture.places:
            self.places += 1
            if self.places > MAX_PLACES:
                place = OTHERS
        capture.places[place] = capture.places.get(place, 0) + max(fetch.end - fetch.start, 0)

    def _problem(self, fetch: Fetch, verdict: Verdict) -> None:
        """A fetch did not."""
        place = place_of(fetch)
        key = (verdict.klass, verdict.cause, place.lower(), fetch.phase, safe(fetch.file) if self.by_file else "")
        problem = self.problems.get(key)
        if problem is None:
            if len(self.problems) >= MAX_GROUPS:
                self.beyond += 1
                return
            problem = self.problems[key] = Problem(verdict.klass, verdict.cause, place, {}, first=fetch.start)
        problem.count += 1
        problem.mended += fetch.group_outcome in MENDED
        problem.first, problem.last = min(problem.first, fetch.start), max(problem.last, fetch.start)
        problem.cost += max(fetch.end - fetch.start, 0)
        rank = (CONFIDENCES.index(verdict.confidence), len(verdict.evidence))
        if rank > self.ranks.get(key, (-1, 0)):
            self.ranks[key] = rank
            row = values(fetch)
            problem.example = {name: row[at] for name, at in _AT}
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


def relative(name: str) -> str:
    """The name of a capture as CI systems have it: relative to where the command runs, if it is below."""
    path, here = Path(name), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else name.removeprefix("./")


def place_of(fetch: Fetch) -> str:
    """Where a fetch went: the name, else the address, with the port; safe to show."""
    host = safe(fetch.name) or address(fetch.flow.server)
    return f"[{host}]:{fetch.flow.server_port}" if ":" in host else f"{host}:{fetch.flow.server_port}"


def _ordered(problems: Iterable[Problem]) -> list[Problem]:
    """Worst first."""
    return sorted(problems, key=lambda one: (one.state == "known", -one.count, -one.cost, one.verdict, one.fingerprint))

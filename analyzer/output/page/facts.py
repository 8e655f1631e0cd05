"""What a page says, as plain values for its template: every text is safe to read, none is HTML."""

from __future__ import annotations

# not compiled: once a page
import shlex
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from analyzer.fetch.model import Fetch
from analyzer.output.ladder import Arrow, endpoint
from analyzer.output.mermaid import silence
from analyzer.output.page import words
from analyzer.output.page.gather import Drawn, PageContent
from analyzer.output.page.svg import Drawing, drawing, seconds
from analyzer.output.words import evidence, rfc3339, wireshark_filter
from analyzer.text import cut, plural, safe
from analyzer.verdict.facts import span
from analyzer.verdict.model import Verdict, verdict_of

MOST_GROUPS = 50
"""Reasons that are told one by one; what is rarer is counted."""
MOST_WARNINGS = 20
LONGEST = 120
"""Columns of a target in a row."""
PHASES = (
    ("dns_s", "DNS"),
    ("connect_s", "connect"),
    ("tls_s", "TLS"),
    ("ttfb_s", "first byte"),
    ("response_s", "response"),
)
OUTCOMES = {"recovered": "a later attempt went well", "fallback": "another source had it", "failed": "all failed"}


class LadderLine(NamedTuple):
    """One row of a ladder's table."""

    packet: str
    time: str
    way: str
    wire: str
    said: str
    proof: str


class Detail(NamedTuple):
    """A fetch packet by packet: the picture, its words, the same as a table; and why it is this verdict."""

    drawing: Drawing
    description: str
    table: list[LadderLine]
    fired: str
    rule: str
    wire: str
    not_this: str
    neighbours: list[tuple[str, str]]


class Entry(NamedTuple):
    """One row of the list, with what opens below it: `facts` are labels with text, `copies` labels with code."""

    id: str
    number: int
    start: int
    date: str
    time: str
    file: str
    place: str
    wanted: str
    klass: str
    cause: str
    mark: str
    took: str
    took_ns: int
    sentence: str
    facts: list[tuple[str, str]]
    copies: list[tuple[str, str]]
    drawn: Drawn | None


class Reason(NamedTuple):
    """A group of fetches with one verdict at one place. share: of all failures, in percent."""

    number: int
    failed: bool
    klass: str
    cause: str
    title: str
    place: str
    first: str
    last: str
    cost: str
    side: str
    advice: str
    clients: str
    example: Entry | None


class PageFacts:
    """Puts into words what was gathered."""

    def __init__(self, gathered: PageContent, paths: dict[str, str]) -> None:
        """`paths`: file as rows have it -> the path to write into commands."""
        self.gathered, self.veil, self.paths = gathered, gathered.veil, paths
        self.files = list(paths)
        self.several = len(paths) > 1
        self.days = rfc3339(gathered.first)[:10] != rfc3339(gathered.last)[:10]

    def entries(self) -> list[Entry]:
        """The rows of the list, in the order of rows."""
        return [self._entry(fetch) for fetch in self.gathered.listed]

    def _entry(self, fetch: Fetch) -> Entry:
        verdict = verdict_of(fetch)
        number = f"f{fetch.number}"
        start = rfc3339(fetch.start)
        took = max(fetch.end - fetch.start, 0)
        return Entry(
            id=f"f{self.files.index(fetch.file) + 1}-{fetch.number}" if self.several else number,
            number=fetch.number,
            start=fetch.start,
            date=start[:10] if self.days else "",
            time=start[11:23],
            file=self.veil.file(fetch.file) if self.several else "",
            place=self.place(fetch),
            wanted=self._wanted(fetch),
            klass=verdict.klass,
            cause=verdict.cause,
            mark="failed" if verdict.failed else "open" if verdict.klass == "incomplete" else "ok",
            took=span(took) if took else "",
            took_ns=took,
            sentence=self._sentence(verdict),
            facts=[(label, text) for label, text in self._facts(fetch, verdict) if text],
            copies=[(label, text) for label, text in self._copies(fetch, verdict) if text],
            drawn=self.gathered.drawn.get(id(fetch)),
        )

    def place(self, fetch: Fetch) -> str:
        """`proxy.golang.org:443`, or the address where no name is known; of a lookup the name alone."""
        host = self.veil.name(fetch.name) if fetch.name else self.veil.address(fetch.flow.server)
        if fetch.resolution is not None or not host:
            return host
        return f"{host}:{fetch.flow.server_port}" if fetch.name else endpoint(host, fetch.flow.server_port)

    def _wanted(self, fetch: Fetch) -> str:
        if not fetch.method:
            return ""
        target = self.veil.target(fetch.method, fetch.shown(fetch.target))
        return cut(f"{self.veil.method(fetch.method)} {target}", LONGEST)

    def _sentence(self, verdict: Verdict) -> str:
        if self.veil.hides:
            return words.reason(verdict.klass, verdict.cause, verdict.missing) + "." if verdict.klass != "ok" else ""
        return safe(verdict.summary)

    def _facts(self, fetch: Fetch, verdict: Verdict) -> Iterator[tuple[str, str]]:
        flow = fetch.flow
        if fetch.resolution is None:
            ends = ((flow.client, flow.client_port), (flow.server, flow.server_port))
            yield "Between", " and ".join(endpoint(self.veil.address(raw), port) for raw, port in ends)
        known = [(name, getattr(fetch, field)) for field, name in PHASES]
        yield "Time", ", ".join(f"{name} {span(int(took * 1e9))}" for name, took in known if took >= 0)
        yield "Proof", evidence(verdict.evidence)
        yield "Confidence", verdict.confidence
        yield "Flags", " ".join(verdict.flags)
        yield "Reset from", verdict.rst_origin
        yield "Timers", "; ".join(verdict.timers)
        if fetch.attempt:
            outcome = f"; {OUTCOMES[fetch.group_outcome]}" if fetch.group_outcome in OUTCOMES else ""
            yield "Attempt", f"{fetch.attempt} of group {fetch.group}{outcome}"
        if not self.veil.hides:
            yield "Client's log", safe(cut(fetch.client_said, 500))
            yield "Process", safe(fetch.process)

    def _copies(self, fetch: Fetch, verdict: Verdict) -> Iterator[tuple[str, str]]:
        if not self.veil.hides or fetch.resolution is None:
            yield "Wireshark", safe(wireshark_filter(fetch))
        path = "CAPTURE" if self.veil.hides else shlex.quote(safe(self.paths[fetch.file]))
        yield "Terminal", f"whyfetch show {path} {fetch.number}"

    def detail(self, entry: Entry) -> Detail | None:
        """What opens; built when it is written, since it is large."""
        if entry.drawn is None:
            return None
        ladder, explanation = entry.drawn
        rule, verdict = explanation.rule, explanation.verdict
        arrows = ladder.arrows
        proofs = ", ".join(f"packet {arrow.packet} ({arrow.proof})" for arrow in arrows if arrow.proof)
        lanes = " and ".join(f"{lane.role} {lane.address}".strip() for lane in ladder.lanes)
        return Detail(
            drawing=drawing(ladder),
            description=f"{plural(len(arrows), 'packet', 'packets')} between {lanes}. Proof: {proofs or 'none'}.",
            table=[_line(item, ladder.lanes) for item in ladder.items],
            fired=verdict.cause or verdict.klass,
            rule=rule.sentence if rule is not None else "The exchange is complete.",
            wire=rule.wire if rule is not None else "",
            not_this=rule.not_this if rule is not None else "",
            neighbours=[(neighbour.name, neighbour.reason) for neighbour in explanation.neighbours],
        )


def _line(item: object, lanes: Sequence[tuple[str, str]]) -> LadderLine:
    if isinstance(item, Arrow):
        way = f"{lanes[item.source][0]} to {lanes[item.target][0]}"
        return LadderLine(str(item.packet), seconds(item.time), way, item.wire, item.label, item.proof)
    label = item.label if hasattr(item, "label") else silence(item)  # type: ignore[arg-type]
    return LadderLine("", seconds(item.time), "", "", label, "")  # type: ignore[attr-defined]

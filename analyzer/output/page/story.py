"""The upper part of a page: what happened, for what reasons, when, and what the capture could not show."""

from __future__ import annotations

# not compiled: once a page
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from analyzer.output.grouping import RowGroup
from analyzer.output.page import words
from analyzer.output.page.facts import MOST_WARNINGS, Entry, PageFacts, Reason
from analyzer.output.page.gather import PageContent, Values, row_of
from analyzer.output.page.strip import Column
from analyzer.output.summary import MENDED
from analyzer.output.words import rfc3339
from analyzer.text import plural, safe
from analyzer.verdict.model import FAILURES

ADDRESS = re.compile(r"\[?(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4})\]?")
NAMED = ("one-server",)
"""Findings that name a host."""
STRIP_HEIGHT = 56


class Read(NamedTuple):
    """What the reading itself knows: packets and connections read, and what the user should know of the input."""

    packets: int
    connections: int
    warnings: list[str]


class Bar(NamedTuple):
    """A column of the strip, in its coordinates (1000 wide): heights from the bottom up; `words` for its title."""

    x: float
    width: float
    ok: float
    incomplete: float
    failed: float
    words: str
    start: int
    end: int
    target: str


class Story:
    """Put together from what was gathered, and from the reading itself."""

    def __init__(self, gathered: PageContent, facts: PageFacts, entries: list[Entry], read: Read) -> None:
        self.gathered, self.facts, self.entries, self.read, self.veil = gathered, facts, entries, read, facts.veil
        classes = gathered.summary.classes()
        self.fetches = gathered.summary.fetches
        self.queries = any(fetch.show_queries for fetch in gathered.listed[:1])
        self.ok, self.incomplete = classes["ok"], classes["incomplete"]
        self.failed = self.fetches - self.ok - self.incomplete
        self.by_number: dict[tuple[str, object], Entry] = {}
        for fetch, entry in zip(gathered.listed, entries, strict=True):
            self.by_number[safe(fetch.file), fetch.number] = entry
        self.like: dict[tuple[object, ...], Entry] = {}
        for fetch, entry in zip(gathered.listed, entries, strict=True):
            if entry.drawn is not None:
                self.like.setdefault(_kind(row_of(fetch)), entry)
        self.groups = gathered.groups.groups()
        self.reasons = [self._reason(group) for group in self.groups]

    def headline(self) -> tuple[str, str]:
        """The sentence on top, in two parts: how many failed, and the most frequent reason."""
        head = words.headline(self.fetches, self.failed, self.fetches - self.incomplete)
        times: Counter[str] = Counter()
        for (klass, cause), [number] in sorted(self.gathered.summary.verdicts.items()):
            if klass in FAILURES and number:
                times[words.reason(klass, cause)] += number
        if not times:
            return head, ""
        ((title, most),) = times.most_common(1)
        places = [reason.place for reason in self.reasons if reason.failed and reason.title == title]
        where = places[0] if len(places) == 1 else f"at {len(places):,} places"
        why = words.lowered(title)
        if where and places and not self.gathered.groups.beyond:
            why += f", {where}" if why.endswith(")") else f" ({where})"
        if self.failed == 1:
            return f"{head}:", why
        if len(times) == 1:
            return f"{head}, {'both' if self.failed == 2 else 'all'} for one reason:", why
        if most * 2 >= self.failed:
            return f"{head}, {most:,} of them for one reason:", why
        return f"{head}, for {len(times):,} reasons; {plural(most, 'time', 'times')} because", why

    def figures(self) -> list[tuple[str, str, str]]:
        """The counts below it: number, what it counts, class of the style sheet."""
        cost = sum(reason.cost_s for reason in self.groups if reason.failed)
        found = [(f"{self.failed:,}", "failed", "failed" if self.failed else "")]
        found += [(f"{self.incomplete:,}", "cannot be judged", "open")] if self.incomplete else []
        found += [(f"{self.ok:,}", "went well", "ok" if self.ok else "")]
        found += [(words.lasting(cost), "spent on failures", "")] if self.failed else []
        return found if self.fetches else []

    def subject(self) -> Iterator[tuple[str, str]]:
        """Which captures it is about, and what was in them."""
        names = [self.veil.file(name) for name in self.facts.files]
        more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
        yield "Capture" if len(names) == 1 else "Captures", ", ".join(names[:3]) + more
        if self.gathered.first:
            first, last = rfc3339(self.gathered.first), rfc3339(self.gathered.last)
            until = last[11:19] if first[:10] == last[:10] else f"{last[:10]} {last[11:19]}"
            took = words.lasting((self.gathered.last - self.gathered.first) / 1e9)
            yield "Fetches from", f"{first[:10]} {first[11:19]} to {until} UTC ({took})"
        counted = (
            plural(self.read.packets, "packet", "packets"),
            plural(self.read.connections, "TCP connection", "TCP connections"),
            plural(self.fetches, "fetch", "fetches"),
        )
        yield "In it" if len(names) == 1 else "In them", ", ".join(counted)

    def nothing(self) -> str:
        """Why there is no fetch; "" when there is one."""
        if self.fetches:
            return ""
        if not self.read.packets:
            return "There is no packet in it."
        carried = self.gathered.summary.connections_without_fetch
        if carried:
            return (
                f"{plural(carried, 'connection', 'connections')} carried no request and no attempt at one: "
                "`whyfetch classify --all` lists them."
            )
        return "None of its packets is TCP, or DNS that failed: fetches are read from TCP connections."

    def limits(self) -> list[str]:
        """What the capture could not show."""
        found = [*words.limits(self.gathered.flags, self.gathered.missing)]
        twins = self.gathered.summary.twins
        if twins:
            found.append(
                f"{plural(twins, 'fetch', 'fetches')} captured on both sides of a NAT, counted and shown once."
            )
        warnings = [self._warning(text) for text in self.read.warnings]
        found += warnings[:MOST_WARNINGS]
        more = len(warnings) - MOST_WARNINGS
        return [*found, f"And {plural(more, 'warning', 'warnings')} more."] if more > 0 else found

    def _warning(self, text: str) -> str:
        text = safe(text)
        if self.veil.hides:
            for name, path in self.facts.paths.items():
                text = text.replace(safe(name), self.veil.file(name)).replace(safe(path), self.veil.file(name))
            text = ADDRESS.sub("an address", text)
        text = f"{text[:1].upper()}{text[1:]}"
        return text if text.endswith((".", "!")) else f"{text}."

    def common(self) -> list[str]:
        """What the failures have in common besides."""
        found = self.gathered.summary.findings.found()
        texts = [finding.text for finding in found if not (self.veil.hides and finding.id in NAMED)]
        mended = self.gathered.summary.mended
        parts = [f"{mended[outcome]:,} {text}" for outcome, text in MENDED.items() if mended[outcome]]
        texts += [f"of the failures, {' and '.join(parts)}"] if parts else []
        return [f"{text[:1].upper()}{text[1:]}." for text in texts]

    def unlisted_bad(self) -> int:
        """Those among them that did not go well."""
        return self.failed + self.incomplete - sum(1 for entry in self.entries if entry.mark != "ok")

    def unlisted(self) -> int:
        """Fetches without a row of their own."""
        return self.fetches - sum(1 for _ in self.entries)

    def _reason(self, group: RowGroup) -> Reason:
        values = group.example
        entry = self.by_number.get((str(values["file"]), values["fetch"]))
        if entry is None or entry.drawn is None:  # packets are read again for some of them only
            entry = self.like.get(_kind(values), entry)
        return Reason(
            number=group.count,
            failed=group.failed > 0,
            klass=group.klass,
            cause=group.cause,
            title=words.reason(group.klass, group.cause, str(values["missing"] or "")),
            place=entry.place if entry is not None else self._place(values),
            first=self.clock(group.first),
            last=self.clock(group.last) if group.last != group.first else "",
            cost=words.lasting(group.cost_s),
            side=words.SIDES.get(str(values["blame"]), ""),
            advice=str(values["advice"] or ""),
            clients=str(values["client_errors"] or ""),
            example=entry,
        )

    def _place(self, values: Values) -> str:
        """Where it happened, by a row that is not listed."""
        host, port = str(values["name"] or values["server"] or ""), values["server_port"]
        if self.veil.hides or not host:
            return ""
        return host if values["protocol"] == "dns" else f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def clock(self, instant: int) -> str:
        """The time of day in UTC; with the date where fetches are of several days."""
        text = rfc3339(instant)
        return f"{text[:10]} {text[11:19]}" if self.facts.days else text[11:19]

    def bars(self) -> list[Bar]:
        """The strip: when fetches began."""
        columns = self.gathered.strip.columns()
        most = max((column.ok + column.failed + column.incomplete for column in columns), default=1)
        width = 1000 / max(len(columns), 1)
        return [self._bar(at, column, width, most) for at, column in enumerate(columns) if sum(column[2:])]

    def _bar(self, at: int, column: Column, width: float, most: int) -> Bar:
        """One failure among thousands is seen as well: nothing is lower than 3 of STRIP_HEIGHT."""
        ok, failed, incomplete = (
            max(round(STRIP_HEIGHT * number / most, 1), 3.0) if number else 0.0
            for number in (column.ok, column.failed, column.incomplete)
        )
        named = ((column.failed, "failed"), (column.incomplete, "cannot be judged"), (column.ok, "went well"))
        counts = ", ".join(f"{number:,} {what}" for number, what in named if number)
        first = next((e.id for e in self.entries if column.start <= e.start < column.end and e.mark != "ok"), "")
        x = round(at * width, 2)
        said = f"{self.clock(column.start)}: {counts}"
        return Bar(x, round(max(width - 1, 2), 2), ok, incomplete, failed, said, column.start, column.end, first)


def _kind(values: Values) -> tuple[object, ...]:
    """By what rows are grouped."""
    return values["class"], values["cause"], values["name"] or values["server"], values["server_port"]

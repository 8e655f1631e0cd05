"""A second opinion as lines for people."""

# not compiled: writes to people

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from analyzer.opinion.compare import Difference, Opinion
from analyzer.opinion.fields import Value
from analyzer.opinion.known import KNOWN
from analyzer.text import cut, pad, plural, safe, width, wrap

LONGEST = 60
"""Columns of a value."""
MOST_FIELDS = 2
"""Fields that are named for a fact."""
DOCUMENT = "docs/second-opinion.md"


class Totals:
    """Counts over many fetches, which go by."""

    def __init__(self) -> None:
        self.fetches = self.agreed = self.asked = 0
        self.known: Counter[str] = Counter()
        self.unasked: Counter[str] = Counter()
        self.differing: list[Opinion] = []

    def add(self, opinion: Opinion) -> None:
        """One more fetch."""
        self.fetches += 1
        self.agreed += opinion.agreed
        self.asked += opinion.asked
        self.known.update(one.known.id for one in opinion.differences if one.known is not None)
        self.unasked.update(opinion.unasked)
        if opinion.unexplained:
            self.differing.append(opinion)

    def lines(self, version: str, several: bool) -> Iterator[str]:
        """The result, the differences that nobody can explain first; `several`: of more than one capture."""
        for opinion in self.differing:
            where = f"{safe(opinion.stated.file)}, " if several else ""
            yield f"{where}{opinion.stated.name}: Wireshark says otherwise"
            yield from table(opinion.unexplained)
        yield f"Wireshark {version} agrees {self.agreed:,}/{self.asked:,} on {plural(self.fetches, 'fetch', 'fetches')}"
        if self.known:
            kinds = ", ".join(f"{count:,} {name}" for name, count in self.known.most_common())
            yield f"{plural(self.known.total(), 'known difference', 'known differences')} ({DOCUMENT}): {kinds}"
        yield from (f"{plural(count, 'fact', 'facts')} not asked for: {why}" for why, count in self.unasked.items())


def page(opinion: Opinion, version: str, columns: int) -> Iterator[str]:
    """What is said below one fetch; `columns` 0 = nothing is wrapped."""
    words = "agrees" if not opinion.unexplained else "differs:"
    yield f"Wireshark {version} {words} {opinion.agreed}/{opinion.asked}"
    if opinion.unexplained:
        yield from table(opinion.unexplained)
    for one in KNOWN:
        packets = sorted({item.fact.packet for item in opinion.differences if item.known is one})
        if packets:
            text = f"known difference {one.id}, packet {', '.join(map(str, packets))}: {one.differs} {one.reason}"
            yield from wrap(text, columns) if columns else [text]
    yield from (f"{plural(count, 'fact', 'facts')} not asked for: {why}" for why, count in opinion.unasked.items())


def table(differences: Iterable[Difference]) -> Iterator[str]:
    """Both sides with their names for it."""
    rows = [("packet", "fact", "whyfetch", "Wireshark")]
    for one in differences:
        ours = f"{shown(one.fact.kind, one.fact.ours)} ({one.fact.column})"
        theirs = f"{shown(one.fact.kind, one.theirs)} ({' '.join(one.fields[:MOST_FIELDS])})"
        rows.append((str(one.fact.packet), one.fact.kind, ours, theirs))
    wide = [max(width(row[at]) for row in rows) for at in range(3)]
    for packet, kind, ours, theirs in rows:
        yield f"  {packet:>{wide[0]}}  {pad(kind, wide[1])}  {pad(ours, wide[2])}  {theirs}"


def shown(kind: str, value: Value) -> str:
    """A value, escaped and not too long."""
    if isinstance(value, frozenset | tuple):
        words = sorted(value) if isinstance(value, frozenset) else value
        text = " ".join(map(str, words)) or "none"
    elif value in (-1, ""):
        text = "none"
    elif kind in ("flags", "tls-version") and isinstance(value, int):
        text = f"0x{value:0{2 if kind == 'flags' else 4}x}"
    else:
        text = str(value)
    return cut(safe(text), LONGEST)

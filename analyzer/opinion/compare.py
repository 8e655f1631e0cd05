"""Holds what Wireshark says against what we say."""

# not compiled: one call a fetch that is checked

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from analyzer.opinion.cutout import CutOut, Wire
from analyzer.opinion.facts import Fact, Stated
from analyzer.opinion.fields import FACTS, Row, Value
from analyzer.opinion.known import KNOWN, SILENT, Contrast, Known

STATUS_LINE = len("HTTP/1.1 200 OK")
"""Bytes without which a segment has no status, nor a method."""

CUT = "the capture, or what of it is given to Wireshark, has not all that came before"
LATER = "a later packet has the end of it"
UNKNOWN = "this version of Wireshark has no such field"


class Difference(NamedTuple):
    """Wireshark says something else, in these fields; known: why that may be, None = nobody knows."""

    fact: Fact
    theirs: Value
    fields: tuple[str, ...]
    known: Known | None


class Opinion:
    """What came of one fetch.

    agreed       facts of which Wireshark says the same; differences: the others
    unasked      why facts were not asked for -> how many
    """

    def __init__(self, stated: Stated) -> None:
        self.stated = stated
        self.agreed = 0
        self.differences: list[Difference] = []
        self.unasked: Counter[str] = Counter()

    @property
    def asked(self) -> int:
        """Facts that were compared."""
        return self.agreed + len(self.differences)

    @property
    def unexplained(self) -> list[Difference]:
        """The differences that should not be."""
        return [difference for difference in self.differences if difference.known is None]


def compare(stated: Stated, cut: CutOut, rows: dict[int, Row], missing: frozenset[str] = frozenset()) -> Opinion:
    """Hold the facts of a fetch against the rows of its packets; `missing` are fields that this tshark lacks."""
    opinion = Opinion(stated)
    for fact in stated.all(cut.marked):
        wire, row = cut.marked.get(fact.packet), rows.get(fact.packet)
        why = _not_asked(fact, stated, wire, missing)
        if why or wire is None or row is None:
            opinion.unasked[why or CUT] += 1
            continue
        theirs = FACTS[fact.kind].read(row)
        if same(fact.ours, theirs):
            opinion.agreed += 1
        elif theirs in SILENT and shown_later(fact, wire, row):
            opinion.unasked[LATER] += 1
        else:
            fields = FACTS[fact.kind].fields
            said = tuple(field for field in fields if field in row) or fields[-1:]
            seen = Contrast(stated, fact, theirs, row)
            opinion.differences.append(Difference(fact, theirs, said, known(seen)))
    return opinion


def same(ours: Value, theirs: Value) -> bool:
    """Equal; where Wireshark has several values, and we say one, one of them."""
    if isinstance(theirs, frozenset | tuple) and not isinstance(ours, frozenset | tuple):
        return ours in theirs
    return ours == theirs


def shown_later(fact: Fact, wire: Wire, row: Row) -> bool:
    """Whether Wireshark shows a head where it ends, or where the frame of HTTP/2 does that holds it."""
    goes_on = "tcp.reassembled_in" in row or ":http2" in row["frame.protocols"][-1] or wire.length < STATUS_LINE
    return fact.kind in ("status", "method") and goes_on


def known(seen: Contrast) -> Known | None:
    """The reason why a difference may be."""
    return next((one for one in KNOWN if seen.fact.kind in one.kinds and one.fits(seen)), None)


def _not_asked(fact: Fact, stated: Stated, wire: Wire | None, missing: frozenset[str]) -> str:
    if missing.issuperset(FACTS[fact.kind].fields):
        return UNKNOWN
    if fact.stream and not stated.whole:
        return CUT
    if fact.stream and wire is not None and wire.own and not (wire.follows and wire.whole):
        return CUT
    return ""

"""Where the lines and words of a ladder stand: geometry only; `fetch.html` writes it with escaping.

Time runs downwards. Packets have a row each; a silence is drawn to scale, PER_S a second, up to LONGEST, beyond which
the lifelines are broken. No coordinate depends on a font: words are cut by columns.
"""

from __future__ import annotations

# not compiled: runs for the fetches of one page
from typing import NamedTuple

from analyzer.output.ladder import Arrow, Fold, Ladder, Silence
from analyzer.output.mermaid import silence
from analyzer.text import cut

WIDTH = 460
LEFT, RIGHT = 84, 444
"""Where the first and the last lifeline stand; times and packet numbers are left of the first."""
HEAD = 46
ROW = 34
PHASE = 18
FOLDED = 30
PER_S = 18
"""There is room for words in the shortest silence, 1 s; a client that waits 1, 2, 4 and 8 s shows its doubling."""
LONGEST = 12 * PER_S
"""Most timers of clients are shorter: 10 s and less."""
BROKEN = 120
LETTERS = 50
"""Columns of a label: at 12.5 px a letter of a system font is 7 px wide at most, on average."""

PHASES = {"tls": "TLS"}


class LadderRow(NamedTuple):
    """What stands at one height. kind: arrow | fold | silence | break; y: of its line, or of its upper end.

    x1, x2   from where to where an arrow goes; tip: the points of its head
    classes  of the style sheet
    """

    kind: str
    y: int
    text: str
    height: int = 0
    x1: int = 0
    x2: int = 0
    tip: str = ""
    number: str = ""
    time: str = ""
    phase: str = ""
    classes: str = ""


class Drawing(NamedTuple):
    """A whole ladder: size, the lifelines' places with their words, the rows, and the lifelines as one path each."""

    height: int
    lanes: list[tuple[int, str, str]]
    rows: list[LadderRow]
    lifelines: str
    pauses: str
    width: int = WIDTH


def drawing(ladder: Ladder) -> Drawing:
    """Lay a ladder out."""
    places = _places(len(ladder.lanes))
    rows: list[LadderRow] = []
    y = HEAD
    for item in ladder.items:
        row, y = _row(item, y, places)
        rows.append(row)
    height = y + 14
    lanes = [(x, lane.role, lane.address) for x, lane in zip(places, ladder.lanes, strict=True)]
    quiet = [(row.y, row.y + row.height, row.kind == "break") for row in rows if row.kind in ("silence", "break")]
    return Drawing(height, lanes, rows, _verticals(places, HEAD - 6, height, quiet), _pauses(places, quiet))


def _places(lanes: int) -> list[int]:
    if lanes < 2:
        return [LEFT]
    return [LEFT + (RIGHT - LEFT) * at // (lanes - 1) for at in range(lanes)]


def _row(item: Arrow | Fold | Silence, y: int, places: list[int]) -> tuple[LadderRow, int]:
    """The row of an item that begins at height y, and where the next one begins."""
    if isinstance(item, Silence):
        wanted = item.span * PER_S // 1_000_000_000
        kind, height = ("break", BROKEN) if wanted > LONGEST else ("silence", wanted)
        return LadderRow(kind, y, silence(item), height, classes="end" if item.final else ""), y + height
    if isinstance(item, Fold):
        return LadderRow("fold", y, cut(item.label, LETTERS + 6), FOLDED, time=seconds(item.time)), y + FOLDED
    if item.phase:
        y += PHASE
    line = y + ROW - 8
    x1, x2 = places[item.source], places[item.target]
    back = 7 if x1 < x2 else -7
    tip = f"M{x2 - back} {line - 4}L{x2} {line}L{x2 - back} {line + 4}"
    if item.reset:
        tip = f"M{x2 - back - 4} {line - 4}l8 8m0 -8l-8 8"
    words = [word for word, on in (("p", item.proof), ("r", item.reset), ("g", item.again)) if on]
    row = LadderRow(
        "arrow", line, cut(item.label, LETTERS), ROW, x1, x2, tip,
        str(item.packet), seconds(item.time), PHASES.get(item.phase, item.phase), " ".join(words),
    )  # fmt: skip
    return row, y + ROW


def _verticals(places: list[int], top: int, bottom: int, quiet: list[tuple[int, int, bool]]) -> str:
    """The lifelines without the silences."""
    edges = [top, *(edge for start, end, _ in quiet for edge in (start, end)), bottom]
    pairs = list(zip(edges[::2], edges[1::2], strict=True))
    return "".join(f"M{x} {start}V{end}" for x in places for start, end in pairs if end > start)


def _pauses(places: list[int], quiet: list[tuple[int, int, bool]]) -> str:
    """The lifelines in silences, which are dotted; a break has a gap with two strokes in its middle."""
    parts = []
    for start, end, broken in quiet:
        for x in places:
            if not broken:
                parts.append(f"M{x} {start}V{end}")
                continue
            middle = (start + end) // 2
            parts.append(f"M{x} {start}V{middle - 5}M{x} {middle + 5}V{end}")
    return "".join(parts)


def strokes(row: LadderRow, lanes: list[tuple[int, str, str]]) -> str:
    """The two strokes across each lifeline where it is broken."""
    middle = row.y + row.height // 2
    return "".join(f"M{x - 6} {middle - 2}l12 -5M{x - 6} {middle + 7}l12 -5" for x, _, _ in lanes)


def seconds(ns: int) -> str:
    """`0.163013`, `12.3010`: seven characters or so, whatever the size."""
    value = ns / 1e9
    decimals = 6 if abs(value) < 10 else 4 if abs(value) < 1000 else 1
    return f"{value:.{decimals}f}".replace("-", "\u2212")

"""The table for people: aligned and coloured on a terminal, plain, uncut and separated by tabs in a pipe."""

from __future__ import annotations

# not compiled: writes to people
from typing import TextIO, cast

from analyzer.fetch.model import Fetch
from analyzer.output.below import Below
from analyzer.output.columns import COLUMNS
from analyzer.output.row import values
from analyzer.output.summary import Summary
from analyzer.output.text import cut, pad, safe, width, wrap
from analyzer.output.words import address, evidence, rfc3339, told
from analyzer.verdict.model import Verdict
from analyzer.verdict.told import Event

HOLD = 200
"""Rows that are held back to measure the columns; a live input is not held at all."""
GAP = "  "
WIDEST_PLACE = 36
NARROWEST_PLACE = 12
WIDEST_VERDICT = 32
"""Longer verdicts are shown whole too, and push their sentence to the right."""
ROOM = 44
"""Columns the summary should have beside the others before a less important column goes."""

COLOURS = {
    "ok": "32",
    "incomplete": "36",
    "syn-retransmit": "1;35",
    "rst": "1;31",
    "tls-stall": "1;33",
    "tls-failure": "1;31",
    "http-failure": "1;31",
    "dns-failure": "1;35",
}
"""Class -> SGR codes (ECMA-48 8.3.117)."""

PLAIN = ("file", "fetch", "start", "name", "server", "server_port", "class", "cause", "summary", "evidence", "flags")
"""Columns of the text in a pipe; everything is in `--format csv`."""
_PLAIN_AT = [COLUMNS.index(name) for name in PLAIN]
_CLASS_AT = COLUMNS.index("class")


class PlainWriter:
    """Rows for a pipe: a header, then a line a fetch, cells separated by tabs, nothing cut.

    A connection that carried no fetch has its kind in the place of the class, as in the table.
    """

    def __init__(self, out: TextIO) -> None:
        self.out = out

    def begin(self) -> None:
        """Write the header."""
        self.out.write("\t".join(PLAIN) + "\n")

    def fetch(self, fetch: Fetch) -> None:
        """Write one fetch."""
        row = values(fetch)
        if fetch.kind != "fetch":
            row[_CLASS_AT] = fetch.kind
        self.out.write("\t".join("" if row[at] is None else str(row[at]) for at in _PLAIN_AT) + "\n")

    def event(self, event: Event) -> None:
        """What becomes of rows is a line of its own."""
        if line := told(event):
            self.out.write(line + "\n")

    def end(self, summary: Summary) -> None:
        """The summary goes to stderr, not here."""


class Line:
    """What the table shows of a fetch."""

    def __init__(self, fetch: Fetch) -> None:
        verdict = cast("Verdict | None", fetch.verdict) or Verdict(fetch.kind, "", "")
        self.file = safe(fetch.file)
        self.number = str(fetch.number or "-")
        self.time = rfc3339(fetch.start)[11:23]
        self.place = safe(fetch.name) or self._server(fetch)
        self.klass = verdict.klass if fetch.kind == "fetch" else fetch.kind
        self.verdict = f"{self.klass}/{verdict.cause}" if verdict.cause else self.klass
        self.summary = safe(verdict.summary)
        self.proof = evidence(verdict)

    @staticmethod
    def _server(fetch: Fetch) -> str:
        host, port = address(fetch.flow.server), fetch.flow.server_port
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def within(proof: str, room: int) -> str:
    """The evidence in brackets, in at most `room` columns: what does not fit goes from the middle; "" = none fits."""
    cited = proof.split(" ")
    shown = f"({proof})"
    while len(shown) > room and len(cited) > 1:
        del cited[len(cited) // 2]
        half = (len(cited) + 1) // 2
        shown = f"({' '.join([*cited[:half], '…', *cited[half:]])})"
    return shown if proof and len(shown) <= room else ""


class TableWriter:
    """Rows for a terminal of `columns` columns.

    Verdict and summary are never cut: the evidence loses its middle first, then the place is shortened, then the time
    goes; a summary that still does not fit is wrapped below itself. `hold` rows are kept back to measure the columns.
    With `screen` what goes on stands below the rows.
    """

    def __init__(
        self, out: TextIO, columns: int, *, colour: bool, files: bool, hold: int = HOLD, screen: bool = False
    ) -> None:
        self.out = out
        self.columns = max(columns, 20)
        self.colour = colour
        self.files = files
        self.hold = hold
        self.below = Below(out, columns) if screen else None
        self.held: list[Line] = []
        self.measured = False
        self.file = ""
        self.number_width = 3
        self.place_width = 24
        self.verdict_width = 24
        self.time_width = 12

    def begin(self) -> None:
        """Nothing: the header comes when the columns are measured."""

    def fetch(self, fetch: Fetch) -> None:
        """Show one fetch, or hold it back until the columns are measured."""
        line = Line(fetch)
        if self.below is not None:
            self.below.remove(fetch)
            self.below.wipe()
        if self.measured:
            self._write(line)
        else:
            self.held.append(line)
            if len(self.held) > self.hold:
                self._release()
        if self.below is not None:
            self.below.draw()

    def event(self, event: Event) -> None:
        """What becomes of rows is a line of its own; what goes on stands below, on a screen."""
        line = told(event)
        if self.below is not None:
            if event.kind == "ongoing":
                self.below.add(event.fetch)
            else:
                self.below.remove(event.fetch)
            self.below.wipe()
        if line:
            self._put(line, "2")
        if self.below is not None:
            self.below.draw()

    def end(self, summary: Summary) -> None:
        """Show what was held back."""
        if self.below is not None:
            self.below.wipe()
        if not self.measured:
            self._release()

    def _release(self) -> None:
        self._measure()
        self.measured = True
        if self.held:
            self._heading()
        for line in self.held:
            self._write(line)
        self.held.clear()

    def _measure(self) -> None:
        held = self.held
        if self.hold:
            self.number_width = max([3, *(width(line.number) for line in held)])
            self.verdict_width = min(WIDEST_VERDICT, max([7, *(width(line.verdict) for line in held)]))
            self.place_width = min(WIDEST_PLACE, max([6, *(width(line.place) for line in held)]))
        if self._room() < ROOM:
            self.place_width = max(NARROWEST_PLACE, min(self.place_width, self.place_width - ROOM + self._room()))
        if self._room() < ROOM:
            self.time_width = 0

    def _room(self) -> int:
        """Columns left for the summary."""
        used = [self.number_width, self.time_width, self.place_width, self.verdict_width]
        return self.columns - sum(size + len(GAP) for size in used if size)

    def _heading(self) -> None:
        self._put(self._cells("#".rjust(self.number_width), "time", "server", "verdict") + "what happened", "2")

    def _cells(self, number: str, time: str, place: str, verdict: str) -> str:
        sizes = ((time, self.time_width), (place, self.place_width), (verdict, self.verdict_width))
        return number + GAP + "".join(pad(cell, size) + GAP for cell, size in sizes if size)

    def _write(self, line: Line) -> None:
        if self.files and line.file != self.file:
            self.file = line.file
            self._put(line.file, "1")
        padding = " " * (self.verdict_width - width(line.verdict))
        verdict = self._paint(line.verdict, COLOURS.get(line.klass, "")) + padding
        place = cut(line.place, self.place_width)
        head = self._cells(line.number.rjust(self.number_width), line.time, place, "").rstrip(" ")
        left = self.columns - self._room() - self.verdict_width - len(GAP)
        head = pad(head, left) + verdict + GAP
        room = self._room() - max(0, width(line.verdict) - self.verdict_width)
        self._summary(head, line, room)

    def _summary(self, head: str, line: Line, room: int) -> None:
        indent = " " * (self.columns - self._room())
        if room < ROOM:  # too narrow for a column of its own: the sentence goes below
            self.out.write(head.rstrip() + "\n")
            room, indent, head = self.columns - 6, " " * 6, " " * 6
        lines = wrap(line.summary, room)
        proof = within(line.proof, room)
        if proof and width(lines[-1]) + len(GAP) + width(proof) <= room:
            lines[-1] += GAP + self._paint(proof, "2")
        elif proof:
            lines.append(self._paint(proof, "2"))
        self.out.write((head + lines[0]).rstrip() + "\n")
        for rest in lines[1:]:
            self.out.write(indent + rest + "\n")

    def _put(self, text: str, code: str) -> None:
        self.out.write(self._paint(text.rstrip(), code) + "\n")

    def _paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code else text

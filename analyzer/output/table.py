"""The table for people, on a terminal and in a log; and the most important columns with tabs between them."""

from __future__ import annotations

# not compiled: writes to people
from typing import TextIO, cast

from analyzer.fetch.model import Fetch
from analyzer.output.below import Below
from analyzer.output.columns import COLUMNS
from analyzer.output.row import MAX_SAID, values
from analyzer.output.summary import Summary
from analyzer.output.words import evidence, rfc3339, told
from analyzer.text import cut, pad, safe, width, wrap
from analyzer.verdict.facts import endpoint
from analyzer.verdict.model import Verdict
from analyzer.verdict.told import Event

HOLD = 200
"""Rows that are held back to measure the columns; a live input is not held at all."""
GAP = "  "
WIDEST_PLACE = 36
"""Longer names have a line of their own where they do not fit."""
WIDEST_VERDICT = 32
"""Longer verdicts are shown whole too, and push their sentence to the right."""
ROOM = 44
"""Columns the sentence should have beside the others; with less it stands below them."""
TIME = len("hh:mm:ss.mmm")
NARROWEST = 20
UNBOUNDED = 1 << 20
"""Columns of a pipe or a file, where a row is a line for grep and its kin."""

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

TSV = ("file", "fetch", "start", "name", "server", "server_port", "class", "cause", "summary", "evidence", "flags")
"""Columns of `--format tsv`; everything is in `--format csv`."""
_TSV_AT = [COLUMNS.index(name) for name in TSV]
_CLASS_AT = COLUMNS.index("class")


class TsvWriter:
    """Rows for `cut` and its kin: a header, then a line a fetch, cells separated by tabs, nothing cut.

    A connection that carried no fetch has its kind in the place of the class, as in the table.
    """

    def __init__(self, out: TextIO) -> None:
        self.out = out

    def begin(self) -> None:
        """Write the header."""
        self.out.write("\t".join(TSV) + "\n")

    def fetch(self, fetch: Fetch) -> None:
        """Write one fetch."""
        row = values(fetch)
        if fetch.kind != "fetch":
            row[_CLASS_AT] = fetch.kind
        self.out.write("\t".join("" if row[at] is None else str(row[at]) for at in _TSV_AT) + "\n")

    def event(self, event: Event) -> None:
        """What becomes of rows is a line of its own."""
        if line := told(event):
            self.out.write(line + "\n")

    def end(self, summary: Summary) -> None:
        """The summary goes to stderr, not here."""


class TableLine:
    """What the table shows of a fetch; said: the error lines of a client's log about it."""

    def __init__(self, fetch: Fetch) -> None:
        verdict = cast("Verdict | None", fetch.verdict) or Verdict(fetch.kind, "", "")
        self.file = safe(fetch.file)
        self.number = str(fetch.number or "-")
        self.time = rfc3339(fetch.start)[11:23]
        self.place = self._place(fetch)
        self.klass = verdict.klass if fetch.kind == "fetch" else fetch.kind
        self.verdict = f"{self.klass}/{verdict.cause}" if verdict.cause else self.klass
        self.summary = safe(verdict.summary)
        self.proof = evidence(verdict.evidence)
        self.said = f"client: {safe(cut(fetch.client_said, MAX_SAID))}" if fetch.client_said else ""

    @staticmethod
    def _place(fetch: Fetch) -> str:
        """Host and port; of a name that was not resolved there is no port yet."""
        if fetch.name:
            return safe(fetch.name) if fetch.resolution is not None else f"{safe(fetch.name)}:{fetch.flow.server_port}"
        return endpoint(fetch.flow.server, fetch.flow.server_port)


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
    """Rows for a terminal of `columns` columns; 0 = a pipe or a file, where every row is one line.

    Nothing but the evidence is ever cut, which loses its middle first. Where the sentence has no room beside the other
    columns it stands below them, and so does what else does not fit. A word wider than the terminal stays whole, on a
    line of its own, so that it can be copied. `hold` rows are kept back to measure the columns. With `screen` what goes
    on stands below the rows.
    """

    def __init__(
        self, out: TextIO, columns: int, *, colour: bool, files: bool, hold: int = HOLD, screen: bool = False
    ) -> None:
        self.out = out
        self.columns = max(columns, NARROWEST) if columns else UNBOUNDED
        self.indent = " " * min(6, self.columns // 10)
        self.colour = colour
        self.files = files
        self.hold = hold
        self.below = Below(out, columns) if screen else None
        self.held: list[TableLine] = []
        self.measured = False
        self.file = ""
        self.number_width = 3
        self.place_width = 24
        self.verdict_width = 24
        self.beside = True

    def begin(self) -> None:
        """Nothing: the header comes when the columns are measured."""

    def fetch(self, fetch: Fetch) -> None:
        """Show one fetch, or hold it back until the columns are measured."""
        line = TableLine(fetch)
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
        self.beside = self._left() + ROOM <= self.columns

    def _left(self) -> int:
        """Columns before the sentence, where that stands beside the others."""
        return sum(size + len(GAP) for size in (self.number_width, TIME, self.place_width, self.verdict_width))

    def _heading(self) -> None:
        line = "#".rjust(self.number_width) + GAP + pad("time", TIME)
        for cell, size in (("server", self.place_width), ("verdict", self.verdict_width), ("what happened", 0)):
            if width(line) + len(GAP) + width(cell) > self.columns:
                break
            line += GAP + pad(cell, size)
        self._put(line, "2")

    def _write(self, line: TableLine) -> None:
        if self.files and line.file != self.file:
            self.file = line.file
            self._put(line.file, "1")
        lines = [line.number.rjust(self.number_width) + GAP + line.time]
        self._place(lines, line)
        self._join(lines, line.verdict)
        used = width(lines[-1])
        lines[-1] = lines[-1].removesuffix(line.verdict) + self._paint(line.verdict, COLOURS.get(line.klass, ""))
        left = max(used + len(GAP), self._left())
        if self.beside and left + ROOM <= self.columns:
            first, *others = self._sentence(line, self.columns - left)
            lines[-1] += " " * (left - used) + first
            lines += [" " * self._left() + text for text in others]
        else:
            lines += [self.indent + text for text in self._sentence(line, self.columns - len(self.indent))]
        if line.said:
            lines += [self.indent + text for text in wrap(line.said, self.columns - len(self.indent))]
        self.out.writelines(text.rstrip() + "\n" for text in lines)

    def _place(self, lines: list[str], line: TableLine) -> None:
        """Host and port, in their column where they fit, and what stands before the verdict."""
        self._join(lines, line.place)
        column = self.number_width + TIME + self.place_width + 2 * len(GAP)
        if self.beside and width(lines[-1]) + self._left() - column + ROOM > self.columns:
            lines.append("")
        lines[-1] = pad(lines[-1], column) if self.beside or len(lines) == 1 else lines[-1]

    def _join(self, lines: list[str], cell: str) -> None:
        """Set a cell behind the last line or, where that leaves no room for it, on a line of its own."""
        for last in (lines[-1], lines[-1].rstrip()):
            if width(last) + len(GAP) + width(cell) <= self.columns:
                lines[-1] = last + GAP + cell
                return
        lines.append(self.indent + cell)

    def _sentence(self, line: TableLine, room: int) -> list[str]:
        """What happened, and the proving packets, in lines of at most that many columns."""
        lines = wrap(line.summary, room)
        proof = within(line.proof, room)
        if proof and width(lines[-1]) + len(GAP) + width(proof) <= room:
            lines[-1] += GAP + self._paint(proof, "2")
        elif proof:
            lines.append(self._paint(proof, "2"))
        return lines

    def _put(self, text: str, code: str) -> None:
        self.out.write(self._paint(text.rstrip(), code) + "\n")

    def _paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code and text else text

"""Writes groups of rows in place of the rows: a table for people, tabs, CSV or JSON lines."""

from __future__ import annotations

# not compiled: writes once, at the end
import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from shlex import quote
from typing import TextIO

from analyzer.fetch.model import Fetch
from analyzer.output.cells import csv_text
from analyzer.output.columns import COLUMNS, SCHEMA
from analyzer.output.grouping import MAX_GROUPS, Grouping, RowGroup
from analyzer.output.jsonl import fields_of
from analyzer.output.row import values
from analyzer.output.stats import PHASES, QUANTILES, Times
from analyzer.output.summary import Summary
from analyzer.output.table import COLOURS, GAP, NARROWEST, UNBOUNDED, TableWriter, within
from analyzer.output.words import rfc3339
from analyzer.text import HANGING, pad, plural, safe, width, wrap
from analyzer.verdict.facts import span
from analyzer.verdict.model import verdict_of
from analyzer.verdict.told import Event

NANO = 1_000_000_000
COUNTED = ("count", "failed", "first", "last", "cost_s")
EXAMPLE = ("class", "cause", "file", "fetch", "summary", "evidence")
"""Columns of the example that stand in text, as `example_class` and so on."""
DURATIONS = tuple(f"{phase}_p{round(share * 100)}_s" for phase in PHASES for share in QUANTILES)
HEADS = [["fetches", "failed", "took"]]
STATS_HEADS = [
    ["", "", *[text for phase in PHASES for text in (phase, *[""] * (len(QUANTILES) - 1))]],
    ["fetches", "failed", *[f"p{round(share * 100)}" for _ in PHASES for share in QUANTILES]],
]
INDENT = " " * 9
LEAST_LINES = 10
MARGIN = 12
"""Lines that the summary and what stands around the groups may take."""


class GroupWriter:
    """Gathers rows, and writes their groups at the end, worst first.

    by     what rows are grouped by; stats: whether the durations of their phases are told
    files  name of a capture -> its path for `whyfetch show`, "" = it is in no file
    """

    def __init__(self, out: TextIO, by: tuple[str, ...], files: Mapping[str, str], *, stats: bool) -> None:
        self.out = out
        self.by = by
        self.stats = stats
        self.files = {safe(name): safe(path) for name, path in files.items()}
        self.grouping = Grouping(by)
        self.times: dict[tuple[object, ...], Times] = {}

    def begin(self) -> None:
        """Nothing is known before the end."""

    def fetch(self, fetch: Fetch) -> None:
        """Count one row."""
        row = self._row(fetch)
        group = self.grouping.add(row)
        if group is not None and self.stats:
            self.times.setdefault(group.keys, Times()).add(row)

    def event(self, event: Event) -> None:
        """Rows come when they are settled: nothing is told besides."""

    def end(self, summary: Summary) -> None:
        """Write all groups."""
        if self.grouping.beyond:
            summary.warnings.append(
                f"more than {MAX_GROUPS:,} groups: {plural(self.grouping.beyond, 'fetch', 'fetches')} "
                f"({self.grouping.beyond_failed:,} failed) that would begin another are in none"
            )
        self._write(summary)

    def _row(self, fetch: Fetch) -> dict[str, object]:
        return dict(zip(COLUMNS, values(fetch), strict=True))

    def _write(self, summary: Summary) -> None:
        raise NotImplementedError

    def show(self, group: RowGroup) -> str:
        """The command that shows the example packet by packet; "" when it is in no file."""
        path = self.files.get(group.text("file"), "")
        return f"whyfetch show {quote(path)} {group.text('fetch')}" if path and group.text("fetch") else ""

    def durations(self, group: RowGroup) -> list[float | None]:
        """Median and 99th percentile of each phase."""
        phases = self.times[group.keys].phases
        return [phases[phase].quantile(share) for phase in PHASES for share in QUANTILES]

    def header(self) -> list[str]:
        """Names of the columns of text."""
        times = DURATIONS if self.stats else ()
        return [*self.by, *COUNTED, *times, *[f"example_{name}" for name in EXAMPLE], "advice", "show"]

    def cells(self, group: RowGroup) -> list[str]:
        """The cells of a group as text, safe to show."""
        times = self.durations(group) if self.stats else []
        return [
            *["" if key is None else str(key) for key in group.keys],
            *[str(group.count), str(group.failed), rfc3339(group.first), rfc3339(group.last), f"{group.cost_s:.6f}"],
            *["" if seconds is None else f"{seconds:.6f}" for seconds in times],
            *[group.text(name) for name in EXAMPLE],
            group.advice,
            self.show(group),
        ]


class TsvGroups(GroupWriter):
    """Cells separated by tabs, which no text that is safe to show holds."""

    def _write(self, summary: Summary) -> None:
        self.out.write("\t".join(self.header()) + "\n")
        for group in self.grouping.groups():
            self.out.write("\t".join(self.cells(group)) + "\n")


class CsvGroups(GroupWriter):
    """RFC 4180, with cells defused as those of rows."""

    def _write(self, summary: Summary) -> None:
        self.out.write(",".join(self.header()) + "\n")
        for group in self.grouping.groups():
            self.out.write(",".join(map(csv_text, self.cells(group))) + "\n")


class JsonlGroups(GroupWriter):
    """A line of type `grouped` for each, with the whole row of the example, between `begin` and `summary`."""

    def _row(self, fetch: Fetch) -> dict[str, object]:
        return fields_of(fetch)

    def _write(self, summary: Summary) -> None:
        self._line({"type": "begin", "schema": SCHEMA})
        for group in self.grouping.groups():
            self._line({"type": "grouped", "schema": SCHEMA, **self._fields(group)})
        self._line({"type": "summary", "schema": SCHEMA, **summary.counts()})

    def _fields(self, group: RowGroup) -> dict[str, object]:
        fields: dict[str, object] = {
            "by": dict(zip(self.by, group.keys, strict=True)),
            "count": group.count,
            "failed": group.failed,
            "first": rfc3339(group.first),
            "last": rfc3339(group.last),
            "cost_s": round(group.cost_s, 6),
        }
        if self.stats:
            fields["phases"] = {phase: _quantiles(self.times[group.keys], phase) for phase in PHASES}
        return fields | {"show": self.show(group) or None, "example": group.example}

    def _line(self, fields: dict[str, object]) -> None:
        self.out.write(json.dumps(fields, ensure_ascii=False, separators=(",", ":")) + "\n")


def _quantiles(times: Times, phase: str) -> dict[str, object]:
    durations = times.phases[phase]
    shown = {f"p{round(share * 100)}_s": durations.quantile(share) for share in QUANTILES}
    return {"count": durations.count} | {name: None if s is None else round(s, 6) for name, s in shown.items()}


class GroupTable(GroupWriter):
    """For people, on `columns` columns, 0 = a pipe or a file: nothing is cut.

    What rows are grouped by may need a line of its own.
    """

    def __init__(
        self, out: TextIO, by: tuple[str, ...], files: Mapping[str, str], *, stats: bool, columns: int, colour: bool
    ) -> None:
        super().__init__(out, by, files, stats=stats)
        self.columns = max(columns, NARROWEST) if columns else UNBOUNDED
        self.colour = colour

    def _write(self, summary: Summary) -> None:
        for line in self.lines(self.grouping.groups()):
            self.out.write(line + "\n")

    def lines(self, groups: list[RowGroup]) -> Iterator[str]:
        """The table of these groups, with a header; nothing for no group."""
        if not groups:
            return
        heads = STATS_HEADS if self.stats else HEADS
        numbers = [self._numbers(group) for group in groups]
        sizes = [max(map(width, column)) for column in zip(*heads, *numbers, strict=True)]
        keys = [[_shown(key) for key in group.keys] for group in groups]
        if self.stats and sum(sizes) + len(GAP) * (len(sizes) - 1) > self.columns:
            yield from chain.from_iterable(map(self._upright, numbers, keys))
            return
        key_sizes = [max(map(width, column)) for column in zip(self.by, *keys, strict=True)]
        if sum(sizes) + sum(key_sizes) + len(GAP) * (len(sizes) + len(key_sizes) - 1) > self.columns:
            key_sizes = [0] * len(self.by)  # they stand one behind the other then
        for head in heads[:-1]:
            yield self._paint(_right(head, sizes).rstrip(), "2")
        yield from self._line(_right(heads[-1], sizes), list(self.by), key_sizes, dim=True)
        for group, cells, key in zip(groups, numbers, keys, strict=True):
            yield from self._line(_right(cells, sizes), key, key_sizes)
            yield from self._example(group)

    def _upright(self, numbers: list[str], key: list[str]) -> Iterator[str]:
        """A group where its figures are wider than the terminal: a line a phase, of those that it has."""
        yield from wrap(" ".join(key), self.columns)
        said = [f"fetches {numbers[0]}, failed {numbers[1]}"]
        names = [f"p{round(share * 100)}" for share in QUANTILES]
        for at, phase in enumerate(PHASES):
            figures = numbers[2 + at * len(names) : 2 + (at + 1) * len(names)]
            if figures != ["-"] * len(names):
                said.append(f"{phase} {', '.join(map(' '.join, zip(names, figures, strict=True)))}")
        for text in said:
            yield from (HANGING + line for line in wrap(text, self.columns - len(HANGING)))

    def _line(self, numbers: str, key: list[str], sizes: list[int], *, dim: bool = False) -> Iterator[str]:
        """The figures, and what rows are grouped by; below them when it is too long to stand beside."""
        if width(numbers) + len(GAP) + sum(map(width, key)) + len(GAP) * (len(key) - 1) > self.columns:
            yield self._paint(numbers.rstrip(), "2" if dim else "")
            for line in wrap(" ".join(key), max(self.columns - len(INDENT), 20)):
                yield INDENT + self._paint(line, "2" if dim else "")
            return
        padded = list(map(pad, key, sizes))
        if dim:
            yield self._paint(f"{numbers}{GAP}{GAP.join(padded)}".rstrip(), "2")
            return
        coloured = [self._coloured(name, text) for name, text in zip(self.by, padded, strict=True)]
        yield f"{numbers}{GAP}{GAP.join(coloured)}".rstrip()

    def _numbers(self, group: RowGroup) -> list[str]:
        counts = [f"{group.count:,}", f"{group.failed:,}"]
        if not self.stats:
            return [*counts, span(round(group.cost_s * NANO))]
        return [
            *counts,
            *["-" if seconds is None else span(round(seconds * NANO)) for seconds in self.durations(group)],
        ]

    def _coloured(self, column: str, text: str) -> str:
        bare = text.rstrip()
        return self._paint(bare, COLOURS.get(bare, "") if column == "class" else "") + text[len(bare) :]

    def _example(self, group: RowGroup) -> Iterator[str]:
        """What happened in one of them, and how to see it; not of what went well, nor below figures."""
        if self.stats or group.klass == "ok":
            return
        room = max(self.columns - len(INDENT), 20)
        lines = wrap(group.text("summary"), room)
        if proof := within(group.text("evidence"), room):
            if width(lines[-1]) + len(GAP) + width(proof) <= room:
                lines[-1] += GAP + self._paint(proof, "2")
            else:
                lines.append(self._paint(proof, "2"))
        if group.count > 1:
            first, last = (rfc3339(instant)[:19].replace("T", " ") for instant in (group.first, group.last))
            lines += [self._paint(line, "2") for line in wrap(f"the first {first}, the last {last}", room)]
        if show := self.show(group):
            lines.append(self._paint(show, "2"))
        for line in lines:
            yield INDENT + line

    def _paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code and text else text


def _shown(key: object) -> str:
    return "-" if key is None or key == "" else str(key)


def _right(cells: Iterable[str], sizes: list[int]) -> str:
    return GAP.join(pad("", size - width(text)) + text for text, size in zip(cells, sizes, strict=True))


class Overview:
    """Rows on a terminal, and below them, when more failed than it has lines, what failed in groups.

    They come last because that is what stands on the screen then. The worst are shown, as many as have room there.
    """

    def __init__(self, rows: TableWriter, groups: GroupTable, lines: int) -> None:
        self.rows = rows
        self.groups = groups
        self.most = max(lines, LEAST_LINES)
        self.failed = 0

    def begin(self) -> None:
        """Nothing: the header comes when the columns are measured."""

    def fetch(self, fetch: Fetch) -> None:
        """Show one row."""
        self.rows.fetch(fetch)
        if fetch.kind == "fetch" and verdict_of(fetch).failed:
            self.failed += 1
            self.groups.fetch(fetch)

    def event(self, event: Event) -> None:
        """Show what is told of rows."""
        self.rows.event(event)

    def end(self, summary: Summary) -> None:
        """Show the groups."""
        self.rows.end(summary)
        if self.failed <= self.most:
            return
        groups = self.groups.grouping.groups()
        shown = self._shown(groups)
        out = self.groups.out
        beyond = self.groups.grouping.beyond
        said = f"more than {len(groups):,} groups" if beyond else plural(len(groups), "group", "groups")
        out.write(f"\n{self.failed:,} failures in {said}, the worst first:\n")
        out.writelines(line + "\n" for line in self.groups.lines(groups[:shown]))
        if shown < len(groups):
            by = ",".join(self.groups.by)
            out.write(f"and {len(groups) - shown:,} more: `--select failed --group-by {by}` shows all\n")

    def _shown(self, groups: list[RowGroup]) -> int:
        """How many of them have room on the screen, one at least."""
        for number in range(2, len(groups) + 1):
            if sum(1 for _ in self.groups.lines(groups[:number])) > self.most - MARGIN:
                return number - 1
        return len(groups)

"""Rows that have the same values in some columns, counted as one: what failed, how often, since when, at what cost."""

from __future__ import annotations

# not compiled: asked once a row that is grouped, never on the way of rows that are written
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from analyzer.verdict.model import CONFIDENCES, FAILURES

HOST = "host"
"""Not a column of rows: `name`, or `server` where no name was seen: where a fetch went, as people say it."""
WHAT_AND_WHERE = ("class", "cause", HOST, "server_port")
"""By default: fetches that ended in the same way at the same place."""
MAX_GROUPS = 10_000
"""Groups that are kept, about 3 kB each: nobody reads more, and a hostile capture has a new name in every packet.
Rows that would begin another are counted together."""
LONGEST = 4096
"""Characters of a cell that a group keeps: the names of one certificate can be a hundred thousand."""
NANO = 1_000_000_000

Values = Mapping[str, object]
Rank = tuple[bool, int, int]


@dataclass(slots=True)
class RowGroup:
    """Rows that are alike.

    keys         the values of the columns that they are grouped by, None or "" where unknown
    count        rows, and failed: those of them whose class is a failure
    first, last  when the first and the last of them began, ns since 1970
    cost_s       seconds that they took together
    """

    keys: tuple[object, ...]
    count: int = 0
    failed: int = 0
    first: int = 0
    last: int = 0
    cost_s: float = 0.0
    rank: Rank = (False, -1, -1)
    columns: tuple[str, ...] = ()
    cells: tuple[object, ...] = ()

    @property
    def example(self) -> dict[str, object]:
        """The row that shows best what is wrong, by column: a failure with the surest verdict and the most evidence."""
        return dict(zip(self.columns, self.cells, strict=True))

    @property
    def klass(self) -> str:
        """Class of the example, which is that of all when rows are grouped by it."""
        return self.text("class")

    @property
    def cause(self) -> str:
        """Cause of the example."""
        return self.text("cause")

    @property
    def advice(self) -> str:
        """What to do about the example."""
        return self.text("advice")

    def text(self, column: str) -> str:
        """A cell of the example, "" where unknown."""
        value = self.cells[self.columns.index(column)]
        return "" if value is None else str(value)


@dataclass(slots=True)
class Grouping:
    """Gathers groups while rows pass by. `by` names columns, or HOST.

    beyond, beyond_failed  rows that would have begun a group when there were MAX_GROUPS already
    """

    by: tuple[str, ...] = WHAT_AND_WHERE
    found: dict[tuple[object, ...], RowGroup] = field(default_factory=dict)
    beyond: int = 0
    beyond_failed: int = 0
    columns: tuple[str, ...] = ()

    def add(self, values: Values) -> RowGroup | None:
        """Count one row, given by column, in the group that is returned; None = in none.

        Not a second time what was captured on both sides of a NAT.
        """
        if "nat-twin" in str(values["flags"]):
            return None
        failed = values["class"] in FAILURES
        keys = tuple([kept(value_of(values, column)) for column in self.by])
        group = self.found.get(keys)
        if group is None:
            if len(self.found) >= MAX_GROUPS:
                self.beyond += 1
                self.beyond_failed += failed
                return None
            group = self.found[keys] = RowGroup(keys)
        start = instant(str(values["start"]))
        group.first = min(group.first, start) if group.count else start
        group.last = max(group.last, start)
        group.count += 1
        group.failed += failed
        spent = values["duration_s"]
        group.cost_s += spent if isinstance(spent, float | int) else 0.0
        self._exemplify(group, values, failed)
        return group

    def groups(self) -> list[RowGroup]:
        """The worst first: most failures, then what the capture does not show, then what went well."""
        return sorted(self.found.values(), key=_badness)

    def _exemplify(self, group: RowGroup, values: Values, failed: bool) -> None:
        rank = rank_of(values, failed)
        if rank <= group.rank:
            return
        group.rank = rank
        if len(self.columns) != len(values) or self.columns != tuple(values):
            self.columns = tuple(values)
        group.columns = self.columns  # the same for all groups
        group.cells = tuple(map(kept, values.values()))


def value_of(values: Values, column: str) -> object:
    """What a row has in a column, or in HOST."""
    return (values["name"] or values["server"]) if column == HOST else values[column]


def kept(cell: object) -> object:
    """The cell, up to LONGEST characters of it."""
    return cell[: LONGEST - 1] + "…" if isinstance(cell, str) and len(cell) > LONGEST else cell


def rank_of(values: Values, failed: bool) -> Rank:
    """How good an example a row is; the first of those that are equally good is taken."""
    sure, evidence = str(values["confidence"]), values["evidence"]
    proofs = len(evidence) if isinstance(evidence, list) else len(str(evidence or "").split())
    return failed, CONFIDENCES.index(sure) if sure in CONFIDENCES else -1, proofs


def instant(text: str) -> int:
    """The `start` of a row, RFC 3339 with nine digits after the point, in ns since 1970."""
    second = datetime.fromisoformat(text[:19] + "+00:00")  # it knows no more than six digits after the point
    return int(second.timestamp()) * NANO + int(text[20:29])


def _badness(group: RowGroup) -> tuple[int, bool, int, float, tuple[str, ...]]:
    """The keys come last: the order is the same for the same rows in any order."""
    well = group.text("class") == "ok"
    return -group.failed, well, -group.count, -group.cost_s, tuple(map(str, group.keys))

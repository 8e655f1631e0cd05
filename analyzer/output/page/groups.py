"""Fetches that did not go well, by verdict and place."""

from __future__ import annotations

# not compiled: asked once for each fetch that did not go well
from dataclasses import dataclass
from datetime import datetime

Values = dict[str, object]
MOST = 10_000
"""Groups that are kept: a hostile capture has a name in every packet. What is beyond is counted by cause alone."""


@dataclass
class Group:
    """Fetches with one verdict at one place: how many, from when to when (ns), how long they took, one of them."""

    klass: str
    cause: str
    example: Values
    first: int
    last: int
    count: int = 0
    failed: int = 0
    cost_s: float = 0.0


class Grouping:
    """Collects them while rows pass by."""

    def __init__(self) -> None:
        self.found: dict[tuple[object, ...], Group] = {}

    def add(self, values: Values) -> None:
        """One row, by column."""
        key: tuple[object, ...] = (
            values["class"],
            values["cause"],
            values["name"] or values["server"],
            values["server_port"],
        )
        start = instant(str(values["start"]))
        group = self.found.get(key)
        if group is None:
            if len(self.found) >= MOST:
                key = (values["class"], values["cause"])
                values = {**values, "fetch": None, "name": "", "server": "", "server_port": None}
            klass, cause = str(values["class"]), str(values["cause"])
            group = self.found.setdefault(key, Group(klass, cause, values, start, start))
        group.count += 1
        group.failed += klass_failed(group.klass)
        group.first, group.last = min(group.first, start), max(group.last, start)
        duration = values["duration_s"]
        group.cost_s += duration if isinstance(duration, float) else 0.0

    def groups(self) -> list[Group]:
        """The worst first: failures before what cannot be judged, then the most frequent, then what took longest."""
        return sorted(self.found.values(), key=lambda group: (group.failed == 0, -group.count, -group.cost_s))


def klass_failed(klass: str) -> bool:
    """Whether rows of that class are failures."""
    return klass not in ("ok", "incomplete")


def instant(text: str) -> int:
    """RFC 3339 with nanoseconds, as rows have it, in ns since 1970."""
    second = datetime.fromisoformat(f"{text[:19]}+00:00")
    return int(second.timestamp()) * 1_000_000_000 + int(text[20:29])

# not compiled: runs once a COMMAND
"""Whose a fetch is: the common interface of the levels, and which of them works here."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from analyzer.process.log import FiveTuple

EARLY_NS = 100_000_000
"""A packet can be stamped so long after its log message was read: capture and log have the same clock, read apart."""

LATE_NS = 2_000_000_000
"""A log message is read so long after its packet at most, on a machine that is very busy."""


class Owner(NamedTuple):
    """What is known of who made a fetch.

    process  `NAME[PID]`; `NAME[PID]+` for it or one of its descendants; "" = unknown
    how      cgroup | poll | time
    """

    process: str
    how: str


class Attribution(Protocol):
    """One level.

    level  what `process_how` says
    notes  what the user should know: why no better level is used, what was lost
    """

    level: str
    notes: list[str]

    def owner(self, five: FiveTuple, began: int) -> Owner | None:
        """Who of COMMAND began this at that time (ns); None = not COMMAND, nor a descendant."""
        ...

    def close(self) -> list[int]:
        """Take away what was set up; who of COMMAND still lives."""
        ...

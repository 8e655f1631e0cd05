# not compiled: runs once a COMMAND
"""Whose a fetch is: the common interface of the levels, and which of them works here."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from analyzer.process.log import FiveTuple


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

    def owner(self, five: FiveTuple, began: int, isn: int = -1) -> Owner | None:
        """Who of COMMAND began this at that time (ns), with that sequence number in its SYN, -1 = not known.

        None = neither COMMAND nor a descendant of it.
        """
        ...

    def close(self) -> list[int]:
        """Take away what was set up; who of COMMAND still lives."""
        ...

# not compiled: a message a connection
"""The best level: a cgroup for COMMAND, and the kernel logs what is begun in it.

The kernel hands a log message over before the packet leaves: whoever has seen the packet in a capture finds the message
in the socket. Nothing is too short-lived for that, and nobody else's is among them. Which process of the cgroup it was
is looked up a moment later, which the shortest ones do not live to see.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from select import select
from time import monotonic, time_ns

from analyzer.process.attribution import Owner
from analyzer.process.cgroup import Cgroup
from analyzer.process.descendants import Leavers
from analyzer.process.diag import Sockets, childless, holder, name_of
from analyzer.process.log import TCP, FiveTuple, Log, Logged
from analyzer.process.nft import NftTable

MAX_SEEN = 200_000
"""Connections that are remembered, about 400 bytes each: 80 MB."""

MAX_PACKETS = 16
"""Packets of one connection that are remembered: SYNs are sent again up to ten times, and ports come back."""

EARLY_NS = 1_000_000
"""A packet is stamped after it was logged, and a message read after that: only a clock that is set makes it look
earlier."""

LATE_NS = 2_000_000_000
"""A message is read so long after its packet at most, on a machine that is very busy."""

LOOKED_UP = 32
"""Processes that are looked up before the log is read again: each may take milliseconds, and the log goes on."""

PATIENCE_S = 0.2
"""Seconds after which the reading thread looks whether it shall end."""

LOOK_S = 1.0
"""Seconds between two looks at who left the cgroup; each takes some milliseconds."""

MAX_LEAVERS = 5
"""Of whom it is said."""


@dataclass(slots=True)
class Begun:
    """A packet that began something: when its message was read, the number in it, and whose it was, "" = unknown."""

    time: int
    number: int
    process: str


class ByCgroup:
    """What the kernel logged, and for whom.

    pid, name  of COMMAND; alone: until when nobody but COMMAND was in the cgroup, ns
    seen       what was begun; forgotten: how much more there was
    """

    level = "cgroup"

    def __init__(self, cgroup: Cgroup, table: NftTable, log: Log, pid: int, name: str) -> None:
        self.notes: list[str] = []
        self.cgroup = cgroup
        self.table = table
        self.log = log
        self.pid = pid
        self.name = name
        self.alone = 0
        self.seen: dict[FiveTuple, list[Begun]] = {}
        self.forgotten = 0
        self._leavers = Leavers(pid)
        self._sockets = Sockets()
        self._lock = threading.Lock()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="whyfetch-log", daemon=True)
        self._thread.start()

    def owner(self, five: FiveTuple, began: int, isn: int = -1) -> Owner | None:
        """Who of COMMAND began this. A sequence number leaves no doubt: ports of refused connections return quickly."""
        with self._lock:
            self._remember(self.log.read())
            known = tuple(self.seen.get(five, ()))
        for begun in known:
            fits = begun.number == isn if isn >= 0 else began - EARLY_NS <= begun.time <= began + LATE_NS
            if fits:
                return self._owner(begun)
        if isn < 0 and five.protocol == TCP and known and known[0].time <= began:  # its SYN is not in the capture
            return self._owner(known[-1])
        return None

    def close(self) -> list[int]:
        """Take table, log and cgroup away."""
        self._closing = True
        self._thread.join()
        if self.log.lost or self.forgotten:
            self.notes.append(
                f"{self.log.lost + self.forgotten:,} of the connections of COMMAND were not noted: it began too many"
            )
        self.notes += list(self._leavers.found)[:MAX_LEAVERS]
        self.table.close()
        self.log.close()
        self._sockets.close()
        return self.cgroup.close()

    def _run(self) -> None:
        due = monotonic() + LOOK_S
        while not self._closing:
            if monotonic() >= due:
                self._leavers.look()
                due = monotonic() + LOOK_S
            select([self.log], [], [], PATIENCE_S)
            with self._lock:
                new = self._remember(self.log.read())
            if new:
                self._look_whether_alone()
            for five in new[-LOOKED_UP:]:
                self._look_up(five)

    def _remember(self, messages: Iterable[Logged]) -> list[FiveTuple]:
        """Note what was logged; which of it is not a packet sent again."""
        new = []
        for logged in messages:
            five = logged.five
            known = self.seen.get(five)
            if known is None:
                if len(self.seen) >= MAX_SEEN:
                    self.forgotten += 1
                    continue
                known = self.seen[five] = []
            if not known or known[-1].number != logged.number:
                new.append(five)
            known.append(Begun(logged.time, logged.number, ""))
            del known[:-MAX_PACKETS]
        return new

    def _look_up(self, five: FiveTuple) -> None:
        """Find out which process has just begun this, while it lasts."""
        inode = self._sockets.inode(five)
        pid = holder(inode, sorted(self.cgroup.pids(), reverse=True)) if inode else 0  # the newest first
        name = name_of(pid) if pid else ""
        if name:
            with self._lock:
                last = self.seen[five][-1].number
                for begun in self.seen[five]:
                    if begun.number == last:
                        begun.process = f"{name}[{pid}]"

    def _look_whether_alone(self) -> None:
        """While COMMAND never had a child, whatever was logged is its own."""
        now = time_ns()
        if self.cgroup.pids() == [self.pid] and childless(self.pid):
            self.name = name_of(self.pid) or self.name
            self.alone = now

    def _owner(self, begun: Begun) -> Owner:
        plus = "" if begun.time <= self.alone else "+"
        return Owner(begun.process or f"{self.name}[{self.pid}]{plus}", self.level)

# not compiled: runs some times a second
"""The level without rights: look again and again which sockets processes of COMMAND hold.

What lives shorter than the time between two looks is not seen: of 40 refused connections on loopback none was. What was
never seen in anybody's hands is told by time alone: it was captured while COMMAND ran.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from analyzer.process.attribution import Owner
from analyzer.process.diag import Sockets, holder, name_of
from analyzer.process.log import TCP, UDP, FiveTuple

EVERY_S = 0.02
"""Seconds between two looks: about 5 % of a CPU with some dozens of sockets."""

MAX_SEEN = 200_000
"""Sockets that are remembered, about 300 bytes each: 60 MB."""

SURE = 2
"""Looks at which nobody of COMMAND held a socket, before it is somebody else's: one may be made, or handed over,
between our two questions."""

MARK = "WHYFETCH_RUN"
"""Variable of the environment that COMMAND hands down: who left its parents is known by it."""


class ByPoll:
    """What was seen, and in whose hands."""

    level = "poll"

    def __init__(self, pid: int, members: Callable[[], list[int]], notes: list[str]) -> None:
        self.notes = notes
        self.pid = pid
        self.members = members
        self.seen: dict[FiveTuple, str] = {}
        self.others: dict[FiveTuple, int] = {}
        self._sockets = Sockets()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="whyfetch-poll", daemon=True)
        self._thread.start()

    def owner(self, five: FiveTuple, began: int, isn: int = -1) -> Owner | None:
        """Who of COMMAND began this, as far as was seen."""
        process = self._known(five)
        if process:
            return Owner(process, self.level)
        return None if self.others.get(five, 0) >= SURE else Owner("", "time")

    def close(self) -> list[int]:
        """End looking."""
        self._ending.set()
        self._thread.join()
        self._sockets.close()
        return [pid for pid in self.members() if pid != self.pid]

    def _known(self, five: FiveTuple) -> str:
        """By whom it was held; a UDP socket need not be connected."""
        alone = FiveTuple(five.protocol, bytes(len(five.client)), five.client_port, bytes(len(five.server)), 0)
        return self.seen.get(five, "") or (self.seen.get(alone, "") if five.protocol == UDP else "")

    def _run(self) -> None:
        while not self._ending.wait(EVERY_S):
            try:
                self._look()
            except OSError:  # no sock_diag here: time has to do
                return

    def _look(self) -> None:
        members: list[int] | None = None
        for protocol in (TCP, UDP):
            for five, inode in self._sockets.all(protocol):
                if not inode or five in self.seen or self.others.get(five, 0) >= SURE:
                    continue
                if members is None:
                    members = self.members()
                self._note(five, holder(inode, members))

    def _note(self, five: FiveTuple, pid: int) -> None:
        if len(self.seen) + len(self.others) >= MAX_SEEN:
            return
        if pid:
            self.seen[five] = f"{name_of(pid)}[{pid}]"
            self.others.pop(five, None)
        else:
            self.others[five] = self.others.get(five, 0) + 1


class Descendants:
    """A process and everybody who descends from it, without a cgroup: by parents, and by the mark for who left them."""

    def __init__(self, pid: int) -> None:
        self.mark = f"{MARK}={os.getpid()}".encode()
        self.known = {pid}
        self.strangers: set[int] = set()

    def __call__(self) -> list[int]:
        """Those that live now."""
        parents = dict(_parents())
        self.known &= parents.keys()
        self.strangers &= parents.keys()
        for pid in sorted(parents.keys() - self.known):
            if parents[pid] in self.known or self._marked(pid):
                self.known.add(pid)
        return list(self.known)

    def _marked(self, pid: int) -> bool:
        """Whether it carries the mark; asked once of each, since what it starts carries it too."""
        if pid in self.strangers:
            return False
        self.strangers.add(pid)
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123
                return self.mark in file.read().split(b"\0")
        except OSError:
            return False


def _parents() -> list[tuple[int, int]]:
    """Every process with its parent (proc_pid_stat(5): the name may have anything in it but a bracket behind it)."""
    found = []
    for name in os.listdir("/proc"):  # noqa: PTH208
        if name.isdecimal():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
                    found.append((int(name), int(file.read().rpartition(b") ")[2].split()[1])))
            except (OSError, IndexError, ValueError):
                continue
    return found

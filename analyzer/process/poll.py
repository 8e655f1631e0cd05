# not compiled: runs some times a second
"""The level without rights: look again and again which sockets processes of COMMAND hold.

What lives shorter than the time between two looks is not seen: of 40 refused connections on loopback none was. What was
never seen in anybody's hands is told by time alone: it was captured while COMMAND ran.
"""

from __future__ import annotations

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


class ByPoll:
    """What was seen, and in whose hands."""

    level = "poll"

    def __init__(self, members: Callable[[], list[int]], notes: list[str]) -> None:
        self.notes = notes
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
        return self.members()

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

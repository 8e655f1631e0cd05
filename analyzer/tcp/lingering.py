"""Connections that are over and wait for stragglers: a late RST, a retried SYN with the same ISN, a FIN sent again."""

from __future__ import annotations

from collections import deque
from heapq import heapify, heappop, heappush

import cython

from analyzer.model.connection import NEVER, Connection

LINGER_NS = 5_000_000_000
"""How long a closed connection is waited for after its last packet."""
DOUBTFUL_LINGER_NS = 120_000_000_000
"""The same after a RST within the window that was not exact: a receiver that did not take it goes on, as late as its
timers say; two minutes are more than nearly all of them (signatures.md 4)."""

TIDY = 1024
"""Entries below which nobody looks for those that are of no use any more."""


class Lingering:
    """They leave when they were silent for so long, by capture time alone: at the first frame that is later.

    queue   closed connections in the order of closing, which is nearly that of time: none needs a number of its own
    late    (due, serial, connection), a heap: those that had stragglers, and those that are perhaps reset
    due     when the first of them may leave, ns; most: entries at which to tidy
    """

    def __init__(self) -> None:
        self.queue: deque[Connection] = deque()
        self.late: list[tuple[int, int, Connection]] = []
        self.serial = 0
        self.most = TIDY
        self.due: int = NEVER

    def add(self, connection: Connection) -> None:
        """It was closed, or perhaps reset, just now."""
        if connection.closed_time:
            self.tidy()
            self.queue.append(connection)
            if connection.closed_time + LINGER_NS < self.due:
                self.due = connection.closed_time + LINGER_NS
        else:
            self.wait(connection)

    def wait(self, connection: Connection) -> None:
        """One that does not leave in its turn."""
        self.tidy()
        self.serial += 1
        heappush(self.late, (leaves(connection), self.serial, connection))
        self.due = min(self.due, self.late[0][0])

    def tidy(self) -> None:
        """Whenever there are twice as many as the last time: forget those given out meanwhile, and second entries."""
        if len(self.queue) + len(self.late) < self.most:
            return
        known: dict[int, tuple[int, int, Connection]] = {}
        for entry in self.late:
            if entry[2].client.connection is not None:
                known.setdefault(id(entry[2]), entry)
        self.late = list(known.values())
        heapify(self.late)
        self.queue = deque([one for one in dict.fromkeys(self.queue) if one.client.connection is not None])
        self.most = max(TIDY, 2 * (len(self.queue) + len(self.late)))

    def leave_early(self, most: cython.int) -> list[Connection]:
        """The first of those that are closed, taken out: there are too many."""
        first: list[Connection] = [self.queue.popleft() for _ in range(min(most, len(self.queue)))]
        return [connection for connection in first if connection.closed_time]

    def over(self, now: cython.longlong) -> list[Connection]:
        """Those that have waited long enough; one that was closed twice may come twice."""
        connection: Connection
        over: list[Connection] = []
        waiting: list[Connection] = []
        while self.queue:
            connection = self.queue[0]
            if connection.closed_time and connection.closed_time + LINGER_NS >= now:
                break
            self.queue.popleft()
            self.part(connection, now, over, waiting)
        while self.late and self.late[0][0] < now:
            _, _, connection = heappop(self.late)
            self.part(connection, now, over, waiting)
        self.due = NEVER
        if self.queue:
            connection = self.queue[0]
            self.due = connection.closed_time + LINGER_NS
        if self.late:
            self.due = min(self.due, self.late[0][0])
        for connection in waiting:
            self.wait(connection)
        return over

    def part(
        self, connection: Connection, now: cython.longlong, over: list[Connection], waiting: list[Connection]
    ) -> None:
        """Whose time has come is over, or had stragglers and waits on, or went on and is neither."""
        if connection.closed_time == 0 and not doubtful(connection):
            return
        if leaves(connection) < now:
            over.append(connection)
        else:
            waiting.append(connection)


def leaves(connection: Connection) -> cython.longlong:
    """When it has waited long enough, if nothing else comes."""
    return connection.last_time + (LINGER_NS if connection.closed_time else DOUBTFUL_LINGER_NS)


def doubtful(connection: Connection) -> cython.bint:
    """A RST came that some stacks take, and since then neither side had anything new acknowledged."""
    reset: cython.longlong = max(connection.client.rst_packet, connection.server.rst_packet)
    return reset > 0 and connection.client.ack_packet < reset and connection.server.ack_packet < reset

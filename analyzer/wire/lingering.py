"""Closed connections that wait for stragglers: a late RST, a retried SYN with the same ISN, a FIN sent again."""

from __future__ import annotations

from collections import deque

import cython

from analyzer.wire.model import Connection

LINGER_NS = 5_000_000_000
"""How long a closed connection is waited for after its last packet."""


class Lingering:
    """Closed connections in the order of closing, so that a look at those that are over costs nothing for the others.

    late   those that had stragglers, or that opened again: few, and looked at one by one
    """

    def __init__(self) -> None:
        self.queue: deque[Connection] = deque()
        self.late: list[Connection] = []

    def add(self, connection: Connection) -> None:
        """It was closed just now."""
        self.queue.append(connection)

    def over(self, now: cython.longlong) -> list[Connection]:
        """Those that have waited long enough; one that was closed twice may come twice."""
        connection: Connection
        over: list[Connection] = []
        late: list[Connection] = []
        for connection in self.late:
            (over if is_over(connection, now) else late).append(connection)
        while self.queue:
            connection = self.queue[0]
            if connection.closed_time and now - connection.closed_time <= LINGER_NS:
                break
            self.queue.popleft()
            (over if is_over(connection, now) else late).append(connection)
        self.late = [connection for connection in late if connection.closed_time]  # the others are open again
        return over


def is_over(connection: Connection, now: cython.longlong) -> cython.bint:
    """Whether a closed connection has been silent for long enough."""
    return connection.closed_time != 0 and now - connection.last_time > LINGER_NS

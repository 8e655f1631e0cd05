"""Connections that are over and wait for stragglers: a late RST, a retried SYN with the same ISN, a FIN sent again."""

from __future__ import annotations

from heapq import heappop, heappush

import cython

from analyzer.wire.model import NEVER, Connection

LINGER_NS = 5_000_000_000
"""How long a closed connection is waited for after its last packet."""
DOUBTFUL_LINGER_NS = 120_000_000_000
"""The same after a RST within the window that was not exact: a receiver that did not take it goes on, as late as its
timers say; two minutes are more than nearly all of them (signatures.md 4)."""


class Lingering:
    """They leave when they were silent for so long, by capture time alone: at the first frame that is later.

    heap    (due, serial, connection); what had stragglers is looked at again
    due     when the first of them may leave, ns
    """

    def __init__(self) -> None:
        self.heap: list[tuple[int, int, Connection]] = []
        self.serial = 0
        self.due: int = NEVER

    def add(self, connection: Connection) -> None:
        """It was closed, or perhaps reset, just now."""
        self.serial += 1
        heappush(self.heap, (leaves(connection), self.serial, connection))
        self.due = self.heap[0][0]

    def over(self, now: cython.longlong) -> list[Connection]:
        """Those that have waited long enough; one that was closed twice may come twice."""
        connection: Connection
        over: list[Connection] = []
        again: list[Connection] = []
        while self.heap and self.heap[0][0] < now:
            _, _, connection = heappop(self.heap)
            if connection.closed_time == 0 and not doubtful(connection):
                continue  # it went on
            if leaves(connection) < now:
                over.append(connection)
            else:
                again.append(connection)
        for connection in again:
            self.add(connection)
        self.due = self.heap[0][0] if self.heap else NEVER
        return over


def leaves(connection: Connection) -> cython.longlong:
    """When it has waited long enough, if nothing else comes."""
    return connection.last_time + (LINGER_NS if connection.closed_time else DOUBTFUL_LINGER_NS)


def doubtful(connection: Connection) -> cython.bint:
    """A RST came that some stacks take, and since then neither side had anything new acknowledged."""
    reset: cython.longlong = max(connection.client.rst_packet, connection.server.rst_packet)
    return reset > 0 and connection.client.ack_packet < reset and connection.server.ack_packet < reset

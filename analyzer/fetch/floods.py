"""Floods: so much that comes to nothing in a minute that a row each helps nobody (RFC 4987 2, 3).

The first rows of each minute are written, the others counted: what they have in common is said as one. Attempts to
connect are counted by the server, whoever makes them, and whether it is silent, refuses, or answers SYNs whose sender
does not exist. Names are counted by the client that asks for them, and by the resolver that all of them ask, whatever
it says of them, if anything.
"""

from __future__ import annotations

import cython

from analyzer.fetch.model import Fetch
from analyzer.model.connection import Connection

MINUTE_NS = 60_000_000_000
"""Attempts are counted by minutes of capture time, of the times at which they began."""
MAX_ROWS = 4096
"""Rows of one server's failed attempts in a minute, as many as can be half-open on a Linux server (net.core.somaxconn):
an outage with two thousand clients keeps all its rows. And of one client's names: whoever fails to resolve 68 different
ones each second of a minute guesses them, or asks for a whole site (a build with search lists fails at hundreds)."""
MAX_ROWS_OF_ALL = 65_536
"""Rows of one resolver's failed names in a minute, a thousand a second, of all clients together: five thousand hosts of
which each fails at a name every five seconds keep all their rows; questions with made-up senders do not."""
MAX_MINUTES = 4096
"""Minutes of one server or client that are counted at a time, 0.3 kB each; at the cap all counts begin anew, which
writes more rows."""
MAX_TOLD = 100
"""Flooded servers, and flooding clients, that are told apart."""
MAX_SOURCES = 1024
"""Addresses told apart of what floods one server, 0.1 kB each, 10 MB with MAX_TOLD; of more it is said that they are
more: a flood with made-up senders has one a packet."""


class Flood:
    """What is told of one: how much came to nothing in its minutes, how much of it has no row, and who made that."""

    def __init__(self) -> None:
        self.attempts = self.left_out = 0
        self.sources: set[bytes] = set()


class Floods:
    """Counts what came to nothing of one kind, by whoever it has in common.

    most       rows in a minute; left_out: how many rows were left out
    minutes    (server + port, or client; minute) -> attempts
    told       flooded server + port, or flooding client -> its flood; b"" = those beyond MAX_TOLD
    """

    def __init__(self, most: int = MAX_ROWS) -> None:
        self.most = most
        self.left_out = 0
        self.minutes: dict[tuple[bytes, int], int] = {}
        self.told: dict[bytes, Flood] = {}

    def leaves_out(self, fetch: Fetch) -> cython.bint:
        """Whether the row of a connection is one too many; the last one before that gets a flag."""
        connection: Connection = fetch.connection
        if connection.established_time or fetch.phase != "connect" or fetch.kind != "fetch":
            return False
        place = fetch.flow.server + fetch.flow.server_port.to_bytes(2, "big")
        attempts: cython.longlong = self.add(place, fetch.start, fetch.flow.client)
        if attempts == self.most:
            connection.flag("flood")
        return attempts > self.most

    def add(self, place: bytes, began: cython.longlong, source: bytes) -> cython.longlong:
        """Something came to nothing; the result is how much did so in its minute. What is beyond `most` has no row."""
        minute = (place, began // MINUTE_NS)
        attempts: cython.longlong = self.minutes.get(minute, 0) + 1
        if attempts == 1 and len(self.minutes) >= MAX_MINUTES:
            self.minutes.clear()
        self.minutes[minute] = attempts
        if attempts > self.most:
            self.count(place, attempts, source)
        return attempts

    def count(self, place: bytes, attempts: cython.longlong, source: bytes) -> None:
        """One row is left out."""
        self.left_out += 1
        if place not in self.told and len(self.told) >= MAX_TOLD:
            place = b""
        flood: Flood | None = self.told.get(place)
        if flood is None:
            self.told[place] = flood = Flood()
        flood.attempts += 1 if attempts > self.most + 1 else attempts
        flood.left_out += 1
        if len(flood.sources) <= MAX_SOURCES:
            flood.sources.add(source)

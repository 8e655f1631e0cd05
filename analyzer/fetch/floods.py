"""Floods: attempts at one server that come to nothing, so many that a row each helps nobody (RFC 4987 2, 3).

The first rows of each minute are written, the others counted: what they have in common is said as one. Who floods does
not matter, nor whether the server is silent, refuses, or answers SYNs whose sender does not exist.
"""

from __future__ import annotations

import cython

from analyzer.fetch.model import Fetch
from analyzer.wire.model import Connection

MINUTE_NS = 60_000_000_000
"""Attempts are counted by minutes, of the times at which they began."""
MAX_ROWS = 4096
"""Rows of one server's failed attempts in a minute: so many can be half-open on a Linux server (net.core.somaxconn).
An outage with two thousand clients keeps all its rows."""
MAX_SERVERS = 4096
"""Servers that are counted at a time, 0.3 kB each; at the cap all counts begin anew, which writes more rows."""
MAX_TOLD = 100
"""Flooded servers that are told apart."""


class Floods:
    """Counts attempts that came to nothing.

    left_out   how many rows were left out
    minutes    server + port -> attempts of the minute that began at `turned`
    servers    flooded server + port -> [attempts in its minutes of flood, rows left out]
    """

    def __init__(self) -> None:
        self.most = MAX_ROWS
        self.left_out = self.turned = 0
        self.minutes: dict[bytes, int] = {}
        self.servers: dict[bytes, list[int]] = {}

    def leaves_out(self, fetch: Fetch) -> cython.bint:
        """Whether the row of a fetch is one too many; the last one before that gets a flag."""
        connection: Connection = fetch.connection
        if connection.established_time or fetch.phase != "connect" or fetch.kind != "fetch":
            return False
        place: bytes = fetch.flow.server + fetch.flow.server_port.to_bytes(2, "big")
        if fetch.start - self.turned >= MINUTE_NS or len(self.minutes) >= MAX_SERVERS:
            self.minutes = {}
            self.turned = fetch.start
        attempts: cython.longlong = self.minutes.get(place, 0) + 1
        self.minutes[place] = attempts
        if attempts < self.most:
            return False
        if attempts == self.most:
            connection.flag("flood")
            return False
        self.count(place, attempts)
        return True

    def count(self, place: bytes, attempts: cython.longlong) -> None:
        """One row is left out."""
        self.left_out += 1
        if place not in self.servers and len(self.servers) >= MAX_TOLD:
            place = b""
        counts = self.servers.setdefault(place, [0, 0])
        counts[0] += 1 if attempts > self.most + 1 else attempts
        counts[1] += 1

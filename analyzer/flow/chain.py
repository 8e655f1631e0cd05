"""The open connections in the order in which they began."""

from __future__ import annotations

from collections.abc import Iterator

import cython

from analyzer.model.connection import Connection


class Chain:
    """Connections that are linked to their neighbours: to come and to go touches no other memory than theirs.

    A plain dict keeps an order too, but looks past all that were deleted before its first; so does a list.

    first, last   None = it is empty
    """

    def __init__(self) -> None:
        self.first: Connection | None = None
        self.last: Connection | None = None
        self.size = 0

    def add(self, connection: Connection) -> None:
        """At the end; it must be in none."""
        last: Connection | None = self.last
        connection.linked = 1
        connection.before = last
        if last is None:
            self.first = connection
        else:
            last.after = connection
        self.last = connection
        self.size += 1

    def discard(self, connection: Connection) -> None:
        """Take it out if it is there."""
        before: Connection | None = connection.before
        after: Connection | None = connection.after
        if not connection.linked:
            return
        if before is None:
            self.first = after
        else:
            before.after = after
        if after is None:
            self.last = before
        else:
            after.before = before
        connection.before = connection.after = None
        connection.linked = 0
        self.size -= 1

    def __len__(self) -> int:
        return self.size

    def __contains__(self, connection: object) -> bool:
        return isinstance(connection, Connection) and connection.linked == 1

    def __iter__(self) -> Iterator[Connection]:
        """Of those that are in it now: they may leave meanwhile."""
        return iter(self.some(self.size))

    def __reversed__(self) -> Iterator[Connection]:
        """The newest first; none may leave meanwhile."""
        connection: Connection | None = self.last
        while connection is not None:
            yield connection
            connection = connection.before

    def some(self, most: cython.longlong) -> list[Connection]:
        """The first so many."""
        found: list[Connection] = []
        connection: Connection | None = self.first
        while connection is not None and len(found) < most:
            found.append(connection)
            connection = connection.after
        return found

# not compiled: looks a few times a second
"""Whether an attempt lost a race (verdict/races.py), where what it raced against may still be open."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from analyzer.fetch.build import fetches
from analyzer.fetch.names import Names
from analyzer.model.connection import Connection
from analyzer.reading.engine import Engine
from analyzer.verdict.brief import Brief, settled
from analyzer.verdict.model import Verdict
from analyzer.verdict.races import Races, Window
from analyzer.verdict.thresholds import DEFAULT

LOOKED_BACK, LOOKED_AHEAD = 64, 256
"""Fetches before an attempt, and behind it, among which its rivals are sought: as in verdict/races.py."""
MOST_STEPS = 1024
"""Open connections that are passed, from the newest backwards, to find those that began with an attempt."""
MOST_RIVALS = 32
"""Those of them that are compared with it; where there are more, nobody can tell who raced whom."""
OPEN = Verdict("incomplete", "", "low")
"""The verdict of a connection that is open: nothing is known of its end."""


class Rivals:
    """What began about the same time as an attempt: rows that have left, others at hand, and what is open.

    left   the newest rows that have left
    """

    def __init__(self, engine: Engine, names: Names) -> None:
        self.engine = engine
        self.names = names
        self.left: deque[Brief] = deque(maxlen=LOOKED_BACK + LOOKED_AHEAD)

    def race(self, fetch: Brief, judged: list[Brief], place: int, *, final: bool, settle: bool) -> bool:
        """Make the attempt judged[place] a loser if it is one; True while that is not decided.

        final   nothing is open any more; settle: wait however long it takes, not only for the time of a race
        """
        window = DEFAULT.he_window_ns
        near = judged[max(0, place - LOOKED_BACK) : place + LOOKED_AHEAD]
        others = [other for other in (*self.left, *near) if abs(other.start - fetch.start) <= window]
        if len(others) > LOOKED_AHEAD:
            return False
        rivals = [] if final else list(self._open(fetch, window))
        if len(rivals) >= MOST_RIVALS:
            return False
        races = Races()
        together = sorted({id(one): one for one in (*others, *rivals, fetch)}.values())
        for other in together:
            races.add(other)
        for _ in range(together.index(fetch)):
            races.queue.leave()
        races.judge(fetch)
        for one in (*others, fetch):
            if one.flags:  # a row may have left by now
                settled(one)
        if fetch.kind == "race" or not rivals or not (settle or self.engine.capture_end <= fetch.start + window):
            return False
        rules = Window(races, fetch)
        return any(rival.attempted and rules.related(rival) for rival in rivals)

    def _open(self, fetch: Brief, window: int) -> Iterator[Brief]:
        """The open connections to the same port that began about then, as far as that matters for a race."""
        found = 0
        for connection in begun_since(self.engine, fetch.start - window):
            if connection.first_time > fetch.start + window or not may_race(connection, fetch):
                continue
            rival = fetches(connection)[0]
            self.names.annotate(rival)
            rival.verdict = OPEN
            yield Brief(rival)
            found += 1
            if found >= MOST_RIVALS:
                return


def may_race(connection: Connection, fetch: Brief) -> bool:
    """Another address, on the same port: of the other family, or of the same client if names can tell."""
    server = connection.server
    if server.port != fetch.server_port or connection.client.key_size == 0 or server.address == fetch.server:
        return False
    if len(server.address) != len(fetch.server):
        return True
    return fetch.name != "" and connection.client.address == fetch.client


def begun_since(engine: Engine, time: int) -> Iterator[Connection]:
    """The open connections that began then or later, the newest first."""
    connection = engine.table.opened.last
    for _ in range(MOST_STEPS):
        if connection is None or connection.first_time < time:
            return
        yield connection
        connection = connection.before

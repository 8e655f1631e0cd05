# not compiled: looks a few times a second
"""When a name leaves that was asked for in vain, while its capture goes on.

A resolver that goes on asks at once, or does so after its timeout, so a name waits until no question of it does. Until
then it is told as what goes on: once the resolver has asked again in vain, or an answer brought nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from analyzer.fetch.model import Fetch
from analyzer.fetch.names import Names
from analyzer.fetch.resolution import Resolution, as_fetch
from analyzer.fetch.wishes import MOST_LOOKED_AT, Pair
from analyzer.layer.dns.lookups import Lookup
from analyzer.layer.dns.message import HTTPS
from analyzer.reading.engine import Engine
from analyzer.reading.stalls import Stalls
from analyzer.verdict.model import verdict_of
from analyzer.verdict.signatures.dns import RETRY_NS

QUIET_NS = 400_000_000
"""A resolver that goes on behind an answer, to the next server or with the next search domain, asks at once."""


class Asked:
    """The names of one stream.

    rows      those whose row has left -> that row; None: a flood leaves it out
    stalls    those that go on, by client and name
    """

    def __init__(
        self,
        engine: Engine,
        names: Names,
        judge: Callable[[Fetch], None],
        mine: Callable[[Fetch], bool],
        stalls: Stalls,
        *,
        lean: bool,
    ) -> None:
        self.engine, self.names = engine, names
        self.judge, self.mine = judge, mine
        self.stalls = stalls
        self.lean = lean
        self.now = 0
        self.rows: dict[Resolution, Fetch | None] = {}

    def look(self, now: int) -> Iterator[Fetch]:
        """Those that are decided: whose answers have come, and nothing since."""
        engine, self.now = self.engine, now
        waiting = [one for one in engine.dns.began if one.qtype != HTTPS and not one.cut]
        self._forget({(one.client, one.name) for one in waiting})
        self._look_at_silent(waiting)
        if not self.names.wishes.waiting:
            return
        found = self.names.vain(now, QUIET_NS, self.rows, engine.opened_since, engine.one_way)
        waits = {(one.client, first_label(one.name)) for one in waiting} if found else set()
        for fetch in filter(self.mine, found):
            wish: Resolution = fetch.resolution
            self.judge(fetch)
            verdict = verdict_of(fetch)
            if not verdict.failed:
                continue
            if "ongoing" in verdict.flags or (fetch.flow.client, first_label(fetch.name)) in waits:
                self.stalls.go_on((wish.client, wish.name), fetch, wish.last_time, self.now)
            elif self._leaves(wish, fetch):
                yield fetch

    def _leaves(self, wish: Resolution, fetch: Fetch) -> bool:
        """The name is decided: whether its row leaves, or a flood leaves it out."""
        self.stalls.end((wish.client, wish.name))
        self.rows[wish] = None
        if self.names.wishes.leaves_out(wish):
            return False
        if wish.last_of_flood:
            fetch.connection.flag("flood")
            self.judge(fetch)
        self.rows[wish] = fetch
        if self.lean:
            fetch.detach()
        return True

    def row_of(self, fetch: Fetch) -> Fetch | None:
        """The row that has left of a name that is over; None when none has."""
        return self.rows.pop(fetch.resolution, None)

    def _look_at_silent(self, waiting: list[Lookup]) -> None:
        """Names that were asked for again, by the same question or a new one, and nobody has answered."""
        by_name: dict[Pair, list[Lookup]] = {}
        for lookup in waiting:
            by_name.setdefault((lookup.client, lookup.name), []).append(lookup)
        silent = (pair for pair, lookups in by_name.items() if asked_again(lookups, self.now - QUIET_NS))
        for pair in islice(silent, MOST_LOOKED_AT):
            known = self.names.wishes.named.get(pair)
            wish = gathered([*(known[-1].lookups if known else ()), *by_name[pair]])
            if wish.failed:
                self._look_at(wish)

    def _look_at(self, wish: Resolution) -> None:
        """A name as if nothing more came."""
        fetch = as_fetch(wish, self.now, self.engine.one_way)
        if self.mine(fetch):
            self.judge(fetch)
            if verdict_of(fetch).failed:
                self.stalls.go_on((wish.client, wish.name), fetch, wish.last_time, self.now)

    def _forget(self, waiting: set[Pair]) -> None:
        """What is over, or brought an address after all."""
        wishes = self.names.wishes
        for pair in [one for one in self.stalls.known if isinstance(one, tuple) and one not in waiting]:
            if not any(wish in wishes.waiting for wish in wishes.named.get(pair, ())):
                self.stalls.end(pair)
        if len(self.rows) > 2 * len(wishes.open) + 16:
            self.rows = {wish: row for wish, row in self.rows.items() if wish in wishes.open}


def first_label(name: str) -> str:
    """What search domains leave of a name."""
    return name.partition(".")[0].lower()


def asked_again(lookups: list[Lookup], by: int) -> bool:
    """Whether a name was asked for again a retry's time after the first question, and that was so by an instant."""
    last = max(one.last_query_time for one in lookups)
    return last <= by and last - min(one.first_time for one in lookups) >= RETRY_NS


def gathered(lookups: list[Lookup]) -> Resolution:
    """What is known of a name by these questions."""
    wish = Resolution(lookups[0])
    for lookup in lookups:
        wish.add(lookup)
    return wish

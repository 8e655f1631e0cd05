"""The way of every fetch of one capture: cut out of a connection that is over, judged, in order, its group decided."""

from __future__ import annotations

from collections.abc import Callable

import cython

from analyzer.capture.losses import Losses
from analyzer.fetch.build import fetches
from analyzer.fetch.floods import Floods
from analyzer.fetch.model import Fetch
from analyzer.fetch.names import Names
from analyzer.layer.dns.lookups import Lookup
from analyzer.model.ahead import connections as ahead
from analyzer.model.connection import Connection
from analyzer.output.written import Written
from analyzer.verdict.brief import Brief, brief_of, settled, turn_of
from analyzer.verdict.decide import decide_case
from analyzer.verdict.drops import mark
from analyzer.verdict.facts import Facts
from analyzer.verdict.groups import Groups
from analyzer.verdict.model import Verdict
from analyzer.verdict.order import Order
from analyzer.verdict.thresholds import DEFAULT
from analyzer.verdict.turn import Turn

CHUNK = 128
"""Fetches that go through each stage together. The code of one stage fits into a processor's instruction cache, that of
all stages does not; and so many fetches fit into its second data cache, at 2 kB each."""
CUT = 32
"""The same while they hold their connections, at 6 to 8 kB each."""
AHEAD = 16
"""Connections whose memory is asked for at a time: of more the first would be in no cache again."""


@cython.cclass
class Judging:
    """Takes connections as they end, and gives fetches as their rows become final.

    file, show_queries  as in Fetch
    kinds, lean, mine, keep   as in Reading; again: what is left to judge of the fetches of a connection, None = all
    over                after a stop: those that are over, None = nobody stopped
    losses              where packets were dropped so far
    rows                writes rows as soon as fetches are judged, which are not kept then; None = nothing does
    final               whose rows are final; an interrupt leaves them here
    without_fetch       connections that carried none, so far; foreign: fetches that are not wanted
    """

    def __init__(
        self, file: str, names: Names, floods: Floods, order: Order, *, show_queries: bool, kinds: bool, lean: bool
    ) -> None:
        self.file = file
        self.names = names
        self.floods = floods
        self.order = order
        self.groups = Groups()
        self.show_queries = show_queries
        self.kinds = kinds
        self.lean = lean
        self.mine: Callable[[Fetch], bool] | None = None
        self.keep: Callable[[Fetch], bool] | None = None
        self.again: Callable[[Connection, list[Fetch]], list[Fetch]] | None = None
        self.over: Callable[[list[Fetch]], list[Fetch]] | None = None
        self.losses = Losses()
        self.lossy = self.named = False
        self.without_fetch = self.foreign = 0
        self.rows: Written | None = None
        self.final: list[Fetch | Brief] = []

    def take(self, batch: list[Connection | Lookup], losses: Losses) -> None:
        """Judge the fetches of connections that are over, by what names are known by then."""
        fetch: Fetch
        cut: list[Fetch]
        built: list[Fetch] = []
        self.losses = losses
        self.lossy = bool(losses.times)
        self.named = self.names.asked.size > 0
        i: cython.Py_ssize_t
        for i in range(len(batch)):
            if i % AHEAD == 0:
                ahead(batch, i, min(i + AHEAD, len(batch)))
            ended = batch[i]
            if not isinstance(ended, Connection):
                self.names.learn(ended)
                self.named = True
                continue
            cut = fetches(ended)
            if self.again is not None:
                cut = self.again(ended, cut)
            for fetch in cut:
                if self.mine is not None and not self.is_mine(fetch):
                    continue
                if self.floods.leaves_out(fetch):
                    continue
                self.prepare(fetch)
                if fetch.kind != "fetch":
                    self.without_fetch += 1
                    if not self.kinds:
                        continue
                built.append(fetch)
            if len(built) >= CUT:
                self.judge(built)
                built = []
        self.judge(built)

    def is_mine(self, fetch: Fetch) -> cython.bint:
        """Whether a fetch is wanted; what is not is counted, and is nobody's retry or rival."""
        if self.mine is None or self.mine(fetch):
            return True
        self.foreign += fetch.kind == "fetch"
        return False

    def prepare(self, fetch: Fetch) -> None:
        """Give a fetch what it needs to be judged and shown."""
        if self.named and fetch.resolution is None:
            self.names.annotate(fetch)
        fetch.file = self.file
        fetch.show_queries = self.show_queries
        if self.lossy:
            mark(fetch, self.losses)

    def decide(self, fetch: Fetch) -> Verdict:
        """Give a fetch its verdict."""
        verdict: Verdict = decide_case(Facts(fetch, DEFAULT))
        fetch.verdict = verdict
        return verdict

    def judge(self, built: list[Fetch]) -> None:
        """Judge fetches, and let them wait for their turn."""
        fetch: Fetch
        if self.over is not None:
            built = self.over(built)
        for fetch in built:
            self.decide(fetch)
        for fetch in built:
            self.add(fetch)

    def add(self, fetch: Fetch) -> None:
        """Let a fetch that was judged wait for its turn; what tells of its server is noted now, while it is at hand."""
        brief: Brief = Brief(fetch)
        self.groups.ecn.learn(brief)
        if self.rows is not None:
            self.order.add(self.rows.put(brief, self.order.waiting))
            return
        if self.lean and (self.keep is None or not self.keep(fetch)):
            fetch.detach()
        self.order.add(turn_of(brief))

    def release(self, oldest_open: cython.longlong) -> cython.bint:
        """Put into `final` whose rows are final: no open connection can precede them, and their group is decided.

        Some at a time; False when there are none.
        """
        fetch: Brief
        first: Turn | None
        following: Turn | None
        while len(self.final) < CHUNK:
            first = self.groups.leave()
            while first is None:
                following = self.order.leave(oldest_open)
                if following is None:
                    return len(self.final) > 0
                self.groups.add(self.brief(following))
                first = self.groups.leave()
            fetch = self.groups.numbered(self.brief(first))
            if self.shows(fetch.kind):
                self.final.append(fetch if fetch.fetch is None else settled(fetch))
            elif self.rows is not None:
                self.rows.depot.take(fetch)
        return True

    def brief(self, turn: Turn) -> Brief:
        """The brief of a fetch whose turn it is."""
        return brief_of(turn) if self.rows is None else self.rows.brief(turn)

    def shows(self, kind: str) -> cython.bint:
        """Whether it has a row: an attempt that lost a race is no fetch, as is known only now."""
        if kind != "race":
            return True
        self.without_fetch += 1
        return self.kinds

"""What a page needs of fetches, collected while they pass by; and of captures, read once more for the packets."""

from __future__ import annotations

# not compiled: what every fetch passes is counted by compiled code; the rest is for those that did not go well
from collections import Counter
from contextlib import closing
from typing import NamedTuple

from analyzer.capture import CaptureSource, open_capture
from analyzer.fetch.model import Fetch
from analyzer.output.columns import COLUMNS
from analyzer.output.grouping import Grouping
from analyzer.output.ladder import Ladder, ladders
from analyzer.output.page.choice import Quota
from analyzer.output.page.strip import Strip
from analyzer.output.row import values
from analyzer.output.summary import Summary
from analyzer.output.veil import Veil
from analyzer.verdict.explain import Explanation, explain
from analyzer.verdict.model import Verdict, verdict_of

MOST_LISTED = 2000
"""Fetches with a row of their own: more make a page that browsers open slowly (about 2 MB), and nobody reads it."""
MOST_DRAWN = 150
"""Fetches whose packets are read again; their ladders fill MOST_LADDER_BYTES of the page (page.py) at most."""
MOST_OF_CONNECTION = 8
"""Of one connection's fetches that many are drawn: each looks at all of its packets."""

Values = dict[str, object]


class Drawn(NamedTuple):
    """A fetch in detail."""

    ladder: Ladder
    explanation: Explanation


class PageContent:
    """Give it to `Reading` as `keep`, and every fetch to `add`; then `draw`.

    summary    counts of everything; groups: what did not go well; strip: when fetches began
    flags      flags of the rows, and missing: what `incomplete` ones lack, counted
    listed     the fetches that get a row of their own: all that did not go well, then others, up to MOST_LISTED
    drawn      id of a fetch -> its packets and its explanation
    """

    def __init__(self, veil: Veil) -> None:
        self.veil = veil
        self.summary = Summary()
        self.groups = Grouping()
        self.strip = Strip()
        self.flags: Counter[str] = Counter()
        self.missing: Counter[str] = Counter()
        self.bad: Quota[Fetch] = Quota(MOST_LISTED)
        self.good: list[Fetch] = []
        self.kept: Quota[Fetch] = Quota(MOST_DRAWN, Fetch.detach)
        self.of_connection: Counter[tuple[str, int]] = Counter()
        self.drawn: dict[int, Drawn] = {}
        self.listed: list[Fetch] = []
        self.first = self.last = 0

    def keep(self, fetch: Fetch) -> bool:
        """Whether the connection of a fetch is needed once more; asked when it was judged."""
        verdict: Verdict = verdict_of(fetch)
        if verdict.klass == "ok" or fetch.kind != "fetch":
            return False
        connection = (fetch.file, fetch.flow.stream)
        if fetch.resolution is None and self.of_connection[connection] >= MOST_OF_CONNECTION:
            return False
        if not self.kept.offer(_group(fetch, verdict), fetch):
            return False
        self.of_connection[connection] += 1
        return True

    def add(self, fetches: list[Fetch]) -> None:
        """Some rows."""
        for fetch in fetches:
            self._add(fetch)

    def _add(self, fetch: Fetch) -> None:
        self.summary.add(fetch)
        if fetch.kind != "fetch":
            return
        verdict = verdict_of(fetch)
        if "nat-twin" in verdict.flags:  # it was captured on both sides of a NAT, and counts once
            return
        self.strip.add(fetch.start, 1 if verdict.failed else 2 if verdict.klass == "incomplete" else 0)
        self.first = min(self.first or fetch.start, fetch.start)
        self.last = max(self.last, fetch.end)
        if verdict.klass == "ok":
            if len(self.good) < MOST_LISTED:
                self.good.append(fetch)
            return
        self.flags.update(verdict.flags)
        if verdict.klass == "incomplete":
            self.missing[verdict.missing] += 1
        self.groups.add(row_of(fetch))
        self.bad.offer(_group(fetch, verdict), fetch)

    def draw(self, sources: list[CaptureSource]) -> None:
        """Read the captures once more for the packets of those that were kept."""
        place = {source.name: at for at, source in enumerate(sources)}
        listed = [*self.bad]
        listed += self.good[: MOST_LISTED - len(listed)]
        self.listed = sorted(listed, key=lambda fetch: (place[fetch.file], fetch.number))
        there = {id(fetch) for fetch in self.listed}
        kept = [fetch for fetch in self.kept if id(fetch) in there]
        for source in sources:
            mine = [fetch for fetch in kept if fetch.file == source.name]
            if not mine:
                continue
            with closing(open_capture(source)) as again:
                for fetch, ladder in zip(mine, ladders(mine, again.frames, self.veil), strict=True):
                    self.drawn[id(fetch)] = Drawn(ladder, explain(fetch))
                    fetch.detach()


def _group(fetch: Fetch, verdict: Verdict) -> tuple[str, str, str, bytes, int]:
    flow = fetch.flow
    return verdict.klass, verdict.cause, fetch.name, b"" if fetch.name else flow.server, flow.server_port


def row_of(fetch: Fetch) -> Values:
    """The row of a fetch, by column."""
    return dict(zip(COLUMNS, values(fetch), strict=True))

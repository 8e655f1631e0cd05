# not compiled: works a row at a time
"""What several fetches mean together, where each leaves as soon as its own verdict is decided (live, streams).

A failure leaves while it may still be tried again, as `pending`, and what came of it is told by an Event; or, to settle
it first, waits for that alone. Fetches come in the order in which they were decided, those of one moment in that of
their first packets.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import NamedTuple

from analyzer.fetch.model import Fetch
from analyzer.verdict.brief import Brief, settled
from analyzer.verdict.groups import Groups
from analyzer.verdict.model import verdict_of
from analyzer.verdict.retries import MAX_LATER, MAX_WAITING, Group

MAX_PENDING = 4096
"""Groups open whose rows have left, 2.5 kB each: of 45 failures a second is told what became of them. Of more the
oldest are forgotten, with a warning."""


class Event(NamedTuple):
    """Something that is told beside the rows.

    kind      group: what came of failures whose rows have left; amended: a row turned out otherwise, or to be no
              fetch (kind race); ongoing: a stall lasts; ended: it does not any more
    fetches   numbers of the rows that it is about
    fetch     group: its last member, with attempt, group and group_outcome; amended: as it is now; ongoing, ended: as
              it was when it was last judged, without a number, and `silence_s` up to the event
    before    amended: as its row says
    """

    kind: str
    fetches: tuple[int, ...]
    fetch: Fetch
    before: Fetch | None = None


def going_on(fetch: Fetch) -> int:
    """What tells apart things that go on: the tcp.stream; for a name that does not resolve its first question."""
    return fetch.flow.stream if fetch.flow.stream >= 0 else -fetch.first_packet


Awaited = Callable[[Group], bool]
"""Whether a connection is open that may be a group's next attempt."""


class Told:
    """Numbers rows as they leave, and keeps what is to be said of them later.

    settle    whether members of a group wait for its outcome
    pending   open groups -> the numbers of rows that have left, or, with `settle`, the fetches that wait; oldest first
    """

    def __init__(self, groups: Groups, *, settle: bool) -> None:
        self.groups = groups
        self.retries = groups.retries
        self.settle = settle
        self.pending: OrderedDict[Group, list[Brief]] = OrderedDict()
        self.numbers: dict[Group, list[int]] = {}
        self.waiting = 0

    def tell(self, fetch: Brief) -> Iterator[Fetch | Event]:
        """A fetch is decided: its row, and what it means for others."""
        self.groups.ecn.learn(fetch)
        yield from self.place(fetch, self.retries.grouped(fetch))

    def place(self, fetch: Brief, group: Group | None) -> Iterator[Fetch | Event]:
        """The same of one whose group is known."""
        if group is None:
            yield settled(self.groups.numbered(fetch))
        elif group.open:
            yield from self._wait(fetch, group)
        else:
            self.retries.leave(fetch, group)
            yield settled(self.groups.numbered(fetch))
            yield from self._settled(group, fetch)

    def _wait(self, fetch: Brief, group: Group) -> Iterator[Fetch]:
        """A member of an open group."""
        waiting = self.pending.setdefault(group, [])
        self.pending.move_to_end(group)
        if self.settle:
            waiting.append(fetch)
            self.waiting += 1
            if len(waiting) >= MAX_LATER:
                yield self._let_go(waiting.pop(0), group)
            while self.waiting > MAX_WAITING:
                yield from self._overflow()
            return
        self.retries.pass_by(fetch, group)
        self.groups.numbered(fetch)
        row = settled(fetch)
        numbers = self.numbers.setdefault(group, [])
        numbers.append(fetch.number)
        del numbers[:-MAX_LATER]
        yield row
        while len(self.pending) > MAX_PENDING:
            oldest, _ = self.pending.popitem(last=False)
            self.numbers.pop(oldest, None)
            self.retries.overflowed = True
            self.retries.close(oldest)

    def _let_go(self, fetch: Brief, group: Group) -> Fetch:
        self.waiting -= 1
        self.retries.leave(fetch, group)
        return settled(self.groups.numbered(fetch))

    def _overflow(self) -> Iterator[Fetch]:
        """Too many wait: the oldest group's leave without its outcome."""
        group = next(iter(self.pending))
        self.retries.overflowed = True
        for fetch in self.pending.pop(group):
            yield self._let_go(fetch, group)

    def _settled(self, group: Group, last: Brief) -> Iterator[Fetch | Event]:
        """A group is closed: what is to be said of its members but the last."""
        for fetch in self.pending.pop(group, ()):
            yield self._let_go(fetch, group)
        numbers = tuple(number for number in self.numbers.pop(group, ()) if number != last.number)
        if numbers:
            yield Event("group", numbers, settled(last))

    def reach(self, now: int, awaited: Awaited) -> Iterator[Fetch | Event]:
        """Time goes on: groups that nobody continued in time are closed; those of which an attempt is open, not yet."""
        late = 0
        while len(self.pending) > late:
            group = next(iter(self.pending))
            if group.until >= now:
                return
            if awaited(group):
                self.pending.move_to_end(group)
                late += 1
            else:
                yield from self._given_up(group)

    def _given_up(self, group: Group) -> Iterator[Fetch | Event]:
        """Nobody tries again."""
        self.retries.close(group)
        last = group.last
        if self.settle:
            yield from self._settled(group, last)
            return
        self.pending.pop(group)
        numbers = self.numbers.pop(group, ())
        if numbers:
            last.group = group.number
            last.outcome = group.outcome if group.size > 1 else ""
            yield Event("group", tuple(numbers), settled(last))

    def end(self) -> Iterator[Fetch | Event]:
        """No fetch will follow."""
        while self.pending:
            yield from self._given_up(next(iter(self.pending)))


def changed(before: Fetch, now: Fetch) -> bool:
    """Whether a row that has left says something else than the fetch does now."""
    one, other = verdict_of(before), verdict_of(now)
    return (one.klass, one.cause, before.kind, before.status) != (other.klass, other.cause, now.kind, now.status)

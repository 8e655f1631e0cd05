# not compiled: looks a few times a second
"""When a row leaves while its capture goes on: as soon as it is decided, whatever else is open.

In a file rows come in the order of first packets, each final. In a stream somebody waits for them: at every look the
connections are judged that are over or seem so, and so is what was given out since. A replayed capture is read as a
file for as long as it comes faster than it was captured, and without a pause.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Iterator
from time import monotonic_ns

from analyzer.fetch.build import fetches
from analyzer.fetch.floods import Floods
from analyzer.fetch.model import Fetch
from analyzer.fetch.names import Names, wanted
from analyzer.model.connection import Connection
from analyzer.reading.asked import Asked
from analyzer.reading.engine import BATCH, Engine
from analyzer.reading.rivals import Rivals
from analyzer.reading.rows import NOTHING_OPEN
from analyzer.reading.stalls import Stalls
from analyzer.tcp.outlook import as_if_over, gone, looked_at, worth_a_look
from analyzer.verdict.brief import Brief, brief_of, settled
from analyzer.verdict.groups import Groups
from analyzer.verdict.model import Verdict, verdict_of
from analyzer.verdict.order import Order
from analyzer.verdict.retries import Group, lower
from analyzer.verdict.told import Event, Told, changed

HAND_OVER_NS = 50_000_000
"""The engine is asked about so often, by the clock: for as many frames as came in this time."""
REMEMBERED_NS = 120_000_000_000
"""How long stragglers of a connection that was given out are known as such, at least: a SYN's last repetition comes
sooner (Linux tcp_syn_retries), and so do all of a closing side."""
LOOK_NS = 250_000_000
"""Between two looks while packets come without a pause."""
PACE = 0.8
"""Part of the time it was captured in that a capture must take to come, else it is replayed."""
SWITCHED = 101
"""Status behind which the exchange goes on as something else (RFC 9110 15.2.2)."""
MOST_WAITING = 4096
"""Fetches that wait for the next look, where a capture is replayed that had paused once."""
BUDGET_NS = 20_000_000
"""For looking at connections while packets come without a pause; the next look takes the others."""
REACTS_NS = 400_000_000
"""A client that goes on behind the server's FIN, or a RST that it may not take, does so before this: twice the least
retransmission timeout in use (Linux TCP_RTO_MIN)."""
RACE_NS = 400_000_000
"""How long a decided attempt waits to know whether another address won. A client tries the next one 100 to 300 ms
after the first, or at once upon a failure (RFC 8305 5 and 8); until it says something there, a round trip or two go by.
What turns out later is told as an amendment."""
MOST_UNSURE = 64
"""Attempts whose rows have left, and of which that may yet turn out."""
ASKS_AGAIN_NS = 3_300_000_000
"""The same while it connects: its second SYN may be lost, the third comes after three seconds."""

Judge = Callable[[Fetch], None]
"""Gives a fetch what a row needs: its name, and its verdict."""


class Pace:
    """Tells when to look: in every pause, else every LOOK_NS if packets come as fast as they were captured.

    time, clock   of the last look: capture time, and the monotonic clock, ns
    frames, came  how many there were when the engine last handed over, and when that was, by the monotonic clock
    """

    def __init__(self) -> None:
        self.time = self.clock = self.frames = 0
        self.came = monotonic_ns()

    def due(self, engine: Engine) -> bool:
        """Whether to look now; and how many frames to read until it is asked again."""
        clock = monotonic_ns()
        came = engine.frames_seen - self.frames
        engine.size = max(1, min(BATCH, came * HAND_OVER_NS // max(clock - self.came, 1)))
        self.frames, self.came = engine.frames_seen, clock
        went_on = engine.capture_end - self.time
        if not engine.idle and went_on < LOOK_NS:
            return False
        paced = clock - self.clock >= PACE * went_on
        self.time, self.clock = engine.capture_end, clock
        return engine.idle or paced


class Leaving:
    """The rows of one stream.

    forgotten when connections that were given out were last forgotten, ns
    settle    whether rows wait until nothing can change them; else each leaves at once, and Events tell the rest
    mine      says which fetches are wanted
    begun     whether rows leave out of order by now: since the first look
    rows      connections that are not given out yet -> the fetches of theirs that have left, by place
    said      what is to be told besides
    stalls    what goes on, and has failed so far
    asked     the names that were asked for in vain
    attempts  fetches that carried nothing, and wait to know whether they lost a race -> since when, ns
    unsure    those of them that did not wait any longer: their rows have left
    """

    def __init__(
        self,
        engine: Engine,
        names: Names,
        kept: tuple[Order, Groups, Floods],
        judge: Judge,
        *,
        lean: bool,
        settle: bool,
        mine: Callable[[Fetch], bool],
    ) -> None:
        self.engine, self.names = engine, names
        self.order, self.groups, self.floods = kept
        self.judge = judge
        self.lean = lean
        self.settle = settle
        self.mine = mine
        self.said: list[Event] = []
        self.stalls = Stalls(self.said, lean=lean)
        self.told = Told(self.groups, settle=settle)
        self.pace = Pace()
        self.begun = False
        self.forgotten = engine.capture_end
        self.rows: dict[Connection, dict[int, Fetch]] = {}
        self.attempts: dict[Brief, int] = {}
        self.unsure: dict[Brief, None] = {}
        self.asked = Asked(engine, names, judge, mine, self.stalls, lean=lean)
        self.rivals = Rivals(engine, names)

    def looks(self) -> Iterator[Fetch | Event]:
        """What leaves now: called whenever the engine has handed over."""
        due = self.pace.due(self.engine)
        if not due and not (self.begun and self.order.waiting >= MOST_WAITING):
            return
        if not self.begun:
            self.begun = True
            yield from self._from_file()
        self._forget()
        if due and not self.settle:
            self._look()
        yield from self._said()
        yield from self._decided()
        yield from self.told.reach(self.engine.capture_end, self._awaited())

    def _forget(self) -> None:
        """Ports whose connections were given out long ago; a file remembers as many as there is room for."""
        keys, now = self.engine.table.keys, self.engine.capture_end
        if now - self.forgotten >= REMEMBERED_NS:
            self.forgotten = now
            keys.gone_before, keys.gone = keys.gone, {}

    def _said(self) -> list[Event]:
        """What is to be told besides, once."""
        said = [*self.said]
        self.said.clear()
        return said

    def end(self) -> Iterator[Fetch | Event]:
        """The capture is over, and everything was given out."""
        yield from self._said()
        yield from self._decided(final=True)
        yield from self.told.end()

    def _from_file(self) -> Iterator[Fetch | Event]:
        """What waited as in a file goes on as in a stream."""
        races, retries = self.groups.races, self.groups.retries
        while len(retries.queue):
            fetch, group = retries.queue.first(), retries.groups_of.first()
            retries.queue.leave()
            retries.groups_of.leave()
            yield from self.told.place(brief_of(fetch), group)
        while len(races.queue):
            self.order.add(races.queue.first())
            races.queue.leave()

    def _look(self) -> None:
        """Judge what seems to be over."""
        engine = self.engine
        now = engine.capture_end
        until = monotonic_ns() + BUDGET_NS
        for connection in dict.fromkeys((*worth_a_look(engine.table, now), *self._stirred())):
            if not engine.idle and monotonic_ns() > until:
                break
            twin = as_if_over(engine.table, connection, now)
            decided = False
            if twin is not None:
                decided = self._judge(connection, twin, now)
            looked_at(connection, now, decided)
        for fetch in self.asked.look(now):
            self.order.add(Brief(fetch))
        self.stalls.pass_time(now)

    def asked_again(self, fetch: Fetch) -> bool:
        """Whether the row of a name that was asked for in vain, and is over now, has left."""
        before = self.asked.row_of(fetch)
        if before is None:
            return False
        if changed(before, fetch):
            self._amend(before, fetch)
        return True

    def _amend(self, before: Fetch, fetch: Fetch) -> None:
        """A row that has left turned out otherwise."""
        fetch.number, fetch.group, fetch.attempt = before.number, before.group, before.attempt
        fetch.group_outcome = before.group_outcome
        self.said.append(Event("amended", (before.number,), fetch, before))

    def _judge(self, connection: Connection, twin: Connection, now: int) -> bool:
        """Let the decided fetches of a connection leave; whether all are."""
        stalled: Fetch | None = None
        rows = self.rows.get(connection, {})
        built = fetches(twin)
        for place, fetch in enumerate(built):
            if place in rows or fetch.kind != "fetch" or not self.mine(fetch):
                continue
            self.judge(fetch)
            if not is_decided(fetch, twin, now, last=place == len(built) - 1):
                stalled = fetch if verdict_of(fetch).failed else None
                continue
            rows[place] = fetch
            if not self.floods.leaves_out(fetch):
                self.order.add(Brief(fetch))
            if self.lean:
                fetch.detach()
        if rows:
            self.rows[connection] = rows
        self._stall(connection, stalled, now)
        told = len(rows) == len(built)
        if told and gone(connection, now):
            self.engine.table.give_out(connection, 1)
        return told

    # -- stalls ----------------------------------------------------------------------------------------------------

    def _stall(self, connection: Connection, fetch: Fetch | None, now: int) -> None:
        """A connection stalls, as far as is known now, or does not."""
        if fetch is None:
            self.stalls.end(connection)
        else:
            self.stalls.go_on(connection, fetch, now - int(fetch.silence_s * 1e9), now)

    def _stirred(self) -> list[Connection]:
        """Connections that stalled, and of which something came since."""
        stalling = [one for one in self.stalls.known if isinstance(one, Connection)]
        for connection in stalling:
            if not connection.linked:
                self.stalls.end(connection)
        return [one for one in stalling if one.linked and one.looked != one.last_packet]

    def again(self, connection: Connection, built: list[Fetch]) -> list[Fetch]:
        """A connection of which rows have left is given out: the fetches that have not; what turned out otherwise."""
        rows = self.rows.pop(connection, None)
        if rows is None:
            return built
        left: list[Fetch] = []
        for place, fetch in enumerate(built):
            before = rows.get(place)
            if before is None:
                left.append(fetch)
                continue
            self.judge(fetch)
            if before.number and before.kind == "fetch" and changed(before, fetch):
                self._amend(before, fetch)
        return left

    # -- races -----------------------------------------------------------------------------------------------------

    def _decided(self, *, final: bool = False) -> Iterator[Fetch | Event]:
        """All that was judged, in the order of first packets; an attempt that may yet lose a race waits a little."""
        now = self.engine.capture_end
        since, self.attempts = self.attempts, {}
        judged = sorted([*since, *self._ordered()])
        yield from self._lost_late(judged, final=final)
        for place, fetch in enumerate(judged):
            raced = not fetch.resolved and fetch.kind != "race" and fetch.attempted
            if raced and self.rivals.race(fetch, judged, place, final=final, settle=self.settle):
                began = since.get(fetch, now)
                if self.settle or now < began + RACE_NS:
                    self.attempts[fetch] = began
                    continue
                self.unsure[fetch] = None
            self.rivals.left.append(fetch)
            yield from self.told.tell(fetch)

    def _ordered(self) -> Iterator[Brief]:
        """All that was judged."""
        while (turn := self.order.leave(NOTHING_OPEN)) is not None:
            yield brief_of(turn)

    def _lost_late(self, judged: list[Brief], *, final: bool) -> Iterator[Event]:
        """Attempts whose rows have left as failures, and of which the race is decided by now."""
        unsure, self.unsure = [*self.unsure][-MOST_UNSURE:], {}
        for fetch in unsure:
            if self.rivals.race(fetch, judged, bisect(judged, fetch), final=final, settle=False):
                self.unsure[fetch] = None
            elif fetch.kind == "race" and fetch.number:
                row = settled(fetch)
                yield Event("amended", (fetch.number,), row, row)

    # -- retries ---------------------------------------------------------------------------------------------------

    def _awaited(self) -> Callable[[Group], bool]:
        """Whether an open connection may be a group's next attempt, found out when somebody asks."""
        begun: dict[tuple[bytes, int], list[Connection]] = {}

        def awaited(group: Group) -> bool:
            if not begun:
                for connection in self.engine.table.opened:
                    ends = (connection.client.address, connection.server.port)
                    begun.setdefault(ends, []).append(connection)
                begun.setdefault((b"", 0), [])
            return any(continues(group, one) for one in begun.get((group.client, group.port), ()))

        return awaited


def continues(group: Group, connection: Connection) -> bool:
    """Whether an open connection may be the next attempt of a group."""
    if not group.over <= connection.first_time <= group.until:
        return False
    name = wanted(connection)
    if name and group.name:
        return lower(name) == group.name
    return connection.server.address == group.last.server


def is_over(fetch: Fetch) -> bool:
    """Whether a fetch is over whose connection was cut off by the end of the reading."""
    connection = fetch.connection
    if connection.closed_time or (fetch.kind == "fetch" and verdict_of(fetch).klass == "ok"):
        return True
    return is_decided(fetch, connection, connection.capture_end, last=fetch.last == 1)


def is_decided(fetch: Fetch, connection: Connection, now: int, *, last: bool) -> bool:
    """Whether nothing that is likely to come can change the verdict of a fetch."""
    verdict: Verdict = verdict_of(fetch)
    if verdict.klass == "incomplete" or "ongoing" in verdict.flags:
        return False
    if connection.closed_time or connection.client.fin_packet or not last:
        return True
    if fetch.exchange is not None and fetch.exchange.response_complete:
        return fetch.exchange.status != SWITCHED
    quiet = now - connection.last_time
    if fetch.phase == "connect":
        doubtful = connection.ignored or connection.challenge_ack >= 0 or connection.server.rst_packet
        return verdict.failed and (not doubtful or quiet >= ASKS_AGAIN_NS)
    if connection.server.fin_packet or connection.client.rst_packet or connection.server.rst_packet:
        return quiet >= REACTS_NS
    return False

"""When a connection is over, so that it is given out: closed and silent, never answered, evicted, or the capture ends.

All by capture time alone: at the first frame that is later, never by when the caller looks.
"""

from __future__ import annotations

from typing import Any

import cython

from analyzer.layer.layer import Layer
from analyzer.model.connection import Connection
from analyzer.tcp.lingering import Lingering
from analyzer.tcp.reordering import Reordering
from analyzer.tcp.unproven import Unproven

UNANSWERED_NS = 200_000_000_000
"""How long an unanswered SYN waits: the longest gap between two SYNs of a known stack is 64 s, three of them fit."""
LOOK_NS = 10_000_000_000
"""How often all that is open is looked at for those."""
LOOK_SHARE = 64
"""Of the open connections: so many frames at least pass between two looks, which keeps their cost linear."""
MAX_OPEN = 24_576
"""Open connections kept; at the cap the quarter that can matter least is given out unfinished, with the flag `evicted`:
a connection costs 3 to 6 kB, all of them 150 MB."""
MAX_HALF_OPEN = 16_384
"""Those of them whose handshake is under way, 3 kB each: four times what the queue of one Linux server holds
(net.core.somaxconn 4096). At the cap the oldest quarter goes, as above."""
MAX_LINGERING = 6_144
"""Closed connections that wait for stragglers, 4 kB each, 25 MB: of 1,200 a second all wait their time. Of more the
oldest leave earlier, of 3,000 a second after 2 s, which is still many round trips."""
MAX_HELD = 64 << 20
"""Bytes kept of all connections together, besides those above: exchanges, and what is not whole or not understood yet,
each capped for one connection (weight.py). At the cap those go until a quarter is free that can matter least, as above.
They are 100,000 exchanges of open connections."""
LIGHT = 1024
"""A connection of which no more is kept stays: all of them together are far below the cap."""
MAX_PAUSES = 100
"""Pauses of a day that are remembered; a file that has more is taken as one piece behind them."""


class Expiry(Reordering):
    """The table of connections as far as their end goes.

    lingering   those that are over and wait for stragglers
    finished    connections that are over, in the order in which they ended; the caller empties it
    now         time of the newest packet; before: of the newest before it
    due         when somebody may have to be given out; looked: when all were looked at
    seen        frames since then that let time go on
    pauses      times after which nothing was captured for a day
    most_open, most_half_open, most_lingering   how many there may be; most_held: bytes of all of them
    given_out   bytes of those that are finished
    evicted     how many were given out because there were too many; evicted_half_open: so many of them half-open;
                too_heavy: so many because of their bytes
    """

    def begin_expiry(self) -> None:
        """Nothing is over."""
        self.begin_reordering()
        self.lingering = Lingering()
        self.finished: list[Any] = []  # the engine lets lookups end in the same list
        self.pauses: list[int] = []
        self.now = self.before = self.due = self.looked = self.seen = 0
        self.most_open, self.most_half_open, self.most_lingering = MAX_OPEN, MAX_HALF_OPEN, MAX_LINGERING
        self.most_held = MAX_HELD
        self.evicted = self.evicted_half_open = self.too_heavy = self.given_out = 0

    def allow(self, most: cython.longlong) -> None:
        """Follow so many connections at a time, instead of MAX_OPEN; the other caps change in proportion."""
        self.most_open = most
        self.most_half_open = most * MAX_HALF_OPEN // MAX_OPEN
        self.most_lingering = most * MAX_LINGERING // MAX_OPEN
        self.most_held = most * MAX_HELD // MAX_OPEN

    def linger(self, connection: Connection) -> None:
        """It is over, or seems so: wait for stragglers."""
        self.lingering.add(connection)
        self.due = min(self.due, self.lingering.due)

    def reach(self, time: cython.longlong) -> None:
        """Capture time goes on: give out what is over by then."""
        self.before = self.now
        self.now = time
        self.seen += 1
        if self.patience and time > self.patience:
            self.wait_no_more(time)
        if time > self.due:
            self.expire()

    def expire(self) -> None:
        """Give out what is over."""
        connection: Connection
        for connection in self.lingering.over(self.now):
            if connection.linked:  # else the ports were used again, or it is here twice
                self.give_out(connection, 1)
        if self.before - self.looked > LOOK_NS and self.seen * LOOK_SHARE >= self.opened.size:
            self.look(self.before)
        self.due = min(self.lingering.due, self.looked + LOOK_NS)

    def look(self, now: cython.longlong) -> None:
        """Give out the attempts that nobody answers, as of the frame before this one: this one may be the answer.

        A clock that is set forward in the middle of a handshake (NTP, at start-up) must not part it.
        """
        connection: Connection
        over: list[Connection] = []
        self.looked = now
        self.seen = 0
        for connection in self.opened:
            if connection.client.key_size == 0:
                continue  # a SYN that waits for proof
            if connection.unproven is not None:
                self.look_at_successor(connection, now, over)
            if connection.established_time == 0 and now - connection.last_time > UNANSWERED_NS:
                over.append(connection)
        for connection in over:
            if connection.linked:
                self.give_out(connection, 1)

    def look_at_successor(self, connection: Connection, now: cython.longlong, over: list[Connection]) -> None:
        """A SYN with another ISN that nobody answers, on a connection that is silent since then."""
        waits: Unproven = connection.unproven
        if waits.really() and now - waits.last_syn_time() > UNANSWERED_NS:
            over.append(connection)

    def make_room(self) -> None:
        """Before one more is opened: where too many are, those go first that can matter least."""
        connection: Connection
        if len(self.lingering.queue) >= self.most_lingering:
            for connection in self.lingering.leave_early(self.most_lingering // 64 + 1):
                if connection.linked:
                    self.give_out(connection, 1)
        if self.half_open >= self.most_half_open:
            self.make_room_for_half_open()
        if self.opened.size >= self.most_open:
            self.evict(sorted(self.opened, key=worth)[: self.most_open // 4])

    def make_room_for_half_open(self) -> None:
        """Count them anew, without those that were established since; if they are still too many, the oldest go."""
        connection: Connection
        found: list[Connection] = [connection for connection in self.opened if is_half_open(connection)]
        for connection in self.opened:
            connection.half_open = 0
        for connection in found:
            connection.half_open = 1
        self.half_open = len(found)
        if self.half_open >= self.most_half_open:
            self.evict(found[: self.half_open - self.most_half_open * 3 // 4])

    def lighten(self) -> None:
        """Too much is kept of what is open: until a quarter is free, those go that can matter least."""
        connection: Connection
        if self.reassembler.held <= self.most_held:
            return
        for connection in sorted([one for one in self.opened if one.kept > LIGHT], key=worth):
            if self.reassembler.held <= self.most_held // 4 * 3:
                break
            if connection.closed_time and connection.linked:
                self.give_out(connection, 1)  # it waited for stragglers
            else:
                before: cython.longlong = self.evicted
                self.evict([connection])
                self.too_heavy += self.evicted - before

    def evict(self, connections: list[Connection]) -> None:
        """Follow these no longer."""
        connection: Connection
        for connection in connections:
            if not connection.linked or connection.client.key_size == 0:
                continue  # it waits for proof at one that was given out
            connection.flag("evicted")
            self.evicted += 1
            if connection.established_time == 0:
                self.evicted_half_open += 1
            elif not connection.roles_guessed:
                self.given_up.add(connection.client.key, connection.server.key)
            self.give_out(connection, 0)

    def finish(self, most: cython.int = MAX_OPEN) -> cython.bint:
        """The capture is over: give out the rest in the order of first packets, so many at a time; False when all are.

        Nothing waits any more by then: what one connection says of another is told while both are at hand.
        """
        connection: Connection
        if self.early:
            for connection in self.opened:
                self.let_all_go(connection)
        for connection in self.opened.some(most):
            if connection.client.key_size == 0:
                self.opened.discard(connection)  # a SYN that waited at one that was given out
            elif connection.linked:
                self.give_out(connection, 1 if connection.closed_time else 0)
        return self.opened.size > 0

    def give_out(self, connection: Connection, final: cython.int) -> None:
        """Settle a connection and put it into `finished`."""
        if connection.early is not None:
            self.let_all_go(connection)
            if not connection.linked:
                return  # one of those that waited opened the next one
        waits: Unproven = connection.unproven
        if waits is not None:
            self.kept -= waits.size
            if not waits.really():
                self.drop_successor(connection)
        self.finish_streams(connection)
        self.reassembler.held -= connection.kept
        self.given_out += connection.kept
        connection.final = final
        if connection.server.packets:
            self.answered = True
        connection.one_way = not self.answered
        connection.capture_end = self.watched_until(connection.last_time)
        self.keys.remove(connection)
        self.opened.discard(connection)
        self.half_open -= connection.half_open
        connection.settle()
        self.finished.append(connection)
        if waits is not None and waits.successor is not None:
            self.install(waits)

    def finish_streams(self, connection: Connection) -> None:
        """Nothing more comes of its streams: decide on what there is, and let the parsers go."""
        self.reassembler.finish(connection.client, connection.client.last_packet, connection.last_time)
        self.reassembler.finish(connection.server, connection.server.last_packet, connection.last_time)
        layer: Layer | None = connection.content
        if layer is not None:
            layer.finish()
            connection.content = None

    def pause(self) -> None:
        """Captures of different days in one file: what was open when the first ended was watched until then."""
        if len(self.pauses) < MAX_PAUSES:
            self.pauses.append(self.now)

    def watched_until(self, time: cython.longlong) -> cython.longlong:
        """How long the capture went on, as far as it is in one piece with this time."""
        end: cython.longlong
        for end in self.pauses:
            if end >= time:
                return end
        return self.now

    def oldest_open(self) -> cython.longlong:
        """First packet of the connection that has been open longest; a huge number when none is."""
        return 1 << 62 if self.opened.first is None else self.opened.first.first_packet

    def oldest_time(self) -> cython.longlong:
        """When that connection began; when none is open, the time of the newest frame."""
        return self.now if self.opened.first is None else self.opened.first.first_time


def is_half_open(connection: Connection) -> cython.bint:
    """Whether its handshake is under way (RFC 9293 3.5.1 calls one of two ends so; operators a SYN without its ACK)."""
    return connection.client.connection is not None and not connection.established_time and not connection.closed_time


def worth(connection: Connection) -> tuple[int, int]:
    """What can matter least comes first: the closed, the half-open, then by how long they were idle."""
    if connection.closed_time:
        return (0, connection.last_time)
    return (2 if connection.established_time else 1, connection.last_time)

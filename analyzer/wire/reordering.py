"""Lets packets that came too early wait at their connections until it is their turn (ordering.py has the rules)."""

from __future__ import annotations

from collections import deque

import cython

from analyzer.wire.admission import Admission
from analyzer.wire.model import ACK, CLIENT, RST, SERVER, SYN, Connection, Side
from analyzer.wire.ordering import MAX_ALL, MAX_WAITING, PATIENCE_NS, Early, adopt, bare_reset, fits, is_early
from analyzer.wire.packet import Packet


class Reordering(Admission):
    """The table of connections as far as the order of their packets goes.

    early      connections with packets that wait for others, in the order in which their waits began, and when that
               was; patience: when the first wait ends, 0 = nobody waits; waiting: how many packets wait
    """

    def begin_reordering(self) -> None:
        """Nobody waits."""
        self.begin_admission()
        self.early: deque[tuple[Connection, int]] = deque()
        self.patience = self.waiting = 0

    def in_order(self, side: Side, p: Packet, note: str) -> None:
        """A packet whose turn it is; the subclass does."""

    def reorder(self, connection: Connection, side: Side, p: Packet, note: str) -> None:
        """A packet that is early, or that others have waited for (ordering.py)."""
        early: Early = connection.early
        if is_early(connection, side, other(side), p) or (early is not None and bare_reset(p)):
            if early is None:
                connection.early = early = Early()
                self.wait(connection, p.time)
            early.keep(p, note)
            self.waiting += 1
            if p.flags & (SYN | RST) and side.index == SERVER:
                self.answered = True
            if len(early.packets) > MAX_WAITING or self.waiting > MAX_ALL:
                connection.fruitless += 1
                self.let_go(connection)
            return
        if p.flags & (SYN | ACK) == SYN and side.isn != p.seq and (connection.last_packet or not fits(early, p, side)):
            self.let_all_go(connection)  # they were of an earlier connection
            self.packet(p, note)
            return
        early.note_place(p)
        self.place_in_order(connection, side, p, note)

    def wait(self, connection: Connection, time: cython.longlong) -> None:
        """A connection's packets wait from now on."""
        early: Early = connection.early
        early.since = time
        self.early.append((connection, time))
        if self.patience == 0:
            self.patience = time + PATIENCE_NS

    def place_in_order(self, connection: Connection, side: Side, p: Packet, note: str) -> None:
        """Account for a packet in the place that is its own, and for those whose turn has come with it."""
        early: Early = connection.early
        early.take_place(connection, p)
        if connection.last_packet == 0 and p.flags & SYN:
            adopt(connection, side, p)
        if not early.packets:
            connection.early = None
        self.in_order(side, p, note)
        i: cython.Py_ssize_t = 0
        while connection.early is early and i < len(early.packets):
            p = early.packets[i][0]
            side = sender(connection, p)
            if is_early(connection, side, other(side), p) or (i > 0 and bare_reset(p)):
                i += 1
            else:
                self.release(connection, i)
                return

    def release(self, connection: Connection, index: cython.Py_ssize_t) -> None:
        """One of the packets that wait waits no more."""
        early: Early = connection.early
        p: Packet
        p, note = early.packets[index]
        del early.packets[index]
        self.waiting -= 1
        self.place_in_order(connection, sender(connection, p), p, note)

    def let_go(self, connection: Connection) -> None:
        """What the first of the packets that wait has waited for was not captured."""
        early: Early = connection.early
        self.release(connection, early.first(connection.last_packet > 0))

    def let_all_go(self, connection: Connection) -> None:
        """Nothing more comes that any of them could wait for."""
        while connection.early is not None:
            self.let_go(connection)

    def wait_no_more(self, now: cython.longlong) -> None:
        """Let go what has waited for long enough."""
        connection: Connection
        early: Early
        while self.early:
            connection, since = self.early[0]
            if now - since <= PATIENCE_NS:
                break
            self.early.popleft()
            early = connection.early
            if early is None or early.since != since:
                continue
            connection.fruitless += 1
            while connection.early is early and now - early.packets[0][0].time > PATIENCE_NS:
                self.let_go(connection)
            if connection.early is early:
                self.wait(connection, early.packets[0][0].time)
        self.patience = self.early[0][1] + PATIENCE_NS if self.early else 0


def other(side: Side) -> Side:
    """The other side of its connection."""
    connection: Connection = side.connection
    return connection.server if side.index == CLIENT else connection.client


def sender(connection: Connection, p: Packet) -> Side:
    """The side that sent a packet which has waited."""
    return connection.client if connection.client.key == p.loose_key else connection.server

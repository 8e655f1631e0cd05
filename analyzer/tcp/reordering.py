"""Lets packets that came too early wait at their connections until it is their turn (ordering.py has the rules)."""

from __future__ import annotations

from collections import OrderedDict

import cython

from analyzer.frame.packet import Packet
from analyzer.model.connection import ACK, CLIENT, RST, SERVER, SYN, Connection, Side
from analyzer.tcp.admission import Admission
from analyzer.tcp.ordering import (
    MAX_ALL,
    MAX_EARLY_BYTES,
    MAX_WAITING,
    PATIENCE_NS,
    Early,
    adopt,
    bare_reset,
    fits,
    is_early,
)


class Reordering(Admission):
    """The table of connections as far as the order of their packets goes.

    early      connections with packets that wait for others, in the order in which their waits began -> when that was
    patience   when the first wait ends, 0 = nobody waits; waiting: how many packets wait, early_bytes: their payload
    """

    def begin_reordering(self) -> None:
        """Nobody waits."""
        self.begin_admission()
        self.early: OrderedDict[Connection, int] = OrderedDict()
        self.patience = self.waiting = self.early_bytes = 0

    def in_order(self, side: Side, p: Packet, note: str) -> None:
        """A packet whose turn it is; the subclass does."""

    def reorder(self, connection: Connection, side: Side, p: Packet, note: str) -> None:
        """A packet that is early, or that others have waited for (ordering.py)."""
        early: Early = connection.early
        if early is not None and p.flags & SYN:
            self.dispute(connection)  # a RST or FIN may stand before it in the file
        if is_early(connection, side, other(side), p) or (early is not None and bare_reset(p)):
            if early is None:
                connection.early = early = Early()
                self.wait(connection, p.time)
            early.keep(p, note)
            self.waiting += 1
            self.early_bytes += p.captured
            if p.flags & (SYN | RST) and side.index == SERVER:
                self.answered = True
            if len(early.packets) > MAX_WAITING or self.waiting > MAX_ALL:
                connection.fruitless += 1
                self.let_go(connection)
            if self.early_bytes > MAX_EARLY_BYTES:
                connection.fruitless += 1
                self.let_all_go(connection)
            return
        if p.flags & (SYN | ACK) == SYN and side.isn != p.seq and (connection.last_packet or not fits(early, p, side)):
            self.let_all_go(connection)  # they were of an earlier connection
            self.packet(p, note)
            return
        early.note_place(p)
        self.place_in_order(connection, side, p, note)

    def wait(self, connection: Connection, time: cython.longlong) -> None:
        """A connection's packets wait from now on."""
        self.early[connection] = time
        if self.patience == 0:
            self.patience = time + PATIENCE_NS

    def place_in_order(self, connection: Connection, side: Side, p: Packet, note: str) -> None:
        """Account for a packet in the place that is its own, and for those whose turn has come with it."""
        early: Early = connection.early
        i: cython.Py_ssize_t = 0
        while i >= 0:
            early.take_place(connection, p)
            if connection.last_packet == 0 and p.flags & SYN:
                adopt(connection, side, p)
            if not early.packets:
                connection.early = None
                self.early.pop(connection, None)
            self.in_order(side, p, note)
            i = in_turn_now(connection, early)
            if i >= 0:
                p, note = early.packets.pop(i)
                self.forget_early(p)
                side = sender(connection, p)
        if connection.moved is not None and connection.linked:
            self.reassembler.weigh(connection)

    def let_go(self, connection: Connection) -> None:
        """What the first of the packets that wait has waited for was not captured."""
        early: Early = connection.early
        p: Packet
        p, note = early.packets.pop(early.first(connection.last_packet > 0))
        self.forget_early(p)
        self.place_in_order(connection, sender(connection, p), p, note)

    def let_all_go(self, connection: Connection) -> None:
        """Nothing more comes that any of them could wait for."""
        while connection.early is not None:
            self.let_go(connection)

    def take_waiting(self, connection: Connection) -> list[tuple[Packet, str]]:
        """The packets that wait, for another connection."""
        early: Early = connection.early
        p: Packet
        if early is None:
            return []
        connection.early = None
        self.early.pop(connection, None)
        for p, _ in early.packets:
            self.forget_early(p)
        return early.packets

    def forget_early(self, p: Packet) -> None:
        """A packet waits no longer."""
        self.waiting -= 1
        self.early_bytes -= p.captured

    def wait_no_more(self, now: cython.longlong) -> None:
        """Let go what has waited for long enough."""
        connection: Connection
        early: Early
        since: cython.longlong
        while self.early:
            connection, since = next(iter(self.early.items()))
            if now - since <= PATIENCE_NS:
                self.patience = since + PATIENCE_NS
                break
            del self.early[connection]
            early = connection.early
            connection.fruitless += 1
            while connection.early is early and now - early.packets[0][0].time > PATIENCE_NS:
                self.let_go(connection)
            if connection.early is early:
                self.wait(connection, early.packets[0][0].time)
        if not self.early:
            self.patience = 0


def in_turn_now(connection: Connection, early: Early) -> cython.Py_ssize_t:
    """Which of the packets that wait has its turn now, -1 = none, or the connection was given out meanwhile."""
    p: Packet
    side: Side
    i: cython.Py_ssize_t
    if connection.early is not early:
        return -1
    for i in range(len(early.packets)):
        p = early.packets[i][0]
        side = sender(connection, p)
        if not is_early(connection, side, other(side), p) and (i == 0 or not bare_reset(p)):
            return i
    return -1


def other(side: Side) -> Side:
    """The other side of its connection."""
    connection: Connection = side.connection
    return connection.server if side.index == CLIENT else connection.client


def sender(connection: Connection, p: Packet) -> Side:
    """The side that sent a packet which has waited."""
    return connection.client if connection.client.key == p.loose_key else connection.server

"""What the tracker does with segments that are not the usual: takes, keeps until proven, or ignores them.

The rules are in acceptance.py; a SYN with another ISN is the business of attempts.py.
"""

from __future__ import annotations

import cython

if not cython.compiled:
    from analyzer.tcp.sequence import unwrap

from analyzer.flow.table import reversed_key
from analyzer.frame.packet import Packet
from analyzer.model.connection import ACK, CLIENT, MASK32, OUTSIDE, RST, SYN, Connection, Side
from analyzer.tcp.acceptance import (
    acceptable,
    acknowledges,
    answers_syn,
    far_from_fin,
    in_syn_sent,
    is_over,
    place_of_reset,
    within,
)
from analyzer.tcp.accounting import Payload
from analyzer.tcp.attempts import Attempts
from analyzer.tcp.handshake import challenged, take_other_isn
from analyzer.tcp.marks import mark
from analyzer.tcp.unproven import Unproven

MAX_RST_MARKS = 8
"""RSTs of a side that become milestones; all are counted."""
MAX_IGNORED_MARKS = 16
"""The same of those that are ignored: one for each SYN that becomes a milestone (opening.py)."""


class Admission(Attempts):
    """The table of connections as far as it decides what changes them.

    payload     takes what they carry
    answered    whether any server was heard so far
    """

    def begin_admission(self) -> None:
        """Nothing is open."""
        self.begin()
        self.payload = Payload()
        self.reassembler = self.payload.reassembler
        self.answered = False

    def count(self, connection: Connection, side: Side, p: Packet) -> None:
        """Numbers and times of a packet of the connection; the subclass does."""

    def take(self, connection: Connection, side: Side, peer: Side, p: Packet, note: str) -> None:
        """Account for a packet that its receiver takes; the subclass does."""

    def take_waiting(self, connection: Connection) -> list[tuple[Packet, str]]:
        """The packets that wait for their turn (ordering.py), for another connection; the subclass does."""
        return []

    def admits(self, connection: Connection, side: Side, peer: Side, p: Packet, note: str) -> cython.bint:
        """Whether its receiver takes a segment other than the usual; one that it would not take changes nothing."""
        waits: Unproven = connection.unproven
        fits: cython.bint
        if in_syn_sent(connection, side, peer) and not p.flags & SYN:
            if not answers_syn(peer, p, (p.flags & RST) != 0):
                self.refuse(connection, side, p)
                return False
            if side.base < 0 or p.flags & RST:
                side.base = p.seq
            return True
        if side.base < 0:
            side.base = (p.seq + 1) & MASK32 if p.flags & SYN else p.seq
        if p.flags & ACK and peer.base < 0:
            peer.base = p.ack
        if p.flags & SYN:
            if side.isn >= 0 and side.isn != p.seq and waits is None:
                connection.unproven = Unproven()  # the client's ACK tells which of two SYN-ACKs it took
            return True
        if p.flags & ACK and peer.other_isn >= 0 and p.ack == (peer.other_isn + 1) & MASK32:
            take_other_isn(peer)
        fits = self.fits(side, peer, p)
        if waits is not None and self.proves(connection, side, p, fits):
            self.packet(p, note)
            return False
        if not fits:
            return self.moves(connection, side, peer, p, note)
        if waits is not None:
            waits.goes_on(side, p)
        return True

    def fits(self, side: Side, peer: Side, p: Packet) -> cython.bint:
        """Whether a segment without SYN is acceptable where the two sides are now."""
        offset: cython.longlong = unwrap(p.seq, side.base, side.end)
        if p.flags & RST:
            return place_of_reset(side, peer, offset) != OUTSIDE
        ack: cython.longlong = unwrap(p.ack, peer.base, peer.acked) if p.flags & ACK else peer.acked
        return acceptable(side, peer, p, offset, ack)

    def refuse(self, connection: Connection, side: Side, p: Packet) -> None:
        """A reset or an ACK that does not acknowledge its SYN: a client ignores the one and resets the other."""
        self.count(connection, side, p)
        if p.flags & RST:
            self.answered = True
            self.ignore(connection, side, p)
        elif p.length == 0 and p.flags & ACK:
            challenged(connection, side, p)
        else:
            self.ignore(connection, side, p)

    def ignore(self, connection: Connection, side: Side, p: Packet) -> None:
        """Count a segment that its receiver does not take; a RST may be cited as such."""
        if p.flags & RST and p.seq == connection.challenge_ack:
            mark(connection, side, p, "rst", 0).place = OUTSIDE  # it ends the older connection (RFC 9293 3.5.1)
            return
        connection.ignored += 1
        connection.ignored_packet = p.number
        if p.flags & RST:
            connection.ignored_resets += 1
            if connection.ignored_resets <= MAX_IGNORED_MARKS:
                mark(connection, side, p, "rst", unwrap(p.seq, side.base, side.end)).place = OUTSIDE

    def moves(self, connection: Connection, side: Side, peer: Side, p: Packet, note: str) -> cython.bint:
        """A segment far from where the connection is: noise, unless this proves that it moved on unseen."""
        waits: Unproven = connection.unproven
        other: Packet | None
        if waits is None:
            connection.unproven = waits = Unproven()
        other = waits.partner(side, peer, p)
        if other is not None and side.bytes == 0 and peer.bytes == 0 and of_older(side, peer, p, other):
            other = None
        if other is not None and (is_over(connection) or far_from_fin(side, p) or far_from_fin(peer, other)):
            self.begin_unseen(connection, waits.since(side, p, other), p, note)
            return False
        if other is not None:
            self.move(side, waits.lowest(side, p), other)
            self.move(peer, waits.lowest(peer, other), p)
        else:
            other = waits.alone(side, p)
            if other is not None:
                self.move(side, other, other)
        if other is None or not self.fits(side, peer, p):
            self.ignore(connection, side, p)
            kept: Packet = p.copy(self.room())
            self.kept += len(kept.data)
            waits.hold(side, kept)
            return False
        self.replay(connection, waits)
        return True

    def begin_unseen(self, connection: Connection, since: cython.longlong, p: Packet, note: str) -> None:
        """The next connection on the ports of one that is over: its SYNs were not captured, and its number is the same.

        since   the first of the segments which wait for proof that is of the new one
        """
        waits: Unproven = connection.unproven
        own: list[tuple[Packet, str]] = []
        waiting: Packet
        for waiting in waits.held:
            if waiting.number >= since:
                unignore(connection, waiting)
                own.append((waiting, ""))
        waits.held, waits.sides = [], []
        own.append((p, note))
        own += self.take_waiting(connection)
        self.give_out(connection, 1)
        waiting = own[0][0]
        key: bytes = waiting.whole_key()
        if self.sides.get(key) is None:  # else a SYN waited, and has opened one
            self.open(waiting, key, reversed_key(key), connection.stream).connection.reused = 1
        for waiting, note in own:
            if connection.moved is not None:
                waiting.number, waiting.time = connection.moved.pop(waiting.number, (waiting.number, waiting.time))
            self.packet(waiting, note)

    def move(self, side: Side, p: Packet, answer: Packet) -> None:
        """Go on where a segment of this side and the other's acknowledgement agree that it is, if that is elsewhere."""
        offset: cython.longlong = unwrap(p.seq, side.base, side.end)
        ack: cython.longlong = offset
        if answer is not p and answer.flags & ACK:
            ack = unwrap(answer.ack, side.base, offset)
        if answer is not p and within(side, offset, offset + p.length) and acknowledges(side, ack):
            return
        place: cython.longlong = min(offset, ack)
        if place <= side.end:
            place += MASK32 + 1  # more than half of the numbers were passed over
        while side.pending is not None:
            self.reassembler.skip_hole(side)
        if place > side.next:
            side.lost += place - side.next
            self.reassembler.gap(side, place - side.next, p.number, p.time, -1)
        side.end = side.acked = place
        side.limit = -1
        side.sent = side.rtx_since_ack = 0

    def replay(self, connection: Connection, waits: Unproven) -> None:
        """Take what waited for this place; the rest stays noise."""
        p: Packet
        side: Side
        peer: Side
        held, sides = waits.held, waits.sides
        waits.held, waits.sides = [], []
        for p, index in zip(held, sides, strict=True):
            side, peer = connection.client, connection.server
            if index != CLIENT:
                side, peer = peer, side
            if self.fits(side, peer, p):
                unignore(connection, p)
                self.take(connection, side, peer, p, "")


def unignore(connection: Connection, p: Packet) -> None:
    """A segment that was kept as noise is none."""
    connection.ignored -= 1
    connection.ignored_resets -= 1 if p.flags & RST else 0
    connection.milestones = [one for one in connection.milestones if one.packet != p.number]


def of_older(side: Side, peer: Side, p: Packet, other: Packet) -> cython.bint:
    """Whether the two speak of an older connection: before both SYNs (ISNs count up, RFC 9293 3.4.1), or of its end."""
    if answers_challenge(p, other):
        return True
    known: cython.bint = side.isn >= 0 and peer.isn >= 0
    return known and unwrap(p.seq, side.base, 0) < 0 and unwrap(other.seq, peer.base, 0) < 0


def answers_challenge(p: Packet, other: Packet) -> cython.bint:
    """Whether one of the two is a bare RST that answers the other, a bare ACK (RFC 9293 3.5.1, figure 9)."""
    if other.flags & RST:
        p, other = other, p
    return p.flags & (RST | ACK) == RST and other.length == 0 and p.seq == other.ack

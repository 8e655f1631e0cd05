"""What waits at a connection for proof: segments far outside the window, and a SYN with another ISN (acceptance.py)."""

from __future__ import annotations

import cython

if not cython.compiled:
    from analyzer.tcp.sequence import unwrap

from analyzer.frame.packet import Packet
from analyzer.model.connection import ACK, FIN, MASK32, RST, Connection, Side
from analyzer.tcp.sequence import NEAR, WIDEST

MAX_HELD = 8
"""Segments kept of a connection; at the cap the oldest is noise for good. So many of one side in a row prove it."""
MAX_HELD_BYTES = 64 << 20
"""Payload kept of them over all connections; beyond it a segment waits without payload, as if the snaplen cut it."""
MAX_SYNS = 8
"""SYNs kept of an attempt that nobody has answered yet: a client sends 7 within two minutes (Linux tcp_syn_retries)."""


class Unproven:
    """What one connection has of it.

    held        segments that lie outside, oldest first; sides: the index of the sender of each
    size        bytes of payload that were kept of them
    successor   the connection that a SYN with another ISN would open, None = there was none
    syns        that SYN and its repetitions; asker: the side here under whose address it came
    challenge   the peer's latest segment after it, if that is a bare ACK by the numbers of this connection
    answered    1 = the peer went on by the numbers of this connection after that SYN; contested: 1 = its sender did
    proven      1 = the new connection has taken the place of this one
    """

    def __init__(self) -> None:
        self.held: list[Packet] = []
        self.sides: list[int] = []
        self.size = 0
        self.successor: Connection | None = None
        self.syns: list[Packet] = []
        self.asker: Side | None = None
        self.answered = self.contested = self.proven = 0
        self.challenge: Packet | None = None

    def hold(self, side: Side, kept: Packet) -> None:
        """Keep a segment that lies outside."""
        if len(self.held) >= MAX_HELD:
            del self.held[0]
            del self.sides[0]
        self.size += len(kept.data)
        self.held.append(kept)
        self.sides.append(side.index)

    def partner(self, side: Side, peer: Side, p: Packet) -> Packet | None:
        """A segment of the other side that agrees with this one on where the connection is now."""
        other: Packet
        i: cython.Py_ssize_t
        for i in range(len(self.held) - 1, -1, -1):
            other = self.held[i]
            if self.sides[i] != side.index and agree(p, other, breadth(side, p), breadth(peer, other)):
                return other
        return None

    def lowest(self, side: Side, p: Packet) -> Packet:
        """Of this side's segments near to this one, itself among them, the first in its stream."""
        other: Packet
        found: Packet = p
        i: cython.Py_ssize_t
        for i in range(len(self.held)):
            other = self.held[i]
            if self.sides[i] == side.index and near(other.seq, p.seq, NEAR) and unwrap(other.seq, found.seq, 0) < 0:
                found = other
        return found

    def since(self, side: Side, p: Packet, other: Packet) -> cython.longlong:
        """The number of the first segment that is near to one of these two, of which `side` sent the first."""
        kept: Packet
        like: Packet
        i: cython.Py_ssize_t
        for i in range(len(self.held)):
            kept = self.held[i]
            like = p if self.sides[i] == side.index else other
            if near(kept.seq, like.seq, NEAR):
                return kept.number
        return p.number

    def alone(self, side: Side, p: Packet) -> Packet | None:
        """The first of a row of data in one place, since which this side sent nothing elsewhere, the other nothing."""
        first: Packet
        other: Packet
        i: cython.Py_ssize_t
        if len(self.held) < MAX_HELD or p.flags & RST:
            return None
        first = self.held[0]
        if side.connection.last_packet > first.number or not near(p.seq, first.seq, MAX_HELD * NEAR):
            return None
        for i in range(MAX_HELD):
            other = self.held[i]
            if self.sides[i] != side.index or other.length == 0 or not near(other.seq, first.seq, MAX_HELD * NEAR):
                return None
        return first

    def expect(self, successor: Connection, asker: Side) -> None:
        """A SYN with another ISN came."""
        self.successor = successor
        self.asker = asker
        self.syns = []
        self.answered = self.contested = self.proven = 0
        self.challenge = None

    def isn(self) -> cython.longlong:
        """The ISN of the SYN that waits."""
        syn: Packet = self.syns[0]
        return syn.seq

    def last_syn(self) -> cython.longlong:
        """The packet of its last repetition."""
        syn: Packet = self.syns[len(self.syns) - 1]
        return syn.number

    def last_syn_time(self) -> cython.longlong:
        """Its time."""
        syn: Packet = self.syns[len(self.syns) - 1]
        return syn.time

    def acknowledged(self, p: Packet) -> cython.bint:
        """Whether the other side answers it: SYN-ACK, RST or more that acknowledges it, or its data (RFC 7413)."""
        syn: Packet
        if self.successor is None or not p.flags & ACK:
            return False
        syn = self.syns[0]
        return 0 <= unwrap(p.ack, (syn.seq + 1) & MASK32, 0) <= syn.length

    def goes_on(self, side: Side, p: Packet) -> None:
        """A segment by the old numbers behind the SYN: its sender holds the old connection."""
        if p.flags & RST or self.successor is None:
            return
        if side is self.asker:
            self.contested = 1
            return
        self.answered = 1
        self.challenge = p.copy(0) if p.length == 0 and p.flags & (ACK | FIN) == ACK else None

    def challenged(self, p: Packet) -> cython.bint:
        """Whether a RST of the SYN's sender answers the peer's ACK, its latest word (RFC 9293 3.5.1, figure 9)."""
        if self.contested or self.challenge is None or p.flags & (RST | ACK) != RST:
            return False
        return p.seq == self.challenge.ack

    def really(self) -> cython.bint:
        """Whether it is one, proven, or without an answer: nobody went on by the old numbers after its SYN."""
        if self.successor is None or self.answered or self.contested:
            return False
        syn: Packet = self.syns[0]
        return self.proven != 0 or syn.flags & ACK == 0  # a SYN-ACK that nobody answers is a stray


def agree(
    one: Packet, other: Packet, breadth_of_one: cython.longlong, breadth_of_other: cython.longlong
) -> cython.bint:
    """Whether each acknowledges, within a window, where the other is; a RST without ACK says nothing of it."""
    if one.flags & ACK and not near(one.ack, other.seq + other.length, breadth_of_one):
        return False
    if other.flags & ACK and not near(other.ack, one.seq + one.length, breadth_of_other):
        return False
    return (one.flags & ACK) != 0 or (other.flags & ACK) != 0


def breadth(side: Side, p: Packet) -> cython.longlong:
    """The window that a segment advertises; never so little that a closed one would part the two sides."""
    return max(NEAR, min(WIDEST, p.window << side.shift))


def near(one: cython.longlong, other: cython.longlong, most: cython.longlong) -> cython.bint:
    """Whether two raw sequence numbers are at most so far apart."""
    apart: cython.longlong = unwrap(one & MASK32, other & MASK32, 0)
    return -most <= apart <= most

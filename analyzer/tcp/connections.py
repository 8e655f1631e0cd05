"""Tracks TCP connections: roles, sequence space, retransmissions, loss, endings (RFC 9293; signatures.md 1 and 3).

Takes decoded packets in capture order; leaves finished `Connection`s in `finished`. Bulk data moves counters only. What
happens depends on the packets and their times alone, never on when the caller looks.
"""

from __future__ import annotations

import cython

if not cython.compiled:
    from analyzer.tcp.sequence import unwrap

from analyzer.flow.copies import is_copy, is_icmp_copy
from analyzer.frame.packet import Packet
from analyzer.layer.layer import Layer
from analyzer.model.connection import (
    ACK,
    CLIENT,
    FIN,
    MASK32,
    MAX_MILESTONES,
    NETWORK,
    RCV_NXT,
    RST,
    SERVER,
    SYN,
    Connection,
    Event,
    IcmpError,
    Side,
)
from analyzer.tcp.acceptance import acknowledges, in_syn_sent, place_of_reset
from analyzer.tcp.admission import MAX_RST_MARKS
from analyzer.tcp.expiry import Expiry
from analyzer.tcp.handshake import note_endpoint
from analyzer.tcp.marks import mark
from analyzer.tcp.ordering import PATIENCE_NS, is_early
from analyzer.tcp.sequence import NEAR

CLOCK_STEP_NS = 10_000_000
"""Capture queues disorder packets by a few milliseconds; more is a clock that was set back (signatures.md 6.1)."""
MAX_FIN_MARKS, MAX_ICMP_MARKS = 4, 8
"""FINs of a side, and ICMP errors of a connection, that become milestones; all are counted."""


class Connections(Expiry):
    """The table of open connections.

    icmp_unmatched   ICMP errors that quote no packet of theirs
    """

    def __init__(self) -> None:
        self.begin_expiry()
        self.icmp_unmatched = 0

    def packet(self, p: Packet, note: str) -> None:
        """Account for one TCP packet; `note` is a flag word from the decoder, or ""."""
        side: Side | None
        peer: Side
        connection: Connection
        if p.time > self.now:
            self.reach(p.time)
        side = self.keys.find(p)
        if side is None:
            side = self.first(p)
            if side is None:
                return
        connection = side.connection
        peer = connection.server if side.index == CLIENT else connection.client
        if is_usual(connection, side, peer, p):
            if not seen_before(connection, side, p):
                self.take(connection, side, peer, p, note)
        elif connection.early is not None or is_early(connection, side, peer, p):
            self.reorder(connection, side, p, note)
        else:
            self.in_order(side, p, note)

    def in_order(self, side: Side, p: Packet, note: str) -> None:
        """A packet whose turn it is."""
        found: Side | None
        connection: Connection
        peer: Side
        if p.flags & SYN:
            found = self.syn(side, p, note)
            if found is None:
                return
            side = found
        connection = side.connection
        peer = connection.server if side.index == CLIENT else connection.client
        if seen_before(connection, side, p):
            return
        if is_usual(connection, side, peer, p) or self.admits(connection, side, peer, p, note):
            self.take(connection, side, peer, p, note)

    def count(self, connection: Connection, side: Side, p: Packet) -> None:
        """Numbers and times of a packet of the connection."""
        counted(connection, side, p)

    def take(self, connection: Connection, side: Side, peer: Side, p: Packet, note: str) -> None:
        """A packet that its receiver takes: sequence number, acknowledgement, window, payload, flags, in this order."""
        offset: cython.longlong
        ack: cython.longlong = peer.acked
        if note:
            connection.flag(note)
        counted(connection, side, p)
        peer.unanswered_keep_alives = 0
        offset = unwrap((p.seq + 1) & MASK32 if p.flags & SYN else p.seq, side.base, side.end)
        if p.flags & (SYN | RST):
            self.answered |= side.index == SERVER
            self.kin.shaken(side, p, self.opened)
            if p.flags & RST:
                self.rst(connection, side, peer, p, offset)
                return
        if p.flags & ACK:
            ack = acknowledge(connection, side, peer, p)
        if offset > side.end and offset > side.sent:
            self.jump(side, p, offset)
        note_endpoint(connection, side, peer, p)
        if p.length:
            self.payload.segment(connection, side, peer, p, offset, ack)
        elif offset == side.end - 1 and side.acked >= side.end and side.end > 0 and not p.flags & (SYN | FIN):
            self.payload.keep_alive(connection, side, p)
        if p.flags & FIN:
            self.fin(connection, side, p, offset + p.length)
        if connection.fins_seen == 3 and connection.closed_time == 0:
            self.check_closed(connection, p)

    def jump(self, side: Side, p: Packet, offset: cython.longlong) -> None:
        """A sequence number beyond all that was captured of its sender: the bytes before it were sent."""
        side.sent = offset
        side.sent_packet = p.number
        side.sent_time = p.time

    # -- endings ---------------------------------------------------------------------------------------------------

    def fin(self, connection: Connection, side: Side, p: Packet, offset: cython.longlong) -> None:
        """A FIN; `offset` is where the stream of its sender ends."""
        side.fins += 1
        if side.fins == 1:
            side.fin_offset = offset
            side.fin_packet = p.number
            side.fin_time = p.time
            connection.fins_seen |= 1 << side.index
            if offset > side.end:
                side.end = offset
            self.reassembler.reach_end(side, p.number, p.time)
        if side.fins <= MAX_FIN_MARKS:
            mark(connection, side, p, "fin", offset)

    def rst(self, connection: Connection, side: Side, peer: Side, p: Packet, offset: cython.longlong) -> None:
        """A RST; its payload, if any, is text for people (RFC 9293 3.5.2) and no part of the stream."""
        reset: Event
        place: cython.int = RCV_NXT if in_syn_sent(connection, side, peer) else place_of_reset(side, peer, offset)
        side.rsts += 1
        if side.rsts == 1:
            side.rst_packet = p.number
            side.rst_time = p.time
        if connection.closed_time == 0:
            if place == RCV_NXT:
                connection.closed_time = p.time
            self.linger(connection)
        if p.flags & ACK and peer.base >= 0:
            self.reset_acknowledges(peer, p)
        if side.rsts <= MAX_RST_MARKS:
            reset = mark(connection, side, p, "rst", offset)
            reset.place = place
            reset.note = "timestamps" if p.ts_value >= 0 else None

    def reset_acknowledges(self, peer: Side, p: Packet) -> None:
        """A RST with ACK says what its sender had received (RFC 9293 3.10.7.4, fifth: check the ACK field)."""
        ack: cython.longlong = unwrap(p.ack, peer.base, peer.acked)
        if ack > peer.acked and acknowledges(peer, ack):
            peer.acked = ack
            peer.ack_packet = p.number
            peer.ack_time = p.time

    def check_closed(self, connection: Connection, p: Packet) -> None:
        """Closed in order: both FINs were sent and acknowledged."""
        client: Side = connection.client
        server: Side = connection.server
        if client.acked > client.fin_offset and server.acked > server.fin_offset:
            connection.closed_time = p.time
            self.linger(connection)
            if client.ended and server.ended and connection.content is not None:
                self.finish_streams(connection)  # now, while they are at hand: it will linger for a while

    def icmp(self, error: IcmpError) -> None:
        """Join an ICMP error to the connection whose packet it quotes: ports and sequence number must match."""
        side: Side | None
        milestone: Event
        connection: Connection
        offset: cython.longlong
        if error.time > self.now:
            self.reach(error.time)
        side = self.sides.get(error.key)
        if side is not None and side.index == CLIENT:
            self.answered = True  # it came back along the way of answers
        if side is None or side.base < 0:
            self.icmp_unmatched += 1
            return
        offset = unwrap(error.seq, side.base, side.acked)
        if offset < -1 or offset > side.end + 1:
            self.icmp_unmatched += 1
            return
        connection = side.connection
        if is_icmp_copy(connection, error):
            return
        connection.icmps += 1
        connection.last_packet = error.number
        if error.time > connection.last_time:
            connection.last_time = error.time
        if connection.icmps <= MAX_ICMP_MARKS and len(connection.milestones) < MAX_MILESTONES:
            milestone = Event.__new__(Event)
            milestone.begin("icmp", NETWORK, error.number, error.time)
            milestone.offset = offset
            milestone.seq = error.seq
            milestone.note = error
            connection.milestones.append(milestone)


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def counted(connection: Connection, side: Side, p: Packet) -> cython.void:
    """Numbers and times of a packet of the connection."""
    if p.time < connection.last_time - CLOCK_STEP_NS and connection.interface == p.interface:
        connection.clock_step = 1
    connection.last_packet = p.number
    if p.time > connection.last_time:
        connection.last_time = p.time
    side.packets += 1
    side.last_packet = p.number
    side.last_time = p.time
    if side.first_packet == 0:
        side.first_packet = p.number


@cython.cfunc
@cython.inline
@cython.exceptval(-1, check=True)
def acknowledge(connection: Connection, side: Side, peer: Side, p: Packet) -> cython.longlong:
    """Note what `side` acknowledges of `peer`; returns that as an offset of the peer's stream."""
    ack: cython.longlong
    if peer.base < 0:
        peer.base = p.ack
    ack = unwrap(p.ack, peer.base, peer.acked)
    if p.sack_left >= 0:
        side.sack_left = unwrap(p.sack_left, peer.base, peer.acked)
        side.sack_right = unwrap(p.sack_right, peer.base, peer.acked)
    right: cython.longlong = ack + (p.window if p.flags & SYN else p.window << side.shift)
    if right > peer.limit:
        peer.limit = right
    if ack > peer.acked:
        if peer.fin_offset < 0 or peer.acked < peer.fin_offset:  # the ACK of a mere FIN is no progress
            peer.ack_packet = p.number
            peer.ack_time = p.time
        peer.acked = ack
        peer.rtx_since_ack = 0
        if side.index == SERVER and connection.heeded and connection.content is not None:
            heed(connection.content, ack, p)
    elif ack < peer.acked and peer.acked > peer.end + 1:
        take_back(connection, peer, p, ack)
    return ack


def take_back(connection: Connection, peer: Side, p: Packet, ack: cython.longlong) -> None:
    """A side acknowledges less than it did, and nobody saw the bytes between: that was not its own word."""
    if p.time - peer.ack_time <= PATIENCE_NS or peer.acked <= peer.sent + 1 or ack < peer.next:
        return
    peer.acked = ack
    connection.ignored += 1
    connection.ignored_packet = peer.ack_packet


def heed(layer: Layer, ack: cython.longlong, p: Packet) -> None:
    """Tell the layer, which waits for that, how far the server has taken the client's bytes."""
    layer.acknowledged(ack, p.number, p.time)


@cython.cfunc
@cython.inline
@cython.exceptval(-1, check=False)
def seen_before(connection: Connection, side: Side, p: Packet) -> cython.bint:
    """Another copy of a packet counts as such and does nothing else."""
    if not is_copy(side, p):
        return False
    side.duplicates += 1
    connection.copies += 1
    return True


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def is_usual(connection: Connection, side: Side, peer: Side, p: Packet) -> cython.bint:
    """What most packets are: in their turn (ordering.py) and acceptable (acceptance.py), told without a call."""
    offset: cython.longlong
    ack: cython.longlong
    if p.flags & (SYN | RST | ACK) != ACK or side.isn < 0 or peer.isn < 0 or peer.pending is not None:
        return False
    if connection.early is not None or connection.unproven is not None:
        return False
    offset = unwrap(p.seq, side.base, side.end)
    ack = unwrap(p.ack, peer.base, peer.acked)
    if p.flags & FIN and (offset + p.length < side.end or side.pending is not None):
        return False
    return (
        side.acked - NEAR <= offset <= side.end
        and peer.acked - NEAR <= ack <= peer.end + (peer.fin_offset >= 0)  # a FIN takes one number
    )

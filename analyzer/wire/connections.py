"""Tracks TCP connections: roles, sequence space, retransmissions, loss, endings (RFC 9293; signatures.md 1 and 3).

Takes decoded packets in capture order; leaves finished `Connection`s in `finished`. Bulk data moves counters only. What
happens depends on the packets and their times alone, never on when the caller looks.
"""

from __future__ import annotations

from typing import Any

import cython

if not cython.compiled:
    from analyzer.wire.sequence import unwrap

from analyzer.wire.acceptance import NEAR, acknowledges, in_syn_sent, place_of_reset
from analyzer.wire.admission import MAX_RST_MARKS
from analyzer.wire.content import Content
from analyzer.wire.copies import is_copy, is_icmp_copy
from analyzer.wire.lingering import Lingering
from analyzer.wire.marks import mark
from analyzer.wire.model import (
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
    Exchange,
    IcmpError,
    Milestone,
    Side,
)
from analyzer.wire.opening import note_endpoint
from analyzer.wire.ordering import is_early
from analyzer.wire.packet import Packet
from analyzer.wire.reordering import Reordering, other
from analyzer.wire.unproven import Unproven

UNANSWERED_NS = 200_000_000_000
"""How long an unanswered SYN waits: the longest gap between two SYNs of a known stack is 64 s, three of them fit."""
LOOK_NS = 10_000_000_000
"""How often all that is open is looked at for those."""
LOOK_SHARE = 64
"""Of the open connections: so many frames at least pass between two looks, which keeps their cost linear."""
MAX_OPEN = 65_536
"""Open connections kept; at the cap those idle longest are given out unfinished, with the flag `evicted`."""
CLOCK_STEP_NS = 10_000_000
"""Capture queues disorder packets by a few milliseconds; more is a clock that was set back (signatures.md 6.1)."""
CLAIM_NS = 20_000_000
"""An acknowledgement of unseen bytes that its sender takes back so much later was not its own: no reordering."""
MAX_FIN_MARKS, MAX_ICMP_MARKS = 4, 8
"""FINs of a side, and ICMP errors of a connection, that become milestones; all are counted."""
MAX_PAUSES = 100
"""Pauses of a day that are remembered; a file that has more is taken as one piece behind them."""


class Connections(Reordering):
    """The table of open connections.

    lingering   those that are over and wait for stragglers
    finished    connections that are over, in the order in which they ended; the caller empties it
    now         time of the newest packet; before: of the newest before it
    due         when somebody may have to be given out; looked: when all were looked at
    seen        frames since then that let time go on
    pauses      times after which nothing was captured for a day
    """

    def __init__(self) -> None:
        self.begin_reordering()
        self.lingering = Lingering()
        self.finished: list[Any] = []  # the engine lets lookups end in the same list
        self.pauses: list[int] = []
        self.now = self.before = self.due = self.looked = self.seen = 0
        self.evicted = self.icmp_unmatched = 0

    def packet(self, p: Packet, note: str) -> None:
        """Account for one TCP packet; `note` is a flag word from the decoder, or ""."""
        found: Side | None
        connection: Connection
        if p.time > self.now:
            self.reach(p.time)
        found = self.keys.find(p)
        if found is None:
            if len(self.sides) >= 2 * MAX_OPEN:
                self.evict()
            found = self.first(p)
            if found is None:
                return
        connection = found.connection
        if connection.early is not None or (not in_turn(found, p) and is_early(connection, found, other(found), p)):
            self.reorder(connection, found, p, note)
        else:
            self.in_order(found, p, note)

    def in_order(self, side: Side, p: Packet, note: str) -> None:
        """A packet whose turn it is."""
        found: Side | None
        connection: Connection
        peer: Side
        offset: cython.longlong
        ack: cython.longlong
        if p.flags & SYN:
            found = self.syn(side, p, note)
            if found is None:
                return
            side = found
        connection = side.connection
        if is_copy(side, p):
            side.duplicates += 1
            connection.copies += 1
            return
        peer = connection.server if side.index == CLIENT else connection.client
        offset = unwrap(p.seq, side.base, side.end)
        ack = unwrap(p.ack, peer.base, peer.acked) if p.flags & ACK else peer.acked
        if (
            offset > side.end
            or ack > peer.end
            or offset < side.acked - NEAR
            or ack < peer.acked - NEAR
            or p.flags & (SYN | FIN | RST)
            or side.base < 0
            or connection.unproven is not None
        ) and not self.admits(connection, side, peer, p, note):
            return
        if note:
            connection.flag(note)
        self.count(connection, side, p)
        peer.unanswered_keep_alives = 0
        self.account(connection, side, peer, p)

    def count(self, connection: Connection, side: Side, p: Packet) -> None:
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
            side.first_time = p.time

    def account(self, connection: Connection, side: Side, peer: Side, p: Packet) -> None:
        """Sequence number, acknowledgement, window, payload and flags of one packet, in this order."""
        offset: cython.longlong
        ack: cython.longlong = peer.acked
        offset = unwrap((p.seq + 1) & MASK32 if p.flags & SYN else p.seq, side.base, side.end)
        if p.flags & (SYN | RST):
            self.answered |= side.index == SERVER
            self.kin.shaken(side, p, self.opened)
        if p.flags & RST:
            self.rst(connection, side, peer, p, offset)
            return
        if p.flags & ACK:
            ack = self.acknowledge(connection, side, peer, p)
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

    # -- numbers ---------------------------------------------------------------------------------------------------

    def acknowledge(self, connection: Connection, side: Side, peer: Side, p: Packet) -> cython.longlong:
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
            if side.index == SERVER and connection.exchanges:
                self.acknowledge_request(connection, ack, p)
        elif ack < peer.acked and peer.acked > peer.end + 1:
            self.take_back(connection, peer, p, ack)
        return ack

    def take_back(self, connection: Connection, peer: Side, p: Packet, ack: cython.longlong) -> None:
        """A side acknowledges less than it did, and nobody saw the bytes between: that was not its own word."""
        if p.time - peer.ack_time <= CLAIM_NS or peer.acked <= peer.sent + 1 or ack < peer.next:
            return
        peer.acked = ack
        connection.ignored += 1
        connection.ignored_packet = peer.ack_packet

    def acknowledge_request(self, connection: Connection, ack: cython.longlong, p: Packet) -> None:
        """Remember when the end of the newest request was acknowledged."""
        exchange: Exchange = connection.exchanges[len(connection.exchanges) - 1]
        if exchange.request_complete and exchange.acked_time == 0 and ack >= exchange.request_end:
            exchange.acked_time = p.time
            exchange.acked_packet = p.number

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
        reset: Milestone
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
        milestone: Milestone
        connection: Connection
        offset: cython.longlong
        if error.time > self.now:
            self.reach(error.time)
        side = self.sides.get(error.key)
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
            milestone = Milestone.__new__(Milestone)
            milestone.begin("icmp", NETWORK, error.number, error.time)
            milestone.offset = offset
            milestone.seq = error.seq
            milestone.note = error
            connection.milestones.append(milestone)

    # -- giving out ------------------------------------------------------------------------------------------------

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
            if connection in self.opened:  # the ports were used again, or it is here twice
                self.give_out(connection, 1)
        if self.before - self.looked > LOOK_NS and self.seen * LOOK_SHARE >= len(self.opened):
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
            if connection in self.opened:
                self.give_out(connection, 1)

    def look_at_successor(self, connection: Connection, now: cython.longlong, over: list[Connection]) -> None:
        """A SYN with another ISN that nobody answers, on a connection that is silent since then."""
        waits: Unproven = connection.unproven
        if waits.really() and now - waits.last_syn_time() > UNANSWERED_NS:
            over.append(connection)

    def evict(self) -> None:
        """Too many connections are open: give out the quarter that was idle longest."""
        for connection in sorted(self.opened, key=idle_since)[: MAX_OPEN // 4]:
            if connection in self.opened and connection.client.key_size:
                connection.flag("evicted")
                self.evicted += 1
                self.give_out(connection, 0)

    def finish(self) -> None:
        """The capture is over: give out everything, in the order of first packets.

        Nothing waits any more by then: what one connection says of another is told while both are at hand.
        """
        for connection in list(self.opened):
            self.let_all_go(connection)
        for connection in list(self.opened):
            if connection in self.opened and connection.client.key_size:
                self.give_out(connection, 1 if connection.closed_time else 0)

    def give_out(self, connection: Connection, final: cython.int) -> None:
        """Settle a connection and put it into `finished`."""
        if connection.early is not None:
            self.let_all_go(connection)
            if connection not in self.opened:
                return  # one of those that waited opened the next one
        waits: Unproven = connection.unproven
        if waits is not None:
            self.kept -= waits.size
            if not waits.really():
                self.drop_successor(connection)
        self.finish_streams(connection)
        connection.final = final
        if connection.server.packets:
            self.answered = True
        connection.one_way = not self.answered
        connection.capture_end = self.watched_until(connection.last_time)
        self.keys.remove(connection)
        self.opened.pop(connection, None)
        self.kin.over(connection)
        connection.settle()
        self.finished.append(connection)
        if waits is not None and waits.successor is not None:
            self.install(waits)

    def finish_streams(self, connection: Connection) -> None:
        """Nothing more comes of its streams: decide on what there is, and let the parsers go."""
        self.reassembler.finish(connection.client, connection.client.last_packet, connection.last_time)
        self.reassembler.finish(connection.server, connection.server.last_packet, connection.last_time)
        content: Content | None = connection.content
        if content is not None:
            content.finish()
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
        connection: Connection
        for connection in self.opened:
            return connection.first_packet
        return 1 << 62

    def oldest_time(self) -> cython.longlong:
        """When that connection began; when none is open, the time of the newest frame."""
        connection: Connection
        for connection in self.opened:
            return connection.first_time
        return self.now


def idle_since(connection: Connection) -> int:
    """Time of the last packet of a connection."""
    return connection.last_time


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def in_turn(side: Side, p: Packet) -> cython.bint:
    """What most packets are: surely not early, and told so without a call (see `is_early`)."""
    connection: Connection = side.connection
    peer: Side = connection.server if side.index == CLIENT else connection.client
    if p.flags & (SYN | FIN | RST) or side.isn < 0 or peer.isn < 0 or peer.pending is not None:
        return False
    return unwrap(p.ack, peer.base, peer.end) <= peer.end

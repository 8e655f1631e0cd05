"""Tracks TCP connections: roles, sequence space, retransmissions, loss, endings (RFC 9293; signatures.md 1 and 3).

Takes decoded packets in capture order; leaves finished `Connection`s in `finished`. Bulk data moves
counters only.
"""

from __future__ import annotations

import cython

if not cython.compiled:
    from analyzer.wire.sequence import unwrap

from analyzer.wire.content import Content
from analyzer.wire.copies import is_copy, is_icmp_copy
from analyzer.wire.detection import looks_like
from analyzer.wire.lingering import Lingering
from analyzer.wire.marks import mark
from analyzer.wire.model import (
    ACK,
    CLIENT,
    FIN,
    MASK32,
    MAX_MILESTONES,
    NETWORK,
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
from analyzer.wire.payload import Payload
from analyzer.wire.reordering import Reordering, other
from analyzer.wire.table import Table, reversed_key, source_port
from analyzer.wire.twins import Twins

UNANSWERED_NS = 200_000_000_000
"""How long an unanswered SYN waits: the longest gap between two SYNs of a known stack is 64 s, three of them fit."""
LOOK_NS = 10_000_000_000
"""How often all that is open is looked at for those."""
MAX_OPEN = 65_536
"""Open connections kept; at the cap those idle longest are given out unfinished, with the flag `evicted`."""
CLOCK_STEP_NS = 10_000_000
MAX_UNSEEN = 1 << 30
"""Bytes that a RST may acknowledge beyond those captured: the largest window (RFC 7323 2.3)."""
MAX_PAUSES = 100
"""Pauses of a day that are remembered; a file that has more is taken as one piece behind them."""


class Connections(Reordering):
    """The table of open connections.

    sides       the sides of the open connections by their keys
    opened      the open connections in the order in which they began
    lingering   those of them that are closed; looked: when all were last looked at
    finished    connections that are over, in the order in which they ended; the caller empties it
    next_stream the next tcp.stream number; open: how many connections are open
    now         time of the newest packet
    twins       the SYNs seen lately
    pauses      times after which nothing was captured for a day
    """

    def __init__(self) -> None:
        self.begin_order()
        self.keys = Table()
        self.sides = self.keys.sides
        self.opened: dict[Connection, None] = {}
        self.lingering = Lingering()
        self.payload = Payload()
        self.reassembler = self.payload.reassembler
        self.finished: list[Connection] = []
        self.pauses: list[int] = []
        self.twins = Twins()
        self.next_stream = self.now = self.looked = self.total = 0
        self.stragglers = self.evicted = self.icmp_unmatched = 0

    def packet(self, p: Packet, note: str) -> None:
        """Account for one TCP packet; `note` is a flag word from the decoder, or ""."""
        found: Side | None
        connection: Connection
        if p.time > self.now:
            self.now = p.time
        if self.due and p.time > self.due:
            self.wait_no_more(p.time)
        found = self.keys.find(p)
        if found is None:
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
        connection: Connection
        peer: Side
        if p.flags & SYN:
            side = self.syn(side, p)
        connection = side.connection
        if is_copy(side, p):
            side.duplicates += 1
            connection.copies += 1
            return
        peer = connection.server if side.index == CLIENT else connection.client
        if note:
            connection.flag(note)
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
        peer.unanswered_keep_alives = 0
        self.account(connection, side, peer, p)

    def account(self, connection: Connection, side: Side, peer: Side, p: Packet) -> None:
        """Sequence number, acknowledgement, window, payload and flags of one packet, in this order."""
        offset: cython.longlong
        ack: cython.longlong = peer.acked
        start: cython.longlong = (p.seq + 1) & MASK32 if p.flags & SYN else p.seq
        if side.base < 0:
            side.base = start
            side.end = side.next = side.acked = 0
        offset = unwrap(start, side.base, side.end)
        if p.flags & (SYN | RST) and side.index == SERVER:
            self.answered = True
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

    # -- opening ---------------------------------------------------------------------------------------------------

    def first(self, p: Packet) -> Side | None:
        """Open a connection for a packet of an unknown 5-tuple; None for a straggler of one already given out."""
        key: bytes = p.whole_key()
        reverse: bytes = reversed_key(key)
        if p.flags & (SYN | ACK) == SYN:
            return self.open(p, key, reverse, -1)
        stream = self.keys.gone_stream(key, reverse)
        if stream is None:
            return self.open(p, key, reverse, -1)
        if not p.flags & SYN and p.length == 0:
            self.stragglers += 1
            return None
        return self.open(p, key, reverse, stream)

    def open(self, p: Packet, key: bytes, reverse: bytes, stream: cython.longlong) -> Side:
        """Start a connection with this packet; `stream` -1 = the next number of Wireshark's count."""
        connection: Connection
        side: Side
        peer: Side
        kind: cython.int
        if stream < 0:
            stream = self.next_stream
            self.next_stream += 1
        connection = Connection(stream)
        connection.version = p.version
        connection.first_packet = p.number
        connection.first_time = connection.last_time = p.time
        connection.interface = p.interface
        side = connection.client
        peer = connection.server
        if not p.flags & SYN:
            connection.midstream = 1
            connection.established_time = p.time
            connection.established_packet = p.number
            kind = looks_like(p.data[p.payload : p.payload + p.captured]) if p.captured else 0
            connection.roles_guessed = kind == 0
            if kind == 2 or (kind == 0 and source_port(key) < source_port(reverse)):
                side, peer = peer, side
        elif p.flags & ACK:
            side, peer = peer, side
        elif p.ts_value >= 0 and self.twins.has(p):
            connection.flag("nat-twin")
        self.keys.add(side, key)
        self.keys.add(peer, reverse)
        self.opened[connection] = None
        self.total += 1
        return side

    def syn(self, side: Side, p: Packet) -> Side:
        """A SYN on a known 5-tuple: the same attempt again, or a new connection (another ISN, signatures.md 1.1)."""
        connection: Connection = side.connection
        if p.flags & ACK:
            if side.index == CLIENT and connection.midstream:
                connection.swap_roles()
            return side
        if side.isn == p.seq or (connection.last_packet == 0 and connection.first_packet == p.number):
            connection.closed_time = 0
            return side
        if side.index == SERVER and side.isn < 0 and connection.client.isn >= 0 and not connection.closed_time:
            connection.simultaneous = 1
            return side
        reused = side.isn >= 0 or connection.midstream
        self.give_out(connection, 1)
        key: bytes = p.whole_key()
        side = self.open(p, key, reversed_key(key), -1)
        side.connection.reused = reused
        return side

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
        if ack > peer.acked:
            if peer.fin_offset < 0 or peer.acked < peer.fin_offset:  # the ACK of a mere FIN is no progress
                peer.ack_packet = p.number
                peer.ack_time = p.time
            peer.acked = ack
            peer.rtx_since_ack = 0
            if side.index == SERVER and connection.exchanges:
                self.acknowledge_request(connection, ack, p)
        return ack

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
        if side.fins <= 4:
            mark(connection, side, p, "fin", offset)

    def rst(self, connection: Connection, side: Side, peer: Side, p: Packet, offset: cython.longlong) -> None:
        """A RST; its payload, if any, is text for people (RFC 9293 3.5.2) and no part of the stream."""
        side.rsts += 1
        if side.rsts == 1:
            side.rst_packet = p.number
            side.rst_time = p.time
        if connection.closed_time == 0:
            connection.closed_time = p.time
            self.lingering.add(connection)
        if p.flags & ACK and peer.base >= 0:
            self.reset_acknowledges(peer, p)
        if side.rsts <= 8:
            mark(connection, side, p, "rst", offset).note = "timestamps" if p.ts_value >= 0 else None

    def reset_acknowledges(self, peer: Side, p: Packet) -> None:
        """A RST with ACK says what its sender had received (RFC 9293 3.10.7.4, fifth: check the ACK field)."""
        ack: cython.longlong = unwrap(p.ack, peer.base, peer.acked)
        if peer.acked < ack < peer.end + MAX_UNSEEN:
            peer.acked = ack
            peer.ack_packet = p.number
            peer.ack_time = p.time

    def check_closed(self, connection: Connection, p: Packet) -> None:
        """Closed in order: both FINs were sent and acknowledged."""
        client: Side = connection.client
        server: Side = connection.server
        if client.acked > client.fin_offset and server.acked > server.fin_offset:
            connection.closed_time = p.time
            self.lingering.add(connection)
            if client.ended and server.ended and connection.content is not None:
                self.finish_streams(connection)  # now, while they are at hand: it will linger for a while

    def icmp(self, error: IcmpError) -> None:
        """Join an ICMP error to the connection whose packet it quotes: ports and sequence number must match."""
        side: Side | None = self.sides.get(error.key)
        milestone: Milestone
        connection: Connection
        offset: cython.longlong
        if error.time > self.now:
            self.now = error.time
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
        if connection.icmps <= 8 and len(connection.milestones) < MAX_MILESTONES:
            milestone = Milestone.__new__(Milestone)
            milestone.begin("icmp", NETWORK, error.number, error.time)
            milestone.offset = offset
            milestone.seq = error.seq
            milestone.note = error
            connection.milestones.append(milestone)

    # -- giving out ------------------------------------------------------------------------------------------------

    def expire(self) -> None:
        """Give out what is over; called once in a while, so that its cost stays linear in the packets."""
        connection: Connection
        over: list[Connection] = self.lingering.over(self.now)
        if self.now - self.looked > LOOK_NS:
            self.looked = self.now
            for connection in self.opened:
                if connection.established_time == 0 and self.now - connection.last_time > UNANSWERED_NS:
                    over.append(connection)
        for connection in over:
            if connection in self.opened:  # the ports were used again, or it is here twice
                self.give_out(connection, 1)
        if len(self.sides) > 2 * MAX_OPEN:
            self.evict()

    def evict(self) -> None:
        """Too many connections are open: give out the quarter that was idle longest."""
        for connection in sorted(self.opened, key=idle_since)[: MAX_OPEN // 4]:
            connection.flag("evicted")
            self.evicted += 1
            self.give_out(connection, 0)

    def finish(self) -> None:
        """The capture is over: give out everything, in the order of first packets."""
        for connection in list(self.opened):
            self.give_out(connection, 1 if connection.closed_time else 0)

    def give_out(self, connection: Connection, final: cython.int) -> None:
        """Settle a connection and put it into `finished`."""
        if connection.early is not None:
            self.let_all_go(connection)
        self.finish_streams(connection)
        connection.final = final
        if connection.server.packets:
            self.answered = True
        connection.one_way = not self.answered
        connection.capture_end = self.watched_until(connection.last_time)
        self.keys.remove(connection)
        self.opened.pop(connection, None)
        connection.settle()
        self.finished.append(connection)

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

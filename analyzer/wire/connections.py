"""Tracks TCP connections: roles, sequence space, retransmissions, loss, endings (RFC 9293; signatures.md 1 and 3).

Takes decoded packets in capture order; leaves finished `Connection`s in `finished`. One dictionary finds the sending
`Side` by the packet's own source, destination and ports. Bulk data moves counters only.
"""

from __future__ import annotations

import cython

from analyzer.wire.content import Content
from analyzer.wire.model import (
    ACK,
    CLIENT,
    FIN,
    NETWORK,
    RST,
    SERVER,
    SYN,
    Connection,
    IcmpError,
    Milestone,
    Packet,
    Side,
)
from analyzer.wire.stream import Reassembler

LINGER_NS = 5_000_000_000
"""How long a closed connection waits for stragglers (a late RST, a retried SYN with the same ISN)."""
UNANSWERED_NS = 200_000_000_000
"""How long an unanswered SYN waits: the longest gap between two SYNs of a known stack is 64 s, three of them fit."""
MAX_OPEN = 65_536
"""Open connections kept; at the cap those idle longest are given out unfinished, with the flag `evicted`."""
MAX_GONE = 1_000_000
"""5-tuples remembered after their connection was given out, so that stragglers make no new one."""
MAX_MILESTONES = 96
DUP_WINDOW_NS = 50_000_000
DUP_FAST_NS = 2_000_000
CLOCK_STEP_NS = 10_000_000
REORDER_NS = 3_000_000
MASK32 = 0xFFFFFFFF
MASK64 = 0xFFFFFFFFFFFFFFFF
MIX1, MIX2, MIX3, MIX4 = 0x9E3779B1, 0x85EBCA6B, 0x27D4EB2F, 0xC2B2AE35
"""Odd 32-bit multipliers that spread a packet's fields over 64 bits."""


@cython.cfunc
@cython.inline
@cython.exceptval(-1, check=True)
def unwrap(raw: cython.longlong, base: cython.longlong, near: cython.longlong) -> cython.longlong:
    """The 64-bit offset of a raw sequence number that lies nearest to `near` (RFC 9293 3.4: modulo 2^32, signed)."""
    difference: cython.longlong = (raw - base - near) & MASK32
    if difference > MASK32 >> 1:
        difference -= MASK32 + 1
    return near + difference


class Connections:
    """The table of open connections.

    finished    connections that are over, in the order in which they ended; the caller empties it
    next_stream the next tcp.stream number; open: how many connections are open
    answered    whether any server was heard so far
    now         time of the newest packet
    """

    def __init__(self) -> None:
        self.sides: dict[bytes, Side] = {}
        self.gone: dict[bytes, int] = {}
        self.answered = False
        self.finished: list[Connection] = []
        self.reassembler = Reassembler()
        self.next_stream = self.now = self.total = 0
        self.stragglers = self.evicted = self.icmp_unmatched = 0
        self.dup_window = DUP_WINDOW_NS
        self.dup_fast = DUP_FAST_NS

    def packet(self, p: Packet, note: str) -> None:
        """Account for one TCP packet; `note` is a flag word from the decoder, or ""."""
        found: Side | None = self.sides.get(p.key)
        side: Side
        connection: Connection
        peer: Side
        if p.time > self.now:
            self.now = p.time
        if found is None:
            found = self.first(p)
            if found is None:
                return
        side = found
        if p.flags & SYN:
            side = self.syn(side, p)
        connection = side.connection
        if self.is_copy(side, p):
            side.duplicates += 1
            connection.copies += 1
            return
        peer = connection.server if side.index == CLIENT else connection.client
        if note and note not in connection.flags:
            connection.flags.append(note)
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
        if p.flags & RST:
            self.rst(connection, side, peer, p, offset)
            return
        if p.flags & ACK:
            ack = self.acknowledge(connection, side, peer, p)
        self.note_endpoint(connection, side, peer, p)
        if p.length:
            self.payload(connection, side, peer, p, offset, ack)
        elif offset == side.end - 1 and side.acked >= side.end and side.end > 0 and not p.flags & (SYN | FIN):
            self.keep_alive(connection, side, p)
        if p.flags & FIN:
            self.fin(connection, side, p, offset + p.length, ack)
        if connection.fins_seen == 3 and connection.closed_time == 0:
            self.check_closed(connection, p)

    # -- opening ---------------------------------------------------------------------------------------------------

    def first(self, p: Packet) -> Side | None:
        """Open a connection for a packet of an unknown 5-tuple; None for a straggler of one already given out."""
        reverse: bytes = p.reversed_key()
        stream = self.gone.get(p.key)
        if stream is None:
            stream = self.gone.get(reverse)
        if stream is not None and not p.flags & SYN and p.length == 0:
            self.stragglers += 1
            return None
        return self.open(p, reverse, -1 if stream is None or p.flags & (SYN | ACK) == SYN else stream)

    def open(self, p: Packet, reverse: bytes, stream: cython.longlong) -> Side:
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
            kind = Content.looks_like(p.data[p.payload : p.payload + p.captured]) if p.captured else 0
            connection.roles_guessed = kind == 0
            if kind == 2 or (kind == 0 and self.source_port(p) < self.source_port_of(reverse)):
                side, peer = peer, side
        elif p.flags & ACK:
            side, peer = peer, side
        self.set_address(side, p.key)
        self.set_address(peer, reverse)
        self.sides.pop(p.key, None)
        self.sides.pop(reverse, None)
        self.sides[p.key] = side
        self.sides[reverse] = peer
        self.total += 1
        return side

    def source_port(self, p: Packet) -> cython.int:
        """The port the packet came from."""
        return self.source_port_of(p.key)

    def source_port_of(self, key: bytes) -> cython.int:
        """The source port in a key."""
        at: cython.Py_ssize_t = len(key) - 4
        return key[at] << 8 | key[at + 1]

    def set_address(self, side: Side, key: bytes) -> None:
        """Fill in the address and port of the side that sends under `key`."""
        side.address = key[: (len(key) - 4) // 2]
        side.port = self.source_port_of(key)

    def syn(self, side: Side, p: Packet) -> Side:
        """A SYN on a known 5-tuple: the same attempt again, or a new connection (another ISN, signatures.md 1.1)."""
        connection: Connection = side.connection
        if p.flags & ACK:
            if side.index == CLIENT and connection.midstream:
                self.swap_roles(connection)
            return side
        if side.isn == p.seq or (connection.last_packet == 0 and connection.first_packet == p.number):
            connection.closed_time = 0
            return side
        if side.index == SERVER and side.isn < 0 and connection.client.isn >= 0 and not connection.closed_time:
            connection.simultaneous = 1
            return side
        reused = side.isn >= 0 or connection.midstream
        self.give_out(connection, 1)
        side = self.open(p, p.reversed_key(), -1)
        side.connection.reused = reused
        return side

    def swap_roles(self, connection: Connection) -> None:
        """The other side turned out to be the client."""
        milestone: Milestone
        connection.client, connection.server = connection.server, connection.client
        connection.client.index = CLIENT
        connection.server.index = SERVER
        connection.roles_guessed = 0
        for milestone in connection.milestones:
            if milestone.side != NETWORK:
                milestone.side = SERVER if milestone.side == CLIENT else CLIENT

    def note_endpoint(self, connection: Connection, side: Side, peer: Side, p: Packet) -> None:
        """What a packet tells of its sender: SYN facts, TTL, IP ID, window; and the step to `established`."""
        if p.flags & SYN:
            self.handshake(connection, side, peer, p)
        else:
            side.data_ttl = p.ttl
            if side.index == CLIENT and connection.established_time == 0 and p.flags & ACK:
                if peer.isn >= 0:
                    connection.established_time = p.time
                    connection.established_packet = p.number
                    self.mark(connection, side, p, "ack", 0)
            elif side.index == SERVER and connection.established_time == 0:
                self.server_before_established(connection, side, peer, p)
            if p.window == 0:
                if side.zero_since == 0:
                    side.zero_since = p.time
            elif side.zero_since:
                side.zero_total += p.time - side.zero_since
                side.zero_since = 0
        side.window = p.window
        if p.ip_id:
            side.ip_id_zero = 0
            side.ip_id = p.ip_id

    def server_before_established(self, connection: Connection, side: Side, peer: Side, p: Packet) -> None:
        """A server packet that is no SYN-ACK before the client's ACK: progress that we missed, or a challenge ACK."""
        foreign: cython.bint = side.isn < 0 <= peer.isn and p.ack != (peer.isn + 1) & MASK32
        if foreign and p.flags & ACK and p.length == 0 and peer.end == 0:
            self.mark(connection, side, p, "ack", 0).note = "challenge"
            peer.acked = peer.ack_packet = peer.ack_time = 0
        elif p.length or peer.acked > 0:
            connection.established_time = p.time
            connection.established_packet = p.number

    def handshake(self, connection: Connection, side: Side, peer: Side, p: Packet) -> None:
        """A SYN or a SYN-ACK."""
        side.syns += 1
        side.syn_time = p.time
        side.syn_packet = p.number
        if side.isn != p.seq:
            side.isn = p.seq
            side.base = (p.seq + 1) & MASK32
            side.end = side.next = side.acked = 0
        side.ttl = p.ttl
        side.mss = p.mss
        side.scale = p.scale
        side.sack_ok = p.sack_ok
        side.timestamps = p.ts_value >= 0
        if p.fast_open or (p.length and side.index == CLIENT):
            connection.fast_open = 1
        if p.subflow:
            connection.subflow = 1
        if side.index == SERVER:
            self.answered = True
            if connection.established_time and not connection.midstream:
                connection.synack_after_ack += 1
            if peer.isn < 0 and p.flags & ACK:
                peer.isn = (p.ack - 1) & MASK32
                peer.base = p.ack
        if side.syns <= 16:
            self.mark(connection, side, p, "syn-ack" if p.flags & ACK else "syn", -1)

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
            side.dup_acks = 0
            if side.index == SERVER and connection.exchanges:
                self.acknowledge_request(connection, ack, p)
        elif ack == peer.acked and p.length == 0 and peer.end > ack and not p.flags & (SYN | FIN):
            side.dup_acks += 1
        return ack

    def acknowledge_request(self, connection: Connection, ack: cython.longlong, p: Packet) -> None:
        """Remember when the end of the newest request was acknowledged."""
        exchange = connection.exchanges[len(connection.exchanges) - 1]
        if exchange.request_complete and exchange.acked_time == 0 and ack >= exchange.request_end:
            exchange.acked_time = p.time
            exchange.acked_packet = p.number

    def is_copy(self, side: Side, p: Packet) -> cython.bint:
        """Whether this is another copy of a packet just seen (a mirror, `-i any`), not a retransmission (3.3)."""
        window: cython.longlong = self.dup_window if p.ip_id else self.dup_fast
        signature: cython.ulonglong = p.seq
        more: cython.ulonglong = p.flags
        signature = (signature * MIX1 ^ p.ack * MIX2 ^ p.length * MIX3) & MASK64
        more = more << 16 | p.window
        more = more << 16 | p.ip_id
        signature = (signature ^ more ^ (p.ts_value & MASK32) * MIX4 ^ (p.sack_right & MASK32) << 13) & MASK64
        if (
            (signature == side.recent0 and p.time - side.recent_time0 <= window)
            or (signature == side.recent1 and p.time - side.recent_time1 <= window)
            or (signature == side.recent2 and p.time - side.recent_time2 <= window)
            or (signature == side.recent3 and p.time - side.recent_time3 <= window)
        ):
            return True
        if side.recent_at == 0:
            side.recent0 = signature
            side.recent_time0 = p.time
        elif side.recent_at == 1:
            side.recent1 = signature
            side.recent_time1 = p.time
        elif side.recent_at == 2:
            side.recent2 = signature
            side.recent_time2 = p.time
        else:
            side.recent3 = signature
            side.recent_time3 = p.time
        side.recent_at = (side.recent_at + 1) & 3
        return False

    # -- payload ---------------------------------------------------------------------------------------------------

    def payload(
        self,
        connection: Connection,
        side: Side,
        peer: Side,
        p: Packet,
        offset: cython.longlong,
        ack: cython.longlong,
    ) -> None:
        """Sequence accounting of a segment with payload, then reassembly."""
        stop: cython.longlong = offset + p.length
        fills: cython.bint = side.pending is not None and offset >= side.next and offset < side.pending[0][0]
        if p.length == 1 and offset == side.end - 1 and side.acked >= side.end:
            self.keep_alive(connection, side, p)
            return
        if side.fin_offset >= 0 and stop > side.fin_offset:
            return
        if connection.midstream and connection.content is None and connection.roles_guessed and p.captured:
            self.fix_roles(connection, side, p)
        if stop > side.end:
            if offset > side.end:
                side.jump_time = p.time
            side.bytes += stop - (offset if offset > side.end else side.end)
            side.end = stop
            side.last_data_time = p.time
            side.last_data_packet = p.number
            if side.first_data_packet == 0:
                side.first_data_time = p.time
                side.first_data_packet = p.number
                self.mark(connection, side, p, "data", offset)
        elif offset < side.next or p.time - side.jump_time > REORDER_NS:
            if fills:
                side.last_data_time = p.time
                side.last_data_packet = p.number
            if not (peer.zero_since and p.length == 1):
                self.retransmission(connection, side, p, offset, stop)
        else:
            side.out_of_order += 1
            side.last_data_time = p.time
            side.last_data_packet = p.number
        if stop > side.next and offset < side.next + 0x40000000:
            self.reassembler.segment(side, p, offset, ack)
            if side.pending is not None:
                self.reassembler.overdue(side, p.time)
            if side.fin_offset >= 0:
                self.reassembler.reach_end(side, p.number, p.time)

    def fix_roles(self, connection: Connection, side: Side, p: Packet) -> None:
        """The first payload of a connection without SYN may tell who is the client."""
        kind = Content.looks_like(p.data[p.payload : p.payload + p.captured])
        if kind:
            connection.roles_guessed = 0
            if (kind == 1) != (side.index == CLIENT):
                self.swap_roles(connection)

    def retransmission(
        self, connection: Connection, side: Side, p: Packet, offset: cython.longlong, stop: cython.longlong
    ) -> None:
        """Payload that was sent before, or that fills a hole too late to be reordering."""
        side.retransmissions += 1
        if p.length > side.largest_rtx:
            side.largest_rtx = p.length
        if stop <= side.acked:
            return
        side.rtx_since_ack += 1
        if side.rtx_since_ack <= 12:
            self.mark(connection, side, p, "retransmission", offset)

    def keep_alive(self, connection: Connection, side: Side, p: Packet) -> None:
        """A keep-alive probe: one byte before the next, nothing outstanding (RFC 9293 3.8.4)."""
        side.keep_alives += 1
        side.unanswered_keep_alives += 1
        if side.keep_alives <= 4:
            self.mark(connection, side, p, "keep-alive", -1)

    # -- endings ---------------------------------------------------------------------------------------------------

    def fin(self, connection: Connection, side: Side, p: Packet, offset: cython.longlong, ack: cython.longlong) -> None:
        """A FIN; `offset` is where the stream of its sender ends."""
        side.fins += 1
        if side.fins == 1:
            side.fin_offset = offset
            side.fin_packet = p.number
            side.fin_time = p.time
            side.fin_ack = ack
            connection.fins_seen |= 1 << side.index
            if offset > side.end:
                side.end = offset
            self.reassembler.reach_end(side, p.number, p.time)
        if side.fins <= 4:
            self.mark(connection, side, p, "fin", offset)

    def rst(self, connection: Connection, side: Side, peer: Side, p: Packet, offset: cython.longlong) -> None:
        """A RST; its payload, if any, is text for people (RFC 9293 3.5.2) and no part of the stream."""
        side.rsts += 1
        if side.index == SERVER:
            self.answered = True
        if side.rsts == 1:
            side.rst_packet = p.number
            side.rst_time = p.time
        if connection.closed_time == 0:
            connection.closed_time = p.time
        if side.rsts <= 8:
            self.mark(connection, side, p, "rst", offset)

    def check_closed(self, connection: Connection, p: Packet) -> None:
        """Closed in order: both FINs were sent and acknowledged."""
        client: Side = connection.client
        server: Side = connection.server
        if client.acked > client.fin_offset and server.acked > server.fin_offset:
            connection.closed_time = p.time

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

    def mark(self, connection: Connection, side: Side, p: Packet, what: str, offset: cython.longlong) -> Milestone:
        """Keep a packet as a milestone of its connection."""
        peer: Side = connection.server if side.index == CLIENT else connection.client
        milestone: Milestone = Milestone.__new__(Milestone)
        milestone.begin(what, side.index, p.number, p.time)
        milestone.offset = offset
        if p.flags & ACK and peer.base >= 0:
            milestone.ack = unwrap(p.ack, peer.base, peer.acked)
        milestone.seq = p.seq
        milestone.length = p.length
        milestone.flags = p.flags
        milestone.ttl = p.ttl
        milestone.ip_id = p.ip_id
        milestone.window = p.window
        if len(connection.milestones) < MAX_MILESTONES or what in ("rst", "fin"):
            connection.milestones.append(milestone)
        return milestone

    # -- giving out ------------------------------------------------------------------------------------------------

    def expire(self) -> None:
        """Give out what is over; called once in a while, so that its cost stays linear in the packets."""
        side: Side
        connection: Connection
        idle: cython.longlong
        over: list[Connection] = []
        for side in self.sides.values():
            if side.index == CLIENT:
                connection = side.connection
                idle = self.now - connection.last_time
                if (connection.closed_time and idle > LINGER_NS) or (
                    connection.established_time == 0 and idle > UNANSWERED_NS
                ):
                    over.append(connection)
        for connection in over:
            self.give_out(connection, 1)
        if len(self.sides) > 2 * MAX_OPEN:
            self.evict()

    def evict(self) -> None:
        """Too many connections are open: give out the quarter that was idle longest."""
        connections = [side.connection for side in self.sides.values() if side.index == CLIENT]
        connections.sort(key=idle_since)
        for connection in connections[: MAX_OPEN // 4]:
            connection.flags.append("evicted")
            self.evicted += 1
            self.give_out(connection, 0)

    def finish(self) -> None:
        """The capture is over: give out everything, in the order of first packets."""
        for side in list(self.sides.values()):
            if side.index == CLIENT:
                self.give_out(side.connection, 1 if side.connection.closed_time else 0)

    def give_out(self, connection: Connection, final: cython.int) -> None:
        """Settle a connection and put it into `finished`."""
        client_key: bytes = self.key_of(connection.client, connection.server)
        server_key: bytes = self.key_of(connection.server, connection.client)
        self.reassembler.finish(connection.client, connection.client.last_packet, connection.last_time)
        self.reassembler.finish(connection.server, connection.server.last_packet, connection.last_time)
        if connection.content is not None:
            connection.content.finish()
        connection.final = final
        if connection.server.packets:
            self.answered = True
        connection.one_way = not self.answered
        connection.capture_end = self.now
        self.sides.pop(client_key, None)
        self.sides.pop(server_key, None)
        if len(self.gone) >= MAX_GONE:
            self.gone.clear()
        self.gone[client_key] = connection.stream
        connection.settle()
        self.finished.append(connection)

    def key_of(self, side: Side, peer: Side) -> bytes:
        """The key under which `side` sends."""
        ports = bytes((side.port >> 8, side.port & 255, peer.port >> 8, peer.port & 255))
        return side.address + peer.address + ports

    def oldest_open(self) -> cython.longlong:
        """First packet of the connection that has been open longest; a huge number when none is."""
        side: Side
        for side in self.sides.values():
            return side.connection.first_packet
        return 1 << 62


def idle_since(connection: Connection) -> int:
    """Time of the last packet of a connection."""
    return connection.last_time

"""Which packet begins a connection: the first of its 5-tuple, and a SYN with another ISN once that proves to be one.

On a connection that lives such a SYN is an old duplicate or a blind one until the new handshake shows otherwise (RFC
9293 3.10.7.4, RFC 5961 4): until it is acknowledged, its sender goes on behind it, or resets the peer's ACK of the old
numbers (RFC 9293 3.5.1), or until it is repeated while both sides keep silent. Meanwhile it waits (unproven.py), with
its place in the order of connections and its number of Wireshark's count.

That count is Wireshark 4.0's: a SYN with another ISN begins a stream. In newer versions (packet-tcp.c, dissect_tcp) so
does a SYN with the old ISN behind a RST or FIN, and a SYN-ACK behind one, or with another number than its side had.
From there on the number of a stream depends on the version: `disputed`.
"""

from __future__ import annotations

import cython

if not cython.compiled:
    from analyzer.tcp.sequence import unwrap

from analyzer.flow.chain import Chain
from analyzer.flow.copies import is_copy
from analyzer.flow.given_up import FROM_CLIENT, FROM_SERVER, GivenUp
from analyzer.flow.roles import sender_of_first, told_by_syn
from analyzer.flow.table import Table, reversed_key
from analyzer.frame.packet import Packet
from analyzer.layer.detection import looks_like
from analyzer.model.connection import ACK, CLIENT, MASK32, RST, SERVER, SYN, Connection, Side
from analyzer.tcp.kin import Kin
from analyzer.tcp.sequence import NEAR
from analyzer.tcp.unproven import MAX_HELD_BYTES, MAX_SYNS, Unproven

MAX_SPLITS = 16
"""SYNs that changed nothing, of one connection, that are remembered for Wireshark's filter."""


class Attempts:
    """The table of open connections, as far as opening them goes.

    sides       the sides of the open connections by their keys; given_up: those that had to make room
    opened      the open connections in the order in which they began, with those that wait for proof
    half_open   how many of them began with a SYN, and were not established when they were last counted
    next_stream the next tcp.stream number; disputed 1 = it depends on Wireshark's version
    total       how many connections were seen
    kin         what connections have to do with each other
    stragglers  packets of connections that were over; unfollowed: of those that had to make room
    kept        bytes of payload that wait for proof, over all connections
    """

    def begin(self) -> None:
        """Nothing is open."""
        self.keys = Table()
        self.given_up = GivenUp()
        self.sides = self.keys.sides
        self.opened = Chain()
        self.half_open = 0
        self.kin = Kin()
        self.next_stream = self.total = self.stragglers = self.unfollowed = self.kept = self.disputed = 0

    def packet(self, p: Packet, note: str) -> None:
        """Account for one packet; the subclass does."""

    def make_room(self) -> None:
        """Before one more is opened; the subclass does."""

    def give_out(self, connection: Connection, final: cython.int) -> None:
        """Settle a connection; the subclass does."""

    def first(self, p: Packet) -> Side | None:
        """Open a connection for a packet of an unknown 5-tuple; None for a straggler of one already given out."""
        key: bytes = p.whole_key()
        reverse: bytes = reversed_key(key)
        stream: int | None = None
        if not p.flags & SYN and self.goes_on_unseen(p, key, reverse):
            self.unfollowed += 1
            return None
        self.make_room()
        if p.flags & (SYN | ACK) != SYN:
            stream = self.keys.gone_stream(key, reverse)
            if stream is not None and not p.flags & SYN and p.length == 0:
                self.stragglers += 1
                return None
            if stream is not None and p.flags & SYN:
                self.disputed = 1
        return self.open(p, key, reverse, -1 if stream is None else stream)

    def goes_on_unseen(self, p: Packet, key: bytes, reverse: bytes) -> cython.bint:
        """Whether a packet is the rest of what was given up: all but what its client asks for from now on."""
        sender: cython.int = self.given_up.sender(key, reverse)
        return sender == FROM_SERVER or (sender == FROM_CLIENT and p.length == 0)

    def open(self, p: Packet, key: bytes, reverse: bytes, stream: cython.longlong) -> Side:
        """Start a connection with this packet; `stream` -1 = the next number of Wireshark's count."""
        connection: Connection = self.place(p, stream)
        return self.enter(connection, p, key, reverse)

    def place(self, p: Packet, stream: cython.longlong) -> Connection:
        """A connection's number and its place in the order of connections."""
        if stream < 0:
            stream = self.next_stream
            self.next_stream += 1
        connection: Connection = Connection(stream)
        connection.disputed = self.disputed
        connection.version = p.version
        connection.first_packet = p.number
        connection.first_time = connection.last_time = p.time
        connection.interface = p.interface
        self.opened.add(connection)
        return connection

    def enter(self, connection: Connection, p: Packet, key: bytes, reverse: bytes) -> Side:
        """Let packets find a connection that this one begins; returns the side of its sender."""
        kind: cython.int
        side: Side = connection.client
        peer: Side = connection.server
        if not p.flags & SYN:
            connection.midstream = 1
            connection.established_time = p.time
            connection.established_packet = p.number
        else:
            connection.half_open = 1
            self.half_open += 1
        kind = 0
        if p.captured and not p.flags & SYN:
            kind = looks_like(p.data[p.payload : p.payload + p.captured])
        if sender_of_first(connection, p, key, reverse, kind) == SERVER:
            side, peer = peer, side
        self.keys.add(side, key)
        self.keys.add(peer, reverse)
        self.total += 1
        self.kin.opened(connection, p, self.opened)
        return side

    # -- a SYN on a known 5-tuple ----------------------------------------------------------------------------------

    def syn(self, side: Side, p: Packet, note: str) -> Side | None:
        """A SYN on a known 5-tuple -> the side whose it is; None when it is taken care of, or waits."""
        connection: Connection = side.connection
        if p.flags & ACK:
            return self.syn_ack(side, p)
        if side.isn == p.seq:
            if may_be_over(connection):
                self.dispute(connection)
            connection.closed_time = 0  # the same attempt again
            return side
        if connection.last_packet == 0 and connection.first_packet == p.number:
            return side
        if belongs(side, p):
            told_by_syn(connection, side, CLIENT)
            connection.midstream = 0
            if connection.client.packets == 0 and connection.server.packets == connection.server.rsts:
                connection.established_time = connection.established_packet = 0  # it answers a SYN not captured
            return side
        if side.index == SERVER and side.isn < 0 and connection.client.isn >= 0 and not connection.closed_time:
            connection.simultaneous = 1
            return side
        if is_live(connection):
            self.hold_syn(side, p)
            return None
        return self.reuse(side, p, note)

    def syn_ack(self, side: Side, p: Packet) -> Side | None:
        """A SYN-ACK on a known 5-tuple: this attempt's, that of a SYN which waits, or one that the client ignores."""
        connection: Connection = side.connection
        waits: Unproven = connection.unproven
        if waits is not None and side is not waits.asker and waits.acknowledged(p):
            self.succeed(connection)
            return self.keys.find(p)
        if may_be_over(connection) or of_other_base(side, p):
            self.dispute(connection)
        told_by_syn(connection, side, SERVER)
        if belongs(side, p):
            connection.midstream = 0
        if side.isn == p.seq:
            return side
        if is_live(connection) and connection.established_time and of_another(side, p):
            self.hold_syn(side, p)
            return None
        foreign: cython.bint = side.isn < 0 and answers_another(connection, side, p)
        if connection.midstream or (side.isn < 0 and not foreign):
            return side
        if not is_live(connection):  # the SYN of a new connection was not captured
            stream: cython.longlong = connection.stream
            self.give_out(connection, 1)
            key: bytes = p.whole_key()
            return self.open(p, key, reversed_key(key), stream)
        if connection.established_time == 0:
            return side
        side.other_isn = p.seq
        connection.ignored += 1
        connection.ignored_packet = p.number
        return None

    def reuse(self, side: Side, p: Packet, note: str) -> Side | None:
        """A SYN on the ports of a connection that is over, or that nobody ever answered: a new connection."""
        connection: Connection = side.connection
        waits: Unproven = connection.unproven
        key: bytes = p.whole_key()
        used: cython.bint = side.isn >= 0 or connection.midstream != 0
        if waits is not None and waits.successor is not None and waits.isn() == p.seq:
            waits.syns.append(p.copy(self.room()))
            self.succeed(connection)
            return None
        self.give_out(connection, 1)
        if self.sides.get(key) is not None:  # of a SYN that waited
            self.packet(p, note)
            return None
        side = self.open(p, key, reversed_key(key), -1)
        side.connection.reused = used
        return side

    def hold_syn(self, side: Side, p: Packet) -> None:
        """A SYN with another ISN on a connection that lives: it waits for proof, or is the proof itself.

        So does a SYN-ACK that answers such a SYN, where that was not captured: Wireshark counts none then.
        """
        connection: Connection = side.connection
        waits: Unproven = connection.unproven
        if is_copy(side, p):
            side.duplicates += 1
            connection.copies += 1
            return
        if waits is None:
            connection.unproven = waits = Unproven()
        if waits.successor is None or waits.isn() != p.seq:
            self.drop_successor(connection)
            waits.expect(self.place(p, connection.stream if p.flags & ACK else -1), side)
        repeated: cython.bint = len(waits.syns) > 0
        if repeated:
            self.dispute(connection)  # what went on meanwhile is in the same stream there, a FIN or RST perhaps
        if len(waits.syns) < MAX_SYNS:
            waits.syns.append(p.copy(self.room()))
        if repeated and waits.really():
            self.succeed(connection)

    def proves(self, connection: Connection, side: Side, p: Packet, fits: cython.bint) -> cython.bint:
        """Whether a packet proves the SYN that waits: then the new connection has taken the place of this one.

        fits    it is acceptable by the numbers of this connection
        """
        waits: Unproven = connection.unproven
        if waits.successor is None or (fits and not p.flags & RST):
            return False
        if side is not waits.asker:
            if not waits.acknowledged(p):
                return False
        elif p.seq != (waits.isn() + 1) & MASK32 and not waits.challenged(p):
            return False
        self.succeed(connection)
        return True

    def succeed(self, connection: Connection) -> None:
        """The SYN that waited is one: its connection takes the place of this one."""
        waits: Unproven = connection.unproven
        waits.answered = waits.contested = 0  # whatever spoke against it
        waits.proven = 1
        self.give_out(connection, 1)

    def install(self, waits: Unproven) -> None:
        """The connection was given out, and the SYN that waited there is an attempt of its own."""
        successor: Connection | None = waits.successor
        syn: Packet = waits.syns[0]
        assert successor is not None
        key: bytes = syn.whole_key()
        waits.successor = None
        successor.reused = 1
        successor.disputed = self.disputed  # its SYN may have been sent again
        self.enter(successor, syn, key, reversed_key(key))
        for syn in waits.syns:
            self.packet(syn, "")
        if waits.challenge is not None:
            self.packet(waits.challenge, "")

    def drop_successor(self, connection: Connection) -> None:
        """The SYN that waits is noise: Wireshark counts a stream there all the same."""
        waits: Unproven = connection.unproven
        successor: Connection | None = waits.successor
        if successor is None:
            return
        self.opened.discard(successor)
        connection.ignored += len(waits.syns)
        connection.ignored_packet = max(connection.ignored_packet, waits.last_syn())
        if successor.stream != connection.stream and len(connection.splits) < MAX_SPLITS:
            connection.splits = (*connection.splits, (successor.stream, successor.first_packet))
        successor.settle()
        waits.successor = None
        waits.syns = []

    def room(self) -> cython.longlong:
        """Bytes of payload that may still wait for proof."""
        return max(0, MAX_HELD_BYTES - self.kept)

    def dispute(self, connection: Connection) -> None:
        """A stream begins here in some versions of Wireshark: neither its number nor later ones are to be relied on."""
        connection.disputed = self.disputed = 1


def belongs(side: Side, p: Packet) -> cython.bint:
    """Whether a SYN that comes late in the file is the one of this connection: its stream begins right behind it."""
    return side.isn < 0 and side.base >= 0 and side.base == (p.seq + 1) & MASK32 and side.connection.midstream != 0


def answers_another(connection: Connection, side: Side, p: Packet) -> cython.bint:
    """Whether a SYN-ACK acknowledges another SYN than the one that was seen, and refused."""
    client: Side = connection.client
    if side is client or client.isn < 0 or connection.server.rsts == 0:
        return False
    return unwrap(p.ack, client.base, 0) < 0 or unwrap(p.ack, client.base, 0) > client.end


def of_another(side: Side, p: Packet) -> cython.bint:
    """Whether a SYN-ACK on a connection that is made acknowledges another SYN than the one that made it."""
    peer: Side = side.connection.server if side.index == CLIENT else side.connection.client
    if peer.base < 0:
        return False
    ack: cython.longlong = unwrap(p.ack, peer.base, 0)
    return ack > peer.end or ack < (0 if peer.isn >= 0 else -NEAR)


def is_live(connection: Connection) -> cython.bint:
    """Whether both sides hold it, as far as is known: made, and neither closed in order nor reset."""
    if connection.closed_time or connection.client.rsts or connection.server.rsts:
        return False
    return connection.midstream != 0 or connection.established_time != 0 or connection.server.isn >= 0


def may_be_over(connection: Connection) -> cython.bint:
    """Whether there was a FIN or RST, or what may have been one and changed nothing."""
    if connection.fins_seen or connection.client.rsts or connection.server.rsts:
        return True
    return connection.ignored > 0 or connection.unproven is not None


def of_other_base(side: Side, p: Packet) -> cython.bint:
    """Whether a SYN-ACK has another number than the bytes of its side began with so far, as they were captured."""
    if side.isn >= 0:
        return side.isn != p.seq
    return side.base >= 0 and side.base != (p.seq + 1) & MASK32

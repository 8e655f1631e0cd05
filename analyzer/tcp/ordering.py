"""Puts packets that the capture shows too early back into their order, by what their numbers say (RFC 9293 3.4).

Several capture queues, or several interfaces, disorder packets by milliseconds, with or without true times. A segment
that acknowledges what its peer has not sent yet, a FIN or a RST behind bytes that are still to come, or any packet
before the SYN shows that: it waits until the packets before it have come, or for `PATIENCE_NS`; what has not come by
then was not captured. Packets that waited change places: each is accounted for with the number and the time of the
place at which it belongs, so that both grow as things happened. `Connection.moved` knows its own, which are cited.
"""

from __future__ import annotations

from bisect import insort

import cython

if not cython.compiled:
    from analyzer.tcp.sequence import unwrap

from analyzer.flow.roles import swap
from analyzer.frame.packet import Packet
from analyzer.model.connection import ACK, CLIENT, FIN, MASK32, RST, SYN, Connection, Side
from analyzer.tcp.acceptance import edge
from analyzer.tcp.sequence import NEAR

PATIENCE_NS = 20_000_000
"""How long a packet may be early, or a hole be open that its receiver has acknowledged: several capture queues disorder
packets by milliseconds."""
REORDER_NS = 3_000_000
"""Packets this close may only have changed places on the way: a segment that fills a hole so soon was overtaken, not
sent again (Wireshark's default for `tcp.analysis.out_of_order` without a known round trip, signatures.md 3.4)."""
MAX_WAITING = 64
"""Packets of one connection that wait; at the cap the first of them waits no more."""
MAX_ALL = 4096
"""Packets that wait over all connections; same behaviour at the cap."""
MAX_EARLY_BYTES = 16 << 20
"""Payload of them: full segments of all four thousand fit twice. At the cap all of the connection
that brings one more waits no more."""
MAX_FAR = 1 << 30
"""Bytes that an acknowledgement may lie ahead: the largest window (RFC 7323 2.3)."""
FRUITLESS = 3
"""So often a connection waits in vain; then its capture lacks packets, and waiting would only cost time."""
MAX_MOVED = 4096
"""Packets of one connection that change places; all later ones are taken as they come."""


class Early:
    """The packets of one connection that wait, in the order of the capture.

    packets   each with the decoder's note
    numbers, times   of them, sorted: the places that are free
    """

    def __init__(self) -> None:
        self.packets: list[tuple[Packet, str]] = []
        self.numbers: list[int] = []
        self.times: list[int] = []

    def keep(self, p: Packet, note: str) -> None:
        """This one waits."""
        self.packets.append((p.copy(p.captured), note))
        self.note_place(p)

    def note_place(self, p: Packet) -> None:
        """The place of a packet that is free for the one that belongs there."""
        insort(self.numbers, p.number)
        insort(self.times, p.time)

    def take_place(self, connection: Connection, p: Packet) -> None:
        """The next packet in order takes the first free place."""
        number: cython.longlong = self.numbers[0]
        time: cython.longlong = self.times[0]
        del self.numbers[0]
        del self.times[0]
        if number != p.number:
            if connection.moved is None:
                connection.moved = {}
            connection.moved[number] = (p.number, p.time)
            if len(connection.moved) >= MAX_MOVED:
                connection.fruitless = FRUITLESS
        p.number, p.time = number, time

    def first(self, begun: cython.bint) -> cython.Py_ssize_t:
        """Which of them goes first, when none waits any more: one that opens the connection, else the oldest.

        What its sender had said before that one goes before it, as far as it waits too.
        """
        i: cython.Py_ssize_t
        p: Packet
        oldest: Packet
        found: cython.Py_ssize_t = 0
        if not begun:
            for i in range(len(self.packets)):
                p = self.packets[i][0]
                if p.flags & SYN:
                    return i
        oldest = self.packets[0][0]
        for i in range(1, len(self.packets)):
            p = self.packets[i][0]
            if p.loose_key != oldest.loose_key or (p.flags | oldest.flags) & RST:
                continue
            if unwrap(p.seq, oldest.seq, 0) < 0:
                oldest, found = p, i
        return found


def is_early(connection: Connection, side: Side, peer: Side, p: Packet) -> cython.bint:
    """Whether packets that come before this one are still to come."""
    if connection.fruitless >= FRUITLESS or p.flags & (SYN | ACK) == SYN:
        return False
    if side.isn < 0 or peer.isn < 0:
        return before_syns(connection, side, peer, p)
    if p.flags & ACK and acknowledges_unseen(peer, p):
        return True
    return p.flags & (FIN | RST) != 0 and behind_hole(side, p)


def bare_reset(p: Packet) -> cython.bint:
    """A RST without ACK does not say what went before it (RFC 9293 3.5.1), so it stays behind what waits."""
    return p.flags & (RST | ACK) == RST


def before_syns(connection: Connection, side: Side, peer: Side, p: Packet) -> cython.bint:
    """The same while the SYN or the SYN-ACK is missing: nothing else comes before these, but a refusal of the SYN."""
    if connection.last_packet == 0 or peer.base < 0:
        return p.flags & (SYN | ACK) != SYN | ACK or connection.last_packet == 0
    if p.flags & SYN:
        return False
    if connection.midstream:
        return (p.flags & ACK and acknowledges_unseen(peer, p)) or (p.flags & (FIN | RST) != 0 and behind_hole(side, p))
    return p.flags & RST == 0 or (side.index != CLIENT and p.seq != 0)


def acknowledges_unseen(peer: Side, p: Packet) -> cython.bint:
    """It acknowledges bytes, or a FIN, that did not come yet."""
    seen: cython.longlong = peer.end + 1 if peer.fin_offset >= 0 else peer.end
    if may_be_filled(peer, p):
        seen = peer.next
    if seen < peer.acked:
        seen = peer.acked
    return seen < unwrap(p.ack, peer.base, peer.acked) <= edge(peer) + NEAR  # what lies further is noise


def behind_hole(side: Side, p: Packet) -> cython.bint:
    """Bytes before it did not come yet."""
    if side.base < 0:
        return False
    if may_be_filled(side, p):
        return True
    return max(side.end, side.sent) < unwrap(p.seq, side.base, side.end) <= edge(side) + NEAR


def may_be_filled(side: Side, p: Packet) -> cython.bint:
    """The packets for a hole may still come: a capture that disorders has shown them before this time is over."""
    return side.pending is not None and p.time - side.hole_time <= PATIENCE_NS


def fits(early: Early, p: Packet, side: Side) -> cython.bint:
    """Whether the packets that wait are of the connection that this SYN opens."""
    start: cython.longlong = (p.seq + 1) & MASK32
    waiting: Packet
    for waiting, _ in early.packets:
        if waiting.loose_key == side.key:
            if (waiting.seq - start) & MASK32 >= MAX_FAR:
                return False
        elif waiting.flags & ACK and (waiting.ack - start) & MASK32 >= MAX_FAR:
            return False
    return True


def adopt(connection: Connection, side: Side, p: Packet) -> None:
    """The SYN, or the SYN-ACK, of a connection whose packets so far all waited: it begins now."""
    if (side.index == CLIENT) == (p.flags & ACK != 0):
        swap(connection)
    connection.midstream = connection.roles_guessed = 0
    connection.established_time = connection.established_packet = 0
    connection.first_packet, connection.first_time = p.number, p.time

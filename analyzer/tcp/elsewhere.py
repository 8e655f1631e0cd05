"""Packets of an open connection that come from another address than the one that was asked: NAT, not undone.

A NAT that changes the destination of a SYN must put the asked address back into every answer. Where one gets past it
the client knows no such connection (RFC 9293 3.10.7.1): it resets the stray packet, and what NAT had connected dies.
Client port, sequence and acknowledgement numbers tell whose packet it is. The server's port may be another one too.
"""

from __future__ import annotations

from collections.abc import Collection

import cython

if not cython.compiled:
    from analyzer.tcp.sequence import unwrap

from analyzer.frame.packet import Packet
from analyzer.model.connection import ACK, CLIENT, MASK32, RST, SYN, Connection, Side

MAX_STRAYS = 16
"""Stray packets kept of a connection; a client sends at most eleven SYNs (signatures.md 4.1)."""
MAX_SHARED = 16
"""Open connections of one client port that are known: it may have one to each server, and a scanner has thousands."""
FORGOTTEN = 1024
"""So many connections that are over are known besides, at most, and as many as are open."""
NEAR_BYTES = 1 << 20
"""How far from what was seen the numbers of a stray segment may be: as windows are, and by chance one in 2^24 is."""


@cython.cclass
class Stray:
    """One packet from another address; refused_*: the RST with which the client answered it, 0 = none was seen.

    what   syn-ack, rst, data, or ack where it has no payload
    """

    def __init__(self, what: str, packet: cython.longlong, time: cython.longlong, sender: Side) -> None:
        self.what = what
        self.packet = packet
        self.time = time
        self.address = sender.address
        self.port = sender.port
        self.refused_packet = self.refused_time = 0


class Elsewhere:
    """Knows the open connections by their client; `awake` only where a capture has a packet of no known connection.

    asked  client's endpoint -> its open connections, the client's sides; known: how many, and some that are over
    """

    def __init__(self) -> None:
        self.awake = False
        self.asked: dict[int, list[Side]] = {}
        self.known = 0

    def wake(self, opened: Collection[Connection]) -> None:
        """From now on strays are looked for."""
        if not self.awake:
            self.awake = True
            self.learn(opened)

    def learn(self, opened: Collection[Connection]) -> None:
        """Know the open connections, and no others."""
        self.asked = {}
        self.known = 0
        for connection in opened:
            if connection.client.key:  # else it waits for proof that it is one
                self.enter(connection)

    def opens(self, connection: Connection, opened: Collection[Connection]) -> None:
        """A connection was opened. Those that are over are forgotten together, which costs less than one by one."""
        self.enter(connection)
        if self.known > 2 * len(opened) + FORGOTTEN:
            self.learn(opened)

    def enter(self, connection: Connection) -> None:
        """Know a connection by its client."""
        client: Side = connection.client
        sides = self.asked.get(client.endpoint)
        if sides is None:
            self.asked[client.endpoint] = sides = []
        if len(sides) >= MAX_SHARED:
            sides[:] = [side for side in sides if side.connection is not None]
        if len(sides) < MAX_SHARED:
            sides.append(client)
            self.known += 1

    def look(self, sender: Side, receiver: Side, p: Packet) -> None:
        """Whose packet is it? One of another connection of the receiver's port, perhaps, or the RST to such a one."""
        client: Side
        for client in self.asked.get(receiver.endpoint, ()):
            if client.connection is None or client.connection is sender.connection:
                continue  # it is over (Connection.settle), or is the packet's own
            if client.address == receiver.address and is_of(client, p) and not rivals(client, receiver):
                sender.connection.stray = 1
                keep(client.connection, sender, p)
        if p.flags & RST and sender.connection.stray:
            for client in self.asked.get(sender.endpoint, ()):
                if client.connection is not None:
                    refuse(client.connection, receiver, p)


def is_of(client: Side, p: Packet) -> cython.bint:
    """Whether the numbers of a packet to the client's port are those of the client's connection."""
    server: Side = client.connection.client if client.index else client.connection.server
    if client.isn >= 0 and server.packets == 0:  # the asked address is silent
        return p.flags & ACK != 0 and p.flags & (SYN | RST) != 0 and p.ack == (client.isn + 1) & MASK32
    if server.base < 0 or client.base < 0:
        return False
    if p.flags & SYN:
        return p.seq == server.isn and p.ack == client.base
    if p.flags & ACK and not near(unwrap(p.ack, client.base, client.acked), client.acked, client.end):
        return False
    return near(unwrap(p.seq, server.base, server.end), server.acked, server.end)


def rivals(one: Side, other: Side) -> cython.bint:
    """Whether both were asked, by two SYNs, and not by one that was captured before and behind a NAT.

    A NAT keeps timestamp and IP ID; a port scanner sends SYNs of one port and one ISN to many, without timestamps.
    """
    if other.syns == 0 or other.index != CLIENT:
        return False
    if one.connection.syn_stamp >= 0:
        return one.connection.syn_stamp != other.connection.syn_stamp
    return one.syn_id == 0 or (one.syn_id != other.syn_id and one.ip_id != other.ip_id)


def near(offset: cython.longlong, low: cython.longlong, high: cython.longlong) -> cython.bint:
    """Within a window's reach of what was sent."""
    return low - NEAR_BYTES <= offset <= high + NEAR_BYTES


def captured_at(connection: Connection, p: Packet) -> tuple[int, int]:
    """Number and time of a packet as captured, which may have changed places in its own connection (ordering.py)."""
    if connection.moved is None:
        return p.number, p.time
    return connection.moved.get(p.number, (p.number, p.time))


def keep(connection: Connection, sender: Side, p: Packet) -> None:
    """Remember a stray packet with the connection that it belongs to."""
    what = "data" if p.length else "ack"
    if p.flags & RST:
        what = "rst"
    elif p.flags & SYN:
        what = "syn-ack"
    if connection.strays is None:
        connection.strays = []
    if len(connection.strays) < MAX_STRAYS:
        number, time = captured_at(sender.connection, p)
        connection.strays.append(Stray(what, number, time, sender))


def refuse(connection: Connection, sender: Side, p: Packet) -> None:
    """The client resets what came from another address."""
    stray: Stray
    if connection.strays is None:
        return
    for stray in connection.strays:
        if stray.refused_packet == 0 and stray.port == sender.port and stray.address == sender.address:
            stray.refused_packet, stray.refused_time = captured_at(sender.connection, p)

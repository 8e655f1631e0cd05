"""Who is the client: decided here alone, and changed completely or not at all (signatures.md 1.1).

A SYN tells it, and so does a SYN-ACK. Where neither was captured, the first segment tells that looks like a client's
or a server's (a ClientHello, a request line; a ServerHello, a status line); until one does, the lower port is the
server's, which is a guess. Once a parser has read bytes as one side's the roles stay as they are.
"""

from __future__ import annotations

import cython

from analyzer.flow.table import source_port
from analyzer.frame.packet import Packet
from analyzer.model.connection import ACK, CLIENT, NETWORK, SERVER, SYN, Connection, Direction, Event, Side

CLIENTS, SERVERS = 1, 2
"""What detection says of bytes that only one of the two sends."""


def sender_of_first(connection: Connection, p: Packet, key: bytes, reverse: bytes, kind: cython.int) -> cython.int:
    """Which side sent the first packet of a connection, whose bytes look like `kind`; a guess is marked as such."""
    if p.flags & SYN:
        return SERVER if p.flags & ACK else CLIENT
    if kind:
        return CLIENT if kind == CLIENTS else SERVER
    connection.roles_guessed = 1
    return SERVER if source_port(key) < source_port(reverse) else CLIENT


def told_by_bytes(connection: Connection, side: Direction, kind: cython.int) -> None:
    """Bytes of a side look like a client's or a server's: that is better than a guess."""
    if not connection.roles_guessed or kind == 0:
        return
    if (kind == CLIENTS) == (side.index == CLIENT):
        connection.roles_guessed = 0
    else:
        swap(connection)


def told_by_syn(connection: Connection, side: Side, index: cython.int) -> None:
    """A SYN or SYN-ACK that comes late in the file says which side this is."""
    if side.index == index:
        connection.roles_guessed = 0
    elif connection.midstream:
        swap(connection)


def swap(connection: Connection) -> cython.bint:
    """The other side is the client: all that tells the two apart changes at once. False = it is too late for that."""
    milestone: Event
    if connection.tls is not None or connection.exchanges:
        return False
    if connection.content is not None and not connection.content.swap():
        return False
    connection.client, connection.server = connection.server, connection.client
    connection.client.index = CLIENT
    connection.server.index = SERVER
    connection.roles_guessed = 0
    connection.fins_seen = (connection.fins_seen & 1) << 1 | connection.fins_seen >> 1
    for milestone in connection.milestones:
        if milestone.side != NETWORK:
            milestone.side = SERVER if milestone.side == CLIENT else CLIENT
    return True

"""SYNs whose timestamp is older than one that the server has taken from the same address (PAWS, RFC 7323 5).

A server that compares timestamps per host drops such a SYN without a word: Linux before 4.12 with `tcp_tw_recycle`, for
a minute after a connection of that address (tcp_ipv4.c, tcp_peer_is_proven; TCP_PAWS_MSL, TCP_PAWS_WINDOW). Behind one
NAT address are clients with different clocks. But many systems give each connection a clock of its own (measured: Linux
6.18), so that an older timestamp is as frequent as a newer one: it means something only where the others share a clock.
"""

from __future__ import annotations

import cython

from analyzer.wire.model import ACK, MASK32, Connection, Side
from analyzer.wire.octets import cut
from analyzer.wire.packet import Packet

KEPT_NS = 60_000_000_000
"""TCP_PAWS_MSL: how long a timestamp is held against an address."""
WINDOW = 1
"""TCP_PAWS_WINDOW: ticks by which a timestamp may be older."""
TICK_NS = 900_000
"""The fastest clock in use, 1 kHz (RFC 7323 5.4), and a tenth."""
SLACK = 1000
"""Ticks by which timestamps of one clock may be apart: a SYN may be answered late."""
MAX_PAIRS = 16_384
"""Pairs of client and server address that are remembered; at the cap all are forgotten."""
NEAR_NS = 1_000_000
"""A SYN-ACK within a millisecond, with a TTL that no router has lowered: the capture is at the server."""
INITIAL_TTLS = (64, 128, 255)


class Newest:
    """What a server has taken from one address.

    value       the newest timestamp of an answered SYN; packet, time: of that SYN's connection and of its SYN-ACK
    steady      when an answered SYN first had a timestamp of the same clock as the one before it, 0 = never
    unsteady    when one first had another, older or too far ahead: clocks differ, and the server does not mind
    near        1 = the capture is at this server
    """

    def __init__(self) -> None:
        self.value = self.packet = self.time = self.steady = self.unsteady = 0
        self.near = 0


class Older:
    """A SYN that came with an older timestamp: by how many ticks, and when the newer one was taken.

    packet    the first packet of the connection with the newer one; near: 1 = the capture is at the server
    """

    def __init__(self, newest: Newest, behind: cython.longlong) -> None:
        self.newest = newest
        self.behind = behind
        self.packet = newest.packet
        self.time = newest.time
        self.near = newest.near

    def tells(self, time: cython.longlong) -> cython.bint:
        """Whether, by then, the server had taken SYNs of one clock from that address, and none of another."""
        newest: Newest = self.newest
        return 0 < newest.steady <= time and (newest.unsteady == 0 or newest.unsteady > time)


class Stamps:
    """The newest timestamps by client address + server address."""

    def __init__(self) -> None:
        self.pairs: dict[int | bytes, Newest] = {}

    def asked(self, connection: Connection, p: Packet) -> None:
        """The first SYN of a connection."""
        newest: Newest | None
        behind: cython.longlong
        if p.ts_value < 0:
            return
        newest = self.pairs.get(hosts(connection))
        if newest is None or p.time - newest.time >= KEPT_NS:
            return
        behind = (newest.value - p.ts_value) & MASK32
        if WINDOW < behind <= MASK32 >> 1:
            connection.older = Older(newest, behind)

    def answered(self, connection: Connection, p: Packet) -> None:
        """The first SYN-ACK, which echoes the timestamp of the SYN that it answers."""
        newest: Newest | None
        if not p.flags & ACK or p.ts_echo < 0 or connection.client.syns == 0 or connection.server.syns:
            return
        pair = hosts(connection)
        newest = self.pairs.get(pair)
        if newest is None:
            if len(self.pairs) >= MAX_PAIRS:
                self.pairs.clear()
            newest = self.pairs[pair] = Newest()
        elif p.time - newest.time < KEPT_NS:
            compare(newest, p)
        newest.near = p.time - connection.client.syn_time < NEAR_NS and p.ttl in INITIAL_TTLS
        if newest.time == 0 or p.time - newest.time >= KEPT_NS or later(p.ts_echo, newest.value):
            newest.value = p.ts_echo
            newest.packet = connection.first_packet
            newest.time = p.time


def compare(newest: Newest, p: Packet) -> None:
    """Whether the SYN that is answered has a timestamp of the same clock as the newest."""
    ticks: cython.longlong = (p.ts_echo - newest.value) & MASK32
    if ticks <= (p.time - newest.time) // TICK_NS + SLACK:
        newest.steady = newest.steady or p.time
    else:
        newest.unsteady = newest.unsteady or p.time


def later(one: cython.longlong, other: cython.longlong) -> cython.bint:
    """Whether a timestamp is the newer one, modulo 2^32."""
    return 0 < (one - other) & MASK32 <= MASK32 >> 1


def hosts(connection: Connection) -> int | bytes:
    """Client address + server address; those of IPv4 as the number that a side keeps of them."""
    client: Side = connection.client
    if connection.version == 4:
        return client.hosts
    return cut(client.key, 0, client.key_size - 4)

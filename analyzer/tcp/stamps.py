"""SYNs whose timestamp is older than one that the server has taken from the same address (PAWS, RFC 7323 5).

A server that compares timestamps per host drops such a SYN without a word: Linux before 4.12 with `tcp_tw_recycle`, for
a minute after a connection of that address (tcp_ipv4.c, tcp_peer_is_proven; TCP_PAWS_MSL, TCP_PAWS_WINDOW). Behind one
NAT address are clients with different clocks. But many systems give each connection a clock of its own (measured: Linux
6.18), so that an older timestamp is as frequent as a newer one: it means something only where the others share a clock.
"""

from __future__ import annotations

import cython

from analyzer.frame.octets import cut
from analyzer.frame.packet import Packet
from analyzer.model.connection import ACK, MASK32, Connection, Side

KEPT_NS = 60_000_000_000
"""TCP_PAWS_MSL: how long a timestamp is held against an address."""
WINDOW = 1
"""TCP_PAWS_WINDOW: ticks by which a timestamp may be older."""
TICK_NS = 900_000
"""The fastest clock in use, 1 kHz (RFC 7323 5.4), and a tenth."""
SLACK = 1000
"""Ticks by which timestamps of one clock may be apart: a SYN may be answered late."""
SLOTS = 16_384
"""Pairs of client and server address that are remembered, each at a place that follows from it: of two that meet there
the later one is. A power of two."""
MIX, MASK64 = 0x9E3779B97F4A7C15, 0xFFFFFFFFFFFFFFFF
"""An odd multiplier that spreads pairs over all slots (Knuth, TAOCP 3, 6.4)."""
NEAR_NS = 1_000_000
"""A SYN-ACK within a millisecond, with a TTL that no router has lowered: the capture is at the server."""
INITIAL_TTLS = (64, 128, 255)


class Newest:
    """What a server has taken from one address.

    hosts, pair  of IPv4 both addresses as a number, of IPv6 a part of them as a number, and both as bytes
    value       the newest timestamp of an answered SYN; packet, time: of that SYN's connection and of its SYN-ACK
    steady      when an answered SYN first had a timestamp of the same clock as the one before it, 0 = never
    unsteady    when one first had another, older or too far ahead: clocks differ, and the server does not mind
    near        1 = the capture is at this server
    """

    def __init__(self, hosts: cython.ulonglong, pair: bytes) -> None:
        self.hosts = hosts
        self.pair = pair
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
    """The newest timestamps by client address + server address, found without making a key."""

    def __init__(self) -> None:
        self.slots: list[Newest | None] = [None] * SLOTS

    def asked(self, connection: Connection, p: Packet) -> None:
        """The first SYN of a connection."""
        newest: Newest | None
        behind: cython.longlong
        if p.ts_value < 0:
            return
        newest = self.find(connection)
        if newest is None or p.time - newest.time >= KEPT_NS:
            return
        behind = (newest.value - p.ts_value) & MASK32
        if WINDOW < behind <= MASK32 >> 1:
            connection.older = Older(newest, behind)

    def answered(self, connection: Connection, p: Packet) -> None:
        """The first SYN-ACK, which echoes the timestamp of the SYN that it answers."""
        newest: Newest | None
        client: Side = connection.client
        if not p.flags & ACK or p.ts_echo < 0 or client.syns == 0 or connection.server.syns:
            return
        newest = self.find(connection)
        if newest is None:
            newest = Newest(client.hosts, b"" if connection.version == 4 else hosts(client))
            self.slots[slot_of(client.hosts)] = newest
        elif p.time - newest.time < KEPT_NS:
            compare(newest, p)
        newest.near = p.time - client.syn_time < NEAR_NS and p.ttl in INITIAL_TTLS
        if newest.time == 0 or p.time - newest.time >= KEPT_NS or later(p.ts_echo, newest.value):
            newest.value = p.ts_echo
            newest.packet = connection.first_packet
            newest.time = p.time

    @cython.boundscheck(False)
    @cython.wraparound(False)
    def find(self, connection: Connection) -> Newest | None:
        """What is known of a connection's two addresses."""
        client: Side = connection.client
        newest: Newest | None = self.slots[slot_of(client.hosts)]
        if newest is None or newest.hosts != client.hosts:
            return None
        if connection.version == 4:
            return newest if not newest.pair else None
        return newest if newest.pair == hosts(client) else None


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


def hosts(client: Side) -> bytes:
    """Client address + server address."""
    return cut(client.key, 0, client.key_size - 4)


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def slot_of(hosts: cython.ulonglong) -> cython.Py_ssize_t:
    """Where to look for a pair of addresses."""
    return (hosts * MIX & MASK64) >> 50

"""Finds the side that sent a packet by the packet's own source, destination and ports."""

from __future__ import annotations

import cython

if not cython.compiled:
    from analyzer.capture.numbers import u32

if cython.compiled:
    from cython.cimports.libc.string import memcpy  # type: ignore[import-untyped]

from analyzer.frame.octets import cut, equal
from analyzer.frame.packet import IPV4_KEY, IPV6_KEY, Packet
from analyzer.model.connection import Connection, Side

MAX_GONE = 65_536
"""5-tuples remembered after their connection was given out, so that stragglers make no new one: so many at least, twice
as many at most, at 200 bytes each."""
SLOTS = 4096
"""Sides found without making a key; a power of two, and more than there are connections busy at a time."""
MIX_HOSTS, MIX_PORTS, MASK64 = 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xFFFFFFFFFFFFFFFF
"""Odd multipliers that spread few addresses and ports that count up over all slots (Knuth, TAOCP 3, 6.4)."""


class Table:
    """The open connections' sides by the key under which they send; both of a connection are entered together.

    sides  in the order in which their connections began
    slots  sides that sent lately: a packet's key is compared as numbers, which saves a `bytes` object a packet
    gone   streams of connections that were given out, by the client's key; gone_before: of those before
    """

    def __init__(self) -> None:
        self.sides: dict[bytes, Side] = {}
        self.slots: list[Side | None] = [None] * SLOTS
        self.gone: dict[bytes, int] = {}
        self.gone_before: dict[bytes, int] = {}

    def find(self, p: Packet) -> Side | None:
        """The side that sent the packet, None when its connection is not open."""
        side: Side | None
        if p.key_size == 0:
            return self.sides.get(p.whole_key())
        side = self.lately(p.data, p.key_at, p.key_size)
        if side is not None:
            return side
        p.loose_key = p.whole_key()
        p.key_size = 0  # made once: whoever opens a connection for this packet asks for it again
        side = self.sides.get(p.loose_key)
        if side is not None:
            self.slots[slot_of(side.hosts, side.ports)] = side
        return side

    # Unchecked: slot_of() keeps within the slots.
    @cython.boundscheck(False)
    @cython.wraparound(False)
    def lately(self, data: bytes, key_at: cython.Py_ssize_t, key_size: cython.Py_ssize_t) -> Side | None:
        """The side that sends under the key data[key_at:key_at + key_size], if it did so lately."""
        ports_at: cython.Py_ssize_t = key_at + key_size - 4
        hosts: cython.ulonglong = cython.cast(cython.ulonglong, u32(data, ports_at - 8)) << 32 | u32(data, ports_at - 4)
        ports: cython.uint = u32(data, ports_at)
        side: Side | None = self.slots[slot_of(hosts, ports)]
        if (
            side is not None
            and side.ports == ports
            and side.hosts == hosts
            and side.key_size == key_size
            and (key_size == IPV4_KEY or equal(data, key_at, side.key))
        ):
            return side
        return None

    def add(self, side: Side, key: bytes) -> None:
        """Enter a side, which sends under `key`: it has that address and port."""
        ports_at: cython.Py_ssize_t = len(key) - 4
        side.key = key
        side.key_size = len(key)
        side.hosts = cython.cast(cython.ulonglong, u32(key, ports_at - 8)) << 32 | u32(key, ports_at - 4)
        side.ports = u32(key, ports_at)
        side.address = cut(key, 0, ports_at // 2)
        side.port = source_port(key)
        side.endpoint = (endpoint_of(key, ports_at // 2) << 16 | side.port) & MASK64
        self.sides[key] = side
        self.slots[slot_of(side.hosts, side.ports)] = side

    def remove(self, connection: Connection) -> None:
        """Forget a connection, but for its stream."""
        client: Side = connection.client
        server: Side = connection.server
        self.forget(client)
        self.forget(server)
        if len(self.gone) >= MAX_GONE:
            self.gone_before = self.gone
            self.gone = {}
        self.gone[client.key] = connection.stream

    def forget(self, side: Side) -> None:
        """Take a side out."""
        slot: cython.Py_ssize_t = slot_of(side.hosts, side.ports)
        if self.slots[slot] is side:
            self.slots[slot] = None
        self.sides.pop(side.key, None)

    def gone_stream(self, key: bytes, reverse: bytes) -> int | None:
        """The stream of a connection with these keys that was given out."""
        stream = self.gone.get(key)
        if stream is None:
            stream = self.gone.get(reverse)
        if stream is None:
            stream = self.gone_before.get(key)
        return self.gone_before.get(reverse) if stream is None else stream


def source_port(key: bytes) -> cython.int:
    """The source port in a key."""
    at: cython.Py_ssize_t = len(key) - 4
    return key[at] << 8 | key[at + 1]


@cython.cfunc
@cython.inline
def endpoint_of(key: bytes, size: cython.Py_ssize_t) -> cython.ulonglong:
    """The source address in a key as a number: all of IPv4, of IPv6 its words mixed."""
    address: cython.ulonglong = u32(key, 0)
    at: cython.Py_ssize_t
    for at in range(4, size, 4):
        address = (address * MIX_HOSTS + u32(key, at)) & MASK64
    return address


def reversed_key(key: bytes) -> bytes:
    """The key of the other direction: destination + source address, destination + source port."""
    ports: cython.Py_ssize_t = len(key) - 4
    half: cython.Py_ssize_t = ports // 2
    if cython.compiled and len(key) <= IPV6_KEY:
        octets = cython.cast(cython.p_char, key)
        turned = cython.declare(cython.char[36])  # IPV6_KEY, as a constant of the compiler
        memcpy(turned, octets + half, half)
        memcpy(turned + half, octets, half)
        memcpy(turned + ports, octets + ports + 2, 2)
        memcpy(turned + ports + 2, octets + ports, 2)
        whole: bytes = turned[: len(key)]
        return whole
    return key[half:ports] + key[:half] + key[ports + 2 :] + key[ports : ports + 2]


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def slot_of(hosts: cython.ulonglong, ports: cython.uint) -> cython.Py_ssize_t:
    """Where to look for a side: both addresses (of IPv6 the low half of the destination) and both ports, mixed."""
    mixed: cython.ulonglong = (hosts * MIX_HOSTS ^ ports * MIX_PORTS) & MASK64
    return (mixed >> 40) & (SLOTS - 1)

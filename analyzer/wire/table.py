"""Finds the side that sent a packet by the packet's own source, destination and ports."""

from __future__ import annotations

import cython

from analyzer.wire.model import Connection, Side
from analyzer.wire.octets import cut, equal
from analyzer.wire.packet import Packet

MAX_GONE = 1_000_000
"""5-tuples remembered after their connection was given out, so that stragglers make no new one."""
SLOTS = 4096
"""Sides found without making a key; a power of two, and more than there are connections busy at a time."""


class Table:
    """The open connections' sides by the key under which they send; both of a connection are entered together.

    sides  in the order in which their connections began
    slots  sides that sent lately: a packet's key is compared where it lies, which saves a `bytes` object a packet
    gone   streams of connections that were given out, by the client's key
    """

    def __init__(self) -> None:
        self.sides: dict[bytes, Side] = {}
        self.slots: list[Side | None] = [None] * SLOTS
        self.gone: dict[bytes, int] = {}

    def find(self, p: Packet) -> Side | None:
        """The side that sent the packet, None when its connection is not open."""
        if p.key_size == 0:
            return self.sides.get(p.whole_key())
        slot: cython.Py_ssize_t = slot_of(p.data, p.key_at, p.key_size)
        side: Side | None = self.slots[slot]
        if side is not None and len(side.key) == p.key_size and equal(p.data, p.key_at, side.key):
            return side
        side = self.sides.get(p.whole_key())
        if side is not None:
            self.slots[slot] = side
        return side

    def add(self, side: Side, key: bytes) -> None:
        """Enter a side, which sends under `key`: it has that address and port."""
        side.key = key
        side.address = cut(key, 0, (len(key) - 4) // 2)
        side.port = source_port(key)
        self.sides.pop(key, None)
        self.sides[key] = side

    def remove(self, connection: Connection) -> None:
        """Forget a connection, but for its stream."""
        client: Side = connection.client
        server: Side = connection.server
        self.sides.pop(client.key, None)
        self.sides.pop(server.key, None)
        if len(self.gone) >= MAX_GONE:
            self.gone.clear()
        self.gone[client.key] = connection.stream
        client.key = server.key = b""  # so that `slots` does not find them any more

    def gone_stream(self, key: bytes, reverse: bytes) -> int | None:
        """The stream of a connection with these keys that was given out."""
        stream = self.gone.get(key)
        return self.gone.get(reverse) if stream is None else stream


def source_port(key: bytes) -> cython.int:
    """The source port in a key."""
    at: cython.Py_ssize_t = len(key) - 4
    return key[at] << 8 | key[at + 1]


def reversed_key(key: bytes) -> bytes:
    """The key of the other direction: destination + source address, destination + source port."""
    ports: cython.Py_ssize_t = len(key) - 4
    half: cython.Py_ssize_t = ports // 2
    turned: bytearray = bytearray(key)
    i: cython.Py_ssize_t
    for i in range(half):
        turned[i] = key[half + i]
        turned[half + i] = key[i]
    for i in range(2):
        turned[ports + i] = key[ports + 2 + i]
        turned[ports + 2 + i] = key[ports + i]
    return bytes(turned)


# Unchecked: the decoder has found `size` bytes (12 for IPv4, 36 for IPv6) at `at`.
@cython.cfunc
@cython.boundscheck(False)
@cython.wraparound(False)
@cython.exceptval(check=False)
def slot_of(data: bytes, at: cython.Py_ssize_t, size: cython.Py_ssize_t) -> cython.Py_ssize_t:
    """Where to look for the key at `at`: ports and the low bytes of the addresses, mixed."""
    ports: cython.Py_ssize_t = at + size - 4
    source: cython.Py_ssize_t = at + (size - 4) // 2 - 2
    mixed: cython.uint = data[ports] << 8 | data[ports + 1]
    mixed ^= (data[ports + 2] << 8 | data[ports + 3]) * 5
    mixed ^= (data[source] << 8 | data[source + 1]) * 11
    mixed ^= (data[ports - 2] << 8 | data[ports - 1]) * 23
    return mixed & (SLOTS - 1)

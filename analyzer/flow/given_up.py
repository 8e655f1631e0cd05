"""Connections that lived when too many were open: what comes of them later is no new one.

There may be many more than are followed, and all that has to be known of one is whose packets are its server's. So each
takes a number of 64 bits instead of two keys, in a table without links: two are confused once in 2^64.
"""

from __future__ import annotations

import cython

if not cython.compiled:
    from analyzer.capture.numbers import u32

NUMBERS = 1 << 20
"""Numbers that a table has places for, a power of two: 8 MB, of which no more than 3 in 4 are taken. The oldest table
of two is forgotten: at least 786,432 connections are remembered, and twice as many at most."""
MIX1, MIX2, MASK64 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0xFFFFFFFFFFFFFFFF
"""Odd multipliers (those of xxHash64), so that no bit is lost."""
STRANGER, FROM_CLIENT, FROM_SERVER = 0, 1, 2

if not cython.compiled:

    def word(table: bytearray, at: int) -> int:
        """The number in a place; compiled it is in given_up.pxd."""
        return int.from_bytes(table[8 * at : 8 * at + 8], "little")

    def put(table: bytearray, at: int, number: int) -> None:
        """Write it."""
        table[8 * at : 8 * at + 8] = number.to_bytes(8, "little")


class GivenUp:
    """Those connections.

    older, newer   tables: where the keys of both sides lead to, the number of the client's, 0 = the place is free
    taken          places of the newer one
    """

    def __init__(self) -> None:
        self.older = bytearray()
        self.newer = bytearray()
        self.taken = 0

    def add(self, client: bytes, server: bytes) -> None:
        """The connection of these keys was given up."""
        number: cython.ulonglong = number_of(client)
        if self.taken >= NUMBERS // 4 * 3 or not self.newer:
            self.older = self.newer
            self.newer = bytearray(8 * NUMBERS)
            self.taken = 0
        at: cython.Py_ssize_t = (number ^ number_of(server)) & (NUMBERS - 1)
        while word(self.newer, at) not in (0, number):
            at = (at + 1) & (NUMBERS - 1)
        self.taken += word(self.newer, at) == 0
        put(self.newer, at, number)

    def sender(self, key: bytes, reverse: bytes) -> cython.int:
        """Whose packet this is: FROM_CLIENT or FROM_SERVER of one that was given up, or a STRANGER's."""
        if not self.newer:
            return STRANGER
        own: cython.ulonglong = number_of(key)
        other: cython.ulonglong = number_of(reverse)
        found: cython.int = sender_in(self.newer, own, other)
        return found if found or not self.older else sender_in(self.older, own, other)


def sender_in(table: bytearray, own: cython.ulonglong, other: cython.ulonglong) -> cython.int:
    """The same in one table, by the numbers of both keys."""
    at: cython.Py_ssize_t = (own ^ other) & (NUMBERS - 1)
    number: cython.ulonglong = word(table, at)
    while number:
        if number == own:
            return FROM_CLIENT
        if number == other:
            return FROM_SERVER
        at = (at + 1) & (NUMBERS - 1)
        number = word(table, at)
    return STRANGER


def number_of(key: bytes) -> cython.ulonglong:
    """A key as a number that is not 0; all its bits depend on all of the key."""
    number: cython.ulonglong = len(key)
    at: cython.Py_ssize_t
    for at in range(0, len(key), 4):
        number = ((number ^ u32(key, at)) * MIX1) & MASK64
        number ^= number >> 29
    number = (number * MIX2) & MASK64
    return number ^ number >> 32 or 1

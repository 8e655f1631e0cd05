"""IP fragments back to datagrams, in bounded memory and linear time.

Overlaps: the bytes that came first stay, in units of eight bytes, so the result depends on nothing but the order of
the frames. Fragments that contradict each other about where the datagram ends, that are no multiple of eight bytes
though more follow, or that reach beyond 64 KiB are dropped (RFC 791 3.2, RFC 8200 4.5).
"""

from __future__ import annotations

import cython

from analyzer.frame.cursor import Cursor
from analyzer.model.connection import COPY_NS

MAX_DATAGRAMS = 1024
"""Datagrams waiting at a time; beyond it the oldest is given up and counted as incomplete."""
MAX_BYTES = 16 * 1024 * 1024
"""Bytes of buffers held by all of them; same rule."""
TIMEOUT = 30_000_000_000
"""Capture time after which a datagram is given up: Linux net.ipv4.ipfrag_time is 30 s, RFC 8200 4.5 says 60."""

ABSENT = 0
PRESENT = 1
CUT = 2
"""States of a unit of eight bytes; CUT was on the wire, but the snaplen cut (part of) it off."""


@cython.cfunc
@cython.inline
@cython.exceptval(-1, check=False)
def largest_payload(version: cython.int) -> cython.Py_ssize_t:
    """What the 16-bit length field of the rebuilt header can say."""
    return 65515 if version == 4 else 65535


class Datagram:
    """One datagram being put together; `total` -1 = its last fragment has not been seen."""

    def __init__(self, addresses: bytes, opened: cython.longlong) -> None:
        self.addresses = addresses
        self.version = self.protocol = self.ttl = self.ip_id = self.has_first = 0
        self.opened = opened
        self.finished = 0
        self.total = -1
        self.covered = 0
        self.data = bytearray()
        self.units = bytearray()

    def add(self, cursor: Cursor) -> cython.bint:
        """Take over the fragment at the cursor; -> False if it contradicts what is there."""
        start: cython.Py_ssize_t = cursor.fragment_at
        length: cython.Py_ssize_t = cursor.wire_end - cursor.at
        stop: cython.Py_ssize_t = start + length
        if length <= 0 or stop > largest_payload(cursor.version) or (cursor.more and length & 7):
            return False
        if self.total >= 0 and (stop > self.total or (not cursor.more and stop != self.total)):
            return False
        if not cursor.more and len(self.data) > stop:
            return False
        if not cursor.more:
            self.total = stop
        if start == 0 and not self.has_first:
            self.has_first = 1
            self.version = cursor.version
            self.protocol = cursor.protocol
            self.ttl = cursor.ttl
            self.ip_id = cursor.ip_id
        if len(self.data) < stop:
            self.data.extend(bytes(stop - len(self.data)))
            self.units.extend(bytes((stop + 7) // 8 - len(self.units)))
        data: bytes = cursor.data
        units: bytearray = self.units
        unit: cython.Py_ssize_t = start >> 3
        at: cython.Py_ssize_t = cursor.at
        while start < stop:
            size: cython.Py_ssize_t = min(8, stop - start)
            if units[unit] == ABSENT:
                self.covered += 1
                units[unit] = PRESENT if at + size <= cursor.end else CUT
                if units[unit] == PRESENT:
                    self.data[start : start + size] = data[at : at + size]
            start += 8
            at += 8
            unit += 1
        return True

    def complete(self) -> cython.bint:
        """Everything was on the wire, from the first byte to the last."""
        return self.total >= 0 and self.has_first == 1 and self.covered == (self.total + 7) >> 3

    def present(self) -> cython.Py_ssize_t:
        """Bytes before the first one that the snaplen cut off."""
        cut: cython.Py_ssize_t = self.units.find(CUT)
        return self.total if cut < 0 else cut * 8

    def packet(self) -> bytes:
        """The datagram under a plain IP header that says it is whole."""
        body: bytes = bytes(self.data[: self.present()])
        total: cython.Py_ssize_t = self.total
        if self.version == 4:
            head: bytes = b"\x45\0" + (total + 20).to_bytes(2, "big") + self.ip_id.to_bytes(2, "big") + b"\0\0"
            return head + bytes((self.ttl, self.protocol, 0, 0)) + self.addresses + body
        return b"\x60\0\0\0" + total.to_bytes(2, "big") + bytes((self.protocol, self.ttl)) + self.addresses + body


class Fragments:
    """The datagrams in the making; incomplete: how many were given up."""

    def __init__(self) -> None:
        self.table: dict[tuple[bytes, int, int], Datagram] = {}
        self.incomplete = 0
        self.held = 0

    def add(self, cursor: Cursor, time: cython.longlong) -> cython.bint:
        """Add the fragment at the cursor; -> True when that made a datagram whole: the cursor then stands on it."""
        datagram: Datagram = self.find(cursor, time)
        if datagram.finished:
            return False
        before: cython.Py_ssize_t = len(datagram.data)
        accepted: cython.bint = datagram.add(cursor)
        self.held += len(datagram.data) - before
        if not accepted or not datagram.complete():
            return False
        packet: bytes = datagram.packet()
        cursor.open(packet, 0, len(packet), len(packet) + datagram.total - datagram.present())
        cursor.kind = 0x0800 if datagram.version == 4 else 0x86DD
        self.held -= len(datagram.data)
        datagram.finished = max(time, 1)
        datagram.data = bytearray()
        datagram.units = bytearray()
        return True

    def find(self, cursor: Cursor, time: cython.longlong) -> Datagram:
        """The datagram of this fragment: IPv4 tells them apart by protocol too (RFC 791 3.2), IPv6 does not."""
        size: cython.Py_ssize_t = 8 if cursor.version == 4 else 32
        addresses: bytes = cursor.data[cursor.addresses : cursor.addresses + size]
        key: tuple[bytes, int, int] = (
            addresses,
            cursor.fragment_id,
            cursor.protocol if cursor.version == 4 else -1,
        )
        self.evict(time)
        datagram: Datagram | None = self.table.get(key)
        if datagram is not None and datagram.finished and time - datagram.finished > COPY_NS:
            del self.table[key]
            datagram = None
        if datagram is None:
            datagram = Datagram(addresses, time)
            self.table[key] = datagram
        return datagram

    def evict(self, time: cython.longlong) -> cython.int:
        """Give up the oldest while there are too many, too many bytes, or they are too old."""
        table: dict[tuple[bytes, int, int], Datagram] = self.table
        while table:
            key = next(iter(table))
            datagram: Datagram = table[key]
            if len(table) < MAX_DATAGRAMS and self.held <= MAX_BYTES and time - datagram.opened <= TIMEOUT:
                return 0
            del table[key]
            self.held -= len(datagram.data)
            if not datagram.finished:
                self.incomplete += 1
        return 0

    def give_up(self) -> cython.Py_ssize_t:
        """Forget all datagrams in the making; -> how many were never completed, since the start."""
        for datagram in self.table.values():
            if not datagram.finished:
                self.incomplete += 1
        self.table = {}
        self.held = 0
        count: cython.Py_ssize_t = self.incomplete
        self.incomplete = 0
        return count

# cython: boundscheck=False, wraparound=False
# Every header is compared with `cursor.outer_end`, which is not beyond the buffer, before any byte of it is read.

"""The checksum of the UDP header around a tunnel (RFC 768, RFC 8200 8.1), looked at for SYNs only."""

from __future__ import annotations

import cython

if not cython.compiled:
    from analyzer.capture.numbers import u16

from analyzer.frame.cursor import Cursor

UDP = 17


def wrong_outside(cursor: Cursor) -> cython.bint:
    """Whether the UDP checksum around the tunnel is wrong for certain.

    None at all (0) is allowed there (RFC 6935, RFC 7348 5), and a sender's kernel that leaves it to the network card
    writes the sum of the pseudo header: neither counts, nor does a datagram that is not captured whole.
    """
    data: bytes = cursor.data
    at: cython.Py_ssize_t = cursor.outer
    addresses: cython.Py_ssize_t = 8 if cursor.outer_version == 4 else 32
    if cursor.outer_end - at < 8:
        return False
    length: cython.Py_ssize_t = u16(data, at + 4)
    stated: cython.uint = u16(data, at + 6)
    if stated == 0 or length < 8 or at + length > cursor.outer_end:
        return False
    pseudo: cython.uint = folded(UDP + length + words(data, cursor.outer_addresses, addresses))
    if stated == pseudo:
        return False
    return folded(pseudo + words(data, at, length)) != 0xFFFF


def words(data: bytes, at: cython.Py_ssize_t, length: cython.Py_ssize_t) -> cython.uint:
    """The sum of its 16-bit words, the last one filled up with zeros; no datagram overflows it."""
    total: cython.uint = 0
    stop: cython.Py_ssize_t = at + length - 1
    while at < stop:
        total += u16(data, at)
        at += 2
    if at == stop:
        total += data[at] << 8
    return total


def folded(total: cython.uint) -> cython.uint:
    """The carries added in (RFC 1071)."""
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total

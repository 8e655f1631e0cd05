# cython: boundscheck=False, wraparound=False
# Every header is compared with `cursor.end`, which is not beyond the buffer, before any byte of it is read.

"""IPv4 and IPv6 headers: moves the cursor to the transport header and cuts it to the datagram."""

from __future__ import annotations

import cython

if not cython.compiled:
    from analyzer.capture.numbers import u16, u32

from analyzer.frame.cursor import Cursor

MAX_EXTENSIONS = 16
"""IPv6 extension headers read before giving up; RFC 8200 4.1 describes at most eight in a packet."""

HOP_BY_HOP = 0
ROUTING = 43
FRAGMENT = 44
AUTHENTICATION = 51
DESTINATION = 60
MOBILITY = 135


class Ip:
    """Reads one IP header. Checksums are not looked at: offload leaves them wrong on the capturing host."""

    def read(self, cursor: Cursor) -> cython.bint:
        """Move past the IP header at `cursor.at`, whichever version it is; -> False if it is none."""
        if cursor.end - cursor.at < 20:
            return False
        version: cython.int = cursor.data[cursor.at] >> 4
        cursor.fragment = 0
        if version == 4:
            return self.read4(cursor)
        return version == 6 and self.read6(cursor)

    def read4(self, cursor: Cursor) -> cython.bint:
        """IPv4 (RFC 791). A total length of 0 is segmentation offload: then the frame's length counts."""
        data: bytes = cursor.data
        at: cython.Py_ssize_t = cursor.at
        header: cython.int = (data[at] & 0x0F) * 4
        total: cython.int = u16(data, at + 2)
        if header < 20 or cursor.end - at < header:
            return False
        if total:
            if total < header:
                return False
            cursor.wire_end = min(at + total, cursor.limit)
            if cursor.end > at + total:
                cursor.end = at + total
        cursor.version = 4
        cursor.ip_id = u16(data, at + 4)
        cursor.ttl = data[at + 8]
        cursor.protocol = data[at + 9]
        cursor.addresses = at + 12
        cursor.at = at + header
        offset: cython.int = u16(data, at + 6)
        if offset & 0x3FFF:
            cursor.fragment = 1
            cursor.fragment_at = (offset & 0x1FFF) * 8
            cursor.more = (offset >> 13) & 1
            cursor.fragment_id = cursor.ip_id
        elif cursor.protocol == AUTHENTICATION:
            return self.authentication(cursor)
        return True

    def authentication(self, cursor: Cursor) -> cython.bint:
        """Move past an AH header behind IPv4 (RFC 4302 2.2): its size is in units of four bytes, minus two."""
        data: bytes = cursor.data
        at: cython.Py_ssize_t = cursor.at
        if cursor.end - at < 12:
            return False
        cursor.protocol = data[at]
        cursor.at = at + (data[at + 1] + 2) * 4
        return cursor.at <= cursor.end and cursor.protocol != AUTHENTICATION

    def read6(self, cursor: Cursor) -> cython.bint:
        """IPv6 (RFC 8200). A payload length of 0 is segmentation offload or a jumbogram: the frame's length counts."""
        data: bytes = cursor.data
        at: cython.Py_ssize_t = cursor.at
        if cursor.end - at < 40:
            return False
        length: cython.int = u16(data, at + 4)
        following: cython.int = data[at + 6]
        if length:
            cursor.wire_end = min(at + 40 + length, cursor.limit)
            if cursor.end > at + 40 + length:
                cursor.end = at + 40 + length
        cursor.version = 6
        cursor.ip_id = 0
        cursor.ttl = data[at + 7]
        cursor.addresses = at + 8
        cursor.at = at + 40
        if following == 6:
            cursor.protocol = 6
            return True
        return self.extensions(cursor, following)

    def extensions(self, cursor: Cursor, following: cython.int) -> cython.bint:
        """Walk the extension headers up to the transport header or to a fragment header."""
        data: bytes = cursor.data
        count: cython.int = 0
        while count < MAX_EXTENSIONS:
            count += 1
            at: cython.Py_ssize_t = cursor.at
            size: cython.int
            if following in (HOP_BY_HOP, ROUTING, DESTINATION, MOBILITY):
                if cursor.end - at < 8:
                    return False
                size = (data[at + 1] + 1) * 8
            elif following == AUTHENTICATION:  # RFC 4302 2.2: in units of four bytes, minus two
                if cursor.end - at < 8:
                    return False
                size = (data[at + 1] + 2) * 4
            elif following == FRAGMENT:
                if not self.fragment_header(cursor):
                    return False
                if cursor.fragment:
                    return True
                size = 8
            else:
                cursor.protocol = following
                return True
            following = data[at]
            if cursor.end - at < size:
                return False
            cursor.at = at + size
        return False

    def fragment_header(self, cursor: Cursor) -> cython.bint:
        """Read a fragment header; an atomic fragment (RFC 6946: offset 0, no more) counts as unfragmented."""
        data: bytes = cursor.data
        at: cython.Py_ssize_t = cursor.at
        if cursor.end - at < 8:
            return False
        offset: cython.int = u16(data, at + 2)
        if offset & 0xFFF9:
            cursor.fragment = 1
            cursor.fragment_at = offset & 0xFFF8
            cursor.more = offset & 1
            cursor.fragment_id = u32(data, at + 4)
            cursor.protocol = data[at]
            cursor.at = at + 8
        return True

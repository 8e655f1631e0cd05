"""802.11 data frames and the radio headers in front of them: moves the cursor to the LLC header."""

from __future__ import annotations

import cython

from analyzer.frame.cursor import Cursor
from analyzer.frame.undecoded import AGGREGATED_WIRELESS, ENCRYPTED_WIRELESS

RADIOTAP = 127
PPI = 192
IEEE_802_11 = 105

TO_DS = 0x01
FROM_DS = 0x02
PROTECTED = 0x40
ORDER = 0x80
AMSDU = 0x80
PADDED = 0x20
"""Radiotap's flags field: the driver padded the 802.11 header to a multiple of four bytes."""


class Wireless:
    """Reads unencrypted data frames; management, control, encrypted and aggregated frames lead nowhere.

    inner   link type that a PPI header announced, -1 = an LLC header is at the cursor
    hidden  a pseudo kind (undecoded.py) when the frame carries data that cannot be read, else 0
    """

    def __init__(self) -> None:
        self.inner = -1
        self.hidden = 0

    def enter(self, cursor: Cursor, link: cython.int) -> cython.bint:
        """Move past radio header and 802.11 header, or past PPI to `inner`."""
        self.inner = -1
        self.hidden = 0
        if link == IEEE_802_11:
            return self.data_frame(cursor, False)
        if link == RADIOTAP:
            return self.radiotap(cursor)
        if link == PPI:
            return self.ppi(cursor)
        return self.prism(cursor)

    def radiotap(self, cursor: Cursor) -> cython.bint:
        """Radiotap (https://www.radiotap.org): only the flags field matters here, which follows the optional TSFT."""
        data: bytes = cursor.data
        start: cython.Py_ssize_t = cursor.at
        if cursor.end - start < 8 or data[start] != 0:
            return False
        size: cython.int = data[start + 2] | data[start + 3] << 8
        if size < 8 or cursor.end - start < size:
            return False
        at: cython.Py_ssize_t = start + 8
        more: cython.int = data[start + 7] & 0x80
        while more and at + 4 <= start + size:
            more = data[at + 3] & 0x80
            at += 4
        if data[start + 4] & 1:
            at = start + ((at - start + 7) & ~7) + 8
        padded: cython.bint = bool(data[start + 4] & 2) and at < start + size and bool(data[at] & PADDED)
        cursor.at = start + size
        return self.data_frame(cursor, padded)

    def ppi(self, cursor: Cursor) -> cython.bint:
        """Per-packet information: a little-endian header that names the link type of what follows."""
        data: bytes = cursor.data
        at: cython.Py_ssize_t = cursor.at
        if cursor.end - at < 8 or data[at] != 0:
            return False
        size: cython.int = data[at + 2] | data[at + 3] << 8
        link: cython.int = data[at + 4] | data[at + 5] << 8
        if size < 8 or cursor.end - at < size or data[at + 6] or data[at + 7] or link == PPI:
            return False
        cursor.at = at + size
        if link == IEEE_802_11:
            return self.data_frame(cursor, False)
        self.inner = link
        return True

    def prism(self, cursor: Cursor) -> cython.bint:
        """Prism II and AVS headers: a magic number, and the length in the driver's or in network byte order."""
        data: bytes = cursor.data
        at: cython.Py_ssize_t = cursor.at
        if cursor.end - at < 8:
            return False
        size: cython.int = data[at + 4] | data[at + 5] << 8
        if size == 0:
            size = data[at + 6] << 8 | data[at + 7]
        if size < 8 or cursor.end - at < size:
            return False
        cursor.at = at + size
        return self.data_frame(cursor, False)

    def data_frame(self, cursor: Cursor, padded: cython.bint) -> cython.bint:
        """An 802.11 header of 24 to 36 bytes (IEEE 802.11 9.3.2); the DS bits say which address is the source."""
        data: bytes = cursor.data
        at: cython.Py_ssize_t = cursor.at
        if cursor.end - at < 24 or data[at] & 0x0F != 0x08 or data[at] & 0x40:
            return False  # not version 0 and type data, or a subtype without data
        flags: cython.int = data[at + 1]
        quality: cython.bint = bool(data[at] & 0x80)
        both: cython.bint = flags & (TO_DS | FROM_DS) == (TO_DS | FROM_DS)
        size: cython.int = 30 if both else 24
        control: cython.int = size
        size += 2 if quality else 0
        size += 4 if quality and flags & ORDER else 0  # the HT control field
        if padded:
            size = (size + 3) & ~3
        if flags & PROTECTED:
            self.hidden = ENCRYPTED_WIRELESS
            return False
        if cursor.end - at < size:
            return False
        if quality and data[at + control] & AMSDU:
            self.hidden = AGGREGATED_WIRELESS
            return False
        cursor.at = at + size
        return True

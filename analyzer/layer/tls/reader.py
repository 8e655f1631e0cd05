"""Bounded reads of big-endian fields, the one place where TLS and DER lengths are checked."""

from __future__ import annotations

import cython


class Malformed(Exception):  # noqa: N818 - it says what the bytes are
    """A field reaches beyond its container. Never leaves analyzer.layer.tls."""


class FieldReader:
    """A cursor over `data[at:limit]`."""

    def __init__(self, data: bytes, at: cython.Py_ssize_t, limit: cython.Py_ssize_t) -> None:
        self.source = data
        self.at = at
        self.limit = limit

    def number(self, width: cython.int) -> cython.longlong:
        """An unsigned number of 1 to 4 bytes."""
        value: cython.longlong = 0
        end: cython.Py_ssize_t = self.at + width
        if end > self.limit:
            raise Malformed
        while self.at < end:
            value = (value << 8) | self.source[self.at]
            self.at += 1
        return value

    def take(self, length: cython.longlong) -> bytes:
        """The next `length` bytes."""
        if length > self.limit - self.at:
            raise Malformed
        self.at += length
        return self.source[self.at - length : self.at]

    def block(self, width: cython.int) -> FieldReader:
        """A vector: its length in `width` bytes, then its content."""
        length: cython.longlong = self.number(width)
        if length > self.limit - self.at:
            raise Malformed
        inner = FieldReader(self.source, self.at, self.at + length)
        self.at += length
        return inner

    def more(self) -> cython.bint:
        """Whether anything is left."""
        return self.at < self.limit


def text(data: bytes, most: cython.int) -> str:
    """Bytes off the wire as printable text of at most `most` characters; anything else is escaped as in `\\x0a`."""
    if len(data) <= most and plain(data):
        return data.decode("ascii")
    shown = data[:most].decode("utf-8", "backslashreplace")
    if not shown.isprintable():
        shown = "".join([c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in shown])
    return shown[:most]


@cython.cfunc
@cython.exceptval(check=False)
def plain(data: bytes) -> cython.bint:
    """Whether these are printable ASCII characters."""
    i: cython.Py_ssize_t
    character: cython.uchar
    for i in range(len(data)):
        character = data[i]
        if character < 32 or character > 126:
            return False
    return True

"""The few header fields that decide how reading goes on, or that every row shows, taken straight from the bytes.

`Fields.read` understands heads as nearly everybody writes them. Any other (folded lines, repeated framing fields,
lengths that are no plain number, blanks around names) is read by `analyzer.model.fields`, with the same result.
"""

from __future__ import annotations

import cython

from analyzer.frame.octets import cut, latin
from analyzer.layer.http1.head import ABSENT, CHUNKED, OTHER_CODING
from analyzer.layer.http1.states import CR, LF
from analyzer.model.fields import MAX_VALUE
from analyzer.model.fields import fields as every_field

MAX_DIGITS = 18
"""Longest Content-Length, so that it fits 64 bits with room for sums."""

COLON = 58

HOST = 1
USER_AGENT = 2
EXPECT = 4
LENGTH = 8
CODING = 16
"""Bits of the names met so far: the first field of a name counts, except that framing fields are combined."""


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def blank(character: cython.uchar) -> cython.bint:
    """Space, tab, CR, LF, vertical tab or form feed: what may stand around names and values."""
    return character == 32 or 9 <= character <= 13


# Unchecked: the caller has made sure that `len(name)` bytes lie between `at` and the end of `data`.
@cython.cfunc
@cython.boundscheck(False)
@cython.wraparound(False)
@cython.exceptval(check=False)
def same(data: bytes, at: cython.Py_ssize_t, name: bytes) -> cython.bint:
    """Whether `name`, given in lower case, stands at `at` in any case."""
    i: cython.Py_ssize_t
    wanted: cython.uchar
    found: cython.uchar
    for i in range(len(name)):
        wanted = name[i]
        found = data[at + i]
        if found != wanted and (wanted < 97 or found + 32 != wanted):
            return False
    return True


@cython.no_gc
@cython.cclass
class HeadFields:
    """What is read of one head; the object is used again for the next.

    length      Content-Length; -1 = absent, not a number, or several that differ (RFC 9112 6.3 rule 5)
    coding      ABSENT, CHUNKED when that is the last transfer coding, or OTHER_CODING
    host, user_agent  of a request, "" = absent
    expect_continue, authorized   1 = the request expects `100-continue`; it has credentials, which are never kept
    raw         the lines of the fields, without the empty line that ends them
    """

    def __init__(self) -> None:
        self.raw = b""
        self.forget()

    def forget(self) -> None:
        """Ready for the next head."""
        self.seen = self.coding = self.expect_continue = self.authorized = 0
        self.length = -1
        self.host = self.user_agent = ""

    # Unchecked: every index lies between `at` and `limit`, which is not beyond the end of `data`.
    @cython.boundscheck(False)
    @cython.wraparound(False)
    def read(self, data: bytes, at: cython.Py_ssize_t, limit: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Read the lines from `at` on to an empty one; returns where that ends, 0 = not before `limit`."""
        start: cython.Py_ssize_t = at
        line: cython.Py_ssize_t
        colon: cython.Py_ssize_t
        usual: cython.bint = True
        if limit > len(data) or at < 0:
            raise IndexError(limit)
        self.forget()
        while True:
            line = at
            while at < limit and data[at] != COLON and data[at] != LF:
                at += 1
            colon = at
            while at < limit and data[at] != LF:
                at += 1
            if at >= limit:
                return 0
            at += 1
            if at - line <= 2 and (data[line] == LF or data[line] == CR):
                break
            if blank(data[line]):
                usual = False  # folded, or as good as that
            elif usual and colon < at - 1:
                usual = self.field(data, line, colon, at - 1)
        self.raw = cut(data, start, line)
        if not usual:
            self.take_all(self.raw)
        return at

    # Unchecked: read() found a colon at `colon` and a LF at `end`; line < colon < end.
    @cython.boundscheck(False)
    @cython.wraparound(False)
    def field(
        self, data: bytes, line: cython.Py_ssize_t, colon: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.bint:
        """One field; False when this way of reading does not do for it."""
        size: cython.Py_ssize_t = colon - line
        start: cython.Py_ssize_t = colon + 1
        if size and blank(data[colon - 1]):
            return False
        while start < end and blank(data[start]):
            start += 1
        while end > start and blank(data[end - 1]):
            end -= 1
        if size == 4 and same(data, line, b"host"):
            if self.first(HOST):
                self.host = latin(data, start, min(end, start + MAX_VALUE))
        elif size == 10 and same(data, line, b"user-agent"):
            if self.first(USER_AGENT):
                self.user_agent = latin(data, start, min(end, start + MAX_VALUE))
        elif size == 6 and same(data, line, b"expect"):
            if self.first(EXPECT):
                self.expect_continue = 1 if end - start == 12 and same(data, start, b"100-continue") else 0
        elif size == 14 and same(data, line, b"content-length"):
            return self.first(LENGTH) and self.number(data, start, end)
        elif size == 17 and same(data, line, b"transfer-encoding"):
            self.coding = CHUNKED
            return self.first(CODING) and end - start == 7 and same(data, start, b"chunked")
        elif (size == 13 and same(data, line, b"authorization")) or (
            size == 19 and same(data, line, b"proxy-authorization")
        ):
            self.authorized = 1
        return True

    def first(self, name: cython.int) -> cython.bint:
        """Whether no field of this name came before."""
        new: cython.bint = not self.seen & name
        self.seen |= name
        return new

    def number(self, data: bytes, start: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.bint:
        """Take a Content-Length of plain digits."""
        length: cython.longlong = 0
        digit: cython.int
        if not 0 < end - start <= MAX_DIGITS:
            return False
        while start < end:
            digit = data[start] - 48
            if digit < 0 or digit > 9:
                return False
            length = length * 10 + digit
            start += 1
        self.length = length
        return True

    def take_all(self, raw: bytes) -> None:
        """Take what matters from these lines of fields, however they are written."""
        found = every_field(raw.decode("latin-1").split("\n"))
        self.raw = raw
        self.length = declared(found.get("content-length"))
        codings = found.get("transfer-encoding")
        self.coding = ABSENT
        if codings is not None:
            self.coding = CHUNKED if codings.rpartition(",")[2].strip().lower() == "chunked" else OTHER_CODING
        self.host = found.get("host", "")
        self.user_agent = found.get("user-agent", "")
        self.expect_continue = int(found.get("expect", "").lower() == "100-continue")
        self.authorized = int("authorization" in found or "proxy-authorization" in found)


def declared(value: str | None) -> int:
    """A Content-Length; -1 when absent, not a number, or several that differ (RFC 9112 6.3 rule 5)."""
    if value is None:
        return -1
    if "," in value:
        values = {part.strip() for part in value.split(",")}
        value = values.pop() if len(values) == 1 else ""
    # isdecimal() is 0-9 here: characters are latin-1, whose other digits are no decimals
    return int(value) if value.isdecimal() and len(value) <= MAX_DIGITS else -1

"""The start line of a message, taken straight from the bytes where it is as nearly everybody writes it."""

from __future__ import annotations

import cython

from analyzer.frame.octets import cut, latin
from analyzer.layer.http1 import head
from analyzer.layer.http1.head import MAX_START
from analyzer.model.fields import MAX_TARGET, MAX_VALUE

SPACE = 32
VERSION = 9
"""Length of ` HTTP/1.1` at the end of a request line, and of `HTTP/1.1 ` at the begin of a status line."""
STATUS = 13
"""Length of `HTTP/1.1 200 `."""
MAX_METHOD = 32


@cython.no_gc
@cython.cclass
class StartLine:
    """What is read of a start line; the object is used again for the next. Versions are `1.1`, "" = none (HTTP/0.9)."""

    def __init__(self) -> None:
        self.method = self.target = self.version = self.reason = ""
        self.status = 0

    # Unchecked: at <= start <= stop <= end <= len(data), and a look is only taken at what lies before `end`.
    @cython.boundscheck(False)
    @cython.wraparound(False)
    def read_request(self, data: bytes, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.bint:
        """Read the request line data[at:end], without its LF; False when it is none."""
        end = without_cr(data, at, end)
        start: cython.Py_ssize_t = at
        while start < end and start - at < MAX_METHOD and letter(data[start]):
            start += 1
        stop: cython.Py_ssize_t = end - VERSION
        if start == at or stop <= start + 1 or data[start] != SPACE or not http1(data, stop + 1) or data[stop] != SPACE:
            return self.odd_request(cut(data, at, end))
        if data[start + 1] <= SPACE or data[stop - 1] <= SPACE or stop - start > MAX_TARGET:
            return self.odd_request(cut(data, at, end))
        self.method = method(data, at, start)
        self.target = latin(data, start + 1, stop)
        self.version = "1.1" if data[end - 1] == 49 else "1.0"
        return True

    def odd_request(self, line: bytes) -> cython.bint:
        """Read any other request line."""
        if head.may_be_request(line[:MAX_START]) <= 0:
            return False
        self.method, self.target, self.version = head.request_line(line)
        return True

    # Unchecked: at + STATUS <= end <= len(data), or there is no look.
    @cython.boundscheck(False)
    @cython.wraparound(False)
    def read_status(self, data: bytes, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.bint:
        """Read the status line data[at:end], without its LF; False when it is none."""
        end = without_cr(data, at, end)
        if end - at <= STATUS or not http1(data, at) or data[at + 8] != SPACE or data[at + 12] != SPACE:
            return self.odd_status(cut(data, at, end))
        hundreds: cython.int = data[at + 9] - 48
        tens: cython.int = data[at + 10] - 48
        ones: cython.int = data[at + 11] - 48
        if not (0 <= hundreds <= 9 and 0 <= tens <= 9 and 0 <= ones <= 9) or data[at + STATUS] <= SPACE:
            return self.odd_status(cut(data, at, end))
        self.status = hundreds * 100 + tens * 10 + ones
        self.version = "1.1" if data[at + 7] == 49 else "1.0"
        self.reason = latin(data, at + STATUS, min(end, at + STATUS + MAX_VALUE))
        return True

    def odd_status(self, line: bytes) -> cython.bint:
        """Read any other status line."""
        parsed = head.status_line(line)
        if parsed is None:
            return False
        self.version, self.status, self.reason = parsed
        return True


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def letter(character: cython.uchar) -> cython.bint:
    """What the methods in use are made of."""
    return 65 <= character <= 90


# Unchecked: the callers have made sure that the bytes are there.
@cython.cfunc
@cython.boundscheck(False)
@cython.wraparound(False)
@cython.exceptval(check=False)
def without_cr(data: bytes, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.Py_ssize_t:
    """`end` without the CRs before it."""
    while end > at and data[end - 1] == 13:
        end -= 1
    return end


# Unchecked: the callers have made sure that eight bytes are there.
@cython.cfunc
@cython.boundscheck(False)
@cython.wraparound(False)
@cython.exceptval(check=False)
def http1(data: bytes, at: cython.Py_ssize_t) -> cython.bint:
    """Whether `HTTP/1.1` or `HTTP/1.0` stands at `at`."""
    i: cython.Py_ssize_t
    for i in range(7):
        if data[at + i] != b"HTTP/1."[i]:
            return False
    return data[at + 7] == 48 or data[at + 7] == 49


@cython.cfunc
def method(data: bytes, start: cython.Py_ssize_t, stop: cython.Py_ssize_t) -> str:
    """The method as text; the usual ones are always the same object."""
    if stop - start == 3 and data[start] == 71 and data[start + 1] == 69 and data[start + 2] == 84:
        return "GET"
    return latin(data, start, stop)

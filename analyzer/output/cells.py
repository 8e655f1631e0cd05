"""The cells of a row: as plain values, or as the text of a CSV file."""

from __future__ import annotations

import re
from unicodedata import normalize

import cython

if cython.compiled:
    from cython.cimports.cpython.unicode import PyUnicode_AsUTF8AndSize  # type: ignore[import-untyped]
    from cython.cimports.libc.string import memcpy  # type: ignore[import-untyped]

from analyzer.fetch.model import Fetch
from analyzer.output.words import evidence, rfc3339, until_second, wireshark_filter
from analyzer.text import safe
from analyzer.verdict.model import Evidence, Verdict

PLAIN = re.compile(r"[ !#-+\--~]*")
"""What a cell of CSV holds as it is: printable ASCII without quote and comma."""
PLAIN_OCTETS = bytes(PLAIN.fullmatch(chr(octet)) is not None for octet in range(256))
COMMA, NEWLINE, ZERO, POINT, MINUS = b",\n0.-"
NANO = 1_000_000_000
FIRST_ROOM = 1 << 12
"""Bytes of a row's buffer, which grows when a longer one comes."""
MOST_DIGITS = 20
"""Of a number of 64 bits."""
SIGNS = "=+-@\u2212"
"""With the minus sign, which spreadsheets read as well; what NFKC makes of others."""
MAX_REMEMBERED = 4096
"""Texts whose cells are kept, as they return in row after row; a hostile capture must not fill memory."""


class Cells:
    """The cells of one row, as plain values: None or "" where unknown, text safe to show."""

    def __init__(self) -> None:
        self.cells: list[object] = []

    def text(self, value: str) -> cython.bint:
        """Text that may hold anything, as packets do."""
        self.cells.append(safe(value))
        return True

    def phrase(self, value: str) -> cython.bint:
        """Such text that returns in many rows."""
        return self.text(value)

    def word(self, value: str) -> cython.bint:
        """A word of ours, or several separated by blanks: no character in it needs care."""
        self.cells.append(value)
        return True

    def number(self, value: cython.longlong) -> cython.bint:
        """A number that is always known."""
        self.cells.append(value)
        return True

    def seconds(self, value: cython.double) -> cython.bint:
        """A duration; below 0 it is unknown."""
        self.cells.append(value if value >= 0 else None)
        return True

    def unknown(self) -> cython.bint:
        """A number that is not known."""
        self.cells.append(None)
        return True

    def filter(self, fetch: Fetch) -> cython.bint:
        """What shows the fetch in Wireshark."""
        self.cells.append(safe(wireshark_filter(fetch)))
        return True

    def instant(self, nanoseconds: cython.longlong) -> cython.bint:
        """A point in time, ns since 1970."""
        self.cells.append(rfc3339(nanoseconds))
        return True

    def proof(self, verdict: Verdict) -> cython.bint:
        """The proving packets as `packet:what`, separated by blanks."""
        self.cells.append(evidence(verdict.evidence))
        return True


class CsvCells(Cells):
    """The cells as RFC 4180 text; seconds have six digits; what a spreadsheet would run gets a `'` in front.

    A row is put together in a buffer that all rows share: no cell becomes an object of its own. `octets` is the
    buffer, compiled as a pointer to its first byte, which makes of an assignment one instruction.
    """

    def __init__(self) -> None:
        super().__init__()
        self.buffer = bytearray()
        self.size = self.at = 0
        self.room(FIRST_ROOM)
        self.remembered: dict[str, str] = {}

    def begin(self) -> None:
        """A row begins; what an error left of another one is forgotten."""
        self.at = 0

    def line(self) -> bytes:
        """The cells since `begin` as a line with `\\n`; b"" when there are none."""
        size: cython.Py_ssize_t = self.at
        line: bytes
        if size == 0:
            return b""
        self.octets[size - 1] = NEWLINE
        if cython.compiled:
            line = self.octets[:size]
        else:
            line = bytes(self.buffer[:size])
        return line

    def text(self, value: str) -> cython.bint:
        """Defused, and quoted where RFC 4180 asks for it."""
        if not value:
            return self.over()
        return self.word(value if is_plain(value) else csv_text(safe(value)))

    def phrase(self, value: str) -> cython.bint:
        """As `text`, but worked out once."""
        if not value:
            return self.over()
        cell: str | None = self.remembered.get(value)
        if cell is None:
            cell = csv_text(safe(value))
            if len(self.remembered) < MAX_REMEMBERED:
                self.remembered[value] = cell
        return self.word(cell)

    def word(self, value: str) -> cython.bint:
        """Text as it stands."""
        if value:
            self.put(value)
        return self.over()

    def number(self, value: cython.longlong) -> cython.bint:
        """Decimal digits."""
        self.digits(value, 1)
        return self.over()

    def seconds(self, value: cython.double) -> cython.bint:
        """Six digits after the point."""
        micros: cython.longlong
        if value >= 0:
            micros = cython.cast(cython.longlong, value * 1e6 + 0.5)
            self.digits(micros // 1_000_000, 1)
            self.octet(POINT)
            self.digits(micros % 1_000_000, 6)
        return self.over()

    def unknown(self) -> cython.bint:
        """An empty cell."""
        return self.over()

    def filter(self, fetch: Fetch) -> cython.bint:
        """What shows the fetch in Wireshark; the usual one without an object."""
        if fetch.resolution is not None or fetch.flow.stream < 0 or fetch.flow.disputed or fetch.flow.splits:
            return self.text(wireshark_filter(fetch))
        self.put("tcp.stream eq ")
        self.digits(fetch.flow.stream, 1)
        return self.over()

    def instant(self, nanoseconds: cython.longlong) -> cython.bint:
        """RFC 3339."""
        self.put(until_second(nanoseconds // NANO))
        self.digits(nanoseconds % NANO, 9)
        self.put("Z")
        return self.over()

    def proof(self, verdict: Verdict) -> cython.bint:
        """The proving packets."""
        cited: Evidence
        first: cython.bint = True
        for cited in verdict.evidence:
            if not first:
                self.put(" ")
            first = False
            self.digits(cited.packet, 1)
            self.put(":")
            self.put(cited.what)
        return self.over()

    def over(self) -> cython.bint:
        """The cell is over."""
        return self.octet(COMMA)

    def octet(self, value: cython.int) -> cython.bint:
        """Add one character of ASCII."""
        self.octets[self.at] = value
        self.at += 1
        if self.at == self.size:
            self.room(1)
        return True

    def copy(self, row: bytes, start: cython.Py_ssize_t, stop: cython.Py_ssize_t) -> cython.bint:
        """Add a part of another row, which must have it."""
        size: cython.Py_ssize_t = stop - start
        self.room(size)
        if cython.compiled:
            memcpy(self.octets + self.at, cython.cast(cython.p_char, row) + start, size)
        else:
            self.buffer[self.at : self.at + size] = row[start:stop]
        self.at += size
        return True

    def put(self, value: str) -> cython.bint:
        """Add text to the cell, as UTF-8."""
        size: cython.Py_ssize_t = 0
        if cython.compiled:
            text = PyUnicode_AsUTF8AndSize(value, cython.address(size))
            self.room(size)
            memcpy(self.octets + self.at, text, size)
        else:
            data = value.encode()
            size = len(data)
            self.room(size)
            self.buffer[self.at : self.at + size] = data
        self.at += size
        return True

    @cython.cdivision(True)
    def digits(self, value: cython.longlong, least: cython.int) -> cython.bint:
        """Add a number to the cell, with zeros in front up to so many digits.

        The last digit is known first: they are written backwards, beyond the row's end, and moved there.
        """
        number: cython.ulonglong = abs(value)
        pair: cython.uint
        if 0 <= value < 10 and least == 1:  # every second number is one
            return self.octet(ZERO + cython.cast(cython.int, value))
        if value < 0:
            self.octet(MINUS)
        self.room(2 * MOST_DIGITS)
        octets = self.octets
        end: cython.Py_ssize_t = self.at + 2 * MOST_DIGITS
        at: cython.Py_ssize_t = end
        while number >= 10:  # two digits by one division
            pair = number % 100
            number = number // 100
            at -= 2
            octets[at] = ZERO + pair // 10
            octets[at + 1] = ZERO + pair % 10
        if number or at == end:
            at -= 1
            octets[at] = ZERO + number
        while at > end - least:
            at -= 1
            octets[at] = ZERO
        if cython.compiled:
            memcpy(octets + self.at, octets + at, end - at)
        else:
            self.buffer[self.at : self.at + end - at] = self.buffer[at:end]
        self.at += end - at
        return True

    def room(self, size: cython.Py_ssize_t) -> cython.bint:
        """Make sure that so many bytes, and a comma, fit into the buffer."""
        if self.at + size >= self.size:
            self.buffer.extend(bytes(self.at + size + 1))
            self.size = len(self.buffer)
            if cython.compiled:
                self.octets = cython.cast(cython.pointer(cython.uchar), cython.cast(cython.p_char, self.buffer))
            else:
                self.octets = self.buffer
        return True


def is_plain(text: str) -> cython.bint:
    """Whether a cell can hold the text, which is not empty, as it is."""
    size: cython.Py_ssize_t = len(text)
    i: cython.Py_ssize_t
    if is_formula(text):
        return False
    if not cython.compiled:
        return PLAIN.fullmatch(text) is not None
    if not text.isascii():
        return False
    octets = cython.cast(cython.pointer(cython.uchar), PyUnicode_AsUTF8AndSize(text, cython.address(size)))
    allowed = cython.cast(cython.p_char, PLAIN_OCTETS)
    for i in range(size):  # noqa: SIM110  (a loop in C)
        if not allowed[octets[i]]:
            return False
    return True


def is_formula(text: str) -> cython.bint:
    """Whether a spreadsheet takes a cell with this text for a formula (tab and CR too, but those are not shown raw).

    Some pass over blanks in front, and take full-width and small signs for the ASCII ones, as NFKC does (UAX 15).
    """
    first: cython.Py_UCS4 = text[0]
    if first == " ":
        bare = text.lstrip(" ")
        return bare != "" and is_formula(bare)
    if first > "~":
        return normalize("NFKC", text[0])[0] in SIGNS or text[0] in SIGNS
    return first == "=" or first == "+" or first == "-" or first == "@"


def csv_text(text: str) -> str:
    """One cell of text that is safe to show."""
    if not text:
        return text
    if is_formula(text) and text != "-":  # `-` alone is standard input
        text = "'" + text
    return quoted(text)


def quoted(text: str) -> str:
    """Text in quotes where RFC 4180 asks for them."""
    if '"' in text:
        return '"' + text.replace('"', '""') + '"'
    if "," in text:
        return '"' + text + '"'
    return text

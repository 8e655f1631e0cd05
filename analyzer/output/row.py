"""From a fetch to its row: the order of the columns once, for every format that writes them."""

from __future__ import annotations

import re
import time as clock
from socket import AF_INET, AF_INET6, inet_ntop

import cython

if cython.compiled:
    from cython.cimports.cpython.unicode import PyUnicode_AsUTF8AndSize  # type: ignore[import-untyped]
    from cython.cimports.libc.string import memcpy  # type: ignore[import-untyped]

from analyzer.fetch.flow import Flow
from analyzer.fetch.model import Fetch
from analyzer.fetch.registries import Package
from analyzer.output.text import cut, safe
from analyzer.verdict.model import Evidence, Verdict

VERSIONS = {0: "", 0x0300: "ssl3.0", 0x0301: "1.0", 0x0302: "1.1", 0x0303: "1.2", 0x0304: "1.3"}
UNDECIDED = Verdict("", "", "")
NO_CERTIFICATE = ("", "", "", "", "", "")
NO_TLS = ("", "", "", *NO_CERTIFICATE)
PLAIN = re.compile(r"[ !#-+\--~]*")
FORMULA = "=+-@"
"""A spreadsheet takes a cell that begins so for a formula (tab and CR too, but those are never shown raw)."""
COMMA, NEWLINE, ZERO = b",\n0"
NANO = 1_000_000_000
FIRST_ROOM = 1 << 12
"""Bytes of a row's buffer, which grows when a longer one comes."""
MAX_SAID = 500
"""Columns of `client_said`; lines of clients can have thousands."""
MAX_REMEMBERED = 4096
"""Texts and addresses whose cells are kept, as they return in row after row; a hostile capture must not fill memory."""


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

    def instant(self, nanoseconds: cython.longlong) -> cython.bint:
        """A point in time, ns since 1970."""
        self.cells.append(rfc3339(nanoseconds))
        return True

    def proof(self, verdict: Verdict) -> cython.bint:
        """The proving packets as `packet:what`, separated by blanks."""
        self.cells.append(evidence(verdict))
        return True


class CsvCells(Cells):
    """The cells as RFC 4180 text; seconds have six digits; what a spreadsheet would run gets a `'` in front.

    A row is put together in a buffer that all rows share: no cell becomes an object of its own.
    """

    def __init__(self) -> None:
        super().__init__()
        self.buffer = bytearray(FIRST_ROOM)
        self.size = FIRST_ROOM
        self.at = 0
        self.remembered: dict[str, str] = {}

    def line(self, fetch: Fetch) -> str:
        """The row of a fetch, with `\\n`."""
        self.at = 0
        fill(self, fetch)
        self.buffer[self.at - 1] = NEWLINE
        return self.buffer[: self.at].decode("utf-8")

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
            self.put(".")
            self.digits(micros % 1_000_000, 6)
        return self.over()

    def unknown(self) -> cython.bint:
        """An empty cell."""
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

    # Unchecked: room() keeps a byte for the comma.
    @cython.boundscheck(False)
    @cython.wraparound(False)
    def over(self) -> cython.bint:
        """The cell is over."""
        self.buffer[self.at] = COMMA
        self.at += 1
        if self.at == self.size:
            self.room(1)
        return True

    def put(self, value: str) -> cython.bint:
        """Add text to the cell, as UTF-8."""
        size: cython.Py_ssize_t = 0
        if cython.compiled:
            text = PyUnicode_AsUTF8AndSize(value, cython.address(size))
            self.room(size)
            memcpy(cython.cast(cython.p_char, self.buffer) + self.at, text, size)
        else:
            data = value.encode()
            size = len(data)
            self.room(size)
            self.buffer[self.at : self.at + size] = data
        self.at += size
        return True

    # Unchecked: room() comes before every byte.
    @cython.boundscheck(False)
    @cython.wraparound(False)
    @cython.cdivision(True)
    def digits(self, value: cython.longlong, least: cython.int) -> cython.bint:
        """Add a number to the cell, with zeros in front up to so many digits."""
        number: cython.ulonglong = abs(value)
        rest: cython.ulonglong = number
        count: cython.int = 1
        at: cython.Py_ssize_t
        buffer: bytearray = self.buffer
        if value < 0:
            self.put("-")
        while rest >= 10:
            rest //= 10
            count += 1
        count = max(count, least)
        self.room(count)
        at = self.at + count
        self.at = at
        while count > 0:
            rest = number // 10
            at -= 1
            count -= 1
            buffer[at] = ZERO + (number - rest * 10)
            number = rest
        return True

    def room(self, size: cython.Py_ssize_t) -> cython.bint:
        """Make sure that so many bytes, and a comma, fit into the buffer."""
        if self.at + size >= self.size:
            self.buffer.extend(bytes(self.at + size))
            self.size = len(self.buffer)
        return True


def is_plain(text: str) -> cython.bint:
    """Whether a cell can hold the text as it is: printable ASCII without quote and comma, and no formula."""
    size: cython.Py_ssize_t = len(text)
    i: cython.Py_ssize_t
    if size and text[0] in FORMULA:
        return False
    if not cython.compiled:
        return PLAIN.fullmatch(text) is not None
    if not text.isascii():
        return False
    octets = cython.cast(cython.pointer(cython.uchar), PyUnicode_AsUTF8AndSize(text, cython.address(size)))
    for i in range(size):  # noqa: SIM110  (a loop in C)
        if octets[i] < 0x20 or octets[i] > 0x7E or octets[i] == 0x22 or octets[i] == 0x2C:
            return False
    return True


def csv_text(text: str) -> str:
    """One cell of text that is safe to show."""
    if text[0] in FORMULA and text != "-":  # `-` alone is standard input
        text = "'" + text
    if '"' in text:
        return '"' + text.replace('"', '""') + '"'
    if "," in text:
        return '"' + text + '"'
    return text


def values(fetch: Fetch) -> list[object]:
    """The values of a row in the order of analyzer.output.columns.Row: None or "" where unknown, text safe to show."""
    plain = Cells()
    fill(plain, fetch)
    return plain.cells


def fill(cells: Cells, fetch: Fetch) -> None:
    """Give the cells of a row, in the order of analyzer.output.columns.Row."""
    flow: Flow = fetch.flow
    verdict: Verdict = UNDECIDED
    if fetch.verdict is not None:
        verdict = fetch.verdict  # type: ignore[assignment]
    wanted(cells, fetch, flow, verdict)
    decided(cells, fetch, flow, verdict)
    cells.word(fetch.phase)
    cells.seconds(fetch.dns_s)
    cells.seconds(fetch.connect_s)
    cells.seconds(fetch.tls_s)
    cells.seconds(fetch.ttfb_s)
    cells.seconds(fetch.response_s)
    cells.seconds(fetch.silence_s)
    secure(cells, flow)
    counted(cells, flow)
    cells.word(verdict.blame)
    cells.word(verdict.rst_origin)
    cells.word("; ".join(verdict.timers) if verdict.timers else "")
    cells.word(flow.vantage)
    grouped(cells, fetch)
    asked(cells, fetch.package)
    cells.word(verdict.missing)
    cells.word(fetch.kind)
    cells.phrase(verdict.advice)
    cells.phrase(verdict.client_errors)
    cells.text(cut(fetch.client_said, MAX_SAID) if fetch.client_said else "")
    cells.text(wireshark_filter(fetch))


def wanted(cells: Cells, fetch: Fetch, flow: Flow, verdict: Verdict) -> None:
    """Which fetch it is, its verdict in short, and what the client wanted of whom."""
    cells.phrase(fetch.file)
    if_any(cells, fetch.number)
    cells.word(verdict.klass)
    cells.word(verdict.cause)
    cells.word(verdict.confidence)
    cells.phrase(fetch.name)
    cells.word(address(flow.client))
    cells.number(flow.client_port)
    cells.word(address(flow.server))
    cells.number(flow.server_port)
    cells.word(fetch.protocol)
    cells.instant(fetch.start)
    cells.seconds((fetch.end - fetch.start) / 1e9 if fetch.end >= fetch.start else -1.0)
    if_any(cells, fetch.status)
    cells.phrase(fetch.method)
    cells.text(fetch.target)


def wireshark_filter(fetch: Fetch) -> str:
    """What shows the fetch in Wireshark: its TCP stream, or the DNS messages about the name that failed."""
    if fetch.resolution is not None:
        return " or ".join([f'dns.qry.name == "{quoted(name)}"' for name in fetch.resolution.names])
    return f"tcp.stream eq {fetch.flow.stream}" if fetch.flow.stream >= 0 else ""


def quoted(name: str) -> str:
    """A name inside a quoted string of a display filter (wireshark-filter(4)): printable ASCII, the rest as `\\xNN`."""
    return "".join([c if c.isascii() and c.isprintable() and c not in '"\\' else f"\\x{ord(c):02x}" for c in name])


def decided(cells: Cells, fetch: Fetch, flow: Flow, verdict: Verdict) -> None:
    """The verdict's sentence with its proof."""
    cells.text(verdict.summary)
    cells.proof(verdict)
    cells.word(" ".join(verdict.flags) if verdict.flags else "")
    if flow.stream >= 0:
        cells.number(flow.stream)
    else:
        cells.unknown()
    cells.number(fetch.first_packet)
    cells.number(fetch.last_packet)


def secure(cells: Cells, flow: Flow) -> None:
    """Version, ALPN, SNI and the six certificate facts."""
    text: str
    if flow.tls_version < 0:
        for text in NO_TLS:
            cells.word(text)
        return
    version = VERSIONS.get(flow.tls_version)
    cells.word(f"0x{flow.tls_version:04x}" if version is None else version)
    cells.phrase(flow.alpn)
    cells.phrase(flow.sni)
    if flow.certificate is None:
        for text in NO_CERTIFICATE:
            cells.word(text)
        return
    for text in CERTIFICATE_FACTS:
        cells.phrase(flow.certificate.get(text) or "")


CERTIFICATE_FACTS = ("subject", "issuer", "names", "not_before", "not_after", "sha256")


def counted(cells: Cells, flow: Flow) -> None:
    """The counters of the connection."""
    cells.number(flow.client_syns)
    cells.number(flow.client_bytes)
    cells.number(flow.server_bytes)
    cells.number(flow.client_retransmissions)
    cells.number(flow.server_retransmissions)


def grouped(cells: Cells, fetch: Fetch) -> None:
    """Its place among attempts at the same thing."""
    if_any(cells, fetch.attempt)
    cells.seconds(fetch.wait_s)
    if_any(cells, fetch.group)
    cells.word(fetch.group_outcome)


def asked(cells: Cells, package: Package | None) -> None:
    """What it wanted of a package registry."""
    if package is None:
        cells.word("")
        cells.word("")
        cells.word("")
        return
    cells.word(package.ecosystem)
    cells.text(package.name)
    cells.text(package.version)


def if_any(cells: Cells, value: cython.longlong) -> None:
    """A number of which 0 means unknown."""
    if value:
        cells.number(value)
    else:
        cells.unknown()


def evidence(verdict: Verdict) -> str:
    """The proving packets as `packet:what`, separated by blanks."""
    proof: Evidence
    cited: list[str] = []
    for proof in verdict.evidence:  # a comprehension would not know the type
        cited.append(f"{proof.packet}:{proof.what}")
    return " ".join(cited)


_addresses: dict[bytes, str] = {b"": ""}


def address(raw: bytes) -> str:
    """An IP address as people write it; empty when there is none."""
    text = _addresses.get(raw)
    if text is None:
        text = inet_ntop(AF_INET if len(raw) == 4 else AF_INET6, raw) if len(raw) in (4, 16) else ""
        if len(_addresses) < MAX_REMEMBERED:
            _addresses[raw] = text
    return text


_second = -1
_prefix = ""


def until_second(second: cython.longlong) -> str:
    """An instant up to the point before its fraction, as RFC 3339 in UTC."""
    global _second, _prefix
    if second != _second:  # consecutive fetches often begin within the same second
        date = clock.gmtime(second)
        _prefix = (
            f"{date.tm_year:04d}-{date.tm_mon:02d}-{date.tm_mday:02d}"
            f"T{date.tm_hour:02d}:{date.tm_min:02d}:{date.tm_sec:02d}."
        )
        _second = second
    return _prefix


def rfc3339(nanoseconds: cython.longlong) -> str:
    """An instant as RFC 3339 in UTC, always with nine digits after the point."""
    return f"{until_second(nanoseconds // NANO)}{nanoseconds % NANO:09d}Z"

"""From a fetch to its row: the order of the columns once, for every format that writes them."""

from __future__ import annotations

import time as clock
from socket import AF_INET, AF_INET6, inet_ntop

import cython

from analyzer.fetch.flow import Flow
from analyzer.fetch.model import Fetch
from analyzer.fetch.registries import Package
from analyzer.output.text import cut, safe
from analyzer.verdict.model import Evidence, Verdict

VERSIONS = {0: "", 0x0300: "ssl3.0", 0x0301: "1.0", 0x0302: "1.1", 0x0303: "1.2", 0x0304: "1.3"}
UNDECIDED = Verdict("", "", "")
NO_CERTIFICATE = ("", "", "", "", "", "")
FORMULA = "=+-@"
"""A spreadsheet takes a cell that begins so for a formula (tab and CR too, but those are never shown raw)."""
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


class CsvCells(Cells):
    """The cells as RFC 4180 text; seconds have six digits; what a spreadsheet would run gets a `'` in front."""

    def __init__(self) -> None:
        super().__init__()
        self.remembered: dict[str, str] = {"": ""}

    def line(self, fetch: Fetch) -> str:
        """The row of a fetch, with `\\n`."""
        self.cells = []
        fill(self, fetch)
        return ",".join(self.cells) + "\n"  # type: ignore[arg-type]  # the methods below add nothing but text

    def text(self, value: str) -> cython.bint:
        """Defused, and quoted where RFC 4180 asks for it."""
        self.cells.append(value if is_plain(value) else csv_text(safe(value)))
        return True

    def phrase(self, value: str) -> cython.bint:
        """As `text`, but worked out once."""
        cell = self.remembered.get(value)
        if cell is None:
            cell = csv_text(safe(value))
            if len(self.remembered) < MAX_REMEMBERED:
                self.remembered[value] = cell
        self.cells.append(cell)
        return True

    def number(self, value: cython.longlong) -> cython.bint:
        """Decimal digits."""
        self.cells.append(f"{value}")
        return True

    def seconds(self, value: cython.double) -> cython.bint:
        """Six digits after the point."""
        micros: cython.longlong
        whole: cython.longlong
        if value < 0:
            self.cells.append("")
            return True
        micros = cython.cast(cython.longlong, value * 1e6 + 0.5)
        whole = micros // 1_000_000
        micros -= whole * 1_000_000
        self.cells.append(f"{whole}.{micros:06d}")
        return True

    def unknown(self) -> cython.bint:
        """An empty cell."""
        self.cells.append("")
        return True


def is_plain(text: str) -> cython.bint:
    """Whether a cell can hold the text as it is: printable ASCII without quote and comma, and no formula."""
    character: cython.Py_UCS4
    if text and text[0] in FORMULA:
        return False
    for character in text:  # noqa: SIM110  (a loop over C characters)
        if not " " <= character <= "~" or character == '"' or character == ",":
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
    cells.word(rfc3339(fetch.start))
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
    cells.word(evidence(verdict))
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
        for text in ("", "", "", *NO_CERTIFICATE):
            cells.word(text)
        return
    version = VERSIONS.get(flow.tls_version)
    cells.word(f"0x{flow.tls_version:04x}" if version is None else version)
    cells.phrase(flow.alpn)
    cells.phrase(flow.sni)
    for text in certificate(flow.certificate):
        cells.phrase(text)


def certificate(facts: dict[str, str] | None) -> tuple[str, ...]:
    """Subject, issuer, names, validity and fingerprint of a certificate."""
    if not facts:
        return NO_CERTIFICATE
    return tuple([str(facts.get(name) or "") for name in CERTIFICATE_FACTS])


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


def rfc3339(nanoseconds: cython.longlong) -> str:
    """An instant as RFC 3339 in UTC, always with nine digits after the point."""
    global _second, _prefix
    second: cython.longlong = nanoseconds // 1_000_000_000
    fraction: cython.longlong = nanoseconds - second * 1_000_000_000
    if second != _second:  # consecutive fetches often begin within the same second
        date = clock.gmtime(second)
        _prefix = (
            f"{date.tm_year:04d}-{date.tm_mon:02d}-{date.tm_mday:02d}"
            f"T{date.tm_hour:02d}:{date.tm_min:02d}:{date.tm_sec:02d}"
        )
        _second = second
    return f"{_prefix}.{fraction:09d}Z"

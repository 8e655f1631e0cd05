"""From a fetch to its row: the order of the columns once, for every format that writes them."""

from __future__ import annotations

import cython

from analyzer.fetch.flow import Flow
from analyzer.fetch.model import Fetch
from analyzer.fetch.registries import Package
from analyzer.output.cells import Cells, CsvCells
from analyzer.output.words import address
from analyzer.text import cut
from analyzer.verdict.model import Verdict

VERSIONS = {0: "", 0x0300: "ssl3.0", 0x0301: "1.0", 0x0302: "1.1", 0x0303: "1.2", 0x0304: "1.3"}
UNDECIDED = Verdict("", "", "")
NO_CERTIFICATE = ("", "", "", "", "", "")
NO_TLS = ("", "", "", *NO_CERTIFICATE)
MAX_SAID = 500
"""Columns of `client_said`; lines of clients can have thousands."""


def values(fetch: Fetch) -> list[object]:
    """The values of a row in the order of analyzer.output.columns.Row: None or "" where unknown, text safe to show."""
    plain = Cells()
    fill(plain, fetch)
    return plain.cells


def csv_line(cells: CsvCells, fetch: Fetch) -> bytes:
    """The row of a fetch as a line of CSV in UTF-8, put together in `cells`."""
    cells.begin()
    fill(cells, fetch)
    return cells.line()


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
    cells.phrase("; ".join(verdict.timers) if verdict.timers else "")
    cells.word(flow.vantage)
    grouped(cells, fetch)
    asked(cells, fetch.package)
    cells.word(verdict.missing)
    cells.word(fetch.kind)
    cells.phrase(verdict.advice)
    cells.phrase(verdict.client_errors)
    cells.text(cut(fetch.client_said, MAX_SAID) if fetch.client_said else "")
    cells.phrase(fetch.process)
    cells.word(fetch.process_how)
    cells.filter(fetch)
    cells.word(flow.decrypted)
    cells.word(flow.keys)


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
    cells.text(fetch.shown(fetch.target))


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

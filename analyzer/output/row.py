"""From a fetch to the values of its row, and to a line of CSV."""

from __future__ import annotations

import time as clock
from socket import AF_INET, AF_INET6, inet_ntop

import cython

from analyzer.fetch.model import Fetch
from analyzer.output.text import safe
from analyzer.verdict.model import Evidence, Verdict
from analyzer.verdict.vantage import vantage
from analyzer.wire.model import Connection, Side, Tls

VERSIONS = {0: "", 0x0300: "ssl3.0", 0x0301: "1.0", 0x0302: "1.1", 0x0303: "1.2", 0x0304: "1.3"}
UNDECIDED = Verdict("", "", "")
NO_CERTIFICATE = ("", "", "", "", "", "")
FORMULA = "=+-@"
"""A spreadsheet takes a cell that begins so for a formula (tab and CR too, but those are never shown raw)."""


def values(fetch: Fetch) -> list[object]:
    """The values of a row in the order of analyzer.output.columns.Row: None or "" where unknown, text safe to show."""
    connection: Connection = fetch.connection
    client: Side = connection.client
    server: Side = connection.server
    tls: Tls | None = connection.tls
    verdict: Verdict = UNDECIDED
    if fetch.verdict is not None:
        verdict = fetch.verdict  # type: ignore[assignment]
    stream: object = connection.stream if connection.stream >= 0 else None
    return [
        safe(fetch.file),
        fetch.number or None,
        verdict.klass,
        verdict.cause,
        verdict.confidence,
        safe(fetch.name),
        address(client.address),
        client.port,
        address(server.address),
        server.port,
        fetch.protocol,
        rfc3339(fetch.start),
        (fetch.end - fetch.start) / 1e9 if fetch.end >= fetch.start else None,
        fetch.status or None,
        safe(fetch.method),
        safe(fetch.target),
        safe(verdict.summary),
        evidence(verdict),
        flags(verdict, connection),
        stream,
        fetch.first_packet,
        fetch.last_packet,
        fetch.phase,
        known(fetch.connect_s),
        known(fetch.tls_s),
        known(fetch.ttfb_s),
        known(fetch.response_s),
        known(fetch.silence_s),
        *tls_values(tls),
        client.syns,
        client.bytes,
        server.bytes,
        client.retransmissions,
        server.retransmissions,
        verdict.blame,
        verdict.rst_origin,
        "; ".join(verdict.timers) if verdict.timers else "",
        vantage(connection),
        verdict.missing,
        fetch.kind,
        safe(verdict.advice),
        safe(verdict.client_errors),
        "" if stream is None else f"tcp.stream eq {stream}",
    ]


def known(duration: cython.double) -> object:
    """Seconds, or None for -1.0."""
    return duration if duration >= 0 else None


def tls_values(tls: Tls | None) -> tuple[str, ...]:
    """Version, ALPN, SNI and the six certificate facts."""
    if tls is None:
        return ("", "", "", *NO_CERTIFICATE)
    version = VERSIONS.get(tls.version)
    if version is None:
        version = f"0x{tls.version:04x}"
    return (version, safe(tls.alpn), safe(tls.sni), *certificate(tls.certificate))


def certificate(facts: dict[str, str] | None) -> tuple[str, ...]:
    """Subject, issuer, names, validity and fingerprint of a certificate."""
    if not facts:
        return NO_CERTIFICATE
    wanted = ("subject", "issuer", "names", "not_before", "not_after", "sha256")
    return tuple([safe(str(facts.get(name) or "")) for name in wanted])


def evidence(verdict: Verdict) -> str:
    """The proving packets as `packet:what`, separated by blanks."""
    cited = []
    for item in verdict.evidence:
        proof: Evidence = item
        cited.append(f"{proof.packet}:{proof.what}")
    return " ".join(cited)


def flags(verdict: Verdict, connection: Connection) -> str:
    """The words about fetch and connection, each once, in the order found."""
    if not connection.flags:
        return " ".join(verdict.flags)
    return " ".join(dict.fromkeys(verdict.flags + connection.flags))


def address(raw: bytes) -> str:
    """An IP address as people write it; empty when there is none."""
    if len(raw) == 4:
        return inet_ntop(AF_INET, raw)
    if len(raw) == 16:
        return inet_ntop(AF_INET6, raw)
    return ""


_second = -1
_prefix = ""


def rfc3339(nanoseconds: cython.longlong) -> str:
    """An instant as RFC 3339 in UTC, always with nine digits after the point."""
    global _second, _prefix
    second: cython.longlong = nanoseconds // 1_000_000_000
    if second != _second:  # consecutive fetches often begin within the same second
        date = clock.gmtime(second)
        _prefix = (
            f"{date.tm_year:04d}-{date.tm_mon:02d}-{date.tm_mday:02d}"
            f"T{date.tm_hour:02d}:{date.tm_min:02d}:{date.tm_sec:02d}"
        )
        _second = second
    return f"{_prefix}.{nanoseconds - second * 1_000_000_000:09d}Z"


def csv_line(row: list[object]) -> str:
    """The row as RFC 4180 with `\\n`; seconds have six digits; what a spreadsheet would run gets a `'` in front."""
    cells = []
    for value in row:
        if value is None:
            cells.append("")
        elif isinstance(value, str):
            cells.append(csv_text(value) if value else "")
        elif isinstance(value, float):
            cells.append(f"{value:.6f}")
        else:
            cells.append(str(value))
    return ",".join(cells) + "\n"


def csv_text(text: str) -> str:
    """One text cell: defused, and quoted where RFC 4180 asks for it."""
    if text[0] in FORMULA and text != "-":  # `-` alone is standard input
        text = "'" + text
    if '"' in text:
        return '"' + text.replace('"', '""') + '"'
    if "," in text:
        return '"' + text + '"'
    return text

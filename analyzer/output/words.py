"""Single facts of a fetch in the words that all formats use: addresses, instants, evidence, Wireshark's filter."""

from __future__ import annotations

import time as clock
from socket import AF_INET, AF_INET6, inet_ntop

import cython

from analyzer.fetch.model import Fetch
from analyzer.text import safe
from analyzer.verdict.facts import endpoint
from analyzer.verdict.model import Evidence, verdict_of
from analyzer.verdict.told import Event

NANO = 1_000_000_000
MAX_REMEMBERED = 4096
"""Addresses whose text is kept, as they return in row after row; a hostile capture must not fill memory."""


def evidence(cited: tuple[Evidence, ...]) -> str:
    """The proving packets as `packet:what`, separated by blanks."""
    proof: Evidence
    words: list[str] = []
    for proof in cited:  # a comprehension would not know the type
        words.append(f"{proof.packet}:{proof.what}")
    return " ".join(words)


_addresses: dict[bytes, str] = {b"": ""}


def address(raw: bytes) -> str:
    """An IP address as people write it; empty when there is none."""
    text = _addresses.get(raw)
    if text is None:
        text = inet_ntop(AF_INET if len(raw) == 4 else AF_INET6, raw) if len(raw) in (4, 16) else ""
        if len(_addresses) < MAX_REMEMBERED:
            _addresses[raw] = text
    return text


MAX_SECONDS = 128
"""Seconds of which the text is kept: fetches end in about the order in which they began, most within a minute."""
_seconds = [place + 1 for place in range(MAX_SECONDS)]  # which none of them is
_prefixes = [""] * MAX_SECONDS


def until_second(second: cython.longlong) -> str:
    """An instant up to the point before its fraction, as RFC 3339 in UTC."""
    place: cython.Py_ssize_t = second % MAX_SECONDS
    prefix: str
    if second != _seconds[place]:
        date = clock.gmtime(second)
        prefix = (
            f"{date.tm_year:04d}-{date.tm_mon:02d}-{date.tm_mday:02d}"
            f"T{date.tm_hour:02d}:{date.tm_min:02d}:{date.tm_sec:02d}."
        )
        _prefixes[place], _seconds[place] = prefix, second
    prefix = _prefixes[place]
    return prefix


def rfc3339(nanoseconds: cython.longlong) -> str:
    """An instant as RFC 3339 in UTC, always with nine digits after the point."""
    return f"{until_second(nanoseconds // NANO)}{nanoseconds % NANO:09d}Z"


def wireshark_filter(fetch: Fetch) -> str:
    """What shows the fetch in every Wireshark: its TCP stream, or the DNS messages about the name that failed.

    Wireshark goes on in another stream behind a SYN with another ISN, even if the connection does not. Where versions
    count streams differently, addresses, ports and packet numbers tell what is the connection's.
    """
    if fetch.resolution is not None:
        return " or ".join([f'dns.qry.name == "{quoted(name)}"' for name in fetch.resolution.names])
    if fetch.flow.disputed:
        return between(fetch)
    streams = [fetch.flow.stream, *[stream for stream, _ in fetch.flow.splits]]
    if len(streams) > 1:
        return f"tcp.stream in {{{', '.join(map(str, streams))}}}"
    return f"tcp.stream eq {fetch.flow.stream}" if fetch.flow.stream >= 0 else ""


def between(fetch: Fetch) -> str:
    """The packets between its two endpoints, from the connection's first to its last."""
    client, server = fetch.flow.client, fetch.flow.server
    family = "ip" if len(client) == 4 else "ipv6"
    terms = [f"{family}.addr eq {address(client)}", f"{family}.addr eq {address(server)}"]
    terms += [f"tcp.port eq {fetch.flow.client_port}", f"tcp.port eq {fetch.flow.server_port}"]
    last = max(fetch.flow.last_packet, fetch.last_packet)
    return " and ".join([*terms, f"frame.number ge {fetch.flow.first_packet}", f"frame.number le {last}"])


def quoted(name: str) -> str:
    """A name inside a quoted string of a display filter (wireshark-filter(4)): printable ASCII, the rest as `\\xNN`."""
    return "".join([c if c.isascii() and c.isprintable() and c not in '"\\' else f"\\x{ord(c):02x}" for c in name])


def told(event: Event) -> str:
    """An event as a short line, "" = it says nothing new to people."""
    last = event.fetch
    verdict = verdict_of(last)
    number = "fetches" if len(event.fetches) > 1 else "fetch"
    which = f"{number} {', '.join(map(str, event.fetches))}"
    if event.kind in ("ongoing", "ended"):
        return ""
    if event.kind == "amended" and last.kind == "race":
        place = endpoint(last.flow.server, last.flow.server_port)
        return f"{which} is none: {place} lost a race against another address"
    if event.kind == "amended":
        return f"{which} turned out otherwise: {verdict.klass}{'/' if verdict.cause else ''}{verdict.cause}: " + safe(
            verdict.summary
        )
    attempt = f"attempt {last.attempt} at {rfc3339(last.start)[11:19]}"
    said = {"recovered": "recovered", "fallback": "fell back", "failed": "failed for good"}.get(last.group_outcome)
    return f"{which} {said}: {attempt}" if said and last.attempt else ""


DOING = {
    "connect": "not connected yet",
    "tls": "TLS handshake",
    "request": "no answer yet",
    "proxy": "no answer of the proxy yet",
    "response": "answer under way",
    "dns": "no answer of the resolver yet",
}
"""Phase of an open fetch -> what it is waiting for."""
SILENT_NS = 1_000_000_000
"""Silence that is worth a word."""


def still_open(fetch: Fetch, silent: int, how: str = "open") -> str:
    """One line about a fetch that is open, or stalls: who with whom, how far it got, and how long nothing came."""
    flow = fetch.flow
    server = f"{safe(fetch.name)}:{flow.server_port}" if fetch.name else endpoint(flow.server, flow.server_port)
    if fetch.resolution is not None:
        server = f"{endpoint(flow.server, flow.server_port)}, {safe(fetch.name)}"
    parts = [f"{how}: {endpoint(flow.client, flow.client_port)} -> {server}"]
    if fetch.kind == "fetch":
        parts += [DOING[fetch.phase]] if fetch.phase in DOING else []
    if silent >= SILENT_NS:
        parts.append(f"silent for {silent // NANO} s")
    verdict = verdict_of(fetch)
    if verdict.failed:
        parts.append(f"{verdict.klass}/{verdict.cause} so far")
    return ", ".join(parts)

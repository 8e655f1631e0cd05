"""One fetch in full, for people: verdict, timeline, the rule that fired, its neighbours, what to do next."""

from __future__ import annotations

# not compiled: writes to people
import re
import shlex
from collections.abc import Iterable, Iterator

from analyzer.fetch.model import Fetch
from analyzer.model.connection import Side
from analyzer.output.table import COLOURS
from analyzer.output.timeline import counted, lookups, timeline
from analyzer.output.words import address, rfc3339, wireshark_filter
from analyzer.tcp.trace import Seen
from analyzer.text import labelled, safe, wrap
from analyzer.verdict.explain import Explanation
from analyzer.verdict.facts import span
from analyzer.verdict.model import Verdict

LABEL = 11
"""Columns of the labels on the left."""
DURATIONS = (
    ("dns_s", "DNS"),
    ("connect_s", "connect"),
    ("tls_s", "TLS"),
    ("ttfb_s", "first byte"),
    ("response_s", "response"),
)


SERVERS = re.compile(
    r"(?:nginx|openresty|apache|envoy|istio-envoy|haproxy|squid|varnish|traefik|caddy|kestrel|microsoft-iis|gunicorn"
    r"|uvicorn|werkzeug|jetty|cloudflare|cloudfront|amazons3|awselb|akamaighost|fastly|google frontend|gws|github\.com"
    r"|artifactory|nexus)\b",
    re.IGNORECASE,
)
TYPES = ("text/html", "text/plain", "application/json", "application/xml", "application/octet-stream")
"""Words of a response's head that are shown, since they say who answered and with what: of no field the value as it is,
which may be anything (docs/content.md)."""
SECONDS = 6
"""Digits of Retry-After that are believed."""
OPENED = {"handshake": "the handshake alone was opened", "heads": "opened with the keys at hand"}

OUTCOMES = {"recovered": "recovered", "fallback": "fell back to another source", "failed": "failed"}


class Page:
    """Writes one fetch; `columns` 0 = nothing is wrapped or cut, for a pipe."""

    def __init__(self, fetch: Fetch, found: Explanation, path: str, columns: int, colour: bool) -> None:
        self.fetch = fetch
        self.found = found
        self.path = path
        self.columns = columns
        self.colour = colour

    def lines(self, packets: Iterable[Seen]) -> Iterator[str]:
        """The whole page."""
        yield from self._header()
        yield ""
        if self.fetch.resolution is not None:
            yield from lookups(self.fetch, self.found.verdict, self.columns)
        else:
            yield from timeline(self.fetch, self.found.verdict, packets, self.columns, self.colour)
        yield ""
        yield from self._rule()
        yield from self._next()

    def _header(self) -> Iterator[str]:
        fetch, verdict = self.fetch, self.found.verdict
        name = f"{verdict.klass}/{verdict.cause}" if verdict.cause else verdict.klass
        yield self._paint(name, COLOURS.get(verdict.klass, "")) + f" (confidence {verdict.confidence})"
        yield from self._wrapped(verdict.summary)
        yield ""
        which = f"fetch {fetch.number}" if fetch.number else f"no fetch: {fetch.kind}"
        yield from self._labelled("capture", f"{safe(fetch.file)}, {which}")
        yield from self._labelled("name", safe(fetch.name) or "unknown")
        if fetch.resolution is None:
            sides = (fetch.connection.client, fetch.connection.server)
            yield from self._labelled("between", " and ".join(map(_endpoint, sides)))
        yield from self._labelled("time", f"{rfc3339(fetch.start)}, {span(fetch.end - fetch.start)}{self._phases()}")
        yield from self._labelled("packets", counted(fetch) if fetch.resolution is None else "")
        yield from self._labelled("answer", answer(fetch))
        yield from self._labelled("inside TLS", OPENED.get(fetch.flow.decrypted, ""))
        yield from self._labelled("flags", " ".join(verdict.flags))
        yield from self._labelled("missing", verdict.missing)
        yield from self._labelled("blame", verdict.blame)
        yield from self._labelled("rst origin", verdict.rst_origin)
        yield from self._labelled("timers", "; ".join(verdict.timers))
        yield from self._labelled("attempt", self._attempt())

    def _attempt(self) -> str:
        """Its place among attempts at the same thing."""
        fetch = self.fetch
        if not fetch.attempt:
            return ""
        wait = f", {span(int(fetch.wait_s * 1e9))} after the one before" if fetch.wait_s >= 0 else ""
        outcome = f", which {OUTCOMES[fetch.group_outcome]}" if fetch.group_outcome else ""
        return f"{fetch.attempt} of group {fetch.group}{wait}{outcome}"

    def _phases(self) -> str:
        known = [(name, getattr(self.fetch, field)) for field, name in DURATIONS]
        parts = [f"{name} {span(int(seconds * 1e9))}" for name, seconds in known if seconds >= 0]
        return f" ({', '.join(parts)})" if parts else ""

    def _rule(self) -> Iterator[str]:
        """What fired, and what did not."""
        rule = self.found.rule
        if rule is None:
            yield from self._labelled("fired", "no signature of a failure: the exchange is complete")
        else:
            yield from self._labelled("fired", f"{self.found.verdict.cause or 'incomplete'}: {rule.sentence}")
            yield from self._labelled("", f"On the wire: {rule.wire}")
            yield from self._labelled("", f"Not this: {rule.not_this}" if rule.not_this else "")
        if self.found.neighbours:
            yield ""
        for at, neighbour in enumerate(self.found.neighbours):
            yield from self._labelled("not fired" if at == 0 else "", f"{neighbour.name}: {neighbour.reason}")
        yield ""

    def _next(self) -> Iterator[str]:
        verdict: Verdict = self.found.verdict
        yield from self._labelled("advice", safe(verdict.advice))
        yield from self._labelled("clients", safe(verdict.client_errors))
        yield from self._labelled("client log", safe(self.fetch.client_said))
        yield from self._labelled("Wireshark", wireshark_filter(self.fetch), whole=True)
        commands = [f"whyfetch signatures {verdict.cause}"] if verdict.cause else []
        if self.fetch.resolution is None:
            counted_alike = self.fetch.number and self.fetch.flow.keys != "log"  # `case` takes no key log
            which = str(self.fetch.number) if counted_alike else f"--stream {self.fetch.connection.stream}"
            case = f"whyfetch case {shlex.quote(safe(self.path))} {which}"
            commands.append(f"{case}   (anonymised, for a bug report)")
        for at, command in enumerate(commands):
            yield from self._labelled("" if at else "next", command, whole=True)

    def _labelled(self, label: str, text: str, whole: bool = False) -> Iterator[str]:
        """A label and its text; nothing for no text."""
        if not text:
            return
        yield from labelled(label, text, LABEL, 0 if whole else self.columns)

    def _wrapped(self, text: str) -> Iterator[str]:
        yield from wrap(safe(text), self.columns) if self.columns else [safe(text)]

    def _paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code else text


def answer(fetch: Fetch) -> str:
    """The response's status, and what is known of who answered; "" = there was none."""
    exchange = fetch.exchange
    if exchange is None or not exchange.status:
        return ""
    said = [f"{exchange.status} {safe(exchange.reason)}".rstrip()]
    if server := SERVERS.match(exchange.headers.get("server", "")):
        said.append(f"by {server[0]}")
    kind = exchange.headers.get("content-type", "").partition(";")[0].strip().lower()
    said += [kind] if kind in TYPES else []
    wait = exchange.headers.get("retry-after", "")
    said += [f"to be asked again after {wait} s"] if wait.isdecimal() and len(wait) < SECONDS else []
    return ", ".join(said)


def _endpoint(side: Side) -> str:
    host = address(side.address)
    return f"[{host}]:{side.port}" if ":" in host else f"{host}:{side.port}"

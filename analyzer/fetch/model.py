"""One attempt to get something: what the client wanted, over which connection, and how long each phase took."""

from __future__ import annotations

from sys import intern
from typing import Any

import cython

from analyzer.fetch.flow import Flow
from analyzer.fetch.registries import Package, package_of
from analyzer.fetch.target import shown_target
from analyzer.layer.tls.completion import Completion
from analyzer.layer.tls.opaque import Opaque
from analyzer.model.connection import Connection
from analyzer.model.http import Exchange


@cython.no_gc
@cython.cclass
class Fetch:
    """One fetch (signatures.md 1.1), with its verdict once that is decided.

    connection  what the verdict is about, and exchange: the HTTP request and response, None where none can be read;
                both are gone once the fetch was detached
    flow        what rows and groups need to know of the connection, which outlives it
    readable    1 = there is an exchange; over: ns, when the client could know that the fetch had ended
    kind        fetch, or a connection that is none: speculative | probe | race | other | subflow
    number      1-based, in the order of first packets within its capture
    target      what was asked for, as sent, for comparisons: what may be shown of it says `shown`
    show_queries  1 = query, fragment, user and password of a target may be shown (`--show-queries`)
    protocol    tls | http | h2c | tcp (nothing was said, or not understood) | dns (no connection: the name failed)
    name_from_dns  1 = the connection did not say its name, the client's DNS lookups did
    dns_repeated   1 = a question for the name was sent again before the connection was made
    dropped     packets were dropped by the capture meanwhile (analyzer.verdict.drops), 0 = as far as is known none
    resolution  what the client asked DNS for in vain, an analyzer.fetch.resolution.Resolution, else None
    start, end  ns; durations in seconds, -1.0 = unknown
    completion  how far the TLS handshake got, and opaque: what followed it (analyzer.layer.tls); None without TLS
    last        1 = the connection's last fetch: how the connection ended belongs to it
    verdict     an analyzer.verdict.model.Verdict, set by the verdict stage
    group       number of its retry group within the capture, attempt: its place there, both 0 = tried only once
    client_said what a client's log says of it, as it stands there
    process     who made it, and process_how: how that is known (analyzer.process); "" in files
    package     what it asks a registry for (analyzer.fetch.registries), None = nothing
    user_agent  of the request; authorized: 1 = it carried credentials
    wait_s      seconds since the attempt before it ended; group_outcome: recovered | fallback | failed | "" (unknown)
    """

    def __init__(self, connection: Connection, exchange: Exchange | None, flow: Flow | None = None) -> None:
        self.connection = connection
        self.exchange = exchange
        self.flow = Flow(connection) if flow is None else flow
        self.kind = "fetch"
        self.file = ""
        self.number = 0
        self.name = self.protocol = ""
        self.start = self.end = self.first_packet = self.last_packet = 0
        self.status = 0
        self.method = self.target = ""
        self.phase = ""
        self.dns_s = -1.0
        self.connect_s = self.tls_s = self.ttfb_s = self.response_s = self.silence_s = -1.0
        self.completion: Completion | None = None
        self.opaque: Opaque | None = None
        self.last = 1
        self.show_queries = 0
        self.name_from_dns = self.dns_repeated = self.dropped = 0
        self.resolution: Any = None
        self.verdict: object = None
        self.attempt = self.group = 0
        self.wait_s = -1.0
        self.group_outcome = ""
        self.over = 0
        self.client_said = ""
        self.process = self.process_how = ""
        self.package: Package | None = None
        self.user_agent = ""
        self.readable = self.authorized = 0
        if exchange is not None:
            self.readable = 1
            self.package = package_of(exchange)
            self.user_agent = intern(exchange.user_agent)
            self.authorized = exchange.authorized

    @property
    def duration_s(self) -> float:
        """Seconds from the first packet of the fetch to its last."""
        return (self.end - self.start) / 1e9

    def shown(self, target: str) -> str:
        """What may be shown of a target, of this fetch or of another one on its connection."""
        return target if self.show_queries else shown_target(target)

    def detach(self) -> None:
        """Let go of everything that only the verdict needed."""
        self.connection = self.exchange = self.completion = self.opaque = None  # type: ignore[assignment]
        if self.resolution is not None:
            self.resolution = self.resolution.detached()

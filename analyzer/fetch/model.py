"""One attempt to get something: what the client wanted, over which connection, and how long each phase took."""

from __future__ import annotations

from typing import Any

from analyzer.wire.model import Connection, Exchange, Milestone
from analyzer.wire.tls.completion import Completion
from analyzer.wire.tls.opaque import Opaque

OPENING = 3
"""SYN, SYN-ACK and ACK."""
NOTHING: list[Any] = []


class Fetch:
    """One fetch (signatures.md 1.1), with its verdict once that is decided.

    kind        fetch, or a connection that is none: speculative | probe | race | other | subflow
    number      1-based, in the order of first packets within its capture
    protocol    tls | http | h2c | tcp (nothing was said, or not understood) | dns (no connection: the name failed)
    name_from_dns  1 = the connection did not say its name, the client's DNS lookups did
    resolution  what the client asked DNS for in vain, an analyzer.fetch.resolution.Resolution, else None
    start, end  ns; durations in seconds, -1.0 = unknown
    completion  how far the TLS handshake got, and opaque: what followed it (analyzer.wire.tls); None without TLS
    last        1 = the connection's last fetch: how the connection ended belongs to it
    verdict     an analyzer.verdict.model.Verdict, set by the verdict stage
    group       number of its retry group within the capture, attempt: its place there, both 0 = tried only once
    client_said what a client's log says of it, as it stands there
    package     what it asks a registry for (analyzer.fetch.registries.wanted; package_known: that was worked out)
    wait_s      seconds since the attempt before it ended; group_outcome: recovered | fallback | failed | "" (unknown)
    """

    def __init__(self, connection: Connection, exchange: Exchange | None) -> None:
        self.connection = connection
        self.exchange = exchange
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
        self.name_from_dns = 0
        self.resolution: Any = None
        self.verdict: object = None
        self.attempt = self.group = 0
        self.wait_s = -1.0
        self.group_outcome = ""
        self.package_known = False
        self.package: Any = None
        self.client_said = ""

    @property
    def duration_s(self) -> float:
        """Seconds from the first packet of the fetch to its last."""
        return (self.end - self.start) / 1e9

    def lighten(self) -> None:
        """Forget what only the verdict needed, and of a fetch that went well all milestones behind the handshake."""
        connection: Connection = self.connection
        verdict: Any = self.verdict
        marks: list[Milestone] = connection.milestones
        self.completion = self.opaque = None
        if connection.tls is not None:
            connection.tls.client_records = connection.tls.server_records = NOTHING
        if verdict.klass == "ok" and self.last and len(marks) > OPENING:
            mark: Milestone = marks[OPENING - 1]
            if mark.what == "ack":
                del marks[OPENING:]

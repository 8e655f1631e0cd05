"""What whyfetch says of the packets of one fetch, fact by fact, so that somebody else can be asked the same."""

# not compiled: one call a fetch that is checked

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from analyzer.fetch.model import Fetch
from analyzer.model.connection import ACK, Connection
from analyzer.model.tls import MAX_RECORDS, Record, Tls
from analyzer.opinion.cutout import Wire
from analyzer.opinion.fields import Value
from analyzer.verdict.model import verdict_of

HIDDEN = ("client-hello", "server-hello")
"""What Wireshark shows where it ends; a verdict cites where it begins."""
BY_STREAM = (*HIDDEN, "alert", "retransmission", "keep-alive")
"""Words of `evidence` that depend on what came before in the connection."""


class Fact(NamedTuple):
    """One thing that is said of one packet.

    packet   its number in the capture; kind: one of analyzer.opinion.fields.FACTS
    ours     what we say; column: where we say it, a column of the rows, or what `show` prints
    stream   it depends on what came before in the connection
    """

    packet: int
    kind: str
    ours: Value
    column: str
    stream: bool


class Stated:
    """The facts of one fetch that its verdict and its columns state, taken before its connection is let go.

    cited    the packets of the evidence; facts: those that need nothing but the fetch
    whole    the capture lost or cut nothing of its connection
    ignored  from this packet on it has segments that their receiver would not take, or resets; 0 = it has none
    reset    its first reset, or what came of another address; 0 = none
    disordered  packets of it changed places; tunnel: it goes through a proxy; joined: its SYN is not in the capture,
             unopened: or its SYN-ACK is not;
             reused: and another connection on its ports is cut out with it
    http     the server's port where it speaks HTTP/2 in plain text, else 0
    """

    def __init__(self, fetch: Fetch) -> None:
        self.file = fetch.file
        self.number = fetch.number
        self.stream = fetch.flow.stream
        self.name = f"fetch {fetch.number}" if fetch.number else f"tcp.stream {fetch.flow.stream}"
        connection = fetch.connection
        self.connection = connection if fetch.resolution is None else None
        self.whole = not any(side.lost or side.cut for side in (connection.client, connection.server))
        self.http = fetch.flow.server_port if fetch.exchange is not None and fetch.exchange.h2 is not None else 0
        evidence = verdict_of(fetch).evidence
        self.cited = {item.packet for item in evidence}
        self.tls = connection.tls
        self.moved = connection.moved or {}
        self.disordered = bool(self.moved)
        self.ignored = ignored_from(connection)
        self.reset = first_reset(connection)
        self.tunnel = bool(connection.via) or connection.connect is not None
        self.joined = connection.client.syns == 0 and fetch.resolution is None
        self.unopened = connection.client.syns == 0 or connection.server.syns == 0
        self.reused = False
        self.facts = [*self._labels(fetch), *self._columns(fetch), *_lookups(fetch, self.cited)]

    @property
    def packets(self) -> set[int]:
        """All packets that something is said of."""
        return self.cited | {fact.packet for fact in self.facts}

    def all(self, marked: dict[int, Wire]) -> Iterator[Fact]:
        """The facts of the fetch, and those that reading its packets again gives."""
        yield from self.facts
        for packet in sorted(self.cited & marked.keys()):
            wire = marked[packet]
            if wire.icmp:
                yield Fact(packet, "icmp", wire.icmp, "evidence", False)
            if wire.tcp:
                yield from _headers(packet, wire)
            if wire.tcp and wire.own and self.tls is not None:
                yield from self._secured(packet, self.tls)

    def _labels(self, fetch: Fetch) -> Iterator[Fact]:
        """The words of `evidence`."""
        ends = _hello_ends(fetch.connection)
        alerts = [alert.record for alert in self.tls.alerts] if self.tls is not None else []
        later = {self._true(record.packet) for record in alerts if record.packet != record.last_packet}
        for item in verdict_of(fetch).evidence:
            if item.what in HIDDEN and self._true(ends.get(item.what, 0)) != item.packet:
                continue  # it ends elsewhere: `hellos` is asked there
            if item.what == "alert" and item.packet in later:
                continue
            if item.what == "client-hello" and self.tls is not None and self.tls.sslv2:
                continue  # one of SSL 2.0, which Wireshark 4.4 does not read any more
            yield Fact(item.packet, "label", item.what, "evidence", item.what in BY_STREAM)

    def _columns(self, fetch: Fetch) -> Iterator[Fact]:
        """What columns say of the whole fetch, at the packet that shows it."""
        exchange, tls = fetch.exchange, fetch.connection.tls
        ends = _hello_ends(fetch.connection)
        hello, answer = (self._true(ends.get(what, 0)) for what in HIDDEN)
        if tls is not None and hello and not tls.sslv2:
            yield Fact(hello, "sni", tls.sni, "sni", True)
        if tls is not None and answer and tls.version:
            yield Fact(answer, "tls-version", tls.version, "tls_version", True)
        if exchange is None:
            return
        if exchange.status and exchange.response_packet:
            shows = exchange.response_packet if exchange.h2 is None else exchange.head_packet
            yield Fact(self._true(shows), "status", exchange.status, "status", True)
        if exchange.request_packet and exchange.request_packet == exchange.request_end_packet and exchange.method:
            yield Fact(self._true(exchange.request_packet), "method", exchange.method, "method", True)

    def _secured(self, packet: int, tls: Tls) -> Iterator[Fact]:
        """What of TLS ends in a cited packet of the connection."""
        ends = _hello_ends(self.connection)
        found = [kind for kind, what in ((1, HIDDEN[0]), (2, HIDDEN[1])) if self._true(ends.get(what, 0)) == packet]
        if tls.hellos == 1 and not tls.retry_request and not tls.sslv2:
            yield Fact(packet, "hellos", tuple(found), "evidence", True)
        alerts = [alert.code for alert in tls.alerts if self._true(alert.record.last_packet) == packet]
        yield Fact(packet, "alerts", tuple(sorted(code for code in alerts if code >= 0)), "evidence", True)
        kinds = self._records(packet, tls)
        if kinds is not None and not tls.lost:
            yield Fact(packet, "records", kinds, "evidence", True)

    def _records(self, packet: int, tls: Tls) -> tuple[int, ...] | None:
        """Types of the records that end in the packet; None where too many came before it to be kept."""
        found: list[int] = []
        for records, count in ((tls.client_records, tls.client_count), (tls.server_records, tls.server_count)):
            if count > MAX_RECORDS and packet >= self._true(records[-1].last_packet):
                return None
            found += [record.kind for record in records if self._ends(record) == packet]
        return tuple(sorted(found))

    def _ends(self, record: Record) -> int:
        return self._true(record.last_packet) if record.complete else 0

    def _true(self, packet: int) -> int:
        """The number in the capture of a packet that changed places."""
        return self.moved.get(packet, (packet, 0))[0]


def first_reset(connection: Connection) -> int:
    """The first reset on its ports, or what came of another address or connection and is answered by one; 0 = none."""
    if connection.challenge_ack >= 0:
        return connection.first_packet
    strays = [stray.packet for stray in connection.strays or ()]
    resets = [mark.packet for mark in connection.milestones if mark.what == "rst"]
    return min(resets + strays, default=connection.ignored_packet)


def ignored_from(connection: Connection) -> int:
    """From which packet on there are segments that their receiver would not take, or resets; 0 = there are none."""
    sides = (connection.client, connection.server)
    if connection.ignored or connection.challenge_ack >= 0 or any(side.other_isn >= 0 for side in sides):
        return connection.first_packet
    return min((side.rst_packet for side in sides if side.rst_packet), default=0)


def _headers(packet: int, wire: Wire) -> Iterator[Fact]:
    """What the TCP header says, and what became of the segment."""
    yield Fact(packet, "flags", wire.flags, "evidence", False)
    yield Fact(packet, "seq", wire.seq, "evidence", False)
    if wire.flags & ACK:
        yield Fact(packet, "ack", wire.ack, "evidence", False)
    yield Fact(packet, "length", wire.length, "evidence", False)
    if wire.again:
        yield Fact(packet, "again", wire.again, "evidence", True)


def _hello_ends(connection: Connection | None) -> dict[str, int]:
    """The packets in which the first ClientHello and the ServerHello end, as far as they do."""
    tls = connection.tls if connection is not None else None
    if tls is None:
        return {}
    ends = {}
    if tls.hello_complete and tls.hello_end_packet:
        ends["client-hello"] = tls.hello_end_packet
    for record in tls.server_records:
        if record.start <= tls.server_hello_start < record.end and record.complete:
            ends["server-hello"] = record.last_packet
    return ends


def _lookups(fetch: Fetch, cited: set[int]) -> Iterator[Fact]:
    """Questions and answers of a name that was not resolved."""
    for lookup in fetch.resolution.lookups if fetch.resolution is not None else ():
        for packet, _ in lookup.tries:
            if packet in cited:
                yield Fact(packet, "dns-id", lookup.id, "evidence", False)
                yield Fact(packet, "dns-response", 0, "evidence", False)
        if lookup.answer_packet in cited:
            yield Fact(lookup.answer_packet, "dns-id", lookup.id, "evidence", False)
            yield Fact(lookup.answer_packet, "dns-response", 1, "evidence", False)
            if lookup.rcode >= 0:
                yield Fact(lookup.answer_packet, "rcode", lookup.rcode, "evidence", False)

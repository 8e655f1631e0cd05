"""What was understood of a connection, packet by packet, in words for people."""

from __future__ import annotations

# not compiled: writes to people
from analyzer.fetch.model import Fetch
from analyzer.layer.http2.registry import error_word
from analyzer.layer.tls.registry import alert_name, version_name
from analyzer.model.connection import NETWORK, OUTSIDE, Connection
from analyzer.model.http import Exchange, Http2
from analyzer.model.tls import Record, Tls
from analyzer.output.veil import OPEN, Veil
from analyzer.text import cut

LONGEST = 100
"""Columns of a request or status line; targets can have thousands."""
MOST_RECORDS = 3
"""TLS records of one packet that are named."""
DATA = "application data"
RECORD_KINDS = {20: "ChangeCipherSpec", 21: "alert", 22: "handshake", 23: DATA, 24: "heartbeat"}

Notes = dict[int, list[str]]


def notes_of(fetch: Fetch, veil: Veil = OPEN) -> Notes:
    """What was understood of the connection, by packet; text from packets is escaped, and hidden as `veil` says."""
    connection = fetch.connection
    notes: Notes = {}
    if fetch.completion is not None:
        _add(notes, fetch.completion.done_packet, "handshake complete")
    if connection.tls is not None:
        _tls_notes(notes, connection.tls, veil)
    if fetch.opaque is not None:
        for packet in (fetch.opaque.close_notify_client, fetch.opaque.close_notify_server):
            _add(notes, packet, "a close_notify by its size")
    for exchange in [*([connection.connect] if connection.connect else []), *connection.exchanges]:
        _exchange_notes(notes, exchange, veil.target(exchange.method, fetch.shown(exchange.target)), veil)
    _milestone_notes(notes, connection)
    if connection.moved is None:
        return notes
    return {connection.moved.get(packet, (packet, 0))[0]: texts for packet, texts in notes.items()}


def _tls_notes(notes: Notes, tls: Tls, veil: Veil) -> None:
    name = f" {veil.name(tls.sni)}" if tls.sni else ""
    _add(notes, tls.hello_packet, f"ClientHello{name}")
    _add(notes, tls.server_hello_packet, f"ServerHello {version_name(tls.version)}")
    _add(notes, tls.certificate_packet, "Certificate")
    for records in (tls.client_records, tls.server_records):
        _record_notes(notes, tls, records)
    for alert in tls.alerts:
        text = f"alert {alert_name(alert.code).replace('-', '_')} ({alert.code})"
        _add(notes, alert.record.packet, text if alert.code >= 0 else "encrypted alert")
    if tls.reply:
        _add(notes, tls.reply_packet, veil.words("no TLS: {}", _start(tls.reply)))


def _record_notes(notes: Notes, tls: Tls, records: list[Record]) -> None:
    """Records that nothing better is known of, `application data 1400 B`."""
    named: dict[int, list[str]] = {}
    for record in records:
        kind = RECORD_KINDS.get(record.kind, f"type {record.kind}")
        hello = record.packet in (tls.hello_packet, tls.server_hello_packet) and record.kind == 22
        if record.kind != 21 and not hello:
            named.setdefault(record.packet, []).append(f"{kind} {record.length} B" if record.kind != 20 else kind)
    for packet, texts in named.items():
        more = [f"{len(texts) - MOST_RECORDS} more records"] if len(texts) > MOST_RECORDS else []
        for text in texts[:MOST_RECORDS] + more:
            _add(notes, packet, text)


def _exchange_notes(notes: Notes, exchange: Exchange, target: str, veil: Veil) -> None:
    _add(notes, exchange.request_packet, cut(f"{veil.method(exchange.method)} {target}", LONGEST))
    if exchange.status:
        _add(notes, exchange.response_packet, cut(f"{exchange.status}{veil.words(' {}', exchange.reason)}", LONGEST))
    if exchange.garbage:
        _add(notes, exchange.response_packet, veil.words("no HTTP: {}", _start(exchange.garbage)))
    if exchange.h2 is not None:
        _stream_notes(notes, exchange.h2)
    if exchange.response_complete and exchange.response_end_packet != exchange.response_packet:
        _add(notes, exchange.response_end_packet, "end of the response")


def _stream_notes(notes: Notes, h2: Http2) -> None:
    if h2.reset_packet:
        frame = "GOAWAY" if h2.reset_goaway else "RST_STREAM"
        _add(notes, h2.reset_packet, f"{frame} {error_word(h2.reset_code)} on stream {h2.stream}")
    if h2.goaway_packet:
        _add(notes, h2.goaway_packet, f"GOAWAY {error_word(h2.goaway_code)}: not stream {h2.stream}")


def _milestone_notes(notes: Notes, connection: Connection) -> None:
    for mark in connection.milestones:
        if mark.what == "rst":
            ignored = ", which its receiver ignores" if mark.place == OUTSIDE else ""
            _add(notes, mark.packet, (f"reset, ttl {mark.ttl}" if mark.ttl else "reset") + ignored)
        elif mark.side == NETWORK:
            _add(notes, mark.packet, "about the packets of this connection")


def _add(notes: Notes, packet: int, text: str) -> None:
    """Note something at a packet; packet 0 is none."""
    if packet:
        notes.setdefault(packet, []).append(text)


def _start(data: bytes) -> str:
    """The first 32 bytes as text, dots for what is none."""
    return '"' + "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data[:32]) + '"'

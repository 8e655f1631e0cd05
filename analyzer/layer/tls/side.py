"""One side of a TLS handshake: its messages, and what each record means by its type."""

from __future__ import annotations

from typing import Any

import cython

from analyzer.frame.octets import cut
from analyzer.layer.layer import Segment
from analyzer.layer.tls.certificate import read_certificate
from analyzer.layer.tls.hello import MALFORMED, read_client_hello, read_cut_server_hello, read_server_hello
from analyzer.layer.tls.messages import offered_ticket
from analyzer.layer.tls.records import RecordWalk
from analyzer.layer.tls.registry import ALERT, APPLICATION_DATA, CCS, HANDSHAKE, HEADER, TLS13
from analyzer.model.connection import CLIENT, MAX_MILESTONES, SERVER, Connection, Direction, Event
from analyzer.model.tls import MAX_RECORDS, Alert, Record, Tls

CLIENT_HELLO = 1
SERVER_HELLO = 2
NEW_SESSION_TICKET = 4
CERTIFICATE = 11
CERTIFICATE_REQUEST = 13
SERVER_HELLO_DONE = 14
EMPTY_LIST = 3
"""A Certificate message without certificates is the length of its list alone (RFC 5246 7.4.6)."""

MAX_MESSAGE = 65536
"""A longer handshake message is not collected; the largest seen in practice are certificate chains of some 20 kB."""
MAX_ALERTS = 16
ALERT_LENGTH = 2
BEHIND_RANDOM = 38
"""Bytes of a ClientHello with its header, its version and its random."""
HELLO_SHOWN = 14
"""Of a ServerHello: its header, its version and enough of its random to tell a HelloRetryRequest."""


class TlsSide(RecordWalk):
    """One side of the handshake.

    message       handshake bytes that are not a whole message yet, None = there are none
    started       1 = the header of that message was seen (milestone set); `need` bytes make it whole
    start_*       where the message that is being collected began
    blind         1 = handshake bodies are not read any more (encrypted, malformed, too long, or nothing left to learn)
    peer          the client's half, for the server's: its hello may be incomplete when the answer comes; else None
    random        of the ClientHello; ticket: that it offers, where keys are asked for
    inside        what keys show of the connection, an Inside, else None; sealed: pieces of a protected record's body
    told          writes messages into the log, a MessageLog, None = nobody wants to know
    ccs           1 = this side changed to encryption (1.2 and older; in 1.3 it is decoration, RFC 8446 D.4)
    """

    def __init__(self, tls: Tls, index: cython.int, connection: Connection, carrier: Direction) -> None:
        self.begin(tls, index, carrier)
        self.connection = connection
        self.peer: TlsSide | None = None
        self.message: bytearray | None = None
        self.need = 4
        self.alert = b""
        self.random = self.ticket = b""
        self.inside: Any = None
        self.told: Any = None
        self.sealed: list[bytes] | None = None
        self.started = self.blind = self.ccs = 0
        self.start_packet = self.start_time = self.start_offset = 0

    def wants(self, kind: cython.int, length: cython.int) -> cython.int:
        """Hellos, the server's certificate, and plaintext alerts are readable; the rest is encrypted or of no use."""
        if self.keyed and self.protected(kind):
            self.alert = b""
            self.sealed = [] if self.inside.wants(self.index, kind, length) else None
            return 0 if self.sealed is None else 2
        self.sealed = None
        if kind == ALERT:
            self.alert = b""
            return length == ALERT_LENGTH
        if kind != HANDSHAKE or (self.ccs and self.tls.version < TLS13):
            return 0
        return not self.blind or self.told is not None

    def body(self, segment: Segment, at: cython.Py_ssize_t, end: cython.Py_ssize_t, offset: cython.longlong) -> None:
        """Read handshake messages where they lie; one that goes on in another record or segment is collected."""
        if self.last is None:
            return
        if self.sealed is not None:
            self.sealed.append(cut(segment.data, at, end))
            return
        if self.last.kind == ALERT:
            self.alert += segment.data[at:end]
            return
        if self.told is not None:
            self.told.body(self.last, segment, at, end, offset)
        message = self.message
        if message is None:
            at = self.messages(segment.data, at, end, offset - at, segment)
            if at < end and not self.blind:
                self.message = bytearray(segment.data[at:end])
            return
        offset -= len(message)
        message += segment.data[at:end]
        if len(message) >= (self.need if self.started else 4):
            at = self.messages(bytes(message), 0, len(message), offset, segment)
            del message[:at]
        if self.blind or not message:
            self.message = None

    def messages(
        self,
        data: bytes,
        at: cython.Py_ssize_t,
        end: cython.Py_ssize_t,
        base: cython.longlong,
        segment: Segment,
    ) -> cython.Py_ssize_t:
        """Read the whole messages of data[at:end]; `base` is the stream offset of data[0]. Returns where they end."""
        while not self.blind and end - at >= 4:
            if not self.started:
                self._announce(data, at, base, segment)
            if end - at < self.need:
                break
            self._message(data, at, at + self.need, segment)
            at += self.need
            self.started = 0
            if self.index == CLIENT and self.tls.hello_complete and self.tls.hello_end < self.far(base + at):
                self.tls.hello_end = self.far(base + at)
        return at

    def complete(self, record: Record) -> None:
        """What a whole record means by its type alone, and by what is in it where keys open it."""
        if self.keyed and self.protected(record.kind):
            self.inside.over(self, record, self.sealed_body())
            self.sealed = None
        if record.kind == CCS:
            self._change_cipher(record)
        elif record.kind == ALERT:
            self._alert(record)
        elif record.kind == HANDSHAKE and self.ccs:
            self._finished(record)

    def protected(self, kind: cython.int) -> cython.bint:
        """Whether a record of this type is encrypted, by what was said before it."""
        return kind == APPLICATION_DATA or (self.ccs != 0 and self.tls.version < TLS13)

    def sealed_body(self) -> bytes | None:
        """What there is of the body of a protected record, None = it is not wanted, or has a hole."""
        pieces = self.sealed
        if pieces is None:
            return None
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def alerted(self, record: Record, plain: bytes) -> None:
        """An alert that keys have opened; that of TLS 1.2 has the type of one, and is taken for one without that."""
        self.alert = plain
        if record.kind != ALERT:
            self._alert(record)

    def lose(self, since: cython.longlong) -> None:
        """As RecordWalk.lose."""
        RecordWalk.lose(self, since)
        if self.inside is not None:
            self.inside.drift(self.index, since)

    def hole(self, segment: Segment) -> cython.Py_ssize_t:
        """As RecordWalk.hole."""
        skip: cython.Py_ssize_t = RecordWalk.hole(self, segment)
        if self.inside is not None and self.adrift:
            half = self.inside.half(self.index)
            self.inside.drifting(half, segment.first + segment.lost, segment.packet, segment.time)
        return skip

    def begun(self) -> Record | None:
        """The newest record, with offsets of this stream."""
        record = self.last
        if record is None or self.carrier is None:
            return record
        copied = record.copy()
        copied.start, copied.end = self.end - record.length - HEADER, self.end
        return copied

    def torn(self) -> None:
        """A hole in a handshake message: keep what an incomplete hello shows, read no more."""
        if self.sealed is not None:
            self.inside.torn(self)
            self.sealed = None
            return
        self.tls.hole = 1
        message = self.message
        if message is not None and self.started:
            if self.index == CLIENT and not self.tls.hello_complete:
                read_client_hello(bytes(message), 4, len(message), self.tls)
                if len(message) >= BEHIND_RANDOM:
                    self.random = bytes(message[6:BEHIND_RANDOM])
            elif self.index == SERVER and message[0] == SERVER_HELLO and not self.tls.server_hello_packet:
                self._server_hello_cut(bytes(message))
        self.message = None
        self.blind = 1

    def _announce(self, data: bytes, at: cython.Py_ssize_t, base: cython.longlong, segment: Segment) -> None:
        """The header of a message is there: note where it began and how long it is."""
        record = self.last
        if record is None:
            return
        length: cython.int = (data[at + 1] << 16) | (data[at + 2] << 8) | data[at + 3]
        self.need = length + 4
        self.started = 1
        self.start_offset = base + at
        self.start_packet, self.start_time = segment.packet, segment.time
        begins: cython.longlong = self.end - record.length
        if self.start_offset <= begins:  # the record's first message: cite the record
            self.start_offset, self.start_packet, self.start_time = begins - HEADER, record.packet, record.time
        if self.index == CLIENT and data[at] == CLIENT_HELLO:
            self._client_hello_begins(record)
        if length > MAX_MESSAGE:
            self._malformed("handshake message over 64 KiB")

    def _client_hello_begins(self, record: Record) -> None:
        tls = self.tls
        tls.hellos += 1
        if tls.hellos == 1:
            tls.hello_packet, tls.hello_time = self.start_packet, self.start_time
            tls.hello_start, tls.hello_end = self.far(self.start_offset), record.end
            tls.hello_size = self.need
            tls.hello_record_version = self.version
        self.cite("client-hello", self.start_packet, self.start_time, self.start_offset, record, tls)

    def _message(self, data: bytes, at: cython.Py_ssize_t, end: cython.Py_ssize_t, segment: Segment) -> None:
        """The whole handshake message data[at:end]."""
        tls = self.tls
        kind: cython.int = data[at]
        at += 4
        if self.index == CLIENT:
            if kind == CLIENT_HELLO:
                self._client_hello(data, at, end, segment)
            elif kind == CERTIFICATE and end - at <= EMPTY_LIST:
                tls.certificate_empty = 1
        elif kind == NEW_SESSION_TICKET:
            if self.inside is not None:
                self.inside.ticketed(data[at:end])
        elif tls.hello_done_packet:
            self.blind = 1
        elif kind == CERTIFICATE_REQUEST:
            tls.certificate_asked = 1
        elif kind == SERVER_HELLO:
            self._server_hello(data, at, end)
        elif kind == CERTIFICATE:
            tls.certificate_packet = self.start_packet
            tls.certificate = read_certificate(data[at:end])
        elif kind == SERVER_HELLO_DONE:
            tls.hello_done_packet, tls.hello_done_time = self.start_packet, self.start_time
            self.blind = self.inside is None  # a ticket may follow (RFC 5077 3.1)
            if self.inside is not None:
                self.inside.declined()

    def _client_hello(self, data: bytes, at: cython.Py_ssize_t, end: cython.Py_ssize_t, segment: Segment) -> None:
        """The facts of the first hello stay; the one after a HelloRetryRequest only offers other key shares."""
        tls = self.tls
        if tls.hello_complete:
            self.blind = 1
            return
        if not read_client_hello(data, at, end, tls):
            self._malformed("client hello")
        self.random = data[at + 2 : at + 34]
        self.paused = self.asks
        if self.asks and tls.ticket:
            self.ticket = offered_ticket(data[at:end])
        tls.hello_complete = 1
        tls.hello_end = 0  # set by the caller, who knows where the message ends
        tls.hello_end_packet, tls.hello_end_time = segment.packet, segment.time

    def _server_hello(self, data: bytes, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> None:
        tls = self.tls
        record = self.last
        if self.peer is not None:
            self.peer.finish()  # the answer is compared with the offer, as far as that is there
        retry: cython.int = read_server_hello(data, at, end, tls)
        if retry == MALFORMED:
            self._malformed("server hello")
            return
        if record is None:
            return
        if retry:
            tls.retry_request = 1
        else:
            tls.server_hello_packet, tls.server_hello_time = self.start_packet, self.start_time
            tls.server_hello_start = self.far(self.start_offset)
            self.blind = 1 if tls.version >= TLS13 else 0
            if self.inside is not None:
                self.inside.negotiated(data[at:end])
        self._cite_server_hello(retry, record)

    def _server_hello_cut(self, data: bytes) -> None:
        """Of a ServerHello only the beginning was captured; its version may stand in what is missing."""
        record = self.last
        if record is None or len(data) < HELLO_SHOWN:
            return
        tls = self.tls
        retry: cython.int = read_cut_server_hello(data, tls)
        if retry:
            tls.retry_request = 1
        else:
            tls.server_hello_packet, tls.server_hello_time = self.start_packet, self.start_time
            tls.server_hello_start = self.far(self.start_offset)
        self._cite_server_hello(retry, record)

    def _cite_server_hello(self, retry: cython.int, record: Record) -> None:
        note: object = "hello-retry-request" if retry else self.tls
        self.cite("server-hello", self.start_packet, self.start_time, self.start_offset, record, note)

    def finish(self) -> None:
        """Read what an incomplete ClientHello shows, usually its name: nothing more of it may come."""
        message = self.message
        if message is None or not self.started or self.blind or self.index != CLIENT or self.tls.hello_complete:
            return
        if message[0] == CLIENT_HELLO:
            read_client_hello(bytes(message), 4, len(message), self.tls)

    def weight(self) -> cython.Py_ssize_t:
        """Bytes of a message that is not whole."""
        return 0 if self.message is None else len(self.message)

    def _change_cipher(self, record: Record) -> None:
        if self.ccs:
            return
        self.ccs = 1
        tls = self.tls
        if self.inside is not None and tls.version < TLS13:
            self.inside.change(self.index)
        if self.index == CLIENT:
            tls.client_ccs = self.far(record.start)
            return
        tls.server_ccs = self.far(record.start)
        if tls.server_hello_packet and tls.version < TLS13 and not tls.hello_done_packet and not tls.hole:
            tls.resumed = 1  # an abbreviated handshake: the server changes cipher right after its hello

    def _finished(self, record: Record) -> None:
        """The first handshake record after the CCS. In 1.3 it means nothing and `tls.version` says so."""
        tls = self.tls
        if self.index == CLIENT and tls.client_finished is None:
            tls.client_finished = self.kept(record)
            tls.done_1_2 |= 1
        elif self.index == SERVER and tls.server_finished is None:
            tls.server_finished = self.kept(record)
            tls.done_1_2 |= 2

    def _alert(self, record: Record) -> None:
        """A plaintext alert is two bytes (RFC 8446 6); anything longer is encrypted."""
        tls = self.tls
        if len(tls.alerts) >= MAX_ALERTS:
            return
        level: cython.int = -1
        code: cython.int = -1
        if len(self.alert) == ALERT_LENGTH:
            level, code = self.alert[0], self.alert[1]
        alert = Alert(self.index, level, code, self.kept(record))
        tls.alerts.append(alert)
        self.cite("alert", record.packet, record.time, record.start, record, alert)

    def _malformed(self, what: str) -> None:
        if not self.tls.malformed:
            self.tls.malformed = what
        self.blind = 1

    def kept(self, record: Record) -> Record:
        """The record itself, or a copy when the walk is going to use the object again."""
        if self.count <= MAX_RECORDS:
            return record
        copied = record.copy()
        copied.start, copied.end = self.far(record.start), self.far(record.end)
        return copied

    def cite(
        self,
        what: str,
        packet: cython.longlong,
        time: cython.longlong,
        offset: cython.longlong,
        record: Record,
        note: object,
    ) -> None:
        """Add a milestone, as long as there is room for the ones that end a connection."""
        if len(self.connection.milestones) >= MAX_MILESTONES:
            return
        milestone: Event = Event.__new__(Event)
        milestone.begin(what, self.index, packet, time)
        milestone.offset = self.far(offset)
        milestone.ack = record.ack
        milestone.length = record.length + 5
        milestone.note = note
        self.connection.milestones.append(milestone)

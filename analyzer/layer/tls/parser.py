"""Fills `connection.tls` from the two byte streams of a TLS connection."""

from __future__ import annotations

from typing import Any

import cython

from analyzer.layer.layer import Layer, Segment
from analyzer.layer.tls.side import TlsSide
from analyzer.model.connection import CLIENT, SERVER
from analyzer.model.log import Log
from analyzer.model.tls import Record, Tls

RECORD, FREE_RECORDS = 112, 16
"""Bytes of a record; so many of both sides are in the bytes that every connection costs (tcp/expiry.py MAX_OPEN)."""


class TlsParser(Layer):
    """Both sides of one TLS connection."""

    def __init__(self, parent: Layer) -> None:
        self.join(parent)
        tls = Tls()
        self.connection.tls = tls
        self.tls = tls
        self.client = TlsSide(tls, CLIENT, self.connection, self.up)
        self.server = TlsSide(tls, SERVER, self.connection, self.down)
        self.server.peer = self.client
        if self.log is not None:
            self.write(self.log)
        self.inside: Any = None
        self.client.asks = self.keys is not None
        self.sslv2 = 0

    def write(self, log: Log) -> None:
        """Let both sides log what they read."""
        from analyzer.layer.tls.logged import MessageLog  # for hardly anybody

        for side in (self.client, self.server):
            side.log, side.told = log, MessageLog(log, side.index)

    def feed(self, segment: Segment) -> cython.Py_ssize_t:
        """As Layer.feed. A cut record shows in `complete`, so that there is nothing to do at the end of a side."""
        if segment.fin:
            if self.inside is not None:
                self.inside.over_with(self.server if segment.side.index == SERVER else self.client)
                self.inside.ended(segment.side.index, segment.packet, segment.time)
            return 0
        if segment.side.index == SERVER:
            return self.server.feed(segment)
        if self.sslv2 and not segment.lost:
            return self._sslv2(segment)
        return self._client(segment)

    def _client(self, segment: Segment) -> cython.Py_ssize_t:
        """What the client says. Early data may lie in the same segment as the hello: its keys are asked for before."""
        skip: cython.Py_ssize_t = self.client.feed(segment)
        if self.client.asks and self.client.random:
            paused: cython.bint = self.client.paused == 2
            self.client.asks = self.client.paused = 0
            self.unlock()
            if paused:
                skip = self.client.feed(segment)
        return skip

    def unlock(self) -> None:
        """There are keys; perhaps some of this connection are among them."""
        names = (self.tls.session_id, self.client.ticket)
        session = self.keys.session(self.client.random, self.connection.first_packet, names)
        if session is None and not self.keys.grows:
            if self.keys:
                self.tls.keys = "missing"
                self.connection.flag("keys-missing")
            self.keys = None
            return
        from analyzer.layer.tls.inside import Inside  # which carries layers that need this one

        inside = Inside(self, self.tls, self.client.random, names, session)
        inside.server.unread = self.server.count > 0
        self.inside = self.client.inside = self.server.inside = inside
        self.client.keyed = self.server.keyed = 1

    def acknowledged(self, ack: cython.longlong, packet: cython.longlong, time: cython.longlong) -> None:
        """As Layer.acknowledged."""
        if self.inside is not None:
            self.inside.layer.acknowledged(ack, packet, time)

    def finish(self) -> None:
        """As Layer.finish."""
        self.client.finish()
        if self.inside is not None:
            self.inside.over_with(self.client)
            self.inside.over_with(self.server)
            self.inside.finish()

    def weight(self) -> cython.Py_ssize_t:
        """As Layer.weight: handshake messages that are not whole, and records."""
        kept: cython.Py_ssize_t = self.client.weight() + self.server.weight()
        if self.inside is not None:
            kept += self.inside.weight()
        return kept + RECORD * max(0, self.records() - FREE_RECORDS)

    def records(self) -> cython.Py_ssize_t:
        """How many records and alerts are kept."""
        tls = self.tls
        return (
            len(tls.client_records)
            + len(tls.client_late)
            + len(tls.server_records)
            + len(tls.server_late)
            + len(tls.alerts)
        )

    def begin_sslv2(self, size: cython.int) -> None:
        """The client's first bytes are an SSLv2 hello of `size` bytes, its two header bytes included."""
        self.sslv2 = self.tls.sslv2 = 1
        self.tls.hello_size = size

    def _sslv2(self, segment: Segment) -> cython.Py_ssize_t:
        """Pass over the hello; TLS records follow when it was one that offers TLS as well (RFC 5246 E.2)."""
        tls = self.tls
        if tls.hellos == 0:
            tls.hellos = 1
            tls.hello_packet, tls.hello_time = segment.packet, segment.time
            tls.hello_start, tls.hello_end = segment.first, segment.first + tls.hello_size
            hello = Record(0, tls.hello_size - 5, segment.first)
            hello.ack = segment.acknowledged
            self.client.cite("client-hello", segment.packet, segment.time, segment.first, hello, tls)
        left: cython.longlong = tls.hello_end - segment.first
        if left > segment.end - segment.at:
            return left - (segment.end - segment.at)
        tls.hello_complete = 1
        tls.hello_end_packet, tls.hello_end_time = segment.packet, segment.time
        self.sslv2 = 0
        segment.at += left
        segment.first += left
        return self._client(segment)

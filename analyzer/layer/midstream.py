"""A conversation that is met in its middle: waits for a clean start of a message or of TLS records."""

from __future__ import annotations

from typing import Any

import cython

from analyzer.flow.roles import CLIENTS, told_by_bytes
from analyzer.layer.detection import H2C, HTTP, client_protocol, looks_like, on_record_boundary
from analyzer.layer.layer import Layer, Segment
from analyzer.layer.next import Next
from analyzer.layer.tls.parser import TlsParser
from analyzer.model.connection import CLIENT, NEVER, SERVER

MAX_TRIES = 64
"""Segments a side in which a connection met in its middle may show a clean start."""
BOTH = 3


class Midstream(Next):
    """Starts at a ClientHello, a request line, or where records evidently begin; lets other segments go.

    records    TLS, while the record boundaries of a side are still unknown, else None
    unsynced   then: bit 1 = the client's are, bit 2 = the server's
    client_tries, server_tries   segments that showed no start, or were lost before one
    """

    def __init__(self, parent: Layer | None) -> None:
        Next.__init__(self, parent)
        self.records: TlsParser | None = None
        self.unsynced = BOTH
        self.client_tries = self.server_tries = 0

    def feed(self, segment: Segment) -> cython.Py_ssize_t:
        """As Layer.feed."""
        if self.records is not None:
            return self.filter(self.records, segment)
        if segment.lost:
            return self.miss(segment)
        if segment.fin:
            return self.ended(segment)
        return self.search(segment)

    def search(self, segment: Segment) -> cython.Py_ssize_t:
        """Look for a start at the begin of this segment."""
        data = segment.content()
        kind: cython.int = looks_like(data)
        fresh: cython.bint
        layer: Layer | None = None
        http1: Any
        http2: Any
        told_by_bytes(self.connection, segment.side, kind)
        if kind == CLIENTS and segment.side.index == CLIENT:
            fresh = self.server_tries == 0
            kind = client_protocol(data)
            layer = self.choose(kind, data)
            self.unsynced = 0 if fresh else 2
            if kind == H2C and not fresh:
                http2 = layer
                http2.lose_boundaries(http2.server)
            elif kind == HTTP and not fresh:
                http1 = layer
                http1.miss_answers()
        elif kind != CLIENTS and on_record_boundary(data):
            layer = self.tls()
            self.unsynced = BOTH
        if layer is None:
            return self.try_again(segment)
        if isinstance(layer, TlsParser) and self.unsynced:
            self.records = layer
            return self.filter(layer, segment)
        return self.hand_over(layer, segment)

    def filter(self, records: TlsParser, segment: Segment) -> cython.Py_ssize_t:
        """Let through what a side says once its record boundaries are known; both known, this layer is gone."""
        bit: cython.int = 1 << segment.side.index
        if self.unsynced & bit and not segment.fin:
            if segment.lost:
                return 0
            data = segment.content()
            if not on_record_boundary(data) and looks_like(data) != segment.side.index + 1:
                return self.try_again(segment)
            self.unsynced &= ~bit
        if not self.unsynced:
            self.heir = records
        return records.feed(segment)

    def try_again(self, segment: Segment) -> cython.Py_ssize_t:
        """No start here; of too many such segments no more are looked at."""
        tries: cython.int
        if segment.side.index == CLIENT:
            self.client_tries += 1
            tries = self.client_tries
        else:
            self.server_tries += 1
            tries = self.server_tries
        return NEVER if tries >= MAX_TRIES else 0

    def miss(self, segment: Segment) -> cython.Py_ssize_t:
        """More bytes are missing."""
        if self.answer_shows(segment):
            return segment.side.skip
        if segment.side.index == CLIENT or self.from_client is None:
            self.forget()
        if segment.side.index == SERVER:
            self.server_tries = max(1, self.server_tries)
        self.unsynced = BOTH
        return 0

    def finish(self) -> None:
        """As Layer.finish."""
        if self.records is not None:
            self.records.finish()
        else:
            Next.finish(self)

    def weight(self) -> cython.Py_ssize_t:
        """As Layer.weight."""
        kept: cython.longlong = Next.weight(self)
        return kept if self.records is None else kept + self.records.weight()

    def swap(self) -> cython.bint:
        """As Layer.swap."""
        if self.records is not None or not Next.swap(self):
            return False
        self.client_tries, self.server_tries = self.server_tries, self.client_tries
        self.unsynced = (self.unsynced & 1) << 1 | self.unsynced >> 1
        return True

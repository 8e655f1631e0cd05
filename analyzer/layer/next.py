"""The layer for what is not known yet: decides by content, never by port, who reads a conversation, and is gone."""

from __future__ import annotations

import cython

from analyzer.frame.packet import DNS_PORT
from analyzer.layer.detection import H2C, HTTP, NEED, OTHER, PROXY, SOCKS4, SOCKS5, SSLV2, TLS, client_protocol
from analyzer.layer.dns.stream import DnsStream
from analyzer.layer.http1.parser import HttpParser
from analyzer.layer.kept import MAX_FIRST, Kept, Waiting
from analyzer.layer.layer import Layer, Segment
from analyzer.layer.proxy_protocol import MORE, WRONG, header_size
from analyzer.layer.socks import Socks
from analyzer.layer.tls.parser import TlsParser
from analyzer.layer.unknown import Unknown
from analyzer.model.connection import CLIENT, NEVER, SERVER
from analyzer.model.http import Exchange

MAX_DEPTH = 8
"""Prologues and tunnels in each other."""


class Next(Waiting):
    """Keeps what it has not understood until the client's bytes tell the protocol, and lets that read all of it.

    What stands before a protocol (a PROXY header, a SOCKS dialogue, a CONNECT) leads to another of its kind.
    """

    def __init__(self, parent: Layer | None) -> None:
        if parent is not None:
            self.join(parent)
        self.wait()

    def feed(self, segment: Segment) -> cython.Py_ssize_t:
        """As Layer.feed. When nothing came before it a segment is decided on alone, which is the usual case."""
        kind: cython.int
        if segment.lost:
            return self.miss(segment)
        if segment.fin:
            return self.ended(segment)
        if segment.side.index == CLIENT and self.from_client is None and self.from_server is None:
            kind = client_protocol(segment.content())
            if kind in (TLS, HTTP):
                return self.hand_over(self.tls() if kind == TLS else self.http(), segment)
        kept = self.keep(segment)
        if segment.side.index == SERVER and self.from_client is None:
            self.tell("other", kept.first())  # it speaks first; a ClientHello or a request may still correct this
        self.decide()
        if self.heir is None and kept.full():
            self.give_up()
        return 0 if self.heir is None else segment.side.skip

    def hand_over(self, layer: Layer, segment: Segment) -> cython.Py_ssize_t:
        """Let a layer go on with this segment."""
        skip: cython.longlong = layer.feed(segment)
        self.heir = self.over(layer if layer.heir is None else layer.heir)
        return skip

    def decide(self) -> None:
        """Take PROXY headers off and tell the protocol, as far as the client's bytes go."""
        kind: cython.int = PROXY
        while kind == PROXY and self.heir is None:
            client = self.from_client
            if client is None:
                return
            head = client.head()
            kind = client_protocol(head)
            if kind == PROXY:
                if not self.take_off(client, header_size(head), "proxy-protocol"):
                    return
            elif kind in (SOCKS4, SOCKS5):
                self.start_socks(client, head, kind)
            elif kind != NEED:
                self.start(kind, head)

    def take_off(self, client: Kept, size: cython.int, via: str) -> cython.bint:
        """Pass over a prologue of the client's; False when it is not whole, or wrong, or one too many."""
        if size == WRONG or self.depth >= MAX_DEPTH:
            self.give_up()
            return False
        if size == MORE or size > client.left():
            return False
        if self.log is not None:
            _, packet, time, _ = client.pieces[0]
            self.log.add("prologue", CLIENT, packet, time, client.start + client.at, size, via)
        client.at += size
        self.depth += 1
        self.note(via)
        return True

    def note(self, via: str) -> None:
        """What was said so far led to something else."""
        connection = self.connection
        connection.via = (*connection.via, via)
        self.tell("", b"")

    def start(self, kind: cython.int, head: bytes) -> None:
        """The client's bytes begin with `head`, which is of this kind."""
        layer = self.choose(kind, head)
        if layer is None:
            self.not_understood()
        else:
            self.become(layer)

    def choose(self, kind: cython.int, head: bytes) -> Layer | None:
        """Who reads a conversation that the client begins with `head`, which is of this kind; None = nobody can."""
        if kind == TLS:
            return self.tls()
        if kind == SSLV2:
            tls = self.tls()
            tls.begin_sslv2((((head[0] & 0x7F) << 8) | head[1]) + 2)
            return tls
        if kind == HTTP:
            return self.http()
        if kind == H2C:
            return self.http2(None)
        if kind == OTHER and self.lookups is not None and self.connection.server.port == DNS_PORT:
            self.tell("other", self.connection.other_first)  # it fetches nothing itself
            return DnsStream(self)
        return None

    def tls(self) -> TlsParser:
        """TLS begins."""
        self.tell("tls", b"")
        return TlsParser(self)

    def http(self) -> HttpParser:
        """HTTP/1.x begins."""
        self.tell("http", b"")
        return HttpParser(self)

    def http2(self, upgraded: Exchange | None) -> Layer:
        """HTTP/2 begins, with prior knowledge or after the answer to an HTTP/1.1 request (signatures.md 1.3)."""
        from analyzer.layer.http2.parser import Http2Parser  # rare in plain text

        self.tell("h2c", b"")
        return Http2Parser(self, upgraded)

    def start_socks(self, client: Kept, head: bytes, kind: cython.int) -> None:
        """The client greets a SOCKS proxy."""
        socks = Socks(self, client.first())
        if self.take_off(client, socks.greet(head, kind == SOCKS5), "socks"):
            socks.depth = self.depth
            socks.inner = Next(socks)
            self.become(socks)

    def give_up(self) -> None:
        """This is no protocol that anybody here reads."""
        kept = self.from_client or self.from_server
        known = self.connection.other_first
        self.tell("other", kept.first() if kept is not None and not known else known)
        self.pass_over()

    def not_understood(self) -> None:
        """What the client says is no protocol we know. If the server takes it for a bad request, it is one."""
        client = self.from_client
        if client is None or not client.pieces:
            self.give_up()
            return
        self.tell("other", self.connection.other_first or bytes(client.data[client.at :][:MAX_FIRST]))
        self.up.skip = NEVER
        unknown = Unknown(self)
        self.heir = unknown if unknown.heir is None else unknown.heir

    def settle(self) -> None:
        """No more bytes of the client will come: what is there decides."""
        client = self.from_client
        if client is None or client.left() == 0:
            return
        if client.data[client.at] == 0x16 and client.left() >= 3:
            self.become(self.tls())
        else:
            self.not_understood()

    def ended(self, segment: Segment) -> cython.Py_ssize_t:
        """One direction is over."""
        if segment.side.index == CLIENT:
            self.settle()
        elif self.heir is None:
            self.over_packet, self.over_time = segment.packet, segment.time
        return 0 if self.heir is None else self.heir.feed(segment)

    def finish(self) -> None:
        """As Layer.finish: decide on what there is."""
        self.settle()
        if self.heir is not None:
            self.heir.finish()

    def miss(self, segment: Segment) -> cython.Py_ssize_t:
        """Bytes are missing before the protocol is known."""
        from analyzer.layer.midstream import Midstream  # which is one of these

        if self.answer_shows(segment):
            return segment.side.skip
        headless: cython.bint = segment.side.index == SERVER
        if segment.side.index == CLIENT or self.from_client is None:
            headless = headless or self.from_server is not None
            self.forget()
        midstream = Midstream(self)
        midstream.server_tries = 1 if headless else 0
        midstream.take_over(self)
        self.heir = midstream
        return 0

    def forget(self) -> None:
        """What was kept begins in the middle of something, or the other side's beginning is missing."""
        self.from_client = self.from_server = None
        self.tell("", b"")

    def answer_shows(self, segment: Segment) -> cython.bint:
        """The capture lost the client's first bytes, but what the server said tells that they were a request."""
        server = self.from_server
        if segment.side.index != CLIENT or server is None or not server.head().startswith(b"HTTP/1."):
            return False
        self.from_client = None
        http = self.http()
        self.up.skip = http.feed(segment)
        self.become(http)
        return True

    def swap(self) -> cython.bint:
        """As Layer.swap."""
        if self.heir is not None:
            return False
        self.up, self.down = self.down, self.up
        self.from_client, self.from_server = self.from_server, self.from_client
        self.tell("", b"")
        return True

"""Messages of which bytes are missing: cut by the snap length, or lost by the capture.

A start line and whole field lines before the cut count. Where the message ends is then unknown (RFC 9112 6.3), and the
next one begins with a segment that the other side's numbers allow: a client asks again once it has the whole answer, a
server answers what it has acknowledged.
"""

from __future__ import annotations

import cython

from analyzer.layer.http1 import head
from analyzer.layer.http1.framing import response_framing
from analyzer.layer.http1.head import ABSENT
from analyzer.layer.http1.notes import keep_fields
from analyzer.layer.http1.pairing import Pairing
from analyzer.layer.http1.states import BODY, CHUNK_END, CHUNK_SIZE, HEAD, LOST, TRAILER, UNFRAMED
from analyzer.layer.http1.stream import Http1Side
from analyzer.layer.layer import place
from analyzer.model.connection import Direction
from analyzer.model.http import Exchange

LAST_CHUNK = b"0\r\n\r\n"
"""A chunk of size 0 without trailers ends a body (RFC 9112 7.1); servers often send it in a segment of its own."""
EMPTY_LINE = 1
"""The head goes on behind the cut for the last byte of its empty line at least."""

SWITCHING = 101


class Partial(Pairing):
    """What becomes of messages after a gap."""

    def lose(self, stream: Http1Side, start: cython.longlong) -> None:
        """Bytes outside a body are missing: what is known of the message stays known, where it ends is not."""
        if stream is self.server:
            for exchange in self.waiting:
                exchange.lost = 1
        if stream.state == UNFRAMED:
            stream.last_chunk = 0
            self.goes_on(stream)
            return
        if stream.state == HEAD and stream.size:
            self.partial_head(stream, start)
        elif stream.state in (BODY, CHUNK_SIZE, CHUNK_END, TRAILER) and stream.exchange is not None:
            self.unframe(stream, 0)
        if stream.state == UNFRAMED or self.tunnel:
            return
        if stream.exchange is not None:
            stream.exchange.lost = 1
            self.update(stream, stream.exchange)
        if stream is self.client and not self.waiting and stream.exchange is None and self.orphans:
            self.drop_orphans(place(stream.side, stream.position))
        stream.next_message(LOST)

    def partial_head(self, stream: Http1Side, start: cython.longlong) -> None:
        """The start line, as far as it goes, and the whole lines behind it."""
        line = bytes(stream.line or b"")
        lines = stream.lines
        if not lines and stream is self.server:
            parsed = head.partial_status(line)
            if parsed is not None:
                self.begin_status(parsed[0], parsed[1], "")
        exchange = stream.exchange
        if exchange is None:
            return
        if not lines and stream is self.client:
            exchange.method, exchange.target = head.partial_request(line)
        self.found.take_all(b"".join(lines[1:]) if lines else b"")
        if stream is self.client:
            self.partial_request(stream, exchange, start)
        else:
            self.partial_response(stream, exchange, start)

    def partial_request(self, stream: Http1Side, exchange: Exchange, start: cython.longlong) -> None:
        """What the fields before the cut say of a request."""
        found = self.found
        exchange.host, exchange.user_agent = found.host, found.user_agent
        exchange.expect_continue, exchange.authorized = found.expect_continue, found.authorized
        exchange.request_body_expected = found.length if found.coding == ABSENT else -1
        self.unframe(stream, start + EMPTY_LINE + max(0, exchange.request_body_expected))

    def partial_response(self, stream: Http1Side, exchange: Exchange, start: cython.longlong) -> None:
        """What the fields before the cut say of a response; one without a body ends with its head."""
        found = self.found
        if exchange.status == 0:  # an interim one
            exchange.response_start, exchange.response_packet, exchange.response_time = -1, 0, 0
            exchange.lost = 1
            stream.exchange = None
            return
        exchange.head_packet = stream.packet
        keep_fields(exchange, found.raw)
        kind = response_framing(exchange.method, exchange.status, found)
        if kind == "tunnel":
            exchange.response_framing = kind
            self.switch(stream, exchange)
            if exchange.status == SWITCHING and "upgrade" not in exchange.headers:  # to HTTP/2 it would be no answer
                exchange.response_complete, exchange.response_unframed = 0, 1
            return
        if kind == "close" and found.coding == ABSENT:
            kind = ""  # it may be behind the cut what its framing is
        exchange.response_framing = kind
        exchange.body_expected = found.length if kind == "length" else -1
        self.unframe(stream, start + EMPTY_LINE + max(0, exchange.body_expected))
        if kind == "none" or exchange.body_expected == 0:
            exchange.response_complete = 1

    def unframe(self, stream: Http1Side, least: cython.longlong) -> None:
        """Where the message ends is unknown; it reaches `least` at least."""
        exchange = stream.exchange
        stream.state = UNFRAMED
        stream.line = stream.lines = None
        stream.size = 0
        stream.least = least
        stream.last_chunk = 0
        if exchange is None:
            return
        self.update(stream, exchange)
        if stream is self.client:
            exchange.request_unframed = exchange.request_complete = 1
        else:
            exchange.response_unframed = 1

    def goes_on(self, stream: Http1Side) -> None:
        """More bytes of a message whose end is unknown."""
        exchange = stream.exchange
        if exchange is None:
            return
        self.update(stream, exchange)
        bodiless = exchange.response_framing == "none" or exchange.body_expected == 0
        if stream is self.server and exchange.response_complete and not bodiless:
            exchange.response_complete = 0  # it was not whole when the client seemed to ask again
            for other in self.waiting:
                other.lost = 1

    def follows(self, stream: Http1Side, data: bytes) -> cython.bint:
        """Whether the next message begins here: a start line, and numbers that fit."""
        exchange = stream.exchange
        begins: cython.bint
        if stream.position < stream.least:
            begins = False
        elif stream is self.client:
            answered = exchange is None or (exchange.response_packet > 0 and stream.ack > exchange.response_start)
            begins = answered and head.begins_request(data)
        else:
            begins = head.starts_response(data) and self.asked_since(stream, exchange)
            if begins:
                self.find_asker(stream)
        if begins:
            if exchange is not None and stream is self.server:
                self.drop(exchange)
            stream.next_message(HEAD)
            return True
        stream.last_chunk = data.endswith(b"\r\n" + LAST_CHUNK) or data == LAST_CHUNK
        stream.position += len(data)
        self.goes_on(stream)
        stream.position -= len(data)
        return False

    def asked_since(self, stream: Http1Side, exchange: Exchange | None) -> cython.bint:
        """The server has acknowledged more than the request that it was answering: there was another one."""
        return exchange is None or stream.ack > exchange.request_end

    def asked_again(self, start_ack: cython.longlong) -> None:
        """The client asks again. Having all that the server sent, it had the whole answer (RFC 9112 9.3.2)."""
        stream = self.server
        exchange = stream.exchange
        least: cython.longlong = max(place(stream.side, stream.least), stream.side.end)
        if stream.state == UNFRAMED and exchange is not None and start_ack >= least:
            self.update(stream, exchange)
            exchange.response_complete = 1

    def end_unframed(self, stream: Http1Side, exchange: Exchange) -> None:
        """Nothing more will come: whether the message is whole, as far as lengths and the last chunk tell."""
        side: Direction = stream.side
        short = 0 < max(side.end, side.sent, side.acked) < place(side, stream.least)
        if stream is self.client:
            exchange.request_complete = int(not short)
            exchange.request_unframed = 2 if short else 1
            return
        exchange.response_unframed = 2 if short else 1
        if short:
            exchange.response_complete = 0
            exchange.body_got = max(0, side.end + exchange.body_expected - place(side, stream.least))
        elif exchange.response_framing == "chunked" and stream.last_chunk:
            exchange.response_complete = 1

    def resync(self, stream: Http1Side, data: bytes) -> cython.bint:
        """Whether a segment begins with a start line, so that reading may go on after a loss."""
        if stream is self.client:
            clean = head.starts_request(data) or (stream.side.cut > 0 and head.begins_request(data))
        else:
            clean = head.starts_response(data)
            if clean:
                self.find_asker(stream)
        if clean:
            stream.next_message(HEAD)
        return clean

    def begin_status(self, version: str, status: cython.int, reason: str) -> None:
        """A status line: find the request that it answers."""

    def switch(self, stream: Http1Side, exchange: Exchange) -> None:
        """The connection speaks another protocol after this head."""

"""Both directions of an HTTP/2 connection in plain text, read into exchanges: one for each stream with a request.

RFC 9113. Bodies are counted by their frame headers and never read. Streams that the server opens (PUSH_PROMISE) were
not asked for; their header blocks are decoded, because the blocks after them depend on it (RFC 7541 2.3.2).
"""

from __future__ import annotations

import cython

from analyzer.layer.http1.notes import add_milestone, heed, note_acked
from analyzer.layer.http1.pairing import text_of
from analyzer.layer.http2.head import Pairs, may_have_body, take_request, take_response
from analyzer.layer.http2.reader import MAX_BLOCK, Http2Side
from analyzer.layer.http2.registry import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    FRAME_HEADER,
    GOAWAY,
    HEADERS,
    NO_ERROR,
    PADDED,
    PRIORITY,
    PUSH_PROMISE,
    REJECTIONS,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
)
from analyzer.layer.http2.states import PAYLOAD
from analyzer.layer.http2.streams import Streams
from analyzer.layer.layer import Layer, place
from analyzer.model.http import Exchange, Http2

WEIGHT = 2048
"""Bytes of the parser and of both its directions."""
FIELD = 256
"""An entry of a table of header fields, besides its bytes."""
MAX_INTERIM = 64
"""Interim responses of one exchange that are kept."""
MAX_GOAWAYS = 64
"""GOAWAY frames that are read, and told to every open stream; a side needs two (RFC 9113 6.8)."""


class Http2Parser(Streams):
    """Fills `connection.exchanges`."""

    def __init__(self, parent: Layer, upgraded: Exchange | None = None) -> None:
        self.join(parent)
        self.begin_streams()
        if upgraded is not None:
            self.take_over(upgraded)

    def take_over(self, exchange: Exchange) -> None:
        """The HTTP/1.1 request that was answered 101 is stream 1, and its answer comes there (RFC 7540 3.2)."""
        exchange.interim = (*exchange.interim, exchange.status)
        exchange.status = exchange.response_complete = 0
        exchange.reason = exchange.response_framing = ""
        exchange.headers = {}
        self.forget_response(exchange)
        exchange.h2 = Http2(1)
        self.newest = 1
        self.open[1] = exchange

    def finish(self) -> None:
        """Bring counts of unfinished exchanges up to date; may be called at any time, and again."""
        for exchange in self.open.values():
            note_acked(self.up, exchange)
            self.note_blocked(exchange)
        for half in (self.client, self.server):
            if half.kind == DATA and half.state == PAYLOAD:
                self.count_data(half, half.length - (half.left if half.wanted else half.side.skip), True)

    def acknowledged(self, ack: cython.longlong, packet: cython.longlong, time: cython.longlong) -> None:
        """As Layer.acknowledged."""
        heed(self.connection, ack, packet, time)

    def weight(self) -> cython.Py_ssize_t:
        """As Layer.weight: the parser itself, frames and header blocks that are not whole, and tables of fields."""
        return WEIGHT + self.text + self.kept_of(self.client) + self.kept_of(self.server)

    def kept_of(self, half: Http2Side) -> cython.Py_ssize_t:
        """Of one direction."""
        decoder = half.fields.decoder
        return len(half.head) + len(half.body) + len(half.block) + decoder.used + len(decoder.table) * FIELD

    # ---- frames ----

    def headers_begin(self, half: Http2Side) -> None:
        """A HEADERS frame on a stream that is new begins a request or a response, whatever its block holds."""
        exchange = self.open.get(half.stream)
        if half is self.client:
            if half.stream & 1 and half.stream > self.newest:
                self.newest = half.stream
                self.begin_request(half, exchange or self.new_exchange(half.stream))
            elif exchange is not None and exchange.request_start < 0:
                self.begin_request(half, exchange)
        elif half.stream & 1:
            if exchange is None and half.stream > self.newest:
                exchange = self.unasked(half)
            if exchange is not None and exchange.response_packet == 0:
                self.begin_response(half, exchange)

    def frame_over(self, half: Http2Side) -> None:
        """A frame is complete, or its end was reached with a part of it missing."""
        kind: cython.int = half.kind
        if kind == DATA:
            self.data_over(half)
        elif kind in (HEADERS, PUSH_PROMISE, CONTINUATION):
            self.add_to_block(half)
        elif kind == RST_STREAM:
            self.stream_reset(half)
        elif kind == WINDOW_UPDATE:
            self.window_update(half)
        elif kind == SETTINGS and not half.flags & ACK:
            self.take_settings(half)
        elif kind == GOAWAY:
            self.goaways += 1
            if self.goaways > MAX_GOAWAYS:
                self.lose_boundaries(half)
            elif half is self.server:
                self.goaway(half)
            else:
                self.client_goaway(half)

    def add_to_block(self, half: Http2Side) -> None:
        """A piece of a header block; the piece with END_HEADERS is its last (RFC 9113 4.3, 6.10)."""
        if half.kind != CONTINUATION:
            half.block.clear()
            half.block_at = half.position - half.length - FRAME_HEADER
            half.block_stream, half.block_broken = half.stream if half.kind == HEADERS else 0, 0
            half.block_ends = 1 if half.kind == HEADERS and half.flags & END_STREAM else 0
        elif half.block_stream < 0:
            return
        piece = self.fragment(half)
        if half.broken or len(half.block) + len(piece) > MAX_BLOCK:
            half.block_broken = 1
        if half.block_broken:
            half.block.clear()
        else:
            half.block += piece
        if half.flags & END_HEADERS:
            self.block_over(half)

    def fragment(self, half: Http2Side) -> bytes:
        """A frame's piece of the block, without padding, priority and promised stream (RFC 9113 6.2, 6.6)."""
        body = bytes(half.body)
        if half.kind == CONTINUATION:
            return body
        start, padding = 0, 0
        if half.flags & PADDED:
            start, padding = 1, body[0] if body else 0
        if half.kind == PUSH_PROMISE:
            start += 4
        elif half.flags & PRIORITY:
            start += 5
        return body[start : max(start, len(body) - padding)]

    def block_over(self, half: Http2Side) -> None:
        """A header block is whole."""
        exchange = self.open.get(half.block_stream)
        half.block_stream = -1
        block = None if half.block_broken else bytes(half.block)
        if self.log is not None:
            self.write("block", half, half.block_at, half.position - half.block_at, block)
        found = half.fields.read(block)
        half.block.clear()
        if exchange is None:
            return
        if half is self.client:
            self.request_head(half, exchange, found)
        else:
            self.response_head(half, exchange, found)

    def data_over(self, half: Http2Side) -> None:
        """A DATA frame is over."""
        half.window -= half.length
        exchange = self.count_data(half, half.length, False)
        if exchange is not None and half.flags & END_STREAM:
            self.side_over(half, exchange)

    def count_data(self, half: Http2Side, got: cython.longlong, unfinished: cython.bint) -> Exchange | None:
        """Add a DATA frame, or the part of it that came, to the body of its exchange."""
        exchange = self.open.get(half.stream)
        h2 = exchange.h2 if exchange is not None else None
        if exchange is None or h2 is None:
            return None
        padding: cython.longlong = 1 + half.body[0] if half.flags & PADDED and half.body else 0
        size: cython.longlong = max(0, min(got, half.length - padding))
        whole: cython.longlong = 0 if unfinished else size
        used: cython.longlong = 0 if unfinished else half.length
        if half is self.client:
            exchange.request_body_got = h2.request_whole + size
            h2.request_whole += whole
            h2.request_window -= used
        else:
            if half.broken and half.flags & PADDED and not half.body and exchange.body_expected >= 0:
                size = min(size, max(0, exchange.body_expected - h2.response_whole))  # how much is padding is lost
                whole = min(whole, size)
            exchange.body_got = h2.response_whole + size
            h2.response_whole += whole
            h2.response_window -= used
            exchange.body_lost += max(0, half.side.lost - half.lost_before)
            half.lost_before = half.side.lost
        if unfinished:
            self.mark_end(half, exchange, half.side.next, half.side.last_data_packet, half.side.last_data_time)
        else:
            self.mark_end(half, exchange, half.position, half.packet, half.time)
        return exchange

    def stream_reset(self, half: Http2Side) -> None:
        """RST_STREAM ends a stream at once (RFC 9113 6.4)."""
        whole = not half.broken and len(half.body) == 4
        code = int.from_bytes(half.body, "big")
        exchange = self.open.get(half.stream)
        if exchange is not None and not exchange.response_complete:
            if whole:
                self.note_reset(half, exchange, code, False)
                exchange.lost |= int(half is self.client and self.unread_before(half))
            else:
                exchange.lost = 1
            self.over(exchange)
        elif half is self.client and half.stream in self.ended:
            if not whole:
                self.leave_untold(self.ended[half.stream])
            elif code in REJECTIONS:
                self.note_reset(half, self.ended[half.stream], code, False)

    def unread_before(self, half: Http2Side) -> cython.bint:
        """Whether the client had more of the server when it said this than was captured, or read yet."""
        server = self.server.side
        return half.ack > place(server, server.next)

    def note_reset(self, half: Http2Side, exchange: Exchange, code: cython.longlong, goaway: cython.bint) -> None:
        """This frame ends the stream; a client may reject even a response that seemed complete (RFC 9113 8.1.1)."""
        h2 = exchange.h2
        if h2 is not None and h2.reset_packet == 0:
            exchange.response_complete = 0
            h2.reset_side, h2.reset_code, h2.reset_goaway = half.side.index, code, goaway
            h2.reset_packet, h2.reset_time = half.packet, half.time

    def client_goaway(self, half: Http2Side) -> None:
        """A client that finds the server's frames wrong ends all its streams (RFC 9113 5.4.1)."""
        code = int.from_bytes(half.body[4:8], "big")
        if not half.broken and code not in REJECTIONS:
            return
        server = self.server.side
        if half.broken or server.lost or server.cut or self.unread_before(half):
            for exchange in self.open.values():
                self.leave_untold(exchange)
            return  # it names no stream: what was not captured, or not yet, may have ended some of them well
        for exchange in [*self.open.values(), *self.ended.values()]:
            if not exchange.response_complete:
                self.note_reset(half, exchange, code, True)
                self.over(exchange)

    def goaway(self, half: Http2Side) -> None:
        """The server takes no streams behind the one it names (RFC 9113 6.8); the last such frame is the strictest."""
        if half.broken or len(half.body) < 8:
            for exchange in self.open.values():
                exchange.lost = 1
            return
        last = int.from_bytes(half.body[:4], "big") & 0x7FFFFFFF
        code = int.from_bytes(half.body[4:8], "big")
        if self.goaway_last < 0 or last < self.goaway_last or (code != NO_ERROR and self.goaway_code == NO_ERROR):
            self.goaway_last, self.goaway_code = last, code
            self.goaway_packet, self.goaway_time = half.packet, half.time
            for exchange in self.open.values():
                self.tell_goaway(exchange)

    # ---- exchanges ----

    def request_head(self, half: Http2Side, exchange: Exchange, found: Pairs | None) -> None:
        """A request's header block, or its trailers."""
        self.mark_end(half, exchange, half.position, half.packet, half.time)
        h2 = exchange.h2
        if h2 is not None and not h2.asked:
            h2.asked = 1
            if found is None:
                h2.unread = 1
            else:
                take_request(exchange, found)
                self.text += text_of(exchange)
        if half.block_ends:
            self.side_over(half, exchange)

    def response_head(self, half: Http2Side, exchange: Exchange, found: Pairs | None) -> None:
        """A response's header block, an interim one (1xx), or trailers (RFC 9113 8.1)."""
        self.mark_end(half, exchange, half.position, half.packet, half.time)
        if exchange.status == 0:
            if found is not None:
                take_response(exchange, found)
            if exchange.status == 0:
                self.unknown_status(exchange)
            if 100 <= exchange.status < 200:
                if half.block_ends:
                    exchange.malformed = "interim-end"
                    return
                if len(exchange.interim) < MAX_INTERIM:
                    exchange.interim = (*exchange.interim, exchange.status)
                exchange.status = 0
                self.forget_response(exchange)
                return
            if exchange.status:
                self.final_head(half, exchange)
        if half.block_ends or exchange.response_framing == "tunnel":
            self.side_over(half, exchange)

    def unknown_status(self, exchange: Exchange) -> None:
        """The block that would tell the status cannot be decoded, or does not tell it: nothing may be concluded."""
        exchange.lost = 1
        if exchange.h2 is not None:
            exchange.h2.unread = 1

    def final_head(self, half: Http2Side, exchange: Exchange) -> None:
        """The final response's head is whole."""
        exchange.head_packet = half.packet
        if exchange.index == 0 or exchange.status >= 400:
            if exchange.index:
                add_milestone(self.connection, "request", exchange, -1)
            add_milestone(self.connection, "response", exchange, half.start_ack)

    def side_over(self, half: Http2Side, exchange: Exchange) -> None:
        """END_STREAM: this side of the stream has said all (RFC 9113 5.1)."""
        if half is self.client:
            exchange.request_complete = 1
            return
        if exchange.body_got > exchange.body_expected >= 0 and exchange.response_framing != "tunnel":
            exchange.malformed = "content-too-long"
            return
        short: cython.bint = exchange.body_got < exchange.body_expected and may_have_body(exchange)
        if short and (exchange.method or exchange.body_got):
            exchange.malformed = "content-length"  # RFC 9113 8.1.1; a RST_STREAM that says why may follow
            return
        if short or exchange.status == 0:
            exchange.lost = 1  # short, without a body and of an unknown method: it may have been HEAD
        else:
            exchange.response_complete = 1
        self.over(exchange)

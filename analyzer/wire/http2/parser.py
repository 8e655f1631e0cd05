"""Both directions of an HTTP/2 connection in plain text, read into exchanges: one for each stream with a request.

RFC 9113. Bodies are counted by their frame headers and never read. Streams that the server opens (PUSH_PROMISE) were
not asked for; their header blocks are decoded, because the blocks after them depend on it (RFC 7541 2.3.2).
"""

from __future__ import annotations

import cython

from analyzer.wire.http.head import MAX_TARGET, MAX_VALUE, RESPONSE_HEADERS
from analyzer.wire.http.notes import add_milestone, flag
from analyzer.wire.http.pairing import MAX_EXCHANGES
from analyzer.wire.http2.reader import FRAME, GARBAGE, LOST, MAX_BLOCK, PAYLOAD, FrameReader, Half
from analyzer.wire.http2.registry import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    NO_ERROR,
    PADDED,
    PRIORITY,
    PUSH_PROMISE,
    RST_STREAM,
)
from analyzer.wire.model import CLIENT, NEVER, SERVER, Connection, Exchange, Http2, Side

MAX_GARBAGE = 64
"""Bytes kept of an answer that is no HTTP/2."""
MAX_DIGITS = 18
"""Longest Content-Length that is taken, so that it fits 64 bits."""
UNREADABLE = "http2-unreadable"
"""Flag: the capture lost frame boundaries, so that nothing more was read of one direction or both."""

Pairs = list[tuple[str, str]]


class Http2Parser(FrameReader):
    """Fills `connection.exchanges`.

    open      exchanges of streams that are not over, by stream identifier
    newest    the client's highest stream so far: identifiers only grow (RFC 9113 5.1.1)
    goaway*   the server's GOAWAY with the lowest last stream: that stream (-1 = none came), code, packet and time
    garbage   first bytes of an answer that is no HTTP/2
    """

    def __init__(self, connection: Connection, upgraded: Exchange | None = None) -> None:
        self.begin(connection)
        self.open: dict[int, Exchange] = {}
        self.count = len(connection.exchanges)
        self.newest = 0
        self.goaway_last = self.goaway_code = -1
        self.goaway_packet = self.goaway_time = 0
        self.garbage = b""
        if upgraded is not None:
            self.take_over(upgraded)

    def take_over(self, exchange: Exchange) -> None:
        """The HTTP/1.1 request that was answered 101 is stream 1, and its answer comes there (RFC 7540 3.2)."""
        exchange.interim.append(exchange.status)
        exchange.status = exchange.response_complete = 0
        exchange.reason = exchange.response_framing = ""
        exchange.headers = {}
        self.forget_response(exchange)
        exchange.h2 = Http2(1)
        self.newest = 1
        self.open[1] = exchange

    def end(self, side: Side, packet: cython.longlong, time: cython.longlong) -> None:
        """The FIN of `side`."""
        self.finish()

    def finish(self) -> None:
        """Bring counts of unfinished exchanges up to date; may be called at any time, and again."""
        for exchange in self.open.values():
            self.note_acked(exchange)
        for half in (self.client, self.server):
            if half.kind == DATA and half.state == PAYLOAD:
                self.count_data(half, half.left - half.side.skip, unfinished=True)

    # ---- frames ----

    def headers_begin(self, half: Half) -> None:
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

    def frame_over(self, half: Half) -> None:
        """A frame is complete, or its end was reached with a part of it missing."""
        kind = half.kind
        if kind == DATA:
            self.data_over(half)
        elif kind in (HEADERS, PUSH_PROMISE, CONTINUATION):
            self.add_to_block(half)
        elif kind == RST_STREAM:
            self.stream_reset(half)
        elif kind == GOAWAY and half is self.server:
            self.goaway(half)

    def add_to_block(self, half: Half) -> None:
        """A piece of a header block; the piece with END_HEADERS is its last (RFC 9113 4.3, 6.10)."""
        if half.kind != CONTINUATION:
            half.block.clear()
            half.block_stream, half.block_broken = half.stream, 0
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

    def fragment(self, half: Half) -> bytes:
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

    def block_over(self, half: Half) -> None:
        """A header block is whole."""
        stream, pushed = half.block_stream, half.kind == PUSH_PROMISE
        half.block_stream = -1
        found = None
        if half.block_broken:
            half.fields.forget()
        else:
            found = half.fields.read(bytes(half.block))
        half.block.clear()
        exchange = self.open.get(stream)
        if exchange is None or pushed:
            return
        if half is self.client:
            self.request_head(half, exchange, found)
        else:
            self.response_head(half, exchange, found)

    def data_over(self, half: Half) -> None:
        """A DATA frame is over."""
        exchange = self.count_data(half, half.length, unfinished=False)
        if exchange is not None and half.flags & END_STREAM:
            self.side_over(half, exchange)

    def count_data(self, half: Half, got: cython.longlong, unfinished: cython.bint) -> Exchange | None:
        """Add a DATA frame, or the part of it that came, to the body of its exchange."""
        exchange = self.open.get(half.stream)
        if exchange is None:
            return None
        padding = 1 + half.body[0] if half.flags & PADDED and half.body else 0
        size = max(0, min(got, half.length - padding))
        before = exchange.h2
        if before is None:
            return None
        if half is self.client:
            exchange.request_body_got = before.request_whole + size
        else:
            exchange.body_got = before.response_whole + size
            exchange.body_lost += max(0, half.side.lost - half.lost_before)
            half.lost_before = half.side.lost
        if unfinished:
            self.mark_end(half, exchange, half.side.next, half.side.last_data_packet, half.side.last_data_time)
            return exchange
        if half is self.client:
            before.request_whole += size
        else:
            before.response_whole += size
        self.mark_end(half, exchange, half.position, half.packet, half.time)
        return exchange

    def stream_reset(self, half: Half) -> None:
        """RST_STREAM ends a stream at once (RFC 9113 6.4)."""
        exchange = self.open.get(half.stream)
        if exchange is None:
            return
        h2 = exchange.h2
        if half.broken or len(half.body) < 4:
            exchange.lost = 1
        elif h2 is not None:
            h2.reset_side = half.side.index
            h2.reset_code = int.from_bytes(half.body[:4], "big")
            h2.reset_packet, h2.reset_time = half.packet, half.time
        self.over(exchange)

    def goaway(self, half: Half) -> None:
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

    def tell_goaway(self, exchange: Exchange) -> None:
        """Note the server's GOAWAY with a stream that it excludes, or that a connection error ends (5.4.1)."""
        h2 = exchange.h2
        if h2 is None or h2.goaway_packet:
            return
        if h2.stream > self.goaway_last or self.goaway_code != NO_ERROR:
            h2.goaway_last, h2.goaway_code = self.goaway_last, self.goaway_code
            h2.goaway_packet, h2.goaway_time = self.goaway_packet, self.goaway_time

    # ---- exchanges ----

    def new_exchange(self, stream: cython.longlong) -> Exchange:
        """The connection's next exchange; beyond the cap nothing more is read."""
        exchange = Exchange(self.count)
        exchange.h2 = Http2(stream)
        exchange.request_version = exchange.response_version = "2"
        self.count += 1
        self.connection.exchanges.append(exchange)
        self.open[stream] = exchange
        if self.server.state == LOST or self.client.state == LOST:
            exchange.lost = 1
        if self.goaway_last >= 0:
            self.tell_goaway(exchange)
        if self.garbage:
            exchange.garbage = self.garbage
            exchange.response_packet, exchange.response_time = self.server.start_packet, self.server.start_time
        if len(self.open) > MAX_EXCHANGES:
            flag(self.connection, "exchanges-capped")
            self.lose_boundaries(self.client)
            self.lose_boundaries(self.server)
        return exchange

    def unasked(self, half: Half) -> Exchange:
        """A response whose request was not seen: lost, or captured later."""
        exchange = self.new_exchange(half.stream)
        if self.client.state == LOST:
            self.newest = half.stream
            exchange.lost = 1
        return exchange

    def begin_request(self, half: Half, exchange: Exchange) -> None:
        """The first byte of a request."""
        exchange.request_start, exchange.request_ack = half.start, half.start_ack
        exchange.request_packet, exchange.request_time = half.start_packet, half.start_time
        self.mark_end(half, exchange, half.position, half.packet, half.time)
        if exchange.index == 0:
            add_milestone(self.connection, "request", exchange, half.start_ack)

    def begin_response(self, half: Half, exchange: Exchange) -> None:
        """The first byte of a response, or of an interim one."""
        exchange.response_start = half.start
        exchange.response_packet, exchange.response_time = half.start_packet, half.start_time
        self.mark_end(half, exchange, half.position, half.packet, half.time)
        self.note_acked(exchange)

    def forget_response(self, exchange: Exchange) -> None:
        """It was an interim one."""
        exchange.response_start = exchange.response_end = -1
        exchange.response_packet = exchange.response_time = 0
        exchange.response_end_packet = exchange.response_end_time = 0

    def mark_end(
        self,
        half: Half,
        exchange: Exchange,
        end: cython.longlong,
        packet: cython.longlong,
        time: cython.longlong,
    ) -> None:
        """How far the message of this direction has come."""
        if half is self.client:
            exchange.request_end, exchange.request_end_packet, exchange.request_end_time = end, packet, time
        else:
            exchange.response_end, exchange.response_end_packet, exchange.response_end_time = end, packet, time

    def note_acked(self, exchange: Exchange) -> None:
        """When the server acknowledged the whole request, as exactly as the last advance tells."""
        side = self.connection.client
        if exchange.acked_time == 0 and exchange.request_complete and side.acked >= exchange.request_end:
            exchange.acked_packet, exchange.acked_time = side.ack_packet, side.ack_time

    def request_head(self, half: Half, exchange: Exchange, found: Pairs | None) -> None:
        """A request's header block, or its trailers."""
        self.mark_end(half, exchange, half.position, half.packet, half.time)
        h2 = exchange.h2
        if h2 is not None and not h2.asked:
            h2.asked = 1
            if found is None:
                h2.unread = 1
            else:
                take_request(exchange, found)
        if half.block_ends:
            self.side_over(half, exchange)

    def response_head(self, half: Half, exchange: Exchange, found: Pairs | None) -> None:
        """A response's header block, an interim one (1xx), or trailers (RFC 9113 8.1)."""
        self.mark_end(half, exchange, half.position, half.packet, half.time)
        if exchange.status == 0:
            if found is None:
                self.unknown_status(exchange)
            else:
                take_response(exchange, found)
            if 100 <= exchange.status < 200 and not half.block_ends:
                if len(exchange.interim) < MAX_GARBAGE:
                    exchange.interim.append(exchange.status)
                exchange.status = 0
                self.forget_response(exchange)
                return
            if exchange.status:
                self.final_head(half, exchange)
        if half.block_ends or exchange.response_framing == "tunnel":
            self.side_over(half, exchange)

    def unknown_status(self, exchange: Exchange) -> None:
        """The block that would tell the status cannot be decoded: nothing may be concluded."""
        exchange.lost = 1
        if exchange.h2 is not None:
            exchange.h2.unread = 1

    def final_head(self, half: Half, exchange: Exchange) -> None:
        """The final response's head is whole."""
        exchange.head_packet = half.packet
        if exchange.index == 0 or exchange.status >= 400:
            if exchange.index:
                add_milestone(self.connection, "request", exchange, -1)
            add_milestone(self.connection, "response", exchange, half.start_ack)

    def side_over(self, half: Half, exchange: Exchange) -> None:
        """END_STREAM: this side of the stream has said all (RFC 9113 5.1)."""
        if half is self.client:
            exchange.request_complete = 1
            return
        if 0 <= exchange.body_got < exchange.body_expected and has_body(exchange):
            exchange.malformed = "content-length"  # RFC 9113 8.1.1; a RST_STREAM that says why may follow
            return
        if exchange.status == 0:
            exchange.lost = 1
        else:
            exchange.response_complete = 1
        self.over(exchange)

    def over(self, exchange: Exchange) -> None:
        """An exchange is at its end; one that ended well is dropped at the cap, and counted."""
        h2 = exchange.h2
        if h2 is not None and (exchange.request_packet or self.client.state == LOST):
            self.open.pop(h2.stream, None)
        self.note_acked(exchange)
        exchanges = self.connection.exchanges
        limit = MAX_EXCHANGES if exchange.response_complete and exchange.status < 400 else 2 * MAX_EXCHANGES
        if len(exchanges) > limit:
            flag(self.connection, "exchanges-capped")
            exchanges.remove(exchange)

    # ---- what cannot be read ----

    def lose_boundaries(self, half: Half) -> None:
        """The capture lost a frame header: what comes behind it in this direction is unknown, and so is every end."""
        half.state = LOST
        half.side.skip = NEVER
        flag(self.connection, UNREADABLE)
        for exchange in self.open.values():
            exchange.lost = 1

    def begin_garbage(self, half: Half, head: bytes) -> None:
        """The server answers with something that is no HTTP/2: that is its answer to every request so far."""
        if not self.open:
            flag(self.connection, "unsolicited-bytes")
        for exchange in self.open.values():
            self.begin_response(half, exchange)
        self.keep_garbage(head)

    def keep_garbage(self, data: bytes) -> None:
        """Keep the first bytes of it with the exchanges."""
        self.garbage += data[: MAX_GARBAGE - len(self.garbage)]
        for exchange in self.open.values():
            exchange.garbage = self.garbage

    def garbage_over(self) -> bool:
        """Whether enough of it is kept."""
        return len(self.garbage) == MAX_GARBAGE


def has_body(exchange: Exchange) -> bool:
    """Whether a Content-Length announces bytes that come (RFC 9110 6.4.1)."""
    return exchange.method not in ("", "HEAD") and exchange.status not in (204, 304)


def declared(value: str) -> int:
    """A Content-Length; -1 when it is no number."""
    return int(value) if value.isascii() and value.isdigit() and len(value) <= MAX_DIGITS else -1


def take_request(exchange: Exchange, found: Pairs) -> None:
    """Pseudo-header fields and the few others that every row shows; the first of a name counts (RFC 9113 8.3.1)."""
    fields = dict(reversed(found))
    exchange.method = fields.get(":method", "")[:MAX_VALUE]
    exchange.host = (fields.get(":authority") or fields.get("host", ""))[:MAX_VALUE]
    exchange.target = fields.get(":path", "")[:MAX_TARGET]
    if exchange.method == "CONNECT" and not exchange.target:
        exchange.target = exchange.host  # RFC 9113 8.5: CONNECT has no path
    exchange.user_agent = fields.get("user-agent", "")[:MAX_VALUE]
    exchange.request_body_expected = declared(fields.get("content-length", ""))
    exchange.expect_continue = int(fields.get("expect", "").lower() == "100-continue")
    exchange.authorized = int("authorization" in fields or "proxy-authorization" in fields)


def take_response(exchange: Exchange, found: Pairs) -> None:
    """Status, length and the fields of note of a response (RFC 9113 8.3.2)."""
    fields = dict(reversed(found))
    status = fields.get(":status", "")
    exchange.status = int(status) if len(status) == 3 and status.isascii() and status.isdigit() else 0
    exchange.body_expected = declared(fields.get("content-length", ""))
    exchange.headers = {name: value[:MAX_VALUE] for name, value in fields.items() if name in RESPONSE_HEADERS}
    exchange.response_framing = "length" if exchange.body_expected >= 0 else "frames"
    if exchange.method == "CONNECT" and 200 <= exchange.status < 300:
        exchange.response_framing = "tunnel"

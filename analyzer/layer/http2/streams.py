"""The streams of an HTTP/2 connection as exchanges: where each begins and ends, and what becomes of it after a loss."""

from __future__ import annotations

import cython

from analyzer.layer.http1.notes import add_milestone, forget, note_acked
from analyzer.layer.http1.pairing import MAX_EXCHANGES, text_of
from analyzer.layer.http2.reader import FrameReader, Http2Side
from analyzer.layer.http2.registry import INITIAL_WINDOW_SIZE, MAX_WINDOW, NO_ERROR, UNREADABLE
from analyzer.layer.http2.states import GARBAGE, LOST
from analyzer.layer.layer import place
from analyzer.model.http import MAX_GARBAGE, Exchange, Http2

MAX_ENDED = 64
"""Streams that are over and may still be rejected: the client's RST_STREAM comes a round trip after END_STREAM."""


class Streams(FrameReader):
    """The exchanges of one connection.

    open      exchanges of streams that are not over, by stream identifier; ended: the last that are
    count     exchanges so far, those of HTTP/1.1 before an upgrade too
    text      characters of requests that are kept
    newest    the client's highest stream so far: identifiers only grow (RFC 9113 5.1.1)
    goaway*   the server's GOAWAY with the lowest last stream: that stream (-1 = none came), code, packet and time
    goaways   how many of them came
    garbage   first bytes of an answer that is no HTTP/2
    """

    def begin_streams(self) -> None:
        """Nothing was asked yet."""
        self.begin_frames()
        self.open: dict[int, Exchange] = {}
        self.ended: dict[int, Exchange] = {}
        self.count = len(self.connection.exchanges)
        self.newest = self.text = 0
        self.goaway_last = self.goaway_code = -1
        self.goaway_packet = self.goaway_time = self.goaways = 0
        self.garbage = b""

    def new_exchange(self, stream: cython.longlong) -> Exchange:
        """The connection's next exchange; beyond the cap nothing more is read."""
        exchange = Exchange(self.count)
        exchange.h2 = Http2(stream)
        exchange.request_version = exchange.response_version = "2"
        self.count += 1
        self.connection.exchanges.append(exchange)
        self.connection.heeded = 1
        self.open[stream] = exchange
        if self.server.state == LOST or self.client.state == LOST:
            exchange.lost = 1
        if self.goaway_last >= 0:
            self.tell_goaway(exchange)
        if self.garbage:
            exchange.garbage = self.garbage
            exchange.response_packet, exchange.response_time = self.server.start_packet, self.server.start_time
        if len(self.open) > MAX_EXCHANGES:
            self.connection.flag("exchanges-capped")
            self.lose_boundaries(self.client)
            self.lose_boundaries(self.server)
        return exchange

    def unasked(self, half: Http2Side) -> Exchange:
        """A response whose request was not seen: lost, or captured later."""
        exchange = self.new_exchange(half.stream)
        if self.client.state == LOST:
            self.newest = half.stream
            exchange.lost = 1
        return exchange

    def begin_request(self, half: Http2Side, exchange: Exchange) -> None:
        """The first byte of a request."""
        exchange.request_start, exchange.request_ack = half.start, half.start_ack
        exchange.request_packet, exchange.request_time = half.start_packet, half.start_time
        self.mark_end(half, exchange, half.position, half.packet, half.time)
        if exchange.index == 0:
            add_milestone(self.connection, "request", exchange, half.start_ack)

    def begin_response(self, half: Http2Side, exchange: Exchange) -> None:
        """The first byte of a response, or of an interim one."""
        exchange.response_start = half.start
        exchange.response_packet, exchange.response_time = half.start_packet, half.start_time
        self.mark_end(half, exchange, half.position, half.packet, half.time)
        note_acked(self.up, exchange)

    def forget_response(self, exchange: Exchange) -> None:
        """It was an interim one."""
        exchange.response_start = exchange.response_end = -1
        exchange.response_packet = exchange.response_time = 0
        exchange.response_end_packet = exchange.response_end_time = 0

    def mark_end(
        self,
        half: Http2Side,
        exchange: Exchange,
        end: cython.longlong,
        packet: cython.longlong,
        time: cython.longlong,
    ) -> None:
        """How far the message of this direction has come."""
        end = place(half.side, end)
        if half is self.client:
            exchange.request_end = end
            exchange.request_end_packet = packet
            exchange.request_end_time = time
        else:
            exchange.response_end = end
            exchange.response_end_packet = packet
            exchange.response_end_time = time

    def over(self, exchange: Exchange) -> None:
        """An exchange is at its end; one that ended well is dropped at the cap, and counted."""
        h2 = exchange.h2
        if h2 is not None and (exchange.request_packet or self.client.state == LOST):
            h2.untold = 1 if self.client.state == LOST else 0
            self.open.pop(h2.stream, None)
            self.ended[h2.stream] = exchange
            if len(self.ended) > MAX_ENDED:
                del self.ended[next(iter(self.ended))]
        note_acked(self.up, exchange)
        self.note_blocked(exchange)
        limit = MAX_EXCHANGES if exchange.response_complete and exchange.status < 400 else 2 * MAX_EXCHANGES
        if len(self.connection.exchanges) > limit:
            self.connection.flag("exchanges-capped")
            forget(self.connection, exchange)
            self.text -= text_of(exchange)

    def tell_goaway(self, exchange: Exchange) -> None:
        """Note the server's GOAWAY with a stream that it excludes, or that a connection error ends (5.4.1)."""
        h2 = exchange.h2
        if h2 is None or h2.goaway_packet or exchange.response_complete:
            return
        if h2.stream > self.goaway_last or self.goaway_code != NO_ERROR:
            h2.goaway_last, h2.goaway_code = self.goaway_last, self.goaway_code
            h2.goaway_packet, h2.goaway_time = self.goaway_packet, self.goaway_time

    # ---- flow control (RFC 9113 5.2) ----

    def window_update(self, half: Http2Side) -> None:
        """The other side may send more DATA; how much is unknown when the capture lost it."""
        more: cython.longlong = MAX_WINDOW if half.broken else int.from_bytes(half.body, "big") & MAX_WINDOW
        exchange = self.open.get(half.stream)
        if half.stream == 0:
            peer = self.peer(half)
            peer.window += more
        elif exchange is not None and exchange.h2 is not None:
            if half is self.client:
                exchange.h2.response_window += more
            else:
                exchange.h2.request_window += more

    def take_settings(self, half: Http2Side) -> None:
        """The window with which streams of the other side begin; it holds for open ones too (RFC 9113 6.9.2)."""
        if half.broken:
            self.peer(half).initial = MAX_WINDOW
        at: cython.Py_ssize_t
        for at in range(0, len(half.body) - 5, 6):
            if half.body[at] << 8 | half.body[at + 1] == INITIAL_WINDOW_SIZE:
                self.peer(half).initial = int.from_bytes(half.body[at + 2 : at + 6], "big")

    def peer(self, half: Http2Side) -> Http2Side:
        """The other direction."""
        return self.server if half is self.client else self.client

    def note_blocked(self, exchange: Exchange) -> None:
        """Whether a side has more to say on this stream, and the other does not let it."""
        h2 = exchange.h2
        if h2 is not None:
            asking: cython.longlong = min(self.client.window, self.client.initial + h2.request_window)
            answering: cython.longlong = min(self.server.window, self.server.initial + h2.response_window)
            h2.client_blocked = 1 if not exchange.request_complete and asking <= 0 else 0
            h2.server_blocked = 1 if exchange.status > 0 and not exchange.response_complete and answering <= 0 else 0

    # ---- what cannot be read ----

    def lose_boundaries(self, half: Http2Side) -> None:
        """The capture lost a frame header: what comes behind it in this direction is unknown, and so is every end."""
        half.state = LOST
        self.connection.flag(UNREADABLE)
        for exchange in self.open.values():
            exchange.lost = 1
        for exchange in self.ended.values() if half is self.client else ():
            self.leave_untold(exchange)

    def leave_untold(self, exchange: Exchange) -> None:
        """The client may have rejected this response, in what is missing."""
        if exchange.h2 is not None:
            exchange.h2.untold = 1

    def begin_garbage(self, half: Http2Side) -> None:
        """The server answers with something that is no HTTP/2: that is its answer to every request so far."""
        half.state = GARBAGE
        if not self.open:
            self.connection.flag("unsolicited-bytes")
        for exchange in self.open.values():
            self.begin_response(half, exchange)
        self.keep_garbage(bytes(half.head))

    def keep_garbage(self, data: bytes) -> None:
        """Keep the first bytes of it with the exchanges."""
        self.garbage += data[: MAX_GARBAGE - len(self.garbage)]
        half = self.server
        for exchange in self.open.values():
            exchange.garbage = self.garbage
            self.mark_end(half, exchange, half.start + len(self.garbage), half.packet, half.time)

    def garbage_over(self) -> cython.bint:
        """Whether enough of it is kept."""
        return len(self.garbage) == MAX_GARBAGE

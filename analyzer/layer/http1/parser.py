"""Both directions of a plain HTTP/1.x connection, read into exchanges (RFC 9112).

Which response answers which request is in pairing.py. Bodies are never read: the parser says how many bytes do not
matter, and counts them by stream offset.
"""

from __future__ import annotations

import cython

from analyzer.layer.http1 import head
from analyzer.layer.http1.framing import request_framing, response_framing
from analyzer.layer.http1.notes import add_milestone, forget, heed, keep_fields, note_acked
from analyzer.layer.http1.pairing import MAX_EXCHANGES, text_of
from analyzer.layer.http1.partial import Partial
from analyzer.layer.http1.start import StartLine
from analyzer.layer.http1.states import BODY, CLOSE, DONE, GARBAGE, HEAD, HELD, LOST, UNFRAMED
from analyzer.layer.http1.stream import Http1Side
from analyzer.layer.layer import Layer, Segment, place
from analyzer.model.connection import NEVER
from analyzer.model.fields import MAX_HEAD
from analyzer.model.http import MAX_GARBAGE, Exchange

GRANTED = "connection established"
"""What proxies write behind the 2xx that opens a tunnel, and no other server (squid, tinyproxy, Go, Node)."""


class HttpParser(Partial):
    """Fills `connection.exchanges`.

    tunnel           1 = a CONNECT was answered 2xx (`connection.connect` holds that exchange, `exchanges` does not),
                     2 = 101 Switching Protocols; the bytes after the switch are the caller's
    leftover_client, leftover_server   bytes after the switch that were handed in before or with it
    leftover_client_start, leftover_server_start  their stream offsets, -1 = none
    """

    def __init__(self, parent: Layer) -> None:
        self.join(parent)
        self.begin_reading()
        self.begin_pairing()
        self.leftover_client = self.leftover_server = b""
        self.leftover_client_start = self.leftover_server_start = -1
        self.held: bytearray | None = None
        self.start_line = StartLine()

    def miss_answers(self) -> None:
        """What the server said so far was not captured, and where its next message begins is not known."""
        self.server.next_message(LOST)

    def end(self, stream: Http1Side) -> None:
        """The FIN completes a response that lasts until the close (RFC 9112 6.3 rule 8)."""
        if stream.state == CLOSE and stream.exchange is not None:
            self.message_over(stream)
            stream.state = DONE
        self.finish()

    def go_on(self, segment: Segment) -> cython.Py_ssize_t:
        """As HttpReader.go_on."""
        from analyzer.layer.http1.switching import successor  # which needs the layers that need this one

        self.heir = successor(self, segment)
        return NEVER if self.heir is None else segment.side.skip

    def acknowledged(self, ack: cython.longlong, packet: cython.longlong, time: cython.longlong) -> None:
        """As Layer.acknowledged."""
        heed(self.connection, ack, packet, time)

    def weight(self) -> cython.Py_ssize_t:
        """As Layer.weight: texts of exchanges, heads that are not whole, and what came behind a CONNECT."""
        kept: cython.longlong = self.client.weight() + self.server.weight() + self.text
        return kept if self.held is None else kept + len(self.held)

    def finish(self) -> None:
        """Bring counts and offsets of unfinished exchanges up to date; may be called at any time, and again."""
        server: Http1Side = self.server
        if server.exchange is None and server.state == HEAD and server.size and self.waiting:
            self.begin_response(server, self.waiting[0])
        for stream in (self.client, server):
            exchange = stream.exchange
            if exchange is not None:
                self.update(stream, exchange)
                if stream.state == UNFRAMED:
                    self.end_unframed(stream, exchange)
        for exchange in self.waiting:
            note_acked(self.up, exchange)

    def check_start(self, stream: Http1Side, line: bytes) -> cython.bint:
        """Whether the message may still be HTTP; a request exists as soon as its method does."""
        if stream is self.server:
            if head.may_be_response(line) >= 0:
                return True
            self.begin_garbage(line)
            return False
        verdict = head.may_be_request(line)
        if verdict < 0:
            if not head.is_preface(line):  # the answer that switched to HTTP/2 was not captured
                self.connection.flag("request-garbage")
            stream.next_message(DONE)
        elif verdict and stream.exchange is None:
            self.begin_request(stream)
        return verdict >= 0

    def take_start_line(self, stream: Http1Side, line: bytes) -> None:
        """The start line is complete, so method or status are known even if the rest never comes."""
        stream.lines = [line]
        if self.log is not None:
            self.write("start-line", stream)
        if stream is self.client:
            exchange = stream.exchange
            if exchange is not None:
                exchange.method, exchange.target, exchange.request_version = head.request_line(line)
            return
        parsed = head.status_line(line)
        if parsed is None:
            self.begin_garbage(line)
        else:
            version, status, reason = parsed
            self.begin_status(version, status, reason)

    def whole_head(self, stream: Http1Side, data: bytes, at: cython.Py_ssize_t, stop: cython.Py_ssize_t) -> cython.bint:
        """A whole head, whose start line is data[at:stop]; False, and nothing done, when that is not as it should be.

        Its fields are in `found`.
        """
        start: StartLine = self.start_line
        if stream is self.server:
            if not start.read_status(data, at, stop):
                return False
            self.begin_status(start.version, start.status, start.reason)
            self.response_head_over()
            return True
        if not start.read_request(data, at, stop):
            return False
        self.begin_request(stream)
        exchange = stream.exchange
        if exchange is not None:
            exchange.method, exchange.target, exchange.request_version = start.method, start.target, start.version
            self.request_head_over()
        return True

    def head_over(self, stream: Http1Side) -> None:
        """The head is complete, and its fields are in `found`."""
        if stream is self.client:
            self.request_head_over()
        else:
            self.response_head_over()

    def message_over(self, stream: Http1Side) -> None:
        """The last byte of a message was reached, in the current packet."""
        exchange = stream.exchange
        if exchange is not None:
            self.update(stream, exchange)
            if stream is self.client:
                exchange.request_complete = 1
            else:
                exchange.response_complete = 1
        stream.next_message(HEAD)
        if exchange is None:
            return
        if stream is self.client:
            if exchange.method == "CONNECT" and exchange.status == 0:
                stream.state = HELD
        else:
            self.drop(exchange)

    def update(self, stream: Http1Side, exchange: Exchange) -> None:
        """Counts and end of a message as far as it was seen; its end is the last byte handed in or passed over."""
        end: cython.longlong = stream.position
        unfinished: cython.bint = stream.state == BODY or stream.state == CLOSE
        if unfinished:
            end = max(end, min(stream.side.next, stream.body_end))
        end = place(stream.side, end)
        if stream.state == GARBAGE:
            end = stream.start + len(exchange.garbage)
        behind: cython.bint = unfinished and stream.side.next > stream.position
        if stream.state == UNFRAMED and 0 < stream.side.last_data_time < stream.time:
            behind = True  # that it is over is told later
        packet: cython.longlong = stream.side.last_data_packet if behind else stream.packet
        time: cython.longlong = stream.side.last_data_time if behind else stream.time
        if stream is self.client:
            exchange.request_body_got = stream.received()
            exchange.request_end = end
            exchange.request_end_packet, exchange.request_end_time = packet, time
        else:
            exchange.body_got = stream.received()
            exchange.body_lost = stream.missing()
            exchange.response_end = end
            exchange.response_end_packet, exchange.response_end_time = packet, time

    def begin_request(self, stream: Http1Side) -> None:
        """A request's method is there: it is an exchange from now on."""
        unanswerable: cython.bint = self.server.state in (LOST, DONE)
        if self.server.state == UNFRAMED:
            self.asked_again(stream.start_ack)
            unanswerable = self.server.exchange is None or not self.server.exchange.response_complete
        if self.server.state == LOST and self.server.side.pending is None:
            self.waiting.clear()  # whatever they were answered is lost; this one's answer may begin cleanly
        if self.waiting:
            note_acked(self.up, self.waiting[-1])
        exchange: Exchange | None = self.claim_orphan(stream) if self.orphans else None
        if exchange is None:
            exchange = self.new_exchange()
            self.waiting.append(exchange)
            if unanswerable:
                exchange.lost = 1
        stream.exchange = exchange
        exchange.request_start, exchange.request_ack = stream.start, stream.start_ack
        exchange.request_packet, exchange.request_time = stream.start_packet, stream.start_time
        if exchange.index == 0:
            add_milestone(self.connection, "request", exchange, stream.start_ack)
        if len(self.waiting) > MAX_EXCHANGES:
            self.connection.flag("exchanges-capped")
            self.client.next_message(DONE)
            self.server.next_message(DONE)

    def take_for_request(
        self,
        end: cython.longlong,
        packet: cython.longlong,
        time: cython.longlong,
        last_packet: cython.longlong,
        last_time: cython.longlong,
    ) -> None:
        """The client's bytes up to offset `end` are no request, and the server answers them as one: no method."""
        stream = self.client
        stream.start, stream.start_ack = 0, -1
        stream.start_packet, stream.start_time = packet, time
        self.connection.flag("request-garbage")
        self.begin_request(stream)
        exchange = stream.exchange
        if exchange is not None:
            exchange.request_complete = 1
            exchange.request_end = end
            exchange.request_end_packet, exchange.request_end_time = last_packet, last_time
        stream.exchange = None
        stream.next_message(DONE)

    def request_head_over(self) -> None:
        """The request's head is complete: its framing decides where it ends."""
        stream = self.client
        exchange = stream.exchange
        found = self.found
        if self.log is not None:
            self.write("request", stream)
        kind = request_framing(found)
        length: cython.longlong = -1 if kind == "chunked" else found.length
        if exchange is not None:
            exchange.host, exchange.user_agent = found.host, found.user_agent
            exchange.expect_continue, exchange.authorized = found.expect_continue, found.authorized
            exchange.request_body_expected = length
            if stream.side.lost and not head.known_method(exchange.method):
                exchange.method, exchange.request_unframed = "", 1  # its beginning may be lost: `NECT` is CONNECT
            self.text += text_of(exchange) - len(exchange.raw_fields)
        self.begin_framed(stream, kind, length)

    def write(self, what: str, stream: Http1Side) -> None:
        """Log the head, as far as it was read."""
        if self.log is not None:
            at: cython.longlong = stream.position - stream.size
            index = stream.side.index
            self.log.add(what, index, stream.start_packet, stream.start_time, at, stream.size, stream.exchange)

    def begin_status(self, version: str, status: cython.int, reason: str) -> None:
        """A status line: find the request that it answers."""
        stream = self.server
        if not self.waiting and status == 408:
            # An idle connection's farewell, which clients take for a close (Go: net/http is408Message).
            self.connection.flag("idle-408")
            return
        asked = bool(self.waiting) and not self.later(self.waiting[0], stream)
        exchange: Exchange | None = self.waiting[0] if asked else self.interim or self.unasked(stream)
        self.interim = None
        if exchange is None:
            return
        self.begin_response(stream, exchange)
        if 100 <= status < 200 and status != 101:
            if len(exchange.interim) < MAX_GARBAGE:
                exchange.interim = (*exchange.interim, status)
            if not asked:
                self.interim = exchange  # its final response is to come, whether its request was captured or not
            return
        if asked:
            del self.waiting[0]
        elif reason.lower() == GRANTED and status < 300:
            exchange.method = "CONNECT"  # its request was not captured
        exchange.status, exchange.reason, exchange.response_version = status, reason, version
        if exchange.index == 0 or status >= 400:
            if exchange.index:
                add_milestone(self.connection, "request", exchange, -1)
            add_milestone(self.connection, "response", exchange, stream.start_ack)

    def begin_response(self, stream: Http1Side, exchange: Exchange) -> None:
        """The response's first byte, and what its segment acknowledges."""
        stream.exchange = exchange
        exchange.response_start = stream.start
        exchange.response_packet, exchange.response_time = stream.start_packet, stream.start_time
        note_acked(self.up, exchange)
        if exchange.acked_time == 0 and exchange.request_complete and stream.start_ack >= exchange.request_end:
            exchange.acked_packet, exchange.acked_time = stream.start_packet, stream.start_time

    def response_head_over(self) -> None:
        """The response's head is complete; an interim one (1xx) leaves the request waiting (RFC 9110 15.2)."""
        stream = self.server
        exchange = stream.exchange
        found = self.found
        if self.log is not None:
            self.write("response", stream)
        if exchange is None:
            self.begin_framed(stream, response_framing("", 408, found), found.length)
            return
        if exchange.status == 0:
            exchange.response_start, exchange.response_packet, exchange.response_time = -1, 0, 0
            stream.next_message(HEAD)
            return
        exchange.head_packet = stream.packet
        kind = response_framing(exchange.method, exchange.status, found)
        exchange.response_framing = kind
        exchange.body_expected = found.length if kind == "length" else -1
        self.text -= len(exchange.raw_fields)  # of an interim response
        keep_fields(exchange, found.raw)
        self.text += len(exchange.raw_fields)
        if kind == "tunnel":
            self.switch(stream, exchange)
            return
        self.begin_framed(stream, kind, found.length)
        if self.client.state == HELD:
            self.release()

    def begin_garbage(self, line: bytes) -> None:
        """The server's bytes are no HTTP: keep the first of them with the request that they answer."""
        stream = self.server
        if not self.waiting:
            self.connection.flag("unsolicited-bytes")
            stream.next_message(DONE)
            return
        exchange = self.waiting.pop(0)
        self.begin_response(stream, exchange)
        exchange.garbage = line[:MAX_GARBAGE]
        stream.state = GARBAGE
        stream.line = stream.lines = None
        if exchange.index == 0:
            add_milestone(self.connection, "response", exchange, stream.start_ack)

    def keep_garbage(self, stream: Http1Side, data: bytes) -> cython.Py_ssize_t:
        """Keep the first bytes of an answer that is no HTTP; returns how many were taken."""
        exchange = stream.exchange
        if exchange is None or len(exchange.garbage) >= MAX_GARBAGE:
            if exchange is not None:
                self.update(stream, exchange)
            stream.next_message(DONE)
            return 0
        taken = data[: MAX_GARBAGE - len(exchange.garbage)]
        exchange.garbage += taken
        stream.position += len(taken)
        return len(taken)

    def switch(self, stream: Http1Side, exchange: Exchange) -> None:
        """The connection speaks another protocol after this head."""
        self.message_over(stream)
        self.tunnel = 2 if exchange.status == 101 else 1
        if self.tunnel == 1:
            self.connection.connect = exchange
            forget(self.connection, exchange)
        self.leftover_client = self.take_held()
        stream.state = HELD

    def hold(self, stream: Http1Side, data: bytes) -> None:
        """Bytes that belong to the tunnel, or may do so once a CONNECT is answered."""
        if stream is self.server:
            self.leftover_server, self.leftover_server_start = data, stream.position
            return
        if self.leftover_client_start < 0:
            self.leftover_client_start = stream.position
        if self.held is None:
            self.held = bytearray()
        self.held += data
        stream.position += len(data)
        if len(self.held) > MAX_HEAD:
            self.held = None
            self.lose(stream, stream.position)

    def take_held(self) -> bytes:
        """What was held, which is then held no more."""
        held = b"" if self.held is None else bytes(self.held)
        self.held = None
        return held

    def release(self) -> None:
        """The CONNECT was refused: what the client sent after it is its next request."""
        stream = self.client
        held = self.take_held()
        stream.next_message(HEAD)
        if held:
            stream.position = self.leftover_client_start
            self.leftover_client_start = -1
            self.read(stream, held, 0, len(held))

    def malformed(self, stream: Http1Side, what: str) -> None:
        """The message breaks its own framing: nothing after it can be read."""
        if stream.exchange is not None:
            stream.exchange.malformed = what
            self.update(stream, stream.exchange)
        elif stream is self.server and self.waiting:
            self.waiting[0].malformed = what
        stream.next_message(DONE)

"""Cuts each direction of an HTTP/1.x connection into head lines and bodies, and passes over the bodies (RFC 9112 6, 7).

What a message means is decided in parser.py, which fills in the methods at the end; to whom it belongs, in pairing.py.
"""

from __future__ import annotations

import cython

from analyzer.frame.octets import cut
from analyzer.layer.http1.fields import HeadFields
from analyzer.layer.http1.framing import chunk_size, digit
from analyzer.layer.http1.head import MAX_START
from analyzer.layer.http1.states import (
    BODY,
    CHUNK_END,
    CHUNK_SIZE,
    CLOSE,
    CR,
    DONE,
    GARBAGE,
    HEAD,
    HELD,
    LF,
    LOST,
    TRAILER,
    UNFRAMED,
)
from analyzer.layer.http1.stream import Http1Side
from analyzer.layer.layer import Layer, Segment, place
from analyzer.model.connection import CLIENT, NEVER
from analyzer.model.fields import MAX_HEAD
from analyzer.model.http import Exchange

BAD_REQUEST = 400
MAX_BODY_START = 256
MAX_CHUNK_DIGITS = 15
"""A chunk size that fits 64 bits."""


class HttpReader(Layer):
    """Reads both directions; every byte of a head is looked at once, bytes of bodies never.

    tunnel  not 0 = what follows is another protocol and not read here
    found   the fields of the head that was read last
    """

    def begin_reading(self) -> None:
        """Nothing was read yet."""
        self.client = Http1Side(self.up)
        self.server = Http1Side(self.down)
        if self.connection.midstream and not self.carried:
            self.client.state = self.server.state = LOST
        self.tunnel = 0
        self.found = HeadFields()

    def feed(self, segment: Segment) -> cython.Py_ssize_t:
        """As Layer.feed."""
        stream: Http1Side = self.client if segment.side.index == CLIENT else self.server
        if self.tunnel:
            return NEVER
        stream.packet = segment.packet
        stream.time = segment.time
        if segment.fin:
            self.end(stream)
            return stream.skip
        stream.skip = 0
        if segment.lost:
            self.hole(stream, segment.first, segment.lost)
        else:
            stream.ack = segment.acknowledged
            stream.position = segment.first
            self.read(stream, segment.data, segment.at, segment.end)
        return self.go_on(segment) if self.tunnel else stream.skip

    def end(self, stream: Http1Side) -> None:
        """Nothing comes behind what was read of a direction."""

    def go_on(self, segment: Segment) -> cython.Py_ssize_t:
        """The conversation speaks another protocol from here on."""
        return NEVER

    def hole(self, stream: Http1Side, first: cython.longlong, length: cython.longlong) -> None:
        """Bytes from offset `first` on will never be seen: a hole in a body, or the loss of a head.

        One up to NEVER is of unknown length.
        """
        if stream.state in (CLOSE, DONE, GARBAGE):
            stream.skip = NEVER
            return
        stream.position = first + length
        if stream.state == BODY and stream.position < NEVER:
            self.body_hole(stream, first, length)
        else:
            self.lose(stream, first)

    def read(self, stream: Http1Side, data: bytes, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> None:
        """Read data[at:end] from `stream.position`; every byte is looked at once."""
        state: cython.int
        while True:
            state = stream.state
            if state == BODY:
                run: cython.longlong = min(stream.body_end - stream.position, end - at)
                if run > 0:
                    if stream.exchange is not None and stream.exchange.status == BAD_REQUEST:
                        self.keep_start(stream.exchange, data[at : at + min(run, MAX_BODY_START)])
                    at += run
                    stream.position += run
                    stream.last_packet = stream.packet
                    stream.last_time = stream.time
                if stream.position < stream.body_end:
                    if not self.wants_start(stream.exchange):
                        stream.skip = stream.body_end - stream.position
                    return
                self.body_over(stream)
                continue
            if state in (CLOSE, DONE):
                stream.position += end - at
                stream.skip = NEVER
                return
            if at >= end:
                return
            if state == LOST:
                if not self.resync(stream, cut(data, at, end)):
                    return
            elif state == UNFRAMED:
                if not self.follows(stream, cut(data, at, end)):
                    stream.position += end - at
                    return
            elif state == HELD:
                self.hold(stream, cut(data, at, end))
                return
            elif state == GARBAGE:
                at += self.keep_garbage(stream, cut(data, at, end))
            else:
                at = self.read_line(stream, data, at, end)

    def keep_start(self, exchange: Exchange, data: bytes) -> None:
        """The first bytes of a 400's body, which may come in several segments."""
        exchange.body_start += data[: max(0, MAX_BODY_START - len(exchange.body_start))]

    def wants_start(self, exchange: Exchange | None) -> cython.bint:
        """Whether more of this body is to be read."""
        return exchange is not None and exchange.status == BAD_REQUEST and len(exchange.body_start) < MAX_BODY_START

    def read_line(
        self, stream: Http1Side, data: bytes, at: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        """Read a head or one line, or the part of the line that is there; returns where reading goes on."""
        stop: cython.Py_ssize_t = 0
        if stream.size == 0:
            if stream.state == HEAD:
                stop = self.read_head(stream, data, at, end)
            elif stream.state == CHUNK_SIZE:
                stop = self.read_chunk_size(stream, data, at, end)
            elif end - at >= 2 and data[at] == CR and data[at + 1] == LF:
                stop = at + 2
                stream.position += 2
                self.take_line(stream, b"\r\n")
        return stop or self.read_part(stream, data, at, end)

    def read_part(
        self, stream: Http1Side, data: bytes, at: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        """Add what there is to the current line, and take the line when it is whole."""
        newline: cython.Py_ssize_t = data.find(b"\n", at, end)
        stop: cython.Py_ssize_t = newline + 1 if newline >= 0 else end
        if stream.line is None:
            stream.line = bytearray()
        stream.line += data[at:stop]
        stream.size += stop - at
        stream.position += stop - at
        if stream.size > MAX_HEAD:
            self.malformed(stream, "head-too-large")
        elif newline < 0:
            if stream.state == HEAD and not stream.lines and len(stream.line) <= MAX_START:
                self.check_start(stream, bytes(stream.line))
        else:
            line = bytes(stream.line)
            stream.line = None
            self.take_line(stream, line)
        return stop

    # Unchecked: at <= stop < limit <= end, and there is a byte at `at`.
    @cython.boundscheck(False)
    @cython.wraparound(False)
    def read_head(
        self, stream: Http1Side, data: bytes, at: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        """Begin a message. A head that lies whole in one segment, as nearly all do, is read at once.

        Returns 0 for any other, which is read line by line, with the same result.
        """
        limit: cython.Py_ssize_t = min(end, at + MAX_HEAD)
        stop: cython.Py_ssize_t = at
        over: cython.Py_ssize_t = 0
        stream.start = place(stream.side, stream.position)
        stream.start_packet = stream.packet
        stream.start_time = stream.time
        stream.start_ack = stream.ack
        if data[at] == CR or data[at] == LF:
            return 0
        while stop < limit and data[stop] != LF:
            stop += 1
        if stop < limit:
            over = self.found.read(data, stop + 1, limit)
        if over:
            stream.position += over - at
            stream.size = over - at
            if not self.whole_head(stream, data, at, stop):
                stream.position -= over - at
                stream.size = 0
                return 0
        return over

    # Unchecked: at <= stop, which is compared with the length before every look.
    @cython.boundscheck(False)
    @cython.wraparound(False)
    def read_chunk_size(
        self, stream: Http1Side, data: bytes, at: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        """A chunk-size line of nothing but digits that lies whole in one segment; 0 = it is another."""
        stop: cython.Py_ssize_t = at
        size: cython.longlong = 0
        while stop < end and stop - at < MAX_CHUNK_DIGITS and digit(data[stop]) >= 0:
            size = size << 4 | digit(data[stop])
            stop += 1
        if stop == at or end - stop < 2 or data[stop] != CR or data[stop + 1] != LF:
            return 0
        stream.position += stop + 2 - at
        self.take_chunk_size(stream, size)
        return stop + 2

    def take_line(self, stream: Http1Side, line: bytes) -> None:
        """A complete line of a head, a chunk's framing, or a trailer section."""
        blank: cython.bint = line == b"\r\n" or line == b"\n"
        if stream.state == HEAD:
            self.take_head_line(stream, line, blank)
        elif stream.state == CHUNK_SIZE:
            self.take_chunk_size(stream, chunk_size(line))
        elif stream.state == CHUNK_END:
            stream.size = 0
            stream.state = CHUNK_SIZE
            if not blank:
                self.malformed(stream, "chunk-end")
        elif stream.state == TRAILER and blank:
            self.message_over(stream)

    def take_chunk_size(self, stream: Http1Side, size: cython.longlong) -> None:
        """A chunk begins; one of size 0 is the last."""
        stream.size = 0
        if size < 0:
            self.malformed(stream, "chunk-size")
            return
        if self.log is not None:
            at = stream.position
            self.log.add("chunk", stream.side.index, stream.packet, stream.time, at, size, stream.exchange)
        if size == 0:
            stream.state = TRAILER
        else:
            stream.chunked = 1
            stream.begin_body(BODY, size)

    def body_over(self, stream: Http1Side) -> None:
        """A run of body bytes is over: the message too, unless it is chunked."""
        stream.got += stream.body_end - stream.body_start
        stream.body_start = stream.body_end = 0
        if stream.chunked:
            stream.state = CHUNK_END
        else:
            stream.state = HEAD
            self.message_over(stream)

    def body_hole(self, stream: Http1Side, start: cython.longlong, length: cython.longlong) -> None:
        """A hole in a body is no failure; one that goes on beyond it swallows what follows."""
        if start + length < stream.body_end:
            stream.skip = stream.body_end - start - length
            return
        beyond: cython.longlong = start + length - stream.body_end
        stream.position = stream.body_end
        stream.beyond = beyond
        self.body_over(stream)
        if beyond > 0:
            stream.position = start + length
            self.lose(stream, start + length - beyond)

    def begin_framed(self, stream: Http1Side, kind: str, length: cython.longlong) -> None:
        """The body begins; one without bytes is over at once."""
        stream.size = 0
        stream.lines = None
        stream.chunked = 0
        stream.lost_before = stream.side.lost
        if kind == "chunked":
            stream.state = CHUNK_SIZE
        elif kind == "close":
            stream.begin_body(CLOSE, NEVER)
        elif kind == "length" and length > 0:
            stream.begin_body(BODY, length)
        else:
            self.message_over(stream)

    def take_head_line(self, stream: Http1Side, line: bytes, blank: cython.bint) -> None:
        """A line of a head: empty lines before it are passed over (RFC 9112 2.2)."""
        if not stream.lines:
            if blank:
                stream.size = 0
            elif self.check_start(stream, line[:MAX_START]):
                self.take_start_line(stream, line)
            return
        if not blank:
            stream.lines.append(line)
            return
        self.found.take_all(b"".join(stream.lines[1:]))
        self.head_over(stream)

    def check_start(self, stream: Http1Side, line: bytes) -> cython.bint:
        """Whether the message that begins with `line` (perhaps only a part of it) may still be HTTP."""
        return True

    def take_start_line(self, stream: Http1Side, line: bytes) -> None:
        """The start line is complete."""

    def head_over(self, stream: Http1Side) -> None:
        """The head is complete, and its fields are in `found`."""

    def whole_head(self, stream: Http1Side, data: bytes, at: cython.Py_ssize_t, stop: cython.Py_ssize_t) -> cython.bint:
        """A whole head, whose start line is data[at:stop]; False, and nothing done, when that is not as it should be.

        Its fields are in `found`.
        """
        return False

    def message_over(self, stream: Http1Side) -> None:
        """The last byte of a message was reached, in the current packet."""

    def update(self, stream: Http1Side, exchange: Exchange) -> None:
        """Bring counts and end of the message in progress up to date."""

    def lose(self, stream: Http1Side, start: cython.longlong) -> None:
        """The bytes from `start` to `stream.position`, outside a body, are missing."""

    def follows(self, stream: Http1Side, data: bytes) -> cython.bint:
        """Whether the next message begins with this segment, while the end of the one before is unknown."""
        return False

    def resync(self, stream: Http1Side, data: bytes) -> cython.bint:
        """Whether reading may go on at the begin of this segment, after a loss."""
        return False

    def hold(self, stream: Http1Side, data: bytes) -> None:
        """Bytes that belong to another protocol, or may do so."""

    def keep_garbage(self, stream: Http1Side, data: bytes) -> cython.Py_ssize_t:
        """Keep bytes that are no HTTP; returns how many were taken."""
        return len(data)

    def malformed(self, stream: Http1Side, what: str) -> None:
        """The message breaks its own framing: nothing after it can be read."""

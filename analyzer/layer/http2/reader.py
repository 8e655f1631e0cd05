"""Cuts each direction of an HTTP/2 connection into frames (RFC 9113 4), and passes over what nobody needs of them.

What a frame means is decided in parser.py, which fills in the methods at the end.
"""

from __future__ import annotations

import cython

if not cython.compiled:
    from analyzer.capture.numbers import u32

from analyzer.layer.detection import PREFACE
from analyzer.layer.http2.fields import HeaderDecoder
from analyzer.layer.http2.registry import (
    CONTINUATION,
    DATA,
    DEFAULT_WINDOW,
    FRAME_HEADER,
    GOAWAY,
    HEADERS,
    PADDED,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
)
from analyzer.layer.http2.states import FRAME, GARBAGE, LOST, OPENING, PAYLOAD
from analyzer.layer.layer import Layer, Segment, place
from analyzer.model.connection import CLIENT, NEVER, Direction

MAX_BLOCK = 64 * 1024
"""Longest compressed header block that is read, in bytes (signatures.md 6.1, `max_head`); CONTINUATION has no end."""
MAX_SETTINGS = 600
"""Bytes of a SETTINGS frame that are read: a hundred settings, of which RFC 9113 knows six."""
GOAWAY_HEAD = 8
"""Last stream and error code; debug data follows."""


class Http2Side:
    """State and offsets of one direction.

    head          bytes of an unfinished preface or frame header
    kind, flags, stream   of the current frame
    left, wanted  payload bytes that are still to come, and how many of them at its front are kept, in `body`
    broken        1 = kept bytes of the payload are missing
    start*        stream offset, packet, time and acknowledged peer offset of the frame's first byte
    position, packet, time, ack   of the bytes being read
    block         the header block so far; block_at: offset of its first frame
    block_stream  its stream, 0 = a promised one that nobody asked for, -1 = no block is open
    block_ends, block_broken   whether END_STREAM is set, whether bytes of it are missing
    lost_before   `side.lost` when the frame began
    window, initial   bytes of DATA that the other side still allows on the connection, and on a stream to begin with
    """

    def __init__(self, side: Direction) -> None:
        self.side = side
        self.fields = HeaderDecoder()
        self.state = OPENING
        self.head = bytearray()
        self.body = bytearray()
        self.block = bytearray()
        self.block_stream = self.block_at = -1
        self.block_ends = self.block_broken = 0
        self.kind = self.flags = self.stream = self.left = self.wanted = self.broken = 0
        self.length = self.lost_before = 0
        self.start = self.start_ack = -1
        self.start_packet = self.start_time = 0
        self.position = self.packet = self.time = self.ack = 0
        self.window = self.initial = DEFAULT_WINDOW


class FrameReader(Layer):
    """Reads both directions: every byte of a frame header and of header blocks once, bytes of bodies never."""

    def begin_frames(self) -> None:
        """Nothing was read yet."""
        self.client = Http2Side(self.up)
        self.server = Http2Side(self.down)

    def feed(self, segment: Segment) -> cython.Py_ssize_t:
        """As Layer.feed."""
        half = self.client if segment.side.index == CLIENT else self.server
        if segment.fin:
            self.finish()
            return half.side.skip
        half.packet, half.time, half.ack = segment.packet, segment.time, -1 if segment.lost else segment.acknowledged
        half.position = segment.first
        self.skipped(half)
        if segment.lost:
            self.hole(half, segment.lost)
        else:
            self.read(half, segment.data, segment.at, segment.end)
        return self.needless(half)

    def read(self, half: Http2Side, data: bytes, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> None:
        """Read data[at:end]."""
        while at < end and half.state < LOST:
            if half.state == PAYLOAD:
                at = self.read_payload(half, data, at, end)
            elif half.state == FRAME and not half.head and end - at >= FRAME_HEADER:
                self.begin_head(half)
                half.position += FRAME_HEADER
                self.begin_frame(half, data, at)
                at += FRAME_HEADER
            else:
                at = self.read_head(half, data, at, end)
        if half.state == GARBAGE:
            self.keep_garbage(data[at:end])

    def hole(self, half: Http2Side, length: cython.longlong) -> None:
        """Bytes will never be seen: harmless in a body, else a frame, or all, is lost."""
        if half.state == PAYLOAD and length <= half.left:
            half.broken = 1
            half.wanted = 0
            half.left -= length
            half.position += length
            self.read_payload(half, b"", 0, 0)
        elif half.state < LOST:
            self.lose_boundaries(half)

    def needless(self, half: Http2Side) -> cython.Py_ssize_t:
        """How many bytes from here on nobody needs."""
        if half.state == PAYLOAD and half.wanted == 0:
            return half.left
        return NEVER if half.state == LOST or (half.state == GARBAGE and self.garbage_over()) else 0

    def skipped(self, half: Http2Side) -> None:
        """The rest of a payload was passed over: the frame is over."""
        if half.state == PAYLOAD and half.wanted == 0:
            half.left = 0
            self.end_frame(half)

    def begin_head(self, half: Http2Side) -> None:
        """A preface or a frame begins here."""
        half.start = place(half.side, half.position)
        half.start_ack = half.ack
        half.start_packet = half.packet
        half.start_time = half.time

    def read_head(
        self, half: Http2Side, data: bytes, at: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        """Read the preface or a frame header, or the part of it that is there; returns where reading goes on."""
        opening: cython.bint = half.state == OPENING and half is self.client
        size: cython.Py_ssize_t = len(PREFACE) if opening else FRAME_HEADER
        if not half.head:
            self.begin_head(half)
        taken = data[at : min(end, at + size - len(half.head))]
        half.head += taken
        half.position += len(taken)
        if half.state == OPENING and not opening and half.head[0]:
            self.begin_garbage(half)  # as the length of SETTINGS it is over every limit (RFC 9113 4.2)
        elif len(half.head) == size:
            head = bytes(half.head)
            if not opening:
                self.begin_frame(half, head, 0)
            elif head == PREFACE:
                half.state = FRAME
                if self.log is not None:
                    self.write("preface", half, half.position - len(PREFACE), len(PREFACE), None)
            else:
                self.lose_boundaries(half)
            half.head.clear()
        return at + len(taken)

    def begin_frame(self, half: Http2Side, head: bytes, at: cython.Py_ssize_t) -> None:
        """A frame header is complete (RFC 9113 4.1); a server's first frame must be SETTINGS (3.4)."""
        half.length = half.left = u32(head, at) >> 8
        half.kind, half.flags = head[at + 3], head[at + 4]
        half.stream = u32(head, at + 5) & 0x7FFFFFFF
        if half.state == OPENING and (half.kind != SETTINGS or half.stream):
            self.begin_garbage(half)
            return
        if self.log is not None:
            note = (half.kind, half.flags, half.stream)
            self.write("frame", half, half.position - FRAME_HEADER, FRAME_HEADER + half.length, note)
        half.state = PAYLOAD
        half.body.clear()
        half.broken = 0
        half.lost_before = half.side.lost
        half.wanted = min(half.left, self.kept(half))
        if half.kind == HEADERS:
            self.headers_begin(half)
        if half.state == PAYLOAD:
            self.read_payload(half, b"", 0, 0)

    def write(self, what: str, half: Http2Side, at: cython.longlong, length: cython.longlong, note: object) -> None:
        """Log what begins at this offset."""
        if self.log is not None:
            self.log.add(what, half.side.index, half.start_packet, half.start_time, at, length, note)

    def kept(self, half: Http2Side) -> cython.longlong:
        """How many bytes at the front of this frame's payload are needed."""
        if half.kind == DATA:
            return 1 if half.flags & PADDED else 0
        if half.kind in (RST_STREAM, WINDOW_UPDATE):
            return 4
        if half.kind == SETTINGS:
            return MAX_SETTINGS
        if half.kind == GOAWAY:
            return GOAWAY_HEAD
        if half.kind not in (HEADERS, PUSH_PROMISE, CONTINUATION):
            return 0
        if half.length + (len(half.block) if half.kind == CONTINUATION else 0) <= MAX_BLOCK:
            return half.length
        half.broken = 1
        return 0

    def read_payload(
        self, half: Http2Side, data: bytes, at: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        """Keep what is wanted of a payload and pass over the rest; returns where reading goes on."""
        run: cython.longlong
        if half.wanted:
            run = min(half.wanted, end - at)
            half.body += data[at : at + run]
            half.wanted -= run
            half.left -= run
            half.position += run
            at += run
        if half.wanted == 0:
            run = min(half.left, end - at)
            half.left -= run
            half.position += run
            at += run
            if half.left == 0:
                self.end_frame(half)
        return at

    def end_frame(self, half: Http2Side) -> None:
        """The last byte of a frame was reached, in the current packet."""
        half.state = FRAME
        self.frame_over(half)

    def headers_begin(self, half: Http2Side) -> None:
        """The header of a HEADERS frame was read."""

    def frame_over(self, half: Http2Side) -> None:
        """A frame is complete, or its end was reached."""

    def lose_boundaries(self, half: Http2Side) -> None:
        """Nothing more can be read of this direction."""

    def begin_garbage(self, half: Http2Side) -> None:
        """The server's first bytes, in `head`, are no HTTP/2."""

    def keep_garbage(self, data: bytes) -> None:
        """Bytes of the server behind them."""

    def garbage_over(self) -> cython.bint:
        """Whether enough of them is kept."""
        return True

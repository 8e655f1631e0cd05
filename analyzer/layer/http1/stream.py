"""One direction of an HTTP/1.x connection."""

from __future__ import annotations

import cython

from analyzer.layer.http1.states import BODY, CLOSE, HEAD
from analyzer.model.connection import NEVER, Direction
from analyzer.model.http import Exchange

LINE = 48
"""A line of a head that is not whole, besides its bytes."""


class Http1Side:
    """State and offsets of one direction.

    line         the part of an unfinished line; lines, size: complete lines and bytes of the head so far, None = none
    position     stream offset of the next byte to be read
    skip         bytes behind what was read that nobody needs
    packet, time, ack  of the segment being read
    start*       stream offset, packet, time and acknowledged peer offset of the current message's first byte
    last_*       packet and time of the last body byte that was handed in
    body_*       offsets of the current run of body bytes (a body by length, one chunk, or until the close)
    got          body bytes of runs that are over
    lost_before  `side.lost` when the body began; beyond: bytes of a hole that began in the body and outlasted it
    chunked      1 = the run is a chunk
    least        offset that the message reaches at least, by its Content-Length, where its head is cut; 0 = unknown
    last_chunk   1 = the bytes read last end with the last chunk
    exchange     the exchange of the message in progress, None between messages
    """

    def __init__(self, side: Direction) -> None:
        self.side = side
        self.line: bytearray | None = None
        self.lines: list[bytes] | None = None
        self.packet = self.time = self.ack = self.position = 0
        self.start_packet = self.start_time = 0
        self.start = self.start_ack = -1
        self.last_packet = self.last_time = 0
        self.skip = 0
        self.chunked = 0
        self.exchange: Exchange | None = None
        self.next_message(HEAD)

    def next_message(self, state: cython.int) -> None:
        """Forget the message that is over."""
        self.state = state
        self.line = self.lines = None
        self.size = 0
        self.start = -1
        self.body_start = self.body_end = 0
        self.got = self.beyond = self.least = 0
        self.last_chunk = 0
        self.lost_before = self.side.lost
        self.exchange = None

    def begin_body(self, state: cython.int, length: cython.longlong) -> None:
        """A run of `length` body bytes begins at `position`."""
        self.state = state
        self.body_start = self.position
        self.body_end = self.position + length if length < NEVER - self.position else NEVER

    def received(self) -> cython.longlong:
        """Body bytes so far, holes included: passed-over bytes count from the side's own offset."""
        if self.state != BODY and self.state != CLOSE:
            return self.got
        reached: cython.longlong = max(self.position, self.side.next)
        return self.got + max(0, min(reached, self.body_end) - self.body_start)

    def weight(self) -> cython.Py_ssize_t:
        """Bytes kept of a head that is not whole."""
        return self.size if self.lines is None else self.size + len(self.lines) * LINE

    def missing(self) -> cython.longlong:
        """Body bytes that fell into holes of the capture (the tracker counts them in `side.lost` as it meets them)."""
        return max(0, min(self.side.lost - self.lost_before - self.beyond, self.received()))

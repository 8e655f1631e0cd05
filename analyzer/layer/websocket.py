"""The frames of a websocket (RFC 6455 5.2), of which one thing matters: whether somebody sent Close."""

from __future__ import annotations

import cython

from analyzer.layer.layer import Layer, Segment
from analyzer.model.connection import NEVER
from analyzer.model.http import Exchange

CLOSE = 8
"""The opcode of Close: who sends it ends the websocket (RFC 6455 5.5.1)."""
OPCODE, MASKED, LENGTH = 0x0F, 0x80, 0x7F
RESERVED = 0x30
"""Bits of the first byte that only an extension which nobody uses may set; RSV1 is compression (RFC 7692)."""
IMPOSSIBLE = 0x40
"""First of eight bytes of a length that no stream has; from 0x80 on it breaks the rules (RFC 6455 5.2)."""


class Websocket(Layer):
    """Passes over the frames of both directions, and notes the first Close in `exchange.close_packet`."""

    def __init__(self, parent: Layer, exchange: Exchange) -> None:
        self.join(parent)
        self.exchange = exchange
        self.client_head = bytearray()
        self.server_head = bytearray()

    def feed(self, segment: Segment) -> cython.Py_ssize_t:
        """As Layer.feed."""
        if segment.fin:
            return 0
        if segment.lost:
            return self.lose()
        head: bytearray = self.client_head if segment.side.index == 0 else self.server_head
        size: cython.longlong
        at: cython.Py_ssize_t = segment.at
        while at < segment.end:
            head.append(segment.data[at])
            at += 1
            if len(head) == 1 and not is_frame(head[0]):
                if self.log is not None:
                    self.write(segment, at, 0, 1)
                return self.lose()
            size = payload_size(head)
            if size < 0:
                continue
            if self.log is not None:
                self.write(segment, at, len(head), size)
            if size == NEVER:
                return self.lose()
            if head[0] & OPCODE == CLOSE and self.exchange.close_packet == 0:
                self.exchange.close_packet = segment.packet
            head.clear()
            if size > segment.end - at:
                return size - (segment.end - at)
            at += size
        return 0

    def write(self, segment: Segment, at: cython.Py_ssize_t, head: cython.longlong, size: cython.longlong) -> None:
        """Log a frame, whose head ends before data[at], or that there is none."""
        if self.log is not None:
            offset: cython.longlong = segment.first + at - segment.at - (head or size)
            self.log.add("websocket", segment.side.index, segment.packet, segment.time, offset, head + size, head)

    def lose(self) -> cython.Py_ssize_t:
        """Where the frames of this side begin is not known any more, so neither is whether it says Close."""
        if self.exchange.close_packet == 0:
            self.exchange.close_packet = -1
        return NEVER


def is_frame(first: cython.int) -> cython.bint:
    """Whether a frame may begin with this byte."""
    return not first & RESERVED


def told(head: bytearray) -> cython.int:
    """How many bytes of a head tell type and length; the masking key follows."""
    size: cython.int = head[1] & LENGTH if len(head) > 1 else 0
    return 10 if size == 127 else 4 if size == 126 else 2


def payload_size(head: bytearray) -> cython.longlong:
    """Length of the payload behind a whole head, -1 = the head goes on, NEVER = no frame is so long."""
    have: cython.Py_ssize_t = len(head)
    if have < 2:
        return -1
    size: cython.longlong = head[1] & LENGTH
    extended: cython.Py_ssize_t = 8 if size == 127 else 2 if size == 126 else 0
    if have < 2 + extended + (4 if head[1] & MASKED else 0):
        return -1
    if extended == 8 and head[2] >= IMPOSSIBLE:
        return NEVER
    if extended:
        size = int.from_bytes(head[2 : 2 + extended], "big")
    return size

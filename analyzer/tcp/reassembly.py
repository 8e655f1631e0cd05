"""Puts the bytes of one side into sequence order and feeds them to the layer that reads them.

Takes segments in capture order with their 64-bit stream offsets, and feeds the connection's layer. The first copy
of a byte wins. Bytes that no layer needs (`side.skip`) are counted and never copied. A hole is waited for; it becomes
a gap once the receiver has acknowledged it and `PATIENCE_NS` has gone by (the capture lost it, signatures.md 3.1),
once a cap is reached, or at the end.
"""

from __future__ import annotations

from bisect import insort
from typing import Any

import cython

from analyzer.frame.octets import cut
from analyzer.frame.packet import Packet
from analyzer.layer.dns.lookups import Lookups
from analyzer.layer.layer import Layer, Segment
from analyzer.layer.midstream import Midstream
from analyzer.layer.next import Next
from analyzer.model.connection import Connection, Direction, Side
from analyzer.model.log import Log
from analyzer.tcp.ordering import PATIENCE_NS
from analyzer.tcp.weight import weight

MAX_PENDING_SEGMENTS = 512
"""Out-of-order segments kept a side; at the cap the hole counts as lost (flag `reassembly-capped`)."""
MAX_PENDING_BYTES = 64 << 20
"""Out-of-order bytes kept over all connections; same behaviour at the cap."""


class Reassembler:
    """Reassembly for all connections; it owns only counts of bytes.

    waiting     of segments that wait for their predecessors; held: of what else is kept of connections (weight.py)
    lookups     where DNS over TCP goes, None = nobody wants it
    log         what layers write down of all that they read, None = nobody wants to know
    keys        what may open TLS (analyzer.keys.store.Store), None = there is nothing
    piece       what a layer is fed, filled again for each
    """

    def __init__(self) -> None:
        self.waiting = self.held = 0
        self.lookups: Lookups | None = None
        self.log: Log | None = None
        self.keys: Any = None
        self.piece = Segment(Direction(0))

    def segment(self, side: Side, p: Packet, offset: cython.longlong, ack: cython.longlong) -> None:
        """Take a segment with payload; `ack` is the offset of the peer's stream it acknowledges."""
        stop: cython.longlong = offset + p.length
        if stop <= side.next:
            return
        if offset > side.next:
            self.keep(side, p, offset, ack)
            return
        if p.length < side.skip and offset == side.next:
            side.skip -= p.length
            go_on(side, p.length)
        else:
            self.deliver(side, p.data, p.payload, p.captured, p.length, offset, p.number, p.time, ack)
        if side.pending is not None:
            self.drain(side)

    def deliver(
        self,
        side: Side,
        data: bytes,
        at: cython.Py_ssize_t,
        captured: cython.Py_ssize_t,
        length: cython.longlong,
        offset: cython.longlong,
        number: cython.longlong,
        time: cython.longlong,
        ack: cython.longlong,
    ) -> None:
        """Deliver what is new of a segment of `length` bytes, and account for what the snaplen cut of it.

        The first `captured` bytes of it are data[at:].
        """
        start: cython.longlong = side.next - offset
        needed: cython.longlong = start + side.skip
        if needed < captured:
            self.consume_skip(side)
            self.call(side, data, at + needed, at + captured, number, time, ack)
            self.cut(side, length - captured, number, time, ack)
        elif needed < length:
            side.cut += length - needed
            self.gap(side, length - start, number, time, ack)
        elif needed == length:
            self.consume_skip(side)
            self.call(side, b"", 0, 0, number, time, ack)
        else:
            side.skip -= length - start
            go_on(side, length - start)

    def consume_skip(self, side: Side) -> None:
        """The bytes to skip are over."""
        go_on(side, side.skip)
        side.skip = 0

    def call(
        self,
        side: Side,
        data: bytes,
        at: cython.Py_ssize_t,
        end: cython.Py_ssize_t,
        number: cython.longlong,
        time: cython.longlong,
        ack: cython.longlong,
    ) -> None:
        """Feed the bytes data[at:end] to the connection's layer."""
        connection: Connection = side.connection
        self.feed(connection, self.piece.fill(side, number, time, ack, data, at, end))
        go_on(side, end - at)
        self.weigh(connection)

    def feed(self, connection: Connection, segment: Segment) -> None:
        """Feed the connection's layer, which is made when it is fed first, and let its heir go on."""
        layer: Layer = connection.content
        if layer is None:
            layer = Midstream(None) if connection.midstream else Next(None)
            layer.begin(connection, connection.client, connection.server, self.lookups, self.keys)
            layer.log = self.log
            connection.content = layer
        segment.side.skip = layer.feed(segment)
        if layer.heir is not None:
            connection.content = layer.heir

    def gap(
        self,
        side: Side,
        length: cython.longlong,
        number: cython.longlong,
        time: cython.longlong,
        ack: cython.longlong,
    ) -> None:
        """`length` bytes from `side.next` on are not to be had."""
        connection: Connection = side.connection
        if length < side.skip:
            side.skip -= length
            go_on(side, length)
            return
        length -= side.skip
        self.consume_skip(side)
        if length == 0:
            self.call(side, b"", 0, 0, number, time, ack)
            return
        self.piece.fill(side, number, time, -1, b"", 0, 0)
        self.piece.lost = length
        self.feed(connection, self.piece)
        go_on(side, length)
        self.weigh(connection)

    def weigh(self, connection: Connection) -> None:
        """Something of the connection was added or let go: count what is kept of it now."""
        now: cython.longlong = weight(connection)
        self.held += now - connection.kept
        connection.kept = now

    def cut(
        self,
        side: Side,
        length: cython.longlong,
        number: cython.longlong,
        time: cython.longlong,
        ack: cython.longlong,
    ) -> None:
        """The snaplen cut `length` bytes off a segment; they count only where a parser needed them."""
        if length > 0:
            if length > side.skip:
                side.cut += length
            self.gap(side, length, number, time, ack)

    def keep(self, side: Side, p: Packet, offset: cython.longlong, ack: cython.longlong) -> None:
        """Keep a segment that came before its predecessors."""
        data: bytes
        data = b""
        if offset + p.length >= side.next + side.skip:
            data = cut(p.data, p.payload, p.payload + p.captured)
        if side.pending is None:
            side.pending = []
            side.hole_time = p.time
        insort(side.pending, (offset, p.number, p.time, ack, p.length, data))
        side.pending_bytes += len(data)
        self.waiting += len(data)
        if len(side.pending) > MAX_PENDING_SEGMENTS or self.waiting > MAX_PENDING_BYTES:
            side.connection.flag("reassembly-capped")
            self.skip_hole(side)

    def skip_hole(self, side: Side) -> None:
        """Count the bytes before the first segment that waits as lost by the capture, and go on behind them."""
        if side.pending:
            offset, number, time, ack, _, _ = side.pending[0]
            if offset > side.next:
                side.lost += offset - side.next
                self.gap(side, offset - side.next, number, time, ack)
            self.drain(side)

    def drain(self, side: Side) -> None:
        """Deliver the waiting segments that have become contiguous."""
        offset: cython.longlong
        length: cython.longlong
        data: bytes
        done: cython.Py_ssize_t = 0
        for offset, number, time, ack, length, data in side.pending or ():
            if offset > side.next:
                break
            done += 1
            self.waiting -= len(data)
            side.pending_bytes -= len(data)
            if offset + length > side.next:
                self.deliver(side, data, 0, len(data), length, offset, number, time, ack)
        if done and side.pending is not None:
            del side.pending[:done]
            side.hole_time = side.pending[0][2] if side.pending else 0
            if not side.pending:
                side.pending = None

    def overdue(self, side: Side, now: cython.longlong) -> None:
        """Give up a hole that the receiver has acknowledged: the bytes were on the wire and the capture missed them."""
        if side.pending is not None and now - side.hole_time > PATIENCE_NS and side.acked >= side.pending[0][0]:
            self.skip_hole(side)

    def finish(self, side: Side, number: cython.longlong, time: cython.longlong) -> None:
        """Nothing more will come of this side: settle its holes, and end the stream if its FIN was reached."""
        acked: cython.longlong = side.acked
        if side.fin_offset >= 0 and acked > side.fin_offset:
            acked = side.fin_offset
        while side.pending is not None and side.pending[0][0] <= acked:
            self.skip_hole(side)
        if side.pending is not None:
            if acked > side.next:  # of the hole, the receiver has the beginning: that much the capture lost
                side.lost += acked - side.next
                self.gap(side, acked - side.next, number, time, 0)
            side.wire_gap = 1
            self.waiting -= side.pending_bytes
            side.pending = None
            side.pending_bytes = 0
        elif acked > side.next + (1 if side.fin_offset < 0 else 0):
            side.lost += acked - side.next
            self.gap(side, acked - side.next, number, time, 0)
        self.reach_end(side, number, time)

    def reach_end(self, side: Side, number: cython.longlong, time: cython.longlong) -> None:
        """Tell the layer once that the FIN of this side came up in sequence."""
        layer: Layer = side.connection.content
        skip: cython.longlong = side.skip
        if side.fin_offset >= 0 and side.next >= side.fin_offset and not side.ended and side.pending is None:
            side.ended = 1
            if layer is not None:
                self.piece.fill(side, number, time, -1, b"", 0, 0)
                self.piece.fin = 1
                self.feed(side.connection, self.piece)
                side.skip = skip


@cython.cfunc
@cython.inline
@cython.exceptval(-1, check=False)
def go_on(side: Side, length: cython.longlong) -> cython.bint:
    """The one place where a stream goes on: it never goes back, so no piece ends before it begins."""
    assert length >= 0, "a stream went back"
    side.next += length
    return True

"""What a segment with payload means: new bytes, a retransmission, reordering, a keep-alive probe (signatures.md 3)."""

from __future__ import annotations

import cython

from analyzer.frame.packet import Packet
from analyzer.model.connection import FULL_SEGMENT, Connection, Side
from analyzer.tcp.marks import mark
from analyzer.tcp.ordering import REORDER_NS
from analyzer.tcp.reassembly import Reassembler

REACH = 1 << 30
"""How far ahead of what was read payload is put into order: the largest window (RFC 7323 2.3)."""
MAX_RTX_MARKS, MAX_KEEP_ALIVE_MARKS = 12, 4
"""Retransmissions since the last acknowledgement, and keep-alives of a side, that become milestones; all are counted.
Linux gives up after 15 retransmissions (tcp_retries2), of which a verdict cites the first."""


class Payload:
    """Accounts for payload and hands it to the reassembler."""

    def __init__(self) -> None:
        self.reassembler = Reassembler()

    def segment(
        self,
        connection: Connection,
        side: Side,
        peer: Side,
        p: Packet,
        offset: cython.longlong,
        ack: cython.longlong,
    ) -> None:
        """Sequence accounting of a segment with payload, then reassembly."""
        stop: cython.longlong = offset + p.length
        fills: cython.bint = side.pending is not None and offset >= side.next and offset < side.pending[0][0]
        if p.length == 1 and offset == side.end - 1 and side.acked >= side.end:
            self.keep_alive(connection, side, p)
            return
        if side.fin_offset >= 0 and stop > side.fin_offset:
            return
        if stop > side.end:
            self.advance(connection, side, p, offset, stop)
        elif offset < side.next or p.time - side.jump_time > REORDER_NS:
            if fills:
                side.last_data_time = p.time
                side.last_data_packet = p.number
            if not (peer.zero_since and p.length == 1):
                self.retransmission(connection, side, p, offset, stop)
        else:
            side.out_of_order += 1
            side.last_data_time = p.time
            side.last_data_packet = p.number
        if stop > side.next and offset < side.next + REACH:
            self.reassembler.segment(side, p, offset, ack)
            if side.pending is not None:
                self.reassembler.overdue(side, p.time)
            if side.fin_offset >= 0:
                self.reassembler.reach_end(side, p.number, p.time)

    def advance(
        self, connection: Connection, side: Side, p: Packet, offset: cython.longlong, stop: cython.longlong
    ) -> None:
        """Bytes beyond all that the side has sent, perhaps behind a hole."""
        if offset > side.end:
            side.jump_time = p.time
        side.bytes += stop - (offset if offset > side.end else side.end)
        side.end = stop
        if side.full_end == 0 and p.length >= FULL_SEGMENT:
            side.full_end = stop
        side.last_data_time = p.time
        side.last_data_packet = p.number
        if side.first_data_packet == 0:
            side.first_data_time = p.time
            side.first_data_packet = p.number

    def retransmission(
        self, connection: Connection, side: Side, p: Packet, offset: cython.longlong, stop: cython.longlong
    ) -> None:
        """Payload that was sent before, or that fills a hole too late to be reordering."""
        side.retransmissions += 1
        if p.length > side.largest_rtx:
            side.largest_rtx = p.length
        if stop <= side.acked:
            return
        side.rtx_since_ack += 1
        if side.rtx_since_ack <= MAX_RTX_MARKS:
            mark(connection, side, p, "retransmission", offset)
            self.reassembler.weigh(connection)

    def keep_alive(self, connection: Connection, side: Side, p: Packet) -> None:
        """A keep-alive probe: one byte before the next, nothing outstanding (RFC 9293 3.8.4)."""
        side.keep_alives += 1
        side.unanswered_keep_alives += 1
        if side.keep_alives <= MAX_KEEP_ALIVE_MARKS:
            mark(connection, side, p, "keep-alive", -1)

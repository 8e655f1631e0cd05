# cython: boundscheck=False, wraparound=False
# Unchecked: headers() makes sure that all bytes of the headers are there before it reads them.

"""The fast path: the next segment, or a mere ACK, of a connection on which nothing is unusual.

Kernels have one too (Linux, tcp_rcv_established). It does in one go for such a frame what Decoder, Table, Connections,
Payload and Reassembler do for any. Of all other frames it says False and has changed nothing: they go the long way. The
interpreted engine sends every frame the long way, and a test holds the two ways against each other.
"""

from __future__ import annotations

import cython

if not cython.compiled:
    from analyzer.capture.numbers import u16, u32
    from analyzer.tcp.sequence import unwrap

from analyzer.capture.frame import Frames
from analyzer.flow.copies import is_again
from analyzer.flow.table import Table
from analyzer.frame.packet import IPV4_KEY, IPV6_KEY
from analyzer.model.connection import ACK, FIN, FULL_SEGMENT, ID_FAR, MASK32, RST, SERVER, SYN, Connection, Side
from analyzer.tcp.reassembly import Reassembler
from analyzer.tcp.sequence import NEAR

ETHERNET = 1
"""LINKTYPE_ETHERNET."""
NOP_NOP_TIMESTAMPS = 0x0101080A
"""How nearly every stack lays out its timestamps (RFC 7323 appendix A)."""
MAC, IPV4, IPV6, TCP, TCP_WITH_TIMESTAMPS = 14, 20, 40, 20, 32
"""Bytes of headers: Ethernet without tags, IP without options or extensions, TCP without options, with timestamps."""


class FastPath:
    """Takes the usual frames of one capture: `taken` of them so far. Of the current frame:

    tcp, header      where the TCP header begins in the data, and its bytes
    end              where the frame ends in the data
    key_size         bytes of the connection's key, which stands in one piece before the sequence number
    length           payload bytes on the wire
    ip_id, ttl       of the IP header; IPv6 has no ID: 0
    """

    def __init__(self, table: Table, reassembler: Reassembler) -> None:
        self.table = table
        self.reassembler = reassembler
        self.taken = 0
        self.tcp = self.end = self.header = self.key_size = self.length = self.ip_id = self.ttl = 0

    def takes(self, frames: Frames) -> cython.bint:
        """Account for the current frame if it is usual; False: nothing was changed, it has to go the long way."""
        data: bytes = frames.data
        side: Side | None
        if not self.headers(frames, data):
            return False
        tcp: cython.Py_ssize_t = self.tcp
        side = self.table.lately(data, tcp + 4 - self.key_size, self.key_size)
        if side is None:
            return False
        connection: Connection = side.connection
        peer: Side = connection.client if side.index == SERVER else connection.server
        time: cython.longlong = frames.time
        window: cython.int = u16(data, tcp + 14)
        if window == 0 or time < connection.last_time or not is_quiet(connection, side, peer):
            return False
        seq: cython.longlong = u32(data, tcp + 4)
        acknowledged: cython.longlong = u32(data, tcp + 8)
        offset: cython.longlong = unwrap(seq, side.base, side.end)
        ack: cython.longlong = unwrap(acknowledged, peer.base, peer.acked)
        if offset != side.end or (self.length and offset != side.next) or offset < side.acked - NEAR:
            return False
        if ack < peer.acked or ack > peer.end + (peer.fin_offset >= 0):
            return False
        if ack > peer.acked and side.index == SERVER and connection.heeded:
            return False  # it may acknowledge a request
        stamp: cython.longlong = u32(data, tcp + 24) if self.header == TCP_WITH_TIMESTAMPS else MASK32
        flags: cython.int = data[tcp + 13]
        if is_again(side, time, seq, acknowledged, self.length, flags, window, self.ip_id, stamp, MASK32):
            return False
        self.taken += 1
        connection.last_packet = frames.number
        connection.last_time = time
        self.sent(side, time, frames.number)
        acknowledge(peer, ack, ack + (window << side.shift), time, frames.number)
        if self.length:
            advance(side, self.length, time, frames.number)
            self.deliver(frames, data, side, offset, ack)
        return True

    def headers(self, frames: Frames, data: bytes) -> cython.bint:
        """Read Ethernet II, IP without options, extensions or fragments, and TCP; False: there is something else.

        TCP has no options or timestamps alone, and of its flags ACK, but neither SYN, FIN nor RST.
        """
        ip: cython.Py_ssize_t = frames.start + MAC
        tcp: cython.Py_ssize_t
        end: cython.Py_ssize_t = min(frames.start + frames.captured, len(data))
        if frames.link != ETHERNET or end < ip + IPV4 + TCP:
            return False
        if u16(data, ip - 2) == 0x0800:
            if data[ip] != 0x45 or u16(data, ip + 6) & 0x3FFF or data[ip + 9] != 6:
                return False
            tcp = ip + IPV4
            self.length = u16(data, ip + 2) - IPV4
            self.key_size = IPV4_KEY
            self.ip_id = u16(data, ip + 4)
            self.ttl = data[ip + 8]
        elif u16(data, ip - 2) == 0x86DD:
            if end < ip + IPV6 + TCP or data[ip] >> 4 != 6 or data[ip + 6] != 6:
                return False
            tcp = ip + IPV6
            self.length = u16(data, ip + 4)
            self.key_size = IPV6_KEY
            self.ip_id = 0
            self.ttl = data[ip + 7]
        else:
            return False
        header: cython.int = (data[tcp + 12] >> 4) * 4
        if data[tcp + 13] & (SYN | FIN | RST | ACK) != ACK:
            return False
        if header != TCP:
            if header != TCP_WITH_TIMESTAMPS or end < tcp + TCP_WITH_TIMESTAMPS:
                return False
            if u32(data, tcp + TCP) != NOP_NOP_TIMESTAMPS:
                return False
        self.tcp = tcp
        self.end = end
        self.header = header
        self.length -= header
        return self.length >= 0

    def sent(self, side: Side, time: cython.longlong, number: cython.longlong) -> None:
        """A packet of this side."""
        side.packets += 1
        side.last_packet = number
        side.last_time = time
        side.data_ttl = self.ttl
        side.zero_since = 0
        if self.ip_id:
            if side.ip_ids and (self.ip_id - side.ip_id) & 0xFFFF > ID_FAR:
                side.ip_id_jumps += 1
            side.ip_ids += 1
            side.ip_id = self.ip_id

    def deliver(
        self, frames: Frames, data: bytes, side: Side, offset: cython.longlong, ack: cython.longlong
    ) -> cython.bint:
        """Pass over the next bytes of a side, or hand them on."""
        at: cython.Py_ssize_t = self.tcp + self.header
        captured: cython.Py_ssize_t = min(self.end - at, self.length)
        if self.length < side.skip:
            side.skip -= self.length
            side.next += self.length
        else:
            self.reassembler.deliver(side, data, at, captured, self.length, offset, frames.number, frames.time, ack)
        return True


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def is_quiet(connection: Connection, side: Side, peer: Side) -> cython.bint:
    """The handshake is over, the sender has not closed, and no packet waits for a place or for proof."""
    return (
        side.isn >= 0
        and peer.isn >= 0
        and connection.established_time != 0
        and side.first_packet != 0
        and side.fin_offset < 0
        and side.pending is None
        and peer.pending is None
        and connection.early is None
        and connection.unproven is None
    )


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def acknowledge(
    peer: Side, ack: cython.longlong, right: cython.longlong, time: cython.longlong, number: cython.longlong
) -> cython.void:
    """What a packet says of the other side's bytes: they came up to `ack`, more may come up to `right`."""
    peer.unanswered_keep_alives = 0
    if right > peer.limit:
        peer.limit = right
    if ack > peer.acked:
        if peer.fin_offset < 0 or peer.acked < peer.fin_offset:  # the ACK of a mere FIN is no progress
            peer.ack_packet = number
            peer.ack_time = time
        peer.acked = ack
        peer.rtx_since_ack = 0


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def advance(side: Side, length: cython.longlong, time: cython.longlong, number: cython.longlong) -> cython.void:
    """The next bytes of a side."""
    side.bytes += length
    side.end += length
    if side.full_end == 0 and length >= FULL_SEGMENT:
        side.full_end = side.end
    side.last_data_time = time
    side.last_data_packet = number
    if side.first_data_packet == 0:
        side.first_data_time = time
        side.first_data_packet = number

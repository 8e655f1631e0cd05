"""How a connection is opened, and what packets tell of the endpoints that sent them (RFC 9293 3.5)."""

from __future__ import annotations

import cython

from analyzer.wire.marks import mark
from analyzer.wire.model import ACK, CLIENT, ID_FAR, MASK32, SERVER, SYN, Connection, Side
from analyzer.wire.packet import Packet
from analyzer.wire.stamps import later


def note_endpoint(connection: Connection, side: Side, peer: Side, p: Packet) -> None:
    """What a packet tells of its sender: SYN facts, TTL, IP ID, window; and the step to `established`."""
    if p.flags & SYN:
        handshake(connection, side, peer, p)
    else:
        side.data_ttl = p.ttl
        if side.index == CLIENT and connection.established_time == 0 and p.flags & ACK:
            if peer.isn >= 0:
                connection.established_time = p.time
                connection.established_packet = p.number
                mark(connection, side, p, "ack", 0)
        elif side.index == SERVER and connection.established_time == 0:
            server_before_established(connection, side, peer, p)
        if p.window == 0:
            if side.zero_since == 0:
                side.zero_since = p.time
        else:
            side.zero_since = 0
    if p.ip_id:
        if side.ip_ids and (p.ip_id - side.ip_id) & 0xFFFF > ID_FAR:
            side.ip_id_jumps += 1
        side.ip_ids += 1
        side.ip_id = p.ip_id


def server_before_established(connection: Connection, side: Side, peer: Side, p: Packet) -> None:
    """A server packet that is no SYN-ACK before the client's ACK: progress that we missed, or a challenge ACK."""
    foreign: cython.bint = side.isn < 0 <= peer.isn and p.ack != (peer.isn + 1) & MASK32
    if foreign and p.flags & ACK and p.length == 0 and peer.end == 0:
        mark(connection, side, p, "ack", 0).note = "challenge"
        peer.acked = peer.ack_packet = peer.ack_time = 0
    elif p.length or peer.acked > 0:
        connection.established_time = p.time
        connection.established_packet = p.number


def handshake(connection: Connection, side: Side, peer: Side, p: Packet) -> None:
    """A SYN or a SYN-ACK."""
    side.syns += 1
    side.syn_time = p.time
    if side.isn != p.seq:
        side.isn = p.seq
        side.base = (p.seq + 1) & MASK32
        side.end = side.next = side.acked = 0
    side.ttl = p.ttl
    side.mss = p.mss
    side.scale = p.scale
    side.sack_ok = p.sack_ok
    side.timestamps = p.ts_value >= 0
    if p.fast_open or (p.length and side.index == CLIENT):
        connection.fast_open = 1
    if p.subflow:
        connection.subflow = 1
    if side.index == CLIENT:
        connection.syn_stamp = p.ts_value
    else:
        if connection.established_time and not connection.midstream:
            connection.synack_after_ack += 1
            if connection.syn_stamp >= 0 and p.ts_echo >= 0 and later(p.ts_echo, connection.syn_stamp):
                connection.heard += 1
        if peer.isn < 0 and p.flags & ACK:
            peer.isn = (p.ack - 1) & MASK32
            peer.base = p.ack
    if side.syns <= 16:
        mark(connection, side, p, "syn-ack" if p.flags & ACK else "syn", -1)

"""How a connection is opened, and what packets tell of the endpoints that sent them (RFC 9293 3.5)."""

from __future__ import annotations

import cython

from analyzer.frame.packet import Packet
from analyzer.model.connection import ACK, CLIENT, CWR, ECE, ID_FAR, MASK32, SYN, Connection, Side
from analyzer.tcp.marks import mark
from analyzer.tcp.stamps import later

MAX_SYN_MARKS = 16
"""SYNs of a side that become milestones: more than any stack sends (Linux tcp_syn_retries 6, tcp_synack_retries 5)."""


def note_endpoint(connection: Connection, side: Side, peer: Side, p: Packet) -> None:
    """What a packet tells of its sender: SYN facts, TTL, IP ID, window; and the step to `established`."""
    if p.flags & SYN:
        handshake(connection, side, peer, p)
    else:
        side.data_ttl = p.ttl
        if connection.established_time == 0 and p.flags & ACK:
            acknowledged(connection, side, peer, p)
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


def acknowledged(connection: Connection, side: Side, peer: Side, p: Packet) -> None:
    """The first ACK of the client, or of a server whose SYN-ACK or whose client's ACK the capture lacks.

    A client in SYN-SENT sends an ACK only because a SYN-ACK came (RFC 9293 3.10.7.3), whether that was captured or not.
    """
    if side.index == CLIENT:
        if side.isn < 0 and peer.isn < 0:
            return
        mark(connection, side, p, "ack", 0)
    elif p.length == 0 and peer.acked <= 0:
        return
    connection.established_time = p.time
    connection.established_packet = p.number


def challenged(connection: Connection, side: Side, p: Packet) -> None:
    """A bare ACK by other numbers answers the SYN: the server holds an older connection (RFC 5961 4)."""
    mark(connection, side, p, "ack", 0).note = "challenge"
    connection.challenge_ack = p.ack


def handshake(connection: Connection, side: Side, peer: Side, p: Packet) -> None:
    """A SYN or a SYN-ACK."""
    side.syns += 1
    side.syn_time = p.time
    if side.syns == 1:
        side.syn_id = p.ip_id
    if side.isn != p.seq:
        side.other_isn = side.isn
        number(side, p.seq)
    side.ttl = p.ttl
    side.mss = p.mss
    side.scale = p.scale
    agree_on_scale(side, peer)
    side.sack_ok = p.sack_ok
    side.timestamps = p.ts_value >= 0
    if p.fast_open or (p.length and side.index == CLIENT):
        connection.fast_open = 1
    if p.subflow:
        connection.subflow = 1
    if side.index == CLIENT:
        connection.syn_stamp = p.ts_value
        if len(connection.milestones) == side.syns - 1:  # nothing but SYNs so far
            connection.ecn = p.flags & ECE != 0 and p.flags & CWR != 0
    else:
        if connection.established_time and not connection.midstream and side.syns > 1:
            connection.synack_after_ack += 1  # the first one may only have changed places with the ACK in the capture
            if connection.syn_stamp >= 0 and p.ts_echo >= 0 and later(p.ts_echo, connection.syn_stamp):
                connection.heard += 1
        # Where bytes of the peer were counted before, they stay in their place.
        if peer.isn < 0 and p.flags & ACK and (peer.end == 0 or peer.base == p.ack):
            peer.isn = (p.ack - 1) & MASK32
            peer.base = p.ack
    if side.syns <= MAX_SYN_MARKS:
        mark(connection, side, p, "syn-ack" if p.flags & ACK else "syn", -1)


def number(side: Side, isn: cython.longlong) -> None:
    """The ISN of a side is known; what was counted from another one is void."""
    side.isn = isn
    if side.base != (isn + 1) & MASK32:
        side.base = (isn + 1) & MASK32
        side.end = side.next = side.acked = side.sent = 0
        side.limit = -1


def take_other_isn(side: Side) -> None:
    """Of two SYN-ACKs with different ISNs the client took the other one: it acknowledges that."""
    isn: cython.longlong = side.other_isn
    side.other_isn = side.isn
    number(side, isn)


def agree_on_scale(side: Side, peer: Side) -> None:
    """Windows are scaled only if both SYNs offer it (RFC 7323 2.2); one that was not captured may have offered all."""
    side.shift = side.scale
    if side.scale < 0:
        side.shift = peer.shift = 0
    elif peer.syns and peer.scale < 0:
        side.shift = 0

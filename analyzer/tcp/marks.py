"""Keeps the packets worth citing."""

from __future__ import annotations

import cython

if not cython.compiled:
    from analyzer.tcp.sequence import unwrap

from analyzer.frame.packet import Packet
from analyzer.model.connection import ACK, CLIENT, MAX_MILESTONES, Connection, Event, Side


def mark(connection: Connection, side: Side, p: Packet, what: str, offset: cython.longlong) -> Event:
    """Keep a packet as a milestone of its connection."""
    peer: Side = connection.server if side.index == CLIENT else connection.client
    milestone: Event = Event.__new__(Event)
    milestone.begin(what, side.index, p.number, p.time)
    milestone.offset = offset
    if p.flags & ACK and peer.base >= 0:
        milestone.ack = unwrap(p.ack, peer.base, peer.acked)
    milestone.seq = p.seq
    milestone.length = p.length
    milestone.flags = p.flags
    milestone.ttl = p.ttl
    milestone.ip_id = p.ip_id
    milestone.window = p.window
    if len(connection.milestones) < MAX_MILESTONES or what in ("rst", "fin"):
        connection.milestones.append(milestone)
    return milestone

# not compiled: few frames need it
"""Frames that a packet socket does not give as they were, put together again."""

from __future__ import annotations

import struct

ADDRESSES = 12
"""Bytes of an Ethernet frame in front of its tags."""


def tagged(frame: bytes, kind: int, tag: int) -> bytes:
    """An Ethernet frame with the VLAN tag that the kernel took out of it (IEEE 802.1Q clause 9.3)."""
    if len(frame) < ADDRESSES:
        return frame
    return frame[:ADDRESSES] + struct.pack(">HH", kind, tag & 0xFFFF) + frame[ADDRESSES:]


def cooked(address: bytes, packet: bytes) -> bytes:
    """A packet, from the network layer on, behind a LINKTYPE_LINUX_SLL2 header that its struct sockaddr_ll makes."""
    _, _, index, hardware, kind, length = struct.unpack_from("=HHiHBB", address)
    return address[2:4] + struct.pack(">HiHBB", 0, index, hardware, kind, length) + address[12:20] + packet

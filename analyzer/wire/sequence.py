"""Sequence numbers of 32 bits as stream offsets of 64."""

from __future__ import annotations

import cython

from analyzer.wire.model import MASK32


def unwrap(raw: cython.longlong, base: cython.longlong, near: cython.longlong) -> cython.longlong:
    """The 64-bit offset of a raw sequence number that lies nearest to `near` (RFC 9293 3.4: modulo 2^32, signed)."""
    difference: cython.longlong = (raw - base - near) & MASK32
    if difference > MASK32 >> 1:
        difference -= MASK32 + 1
    return near + difference

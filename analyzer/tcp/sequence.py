"""Sequence numbers of 32 bits as stream offsets of 64."""

# not compiled: sequence.pxd says the same in C, in line, as every packet needs it twice (see capture/numbers.py)

from __future__ import annotations

from analyzer.model.connection import MASK32

NEAR = 65_535
"""Bytes within which no window has to be looked up: the largest window that is not scaled (RFC 9293 3.1)."""
WIDEST = 1 << 30
"""The largest window (RFC 7323 2.3)."""


def unwrap(raw: int, base: int, near: int) -> int:
    """The 64-bit offset of a raw sequence number that lies nearest to `near` (RFC 9293 3.4: modulo 2^32, signed)."""
    difference = (raw - base - near) & MASK32
    return near + (difference - MASK32 - 1 if difference > MASK32 >> 1 else difference)

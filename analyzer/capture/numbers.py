"""Numbers in a buffer: `u16` and `u32` in network order, `file_u16` and `file_u32` in the order of a capture file.

Whoever calls has made sure that all bytes are there: compiled, nothing is checked.
"""

# not compiled: numbers.pxd says the same in C, for the compiler to put in line (one load, where Cython's own indexing
# makes four). A module that uses both imports from here when interpreted, and in its .pxd from there.

from __future__ import annotations


def u16(data: bytes, at: int) -> int:
    """Two bytes, the high one first."""
    return data[at] << 8 | data[at + 1]


def u32(data: bytes, at: int) -> int:
    """Four bytes, the high one first."""
    return data[at] << 24 | data[at + 1] << 16 | data[at + 2] << 8 | data[at + 3]


def file_u16(data: bytes, at: int, big: bool) -> int:
    """Two bytes, the high one first if `big`."""
    return u16(data, at) if big else data[at + 1] << 8 | data[at]


def file_u32(data: bytes, at: int, big: bool) -> int:
    """Four bytes, the high one first if `big`."""
    if big:
        return u32(data, at)
    return data[at + 3] << 24 | data[at + 2] << 16 | data[at + 1] << 8 | data[at]

"""Pieces of a buffer, made without the slice object and the ints that Python's own slicing makes for each.

Numbers are not read here: each module that reads them for every packet has its own inline `u16` and `u32`, as Cython
cannot inline a function of another module that must run interpreted as well.
"""

from __future__ import annotations

import cython

if cython.compiled:
    from cython.cimports.libc.string import memcmp  # type: ignore[import-untyped]


def cut(data: bytes, start: cython.Py_ssize_t, stop: cython.Py_ssize_t) -> bytes:
    """data[start:stop]; positions that the buffer does not have are an error."""
    if start < 0 or stop < start or stop > len(data):
        raise IndexError(stop)
    if start == 0 and stop == len(data):
        return data
    if cython.compiled:
        piece: bytes = cython.cast(cython.p_char, data)[start:stop]
        return piece
    return data[start:stop]


def latin(data: bytes, start: cython.Py_ssize_t, stop: cython.Py_ssize_t) -> str:
    """data[start:stop] as characters, one to one (latin-1)."""
    return data[start:stop].decode("latin-1")


# Unchecked: whoever calls has made sure that `len(wanted)` bytes lie between `at` and the end of `data`.
@cython.boundscheck(False)
@cython.wraparound(False)
def equal(data: bytes, at: cython.Py_ssize_t, wanted: bytes) -> cython.bint:
    """Whether `wanted` stands at `at`."""
    if cython.compiled:
        here = cython.cast(cython.p_char, data) + at
        found: cython.bint = memcmp(here, cython.cast(cython.p_char, wanted), len(wanted)) == 0
        return found
    return data[at : at + len(wanted)] == wanted

"""Bytes of one side that wait until the protocol is known."""

from __future__ import annotations

import cython

WINDOW = 8192
"""Bytes that detection looks at; longer than any prologue but a PROXY v2 header, which is passed over by its length."""


class Intake:
    """Bytes of a side that are not handed on yet: `data[at:]`, from stream offset `start`; pieces say who sent them."""

    def __init__(self, start: cython.longlong) -> None:
        self.start = start
        self.at = 0
        self.data = bytearray()
        self.pieces: list[tuple[int, int, int, int]] = []

    def add(self, data: bytes, packet: cython.longlong, time: cython.longlong, ack: cython.longlong) -> None:
        """Keep a segment."""
        self.data += data
        self.pieces.append((len(self.data), packet, time, ack))

    def head(self) -> bytes:
        """What detection looks at."""
        return bytes(self.data[self.at : self.at + WINDOW])

"""Decides by content, never by port, what a byte stream carries, and hands it to the parser for it."""

from __future__ import annotations

import cython

from analyzer.wire.model import NEVER, Connection, Side


class Content:
    """The parser of one connection's two byte streams.

    The connection tracker calls it with bytes in sequence order. A parser that wants no more of a side, or nothing of
    its next n bytes, sets `side.skip`; the tracker then passes over those bytes without calling it, and calls `data()`
    again, perhaps with b"", as soon as they are over.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def data(
        self, side: Side, data: bytes, packet: cython.longlong, time: cython.longlong, ack: cython.longlong
    ) -> None:
        """Bytes of `side` from offset `side.next` on; packet, time and the acknowledged peer offset of their segment."""
        side.skip = NEVER

    def gap(self, side: Side, length: cython.longlong, packet: cython.longlong, time: cython.longlong) -> None:
        """`length` bytes from `side.next` on will never be seen (lost by the capture, or cut by the snaplen)."""
        side.skip = NEVER

    def end(self, side: Side, packet: cython.longlong, time: cython.longlong) -> None:
        """The FIN of `side` was reached in sequence order: no more bytes of it will come."""

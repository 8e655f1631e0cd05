"""Bytes that wait until the protocol is known."""

from __future__ import annotations

import cython

from analyzer.model.connection import CLIENT, Connection, Side

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


class Waiting:
    """What waits of both sides, and how it is handed on; a subclass takes it in `data`."""

    def begin(self, connection: Connection) -> None:
        """Nothing waits yet."""
        self.connection = connection
        self.from_client: Intake | None = None
        self.from_server: Intake | None = None

    def data(
        self,
        side: Side,
        data: bytes,
        at: cython.Py_ssize_t,
        end: cython.Py_ssize_t,
        packet: cython.longlong,
        time: cython.longlong,
        ack: cython.longlong,
    ) -> None:
        """Bytes data[at:end] of `side` from `side.next` on; packet, time and acknowledged peer offset of a segment."""

    def intake_of(self, side: Side) -> Intake:
        """What waits of a side, made when nothing does."""
        intake = self.from_client if side.index == CLIENT else self.from_server
        if intake is None:
            intake = Intake(side.next)
            if side.index == CLIENT:
                self.from_client = intake
            else:
                self.from_server = intake
        return intake

    def replay(self) -> None:
        """Hand on what was kept of both sides, the client's first."""
        client, server = self.from_client, self.from_server
        self.from_client = self.from_server = None
        if client is not None:
            self.hand_on(self.connection.client, client)
        if server is not None:
            self.hand_on(self.connection.server, server)

    def hand_on(self, side: Side, intake: Intake) -> None:
        """As the tracker would have, piece by piece: `side.next` moves along, `side.skip` is obeyed."""
        here: cython.longlong = side.next
        at: cython.longlong = intake.at
        length: cython.longlong
        side.skip = 0
        for stop, packet, time, ack in intake.pieces:
            if stop <= at:
                continue
            length = stop - at
            if side.skip > length:
                side.skip -= length
            else:
                at += side.skip
                side.skip = 0
                side.next = intake.start + at
                self.data(side, bytes(intake.data[at:stop]), 0, stop - at, packet, time, ack)
            at = stop
        side.next = here

    def hand_over(
        self,
        side: Side,
        data: bytes,
        start: cython.longlong,
        packet: cython.longlong,
        time: cython.longlong,
        ack: cython.longlong,
    ) -> None:
        """Hand on bytes of one segment, from stream offset `start` on."""
        if not data:
            return
        here: cython.longlong = side.next
        side.next = start
        self.data(side, data, 0, len(data), packet, time, ack)
        side.next = here

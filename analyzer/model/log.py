"""What layers read, event by event, for who wants to tell it again. C types are in log.pxd."""

from __future__ import annotations

import cython

from analyzer.model.connection import Event

LOGGED = (
    "record",
    "handshake",
    "inside",
    "start-line",
    "request",
    "response",
    "chunk",
    "preface",
    "frame",
    "block",
    "websocket",
    "prologue",
)
"""What layers write into a log, with what the event's note is:

record      a TLS record; 1 = its body is read as it is, 2 = by its keys, 0 = it is encrypted, or of no use
handshake   a message of the TLS handshake; its type. Its bytes may go on in the bodies of other records
inside      the conversation that TLS carries; the Log of that
start-line  of a head of HTTP/1 that came in pieces, and may never be whole; None
request, response   a head of HTTP/1; its exchange, None = nobody asked
chunk       the bytes of a chunk, behind the line that tells its size; the exchange
preface     of HTTP/2; None
frame       of HTTP/2; (type, flags, stream)
block       the header block that begins with the frame of HTTP/2 there; its bytes, None = some are missing
websocket   a frame of a websocket; the bytes of its head, 0 = this is none, and neither is what follows
prologue    what stands before a protocol; its name, as in Connection.via
"""
MAX_EVENTS = 100_000
"""Events of a connection that `whyfetch case` is written from: far more than anybody reads; more are refused."""


class Log:
    """What the layers of one conversation read, in the order in which they do; nearly nobody wants to know it.

    A layer that carries another one in streams of its own gives that one a log of its own: an offset means nothing in
    the streams of the other.

    full   1 = there were more events than are kept
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.full = 0

    def add(
        self,
        what: str,
        side: cython.int,
        packet: cython.longlong,
        time: cython.longlong,
        offset: cython.longlong,
        length: cython.longlong,
        note: object,
    ) -> None:
        """Something was read: `length` bytes of a side's stream, from `offset` on."""
        if len(self.events) >= MAX_EVENTS:
            self.full = 1
            return
        event: Event = Event(what, side, packet, time)
        event.offset = offset
        event.length = length
        event.note = note
        self.events.append(event)

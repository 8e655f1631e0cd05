"""Describes the payload of a connection in the words of docs/timelines.md, without a byte that tells who it was.

Lengths, record and message types, alerts, status codes, methods and framing stay. Names become `host1.example`, paths
keep their shape (`/xxx/xx?x=xx`), all else becomes its length: zeros, noise or `x` (anonymous.py).
"""

from __future__ import annotations

# not compiled: runs for one connection
from collections.abc import Iterable
from operator import attrgetter
from typing import Any

from analyzer.layer.detection import PROXY_V1
from analyzer.layer.http2.registry import FRAME_HEADER
from analyzer.layer.websocket import told
from analyzer.model.connection import CLIENT, Connection, Event
from analyzer.model.log import Log
from analyzer.output.anonymous import HEADER, Pseudonyms, proxy_line, unknown
from analyzer.output.case.alone import read_alone
from analyzer.output.case.captured import Captured, Part, cannot
from analyzer.output.case.http1 import Http1Words
from analyzer.output.case.http2 import Http2Words
from analyzer.output.case.tls import TlsWords

PARTS = ("handshake", "inside", "chunk", "block")
"""Events within what other events tell of."""
RAW = 64
"""Bytes of unknown content that are told apart, as many as the analyzer looks at."""
NO_FRAME = 0x30
"""Begins no frame of a websocket: bits are set that are reserved (RFC 6455 5.2)."""


class Describer:
    """Describes the stream of one side: what its events tell of, and the lengths of all else.

    alone     they were read without the other side's
    framed    the stream is one of HTTP/2 from here on
    """

    def __init__(
        self, connection: Connection, stream: Captured, log: Log, names: Pseudonyms, alone: bool = False
    ) -> None:
        own = [event for event in log.events if event.side == stream.side and stream.has(event.offset)]
        own.sort(key=attrgetter("offset"))
        self.connection = connection
        self.stream = stream
        self.names = names
        self.alone = alone
        self.events = {event.offset: event for event in own if event.what not in PARTS}
        session = connection.tls.session_id if connection.tls is not None else b""
        self.tls = TlsWords(stream, [event for event in own if event.what == "handshake"], names, session)
        self.http1 = Http1Words(stream, [event for event in own if event.what == "chunk"], names)
        blocks: dict[int, Any] = {event.offset: event.note for event in own if event.what == "block"}
        self.http2 = Http2Words(stream, blocks, names)
        self.framed = False

    def parts(self, at: int, end: int) -> list[Part]:
        """The stream from `at` to `end` in pieces, without a gap."""
        found: list[Part] = []
        for event in self.events.values():  # of two at one offset the second knows more
            if event.offset >= at:
                found += self._unread(at, event.offset)
                found += self._read(event)
                at = max(event.offset, found[-1].end if found else 0)
        return found + self._unread(at, end)

    def _read(self, event: Event) -> Iterable[Part]:
        """What a layer read."""
        if event.what == "record":
            return [self.tls.record(event)]
        if event.what in ("start-line", "request", "response"):
            return self.http1.message(event)
        if event.what == "websocket":
            return [self._websocket_frame(event)]
        if event.what == "prologue":
            return [self._prologue(event)]
        self.framed = True
        if event.what == "preface":
            return [Part(event.offset, event.offset + event.length, "h2 preface")]
        return [self.http2.frame(event)]

    def _unread(self, at: int, end: int) -> list[Part]:
        """Bytes that no layer read, and holes: what tells their kind stays, letters and digits do not."""
        stream = self.stream
        found: list[Part] = []
        while at < end:
            front = min(at + (FRAME_HEADER if self.framed else HEADER), end)
            hole = stream.reach(at, front)
            if self.framed:
                known = hole if hole < front else end
                return [*found, *stream.zeros(at, known), *stream.zeros(known, end)]
            if hole == front and not self.alone:
                log = read_alone(self.connection, stream, at, end)
                if log.events:
                    return found + Describer(self.connection, stream, log, self.names, alone=True).parts(at, end)
            stop = hole if hole < front else min(at + RAW, end)
            if stop > at:
                found.append(Part(at, stop, unknown(stream.data[at:stop], stream.side == CLIENT)))
            at = end if hole == front else stream.behind(hole, end)
            found += stream.zeros(stop, at)
        return found

    def _websocket_frame(self, event: Event) -> Part:
        """The head of a frame without its masking key, and as many zeros as it has payload; to the end what is none."""
        size: Any = event.note
        at, end = event.offset, len(self.stream.data)
        head = bytearray(self.stream.data[at : at + size] or [NO_FRAME])
        end = min(at + event.length, end) if size else end
        size, shown = end - at - len(head), told(head) if size else 1
        words = f"hex {head[:shown].hex()}{'00' * (len(head) - shown)}"
        return Part(at, end, f"{words} + zeros {size}" if size else words)

    def _prologue(self, event: Event) -> Part:
        """The line of a PROXY header of version 1; for others there are no words."""
        end = event.offset + event.length
        said = self.stream.data[event.offset : end]
        if not said.startswith(PROXY_V1):
            raise cannot("a SOCKS dialogue or a binary PROXY header")
        return Part(event.offset, end, proxy_line(said))

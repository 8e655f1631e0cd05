"""Reads bytes of one side that no layer read with those of the other.

They came before it was known what is spoken, behind what was not captured, or from a side whose turn it was not.
"""

from __future__ import annotations

# not compiled: runs for one connection
from analyzer.layer.detection import H2C, HTTP, PROXY, TLS, client_protocol
from analyzer.layer.http1.parser import HttpParser
from analyzer.layer.layer import Layer, Segment
from analyzer.layer.next import Next
from analyzer.layer.tls.parser import TlsParser
from analyzer.model.connection import CLIENT, Connection
from analyzer.model.log import Log
from analyzer.output.anonymous import RECORD
from analyzer.output.case.captured import Captured

WINDOW = 8192
"""Bytes at which a layer is told."""


def read_alone(spoken: Connection, stream: Captured, at: int, end: int) -> Log:
    """What the bytes from `at` to `end` say by themselves; `spoken` tells what the connection speaks."""
    unknown = Next(None)
    made = Connection(0)
    unknown.begin(made, made.client, made.server, None)
    unknown.log = log = Log()
    layer = layer_of(spoken, stream, at, unknown)
    if layer is None:
        return log
    side = made.client if stream.side == CLIENT else made.server
    segment = Segment(side)
    side.next = at
    while side.next < end:
        at, stop = side.next, stream.reach(side.next, end)
        segment.fill(side, 0, 0, -1, stream.data, at, stop)
        if stop == at:
            stop = stream.behind(at, end)
            segment.lost = stop - at
        side.next = min(end, stop + layer.feed(segment))
        layer = layer.heir or layer
    layer.finish()
    return log


def layer_of(spoken: Connection, stream: Captured, at: int, unknown: Next) -> Layer | None:
    """Who reads what begins there, None = nobody can tell."""
    head = stream.data[at : at + WINDOW]
    if stream.side == CLIENT:
        kind = client_protocol(head)
        if kind in (HTTP, H2C, PROXY) or (kind == TLS and spoken.tls is not None):
            return unknown
    elif head.startswith(b"HTTP/1."):
        return HttpParser(unknown)
    elif spoken.protocol == "h2c":
        return unknown.http2(None)
    return TlsParser(unknown) if spoken.tls is not None and RECORD.match(head) else None

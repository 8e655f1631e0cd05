# not compiled: once a connection
"""Who goes on where HTTP/1.x becomes something else: after 101 Switching Protocols, or a CONNECT that is granted."""

from __future__ import annotations

from analyzer.layer.http1.parser import HttpParser
from analyzer.layer.kept import Kept, replay
from analyzer.layer.layer import Layer, Segment
from analyzer.layer.next import MAX_DEPTH, Next
from analyzer.layer.websocket import Websocket
from analyzer.model.connection import CLIENT, Direction
from analyzer.model.http import Exchange


def successor(http: HttpParser, segment: Segment) -> Layer | None:
    """The layer that reads on after this segment, fed all that is there; None = nobody can."""
    layer = tunnelled(http) if http.tunnel == 1 else switched(http)
    if layer is None:
        return None
    http.finish()
    http.up.skip = http.down.skip = 0
    layer = replay(layer, http.up, leftover(http, http.up, segment))
    return replay(layer, http.down, leftover(http, http.down, segment))


def tunnelled(http: HttpParser) -> Layer:
    """What is inside a tunnel begins with nothing decided."""
    inner = Next(http)
    inner.depth += 1
    inner.note("connect")
    if inner.depth > MAX_DEPTH:
        inner.give_up()
    return inner.heir or inner


def switched(http: HttpParser) -> Layer | None:
    """After 101 HTTP/2 (RFC 7540 3.2) and websockets (RFC 6455 4.2.2) are read on."""
    exchange: Exchange | None = http.connection.exchanges[-1] if http.connection.exchanges else None
    if exchange is None or exchange.status != 101:
        return None
    protocol = exchange.headers.get("upgrade", "").lower()
    if protocol == "websocket":
        return Websocket(http, exchange)
    return Next(http).http2(exchange) if protocol == "h2c" else None


def leftover(http: HttpParser, side: Direction, segment: Segment) -> Kept | None:
    """Bytes behind the switch that were handed in before or with it."""
    client = side.index == CLIENT
    data = http.leftover_client if client else http.leftover_server
    if not data:
        return None
    kept = Kept(http.leftover_client_start if client else http.leftover_server_start)
    kept.data += data
    known = segment.acknowledged if side is segment.side and not segment.lost else -1
    kept.note(segment, side, known)
    return kept

"""What is kept of one connection besides what every connection has: bytes, about, for a cap over all of them.

Each list and buffer of a connection has a cap of its own; an attacker fills those of all open connections at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cython

from analyzer.layer.content import Content
from analyzer.layer.http1.parser import HttpParser
from analyzer.layer.http1.stream import Http1Side
from analyzer.layer.intake import Intake
from analyzer.layer.tls.parser import TlsParser, TlsSide
from analyzer.model.connection import Connection

if TYPE_CHECKING:
    from analyzer.layer.http2.parser import Http2Parser

EXCHANGE = 640
"""An exchange without its texts, 0.4 kB, and of what becomes of it when it is given out half a fetch."""
LINE = 48
"""A line of a head that is not whole, besides its bytes."""
PIECE = 200
"""What is noted of a segment that waits until the protocol is known."""
RECORD = 112
MILESTONE = 144
MOVED = 256
"""A packet that changed places: an entry of a dictionary, a pair, three numbers."""
FREE_RECORDS, FREE_MILESTONES = 16, 8
"""So many of both sides are in the bytes that a connection costs (expiry.py MAX_OPEN)."""
HTTP2 = 8192
"""The parser of HTTP/2, which is rare in plain text and not compiled."""
FIELD = 256
"""An entry of a table of header fields, besides its bytes."""


def weight(connection: Connection) -> cython.longlong:
    """Bytes that are kept of the connection now."""
    kept: cython.longlong = len(connection.exchanges) * EXCHANGE
    more: cython.Py_ssize_t = len(connection.milestones) - FREE_MILESTONES
    if more > 0:
        kept += more * MILESTONE
    if connection.moved is not None:
        kept += len(connection.moved) * MOVED
    if connection.content is not None:
        kept += of_content(connection.content)
    return kept


def of_content(content: Content) -> cython.longlong:
    """What its parsers have of it."""
    kept: cython.longlong = 0
    if content.from_client is not None:
        kept += of_intake(content.from_client)
    if content.from_server is not None:
        kept += of_intake(content.from_server)
    if content.http is not None:
        kept += of_http(content.http)
    if content.tls is not None:
        kept += of_tls(content.tls)
    if content.http2 is not None:
        kept += of_http2(content.http2)
    if content.dns is not None:
        kept += len(content.dns.waiting[0]) + len(content.dns.waiting[1])
    return kept


def of_intake(intake: Intake) -> cython.longlong:
    """Bytes of a side that wait until the protocol is known."""
    return len(intake.data) + len(intake.pieces) * PIECE


def of_http(http: HttpParser) -> cython.longlong:
    """Texts of exchanges, heads that are not whole, and what came behind a CONNECT."""
    kept: cython.longlong = of_head(http.client) + of_head(http.server) + http.text
    if http.held is not None:
        kept += len(http.held)
    return kept


def of_head(stream: Http1Side) -> cython.longlong:
    """A head that is not whole."""
    if stream.lines is None:
        return stream.size
    return stream.size + len(stream.lines) * LINE


def of_tls(tls: TlsParser) -> cython.longlong:
    """Handshake messages that are not whole, and records."""
    records: cython.Py_ssize_t = of_records(tls.client) + of_records(tls.server) + len(tls.tls.alerts)
    more: cython.Py_ssize_t = records - FREE_RECORDS
    return of_message(tls.client) + of_message(tls.server) + (more * RECORD if more > 0 else 0)


def of_records(half: TlsSide) -> cython.Py_ssize_t:
    """How many records of a side are kept."""
    return len(half.records) + len(half.late)


def of_message(half: TlsSide) -> cython.longlong:
    """A handshake message of a side that is not whole."""
    return 0 if half.message is None else len(half.message)


def of_http2(http2: Http2Parser) -> cython.longlong:
    """The parser itself, frames and header blocks that are not whole, and tables of fields."""
    kept: cython.longlong = HTTP2 + http2.text
    for half in (http2.client, http2.server):
        kept += len(half.head) + len(half.body) + len(half.block)
        kept += half.fields.decoder.used + len(half.fields.decoder.table) * FIELD
    return kept

"""Where a message body ends: the decision list of RFC 9112 6.3, for a reader that never rejects."""

from __future__ import annotations

import re

import cython

from analyzer.layer.http1.fields import HeadFields
from analyzer.layer.http1.head import ABSENT, CHUNKED

_CHUNK = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?\r?\n", re.DOTALL)


def request_framing(fields: HeadFields) -> str:
    """Framing of a request: `none`, `length` or `chunked`.

    A length that is no number leaves the request without a body: its server answers 400 and closes (6.3 rule 5).
    """
    if fields.coding == CHUNKED:
        return "chunked"
    return "length" if fields.length > 0 else "none"


def response_framing(method: str, status: cython.int, fields: HeadFields) -> str:
    """Framing of a final response: `none`, `tunnel`, `length`, `chunked` or `close`.

    A length that is no number is passed over, so that the body lasts until the connection closes; clients differ there
    (6.3 rule 5 makes it an error).
    """
    if status == 101 or (method == "CONNECT" and 200 <= status < 300):
        return "tunnel"
    if method == "HEAD" or status == 204 or status == 304 or 100 <= status < 200:
        return "none"
    if fields.coding != ABSENT:
        return "chunked" if fields.coding == CHUNKED else "close"
    return "length" if fields.length >= 0 else "close"


def chunk_size(line: bytes) -> int:
    """Size from a chunk-size line (RFC 9112 7.1; extensions are passed over), -1 when it is none."""
    found = _CHUNK.fullmatch(line)
    return int(found[1], 16) if found else -1


def digit(character: cython.uchar) -> cython.int:
    """The value of a hexadecimal digit, -1 when it is none."""
    if 48 <= character <= 57:
        return character - 48
    character |= 32
    if 97 <= character <= 102:
        return character - 87
    return -1

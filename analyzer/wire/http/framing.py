"""Where a message body ends: the decision list of RFC 9112 6.3, for a reader that never rejects."""

from __future__ import annotations

import re

from analyzer.wire.http.head import Fields

MAX_DIGITS = 18
"""Longest Content-Length, so that it fits 64 bits with room for sums."""

_CHUNK = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?\r?\n", re.DOTALL)


def request_framing(fields: Fields) -> tuple[str, int]:
    """Framing (`none`, `length` or `chunked`) of a request and its declared length, -1 = not declared.

    A length that is no number leaves the request without a body: its server answers 400 and closes (6.3 rule 5).
    """
    if _chunked(fields):
        return "chunked", -1
    length = _length(fields)
    return ("length", length) if length > 0 else ("none", length)


def response_framing(method: str, status: int, fields: Fields) -> tuple[str, int]:
    """Framing (`none`, `tunnel`, `length`, `chunked` or `close`) of a final response and its declared length.

    The length is -1 when no body length applies. A length that is no number is passed over, so that the body lasts
    until the connection closes; clients differ there (6.3 rule 5 makes it an error).
    """
    if status == 101 or (method == "CONNECT" and 200 <= status < 300):
        return "tunnel", -1
    if method == "HEAD" or status in (204, 304) or 100 <= status < 200:
        return "none", -1
    if "transfer-encoding" in fields:
        return ("chunked", -1) if _chunked(fields) else ("close", -1)
    length = _length(fields)
    if length < 0:
        return "close", -1
    return "length", length


def chunk_size(line: bytes) -> int:
    """Size from a chunk-size line (RFC 9112 7.1; extensions are passed over), -1 when it is none."""
    found = _CHUNK.fullmatch(line)
    return int(found[1], 16) if found else -1


def _chunked(fields: Fields) -> bool:
    """Whether the last transfer coding is chunked (6.3 rule 4)."""
    codings = fields.get("transfer-encoding")
    return codings is not None and codings.rpartition(",")[2].strip().lower() == "chunked"


def _length(fields: Fields) -> int:
    """The Content-Length; -1 when absent, not a number, or several that differ (6.3 rule 5)."""
    value = fields.get("content-length")
    if value is None:
        return -1
    if "," in value:
        values = {part.strip() for part in value.split(",")}
        value = values.pop() if len(values) == 1 else ""
    # isdecimal() is 0-9 here: characters are latin-1, whose other digits are no decimals
    return int(value) if value.isdecimal() and len(value) <= MAX_DIGITS else -1

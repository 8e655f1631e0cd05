"""What a decoded header block says of a request or a response (RFC 9113 8.3)."""

from __future__ import annotations

import re

from analyzer.model.fields import MAX_TARGET, MAX_VALUE, RESPONSE_HEADERS
from analyzer.model.http import Exchange

MAX_DIGITS = 18
"""Longest Content-Length that is taken, so that it fits 64 bits."""

STATUS = re.compile("[1-9][0-9]{2}")

Pairs = list[tuple[str, str]]


def may_have_body(exchange: Exchange) -> bool:
    """Whether a Content-Length can announce bytes that come (RFC 9110 6.4.1)."""
    return exchange.method != "HEAD" and exchange.status not in (204, 304)


def declared(value: str) -> int:
    """A Content-Length; -1 when it is no number."""
    return int(value) if value.isascii() and value.isdigit() and len(value) <= MAX_DIGITS else -1


def take_request(exchange: Exchange, found: Pairs) -> None:
    """Pseudo-header fields and the few others that every row shows; the first of a name counts (RFC 9113 8.3.1)."""
    fields = dict(reversed(found))
    exchange.method = fields.get(":method", "")[:MAX_VALUE]
    exchange.host = (fields.get(":authority") or fields.get("host", ""))[:MAX_VALUE]
    exchange.target = fields.get(":path", "")[:MAX_TARGET]
    if exchange.method == "CONNECT" and not exchange.target:
        exchange.target = exchange.host  # RFC 9113 8.5: CONNECT has no path
    exchange.user_agent = fields.get("user-agent", "")[:MAX_VALUE]
    exchange.request_body_expected = declared(fields.get("content-length", ""))
    exchange.expect_continue = int(fields.get("expect", "").lower() == "100-continue")
    exchange.authorized = int("authorization" in fields or "proxy-authorization" in fields)


def take_response(exchange: Exchange, found: Pairs) -> None:
    """Status, length and the fields of note of a response (RFC 9113 8.3.2)."""
    fields = dict(reversed(found))
    status = fields.get(":status", "")
    exchange.status = int(status) if STATUS.fullmatch(status) else 0
    exchange.body_expected = declared(fields.get("content-length", ""))
    exchange.headers = {name: value[:MAX_VALUE] for name, value in fields.items() if name in RESPONSE_HEADERS}
    exchange.response_framing = "length" if exchange.body_expected >= 0 else "frames"
    if exchange.method == "CONNECT" and 200 <= exchange.status < 300:
        exchange.response_framing = "tunnel"
        exchange.body_expected = -1  # a client must not heed it (RFC 9110 9.3.6)

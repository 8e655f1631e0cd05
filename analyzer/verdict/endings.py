# not compiled: only what failed
"""How a fetch ended, in words that several sentences share."""

from __future__ import annotations

from analyzer.layer.http2.registry import error_word
from analyzer.model.connection import CLIENT, SERVER
from analyzer.verdict.facts import Facts, span


def left(case: Facts) -> str:
    """How the client ended it: the connection, or its stream of HTTP/2 (RFC 9113 8.1)."""
    if case.closer_what != "data":
        return "closed"
    return f"ended its stream with {error_word(case.h2.reset_code)}"


def who_ended(case: Facts) -> str:
    """Who ended it, after how long without progress."""
    silence: int = case.silence()
    if case.closer == CLIENT:
        return f"the client gave up after {span(silence)}" if silence else "the client closed"
    if case.closer == SERVER:
        return f"the server closed after {span(silence)}" if silence else "the server closed"
    return f"the capture ends {span(silence)} later" if silence else "the capture ends there"

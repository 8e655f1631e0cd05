"""Verdicts of class `ok` (signatures.md 6.2, step 7), and how sure each is."""

from __future__ import annotations

import cython

from analyzer.model.connection import CLIENT, SERVER, Connection
from analyzer.model.http import Exchange
from analyzer.model.tls import HEADS
from analyzer.verdict.facts import Facts, span
from analyzer.verdict.model import Verdict
from analyzer.verdict.rst_benign import find_reset
from analyzer.verdict.seen import beyond


def complete(case: Facts) -> Verdict:
    """A complete response with a status of 1xx to 3xx: ok, whatever ugly packets follow."""
    exchange: Exchange = case.exchange
    connection: Connection = case.connection
    if case.fetch.last and (case.client.rsts or case.server.rsts) and case.reset is None:
        find_reset(case)
        if case.reset is not None:
            case.flag("benign-rst")
    case.cite(exchange.request_packet, exchange.request_time, "request", CLIENT)
    case.cite(exchange.response_packet, exchange.response_time, "response", SERVER)
    took: cython.longlong = exchange.response_end_time - exchange.request_time
    doubtful = exchange.response_unframed or (connection.midstream and exchange.lost) or may_go_on(case)
    confidence = "medium" if doubtful else "high"
    said = f"{exchange.status} {exchange.reason}".rstrip()
    if exchange.request_packet == 0:
        return fine(case, "medium", f"{case.where()} answered with {said}; the request is not in the capture.")
    method = exchange.method or "a request"
    within = f" within {span(took)}" if took >= 0 else ""
    return fine(case, confidence, f"{case.where()} answered {method} with {said}{within}.")


def may_go_on(case: Facts) -> cython.bint:
    """How it ended is not in the capture: what follows 101 is a part of the fetch, and what a client says to HTTP/2."""
    exchange: Exchange = case.exchange
    if exchange.h2 is not None and (exchange.h2.untold or beyond(case.client)):
        return True
    if exchange.response_framing != "tunnel" or exchange.status != SWITCHING_PROTOCOLS or exchange.close_packet:
        return False
    return case.client.fin_packet == 0 and case.server.fin_packet == 0


SWITCHING_PROTOCOLS = 101


def events(case: Facts) -> Verdict:
    """A stream of events that the client has read as long as it wanted; after a silence it may have given up."""
    exchange: Exchange = case.exchange
    case.cite_request()
    case.cite_response()
    case.cite_closer()
    said = f"{exchange.status} {exchange.reason}".rstrip()
    return fine(
        case,
        "medium" if case.silence() < case.limits.body_stall_ns else "low",
        f"{case.where()} answered {exchange.method or 'a request'} with {said}, a stream of events, which the client "
        f"ended after {span(case.closer_time - exchange.response_time)}.",
    )


def opaque_ok(case: Facts) -> Verdict:
    """A request was answered inside TLS; whether the answer was an error cannot be seen."""
    case.flag("opaque")
    case.cite_hello()
    case.cite_request()
    case.cite(case.opaque.response_packet, case.opaque.response_time, "record", SERVER)
    if case.opaque.doubtful:
        return fine(
            case,
            "low",
            f"What {case.where()} sent last inside TLS may be a short answer or no answer at all (a session ticket, "
            "HTTP/2 control frames): only keys (`--keylog`) can tell, and nothing else speaks of a failure.",
        )
    confidence = "medium"
    if case.closer == SERVER and not case.notify_server:
        case.flag("tls-opaque-unorderly-end")
        confidence = "low"  # RFC 8446 6.1: without close_notify the end may be a truncation
    size: cython.longlong = case.opaque.response_bytes
    short = f" with a short reply ({size} bytes)" if size < SHORT_REPLY_BYTES else f" ({size} bytes)"
    unread = "cannot be seen without keys (`--keylog`)"
    if case.tls.decrypted == HEADS:
        unread = "is of a protocol that is not read here"
    return fine(case, confidence, f"{case.where()} answered inside TLS{short}; what it said {unread}.")


SHORT_REPLY_BYTES = 600
"""A reply below this is compatible with an error page (signatures.md 2.4); no more can be said."""


def fine(case: Facts, confidence: str, summary: str) -> Verdict:
    """An `ok` verdict."""
    verdict: Verdict = Verdict("ok", "", confidence)
    verdict.summary = summary
    return case.seal(verdict)

"""Streams of HTTP/2 that the server gives up while the connection may go on: class `http-failure` (signatures.md 2.4).

What HTTP/2 shares with HTTP/1.x (statuses, truncation, stalls, clients that leave) is in http.py and response.py.
"""

from __future__ import annotations

import cython

from analyzer.layer.http2.registry import NO_ERROR, REFUSED_STREAM, REJECTIONS, error_name, error_word
from analyzer.model.connection import CLIENT, SERVER
from analyzer.model.http import Exchange, Http2
from analyzer.verdict.causes import CLIENT_ERRORS, HTTP2_ADVICE, RETRY_SAFE
from analyzer.verdict.facts import Facts, span
from analyzer.verdict.model import Verdict
from analyzer.verdict.seen import may_have_closed
from analyzer.verdict.signatures.reset import asked_time
from analyzer.verdict.signatures.response import progress


def stream_reset(case: Facts) -> Verdict | None:
    """The server ends one stream with an error code.

    Cause: http2-rst-stream
    On the wire: RST_STREAM of the server on the request's stream, before its END_STREAM. The cause ends in the code's
        name as RFC 9113 7 has it (`http2-rst-stream-internal-error`), in its number when it has none.
    Wireshark: http2.rst_stream.error
    Zeek: none; the frames are not logged
    Reference: RFC 9113 5.4.2, 6.4, 7 and 8.7
    Confidence: high; medium where the request was not captured, or a FIN of the client before it may be missing
    Needs: a RST_STREAM of the server
    Not this: after a complete response RST_STREAM with NO_ERROR only says that the rest of the request is not wanted
        (RFC 9113 8.1), and after the client's FIN it only follows from that; a RST_STREAM of the client is
        http-client-closed-no-response, http-client-abort-response or http2-response-malformed; a TCP reset is
        rst-after-request or rst-mid-response.
    """
    exchange: Exchange = case.exchange
    h2: Http2 = case.h2
    if h2 is None or h2.reset_side != SERVER or client_left(case, h2.reset_packet):
        return None
    if exchange.malformed and h2.reset_code == NO_ERROR:
        return None  # its END_STREAM went before, too early or too late, and this gives no other reason
    case.cite_request()
    case.cite_response()
    case.cite(h2.reset_packet, h2.reset_time, "data", SERVER)
    when = span(h2.reset_time - asked_time(case)) + " after the request"
    if not exchange.request_complete:
        when = span(h2.reset_time - exchange.request_time) + " after the request began, before it was complete"
    if exchange.response_packet:
        when = progress(exchange)
    elif exchange.request_packet == 0:
        when = "whose request is not in the capture"
    summary = f"{case.where()} ended stream {h2.stream} with {error_word(h2.reset_code)} {when}."
    refused: cython.bint = h2.reset_code == REFUSED_STREAM and not exchange.response_packet
    return ended(case, f"http2-rst-stream-{error_name(h2.reset_code)}", h2.reset_code, refused, summary)


def goaway(case: Facts) -> Verdict | None:
    """The server takes no more streams, or ends the connection with an error code, and this request is left behind.

    Cause: http2-goaway
    On the wire: GOAWAY of the server whose last stream is lower than the request's, and no response; or GOAWAY with
        an error code, and the server closes with the response not whole. The cause ends in the code's name as RFC 9113
        7 has it (`http2-goaway-no-error`), in its number when it has none.
    Wireshark: http2.goaway.error
    Zeek: none; the frames are not logged
    Reference: RFC 9113 5.4.1, 6.8, 7 and 8.7
    Confidence: high; medium where the request was not captured, or a FIN of the client before it may be missing
    Needs: a GOAWAY of the server that leaves the stream behind
    Not this: a GOAWAY with NO_ERROR when every stream up to the last one is answered is the orderly end of a
        connection; a stream that GOAWAY still takes, and that the server never answers, is
        http-no-response-server-closed.
    """
    h2: Http2 = case.h2
    if h2 is None or h2.goaway_packet == 0 or case.answered == 2 or client_left(case, h2.goaway_packet):
        return None
    left: cython.bint = h2.stream > h2.goaway_last
    if left and case.answered:
        return None
    if not left and (h2.goaway_code == NO_ERROR or case.closer != SERVER):
        return None
    case.cite_request()
    case.cite_response()
    case.cite(h2.goaway_packet, h2.goaway_time, "data", SERVER)
    if not left:
        case.cite_closer()
    which = f"takes no stream behind {h2.goaway_last}" if left else "closed"
    what = "the rest of its response" if case.answered else "an answer"
    said = f"said GOAWAY with {error_word(h2.goaway_code)} and {which}"
    summary = f"{case.where()} {said}: stream {h2.stream} did not get {what}."
    return ended(case, f"http2-goaway-{error_name(h2.goaway_code)}", h2.goaway_code, left, summary)


def malformed(case: Facts) -> Verdict | None:
    """The response breaks the rules of HTTP/2, so that a client must not take it.

    Cause: http2-response-malformed
    On the wire: RST_STREAM of the client on the request's stream, also behind END_STREAM, or its GOAWAY, with
        PROTOCOL_ERROR, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR or COMPRESSION_ERROR; or END_STREAM behind more bytes than
        Content-Length announced, or behind an interim response (1xx).
    Wireshark: http2.rst_stream.error in {1, 3, 6, 9} || http2.goaway.error in {1, 3, 6, 9}
    Zeek: none; the frames are not logged
    Reference: RFC 9113 5.4 and 8.1.1
    Confidence: high; by the client's word alone medium
    Needs: a client that rejects the response, or a reason to
    Not this: fewer bytes than announced are http-response-truncated; with CANCEL the client has enough of it
        (http-client-abort-response); an answer that is no HTTP/2 at all is http-garbage-response.
    """
    exchange: Exchange = case.exchange
    h2: Http2 = case.h2
    if h2 is None or exchange.malformed == "content-length" or not (rejected(h2) or exchange.malformed):
        return None
    if case.closer == SERVER and case.closer_what != "data":
        return None
    case.cite_request()
    case.cite_response()
    said = ""
    if rejected(h2):
        said = f"{'GOAWAY' if h2.reset_goaway else 'RST_STREAM'} with {error_word(h2.reset_code)}"
    if not exchange.malformed:
        case.cite(h2.reset_packet, h2.reset_time, "data", CLIENT)
        what = f"the response of {case.where()} on stream {h2.stream}"
        if h2.reset_goaway:  # it names no stream
            what = f"what {case.where()} sent, and ended stream {h2.stream} with the connection"
        return case.verdict("http2-response-malformed", "medium", f"The client rejected {what}: {said}.")
    case.cite(exchange.response_end_packet, exchange.response_end_time, "data", SERVER)
    how = f"with {exchange.status}, an interim response" if exchange.malformed == "interim-end" else progress(exchange)
    summary = f"{case.where()} ended stream {h2.stream} {how}"
    if said:
        case.cite(h2.reset_packet, h2.reset_time, "data", CLIENT)
        summary += f"; the client rejected it: {said}"
    return case.verdict("http2-response-malformed", "high", f"{summary}.")


def rejected(h2: Http2) -> cython.bint:
    """The client said that the server's frames are wrong."""
    return h2.reset_side == CLIENT and h2.reset_code in REJECTIONS


def client_left(case: Facts, packet: cython.longlong) -> cython.bint:
    """The client had closed the connection before this packet, which only follows from it."""
    return case.closer == CLIENT and case.closer_packet < packet


def given_up(h2: Http2) -> cython.bint:
    """One side itself said that there is no answer on this stream: what the capture lost cannot be one."""
    return h2.reset_side == SERVER or rejected(h2) or (h2.goaway_packet > 0 and h2.stream > h2.goaway_last)


def ended(case: Facts, cause: str, code: cython.longlong, retry_safe: cython.bint, summary: str) -> Verdict:
    """The verdict, with what its code says of whose fault it is and whether the request may be sent again."""
    if retry_safe:
        case.flag("retry-safe")
    asked: cython.bint = case.exchange.request_packet > 0
    sure: cython.bint = asked and not may_have_closed(case.client)
    verdict: Verdict = case.verdict(cause, "high" if sure else "medium", summary)
    verdict.advice = HTTP2_ADVICE.get(code, verdict.advice)
    if retry_safe:
        verdict.advice = f"{RETRY_SAFE} {verdict.advice}"
    if code in CLIENT_ERRORS:
        verdict.blame = "client"
    return verdict

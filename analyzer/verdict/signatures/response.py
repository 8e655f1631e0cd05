"""Responses that are an error or never came whole: class `http-failure`, in plain text (signatures.md 2.4)."""

from __future__ import annotations

from sys import intern

import cython

from analyzer.model.connection import CLIENT, SERVER, Connection
from analyzer.model.http import Exchange
from analyzer.verdict.advice import CUT_UPLOAD
from analyzer.verdict.causes import STATUS_ADVICE
from analyzer.verdict.endings import left, who_ended
from analyzer.verdict.facts import Facts, capital, count, span
from analyzer.verdict.model import Verdict
from analyzer.verdict.seen import lost_on_the_way, may_be_answered, may_have_closed, unseen
from analyzer.verdict.signatures.incomplete import missing
from analyzer.verdict.signatures.reset import asked_time

EVENTS = "text/event-stream"
ENDLESS = (EVENTS, "application/grpc")
CLIENT_STATUS = range(400, 500)


def status(case: Facts) -> Verdict | None:
    """The server says that it failed.

    Zeek: http.log status_code
    Reference: RFC 9110 15.5 and 15.6
    Confidence: high
    Needs: a status of 400 or more

    Cause: http-status: The server answers with an error status.
    On the wire: the head of a final response with a status of 400 or more, whether or not its body is complete.
    Wireshark: http.response.code >= 400 || http2.headers.status >= 400
    Not this: 1xx to 3xx are no failures; the status inside TLS cannot be seen; a refused CONNECT is
        http-proxy-connect-NNN.

    Cause: http-plain-on-tls-port: Plain HTTP is sent to a TLS port, and the server says so.
    On the wire: status 497, or 400 with "HTTPS port" in its body, as nginx says it.
    Wireshark: http.response.code in {400, 497} && http contains "HTTPS port"
    Not this: a server that answers with a TLS alert is http-on-tls-server.
    """
    exchange: Exchange = case.exchange
    if exchange is None or exchange.status < 400 or not case.answered:
        return None
    case.cite_request()
    case.cite_response()
    cause = intern(f"http-status-{exchange.status}")  # one object for all of them
    if exchange.status == 497 or b"HTTPS port" in exchange.body_start:
        cause = "http-plain-on-tls-port"
    said = f"{exchange.status} {exchange.reason}".rstrip()
    early: cython.bint = early_answer(exchange)
    if exchange.request_packet == 0:
        summary = f"{capital(case.where())} answered with {said}; the request is not in the capture."
    else:
        request = f"{exchange.method} {case.asked_for()[:80]}".strip() or "bytes that are no HTTP request"
        summary = f"{capital(case.where())} answered {request} with {said}{when(case, early)}."
    verdict: Verdict = case.verdict(cause, "high" if exchange.request_packet else "medium", summary)
    verdict.advice = STATUS_ADVICE.get(exchange.status, verdict.advice)
    if early:
        verdict.flag("early-answer")
        verdict.client_errors = CUT_UPLOAD
    if exchange.status in CLIENT_STATUS and exchange.status != 408:
        verdict.blame = "client"
    return verdict


def early_answer(exchange: Exchange) -> cython.bint:
    """The answer came before the request was complete (RFC 9110 7.5, RFC 9112 9.3: a server may do so)."""
    if exchange.request_packet == 0 or exchange.response_time < exchange.request_time:
        return False
    return not exchange.request_complete or exchange.response_packet < exchange.request_end_packet


def when(case: Facts, early: cython.bint) -> str:
    """How long after the request the answer came, as the end of a sentence; "" where their order is not known."""
    exchange: Exchange = case.exchange
    took: cython.longlong = exchange.response_time - asked_time(case)
    if early:
        begun = f" {span(exchange.response_time - exchange.request_time)} after the request began"
        if exchange.request_complete:
            return f"{begun}, with the upload unfinished"
        if exchange.request_body_got == 0:
            return f"{begun}, before its body, which was never sent"
        of = count(exchange.request_body_got, "byte")
        if exchange.request_body_expected >= 0:
            of = f"{exchange.request_body_got} of {count(exchange.request_body_expected, 'byte')}"
        return f"{begun}, with the upload unfinished ({of} sent in all)"
    return f" after {span(took)}" if took >= 0 else ""


def truncated(case: Facts) -> Verdict | None:
    """The response stops short of what it announced.

    Cause: http-response-truncated
    On the wire: FIN of the server (HTTP/2: or END_STREAM) before the response is complete by Content-Length or chunked
        framing.
    Wireshark: tcp.flags.fin == 1 && tcp.seq > 1 && tcp.completeness & 8
    Zeek: http.log response_body_len below the Content-Length
    Reference: RFC 9112 8
    Confidence: high; medium when the capture lost bytes of the body, or inside TLS bytes of the client (a close_notify)
    Needs: the server closed first; a close without a reset; an unfinished response
    Not this: a body that ends with the connection is never truncated; a RST instead is rst-mid-response.
    """
    if case.closer != SERVER or case.closer_what == "rst" or case.answered != 1 or unseen(case.server):
        return None
    exchange: Exchange = case.exchange
    if exchange is None:
        return None
    case.cite_request()
    case.cite_response()
    case.cite_closer()
    parted: cython.bint = case.connection.tls is not None and unseen(case.client)
    return case.verdict(
        "http-response-truncated",
        "high" if not exchange.body_lost and not parted else "medium",
        f"{capital(case.peer())} {'ended the stream' if case.closer_what == 'data' else 'closed the connection'} "
        f"{progress(exchange)}.",
    )


def progress(exchange: Exchange) -> str:
    """How much of the response had come."""
    if not exchange.response_framing:
        return "within the head of the response"
    if exchange.body_expected >= 0:
        most = "at most " if exchange.response_unframed else ""  # where the head ends is behind the cut
        return f"after {most}{exchange.body_got} of {count(exchange.body_expected, 'byte')} of the response body"
    return f"after {count(exchange.body_got, 'byte')} of the response body, before its end"


def client_left_response(case: Facts) -> Verdict | None:
    """The client closes in the middle of the response.

    Zeek: conn_state RSTO or SF, http.log response_body_len below the Content-Length
    Reference: RFC 9112 8; RFC 1122 4.2.2.13
    Needs: the client closed first; an unfinished response

    Cause: http-client-abort-response: The client has enough of the response.
    On the wire: a response begun and incomplete; FIN or RST of the client (HTTP/2: or its RST_STREAM) within three
        seconds of the server's last byte.
    Wireshark: tcp.flags.reset == 1 && tcp.seq > 1 && tcp.completeness & 8
    Confidence: high; inside TLS without keys medium, and where the capture may lack a FIN of the server before it, or
        bytes of the body over HTTP/2
    Not this: after three seconds and more of the server's silence it is http-response-stalled; a server that closes
        first is http-response-truncated.

    Also: http-response-stalled: The client gives up waiting for the rest of a response.
    On the wire: a response begun and incomplete; three seconds and more of silence, then FIN or RST of the client.
    Confidence: medium; below ten seconds low
    """
    if case.closer != CLIENT or case.answered != 1 or case.exchange is None:
        return None
    silence: cython.longlong = case.silence()
    case.ongoing = 1 if case.server.last_data_packet > case.closer_packet and may_be_answered(case) else 0
    case.cite_request()
    case.cite_response()
    unread = ""
    if case.unread(case.client):
        case.flag("receiver-stalled")
        unread = f": it had stopped reading ({window(case)})"
    elif silence >= case.limits.stall_min_ns and not endless(case.exchange):
        return response_stalled_verdict(case, silence)
    case.cite_closer()
    exchange: Exchange = case.exchange
    unsure: cython.bint = case.h2 is not None and (case.h2.untold or exchange.body_lost > 0)
    unsure = unsure or may_have_closed(case.server)
    return case.verdict(
        "http-client-abort-response",
        "medium" if unsure else "high",
        f"The client {left(case)} {progress(case.exchange)} of {case.where()}{unread}.",
    )


def window(case: Facts) -> str:
    """Which window a client that does not read keeps closed, and since when."""
    since: cython.longlong = case.client.zero_since
    if since == 0:
        return "its HTTP/2 window is closed"
    stop: cython.longlong = case.closer_time if case.closer >= 0 else case.connection.capture_end
    return f"its receive window was closed for {span(stop - since)}"


def response_stalled(case: Facts) -> Verdict | None:
    """The response stops in the middle, and nobody ends it.

    Cause: http-response-stalled
    On the wire: a response begun and incomplete, then ten seconds and more of silence while the connection stays
        open.
    Wireshark: tcp.time_delta >= 10 && tcp.completeness & 8
    Zeek: conn_state S1, http.log response_body_len below the Content-Length
    Reference: RFC 9112 6.3
    Confidence: medium
    Needs: nobody closed; an unfinished response; ten seconds of silence
    Not this: a client whose window is closed stalls itself, and may yet read: incomplete; event streams may be silent.
    """
    silence: cython.longlong = case.silence()
    if case.closer >= 0 or case.answered != 1 or case.exchange is None or silence < case.limits.body_stall_ns:
        return None
    if endless(case.exchange) or moved_unseen(case):
        return None
    if case.unread(case.client):
        case.flag("receiver-stalled")
        case.cite_request()
        case.cite_response()
        return missing(
            case,
            "tail",
            f"The client stopped reading {case.where()}'s answer ({window(case)}), {progress(case.exchange)}.",
        )
    case.ongoing = 1
    case.cite_request()
    case.cite_response()
    return response_stalled_verdict(case, silence)


def events_ended(case: Facts) -> cython.bint:
    """The client ended a stream of events, which has no other end (HTML 9.2: a server that ends it is asked again)."""
    exchange: Exchange = case.exchange
    if case.closer != CLIENT or case.answered != 1 or not 200 <= exchange.status < 300 or case.unread(case.client):
        return False
    if not exchange.headers.get("content-type", "").startswith(EVENTS):
        return False
    return not lost_on_the_way(case, SERVER)


def moved_unseen(case: Facts) -> cython.bint:
    """The last word is a segment far from where the connection was, which may have gone on there (acceptance.py)."""
    connection: Connection = case.connection
    return connection.ignored > connection.ignored_resets and connection.ignored_packet > connection.last_packet


def endless(exchange: Exchange) -> cython.bint:
    """A response that may be silent for hours: a tunnel, events, the messages of a remote procedure call."""
    return exchange.status == 101 or exchange.headers.get("content-type", "").startswith(ENDLESS)


def response_stalled_verdict(case: Facts, silence: cython.longlong) -> Verdict:
    """The words for a response that stalled."""
    case.cite(case.server.last_data_packet, case.server.last_data_time, "data", SERVER)
    case.cite_closer()
    return case.verdict(
        "http-response-stalled",
        "medium" if silence >= case.limits.body_stall_ns else "low",
        f"{capital(case.where())} fell silent {progress(case.exchange)}; {who_ended(case)}.",
    )

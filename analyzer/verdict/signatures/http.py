"""Requests that got no good, complete answer: class `http-failure`, in plain text (signatures.md 2.4)."""

from __future__ import annotations

import cython

from analyzer.verdict import timers
from analyzer.verdict.case import Case, count, span
from analyzer.verdict.causes import STATUS_ADVICE
from analyzer.verdict.model import Verdict
from analyzer.verdict.signatures.reset import asked_time, idle_before
from analyzer.verdict.signatures.tls import shown
from analyzer.verdict.waits import ending_timers
from analyzer.wire.model import CLIENT, SERVER, Exchange, Milestone, Side

TLS_ALERT = b"\x15\x03"
CLIENT_STATUS = range(400, 500)


def proxy_connect(case: Case) -> Verdict | None:
    """The proxy does not open the tunnel.

    On the wire: CONNECT, answered by a final status other than 2xx (http-proxy-connect-CODE) or not at all
        (http-proxy-connect-no-reply).
    Wireshark: http.request.method=="CONNECT"
    Zeek: http.log method CONNECT
    Reference: RFC 9110 9.3.6
    Not this: after a 2xx the bytes inside the tunnel are judged; a RST instead of an answer is rst-after-request.
    """
    exchange: Exchange = case.exchange
    if exchange is None or exchange.method != "CONNECT" or exchange.garbage:
        return None
    case.cite_request()
    if exchange.status:
        case.cite_response()
        return case.verdict(
            f"http-proxy-connect-{exchange.status}",
            "high",
            f"The proxy answered CONNECT {exchange.target} with {exchange.status} {exchange.reason}".rstrip() + ".",
        )
    if case.closer < 0 and case.silence() < case.limits.resp_stall_ns:
        return None
    case.ongoing = 1 if case.closer < 0 else 0
    case.cite_closer()
    return case.verdict(
        "http-proxy-connect-no-reply",
        "high",
        f"The proxy never answered CONNECT {exchange.target}; {who_ended(case)}.",
    )


def status(case: Case) -> Verdict | None:
    """The server says that it failed.

    On the wire: the head of a final response with a status of 400 or more, whether or not its body is complete.
    Wireshark: http.response.code >= 400
    Zeek: http.log status_code >= 400
    Reference: RFC 9110 15.5 and 15.6
    Not this: 1xx to 3xx; the status inside TLS cannot be seen.
    """
    exchange: Exchange = case.exchange
    if exchange is None or exchange.status < 400:
        return None
    case.cite_request()
    case.cite_response()
    cause = f"http-status-{exchange.status}"
    if exchange.status == 497 or b"HTTPS port" in exchange.body_start:
        cause = "http-plain-on-tls-port"
    took: cython.longlong = exchange.response_time - asked_time(case)
    said = f"{exchange.status} {exchange.reason}".rstrip()
    if exchange.request_packet == 0:
        summary = f"{case.where()} answered with {said}; the request is not in the capture."
    else:
        summary = f"{case.where()} answered {exchange.method} {exchange.target[:80]} with {said} after {span(took)}."
    verdict: Verdict = case.verdict(cause, "high", summary)
    verdict.advice = STATUS_ADVICE.get(exchange.status, verdict.advice)
    if exchange.status in CLIENT_STATUS and exchange.status != 408:
        verdict.blame = "client"
    return verdict


def garbage(case: Case) -> Verdict | None:
    """The answer is no HTTP.

    On the wire: the first server bytes after the request are not `HTTP/`; the bytes 15 03 are a TLS alert
        (http-on-tls-server).
    Wireshark: http.request && !(http.response)
    Zeek: weird `bad_HTTP_reply`
    Reference: RFC 9112 4
    Not this: HTTP/0.9 is no longer spoken.
    """
    exchange: Exchange = case.exchange
    if exchange is None or not exchange.garbage:
        return None
    case.cite_request()
    case.cite(exchange.response_packet or case.server.first_data_packet,
              exchange.response_time or case.server.first_data_time, "data", SERVER)  # fmt: skip
    if exchange.garbage.startswith(TLS_ALERT):
        return case.verdict(
            "http-on-tls-server", "high", f"Plain HTTP met a TLS port at {case.where()}: it answered with a TLS alert."
        )
    return case.verdict(
        "http-garbage-response", "high", f"{case.where()} answered with no HTTP: {shown(exchange.garbage)}."
    )


def request_unacked(case: Case) -> Verdict | None:
    """The request never arrives.

    On the wire: request bytes sent again three times and more, never acknowledged, no response.
    Wireshark: http.request && tcp.analysis.retransmission
    Zeek: history with `T`, conn_state S1 or SF without responder bytes
    Reference: RFC 9293 3.8.1
    Not this: the server sends its SYN-ACK again (final-ack-lost); an acknowledged request without answer.
    """
    if case.asked == 0 or case.answered or case.client.rtx_since_ack < case.limits.unacked_request:
        return None
    exchange: Exchange = case.exchange
    stop: cython.longlong = (
        exchange.request_end if exchange is not None and exchange.request_end > 0 else case.client.end
    )
    if case.client.acked >= stop:
        return None
    case.ongoing = 1 if case.closer < 0 else 0
    if case.client.largest_rtx >= case.limits.full_segment_bytes:
        case.flag("pmtu-suspected")
    case.cite_request()
    case.cite_all("retransmission", CLIENT)
    case.cite_closer()
    return case.verdict(
        "http-request-unacked",
        "high" if exchange is not None else "medium",
        f"The request never arrived at {case.where()}: sent again {count(case.client.rtx_since_ack, 'time')}, never "
        f"acknowledged; {who_ended(case)}.",
    )


def server_closed(case: Case) -> Verdict | None:
    """The server hangs up without a byte of a response.

    On the wire: request, then FIN of the server, no response. On a reused connection whose FIN came before or at once
        after
        the request, or acknowledges less than the request, it is http-keepalive-race.
    Wireshark: tcp.flags.fin==1 && !http.response
    Zeek: conn_state SF, http.log without status
    Reference: RFC 9112 9.5; nginx `return 444` and `return 499` do so
    Not this: a RST first (rst-after-request); response bytes (http-response-truncated).
    """
    if case.closer != SERVER or case.closer_what == "rst" or case.answered or case.asked == 0:
        return None
    if case.server.fin_offset > case.server.next:  # bytes before the FIN are missing: it did say something
        return None
    exchange: Exchange = case.exchange
    gap: cython.longlong = case.closer_time - asked_time(case)
    case.cite_request()
    case.cite_closer()
    if exchange is not None and exchange.index > 0 and crossed(case, gap):
        case.cite_mark(case.find("rst", SERVER, exchange.request_packet))
        return case.verdict(
            "http-keepalive-race",
            "high",
            f"{case.where()} closed the kept-alive connection, idle for {span(idle_before(case))}, just as the client "
            "sent its "
            "next request.",
        )
    return case.verdict(
        "http-no-response-server-closed",
        "high",
        f"{case.where()} hung up {span(gap)} after the request without a byte of a response."
        if gap >= 0
        else f"{case.where()} hung up before the request had arrived.",
    )


def crossed(case: Case, gap: cython.longlong) -> cython.bint:
    """The server's FIN crossed the request, or came within the time that a request needs to arrive."""
    mark: Milestone | None = case.find("fin", SERVER, 0)
    if mark is not None and 0 <= mark.ack < case.exchange.request_end:
        return True
    return gap <= max(2 * case.rtt(), RACE_NS)


RACE_NS = 5_000_000
"""A FIN this soon after a request on a reused connection is no answer to it."""


def truncated(case: Case) -> Verdict | None:
    """The response stops short.

    On the wire: FIN of the server before the response is complete by Content-Length or chunked framing.
    Wireshark: http.response && tcp.flags.fin==1 (tcp reassembly incomplete)
    Zeek: http.log response_body_len < Content-Length
    Reference: RFC 9112 8
    Not this: a body that ends with the connection is never truncated; a RST instead is rst-mid-response.
    """
    if case.closer != SERVER or case.closer_what == "rst" or case.answered != 1:
        return None
    exchange: Exchange = case.exchange
    if exchange is None:
        return None
    case.cite_request()
    case.cite_response()
    case.cite_closer()
    return case.verdict(
        "http-response-truncated",
        "high" if not exchange.body_lost else "medium",
        f"{case.where()} closed the connection {progress(exchange)}.",
    )


def progress(exchange: Exchange) -> str:
    """How much of the response had come."""
    if not exchange.response_framing:
        return "within the head of its response"
    if exchange.body_expected >= 0:
        return f"after {exchange.body_got} of {exchange.body_expected} bytes of the response body"
    return f"after {exchange.body_got} bytes of the response body, before its end"


def abort_request(case: Case) -> Verdict | None:
    """The client breaks off its own request.

    On the wire: FIN or RST of the client with the request's head or declared body unfinished.
    Wireshark: http.request && tcp.flags.fin==1 from the client
    Zeek: http.log request_body_len < Content-Length
    Reference: RFC 9112 8
    Not this: the whole request was sent (http-client-closed-no-response).
    """
    exchange: Exchange = case.exchange
    if case.closer != CLIENT or case.answered or exchange is None or exchange.request_complete:
        return None
    case.cite_request()
    case.cite_closer()
    sent = "before its head was complete"
    if exchange.request_body_expected >= 0:
        sent = f"after {exchange.request_body_got} of {exchange.request_body_expected} bytes of its body"
    verdict: Verdict = case.verdict(
        "http-client-abort-request", "high", f"The client broke off its request to {case.where()} {sent}."
    )
    if case.unread(case.server):
        case.flag("receiver-stalled")
        verdict.blame = "server"
        verdict.summary = f"{verdict.summary[:-1]}: the server had stopped reading (its receive window is closed)."
    return verdict


def response_lost(case: Case) -> Verdict | None:
    """The server answers, and the beginning of its answer is lost on the way.

    On the wire: request; of the response only later bytes arrive, above a hole that the client never acknowledges. Then
        the client closes, after three seconds and more (http-response-stalled) or sooner (http-client-abort-response),
        or the capture ends after ten.
    Wireshark: http.request, then tcp.analysis.lost_segment or tcp.options.sack_le
    Zeek: conn_state SF or S1, missed_bytes > 0
    Reference: RFC 2923 2.1 (path MTU black hole); RFC 2018
    Not this: no byte of the server at all (http-client-closed-no-response); bytes that the client has acknowledged
        although the capture lacks them (incomplete).
    """
    server: Side = case.server
    if case.answered or case.asked == 0 or case.closer == SERVER:
        return None
    if server.wire_gap != 1 and case.client.sack_left <= server.acked:
        return None
    silence: cython.longlong = case.silence()
    if case.closer < 0 and silence < case.limits.body_stall_ns:
        return None
    case.ongoing = 1 if case.closer < 0 else 0
    case.cite_request()
    case.cite(server.last_data_packet, server.last_data_time, "data", SERVER)
    case.cite_closer()
    verdict: Verdict = case.verdict(
        "http-response-stalled" if silence >= case.limits.stall_min_ns else "http-client-abort-response",
        "medium" if silence >= case.limits.body_stall_ns else "low",
        f"The beginning of {case.where()}'s answer is lost on the way while later bytes arrive (a path MTU problem, if "
        f"only large packets are lost); {who_ended(case)}.",
    )
    verdict.blame = "network"
    return verdict


def client_closed(case: Case) -> Verdict | None:
    """The 499: the client hangs up before a byte of the response.

    On the wire: the whole request, no response byte, then FIN or RST of the client; no complete response follows the
        FIN.
    Wireshark: http.request, then tcp.flags.fin==1 from the client, no http.response
    Zeek: conn_state SF or RSTO, http.log without status
    Reference: nginx ngx_http_request.h (NGX_HTTP_CLIENT_CLOSED_REQUEST 499, a log entry that never travels)
    Not this: an unfinished request; a response that began (http-client-abort-response); a half-close that gets its
        answer.
    """
    if case.closer != CLIENT or case.answered or case.exchange is None:
        return None
    waited: cython.longlong = case.closer_time - asked_time(case)
    case.cite_request()
    case.cite_closer()
    why = "a timeout of the client, or of something before it"
    if waited < case.limits.stall_min_ns and not ending_timers(case, timers.WAITING):
        why = "a short timeout or a cancellation"
    return case.verdict(
        "http-client-closed-no-response",
        "high",
        f"{case.where()} had not answered after {span(waited)} when the client closed ({why}): a server logs this as "
        "499.",
    )


def client_left_response(case: Case) -> Verdict | None:
    """The client closes in the middle of the response.

    On the wire: response begun and incomplete; FIN or RST of the client. After three seconds and more of the server's
        silence
        the response had stalled (http-response-stalled), else the client had enough (http-client-abort-response).
    Wireshark: http.response && tcp.flags.reset==1 from the client
    Zeek: conn_state RSTO or SF, http.log response_body_len < Content-Length
    Reference: RFC 9112 8; RFC 1122 4.2.2.13
    Not this: the response was complete; the server closed first (http-response-truncated).
    """
    if case.closer != CLIENT or case.answered != 1 or case.exchange is None:
        return None
    silence: cython.longlong = case.silence()
    case.cite_request()
    case.cite_response()
    if case.unread(case.client):
        case.flag("receiver-stalled")
    elif silence >= case.limits.stall_min_ns:
        return response_stalled_verdict(case, silence)
    case.cite_closer()
    return case.verdict(
        "http-client-abort-response", "high", f"The client closed {progress(case.exchange)} of {case.where()}."
    )


def response_stalled(case: Case) -> Verdict | None:
    """The response stops and nobody ends it.

    On the wire: response begun and incomplete, then ten seconds and more of silence while the connection stays open.
    Wireshark: http.response && tcp.time_delta >= 10
    Zeek: conn_state S1, http.log response_body_len < Content-Length
    Reference: RFC 9112 6.3
    Not this: a receiver whose window is zero stalls itself; event streams may be silent.
    """
    silence: cython.longlong = case.silence()
    if case.closer >= 0 or case.answered != 1 or case.exchange is None or silence < case.limits.body_stall_ns:
        return None
    if endless(case.exchange):
        return None
    if case.unread(case.client):
        case.flag("receiver-stalled")
        return None
    case.ongoing = 1
    case.cite_request()
    case.cite_response()
    return response_stalled_verdict(case, silence)


def endless(exchange: Exchange) -> cython.bint:
    """A response that may be silent for hours."""
    return exchange.status == 101 or exchange.headers.get("content-type", "").startswith("text/event-stream")


def response_stalled_verdict(case: Case, silence: cython.longlong) -> Verdict:
    """The words for a response that stalled."""
    case.cite(case.server.last_data_packet, case.server.last_data_time, "data", SERVER)
    case.cite_closer()
    return case.verdict(
        "http-response-stalled",
        "medium" if silence >= case.limits.body_stall_ns else "low",
        f"{case.where()} fell silent {progress(case.exchange)}; {who_ended(case)}.",
    )


def no_response_stalled(case: Case) -> Verdict | None:
    """Still no answer, and nobody has given up.

    On the wire: request acknowledged, no response byte for a minute and more, connection open at the capture's end.
    Wireshark: http.request && !http.response
    Zeek: conn_state S1
    Reference: nginx proxy_read_timeout 60 s and alike are the usual end of such a wait
    Not this: a shorter wait (incomplete); somebody closed.
    """
    if case.closer >= 0 or case.answered or case.asked == 0 or case.silence() < case.limits.resp_stall_ns:
        return None
    exchange: Exchange = case.exchange
    if exchange is not None and (not exchange.request_complete or case.client.acked < exchange.request_end):
        return None
    case.ongoing = 1
    case.cite_request()
    case.cite_ack()
    case.cite_last()
    return case.verdict(
        "http-no-response-stalled",
        "low",
        f"{case.where()} has not answered for {span(case.silence())}; the connection is open when the capture ends.",
    )


def who_ended(case: Case) -> str:
    """Who ended it, after how long without progress."""
    if case.closer == CLIENT:
        return f"the client gave up after {span(case.silence())}"
    if case.closer == SERVER:
        return f"the server closed after {span(case.silence())}"
    return f"the capture ends {span(case.silence())} later"

"""Requests that got no HTTP response: class `http-failure`, in plain text (signatures.md 2.4)."""

from __future__ import annotations

import cython

from analyzer.verdict import timers
from analyzer.verdict.case import Case, count, span
from analyzer.verdict.model import Verdict
from analyzer.verdict.signatures.reset import asked_time, idle_before
from analyzer.verdict.signatures.tls import shown
from analyzer.verdict.waits import ending_timers
from analyzer.wire.http2.registry import error_word
from analyzer.wire.model import CLIENT, SERVER, Exchange, Milestone

TLS_ALERT = b"\x15\x03"


def proxy_connect(case: Case) -> Verdict | None:
    """The proxy does not open the tunnel.

    Zeek: http.log method CONNECT
    Reference: RFC 9110 9.3.6
    Confidence: high
    Needs: a CONNECT request

    Cause: http-proxy-connect: The proxy answers CONNECT with a refusal.
    On the wire: CONNECT, answered by a final status other than 2xx.
    Wireshark: http.request.method == "CONNECT" || http.response.code >= 300
    Not this: after a 2xx the bytes inside the tunnel are judged.

    Cause: http-proxy-connect-no-reply: The proxy never answers CONNECT.
    On the wire: CONNECT, no byte of an answer; then somebody closes, or a minute passes.
    Wireshark: http.request.method == "CONNECT" && !http.response_in
    Not this: a RST instead of an answer is rst-after-request.
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


def garbage(case: Case) -> Verdict | None:
    """The answer is no HTTP.

    Zeek: weird.log bad_HTTP_reply
    Reference: RFC 9112 4
    Confidence: high
    Needs: an answer that is no HTTP

    Cause: http-garbage-response: The request is answered with something that is no HTTP.
    On the wire: the first server bytes after the request are not `HTTP/`, and no TLS alert.
    Wireshark: http.request && !http.response_in
    Not this: a banner that comes before the request belongs to another protocol; HTTP/0.9 is no longer spoken.

    Cause: http-on-tls-server: Plain HTTP is sent to a TLS port, and a TLS alert comes back.
    On the wire: the first server bytes after the request are 15 03, a TLS alert.
    Wireshark: tcp.payload[0:2] == 15:03 && tcp.seq == 1
    Not this: a server that explains itself in HTTP is http-plain-on-tls-port.
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

    Cause: http-request-unacked
    On the wire: request bytes are sent again three times and more, never acknowledged; no response.
    Wireshark: tcp.analysis.retransmission && tcp.len > 0
    Zeek: history with `T`, conn_state S1 or SF without bytes of the responder
    Reference: RFC 9293 3.8.1
    Confidence: high; inside TLS medium
    Needs: a request; no response; the request sent again
    Not this: when the server repeats its SYN-ACK it is final-ack-lost; an acknowledged request without an answer is
        http-client-closed-no-response or http-no-response-stalled.
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

    Zeek: conn_state SF, http.log without status_code
    Confidence: high
    Needs: the server closed first; a close without a reset; a request; no response

    Cause: http-no-response-server-closed: The server reads the request and hangs up.
    On the wire: the request, then FIN of the server, no response.
    Wireshark: tcp.flags.fin == 1 && tcp.seq == 1 && tcp.completeness & 8
    Reference: RFC 9112 8; nginx `return 444` and `return 499` do so
    Not this: a RST first is rst-after-request; a FIN that crosses the request on a reused connection is
        http-keepalive-race.

    Cause: http-keepalive-race: The server closes an idle connection just as the client uses it again.
    On the wire: a reused connection; the server's FIN comes before or at once after the request, or acknowledges
        less than the request.
    Wireshark: tcp.flags.fin == 1 && tcp.seq > 1 && tcp.completeness & 8
    Reference: RFC 9112 9.5
    Not this: a RST without a FIN is rst-stale-connection; on the first request it is
        http-no-response-server-closed.
    """
    if case.closer != SERVER or case.closer_what == "rst" or case.answered or case.asked == 0:
        return None
    if case.server.fin_offset > case.server.next:  # bytes before the FIN are missing: it did say something
        return None
    exchange: Exchange = case.exchange
    gap: cython.longlong = case.closer_time - asked_time(case)
    case.cite_request()
    case.cite_closer()
    reused: cython.bint = exchange is not None and exchange.index > 0
    if case.h2 is not None and idle_before(case) == 0:
        reused = False  # other streams kept the connection busy
    if reused and crossed(case, gap):
        case.cite_mark(case.find("rst", SERVER, exchange.request_packet))
        return case.verdict(
            "http-keepalive-race",
            "high",
            f"{case.where()} closed the kept-alive connection, idle for {span(idle_before(case))}, just as the client "
            "sent its next request.",
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


def abort_request(case: Case) -> Verdict | None:
    """The client breaks off its own request.

    Cause: http-client-abort-request
    On the wire: FIN or RST of the client with the request's head or declared body unfinished.
    Wireshark: tcp.flags.fin == 1 && tcp.ack == 1 && tcp.completeness & 8
    Zeek: http.log request_body_len below the Content-Length
    Reference: RFC 9112 8
    Confidence: high
    Needs: the client closed first; no response; an unfinished request
    Not this: once the whole request was sent it is http-client-closed-no-response.
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
        verdict.flag("receiver-stalled")
        verdict.blame = "server"
        verdict.summary = f"{verdict.summary[:-1]}: the server had stopped reading (its receive window is closed)."
    return verdict


def client_closed(case: Case) -> Verdict | None:
    """The 499: the client hangs up before a byte of the response.

    Cause: http-client-closed-no-response
    On the wire: the whole request, no response byte, then FIN or RST of the client (HTTP/2: or its RST_STREAM); no
        complete response follows the FIN.
    Wireshark: http.request && !http.response_in || tcp.flags.fin == 1 && tcp.ack == 1
    Zeek: conn_state SF or RSTO, http.log without status_code
    Reference: nginx ngx_http_request.h (NGX_HTTP_CLIENT_CLOSED_REQUEST 499, a log entry that never travels)
    Confidence: high
    Needs: the client closed first; no response; a plain request
    Not this: an unfinished request is http-client-abort-request, a response that began http-client-abort-response;
        a half-close that gets its answer is ok.
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
        f"{case.where()} had not answered after {span(waited)} when the client {left(case)} ({why}): a server logs "
        "this as 499.",
    )


def left(case: Case) -> str:
    """How the client ended it: the connection, or its stream of HTTP/2 (RFC 9113 8.1)."""
    if case.closer_what != "data":
        return "closed"
    return f"ended its stream with {error_word(case.h2.reset_code)}"


def no_response_stalled(case: Case) -> Verdict | None:
    """Still no answer, and nobody has given up.

    Cause: http-no-response-stalled
    On the wire: the request is acknowledged, no response byte for a minute and more, the connection open at the
        capture's end.
    Wireshark: http.request && !http.response_in
    Zeek: conn_state S1, http.log without status_code
    Reference: nginx proxy_read_timeout and alike, 60 s, are the usual end of such a wait
    Confidence: low
    Needs: nobody closed; a request; no response; a minute of silence
    Not this: a shorter wait is incomplete; when the client closes it is http-client-closed-no-response.
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

"""Requests that got no HTTP response: class `http-failure`, in plain text (signatures.md 2.4)."""

from __future__ import annotations

import cython

from analyzer.model.connection import CLIENT, SERVER, Event
from analyzer.model.http import Exchange
from analyzer.verdict import timers
from analyzer.verdict.advice import UNHEARD
from analyzer.verdict.endings import left, who_ended
from analyzer.verdict.facts import Facts, capital, count, span
from analyzer.verdict.model import Verdict
from analyzer.verdict.seen import lost_on_the_way, may_be_answered
from analyzer.verdict.signatures.incomplete import missing
from analyzer.verdict.signatures.loss import unacknowledged
from analyzer.verdict.signatures.reset import asked_time, idle_before, idle_words
from analyzer.verdict.signatures.tls import shown
from analyzer.verdict.waits import ending_timers

TLS_ALERT = b"\x15\x03"


def proxy_connect(case: Facts) -> Verdict | None:
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
    if 200 <= exchange.status < 300:
        return None  # its head is not whole: the tunnel is not open yet
    if exchange.status:
        case.cite_response()
        said = f"{case.asked_for()} with {exchange.status} {exchange.reason}".strip()
        return case.verdict(
            f"http-proxy-connect-{exchange.status}", "high", f"{capital(case.peer())} answered CONNECT {said}."
        )
    if case.closer < 0 and case.silence() < case.limits.resp_stall_ns:
        return None
    if unacknowledged(case) or lost_on_the_way(case, SERVER):
        return None
    case.ongoing = 1 if case.closer < 0 else 0
    case.cite_closer()
    request = f"CONNECT {case.asked_for()}".rstrip()
    return case.verdict(
        "http-proxy-connect-no-reply",
        "high",
        f"{capital(case.peer())} never answered {request}; {who_ended(case)}.",
    )


def garbage(case: Facts) -> Verdict | None:
    """The answer is no HTTP.

    Zeek: weird.log bad_HTTP_reply
    Reference: RFC 9112 4
    Confidence: high; medium where the capture lost bytes of the server
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
    who = case.peer() if exchange.method == "CONNECT" else case.where()
    torn: cython.bint = case.server.lost > 0 or exchange.garbage == TLS_ALERT[:1]  # they may not be all its first bytes
    sure = "medium" if torn else "high"
    if exchange.garbage.startswith(TLS_ALERT):
        return case.verdict(
            "http-on-tls-server", sure, f"Plain HTTP met a TLS port at {who}: it answered with a TLS alert."
        )
    return case.verdict(
        "http-garbage-response", sure, f"{capital(who)} answered with no HTTP: {shown(exchange.garbage)}."
    )


def server_closed(case: Facts) -> Verdict | None:
    """The server hangs up without a byte of a response.

    Zeek: conn_state SF, http.log without status_code
    Confidence: high; medium where a part of the request was not captured
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
    mark: Event | None = case.find("fin", SERVER, 0)
    if mark is not None and mark.ack > case.client.end and case.client.fin_packet == 0:
        return missing(
            case, "bytes", f"The client had closed before {case.peer()} did; when it gave up is not in the capture."
        )
    reused: cython.bint = exchange is not None and exchange.index > 0
    sure: str = "medium" if exchange is not None and exchange.request_unframed == 1 else "high"
    if case.h2 is not None and idle_before(case) == 0:
        reused = False  # other streams kept the connection busy
    if reused and crossed(case, gap):
        return case.verdict(
            "http-keepalive-race",
            sure,
            f"{capital(case.peer())} closed the kept-alive connection, idle for {span(idle_before(case))}, just as the "
            "client sent its next request.",
        )
    return case.verdict(
        "http-no-response-server-closed",
        sure,
        f"{capital(case.peer())} hung up {hung_up(case, gap)}{idle_words(case)}.",
    )


def hung_up(case: Facts, gap: cython.longlong) -> str:
    """When the server hung up without an answer, `gap` ns after the request's last byte."""
    exchange: Exchange = case.exchange
    begun: cython.longlong = 0 if exchange is None else case.closer_time - exchange.request_time
    mark: Event | None = case.find("fin", SERVER, 0)
    if gap >= 0 and (exchange is None or exchange.request_complete):
        if exchange is not None and mark is not None and 0 <= mark.ack < exchange.request_end:
            return f"{span(gap)} after the request, without having acknowledged it"
        return f"{span(gap)} after the request without a byte of a response"
    if begun > 0:
        return f"{span(begun)} after the request began, before it was complete, without a byte of a response"
    return "before the client had sent its request"


def crossed(case: Facts, gap: cython.longlong) -> cython.bint:
    """The server's FIN crossed the request, or came within the time that a request needs to arrive."""
    mark: Event | None = case.find("fin", SERVER, 0)
    if mark is not None and 0 <= mark.ack < case.exchange.request_end:
        return True
    return gap <= max(2 * case.rtt(), RACE_NS)


RACE_NS = 5_000_000
"""A FIN this soon after a request on a reused connection is no answer to it."""


def abort_request(case: Facts) -> Verdict | None:
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
    verdict: Verdict = case.verdict(
        "http-client-abort-request",
        "medium" if unheard_request(case) or (case.h2 is not None and case.client.lost) else "high",
        f"The client broke off its request to {case.where()} {sent_of(exchange)}{paused(case)}.",
    )
    if case.unread(case.server):
        verdict.flag("receiver-stalled")
        verdict.blame = "server"
        verdict.summary = f"{verdict.summary[:-1]}: the server had stopped reading (its receive window is closed)."
    return verdict


def sent_of(exchange: Exchange) -> str:
    """How much of an unfinished request was sent."""
    if exchange.request_body_expected >= 0:
        return f"after {exchange.request_body_got} of {count(exchange.request_body_expected, 'byte')} of its body"
    if exchange.request_body_got or exchange.host:
        return f"after {count(exchange.request_body_got, 'byte')} of its body, before its end"
    return "before its head was complete"


def paused(case: Facts) -> str:
    """A silence before the end, where it is long enough to be told."""
    silence: cython.longlong = case.silence()
    return f", silent for {span(silence)}" if silence >= case.limits.stall_min_ns else ""


def expect_unanswered(case: Facts) -> Verdict | None:
    """The client asks whether it may send its body, and nobody answers.

    Cause: http-expect-100-no-reply
    On the wire: a request's head with `Expect: 100-continue`, acknowledged, without a byte of its body; a second and
        more without 100 or a final status, then somebody closes, or a minute passes.
    Wireshark: http.request && frame contains "100-continue" && !http.response_in
    Zeek: http.log request_body_len 0, without status_code
    Reference: RFC 9110 10.1.1 (a server must answer, and a client must not wait for ever)
    Confidence: high; while nobody has closed low
    Needs: a plain request; an unfinished request; no response; 100-continue was expected
    Not this: a client that sends its body after a while has asked in full, and is judged by the answer to that; 417 and
        any other final status are http-status-NNN; after 100 it is http-client-closed-no-response or alike.
    """
    exchange: Exchange = case.exchange
    if exchange is None or case.answered or exchange.request_complete or not exchange.expect_continue:
        return None
    if exchange.interim or exchange.request_body_got or case.client.acked < exchange.request_end:
        return None
    waited: cython.longlong = case.closer_time - asked_time(case)
    if case.closer < 0:
        waited = case.silence()
    if waited < (case.limits.resp_stall_ns if case.closer < 0 else case.limits.give_up_min_ns):
        return None
    case.ongoing = 1 if case.closer < 0 else 0
    case.cite_request()
    case.cite_ack()
    case.cite_closer()
    ended = "all the while, and still does when the capture ends"
    if case.closer >= 0:
        ended = f"all the while and then {left(case)}" if case.closer == CLIENT else "until the server closed"
    return case.verdict(
        "http-expect-100-no-reply",
        "low" if case.closer < 0 else "high",
        f"{capital(case.where())} did not answer `Expect: 100-continue` for {span(waited)}; the client held its body "
        f"back {ended}.",
    )


def client_closed(case: Facts) -> Verdict | None:
    """The 499: the client hangs up before a byte of the response.

    Cause: http-client-closed-no-response
    On the wire: the whole request, no response byte, then FIN or RST of the client (HTTP/2: or its RST_STREAM); no
        complete response follows the FIN.
    Wireshark: http.request && !http.response_in || tcp.flags.fin == 1 && tcp.ack == 1
    Zeek: conn_state SF or RSTO, http.log without status_code
    Reference: nginx ngx_http_request.h (NGX_HTTP_CLIENT_CLOSED_REQUEST 499, a log entry that never travels)
    Confidence: high; medium where the request was not acknowledged, or not all captured, or no later packet of the
        server shows by its sequence number that it had sent nothing
    Needs: the client closed first; no response; a plain request
    Not this: an unfinished request is http-client-abort-request, a response that began http-client-abort-response;
        a half-close that gets its answer is ok.
    """
    if case.closer != CLIENT or case.answered or case.exchange is None:
        return None
    exchange: Exchange = case.exchange
    waited: cython.longlong = case.closer_time - asked_time(case)
    case.ongoing = 1 if may_be_answered(case) else 0
    case.cite_request()
    case.cite_closer()
    why = "a timeout of the client, or of something before it"
    if waited < case.limits.stall_min_ns and not ending_timers(case, timers.WAITING):
        why = "a short timeout or a cancellation"
    had = "acknowledged the request" if unheard_request(case) else "answered"
    after = f" after {span(waited)}" if waited > 0 else ""
    verdict: Verdict = case.verdict(
        "http-client-closed-no-response",
        "medium" if unheard_request(case) or unheard_server(case) or exchange.request_unframed == 1 else "high",
        f"{capital(case.where())} had not {had}{after} when the client {left(case)} ({why}){logged(case)}"
        f"{idle_words(case)}.",
    )
    if unheard_request(case):
        verdict.advice = UNHEARD
    return verdict


def unheard_request(case: Facts) -> cython.bint:
    """The server had not acknowledged the whole request: that it got it is not known."""
    exchange: Exchange = case.exchange
    return case.client.acked < exchange.request_end


def unheard_server(case: Facts) -> cython.bint:
    """Nothing of the server came after the client had left, so an answer that was lost on the way is not ruled out."""
    return case.closer_what != "data" and case.server.last_packet < case.closer_packet


def logged(case: Facts) -> str:
    """What the server knows of a client that left."""
    if case.exchange.response_packet:
        case.cite_response()
        case.cite_mark(case.find("rst", CLIENT, case.closer_packet - 1))
        return "; what the server sent then met a reset"
    return "" if unheard_request(case) else ": a server logs this as 499"


def no_response_stalled(case: Facts) -> Verdict | None:
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
        f"{capital(case.where())} has not answered for {span(case.silence())}; the connection is open when the capture "
        f"ends{idle_words(case)}.",
    )

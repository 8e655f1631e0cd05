"""Responses that are an error or never came whole: class `http-failure`, in plain text (signatures.md 2.4)."""

from __future__ import annotations

import cython

from analyzer.verdict.case import Case, capital, count, span
from analyzer.verdict.causes import CUT_UPLOAD, LOST_ADVICE, STATUS_ADVICE
from analyzer.verdict.model import Verdict
from analyzer.verdict.seen import LOSS_NS, lost_on_the_way
from analyzer.verdict.signatures.http import large_only, left, who_ended
from analyzer.verdict.signatures.incomplete import missing
from analyzer.verdict.signatures.reset import asked_time
from analyzer.wire.model import CLIENT, SERVER, Exchange, Side

ENDLESS = ("text/event-stream", "application/grpc")
CLIENT_STATUS = range(400, 500)


def status(case: Case) -> Verdict | None:
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
    cause = f"http-status-{exchange.status}"
    if exchange.status == 497 or b"HTTPS port" in exchange.body_start:
        cause = "http-plain-on-tls-port"
    said = f"{exchange.status} {exchange.reason}".rstrip()
    early: cython.bint = early_answer(exchange)
    if exchange.request_packet == 0:
        summary = f"{capital(case.where())} answered with {said}; the request is not in the capture."
    else:
        request = f"{exchange.method} {exchange.target[:80]}".strip() or "a request"
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


def when(case: Case, early: cython.bint) -> str:
    """How long after the request the answer came, as the end of a sentence; "" where their order is not known."""
    exchange: Exchange = case.exchange
    took: cython.longlong = exchange.response_time - asked_time(case)
    if early:
        body = "" if exchange.request_complete else f": {count(exchange.request_body_got, 'byte')} of it were sent in all"
        if exchange.request_body_expected >= 0 and body:
            body = f": {exchange.request_body_got} of {count(exchange.request_body_expected, 'byte')} were sent in all"
        begun: cython.longlong = exchange.response_time - exchange.request_time
        return f" {span(begun)} after the request began, with the upload unfinished{body}"
    return f" after {span(took)}" if took >= 0 else ""


def truncated(case: Case) -> Verdict | None:
    """The response stops short of what it announced.

    Cause: http-response-truncated
    On the wire: FIN of the server (HTTP/2: or END_STREAM) before the response is complete by Content-Length or chunked
        framing.
    Wireshark: tcp.flags.fin == 1 && tcp.seq > 1 && tcp.completeness & 8
    Zeek: http.log response_body_len below the Content-Length
    Reference: RFC 9112 8
    Confidence: high; medium when the capture lost bytes of the body
    Needs: the server closed first; a close without a reset; an unfinished response
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
        f"{capital(case.peer())} {'ended the stream' if case.closer_what == 'data' else 'closed the connection'} "
        f"{progress(exchange)}.",
    )


def progress(exchange: Exchange) -> str:
    """How much of the response had come."""
    if not exchange.response_framing:
        return "within the head of its response"
    if exchange.body_expected >= 0:
        return f"after {exchange.body_got} of {count(exchange.body_expected, 'byte')} of the response body"
    return f"after {count(exchange.body_got, 'byte')} of the response body, before its end"


def response_lost(case: Case) -> Verdict | None:
    """The server answers, and its answer, or a part of it, is lost on the way.

    Zeek: conn_state SF or S1, missed_bytes above 0
    Reference: RFC 2923 2.1 (path MTU black hole); RFC 2018; RFC 9293 3.8.1
    Needs: a request; bytes of the server lost on the way

    Also: http-response-stalled: A response is lost on the way, wholly or in part.
    On the wire: a request; bytes of the response that the client never acknowledges: a later sequence number of the
        server shows that it had sent them, or later bytes and SACK show the hole, or they are sent again and again; then
        the client closes after a second and more, or the capture ends after ten.
    Wireshark: tcp.analysis.lost_segment || tcp.options.sack_le || tcp.analysis.retransmission
    Confidence: medium; below three seconds low
    Not this: a server that had sent nothing is http-client-closed-no-response; bytes that the client, or its RST, has
        acknowledged although the capture lacks them are incomplete; a client whose window is closed does not read.

    Also: http-client-abort-response: The client goes away while a part of the response is still missing.
    On the wire: the same, and FIN or RST of the client within a second.
    Confidence: low
    """
    server: Side = case.server
    exchange: Exchange = case.exchange
    if case.asked == 0 or case.unread(case.client) or (case.answered == 2 and not resent(case)):
        return None
    if case.answered and exchange.status >= 400 and server.acked > exchange.response_start:
        return None  # the client knows the status, which says more
    if case.closer == SERVER and not (resent(case) or server.fin_offset > server.acked == server.next):
        return None
    lost: cython.longlong = lost_on_the_way(case, SERVER) or told_at_the_end(case)
    waited: cython.longlong = waited_in_vain(case)
    left_at: cython.longlong = client_left(case)
    if lost == 0 or (left_at == 0 and waited < case.limits.body_stall_ns):
        return None
    case.ongoing = 1 if left_at == 0 else 0
    case.cite_request()
    case.cite(server.last_data_packet, server.last_data_time, "data", SERVER)
    case.cite_all("retransmission", SERVER)
    case.cite(server.sent_packet, server.sent_time, "fin" if server.sent_packet == server.fin_packet else "ack", SERVER)
    case.cite_closer()
    if large_only(case, server):
        case.flag("pmtu-suspected")
    gone = f"the client gave up after {span(waited)}" if left_at else f"the capture ends {span(waited)} later"
    verdict: Verdict = case.verdict(
        "http-response-stalled" if waited >= case.limits.give_up_min_ns else "http-client-abort-response",
        "medium" if waited >= case.limits.stall_min_ns else "low",
        f"{lost_words(case, lost)}; {gone}.",
    )
    verdict.blame = "network"
    verdict.advice = LOST_ADVICE
    return verdict


def told_at_the_end(case: Case) -> cython.longlong:
    """Bytes of which only the end of the connection tells, 0 = none.

    The server's FIN stands behind them, or its own number counts them once the client has left without them.
    """
    server: Side = case.server
    until: cython.longlong = client_left(case) or case.connection.capture_end
    if server.fin_offset > server.acked == server.next and until - server.fin_time >= LOSS_NS:
        return server.fin_offset - server.acked
    upto: cython.longlong = server.sent if server.fin_offset < 0 else min(server.sent, server.fin_offset)
    if case.closer == CLIENT and upto > server.acked and server.sent_packet > case.closer_packet:
        return upto - server.acked
    return 0


def resent(case: Case) -> cython.bint:
    """The whole response is in the capture, and its end was sent again and again and never acknowledged."""
    exchange: Exchange = case.exchange
    if exchange is None or not exchange.response_complete or case.server.acked >= exchange.response_end:
        return False
    return case.server.rtx_since_ack >= case.limits.unacked_request


def came_too_late(case: Case) -> cython.bint:
    """The client had closed without a byte of the response, and answered it with a reset: it never read it."""
    exchange: Exchange = case.exchange
    client: Side = case.client
    if client.rsts == 0 or exchange.response_packet == 0 or case.server.acked > exchange.response_start:
        return False
    return client.fin_packet > 0 or client.rst_packet < exchange.response_packet


def client_left(case: Case) -> cython.longlong:
    """When the client closed or gave up its stream, by whatever, 0 = it did not."""
    client: Side = case.client
    if case.closer == CLIENT:
        return case.closer_time
    if client.fin_time and client.rst_time:
        return min(client.fin_time, client.rst_time)
    return client.fin_time or client.rst_time


def waited_in_vain(case: Case) -> cython.longlong:
    """How long nothing new was heard before the client left, or the capture ended, in ns."""
    return max(0, (client_left(case) or case.connection.capture_end) - case.progress_time)


def lost_words(case: Case, lost: cython.longlong) -> str:
    """What of the response is lost on the way, and how that is known."""
    server: Side = case.server
    exchange: Exchange = case.exchange
    who = capital(case.peer())
    again = f", although sent again {count(server.rtx_since_ack, 'time')}" if server.rtx_since_ack else ""
    pmtu = " (a path MTU problem, if only large packets are lost)" if server.full_end == 0 or large_only(case, server) else ""
    if not case.answered:
        asked: cython.longlong = case.opaque.request_packet if exchange is None else exchange.request_packet
        if server.last_data_packet > asked:
            return f"The beginning of {case.where()}'s answer is lost on the way while later bytes arrive{pmtu}"
        sent = count(lost, "byte")
        return f"{who} sent {sent} in answer, as its later sequence numbers say, and they were lost on the way{pmtu}"
    heard: cython.longlong = server.acked - exchange.response_start
    if exchange.h2 is not None:
        return f"A part of {case.where()}'s answer is lost on the way{again}{pmtu}"
    if heard > 0:
        first = count(heard, "byte")
        return f"{count(lost, 'byte')} of {case.where()}'s answer behind the first {first} were lost on the way{again}{pmtu}"
    return f"{case.where()}'s answer was never acknowledged{again}: it is lost on the way{pmtu}"


def client_left_response(case: Case) -> Verdict | None:
    """The client closes in the middle of the response.

    Zeek: conn_state RSTO or SF, http.log response_body_len below the Content-Length
    Reference: RFC 9112 8; RFC 1122 4.2.2.13
    Needs: the client closed first; an unfinished response

    Cause: http-client-abort-response: The client has enough of the response.
    On the wire: a response begun and incomplete; FIN or RST of the client (HTTP/2: or its RST_STREAM) within three
        seconds of the server's last byte.
    Wireshark: tcp.flags.reset == 1 && tcp.seq > 1 && tcp.completeness & 8
    Confidence: high; inside TLS medium
    Not this: after three seconds and more of the server's silence it is http-response-stalled; a server that closes
        first is http-response-truncated.

    Also: http-response-stalled: The client gives up waiting for the rest of a response.
    On the wire: a response begun and incomplete; three seconds and more of silence, then FIN or RST of the client.
    Confidence: medium; below ten seconds low
    """
    if case.closer != CLIENT or case.answered != 1 or case.exchange is None:
        return None
    silence: cython.longlong = case.silence()
    case.cite_request()
    case.cite_response()
    unread = ""
    if case.unread(case.client):
        case.flag("receiver-stalled")
        unread = f": it had stopped reading ({window(case)})"
    elif silence >= case.limits.stall_min_ns and not endless(case.exchange):
        return response_stalled_verdict(case, silence)
    case.cite_closer()
    return case.verdict(
        "http-client-abort-response",
        "high",
        f"The client {left(case)} {progress(case.exchange)} of {case.where()}{unread}.",
    )


def window(case: Case) -> str:
    """Which window a client that does not read keeps closed, and since when."""
    since: cython.longlong = case.client.zero_since
    if since == 0:
        return "its HTTP/2 window is closed"
    stop: cython.longlong = case.closer_time if case.closer >= 0 else case.connection.capture_end
    return f"its receive window was closed for {span(stop - since)}"


def response_stalled(case: Case) -> Verdict | None:
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
    if endless(case.exchange):
        return None
    if case.unread(case.client):
        case.flag("receiver-stalled")
        case.cite_request()
        case.cite_response()
        return missing(
            case, "tail", f"The client stopped reading {case.where()}'s answer ({window(case)}), {progress(case.exchange)}."
        )
    case.ongoing = 1
    case.cite_request()
    case.cite_response()
    return response_stalled_verdict(case, silence)


def endless(exchange: Exchange) -> cython.bint:
    """A response that may be silent for hours: a tunnel, events, the messages of a remote procedure call."""
    return exchange.status == 101 or exchange.headers.get("content-type", "").startswith(ENDLESS)


def response_stalled_verdict(case: Case, silence: cython.longlong) -> Verdict:
    """The words for a response that stalled."""
    case.cite(case.server.last_data_packet, case.server.last_data_time, "data", SERVER)
    case.cite_closer()
    return case.verdict(
        "http-response-stalled",
        "medium" if silence >= case.limits.body_stall_ns else "low",
        f"{capital(case.where())} fell silent {progress(case.exchange)}; {who_ended(case)}.",
    )

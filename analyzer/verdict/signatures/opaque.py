"""Requests inside TLS, seen from outside: what records tell without keys (signatures.md 2.4, last table).

Never a status, a path, or that a response was an error.
"""

from __future__ import annotations

import cython

from analyzer.layer.tls.completion import FINISHED, REFUSAL_NS
from analyzer.layer.tls.opaque import of_server
from analyzer.layer.tls.registry import APPLICATION_DATA, TLS13
from analyzer.model.connection import CLIENT, SERVER, Event
from analyzer.model.tls import Record, Tls
from analyzer.verdict import timers
from analyzer.verdict.facts import Facts, capital, span
from analyzer.verdict.model import Verdict
from analyzer.verdict.seen import beyond
from analyzer.verdict.waits import ending_timers

ALERT = 35
"""Bytes of the longest record that holds an alert, JSSE's padded one."""


def cut(case: Facts) -> Verdict | None:
    """The server hangs up within a TLS record.

    Cause: tls-opaque-cut
    On the wire: the server's last record announces more bytes than come before its FIN.
    Wireshark: tcp.flags.fin == 1 && tcp.srcport == 443
    Zeek: conn_state SF, ssl.log established=T
    Reference: RFC 8446 6.1 (truncation)
    Confidence: high
    Needs: a record cut short; the server closed first; a close without a reset
    Not this: a whole last record without close_notify is common and no failure; a RST instead is rst-mid-response.
    """
    if not case.opaque.cut or case.closer != SERVER or case.closer_what == "rst" or case.answered == 0:
        return None
    if beyond(case.server):  # the rest of the record may be among what was not captured
        return None
    if case.server.fin_packet == 0 and case.closer_what != "ack":
        return None  # the record that is cut is its close_notify, by its size: the capture ends within that
    case.cite_request()
    case.cite_response()
    case.cite_closer()
    return case.verdict(
        "tls-opaque-cut",
        "high",
        f"{case.where()} hung up within a TLS record: {case.opaque.got} of {case.opaque.announced} bytes had come.",
    )


def record_stalled(case: Facts) -> Verdict | None:
    """A TLS record of the server stays unfinished.

    Wireshark: tcp.time_delta >= 3 && tcp.dstport == 443
    Zeek: ssl.log established=T
    Reference: RFC 8446 5.1
    Confidence: medium
    Needs: a record cut short
    Not this: the server's own FIN (tls-opaque-cut) or RST (rst-mid-response).

    Also: http-response-stalled: Inside TLS, the server stops within a record.
    On the wire: the server's last record is incomplete, then a silence of three seconds and more until the client
        closes, or of ten until the capture ends.

    Also: http-client-abort-response: Inside TLS, the client closes in the middle of a record.
    On the wire: the server's last record is incomplete, and the client closes within three seconds of it.
    """
    if not case.opaque.cut or case.closer == SERVER or case.answered == 0:
        return None
    silence: cython.longlong = case.silence()
    if case.closer < 0 and silence < case.limits.body_stall_ns:
        return None
    case.ongoing = 1 if case.closer < 0 else 0
    case.cite_request()
    case.cite_response()
    case.cite_closer()
    ended = (
        f"the client closed {span(silence)} later"
        if case.closer == CLIENT
        else f"the capture ends {span(silence)} later"
    )
    if case.unread(case.client):
        case.flag("receiver-stalled")
    elif silence >= case.limits.stall_min_ns:
        return case.verdict(
            "http-response-stalled",
            "medium" if silence >= case.limits.body_stall_ns else "low",
            f"{case.where()} stopped within a TLS record ({case.opaque.got} of {case.opaque.announced} bytes); "
            f"{ended}.",
        )
    if case.closer < 0:
        return None
    return case.verdict(
        "http-client-abort-response",
        "medium",
        f"The client closed in the middle of a TLS record of {case.where()}'s answer; {ended}.",
    )


def client_gave_up(case: Facts) -> Verdict | None:
    """The 499 inside TLS: request sent, no answer, the client closes.

    Cause: tls-opaque-client-gave-up
    On the wire: handshake complete, client records of a request's size, no response record (tickets and HTTP/2
        control records do not count), then close_notify, FIN or RST of the client.
    Wireshark: tcp.flags.fin == 1 && tcp.dstport == 443 && tcp.time_delta >= 1
    Zeek: conn_state SF or RSTO, ssl.log established=T, few bytes of the responder
    Reference: nginx logs it as 499; RFC 8446 6.1
    Confidence: high when a usual timer fits or after three seconds, if it is surely a request of HTTP and the first;
        medium from one second on; low before
    Needs: the client closed first; a request; no response
    Not this: any response record; a server that closes first (tls-opaque-no-response-server-closed).
    """
    if case.closer != CLIENT or case.answered or case.asked != 1:
        return None
    waited: cython.longlong = case.closer_time - case.opaque.request_time
    confidence = "high"
    if waited < case.limits.give_up_min_ns:
        confidence = "low"
    elif not surely_request(case) or (waited < case.limits.stall_min_ns and not ending_timers(case, timers.WAITING)):
        confidence = "medium"
    case.cite_request()
    case.cite_closer()
    return case.verdict(
        "tls-opaque-client-gave-up",
        confidence,
        f"{the_request(case)} was sent (inside TLS), {case.where()} had not answered after {span(waited)}, and the "
        "client closed: the server would log this as 499 (probable).",
    )


def surely_request(case: Facts) -> cython.bint:
    """Whether HTTP is spoken, and the client's record can be nothing but a request.

    Other protocols inside TLS know messages without an answer (syslog, RFC 5425), and so does what HTTP/1.1 switched
    to (RFC 6455) or a stream of HTTP/2: behind an answer, or the preface, only the record's size says what it is.
    """
    if case.opaque.later or case.opaque.inferred:
        return False
    return case.server.port == HTTPS or "h2" in case.tls.alpn_offer or "http/1.1" in case.tls.alpn_offer


HTTPS = 443


def the_request(case: Facts) -> str:
    """The beginning of a sentence: the request, or the next one of a connection that had been used before."""
    if not case.opaque.later:
        return "The request"
    return f"The next request of a kept-alive connection, idle for {span(case.opaque.idle)} before,"


def server_closed(case: Facts) -> Verdict | None:
    """Inside TLS, the server hangs up without an answer.

    Cause: tls-opaque-no-response-server-closed
    On the wire: client records of a request's size, no response record, then FIN or close_notify of the server.
    Wireshark: tcp.flags.fin == 1 && tcp.srcport == 443
    Zeek: conn_state SF, ssl.log established=T
    Reference: RFC 8446 6.1; 4.3.2 (a refused client certificate shows only after the handshake)
    Confidence: medium
    Needs: the server closed first; a close without a reset; a request; no response
    Not this: a RST first is rst-after-request; a client that closes first is tls-opaque-client-gave-up; what comes
        behind the server's Finished may answer early data.

    Also: http-keepalive-race: Inside TLS, the server closes an idle connection just as the client uses it again.
    On the wire: an exchange, idleness, then records of a request's size, and a FIN or close_notify of the server that
        does not acknowledge them.
    Wireshark: tcp.flags.fin == 1 && tcp.seq > 1 && tcp.completeness & 8
    Reference: RFC 9112 9.5
    Confidence: medium
    Not this: a close that acknowledges the request is tls-opaque-no-response-server-closed.
    """
    if case.closer != SERVER or case.closer_what == "rst" or case.answered or case.asked != 1:
        return None
    if case.server.fin_offset > case.server.next:  # bytes before the FIN are missing: it did say something
        return None
    if case.tls.early_data and answered_early(case):
        return None
    case.cite_request()
    case.cite_closer()
    if case.opaque.later and crossed(case):
        case.cite_mark(case.find("rst", SERVER, case.opaque.request_packet))
        return case.verdict(
            "http-keepalive-race",
            "medium",
            f"{capital(case.peer())} closed the kept-alive connection, idle for {span(case.opaque.idle)}, before the "
            "client's next request (inside TLS) had arrived.",
        )
    refusal: cython.bint = case.notify_server != 0 and case.completion.authenticated != 0 and not case.opaque.later
    alert = "; its last record has the size of an alert: an orderly close" if case.notify_server else ""
    if refusal:
        alert += ", or a refusal of the client's certificate"
    verdict: Verdict = case.verdict(
        "tls-opaque-no-response-server-closed",
        "medium",
        f"{case.where()} closed {span(case.closer_time - case.opaque.request_time)} after the request (inside TLS) "
        f"without an answer{alert}.",
    )
    if refusal:
        verdict.advice += " It had asked the client for a certificate: that it refuses that one is a reason."
    return verdict


def answered_early(case: Facts) -> cython.bint:
    """The request was early data, and what the server said behind its Finished may be the answer (RFC 8446 2.3)."""
    record: Record
    finished: cython.bint = False
    for record in of_server(case.tls):
        if record.kind != APPLICATION_DATA or case.opaque.request_packet > case.tls.server_hello_packet:
            continue
        if finished and record.length > ALERT:
            return True
        finished = finished or record.length in FINISHED
    return False


def crossed(case: Facts) -> cython.bint:
    """The server ended the connection without having received the request."""
    mark: Event | None = case.find("fin", SERVER, 0)
    if case.closer_packet < case.opaque.request_packet:
        return True
    return mark is not None and 0 <= mark.ack < case.opaque.request_end


def refused_after_finished(case: Facts) -> Verdict | None:
    """The server ends a TLS 1.3 connection right after the client's Finished.

    Also: tls-alert-encrypted
    On the wire: the client's Finished, then an alert-sized record of the server and its FIN, no request answered.
    Wireshark: tls.record.opaque_type == 23 && tls.record.length == 19 && tcp.srcport == 443
    Zeek: ssl.log established=T, few bytes
    Reference: RFC 8446 4.4.2.4 (certificate_required comes after the client is done)
    Confidence: medium
    Needs: the server closed first; a close without a reset; no request; no response; an alert-sized last record
    Not this: once tickets or a response came, the same record is close_notify.
    """
    if case.asked or case.answered or case.closer != SERVER or case.closer_what == "rst" or not case.notify_server:
        return None
    tls: Tls = case.tls
    if (
        case.opaque.tickets
        or tls.version < TLS13
        or case.client.lost
        or case.closer_time - case.completion.done_time > REFUSAL_NS
    ):
        return None
    case.cite_hello()
    case.cite(case.completion.done_packet, case.completion.done_time, "record", CLIENT)
    case.cite_closer()
    verdict: Verdict = case.verdict(
        "tls-alert-encrypted",
        "medium",
        f"{case.where()} ended the connection with an encrypted alert right after the client's Finished: most often "
        "it wants a client certificate.",
    )
    verdict.blame = "client"
    verdict.advice = "Ask the server's owner whether it wants a client certificate, and configure one."
    return verdict

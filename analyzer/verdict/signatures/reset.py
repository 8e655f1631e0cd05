"""Exchanges that a reset cut: class `rst` (signatures.md 2.2). All look at the first RST that nothing explains."""

from __future__ import annotations

import cython

from analyzer.model.connection import CLIENT, SERVER, Event, Side
from analyzer.model.http import Exchange
from analyzer.model.tls import Record, Tls
from analyzer.tcp.ordering import PATIENCE_NS
from analyzer.verdict.facts import Facts, capital, count, span
from analyzer.verdict.model import Verdict
from analyzer.verdict.signatures.incomplete import missing


def on_accept(case: Facts) -> Verdict | None:
    """The connection is accepted and reset at once.

    Cause: rst-on-accept
    On the wire: SYN, SYN-ACK, ACK, then a RST of the server within a second, before any byte of the client.
    Wireshark: tcp.flags.reset == 1 && tcp.seq == 1 && tcp.ack == 1 && tcp.completeness & 2
    Zeek: conn_state RSTR with 0 bytes both ways
    Reference: Linux tcp_abort_on_overflow; RFC 9293 3.5.2
    Confidence: high
    Needs: a reset of the server; no payload of the server; no payload of the client before it
    Not this: a RST in answer to the SYN is rst-refused; a client that resets is a half-open probe.
    """
    mark: Event = case.reset
    if mark is None or mark.side != SERVER or case.server.bytes > 0 or case.server.lost or case.client.lost:
        return None
    spoke: cython.longlong = case.client.first_data_time
    if 0 < spoke < mark.time or (spoke == mark.time and case.client.first_data_packet < mark.packet):
        return None
    since: cython.longlong = mark.time - case.connection.established_time
    if case.connection.established_time and since >= case.limits.early_reset_ns:
        return None
    case.cite_mark(case.find("syn-ack", SERVER, 0))
    case.cite(case.connection.established_packet, case.connection.established_time, "ack", CLIENT)
    case.cite_mark(mark)
    crossed: cython.bint = 0 <= spoke - mark.time <= PATIENCE_NS  # or the capture disordered them
    verdict: Verdict = case.verdict(
        "rst-on-accept",
        "medium" if crossed else "high",
        f"{capital(case.peer())} accepted the connection and reset it {span(since)} later, before the client had said "
        "anything.",
    )
    verdict.advice += case.syn_proxied(mark.ttl)
    return verdict


def in_handshake(case: Facts) -> Verdict | None:
    """The server resets after the ClientHello and before the handshake is done.

    Zeek: conn_state RSTR, ssl.log established=F
    Reference: RFC 9293 3.5.3; Weaver, Sommer, Paxson, NDSS 2009 (forged resets)
    Confidence: high
    Needs: a reset of the server

    Cause: rst-after-clienthello: A reset answers the ClientHello.
    On the wire: the ClientHello, then a RST of the server's side within three seconds, without any record of the
        server.
    Wireshark: tcp.flags.reset == 1 && tcp.seq == 1 && tcp.completeness & 8
    Not this: after a fatal alert or the server's FIN the RST is a consequence; after a ServerHello it is
        rst-during-tls-handshake.

    Cause: rst-during-tls-handshake: The server resets in the middle of the handshake.
    On the wire: the ClientHello, records of the server, then its RST within three seconds of the client's last
        word.
    Wireshark: tcp.flags.reset == 1 && tcp.seq > 1 && tcp.completeness & 8
    Not this: the server's RST after the client's close_notify or FIN is benign; after a complete handshake and a
        request it is rst-after-request.

    Cause: rst-after-tls-silence: The handshake falls silent, and the server's side resets it.
    On the wire: the ClientHello, perhaps records of the server, three seconds and more without a word, then a RST
        of the server's side.
    Wireshark: tcp.flags.reset == 1 && tcp.time_delta >= 3 && tcp.completeness & 8
    Not this: when the client, or the server's FIN, ends the silence it is tls-stall.
    """
    mark: Event = case.reset
    if mark is None or mark.side != SERVER:
        return None
    spoke: cython.longlong = case.spoke_time if case.spoke_time <= mark.time else case.tls.hello_time
    gap: cython.longlong = mark.time - spoke if spoke else 0
    behind: cython.bint = case.tls.hello_start > 0 or case.server.first_data_packet < mark.packet
    answered: cython.bint = case.replied and behind and mark.offset > answer_start(case)
    case.cite_hello()
    if answered:
        packet, time, what, side = last_server_record(case)  # a cpdef method takes no starred arguments
        case.cite(packet, time, what, side)
    if gap >= case.limits.stall_min_ns:
        case.cite_ack()
        case.cite_mark(mark)
        return case.verdict(
            "rst-after-tls-silence",
            "high",
            f"{capital(case.peer())} reset the connection {span(gap)} after the client's last word, the TLS handshake "
            "unfinished.",
        )
    case.cite_mark(mark)
    if answered:
        return case.verdict(
            "rst-during-tls-handshake",
            "high" if mark.offset > 0 else "medium",  # by its sequence number its sender had not said anything
            f"{capital(case.peer())} reset the connection in the middle of the TLS handshake, {span(gap)} after the "
            "client's last word.",
        )
    return case.verdict(
        "rst-after-clienthello",
        "high",
        f"A reset from {case.peer()}'s side came {span(gap)} after the ClientHello, without any TLS answer.",
    )


def answer_start(case: Facts) -> cython.longlong:
    """Where the server's TLS answer begins in its stream: behind that of a proxy to CONNECT."""
    tls: Tls = case.tls
    if tls.server_records:
        record: Record = tls.server_records[0]
        return record.start
    return max(0, tls.hello_start) and case.server.next


def last_server_record(case: Facts) -> tuple[int, int, str, int]:
    """What to cite of the server's flight: its ServerHello, else its first payload."""
    tls: Tls = case.tls
    if tls.server_hello_packet:
        return tls.server_hello_packet, tls.server_hello_time, "server-hello", SERVER
    if tls.hello_start > 0:  # the first payload was a proxy's
        return case.server.last_data_packet, case.server.last_data_time, "data", SERVER
    return case.server.first_data_packet, case.server.first_data_time, "data", SERVER


def post_finished(case: Facts) -> Verdict | None:
    """The server resets right after the client's Finished.

    Also: rst-during-tls-handshake
    On the wire: TLS 1.3, the client's Finished is out, no record of the server came after it, no request was sent;
        RST.
    Wireshark: tcp.flags.reset == 1 && tcp.seq > 1 && tcp.completeness & 8
    Zeek: conn_state RSTR
    Reference: RFC 8446 4.4.4 (the client is done before the server has checked its certificate and Finished)
    Confidence: high
    Needs: a reset of the server; an unconfirmed Finished; no request
    Not this: with any server record after the Finished the connection is merely unused.
    """
    mark: Event = case.reset
    if mark is None or mark.side != SERVER or case.completion is None or case.completion.confirmed or case.asked:
        return None
    case.flag("post-finished")
    case.cite_hello()
    case.cite(case.completion.done_packet, case.completion.done_time, "record", CLIENT)
    case.cite_mark(mark)
    return case.verdict(
        "rst-during-tls-handshake",
        "high",
        f"{capital(case.peer())} reset the connection right after the client's Finished: it may have refused the "
        "client certificate.",
    )


def by_client(case: Facts) -> Verdict | None:
    """The client resets during the handshake, and nothing explains it.

    Cause: rst-by-client
    On the wire: an unexplained RST of the client's side during the TLS handshake, less than a second after the last
        progress.
    Wireshark: tcp.flags.reset == 1 && tcp.dstport == 443
    Zeek: conn_state RSTO
    Reference: RFC 1122 4.2.2.13 (a close with unread data resets)
    Confidence: medium
    Needs: a reset of the client; no second of silence
    Not this: after a silence it is a give-up (tls-stall); after an alert, a FIN or a complete response it is
        benign; in the request and response phases it is a client that closed (http-failure).
    """
    mark: Event = case.reset
    if mark is None or mark.side != CLIENT or case.silence() >= case.limits.give_up_min_ns:
        return None
    case.cite_hello()
    case.cite_mark(mark)
    return case.verdict(
        "rst-by-client",
        "medium",
        f"The client's side reset the connection to {case.where()} {span(mark.time - case.spoke_time)} after its own "
        "last word, and nothing before explains it.",
    )


def waiting(case: Facts) -> Verdict | None:
    """The server resets after the request and before any byte of a response.

    Zeek: conn_state RSTR, http.log without status_code
    Reference: RFC 9293 3.5.1 (half-open connections); RFC 5382 REQ-5 (NAT timers)
    Confidence: high; inside TLS medium
    Needs: a reset of the server; a request; no response

    Cause: rst-stale-connection: A kept-alive connection has gone stale, and its next request is reset.
    On the wire: an exchange, a second or more of idleness, a request, and a RST within half a second or three round
        trips.
    Wireshark: tcp.flags.reset == 1 && tcp.time_delta < 1 && tcp.time_relative >= 1 && tcp.completeness & 8
    Confidence: high
    Not this: with the server's FIN before the RST it is http-keepalive-race.

    Cause: rst-idle-timeout: The answer does not come, and a timer resets the connection.
    On the wire: a request, ten seconds and more of silence, then a RST of the server's side.
    Wireshark: tcp.flags.reset == 1 && tcp.time_delta >= 10 && tcp.completeness & 8
    Confidence: high
    Not this: a RST without that wait is rst-after-request; a server that closes with FIN is
        http-no-response-server-closed.

    Cause: rst-after-request: The server resets instead of answering.
    On the wire: a request, then a RST of the server's side within ten seconds, without a byte of a response.
    Wireshark: tcp.flags.reset == 1 && tcp.completeness & 8
    Not this: when an earlier exchange and idleness went before it is rst-stale-connection; after the server's FIN
        it is http-no-response-server-closed or http-keepalive-race.
    """
    mark: Event = case.reset
    if mark is None or mark.side != SERVER or case.answered or case.asked == 0:
        return None
    waited: cython.longlong = mark.time - asked_time(case)
    idle: cython.longlong = idle_before(case)
    soon: cython.longlong = max(3 * case.rtt(), case.limits.stale_rst_ns)
    case.cite_request()
    case.cite_mark(mark)
    sure = "high" if case.exchange is not None else "medium"
    if idle >= case.limits.reuse_idle_ns and waited <= soon:
        return case.verdict(
            "rst-stale-connection",
            sure,
            f"The connection to {case.peer()} had been idle for {span(idle)}; its next request was reset "
            f"{span(waited)} later.",
        )
    if waited >= case.limits.idle_rst_ns:
        return case.verdict(
            "rst-idle-timeout",
            sure,
            f"{capital(case.where())} did not answer the request for {span(waited)}, then the connection was reset"
            f"{idle_words(case)}.",
        )
    return case.verdict(
        "rst-after-request",
        sure,
        f"{capital(case.peer())} reset the connection {since_request(case, waited)}, without a byte of a response"
        f"{idle_words(case)}.",
    )


def since_request(case: Facts, waited: cython.longlong) -> str:
    """When the reset came, `waited` ns after the last byte of the request."""
    exchange: Exchange = case.exchange
    if exchange is not None and not exchange.request_complete:
        begun: cython.longlong = case.reset.time - exchange.request_time
        return f"{span(begun)} after the request began, before it was complete"
    return f"{span(waited)} after the request" if waited >= 0 else "while the request was on its way"


def idle_words(case: Facts) -> str:
    """How long the connection had been idle before the request, where that may matter."""
    idle: cython.longlong = idle_before(case)
    return f"; the connection had been idle for {span(idle)} before" if idle >= case.limits.reuse_idle_ns else ""


def asked_time(case: Facts) -> cython.longlong:
    """When the request was out, as far as it came."""
    exchange: Exchange = case.exchange
    if exchange is not None:
        last: cython.longlong = exchange.request_end_time or exchange.request_time
        if exchange.request_complete or exchange.h2 is not None:
            return last
        return max(exchange.request_time, min(last, case.client.last_data_time))  # the FIN is no part of it
    if case.opaque is not None and case.opaque.request_time:
        return case.opaque.request_time
    return case.client.last_data_time


def idle_before(case: Facts) -> cython.longlong:
    """How long the connection had been idle before this request; 0 for its first."""
    exchange: Exchange = case.exchange
    if case.opaque is not None:
        idle: cython.longlong = case.opaque.idle
        return idle
    if exchange is None or exchange.index <= 0 or exchange.quiet_since == 0:
        return 0
    return max(0, exchange.request_time - exchange.quiet_since)


def mid_response(case: Facts) -> Verdict | None:
    """The server resets in the middle of its response.

    Reference: RFC 9112 6.3 and 8
    Needs: a reset of the server; a response

    Cause: rst-mid-response
    On the wire: bytes of a response, incomplete by framing, then a RST of the server's side.
    Wireshark: tcp.flags.reset == 1 && tcp.seq > 1 && tcp.completeness & 8
    Zeek: conn_state RSTR, http.log response_body_len below the Content-Length
    Confidence: high; inside TLS medium unless a record is cut; medium where the response has a hole that nobody filled
    Not this: a RST after the complete response is benign; a FIN instead is http-response-truncated.
    """
    mark: Event = case.reset
    exchange: Exchange = case.exchange
    if mark is None or mark.side != SERVER or case.answered == 0:
        return None
    case.cite_request()
    case.cite_response()
    case.cite_mark(mark)
    got = "in the middle of its answer"
    if exchange is not None:
        most = "at most " if exchange.response_unframed else ""
        got = f"after {count(exchange.body_got, 'byte')} of the response body"
        if exchange.body_expected >= 0:
            got = f"after {most}{exchange.body_got} of {count(exchange.body_expected, 'byte')} of the response body"
        elif not exchange.response_framing:
            got = "within the head of the response"
    sure: cython.bint = exchange is not None or case.opaque is None or case.opaque.cut
    return case.verdict(
        "rst-mid-response",
        "high" if sure and not case.server.wire_gap else "medium",
        f"{capital(case.peer())} reset the connection {got}.",
    )


def may_be_cut(case: Facts) -> cython.bint:
    """The connection switched to another protocol (RFC 9110 7.8), and its last word is a reset of the server."""
    exchange: Exchange = case.exchange
    return exchange.status == 101 and exchange.h2 is None and case.fetch.last != 0 and case.server.rsts > 0


def switched(case: Facts) -> Verdict | None:
    """The server resets a connection that had switched to another protocol.

    Also: rst-mid-response: An open websocket, or another protocol after 101, is reset.
    On the wire: 101 Switching Protocols, then a RST of the server's side without a FIN or a Close frame before.
    Wireshark: tcp.flags.reset == 1 && tcp.seq > 1 && tcp.completeness & 8
    Zeek: conn_state RSTR, http.log status_code 101
    Reference: RFC 9110 7.8; RFC 6455 7.1.1 and 7.1.5 (a websocket ends with Close, then FIN)
    Confidence: high; medium where the frames cannot be followed
    Needs: a reset of the server; a response
    Not this: FIN or Close first is an orderly end; silence is none; a client that resets has left.
    """
    mark: Event = case.reset
    exchange: Exchange = case.exchange
    if mark is None or mark.side != SERVER or not may_be_cut(case):
        return None
    case.cite_request()
    case.cite_response()
    case.cite_mark(mark)
    if unseen_end(case, mark):
        what = "snaplen" if case.client.cut or case.server.cut else "bytes"
        return missing(
            case,
            what,
            f"{capital(case.peer())} reset what 101 had opened; whether it was over by then is not in the capture.",
        )
    protocol = exchange.headers.get("upgrade", "").lower()
    what = "websocket" if protocol == "websocket" else "connection, switched to another protocol by 101,"
    last: cython.longlong = max(case.client.last_data_time, case.server.last_data_time)
    return case.verdict(
        "rst-mid-response",
        "high" if protocol == "websocket" and exchange.close_packet == 0 else "medium",
        f"{capital(case.peer())} reset the open {what} {span(mark.time - exchange.response_time)} after it was opened "
        f"and {span(mark.time - last)} after the last word on it.",
    )


def unseen_end(case: Facts, mark: Event) -> cython.bint:
    """A Close frame or a FIN may be among what the capture lacks before this reset."""
    client: Side = case.client
    server: Side = case.server
    if client.lost or server.lost or client.cut or server.cut or client.wire_gap or server.wire_gap:
        return True
    return client.acked > client.end or server.acked > server.end or mark.offset > server.end

"""Requests and responses that are lost on the way: class `http-failure` (signatures.md 2.4 and 3.1)."""

from __future__ import annotations

import cython

from analyzer.fetch.vantage import vantage
from analyzer.model.connection import CLIENT, SERVER, Event, Side
from analyzer.model.http import Exchange
from analyzer.verdict.advice import FORGOTTEN, LOST
from analyzer.verdict.endings import who_ended
from analyzer.verdict.facts import Facts, capital, count, span
from analyzer.verdict.model import Verdict
from analyzer.verdict.seen import LOSS_NS, beyond, lost_on_the_way, unseen_fin
from analyzer.verdict.signatures.icmp import suspect_pmtu
from analyzer.verdict.signatures.incomplete import missing
from analyzer.verdict.signatures.reset import idle_before


def request_unacked(case: Facts) -> Verdict | None:
    """The request, or the rest of it, never arrives.

    Cause: http-request-unacked
    On the wire: request bytes are sent again three times and more, never acknowledged; no response.
    Wireshark: tcp.analysis.retransmission && tcp.len > 0
    Zeek: history with `T`, conn_state S1 or SF without bytes of the responder
    Reference: RFC 9293 3.8.1; RFC 5382 REQ-5 (a NAT forgets idle connections)
    Confidence: high; inside TLS medium
    Needs: a request; no response; the request sent again
    Not this: when the server repeats its SYN-ACK it is final-ack-lost; an acknowledged request without an answer is
        http-client-closed-no-response or http-no-response-stalled.
    """
    if case.answered or not unacknowledged(case) or case.unread(case.server):
        return None
    if just_sent(case):
        return None
    case.ongoing = 1 if case.closer < 0 else 0
    if large_only(case, case.client):
        suspect_pmtu(case)
    case.cite_request()
    case.cite_all("retransmission", CLIENT)
    case.cite_closer()
    verdict: Verdict = case.verdict(
        "http-request-unacked",
        "high" if case.exchange is not None else "medium",
        f"{in_vain(case)} {count(case.client.rtx_since_ack, 'time')}; {who_ended(case)}.",
    )
    if idle_before(case) >= case.limits.forgotten_ns:
        verdict.advice = FORGOTTEN
    return verdict


def just_sent(case: Facts) -> cython.bint:
    """The last of just enough repetitions has had no time to be acknowledged when the capture ends."""
    if case.closer >= 0 or case.client.rtx_since_ack > case.limits.unacked_request:
        return False
    return case.connection.capture_end - case.client.last_time < max(LOSS_NS, 2 * case.rtt())


def unacknowledged(case: Facts) -> cython.bint:
    """The request was sent again and again, and its end never acknowledged; by the server that closes first, before."""
    exchange: Exchange = case.exchange
    mark: Event
    again: cython.longlong = case.client.rtx_since_ack
    stop: cython.longlong = case.client.end
    if exchange is not None and exchange.request_end > 0:
        stop = exchange.request_end
    if case.asked == 0 or again < case.limits.unacked_request or case.client.acked >= stop:
        return False
    if case.closer == SERVER:
        again = 0
        for mark in case.connection.milestones:
            if mark.what == "retransmission" and mark.side == CLIENT and mark.packet < case.closer_packet:
                again += mark.offset >= case.client.acked
    return again >= case.limits.unacked_request


def in_vain(case: Facts) -> str:
    """What of the request was not acknowledged, up to "sent again"."""
    exchange: Exchange = case.exchange
    idle: cython.longlong = idle_before(case)
    got: cython.longlong = 0
    whole: cython.longlong = 0
    if exchange is not None and exchange.request_start >= 0 and exchange.h2 is None:
        got = case.client.acked - exchange.request_start
        whole = exchange.request_end - exchange.request_start
        if exchange.request_body_expected > exchange.request_body_got:
            whole += exchange.request_body_expected - exchange.request_body_got
        elif not exchange.request_complete:
            whole = 0  # how long it would have been was not said
    if got > 0:
        of = f"{got} of {count(whole, 'byte')}" if whole > got else f"the first {count(got, 'byte')}"
        return f"{capital(case.peer())} acknowledged {of} of the request and never the rest, which was sent again"
    if idle >= case.limits.reuse_idle_ns:
        long = " (long enough for a NAT or firewall to forget it)" if idle >= case.limits.forgotten_ns else ""
        return (
            f"The connection to {case.peer()} had been idle for {span(idle)}{long}, and its next request was never "
            "acknowledged, although sent again"
        )
    return f"{capital(case.peer())} never acknowledged the request, which was sent again"


def large_only(case: Facts, side: Side) -> cython.bint:
    """Large segments of this side are lost, and no such segment ever passed: a path MTU problem."""
    return side.largest_rtx >= case.limits.full_segment_bytes and not 0 < side.full_end <= side.acked


def response_lost(case: Facts) -> Verdict | None:
    """The server answers, and its answer, or a part of it, is lost on the way.

    Zeek: conn_state SF or S1, missed_bytes above 0
    Reference: RFC 2923 2.1 (path MTU black hole); RFC 2018; RFC 9293 3.8.1
    Needs: a request; bytes of the server lost on the way

    Also: http-response-stalled: A response is lost on the way, wholly or in part.
    On the wire: a request; bytes of the response that the client never acknowledges: a later sequence number of the
        server shows that it had sent them, or later bytes and SACK show the hole, or they are sent again and again;
        then the client closes after a second and more, or the capture ends after ten.
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
    if not case.fetch.last or (case.closer == CLIENT and case.closer_what == "ack"):
        return None  # the client asked on, or its end was not captured: what it had acknowledged is not known
    if exchange is not None and case.client.acked > exchange.request_end and beyond(case.client):
        return None  # it asked on unseen: whose answer is lost is not known
    if case.asked == 0 or case.unread(case.client) or (case.answered == 2 and not (resent(case) or torn_off(case))):
        return None
    if case.answered and exchange is not None and exchange.status >= 400 and server.acked > exchange.response_start:
        return None  # the client knows the status, which says more
    if case.closer == SERVER and not (resent(case) or server.fin_offset > server.acked == server.next):
        return None
    lost: cython.longlong = lost_on_the_way(case, SERVER) or told_at_the_end(case)
    waited: cython.longlong = waited_in_vain(case)
    left_at: cython.longlong = client_left(case)
    if lost == 0 or (left_at == 0 and waited < case.limits.body_stall_ns):
        return None
    if case.opaque is not None and server.lost and lost <= FAREWELL:
        return None  # it acknowledged what was not captured: what it did not is the server's close
    case.ongoing = 1 if left_at == 0 else 0
    case.cite_request()
    case.cite(server.last_data_packet, server.last_data_time, "data", SERVER)
    case.cite_all("retransmission", SERVER)
    case.cite(server.sent_packet, server.sent_time, "fin" if server.sent_packet == server.fin_packet else "ack", SERVER)
    case.cite_closer()
    if large_only(case, server):
        suspect_pmtu(case)
    gone = f"the client gave up after {span(waited)}" if left_at else f"the capture ends {span(waited)} later"
    verdict: Verdict = case.verdict(
        "http-response-stalled" if waited >= case.limits.give_up_min_ns else "http-client-abort-response",
        "medium" if waited >= case.limits.stall_min_ns else "low",
        f"{lost_words(case, lost)}; {gone}.",
    )
    verdict.blame = "network"
    verdict.advice = LOST
    return verdict


def told_at_the_end(case: Facts) -> cython.longlong:
    """Bytes of which only the end of the connection tells, 0 = none.

    The server's FIN stands behind them, or its own number counts them once the client has left without them.
    """
    server: Side = case.server
    until: cython.longlong = client_left(case) or case.connection.capture_end
    if server.fin_offset > server.acked == server.next and until - server.fin_time >= case.limits.give_up_min_ns:
        return server.fin_offset - server.acked
    upto: cython.longlong = server.sent if server.fin_offset < 0 else min(server.sent, server.fin_offset)
    if case.closer == CLIENT and upto > server.acked and server.sent_packet > case.closer_packet:
        return upto - server.acked
    return 0


def resent(case: Facts) -> cython.bint:
    """The whole response is in the capture, and its end was sent again and again and never acknowledged."""
    exchange: Exchange = case.exchange
    if case.server.rtx_since_ack < case.limits.unacked_request:
        return False
    if exchange is None:
        return case.opaque is not None and case.opaque.unheard >= 0
    return exchange.response_complete != 0 and case.server.acked < exchange.response_end


def torn_off(case: Facts) -> cython.bint:
    """Inside TLS, what an answer has behind its beginning is lost, and the client waited for it.

    GOAWAY and close_notify that cross the client's own close are as many bytes as `FAREWELL` at most.
    """
    if case.opaque is None or case.closer == SERVER or waited_in_vain(case) < case.limits.give_up_min_ns:
        return False
    return (lost_on_the_way(case, SERVER) or told_at_the_end(case)) > FAREWELL


FAREWELL = 100


def came_too_late(case: Facts) -> cython.bint:
    """The client had closed without a byte of the response, and answered it with a reset: it never read it."""
    exchange: Exchange = case.exchange
    client: Side = case.client
    if client.rsts == 0 or exchange.response_packet == 0 or case.server.acked > exchange.response_start:
        return False
    unseen_fin: cython.bint = client.acked > client.end  # the server acknowledges it, the capture lost it
    unseen_fin = unseen_fin and client.ack_packet <= exchange.response_packet  # a later one may tell that it had it
    return client.fin_packet > 0 or unseen_fin or client.rst_packet < exchange.response_packet


def unsettled(case: Facts) -> cython.bint:
    """No byte of a whole response is acknowledged, and it was sent again, or by a later FIN, or seen at the server."""
    exchange: Exchange = case.exchange
    client: Side = case.client
    if case.opaque is not None:
        return unsettled_inside(case)
    if case.h2 is not None or case.server.acked > exchange.response_start:
        return False
    if case.server.rtx_since_ack or client.fin_time - exchange.response_end_time >= LOSS_NS:
        return True  # the client's FIN would acknowledge it
    if unseen_fin(client) and client.ack_packet <= exchange.response_packet:
        return client.rsts == 0
    if 0 < client.fin_packet < exchange.response_packet and client.rsts == 0:
        return True
    if exchange.request_packet == 0 or vantage(case.connection) != "server":
        return False  # later than that it would have been sent again, were it not acknowledged
    return case.connection.capture_end - exchange.response_end_time < case.limits.stall_min_ns


def unsettled_inside(case: Facts) -> cython.bint:
    """The same inside TLS: of the last answer no byte is acknowledged, and it was sent again."""
    return 0 <= case.server.acked <= case.opaque.unheard and case.server.retransmissions > 0


def not_acknowledged(case: Facts) -> Verdict | None:
    """The whole answer was sent, and the capture does not show that it arrived.

    On the wire: a complete response, of which no byte is acknowledged: it was sent again, or the client had closed
        before; then the capture ends.
    Wireshark: tcp.analysis.retransmission || tcp.flags.fin == 1
    Zeek: conn_state S1 or S2
    Reference: RFC 9293 3.8.1; RFC 9112 9.6
    Confidence: medium
    Needs: a response
    Not this: three copies, and a client that gives up, are http-response-stalled; a client that resets the answer is
        http-client-closed-no-response; any acknowledgement makes it ok.
    """
    if case.answered != 2 or not unsettled(case):
        return None
    case.cite_request()
    case.cite_response()
    return missing(case, "tail", f"{capital(case.where())} answered, and nothing in the capture shows that it arrived.")


def client_left(case: Facts) -> cython.longlong:
    """When the client closed or gave up its stream, by whatever, 0 = it did not."""
    client: Side = case.client
    if case.closer == CLIENT:
        return case.closer_time
    if client.fin_time and client.rst_time:
        return min(client.fin_time, client.rst_time)
    return client.fin_time or client.rst_time


def waited_in_vain(case: Facts) -> cython.longlong:
    """How long nothing new was heard before the client left, or the capture ended, in ns."""
    stop: cython.longlong = client_left(case) or case.connection.capture_end
    since: cython.longlong = case.progress_time
    if case.opaque is not None and case.answered and case.server.last_data_time < stop:
        since = max(case.server.last_data_time, case.opaque.request_time)  # frames that give it up are no progress
    return max(0, stop - since)


def lost_words(case: Facts, lost: cython.longlong) -> str:
    """What of the response is lost on the way, and how that is known."""
    server: Side = case.server
    exchange: Exchange = case.exchange
    who = capital(case.peer())
    again = f", although sent again {count(server.rtx_since_ack, 'time')}" if server.rtx_since_ack else ""
    pmtu = (
        " (a path MTU problem, if only large packets are lost)"
        if server.full_end == 0 or large_only(case, server)
        else ""
    )
    if not case.answered:
        asked: cython.longlong = case.opaque.request_packet if exchange is None else exchange.request_packet
        if server.last_data_packet > asked:
            return f"The beginning of {case.where()}'s answer is lost on the way while later bytes arrive{pmtu}"
        sent = count(lost, "byte")
        return f"{who} sent {sent} in answer, as its later sequence numbers say, and they were lost on the way{pmtu}"
    begun: cython.longlong = max(0, case.opaque.unheard) if exchange is None else exchange.response_start
    heard: cython.longlong = server.acked - begun
    if case.h2 is not None or (exchange is None and heard >= server.end):
        return f"A part of {case.where()}'s answer is lost on the way{again}{pmtu}"
    if heard > 0:
        first = count(heard, "byte")
        gone = f"{count(lost, 'byte')} of {case.where()}'s answer behind the first {first}"
        return f"{gone} were lost on the way{again}{pmtu}"
    return f"{case.where()}'s answer was never acknowledged{again}: it is lost on the way{pmtu}"

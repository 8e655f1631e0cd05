"""The decision procedure of signatures.md 6.2: phases in wire order, the first signature that fires wins."""

from __future__ import annotations

from collections.abc import Callable

import cython

from analyzer.fetch.model import Fetch
from analyzer.model.connection import SERVER, Connection, Side
from analyzer.model.http import Exchange
from analyzer.model.tls import HEADS, Tls
from analyzer.verdict import hints
from analyzer.verdict.certificate import tell_fault
from analyzer.verdict.drops import doubted
from analyzer.verdict.facts import Facts
from analyzer.verdict.model import Verdict
from analyzer.verdict.rst_benign import settle
from analyzer.verdict.rst_origin import judge_origin
from analyzer.verdict.seen import beyond, half_closed, lost_on_the_way, said_more, too_soon, unseen, whole_by_headers
from analyzer.verdict.signatures import (
    connect,
    dns,
    elsewhere,
    final_ack,
    http,
    http2,
    incomplete,
    loss,
    opaque,
    reset,
    response,
    tls,
    tls_stall,
)
from analyzer.verdict.signatures.loss import resent, unsettled
from analyzer.verdict.signatures.reset import may_be_cut
from analyzer.verdict.spoken import count_to_the_end, hidden, sure_end
from analyzer.verdict.success import complete, events, opaque_ok
from analyzer.verdict.thresholds import DEFAULT, Thresholds
from analyzer.verdict.waits import name_timers
from analyzer.verdict.weighing import tls_flags, weigh

Signature = Callable[[Facts], Verdict | None]

SEEN = (elsewhere.untranslated, incomplete.one_direction, incomplete.no_head)
MADE = (final_ack.final_ack_lost,)
ACCEPTED = (reset.on_accept,)
ANSWERED = (loss.response_lost, reset.switched, loss.not_acknowledged)
HANDSHAKE = (
    tls.sslv2,
    tls.alert,
    tls.encrypted_alert,
    tls.plain_reply,
    reset.in_handshake,
    tls_stall.hello_unacked,
    tls_stall.hello_partial,
    tls_stall.flight_lost,
    incomplete.torn,
    tls.server_fin,
    reset.by_client,
    tls.client_fin,
    tls_stall.stalled,
)
STATUS = (http.proxy_connect, response.status)
"""Those for which the first line of a response is enough."""
SPOKEN = (tls.sslv2, tls.alert, tls.plain_reply)
"""Those that a side has said in plain words, whatever else of the handshake was not captured."""
UNHEARD = (*SPOKEN, tls_stall.flight_lost)
"""The same where the server hung up behind bytes that are not in the capture: they may be lost on the way."""
PROVEN = (loss.request_unacked, loss.response_lost)
"""Those that headers prove inside TLS, although an answer may be among the bytes that were not captured."""
REFUSED = (tls.refused_inside,)
"""Those of TLS itself, where there is an exchange inside."""
OPAQUE = (
    *REFUSED,
    reset.post_finished,
    opaque.refused_after_finished,
    reset.waiting,
    reset.mid_response,
    loss.request_unacked,
    loss.response_lost,
    loss.not_acknowledged,
    opaque.cut,
    opaque.record_stalled,
    opaque.server_closed,
    opaque.client_gave_up,
    http.no_response_stalled,
)
EXCHANGE = (
    http.garbage,
    http2.stream_reset,
    http2.goaway,
    http2.malformed,
    reset.waiting,
    reset.mid_response,
    http.proxy_connect,
    loss.response_lost,
    response.status,
    loss.request_unacked,
    http.expect_unanswered,
    http.server_closed,
    response.truncated,
    http.abort_request,
    http.client_closed,
    response.client_left_response,
    response.response_stalled,
    http.no_response_stalled,
)
"""The signatures of each phase, in order of precedence (signatures.md 2, 2.3, 6.2)."""


def decide(fetch: Fetch, limits: Thresholds = DEFAULT) -> Verdict:
    """The verdict of one fetch; it never raises, and cites at least one packet of a connection that has any."""
    return decide_case(Facts(fetch, limits))


def decide_case(case: Facts) -> Verdict:
    """The verdict of a case that nobody has looked at yet."""
    verdict = by_packets(case)
    return doubted(case, verdict) if case.fetch.dropped else verdict


def by_packets(case: Facts) -> Verdict:
    """The verdict by what was captured, as if that were all there was."""
    if case.fetch.resolution is not None:
        case.flags = list(case.connection.flags)
        if case.fetch.resolution.crowded:
            case.doubt = "evicted"
            case.flag("evicted")
        return first_of(dns.DNS, case)
    if case.fetch.kind != "fetch":
        return incomplete.no_fetch(case)
    weigh(case)
    verdict = any_of(SEEN, case)
    if verdict is None:
        verdict = judge(case)
    if verdict.klass != "ok":
        who_and_when(case, verdict)
        if case.connection.ignored and verdict.cause != "syn-reset-ignored":
            verdict.summary += f" {said_of_ignored(case.connection.ignored)}"
    if case.client.syns > 1:
        hints.connecting(case, verdict)
    return verdict


def said_of_ignored(number: cython.longlong) -> str:
    """What a summary says of segments that were left out of account."""
    if number == 1:
        return "One segment that its receiver must ignore was left out of account."
    return f"{number} segments that their receiver must ignore were left out of account."


def who_and_when(case: Facts, verdict: Verdict) -> None:
    """Step 8 for one fetch: whose timer ran out, and who sent the reset."""
    if verdict.klass == "rst":
        mark = case.reset if case.reset is not None else connect.last_reset(case)
        if mark is not None:
            verdict.rst_ttl = mark.ttl
            judge_origin(case, mark, verdict)
    name_timers(case, verdict)
    if case.connection.strays is not None or "client-went-on" in case.flags:
        elsewhere.blame_nat(case, verdict)


def judge(case: Facts) -> Verdict:
    """Steps 2 to 7: connect phase, resets, TLS, then the exchange."""
    connection: Connection = case.connection
    if not connection.midstream and not established(case):
        return made_yet(case, first_of(connect.CONNECT, case))
    verdict = any_of(MADE, case)
    if verdict is not None:
        return made_yet(case, verdict)
    exchange: Exchange = case.exchange
    if exchange is not None and case.answered == 2 and fine_status(exchange) and not maybe_rejected(case):
        return fine_answer(case) if not opened_unseen(case) else incomplete.rest(case)
    settle(case)
    verdict = any_of(ACCEPTED, case)
    if verdict is not None:
        return verdict
    if exchange is not None:
        if case.tls is not None:
            verdict = inside(case)
            if verdict is not None:
                return verdict
        if uncertain(case):
            return incomplete.rest(case)
        if case.answered == 1 and exchange.response_unframed == 1:
            return unframed(case)
        if response.events_ended(case):
            return events(case)
        return first_of(EXCHANGE, case)
    if case.tls is not None:
        return inside_tls(case)
    return unnamed(case)


def made_yet(case: Facts, verdict: Verdict) -> Verdict:
    """A connection that was not made; where it may yet be, that is said."""
    if verdict.klass == "syn-retransmit" and verdict.cause not in WAITED and too_soon(case):
        case.ongoing = 1
        case.seal(verdict)
    return verdict


WAITED = ("syn-no-answer", "syn-abandoned", "syn-answered-late")
"""Causes that look at the time themselves."""


def fine_status(exchange: Exchange) -> cython.bint:
    """A status that is no failure; a proxy's answer to CONNECT other than 2xx is one (signatures.md 2.4)."""
    return exchange.status < 300 or (exchange.status < 400 and exchange.method != "CONNECT")


def opened_unseen(case: Facts) -> cython.bint:
    """The request was not captured and may be a CONNECT: the client goes on behind an answer that ends with the FIN."""
    exchange: Exchange = case.exchange
    if exchange.request_packet or exchange.h2 is not None or exchange.response_framing != "close":
        return False
    return 0 < exchange.response_packet < case.client.last_data_packet


def maybe_rejected(case: Facts) -> cython.bint:
    """HTTP/2: what the client said behind the response cannot be read, and may be that it rejects it."""
    exchange: Exchange = case.exchange
    return case.h2 is not None and exchange.lost != 0 and case.client.last_data_packet > exchange.response_end_packet


def uncertain(case: Facts) -> cython.bint:
    """What the capture lost may be the answer, or the request that says how long the answer is (HEAD has no body)."""
    exchange: Exchange = case.exchange
    server: Side = case.server
    if case.answered == 2:
        return fine_status(exchange) and maybe_rejected(case)
    if case.h2 is not None and http2.given_up(case.h2):
        return False
    if exchange.request_packet == 0 or (not case.answered and server.lost):
        return True  # what the client acknowledged may be the answer, whatever else is lost
    if not lost_on_the_way(case, SERVER) and not loss.told_at_the_end(case):
        unread: cython.bint = exchange.lost != 0 and server.end > 0  # nothing of a silent server is lost
        if not case.answered and (said_more(case, server) or unread or half_closed(case)):
            return True
        if case.answered == 1 and exchange.status < 400 and beyond(server):
            return True
    if case.h2 is not None and exchange.status < 400 and (exchange.lost or not exchange.method):
        return True  # the end of the stream may be among what was not read
    unseen_fin: cython.bint = server.fin_packet == 0 and max(server.acked, server.sent) > server.end
    return unseen_fin and exchange.response_framing == "close"  # such a body ends with the FIN


def unframed(case: Facts) -> Verdict:
    """Of the response no more is known than its status, unless lengths and ACKs tell that it is whole."""
    exchange: Exchange = case.exchange
    if fine_status(exchange) and whole_by_headers(case):
        return complete(case)
    return first_of(STATUS, case)


def established(case: Facts) -> cython.bint:
    """Both sides know of the connection: the client's ACK was captured, or the server acknowledged its bytes."""
    client: Side = case.client
    if case.connection.established_time > 0 or case.server.bytes > 0:
        return True
    if client.lost or case.server.lost:
        return True  # bytes were acknowledged, although the capture lacks them
    return 0 < client.acked <= client.end + 1 and client.end > 0  # a challenge ACK acknowledges foreign numbers


def inside(case: Facts) -> Verdict | None:
    """What has to be known of an exchange that keys have opened: TLS itself may have ended it."""
    if case.h2 is None:
        count_to_the_end(case)
    return any_of(REFUSED, case)


def inside_tls(case: Facts) -> Verdict:
    """Step 6, and step 7 for what is seen from outside."""
    count_to_the_end(case)
    if not case.tls_done:
        return unfinished(case)
    tls_flags(case)
    if case.opaque is None:
        return incomplete.rest(case)
    if not case.answered and (case.server.lost or case.opaque.unseen or hidden(case)):
        return first_of(PROVEN, case)  # an answer may be among the bytes that were not captured
    if case.tls.decrypted == HEADS and incomplete_inside(case):
        return first_of(PROVEN, case)
    verdict = any_of(OPAQUE, case)
    if verdict is not None:
        return verdict
    if case.answered and not case.opaque.cut and sure_end(case):
        return opaque_ok(case)
    return incomplete.rest(case)


def incomplete_inside(case: Facts) -> cython.bint:
    """With keys no request was read: it may be among the bytes that were not captured."""
    return case.client.lost > 0 or case.server.lost > 0 or case.client.cut > 0 or case.server.cut > 0


def unfinished(case: Facts) -> Verdict:
    """The handshake was not completed: what can be said of that, and of the certificate."""
    verdict = unfinished_as_seen(case)
    tell_fault(case, verdict)
    return verdict


def unfinished_as_seen(case: Facts) -> Verdict:
    """The handshake, as far as was seen, was not completed: what can be said although bytes were not captured."""
    tls: Tls = case.tls
    if case.client.lost or case.server.lost or hidden(case):
        return first_of(SPOKEN, case)
    if tls.lost and case.replied:
        return first_of(SPOKEN, case)  # the handshake may have gone on in records that were cut
    if tls.server_hello_packet == 0 and case.server.cut and case.replied:
        return first_of(SPOKEN, case)
    if case.server.fin_offset > case.server.next:
        return first_of(UNHEARD, case)  # what the server said before it hung up is not in the capture
    return first_of(HANDSHAKE, case)


def unnamed(case: Facts) -> Verdict:
    """No request was read: cut before its first line was whole, lost, or never sent behind the preface of HTTP/2."""
    if case.connection.protocol != "h2c" or case.client.bytes == 0 or case.server.bytes or unseen(case.server):
        return incomplete.rest(case)
    case.asked = 1  # the preface asks for SETTINGS at least
    return first_of((reset.waiting, http.server_closed, loss.request_unacked), case)


def first_of(signatures: tuple[Signature, ...], case: Facts) -> Verdict:
    """The first signature that fires, else `incomplete`."""
    verdict = any_of(signatures, case)
    return verdict if verdict is not None else incomplete.rest(case)


def any_of(signatures: tuple[Signature, ...], case: Facts) -> Verdict | None:
    """The first signature that fires. A signature that cites and then declines leaves nothing behind."""
    if case.tried is not None:
        case.tried.append(signatures)
    for signature in signatures:
        verdict: Verdict | None = signature(case)
        if verdict is not None:
            case.fired = signature
            return verdict
        if case.evidence:
            case.evidence = []
        case.ongoing = 0
    return None


def fine_answer(case: Facts) -> Verdict:
    """Step 7, after a complete and good response: it may never have arrived, or have opened what was cut later."""
    if resent(case) or unsettled(case) or may_be_cut(case):
        settle(case)
        verdict = any_of(ANSWERED, case)
        if verdict is not None:
            return verdict
    return complete(case)

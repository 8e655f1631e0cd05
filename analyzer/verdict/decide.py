"""The decision procedure of signatures.md 6.2: phases in wire order, the first signature that fires wins."""

from __future__ import annotations

from collections.abc import Callable

import cython

from analyzer.fetch.model import Fetch
from analyzer.verdict import hints
from analyzer.verdict.case import Case, span
from analyzer.verdict.model import Verdict
from analyzer.verdict.origin import judge_origin
from analyzer.verdict.resets import find_reset, settle
from analyzer.verdict.seen import LOSS_NS, beyond, half_closed, lost_on_the_way, said_more, too_soon, whole_by_headers
from analyzer.verdict.signatures import (
    connect,
    dns,
    elsewhere,
    final_ack,
    http,
    http2,
    icmp,
    incomplete,
    loss,
    opaque,
    reset,
    response,
    tls,
    tls_stall,
)
from analyzer.verdict.signatures.loss import came_too_late, resent, unsettled
from analyzer.verdict.signatures.reset import may_be_cut
from analyzer.verdict.spoken import count_to_the_end, has_replied, hidden, sure_end
from analyzer.verdict.thresholds import DEFAULT, Thresholds
from analyzer.verdict.waits import name_timers
from analyzer.wire.model import CLIENT, SERVER, Connection, Exchange, Milestone, Record, Side, Tls
from analyzer.wire.tls.registry import APPLICATION_DATA, END_OF_EARLY_DATA

Signature = Callable[[Case], Verdict | None]

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
UNHEARD = (*SPOKEN, tls_stall.flight_lost)
PROVEN = (loss.request_unacked, loss.response_lost)
"""Those that hold although the capture lost bytes: the others conclude from what did not come."""
OPAQUE = (
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
    return decide_case(Case(fetch, limits))


def decide_case(case: Case) -> Verdict:
    """The verdict of a case that nobody has looked at yet."""
    if case.fetch.resolution is not None:
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


def who_and_when(case: Case, verdict: Verdict) -> None:
    """Step 8 for one fetch: whose timer ran out, and who sent the reset."""
    if verdict.klass == "rst":
        mark = case.reset if case.reset is not None else connect.last_reset(case)
        if mark is not None:
            verdict.rst_ttl = mark.ttl
            judge_origin(case, mark, verdict)
    name_timers(case, verdict)
    if case.connection.strays is not None or "client-went-on" in case.flags:
        elsewhere.blame_nat(case, verdict)


def judge(case: Case) -> Verdict:
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


def made_yet(case: Case, verdict: Verdict) -> Verdict:
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


def opened_unseen(case: Case) -> cython.bint:
    """The request was not captured and may be a CONNECT: the client goes on behind an answer that ends with the FIN."""
    exchange: Exchange = case.exchange
    if exchange.request_packet or exchange.h2 is not None or exchange.response_framing != "close":
        return False
    return 0 < exchange.response_packet < case.client.last_data_packet


def maybe_rejected(case: Case) -> cython.bint:
    """HTTP/2: what the client said behind the response cannot be read, and may be that it rejects it."""
    exchange: Exchange = case.exchange
    return case.h2 is not None and exchange.lost != 0 and case.client.last_data_packet > exchange.response_end_packet


def uncertain(case: Case) -> cython.bint:
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
    unseen_fin: cython.bint = server.fin_packet == 0 and server.acked > server.end
    return unseen_fin and exchange.response_framing == "close"  # such a body ends with the FIN


def unframed(case: Case) -> Verdict:
    """Of the response no more is known than its status, unless lengths and ACKs tell that it is whole."""
    exchange: Exchange = case.exchange
    if fine_status(exchange) and whole_by_headers(case):
        return complete(case)
    return first_of(STATUS, case)


def established(case: Case) -> cython.bint:
    """Both sides know of the connection: the client's ACK was captured, or the server acknowledged its bytes."""
    client: Side = case.client
    if case.connection.established_time > 0 or case.server.bytes > 0:
        return True
    if client.lost or case.server.lost:
        return True  # bytes were acknowledged, although the capture lacks them
    return 0 < client.acked <= client.end + 1 and client.end > 0  # a challenge ACK acknowledges foreign numbers


def inside_tls(case: Case) -> Verdict:
    """Step 6, and step 7 for what is seen from outside."""
    count_to_the_end(case)
    if not case.tls_done:
        return unfinished(case)
    tls_flags(case)
    if case.opaque is None:
        return incomplete.rest(case)
    if not case.answered and (case.server.lost or case.opaque.unseen or hidden(case)):
        return first_of(PROVEN, case)  # an answer may be among the bytes that were not captured
    verdict = any_of(OPAQUE, case)
    if verdict is not None:
        return verdict
    if case.answered and not case.opaque.cut and sure_end(case):
        return opaque_ok(case)
    return incomplete.rest(case)


def unfinished(case: Case) -> Verdict:
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


def unnamed(case: Case) -> Verdict:
    """No request was read: cut before its first line was whole, lost, or never sent behind the preface of HTTP/2."""
    if case.connection.protocol != "h2c" or case.client.bytes == 0 or case.server.bytes:
        return incomplete.rest(case)
    case.asked = 1  # the preface asks for SETTINGS at least
    return first_of((reset.waiting, http.server_closed, loss.request_unacked), case)


def first_of(signatures: tuple[Signature, ...], case: Case) -> Verdict:
    """The first signature that fires, else `incomplete`."""
    verdict = any_of(signatures, case)
    return verdict if verdict is not None else incomplete.rest(case)


def any_of(signatures: tuple[Signature, ...], case: Case) -> Verdict | None:
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


def fine_answer(case: Case) -> Verdict:
    """Step 7, after a complete and good response: it may never have arrived, or have opened what was cut later."""
    if resent(case) or unsettled(case) or may_be_cut(case):
        settle(case)
        verdict = any_of(ANSWERED, case)
        if verdict is not None:
            return verdict
    return complete(case)


def complete(case: Case) -> Verdict:
    """A complete response with a status of 1xx to 3xx: ok, whatever ugly packets follow."""
    exchange: Exchange = case.exchange
    connection: Connection = case.connection
    if case.fetch.last and (case.client.rsts or case.server.rsts) and case.reset is None:
        find_reset(case)
        if case.reset is not None:
            case.flag("benign-rst")
    case.cite(exchange.request_packet, exchange.request_time, "request", CLIENT)
    case.cite(exchange.response_packet, exchange.response_time, "response", SERVER)
    took: cython.longlong = exchange.response_end_time - exchange.request_time
    doubtful = exchange.response_unframed or (connection.midstream and exchange.lost)
    confidence = "medium" if doubtful else "high"
    said = f"{exchange.status} {exchange.reason}".rstrip()
    if exchange.request_packet == 0:
        return fine(case, "medium", f"{case.where()} answered with {said}; the request is not in the capture.")
    method = exchange.method or "a request"
    within = f" within {span(took)}" if took >= 0 else ""
    return fine(case, confidence, f"{case.where()} answered {method} with {said}{within}.")


def events(case: Case) -> Verdict:
    """A stream of events that the client has read as long as it wanted; after a silence it may have given up."""
    exchange: Exchange = case.exchange
    case.cite_request()
    case.cite_response()
    case.cite_closer()
    said = f"{exchange.status} {exchange.reason}".rstrip()
    return fine(
        case,
        "medium" if case.silence() < case.limits.body_stall_ns else "low",
        f"{case.where()} answered {exchange.method or 'a request'} with {said}, a stream of events, which the client "
        f"ended after {span(case.closer_time - exchange.response_time)}.",
    )


def opaque_ok(case: Case) -> Verdict:
    """A request was answered inside TLS; whether the answer was an error cannot be seen."""
    case.flag("opaque")
    case.cite_hello()
    case.cite_request()
    case.cite(case.opaque.response_packet, case.opaque.response_time, "record", SERVER)
    if case.opaque.doubtful:
        return fine(
            case,
            "low",
            f"What {case.where()} sent last inside TLS may be a short answer or no answer at all (a session ticket, "
            "HTTP/2 control frames): only keys can tell, and nothing else speaks of a failure.",
        )
    confidence = "medium"
    if case.closer == SERVER and not case.notify_server:
        case.flag("tls-opaque-unorderly-end")
        confidence = "low"  # RFC 8446 6.1: without close_notify the end may be a truncation
    size: cython.longlong = case.opaque.response_bytes
    short = f" with a short reply ({size} bytes)" if size < SHORT_REPLY_BYTES else f" ({size} bytes)"
    return fine(
        case, confidence, f"{case.where()} answered inside TLS{short}; what it said cannot be seen without keys."
    )


SHORT_REPLY_BYTES = 600
"""A reply below this is compatible with an error page (signatures.md 2.4); no more can be said."""


def fine(case: Case, confidence: str, summary: str) -> Verdict:
    """An `ok` verdict."""
    verdict: Verdict = Verdict("ok", "", confidence)
    verdict.summary = summary
    return case.seal(verdict)


def weigh(case: Case) -> None:
    """Fill in the facts of the case that several signatures need, and the flags that do not depend on the verdict."""
    exchange: Exchange = case.exchange
    client: Side = case.client
    server: Side = case.server
    completion = case.completion
    case.spoke_time = client.last_data_time
    case.progress_time = max(client.last_data_time, server.last_data_time, case.connection.established_time)
    case.replied = case.tls is not None and has_replied(case)
    case.tls_done = completion is not None and completion.state == "complete"
    if exchange is not None:
        case.asked = 2 if exchange.request_complete else 1
        if came_too_late(case):
            case.answered = 0
        elif exchange.response_complete:
            case.answered = 2
        elif exchange.response_packet or exchange.status:
            case.answered = 1
        if case.h2 is not None:
            case.progress_time = max(
                exchange.request_end_time, exchange.response_end_time, case.connection.established_time
            )
            if case.h2.unread:
                case.flag("http2-headers-unread")
    elif case.opaque is not None:
        case.asked = case.opaque.request
        case.answered = 2 if case.opaque.response else 0
    general_flags(case)


def general_flags(case: Case) -> None:
    """Flags of the connection, whatever the verdict."""
    connection: Connection = case.connection
    client: Side = case.client
    if connection.flags:
        case.flags = list(connection.flags)
        if case.server.packets and hints.BAD_CHECKSUM in case.flags:
            case.flags.remove(hints.BAD_CHECKSUM)  # it was answered all the same: offload left it unfilled
    if client.syns > 1 and connection.established_time:
        case.flag("syn-recovered")
    if client.retransmissions or case.server.retransmissions:
        case.flag("retransmissions")
    if connection.reused:
        case.flag("port-reuse")
    if connection.ignored:
        ignored_flags(case)
    if case.fetch.name_from_dns:
        case.flag("name-from-dns")
    if case.fetch.dns_repeated:
        case.flag("dns-question-repeated")
    if connection.roles_guessed:
        case.flag("roles-guessed")
        case.doubt = "roles"
    if (connection.midstream or (client.syns == 0 and client.packets)) and not case.answered:
        case.doubt = "head"  # whether the connection had been used, been idle, or been made at all is not known
    if not case.answered and client.syns == 0 and joined_late(case):
        case.doubt = "head"  # nor whether the SYN-ACK had been repeated before
    if not case.answered and case.exchange is not None and unacknowledged(case):
        case.doubt = "unacknowledged"
    if connection.clock_step:
        case.flag("clock-step")
        case.doubt = "clock"
    if client.cut or case.server.cut:
        case.flag("snaplen")
        exchange: Exchange = case.exchange
        if exchange is None or (exchange.status < 400 and not exchange.response_complete):
            case.doubt = "snaplen"  # what was cut may have decided it; behind a readable status it did not (6.3)
    missing: cython.longlong = client.cut + case.server.cut + case.server.lost
    if case.exchange is not None and "request-garbage" not in case.flags and half_known(case.exchange, missing):
        case.doubt = "snaplen"
    if connection.icmps and icmp.frag_needed(case) is not None:
        case.flag("icmp-frag-needed")
    if client.unanswered_keep_alives >= DEAD_KEEP_ALIVES or case.server.unanswered_keep_alives >= DEAD_KEEP_ALIVES:
        case.flag("peer-dead")
    if connection.via and "socks" in connection.via:
        case.flag("via-socks")


def ignored_flags(case: Case) -> None:
    """Segments came that their receiver would not take; where nothing came after one, it may have been taken (3.1)."""
    connection: Connection = case.connection
    if connection.ignored_resets:
        case.flag("rst-ignored")
    if connection.ignored > connection.ignored_resets:
        case.flag("segments-ignored")
    if connection.ignored_packet > connection.last_packet:
        case.doubt = "ignored"


def unacknowledged(case: Case) -> cython.bint:
    """A request that nobody acknowledged, for longer than a sender waits: that it was sent again was not captured."""
    exchange: Exchange = case.exchange
    if case.client.acked >= exchange.request_end or case.client.rtx_since_ack >= case.limits.unacked_request:
        return False
    return case.connection.last_time - exchange.request_end_time >= LOSS_NS


def joined_late(case: Case) -> cython.bint:
    """The first packet in the capture is none of the handshake's first two, one of which came later."""
    answer: Milestone | None = case.find("syn-ack", SERVER, 0)
    return answer is not None and answer.packet > case.connection.first_packet


def half_known(exchange: Exchange, missing: cython.longlong) -> cython.bint:
    """An error status whose cause is another one for CONNECT, or by the words of a body that is missing (2.4)."""
    if exchange.status < 300:
        return False
    if not exchange.method:
        return True
    return exchange.status == BAD_REQUEST and missing > 0 and b"HTTPS port" not in exchange.body_start


BAD_REQUEST = 400


DEAD_KEEP_ALIVES = 3
"""Unanswered keep-alives that prove a dead peer (signatures.md 3.4)."""


def early_data_rejected(tls: Tls) -> cython.bint:
    """The client sent 0-RTT data and, after the ServerHello, no EndOfEarlyData: it had to send the request again."""
    record: Record
    early: cython.bint = False
    for record in tls.client_records:
        if record.kind != APPLICATION_DATA:
            continue
        if record.packet < tls.server_hello_packet:
            early = True
        elif record.length == END_OF_EARLY_DATA:
            return False
    return early


def tls_flags(case: Case) -> None:
    """Flags of a complete TLS handshake."""
    tls: Tls = case.tls
    took: cython.longlong = case.completion.done_time - tls.hello_time
    if took > case.limits.tls_slow_ns and took > 4 * case.rtt():
        case.flag("tls-slow")
    if tls.resumed:
        case.flag("resumed")
    if tls.early_data and early_data_rejected(tls):
        case.flag("0rtt-rejected")
    if tls.ech:
        case.flag("ech")
    if not case.completion.confirmed:
        case.doubt = "unconfirmed"

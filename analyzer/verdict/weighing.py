"""The facts of a case that several signatures need, and the flags and doubts that do not depend on the verdict."""

from __future__ import annotations

import cython

from analyzer.layer.tls.registry import APPLICATION_DATA, END_OF_EARLY_DATA
from analyzer.model.connection import SERVER, Connection, Event, Side
from analyzer.model.http import Exchange
from analyzer.model.tls import Record, Tls
from analyzer.verdict import hints
from analyzer.verdict.facts import Facts
from analyzer.verdict.seen import LOSS_NS, beyond
from analyzer.verdict.signatures import icmp
from analyzer.verdict.signatures.loss import came_too_late
from analyzer.verdict.spoken import has_replied


def weigh(case: Facts) -> None:
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


def general_flags(case: Facts) -> None:
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
    doubts(case, connection, client)
    if connection.icmps and icmp.frag_needed(case) is not None:
        case.flag("icmp-frag-needed")
    if client.unanswered_keep_alives >= DEAD_KEEP_ALIVES or case.server.unanswered_keep_alives >= DEAD_KEEP_ALIVES:
        case.flag("peer-dead")
    if connection.via and "socks" in connection.via:
        case.flag("via-socks")


def doubts(case: Facts, connection: Connection, client: Side) -> None:
    """What makes every verdict less sure; the last of them is told."""
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
    missing: cython.longlong = client.cut + case.server.cut + case.server.lost + to_come(case)
    if case.exchange is not None and "request-garbage" not in case.flags and half_known(case.exchange, missing):
        case.doubt = "snaplen"


def to_come(case: Facts) -> cython.bint:
    """The capture ends within the response, which is not over, or lacks its end."""
    if case.exchange is None or case.h2 is not None or case.exchange.response_complete:
        return False
    return beyond(case.server) or not (case.connection.fins_seen or case.client.rsts or case.server.rsts)


def ignored_flags(case: Facts) -> None:
    """Segments came that their receiver would not take; where nothing came after one, it may have been taken (3.1)."""
    connection: Connection = case.connection
    if connection.ignored_resets:
        case.flag("rst-ignored")
    if connection.ignored > connection.ignored_resets:
        case.flag("segments-ignored")
    if connection.ignored_packet > connection.last_packet:
        case.doubt = "ignored"


def unacknowledged(case: Facts) -> cython.bint:
    """A request that nobody acknowledged, for longer than a sender waits: that it was sent again was not captured."""
    exchange: Exchange = case.exchange
    if case.client.acked >= exchange.request_end or case.client.rtx_since_ack >= case.limits.unacked_request:
        return False
    return case.connection.last_time - exchange.request_end_time >= LOSS_NS


def joined_late(case: Facts) -> cython.bint:
    """The first packet in the capture is none of the handshake's first two, one of which came later."""
    answer: Event | None = case.find("syn-ack", SERVER, 0)
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


def tls_flags(case: Facts) -> None:
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

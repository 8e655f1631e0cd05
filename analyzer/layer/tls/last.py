"""The last request of a TLS connection, which is what a kept-alive connection is judged by (signatures.md 2.4).

A server record answers the requests that its segment acknowledges. What no answer acknowledges is unanswered, whatever
was answered before.
"""

from __future__ import annotations

import cython

from analyzer.layer.tls.completion import Completion, closing, is_alert
from analyzer.layer.tls.opaque import KEY_UPDATE, Opaque, body_bytes, ends_with, first_exchange, of_client, of_server
from analyzer.layer.tls.registry import APPLICATION_DATA, TLS13
from analyzer.layer.tls.sizes import CONTROL, H2_PREFACE, SETTINGS_ACK, SHORTEST_REQUEST, may_be_h2, plain
from analyzer.layer.tls.tickets import TICKET_WINDOW_NS, knows, round_trip
from analyzer.model.connection import NEVER, SERVER, Connection, Side
from analyzer.model.tls import Record, Tls

LAST_CHUNK = 5
"""The end of a chunked body: `0` and two line ends (RFC 9112 7.1)."""
CANNOT, MAY, IS = 0, 1, 2
"""What a record of the client is, judged by its size: no request; perhaps one; one or a part of one."""


def opaque_exchange(tls: Tls, connection: Connection, done: Completion) -> Opaque:
    """The exchange that decides; all zero when the handshake was not completed."""
    seen, requests, answer = first_exchange(tls, connection, done)
    heard: cython.longlong = 0
    if answer is not None and tls.client_blind_to != NEVER:
        heard = judge_last(tls, connection, requests, answer, seen)
    if answer is not None and seen.response and connection.server.acked < connection.server.end:
        find_unheard(tls, connection.server, requests, answer, seen)
    if done.state == "complete":
        look_unseen(tls, connection, done, heard, seen)
    return seen


def judge_last(
    tls: Tls, connection: Connection, requests: list[Record], answer: Record, seen: Opaque
) -> cython.longlong:
    """Turn `seen` to the requests that nothing answered, if there are any; returns up to where answers acknowledge."""
    record: Record
    sure: cython.longlong
    maybe: cython.longlong
    begun: cython.longlong
    sure, maybe, begun = heard(tls, answer)
    h2: cython.bint = may_be_h2(tls)
    pending: list[Record] = []
    doubt: cython.bint = False
    kind: cython.int
    for record in requests:
        if record.end <= sure:
            continue
        kind = request_like(plain(tls, record), h2)
        if record.end <= maybe:
            doubt = doubt or kind != CANNOT
        elif pending or kind == IS:
            pending.append(record)
        else:
            doubt = doubt or kind == MAY
    if pending and (
        goes_on(pending, begun) or (farewell(tls, connection, pending, seen) if h2 else framed(tls, pending))
    ):
        pending, doubt = [], True
    if pending:
        turn_to(tls, pending, sure, seen)
    elif doubt:
        seen.doubtful = 1
    return sure


def heard(tls: Tls, answer: Record) -> tuple[int, int, int]:
    """Up to which offset answers acknowledge the client's stream: for sure, and if all that may be answers are some.

    The third number is where the newest sure answer begins.
    """
    begun: cython.longlong = answer.start
    record: Record
    h2: cython.bint = may_be_h2(tls)
    sure: cython.longlong = max(answer.ack, 0)
    maybe: cython.longlong = sure
    size: cython.int
    for record in of_server(tls):
        if record.start <= answer.start or record.kind != APPLICATION_DATA:
            continue
        if tls.version >= TLS13 and (record.length == KEY_UPDATE or is_ending(tls, record)):
            continue
        if h2:
            size = plain(tls, record)
            if size in CONTROL:
                if size != SETTINGS_ACK:
                    maybe = max(maybe, record.ack)
                continue
        sure = max(sure, record.ack)
        begun = record.start
    return sure, max(sure, maybe), begun


def is_ending(tls: Tls, record: Record) -> cython.bint:
    """Whether it is the alert with which the server closes."""
    return closing(tls, record) and is_alert(tls, record, SERVER)


def request_like(size: cython.int, h2: cython.bint) -> cython.int:
    """Whether a record of the client with so much plaintext is a request (CANNOT, MAY, IS)."""
    if not h2:
        return IS if size >= SHORTEST_REQUEST else CANNOT
    if size == SETTINGS_ACK or size < SETTINGS_ACK:
        return CANNOT
    return MAY if size in CONTROL else IS


def goes_on(pending: list[Record], answered: cython.longlong) -> cython.bint:
    """The record was sent without knowledge of the newest answer: the rest of an upload that was answered early."""
    first: Record = pending[0]
    return first.ack <= answered


def framed(tls: Tls, pending: list[Record]) -> cython.bint:
    """The client's last word is too short for HTTP/1: frames of a WebSocket, say, which need no answer."""
    last: Record = pending[len(pending) - 1]
    size: cython.int = plain(tls, last)
    return size < SHORTEST_REQUEST and size != LAST_CHUNK and len(pending) > 1


def farewell(tls: Tls, connection: Connection, pending: list[Record], seen: Opaque) -> cython.bint:
    """HTTP/2: a short record and the client's end at once behind it may be a GOAWAY with a reason."""
    record: Record = pending[0]
    last: Record = tls.client_last  # type: ignore[assignment]
    client: Side = connection.client
    left: cython.longlong = first_time(client.fin_time, client.rst_time)
    if seen.close_notify_client and last is not None:
        left = first_time(left, last.time)
    if left == 0 or len(pending) > 1 or plain(tls, record) > H2_PREFACE:
        return False
    return left - record.time <= max(2 * round_trip(connection), TICKET_WINDOW_NS)


def first_time(one: cython.longlong, other: cython.longlong) -> cython.longlong:
    """The earlier of two instants of which 0 means never."""
    if one == 0 or (0 < other < one):
        return other
    return one


def turn_to(tls: Tls, pending: list[Record], sure: cython.longlong, seen: Opaque) -> None:
    """The exchange that decides is the one of these records, which nobody answered."""
    record: Record = pending[0]
    seen.later = 1
    seen.idle = max(0, record.time - last_before(tls, record, sure))
    seen.response = seen.doubtful = 0
    seen.request = 1
    seen.request_packet = record.packet
    seen.request_time = record.time
    seen.request_bytes = body_bytes(tls, pending)
    seen.response_bytes = 0
    ends_with(pending[len(pending) - 1], seen)


def last_before(tls: Tls, request: Record, sure: cython.longlong) -> cython.longlong:
    """When the newest record before a request ended that either side had sent."""
    record: Record
    newest: cython.longlong = 0
    for record in of_server(tls):
        if 0 <= record.ack <= request.start and newest < record.last_time <= request.time:
            newest = record.last_time
    for record in of_client(tls):
        if record.end <= request.start and newest < record.last_time <= request.time:
            newest = record.last_time
    return newest or request.time


def find_unheard(tls: Tls, server: Side, requests: list[Record], answer: Record, seen: Opaque) -> None:
    """Turn `seen` to the last exchange when the client did not acknowledge all that was sent in answer to it."""
    record: Record
    begun: Record = answer
    known: cython.longlong = -1
    h2: cython.bint = may_be_h2(tls)
    for record in of_server(tls):
        if record.start < answer.start or record.kind != APPLICATION_DATA or is_ending(tls, record):
            continue
        if h2 and plain(tls, record) in CONTROL:
            continue
        if record.ack > known:
            begun, known = record, record.ack
        if record.end > server.acked:
            seen.unheard = begun.start
    if seen.unheard < 0:
        return
    seen.response_packet, seen.response_time = begun.packet, begun.time
    known = -1
    for record in requests:
        if knows(begun, record.end, record.packet) and (seen.inferred == 0 or record.packet >= seen.request_packet):
            if record.ack > known:
                seen.request_packet, seen.request_time, known = record.packet, record.time, record.ack
            ends_with(record, seen)


def look_unseen(tls: Tls, connection: Connection, done: Completion, known: cython.longlong, seen: Opaque) -> None:
    """Whether what decides may be in records that were not captured: a request behind all answers, or an answer."""
    client: Side = connection.client
    if tls.client_blind_from >= 0 and tls.client_blind_to > max(known, done.done_end) and client.end > known:
        seen.unseen = 1
    if client.next < client.end > max(known, done.done_end):
        seen.unseen = 1  # behind a hole that nobody acknowledged
    if tls.server_blind_from < 0:
        return
    if seen.response:
        seen.unseen |= tls.server_blind_to == NEVER
    elif seen.request:
        seen.unseen |= tls.server_blind_to == NEVER or tls.server_blind_to > asked_at(tls, seen)


def asked_at(tls: Tls, seen: Opaque) -> cython.longlong:
    """Up to where the client had the server's stream when it began the request."""
    record: Record
    for record in tls.client_records:
        if record.packet == seen.request_packet and record.kind == APPLICATION_DATA:
            return record.ack
    for record in tls.client_late:
        if record.packet == seen.request_packet:
            return record.ack
    return 0

"""Session tickets of TLS 1.3 (RFC 8446 4.6.1): which records of the server after the handshake are no answers.

Measured: OpenSSL (nginx, Python, Node) sends two of equal length upon the client's Finished, one when it resumed, even
to a client without psk_key_exchange_modes. Go sends one within its own flight, before the Finished, and none to a
client that has no use for it. Nagle's algorithm may hold back the second until the first is acknowledged.
"""

from __future__ import annotations

import cython

from analyzer.layer.tls.completion import Completion, closing, is_alert
from analyzer.layer.tls.registry import APPLICATION_DATA, TLS13
from analyzer.model.connection import LONGEST_NS, SERVER, Connection, Side
from analyzer.model.tls import Record, Tls

MAX_TICKETS = 4
SMALLEST_TICKET = 70
"""With a ticket that is only an identifier of 32 bytes (OpenSSL without tickets of its own: 74)."""
LARGEST_TICKET = 1400
TICKET_WINDOW_NS = 50_000_000
DELAYED_ACK_NS = 200_000_000
"""How long a receiver may wait with the acknowledgement that lets the second ticket go (Linux TCP_DELACK_MAX)."""
DOUBT = -1
"""Instead of a number of tickets: one record that may be a ticket or an answer."""


def after_tickets(
    tls: Tls, connection: Connection, done: Completion, sent: list[Record], first: Record | None
) -> tuple[list[Record], int]:
    """Server records sent in the knowledge of the client's Finished, without tickets, and how many tickets there were.

    `first` is the record that proves a request, None = there is none.
    """
    record: Record
    data: list[Record] = []
    for record in sent:
        if record.kind == APPLICATION_DATA and knows(record, done.done_end, done.done_packet):
            data.append(record)
    if tls.version < TLS13 or not data:
        return data, 0
    while data and closing(tls, data[len(data) - 1]) and is_alert(tls, data[len(data) - 1], SERVER):
        data.pop()
    if ticket_in_flight(tls, done, sent):
        return data, 0
    run: cython.Py_ssize_t = ticket_run(connection, done, data, first)
    if run == 0 and len(data) == 1 and tls.server_blind_from >= 0 and late_ticket(connection, done, data[0]):
        return data, DOUBT
    if run != 1 or first is None:
        return data[run:], run
    record = data[0]
    if not knows(record, first.end, first.packet):
        return data[1:], 1  # sent before the request was known
    if len(data) == 1 or 0 <= tls.server_blind_from < record.start:  # Go sends its ticket within its flight
        return data, DOUBT
    return data[1:], 1


def ticket_run(connection: Connection, done: Completion, data: list[Record], first: Record | None) -> cython.Py_ssize_t:
    """How many records in front look like session tickets: few, of one length, the first soon after the handshake.

    One that knows more of the client's requests, or comes later than a delayed acknowledgement explains, is none.
    """
    record: Record
    if not data:
        return 0
    record = data[0]
    length: cython.int = record.length
    if length < SMALLEST_TICKET or length > LARGEST_TICKET:
        return 0
    known: cython.longlong = record.ack
    soon: cython.longlong = done.done_time + max(2 * round_trip(connection), TICKET_WINDOW_NS)
    run: cython.Py_ssize_t = 0
    for record in data:
        if record.length != length or record.time > soon or answers_more(record, known, first):
            break
        soon = record.time + round_trip(connection) + DELAYED_ACK_NS
        run += 1
    return run if run <= MAX_TICKETS else 0


def late_ticket(connection: Connection, done: Completion, record: Record) -> cython.bint:
    """Whether it may be the second ticket, held back, of two whose first was not captured."""
    trip: cython.longlong = round_trip(connection)
    latest: cython.longlong = done.done_time + max(2 * trip, TICKET_WINDOW_NS) + trip + DELAYED_ACK_NS
    return SMALLEST_TICKET <= record.length <= LARGEST_TICKET and record.time <= latest


def answers_more(record: Record, known: cython.longlong, first: Record | None) -> cython.bint:
    """Whether the record was sent after another request than the first had come in."""
    if first is None or record.ack < 0:
        return False
    return record.ack > max(known, first.end)


def ticket_in_flight(tls: Tls, done: Completion, sent: list[Record]) -> cython.bint:
    """Whether the server sent its ticket behind its own Finished, in its flight, as Go does: it sends no other."""
    record: Record
    finished: cython.bint = False
    for record in sent:
        if record.kind != APPLICATION_DATA:
            continue
        if knows(record, done.done_end, done.done_packet):
            return False
        if finished and SMALLEST_TICKET <= record.length <= LARGEST_TICKET:
            return True
        finished = record.length in (53, 69)
    return False


def knows(record: Record, end: cython.longlong, packet: cython.longlong) -> cython.bint:
    """Whether the sender had the peer's stream up to `end`; by packet order where the ACK is not known."""
    return record.ack >= end if record.ack >= 0 else record.packet > packet


def round_trip(connection: Connection) -> cython.longlong:
    """SYN to the client's ACK in ns, one round trip wherever the capture was made; 0 = unknown."""
    client: Side = connection.client
    if connection.established_time <= 0 or client.syn_time <= 0:
        return 0
    return min(max(0, connection.established_time - client.syn_time), LONGEST_NS)

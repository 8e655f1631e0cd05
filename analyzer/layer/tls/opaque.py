"""What followed a TLS handshake, as far as sizes and times tell without keys (signatures.md 2.4, "Opaque in TLS").

Pure functions over a finished `Tls`. The numbers were measured for signatures.md with the clients and servers named
there. Which side knew what is told by the acknowledgement numbers of the segments in which records begin, not by the
order of packets, which several capture queues disorder.
"""

from __future__ import annotations

import cython

from analyzer.layer.tls.completion import Completion, is_alert, is_early
from analyzer.layer.tls.registry import ALERT, APPLICATION_DATA, TLS13
from analyzer.layer.tls.sizes import (
    CONTROL,
    CONTROL_OF_THREE,
    FULL_REQUEST,
    H2_CONTROL,
    H2_PREFACE,
    H2_SHORTEST_HEADERS,
    may_be_h2,
    plain,
)
from analyzer.layer.tls.tickets import DOUBT, TICKET_WINDOW_NS, after_tickets, knows, round_trip
from analyzer.model.connection import CLIENT, NEVER, SERVER, Connection, Side
from analyzer.model.tls import LATE_RECORDS, MAX_RECORDS, Record, Tls

KEY_UPDATE = 22


class Opaque:
    """The exchange inside TLS that decides, as far as sizes and times tell: the last one, and mostly the only one.

    request       0 no, 1 yes, 2 unproven (only an h2 preface, or fewer than FULL_REQUEST bytes)
    request_end   offset of the client's stream after the last record before the response
    request_bytes, response_bytes  record bodies, without alerts and tickets
    response      1 = the server sent more than tickets, h2 control frames and close_notify after the request
    inferred      1 = by its size alone a record behind the preface of HTTP/2 is the request
    doubtful      1 = the answer hangs on records that may be a ticket or control frames, or a short response
    tickets       ticket-like records
    later         1 = earlier requests of the connection were answered, this one was not; idle: ns before it
    unseen        1 = bytes that may be a request, or the answer to it, are in records that were not captured
    close_notify_client, close_notify_server  packet of it, 0 = none
    cut           1 = the server's last record is incomplete: `got` of `announced` body bytes
    unheard       where the answer begins, in the server's stream, of which the client acknowledged not all that was
                  sent; the facts of request and response are of this one then; -1 = every answer is acknowledged
    """

    def __init__(self) -> None:
        self.request = self.response = self.inferred = self.doubtful = self.tickets = self.later = self.unseen = 0
        self.request_packet = self.request_time = self.request_last_packet = self.request_last_time = 0
        self.request_end = self.unheard = -1
        self.request_bytes = self.response_bytes = 0
        self.response_packet = self.response_time = self.response_last_packet = self.response_last_time = 0
        self.idle = 0
        self.close_notify_client = self.close_notify_server = 0
        self.cut = 0
        self.announced = self.got = 0


def kept_records(records: list[Record], late: list[Record], count: cython.longlong) -> list[Record]:
    """The records of one side that were kept, in their order."""
    if not late:
        return records
    oldest: cython.Py_ssize_t = (count - MAX_RECORDS) % LATE_RECORDS if len(late) == LATE_RECORDS else 0
    return [*records, *late[oldest:], *late[:oldest]]


def of_client(tls: Tls) -> list[Record]:
    """The client's records that were kept."""
    return kept_records(tls.client_records, tls.client_late, tls.client_count)


def of_server(tls: Tls) -> list[Record]:
    """The server's records that were kept."""
    return kept_records(tls.server_records, tls.server_late, tls.server_count)


def first_exchange(tls: Tls, connection: Connection, done: Completion) -> tuple[Opaque, list[Record], Record | None]:
    """The first exchange after a completed handshake, the client's requests, and the first record that answers."""
    seen = Opaque()
    first: Record | None
    find_cut(tls, connection.server, seen)
    if done.state != "complete":
        return seen, [], None
    find_close_notify(tls, done, seen)
    requests = find_requests(tls, done)
    first = find_proof(tls, requests, seen)
    candidates, tickets = after_tickets(tls, connection, done, of_server(tls), first)
    seen.tickets = max(0, tickets)
    seen.doubtful = 1 if tickets == DOUBT else 0
    answer = find_response(tls, connection, candidates, requests, first, seen)
    return seen, requests, answer


def find_cut(tls: Tls, server: Side, seen: Opaque) -> None:
    """How much of the server's last record arrived, when not all of it did."""
    last: Record = tls.server_last  # type: ignore[assignment]  # None when there is none
    if last is None or last.complete or tls.server_blind_to == NEVER:
        return
    end: cython.longlong = server.end if server.fin_offset < 0 else min(server.end, server.fin_offset)
    seen.announced = last.length
    seen.got = max(0, min(end - last.start - 5, seen.announced))
    seen.cut = 1 if seen.got < seen.announced else 0


def find_close_notify(tls: Tls, done: Completion, seen: Opaque) -> None:
    """After a completed handshake an alert that is a side's last record is its close_notify, or as good as that."""
    client: Record = tls.client_last  # type: ignore[assignment]
    server: Record = tls.server_last  # type: ignore[assignment]
    blind: cython.bint = tls.client_blind_to == NEVER
    if client is not None and not blind and client.start >= done.done_end and closes(tls, client, CLIENT):
        seen.close_notify_client = client.packet
    blind = tls.server_blind_to == NEVER
    knew: cython.bint = server is not None and knows(server, done.done_end, done.done_packet - 1)
    if knew and not blind and closes(tls, server, SERVER):
        seen.close_notify_server = server.packet


def closes(tls: Tls, record: Record, side: cython.int) -> cython.bint:
    """Whether it is an alert, readable or by its size."""
    if record.kind == ALERT:
        return True
    return tls.version >= TLS13 and record.kind == APPLICATION_DATA and is_alert(tls, record, side)


def find_requests(tls: Tls, done: Completion) -> list[Record]:
    """Client records that carry application data; those of 0-RTT when nothing came after the Finished."""
    record: Record
    records = of_client(tls)
    data: list[Record] = []
    for record in records:
        if record.kind == APPLICATION_DATA and record.start >= done.done_end and not is_control(tls, record):
            data.append(record)
    if not data and tls.early_data:
        for record in records:
            if record.kind == APPLICATION_DATA and is_early(tls, record):
                data.append(record)
    return data


def is_control(tls: Tls, record: Record) -> cython.bint:
    """Whether a client record of TLS 1.3 is an alert or a KeyUpdate, by its size."""
    return tls.version >= TLS13 and (record.length == KEY_UPDATE or is_alert(tls, record, CLIENT))


def find_proof(tls: Tls, requests: list[Record], seen: Opaque) -> Record | None:
    """Sets what is known of the request; returns the first record that proves it (h2: not the preface alone)."""
    record: Record
    proof: Record | None = None
    total: cython.longlong = 0
    if not requests:
        return None
    record = requests[0]
    if plain(tls, record) > H2_PREFACE or not may_be_h2(tls):
        proof = record
    else:
        for record in requests[1:]:
            if plain(tls, record) >= H2_SHORTEST_HEADERS:
                proof = record
                break
    for record in requests:
        total += plain(tls, record)
    begun: Record = proof if proof is not None else requests[0]
    seen.request_packet = begun.packet
    seen.request_time = begun.time
    seen.inferred = 1 if begun is not requests[0] else 0
    seen.request_bytes = body_bytes(tls, requests)
    ends_with(requests[len(requests) - 1], seen)
    seen.request = 1 if proof is not None and total >= FULL_REQUEST else 2
    return proof


def ends_with(record: Record, seen: Opaque) -> None:
    """The request ends with this record."""
    seen.request_end = record.end
    seen.request_last_packet = record.last_packet
    seen.request_last_time = record.last_time


def body_bytes(tls: Tls, requests: list[Record]) -> cython.longlong:
    """Sum of lengths; beyond the records that are kept it is told from the offsets."""
    record: Record
    first: Record = requests[0]
    total: cython.longlong = 0
    if tls.client_count <= MAX_RECORDS:
        for record in requests:
            total += record.length
        return total
    record = requests[len(requests) - 1]
    return record.end - first.start - 5 * len(requests)


def find_response(
    tls: Tls,
    connection: Connection,
    candidates: list[Record],
    requests: list[Record],
    first: Record | None,
    seen: Opaque,
) -> Record | None:
    """The first record that answers; then the request ends with the last client record before it."""
    if not requests:
        return None
    proof: Record = requests[0] if first is None else first
    if may_be_h2(tls):
        candidates = h2_answers(tls, connection, candidates, requests, first, seen)
    answer: Record | None = None
    record: Record
    for record in candidates:
        if knows(record, proof.end, proof.packet):
            answer = record
            break
    if answer is None:
        return None
    record = answer
    seen.response = seen.request = 1
    seen.response_packet = record.packet
    seen.response_time = record.time
    end_request(tls, requests, record, seen)
    measure(tls, connection.server, record, seen)
    return record


def end_request(tls: Tls, requests: list[Record], answer: Record, seen: Opaque) -> None:
    """The request ends with the last record that the server knew of when it began to answer."""
    record: Record
    before: list[Record] = []
    for record in requests:
        if knows(answer, record.end, record.packet - 1):
            before.append(record)
    if before:
        ends_with(before[len(before) - 1], seen)
        seen.request_bytes = body_bytes(tls, before)


def h2_answers(
    tls: Tls,
    connection: Connection,
    candidates: list[Record],
    requests: list[Record],
    first: Record | None,
    seen: Opaque,
) -> list[Record]:
    """The records that are no HTTP/2 control frames, or all of them when the first cannot be a server's SETTINGS."""
    trip: cython.longlong = round_trip(connection)
    answers = without_control(tls, candidates, first, trip)
    if not answers and candidates and unlike_settings(tls, connection.client, seen, candidates[0], requests, trip):
        return candidates
    return answers


def unlike_settings(
    tls: Tls, client: Side, seen: Opaque, record: Record, requests: list[Record], trip: cython.longlong
) -> cython.bint:
    """SETTINGS are sent at once and acknowledged at once (RFC 9113 3.4, 6.5.3): a record like this is none.

    That the client did not acknowledge is known only when its stream was seen whole, up to its close behind the record.
    """
    begun: Record = requests[0]
    newest: Record = requests[len(requests) - 1]
    closed: cython.longlong = max(client.fin_packet, seen.close_notify_client)
    if closed <= record.packet or client.lost or client.next < client.end:
        return False
    late: cython.bint = record.time - begun.time > max(trip, TICKET_WINDOW_NS)
    return late and plain(tls, record) >= H2_SHORTEST_HEADERS and newest.packet < record.packet


def without_control(tls: Tls, candidates: list[Record], headers: Record | None, trip: cython.longlong) -> list[Record]:
    """Drop what may be the server's SETTINGS, acknowledgements and window updates.

    The first record is its SETTINGS whatever else (RFC 9113 3.4). A short one behind it answers when no frames of
    control together have its size, or when it is the first after the HEADERS, and more than a round trip later.
    """
    record: Record
    previous: Record | None = None
    answers: list[Record] = []
    for record in candidates:
        if plain(tls, record) > H2_CONTROL:
            answers.append(record)
        elif previous is None or headers is None:
            pass
        elif no_control(tls, record, headers) or (
            not answers and answers_headers(tls, record, previous, headers, trip)
        ):
            answers.append(record)
        previous = record
    return answers


def no_control(tls: Tls, record: Record, headers: Record) -> cython.bint:
    """Whether a record that is sent in the knowledge of the request has a size that no few frames of control have."""
    size: cython.int = plain(tls, record)
    return record.ack >= headers.end and size not in CONTROL and size not in CONTROL_OF_THREE


def answers_headers(tls: Tls, record: Record, previous: Record, headers: Record, trip: cython.longlong) -> cython.bint:
    """Whether a short record comes late enough after the client's HEADERS, and first."""
    if plain(tls, record) < H2_SHORTEST_HEADERS or record.ack < headers.end:
        return False
    return record.time - headers.time > trip and previous.time <= headers.time + trip


def measure(tls: Tls, server: Side, answer: Record, seen: Opaque) -> None:
    """Body bytes and last packet of everything from the answer on, without the closing alert."""
    record: Record
    last: Record = tls.server_last  # type: ignore[assignment]
    if last is None:
        return
    if seen.close_notify_server and tls.server_prior is not None and last is not answer:
        last = tls.server_prior
    kept: cython.longlong = 0
    total: cython.longlong = 0
    for record in tls.server_records:
        if answer.start <= record.start <= last.start:
            kept += 1
            total += record.length
    if tls.server_count > len(tls.server_records):
        kept += tls.server_count - len(tls.server_records) - (1 if last is not tls.server_last else 0)
        total = last.end - answer.start - 5 * kept
    seen.response_bytes = total
    seen.response_last_packet = last.last_packet
    seen.response_last_time = last.last_time
    if seen.cut:
        seen.response_bytes -= seen.announced - seen.got
        if server.last_data_packet:  # the bytes of a running record are passed over unseen
            seen.response_last_packet = server.last_data_packet
            seen.response_last_time = server.last_data_time

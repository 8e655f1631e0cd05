"""What followed a TLS handshake, as far as sizes and times tell without keys (signatures.md 2.4, "Opaque in TLS").

Pure functions over a finished `Tls`. The numbers were measured for signatures.md with the clients and servers named
there.
"""

from __future__ import annotations

import cython

from analyzer.wire.model import CLIENT, SERVER, Connection, Record, Side, Tls
from analyzer.wire.tls.completion import Completion, closing, is_alert, is_early
from analyzer.wire.tls.registry import ALERT, APPLICATION_DATA, TLS13

SERVER_LOST = 2
"""The bit of `Tls.lost` that says so of the server's records."""

MIN_REQUEST = 40
KEY_UPDATE = 22
MAX_TICKETS = 4
SMALLEST_TICKET = 150
LARGEST_TICKET = 1400
TICKET_WINDOW_NS = 50_000_000
H2_CONTROL = 80
H2_PREFACE = 120
H2_SHORTEST_HEADERS = 35
"""Shorter records are SETTINGS ack (26), WINDOW_UPDATE (30), PING and GOAWAY (34)."""


class Opaque:
    """One exchange inside TLS, as far as sizes and times tell.

    request       0 no, 1 yes, 2 unproven (only an h2 preface, or fewer than MIN_REQUEST bytes)
    request_end   offset of the client's stream after the last record before the response
    request_bytes, response_bytes  record bodies, without alerts and tickets
    response      1 = the server sent more than tickets, h2 control frames and close_notify after the request
    doubtful      1 = the answer hangs on one record that may be a ticket or a short response
    tickets       ticket-like records
    close_notify_client, close_notify_server  packet of it, 0 = none
    cut           1 = the server's last record is incomplete: `got` of `announced` body bytes
    """

    def __init__(self) -> None:
        self.request = self.response = self.doubtful = self.tickets = 0
        self.request_packet = self.request_time = self.request_last_packet = self.request_last_time = 0
        self.request_end = -1
        self.request_bytes = self.response_bytes = 0
        self.response_packet = self.response_time = self.response_last_packet = self.response_last_time = 0
        self.close_notify_client = self.close_notify_server = 0
        self.cut = 0
        self.announced = self.got = 0


def opaque_exchange(tls: Tls, connection: Connection, done: Completion) -> Opaque:
    """The exchange after a completed handshake; all zero when it was not completed."""
    seen = Opaque()
    first: Record | None
    find_cut(tls, connection.server, seen)
    if done.state != "complete":
        return seen
    find_close_notify(tls, done, seen)
    requests = find_requests(tls, done)
    first = find_proof(tls, requests, seen)
    candidates = after_tickets(tls, connection, done, first, seen)
    find_response(tls, connection, candidates, requests, first, seen)
    return seen


def find_cut(tls: Tls, server: Side, seen: Opaque) -> None:
    """How much of the server's last record arrived, when not all of it did."""
    last: Record = tls.server_last  # type: ignore[assignment]  # None when there is none
    if last is None or last.complete or tls.lost & SERVER_LOST:
        return
    end: cython.longlong = server.end if server.fin_offset < 0 else min(server.end, server.fin_offset)
    seen.announced = last.length
    seen.got = max(0, min(end - last.start - 5, seen.announced))
    seen.cut = 1 if seen.got < seen.announced else 0


def find_close_notify(tls: Tls, done: Completion, seen: Opaque) -> None:
    """After a completed handshake an alert that is a side's last record is its close_notify, or as good as that."""
    client: Record = tls.client_last  # type: ignore[assignment]
    server: Record = tls.server_last  # type: ignore[assignment]
    if client is not None and client.start >= done.done_end and closes(tls, client, CLIENT):
        seen.close_notify_client = client.packet
    if server is not None and server.packet >= done.done_packet and closes(tls, server, SERVER):
        seen.close_notify_server = server.packet


def closes(tls: Tls, record: Record, side: cython.int) -> cython.bint:
    """Whether it is an alert, readable or by its size."""
    if record.kind == ALERT:
        return True
    return tls.version >= TLS13 and record.kind == APPLICATION_DATA and is_alert(tls, record, side)


def with_late(records: list[Record], prior: Record | None, last: Record | None) -> list[Record]:
    """The records that were kept, and the last two where they are not among them."""
    count: cython.Py_ssize_t = len(records)
    newest = records[count - 1] if count else None
    before = records[count - 2] if count > 1 else None
    if last is None or last is newest or last is before:
        return records
    if prior is None or prior is newest or prior is before:
        return [*records, last]
    return [*records, prior, last]


def find_requests(tls: Tls, done: Completion) -> list[Record]:
    """Client records that carry application data; those of 0-RTT when nothing came after the Finished."""
    record: Record
    records = with_late(tls.client_records, tls.client_prior, tls.client_last)
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
    if not requests:
        return None
    record = requests[0]
    seen.request_packet = record.packet
    seen.request_time = record.time
    if record.length > H2_PREFACE or not may_be_h2(tls):
        proof = record
    else:
        for record in requests[1:]:
            if record.length >= H2_SHORTEST_HEADERS:
                proof = record
                break
    seen.request_bytes = body_bytes(tls, requests)
    ends_with(requests[len(requests) - 1], seen)
    seen.request = 1 if proof is not None and seen.request_bytes >= MIN_REQUEST else 2
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
    if tls.client_count <= len(tls.client_records):
        for record in requests:
            total += record.length
        return total
    record = requests[len(requests) - 1]
    return record.end - first.start - 5 * len(requests)


def may_be_h2(tls: Tls) -> cython.bint:
    """h2 was chosen (1.2), or was offered and the size of EncryptedExtensions does not speak against it (1.3)."""
    record: Record
    if tls.version < TLS13:
        return tls.alpn == "h2"
    if "h2" not in tls.alpn_offer:
        return False
    for record in tls.server_records:
        if record.kind == APPLICATION_DATA:
            # no ALPN or `http/1.1`, each without and with the acknowledged server name
            return record.length not in (23, 27, 38, 42)
    return True


def after_tickets(
    tls: Tls, connection: Connection, done: Completion, first: Record | None, seen: Opaque
) -> list[Record]:
    """Server records sent in the knowledge of the client's Finished, without the ticket-like ones that lead them."""
    record: Record
    data: list[Record] = []
    for record in with_late(tls.server_records, tls.server_prior, tls.server_last):
        if record.kind == APPLICATION_DATA and knows(record, done.done_end, done.done_packet):
            data.append(record)
    if tls.version < TLS13 or not data:
        return data
    while data and closing(tls, data[len(data) - 1]) and is_alert(tls, data[len(data) - 1], SERVER):
        data.pop()
    run: cython.Py_ssize_t = ticket_run(connection, done, data)
    if run == 0:
        return data
    seen.tickets = run
    if run == 1 and len(data) == 1 and first is not None:
        record = data[0]
        seen.doubtful = 1 if record.ack >= first.end else 0
    return data[run:]


def ticket_run(connection: Connection, done: Completion, data: list[Record]) -> cython.Py_ssize_t:
    """How many records in front look like session tickets: few, of one length, soon after the handshake."""
    record: Record
    if not data:
        return 0
    record = data[0]
    length: cython.int = record.length
    window: cython.longlong = max(2 * round_trip(connection), TICKET_WINDOW_NS)
    if length < SMALLEST_TICKET or length > LARGEST_TICKET or record.time - done.done_time > window:
        return 0
    run: cython.Py_ssize_t = 0
    for record in data:
        if record.length != length:
            break
        run += 1
    return run if run <= MAX_TICKETS else 0


def knows(record: Record, end: cython.longlong, packet: cython.longlong) -> cython.bint:
    """Whether the sender had the peer's stream up to `end`; by packet order where the ACK is not known."""
    return record.ack >= end if record.ack >= 0 else record.packet > packet


def find_response(
    tls: Tls,
    connection: Connection,
    candidates: list[Record],
    requests: list[Record],
    first: Record | None,
    seen: Opaque,
) -> None:
    """The first record that answers; then the request ends with the last client record before it."""
    if not requests:
        return
    proof: Record = requests[0] if first is None else first
    if may_be_h2(tls):
        candidates = h2_answers(connection, candidates, requests, first, seen)
    answer: Record | None = None
    record: Record
    for record in candidates:
        if knows(record, proof.end, proof.packet):
            answer = record
            break
    if answer is None:
        return
    record = answer
    seen.response = seen.request = 1
    seen.doubtful = 0
    seen.response_packet = record.packet
    seen.response_time = record.time
    end_request(tls, requests, record.packet, seen)
    measure(tls, connection.server, record, seen)


def end_request(tls: Tls, requests: list[Record], answer: cython.longlong, seen: Opaque) -> None:
    """The request ends with the last record before the packet that answers."""
    record: Record
    before: list[Record] = []
    for record in requests:
        if record.packet <= answer:
            before.append(record)
    if before:
        ends_with(before[len(before) - 1], seen)
        seen.request_bytes = body_bytes(tls, before)


def h2_answers(
    connection: Connection, candidates: list[Record], requests: list[Record], first: Record | None, seen: Opaque
) -> list[Record]:
    """The records that are no HTTP/2 control frames, or all of them when the first cannot be a server's SETTINGS."""
    trip: cython.longlong = round_trip(connection)
    answers = without_control(candidates, first, trip)
    if not answers and candidates and unlike_settings(connection.client, seen, candidates[0], requests, trip):
        return candidates
    return answers


def unlike_settings(
    client: Side, seen: Opaque, record: Record, requests: list[Record], trip: cython.longlong
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
    return late and record.length >= H2_SHORTEST_HEADERS and newest.packet < record.packet


def without_control(candidates: list[Record], headers: Record | None, trip: cython.longlong) -> list[Record]:
    """Drop what may be the server's SETTINGS, acknowledgements and window updates.

    The first record is its SETTINGS whatever else (RFC 9113 3.4). A short record may answer only when it is the first
    after a HEADERS-sized client record, and more than a round trip later.
    """
    record: Record
    previous: Record | None = None
    answers: list[Record] = []
    for record in candidates:
        if record.length > H2_CONTROL or (
            previous is not None
            and headers is not None
            and not answers
            and answers_headers(record, previous, headers, trip)
        ):
            answers.append(record)
        previous = record
    return answers


def answers_headers(record: Record, previous: Record, headers: Record, trip: cython.longlong) -> cython.bint:
    """Whether a short record comes late enough after the client's HEADERS, and first."""
    if record.length < H2_SHORTEST_HEADERS or record.ack < headers.end:
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


def round_trip(connection: Connection) -> cython.longlong:
    """SYN to the client's ACK in ns, one round trip wherever the capture was made; 0 = unknown."""
    client: Side = connection.client
    if connection.established_time <= 0 or client.syn_time <= 0:
        return 0
    return max(0, connection.established_time - client.syn_time)

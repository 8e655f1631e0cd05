"""What can be told about a TLS connection without its keys (signatures.md 1.4 and 2.4, "Opaque in TLS").

Pure functions over a finished `Tls`. Lengths are those of record bodies: in TLS 1.3 the plaintext + 1 (inner type) + 16
(tag). The numbers were measured for signatures.md with the clients and servers named there.
"""

from __future__ import annotations

import cython

from analyzer.wire.model import CLIENT, SERVER, Connection, Record, Side, Tls
from analyzer.wire.tls.registry import ALERT, APPLICATION_DATA, TLS13

MIN_FINISHED = 45
"""A Finished record of the smallest suite: 4 + 32 + 1 bytes and the 8-byte tag of CCM_8."""
MIN_REQUEST = 40
FINISHED = (53, 69, 85, 45)
"""SHA-256, SHA-384, JSSE's padded SHA-384, CCM_8."""
EMPTY_CERTIFICATE = 25
END_OF_EARLY_DATA = 21
KEY_UPDATE = 22
ALERT_13 = 19
ALERT_CCM_8 = 11
ALERT_JSSE = 35
CCM_8 = 0x1305
JSSE_RECORD_VERSION = 0x0303
"""Record version of a JSSE ClientHello; other clients write 0x0301."""
MAX_FLIGHT = 4
"""Records of a client-authentication flight: certificate (perhaps in two), its proof, Finished."""

REFUSAL_NS = 1_000_000_000
"""A lone alert this soon after the client's Finished refuses it; later it closes an idle connection (`early_reset`)."""

MAX_TICKETS = 4
TICKET_LENGTHS = (150, 1400)
TICKET_WINDOW_NS = 50_000_000
H2_CONTROL = 80
H2_PREFACE = 120
H2_SETTINGS_ACK = 26
H2_SHORTEST_HEADERS = 35
"""Shorter records are SETTINGS ack (26), WINDOW_UPDATE (30), PING and GOAWAY (34)."""
EXTENSIONS_WITHOUT_H2 = (23, 27, 38, 42)
"""EncryptedExtensions with no ALPN or with `http/1.1`, each without and with the acknowledged server name."""


class Completion:
    """How far the handshake got.

    state           none | complete | aborted (by an encrypted alert; the server's may follow the client's Finished)
    done_packet/time  the client's Finished (1.2 and older: the later of both Finished)
    done_end        offset of the client's stream after its Finished, -1 = not sent
    confirmed       1 = the server answered after it saw the client's Finished
    aborted_record  the encrypted alert; encrypted_alert: CLIENT or SERVER, -1 = none
    """

    def __init__(self) -> None:
        self.state = "none"
        self.done_packet = self.done_time = 0
        self.done_end = -1
        self.confirmed = 0
        self.aborted_record: Record | None = None
        self.encrypted_alert = -1


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


def completion(tls: Tls, connection: Connection) -> Completion:
    """Whether the handshake was completed, as seen from outside."""
    done = Completion()
    if tls.server_hello_packet == 0:
        return done
    if tls.version >= TLS13:
        _complete_1_3(tls, done)
    else:
        _complete_1_2(tls, done)
    return done


def opaque_exchange(tls: Tls, connection: Connection, done: Completion) -> Opaque:
    """The exchange after a completed handshake; all zero when it was not completed."""
    seen = Opaque()
    _find_cut(tls, connection.server, seen)
    if done.state != "complete":
        return seen
    _find_close_notify(tls, done, seen)
    requests = _requests(tls, done, seen)
    first = _find_request(tls, requests, seen)
    candidates = _after_tickets(tls, connection, done, first, seen)
    _find_response(tls, connection, candidates, requests, first, seen)
    return seen


# ---- completion ----


def _complete_1_2(tls: Tls, done: Completion) -> None:
    client, server = tls.client_finished, tls.server_finished
    if client is not None:
        done.done_end = client.end
    if client is not None and server is not None:
        last = client if client.packet > server.packet else server
        done.state = "complete"
        done.done_packet, done.done_time = last.last_packet, last.last_time
        done.confirmed = 1 if last is server or _server_saw(tls, client.end) else 0
        return
    for alert in tls.alerts:
        if alert.level < 0:
            _abort(done, alert.record, alert.side)
            return


def _complete_1_3(tls: Tls, done: Completion) -> None:
    """Rules 1 to 4 of signatures.md 1.4, in their order."""
    after = _client_after_hello(tls)
    at = 0
    while at < len(after):
        record: Record = after[at]
        if record.length == END_OF_EARLY_DATA and tls.early_data:
            at += 1
            continue
        at = _end_of_flight(after, at)
        record = after[at]
        if record.length >= MIN_FINISHED:
            _complete_at(tls, record, done)
            return
        if _is_alert(tls, record, CLIENT) and _only_alerts(tls, after, at):
            _abort(done, record, CLIENT)
            return
        at += 1
    last = tls.server_last
    if last is not None and last.kind == APPLICATION_DATA and _is_alert(tls, last, SERVER):
        _abort(done, last, SERVER)


def _complete_at(tls: Tls, record: Record, done: Completion) -> None:
    done.state = "complete"
    done.done_packet, done.done_time, done.done_end = record.last_packet, record.last_time, record.end
    done.confirmed = 1 if _server_saw(tls, record.end) else 0
    last, newest = tls.server_last, tls.client_last
    if done.confirmed or last is None or newest is None or last.kind != APPLICATION_DATA:
        return
    asked = newest.kind == APPLICATION_DATA and newest.start >= record.end and not _is_alert(tls, newest, CLIENT)
    soon = last.ack >= record.end and last.time - record.time < REFUSAL_NS
    if soon and not asked and _is_alert(tls, last, SERVER):
        _abort(done, last, SERVER)  # the server refuses the client's certificate, or its Finished


def _abort(done: Completion, record: Record, side: cython.int) -> None:
    done.state = "aborted"
    done.aborted_record = record
    done.encrypted_alert = side


def _client_after_hello(tls: Tls) -> list[Record]:
    """Protected client records sent in the knowledge of the ServerHello; 0-RTT records came before."""
    return [r for r in tls.client_records if r.kind == APPLICATION_DATA and not _is_early(tls, r)]


def _is_early(tls: Tls, record: Record) -> bool:
    if record.packet < tls.server_hello_packet:
        return True
    return 0 <= record.ack <= tls.server_hello_start


def _end_of_flight(after: list[Record], at: int) -> int:
    """Index of the Finished of a client-authentication flight; `at` itself when there is no such run."""
    first = after[at]
    for index in range(at, min(at + MAX_FLIGHT, len(after))):
        record = after[index]
        if record.ack != first.ack or record.length < EMPTY_CERTIFICATE:
            break
        if record.length in FINISHED:
            return index
        if index == at and MIN_FINISHED > record.length != EMPTY_CERTIFICATE:
            break
    return at


def _is_alert(tls: Tls, record: Record, side: int) -> bool:
    """Whether a protected 1.3 record has the size of an alert. JSSE's size is also that of a tiny request."""
    if record.length == ALERT_13 or (record.length == ALERT_CCM_8 and tls.cipher == CCM_8):
        return True
    jsse = side == CLIENT and tls.hello_record_version == JSSE_RECORD_VERSION
    return jsse and record.length == ALERT_JSSE and record is tls.client_last


def _only_alerts(tls: Tls, after: list[Record], at: int) -> bool:
    """Whether nothing but alerts follows."""
    last = tls.client_last
    if last is None or (last is not after[-1] and last.kind == APPLICATION_DATA):
        return False
    return all(_is_alert(tls, record, CLIENT) for record in after[at:])


def _server_saw(tls: Tls, end: int) -> bool:
    """Whether a protected server record was sent in the knowledge of the client's stream up to `end`."""
    for record in (*tls.server_records, tls.server_prior, tls.server_last):
        if record is None or record.kind != APPLICATION_DATA or record.ack < end:
            continue
        if not (record is tls.server_last and tls.version >= TLS13 and _is_alert(tls, record, SERVER)):
            return True
    return False


# ---- what came after ----


def _find_cut(tls: Tls, server: Side, seen: Opaque) -> None:
    last = tls.server_last
    if last is None or last.complete or tls.lost:
        return
    end = server.end if server.fin_offset < 0 else min(server.end, server.fin_offset)
    seen.announced = last.length
    seen.got = max(0, min(end - last.start - 5, last.length))
    seen.cut = 1 if seen.got < last.length else 0


def _find_close_notify(tls: Tls, done: Completion, seen: Opaque) -> None:
    """After a completed handshake an alert that is a side's last record is its close_notify, or as good as that."""
    client, server = tls.client_last, tls.server_last
    if client is not None and client.start >= done.done_end and _closes(tls, client, CLIENT):
        seen.close_notify_client = client.packet
    if server is not None and server.packet >= done.done_packet and _closes(tls, server, SERVER):
        seen.close_notify_server = server.packet


def _closes(tls: Tls, record: Record, side: int) -> bool:
    if record.kind == ALERT:
        return True
    return tls.version >= TLS13 and record.kind == APPLICATION_DATA and _is_alert(tls, record, side)


def _requests(tls: Tls, done: Completion, seen: Opaque) -> list[Record]:
    """Client records that carry application data; those of 0-RTT when nothing came after the Finished."""
    modern = tls.version >= TLS13
    records = [*tls.client_records]
    for late in (tls.client_prior, tls.client_last):
        if late is not None and late not in records:
            records.append(late)
    data = [
        r
        for r in records
        if r.kind == APPLICATION_DATA
        and r.start >= done.done_end
        and not (modern and (_is_alert(tls, r, CLIENT) or r.length == KEY_UPDATE))
    ]
    if not data and tls.early_data:
        data = [r for r in records if r.kind == APPLICATION_DATA and _is_early(tls, r)]
    return data


def _find_request(tls: Tls, requests: list[Record], seen: Opaque) -> Record | None:
    """Sets what is known of the request; returns the first record that proves it (h2: not the preface alone)."""
    if not requests:
        return None
    proof: Record | None = requests[0]
    if _may_be_h2(tls) and requests[0].length <= H2_PREFACE:
        proof = next((r for r in requests[1:] if r.length >= H2_SHORTEST_HEADERS), None)
    seen.request_packet, seen.request_time = requests[0].packet, requests[0].time
    seen.request_bytes = _body_bytes(tls, requests)
    _ends_with(requests[-1], seen)
    seen.request = 1 if proof is not None and seen.request_bytes >= MIN_REQUEST else 2
    return proof


def _ends_with(record: Record, seen: Opaque) -> None:
    seen.request_end = record.end
    seen.request_last_packet, seen.request_last_time = record.last_packet, record.last_time


def _body_bytes(tls: Tls, requests: list[Record]) -> int:
    """Sum of lengths; beyond the records that are kept it is told from the offsets."""
    if tls.client_count <= len(tls.client_records):
        return sum(r.length for r in requests)
    return requests[-1].end - requests[0].start - 5 * len(requests)


def _may_be_h2(tls: Tls) -> bool:
    """h2 was chosen (1.2), or was offered and the size of EncryptedExtensions does not speak against it (1.3)."""
    if tls.version < TLS13:
        return tls.alpn == "h2"
    if "h2" not in tls.alpn_offer:
        return False
    first = next((r for r in tls.server_records if r.kind == APPLICATION_DATA), None)
    return first is None or first.length not in EXTENSIONS_WITHOUT_H2


def _after_tickets(
    tls: Tls, connection: Connection, done: Completion, first: Record | None, seen: Opaque
) -> list[Record]:
    """Server records sent in the knowledge of the client's Finished, without the ticket-like ones that lead them."""
    records = [*tls.server_records]
    for late in (tls.server_prior, tls.server_last):
        if late is not None and late not in records:
            records.append(late)
    data = [r for r in records if r.kind == APPLICATION_DATA and _knows(r, done.done_end, done.done_packet)]
    modern = tls.version >= TLS13
    if modern and data and _is_alert(tls, data[-1], SERVER) and data[-1] is tls.server_last:
        del data[-1]
    if not modern or not data:
        return data
    window = max(2 * round_trip(connection), TICKET_WINDOW_NS)
    length = data[0].length
    run = 1
    while run < len(data) and data[run].length == length:
        run += 1
    small, large = TICKET_LENGTHS
    if run > MAX_TICKETS or not small <= length <= large or data[0].time - done.done_time > window:
        return data
    seen.tickets = run
    alone = run == 1 and len(data) == 1 and not tls.resumed
    seen.doubtful = 1 if alone and first is not None and data[0].ack >= first.end else 0
    return data[run:]


def _knows(record: Record, end: int, packet: int) -> bool:
    """Whether the sender had the peer's stream up to `end`; by packet order where the ACK is not known."""
    return record.ack >= end if record.ack >= 0 else record.packet > packet


def _find_response(
    tls: Tls,
    connection: Connection,
    candidates: list[Record],
    requests: list[Record],
    first: Record | None,
    seen: Opaque,
) -> None:
    """The first record that answers; then the request ends with the last client record before it."""
    proof = first or (requests[0] if requests else None)
    if proof is None:
        return
    if _may_be_h2(tls):
        answers = _without_control(candidates, first, round_trip(connection))
    else:
        answers = candidates
    answer = next((r for r in answers if _knows(r, proof.end, proof.packet)), None)
    if answer is None:
        return
    seen.response = seen.request = 1
    seen.doubtful = 0
    seen.response_packet, seen.response_time = answer.packet, answer.time
    before = [r for r in requests if r.packet <= answer.packet]
    if before:
        _ends_with(before[-1], seen)
        seen.request_bytes = _body_bytes(tls, before)
    _measure(tls, connection.server, answer, seen)


def _without_control(candidates: list[Record], headers: Record | None, trip: int) -> list[Record]:
    """Drop what may be the server's SETTINGS, acknowledgements and window updates.

    The first record is its SETTINGS whatever else (RFC 9113 3.4). A short record may answer only when it is the first
    after a HEADERS-sized client record, and more than a round trip later.
    """
    answers: list[Record] = []
    for index, record in enumerate(candidates):
        if record.length > H2_CONTROL:
            answers.append(record)
        elif index > 0 and headers is not None and record.length >= H2_SHORTEST_HEADERS and not answers:
            previous = candidates[index - 1]
            late = record.time - headers.time > trip and previous.time <= headers.time + trip
            if late and record.ack >= headers.end:
                answers.append(record)
    return answers


def _measure(tls: Tls, server: Side, answer: Record, seen: Opaque) -> None:
    """Body bytes and last packet of everything from the answer on, without the closing alert."""
    last, prior = tls.server_last, tls.server_prior
    if last is None:
        return
    if seen.close_notify_server and prior is not None and last is not answer:
        last = prior
    kept = [r for r in tls.server_records if answer.start <= r.start <= last.start]
    if tls.server_count <= len(tls.server_records):
        seen.response_bytes = sum(r.length for r in kept)
    else:
        behind = tls.server_count - len(tls.server_records) - (1 if last is not tls.server_last else 0)
        seen.response_bytes = last.end - answer.start - 5 * (len(kept) + behind)
    if seen.cut:
        seen.response_bytes -= seen.announced - seen.got
    seen.response_last_packet, seen.response_last_time = last.last_packet, last.last_time
    if seen.cut and server.last_data_packet:  # the bytes of a running record are passed over unseen
        seen.response_last_packet, seen.response_last_time = server.last_data_packet, server.last_data_time


def round_trip(connection: Connection) -> int:
    """SYN to the client's ACK in ns, one round trip wherever the capture was made; 0 = unknown."""
    client = connection.client
    if connection.established_time <= 0 or client.syn_time <= 0:
        return 0
    return max(0, connection.established_time - client.syn_time)

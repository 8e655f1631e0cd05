"""How far a TLS handshake got, as seen without its keys (signatures.md 1.4).

Pure functions over a finished `Tls`. Lengths are those of record bodies: in TLS 1.3 the plaintext + 1 (inner type) + 16
(tag). The numbers were measured for signatures.md with the clients and servers named there.
"""

from __future__ import annotations

import cython

from analyzer.layer.tls.registry import APPLICATION_DATA, END_OF_EARLY_DATA, HANDSHAKE, TLS12, TLS13
from analyzer.model.connection import CLIENT, SERVER
from analyzer.model.tls import Alert, Record, Tls

MIN_FINISHED = 45
"""A Finished record of the smallest suite: 4 + 32 + 1 bytes and the 8-byte tag of CCM_8."""
EMPTY_CERTIFICATE = 25
ALERT_13 = 19
ALERT_CCM_8 = 11
ALERT_JSSE = 35
CCM_8 = 0x1305
AES_256_GCM_SHA384 = 0x1302
"""The suite of TLS 1.3 whose Finished has 48 bytes; the others' has 32 (RFC 8446 B.4)."""
JSSE_RECORD_VERSION = 0x0303
"""Record version of a JSSE ClientHello; other clients write 0x0301."""
FINISHED = (53, 69, 85, 45)
"""A Finished of SHA-256, SHA-384, JSSE's padded SHA-384, CCM_8."""
CLOSING = (0, 90)
"""Alerts that end nothing that goes on: close_notify, user_canceled (RFC 8446 6.1)."""
MAX_FLIGHT = 4
"""Records of a client-authentication flight: certificate (perhaps in two), its proof, Finished."""

REFUSAL_NS = 1_000_000_000
"""A lone alert this soon after the client's Finished refuses it; later it closes an idle connection (`early_reset`)."""


class Completion:
    """How far the handshake got.

    state           none | complete | aborted (by an encrypted alert; the server's may follow the client's Finished)
    done_packet/time  the client's Finished (1.2 and older: the later of both Finished)
    done_end        offset of the client's stream after its Finished, -1 = not sent
    confirmed       1 = the server answered after it saw the client's Finished
    empty           1 = TLS 1.3: the client was asked for a certificate and had none
    authenticated   1 = TLS 1.3: the client's flight is more than its Finished: it was asked for a certificate
    aborted_record  the encrypted alert; encrypted_alert: CLIENT or SERVER, -1 = none
    """

    def __init__(self) -> None:
        self.state = "none"
        self.done_packet = self.done_time = 0
        self.done_end = -1
        self.confirmed = self.empty = self.authenticated = 0
        self.aborted_record: Record | None = None
        self.encrypted_alert = -1


def completion(tls: Tls) -> Completion:
    """Whether the handshake was completed, as seen from outside."""
    done = Completion()
    if tls.server_hello_packet == 0 and tls.server_blind_from < 0:
        return done
    if tls.version == 0 and tls.lost:
        tls.version = guessed_version(tls)
    if tls.version >= TLS13 and tls.decrypted and (tls.client_finished is not None or tls.alerts):
        opened_1_3(tls, done)
    elif tls.version >= TLS13:
        complete_1_3(tls, done)
    elif tls.version:
        complete_1_2(tls, done)
    return done


def guessed_version(tls: Tls) -> cython.int:
    """The version where the ServerHello was cut: what the client protects at once is of 1.3 (RFC 8446 5.2); 0 = unsure.

    Up to 1.2 its key exchange and its Finished are handshake records.
    """
    record: Record
    hello: cython.bint = True
    for record in tls.client_records:
        if record.kind == HANDSHAKE and not hello and record.start > tls.hello_end > 0 and not tls.retry_request:
            return TLS12
        hello = False
        if record.kind == APPLICATION_DATA:
            return TLS13 if not blind_before(tls, record) else 0
    return 0


def blind_before(tls: Tls, record: Record) -> cython.bint:
    """Whether records of the client before this one may not have been captured."""
    return 0 <= tls.client_blind_from <= record.start


def complete_1_2(tls: Tls, done: Completion) -> None:
    """Complete with both Finished; an alert whose level cannot be read is encrypted, and ends it."""
    client: Record = tls.client_finished  # type: ignore[assignment]  # None until it is seen
    server: Record = tls.server_finished  # type: ignore[assignment]
    last: Record
    alert: Alert
    if client is not None:
        done.done_end = client.end
    if client is not None and server is not None:
        last = client if client.packet > server.packet else server
        done.state = "complete"
        done.done_packet = last.last_packet
        done.done_time = last.last_time
        done.confirmed = 1 if last is server or server_saw(tls, client.end) else 0
        return
    if tls.lost:
        complete_unseen(tls, done)
    for alert in tls.alerts:
        if alert.level < 0 and done.state == "none" and not tls.lost:
            abort(done, alert.record, alert.side)
            return


def complete_unseen(tls: Tls, done: Completion) -> None:
    """A Finished was not captured: application data of both sides prove it (RFC 5246 7.3)."""
    client: Record | None = first_data(tls.client_records)
    server: Record | None = first_data(tls.server_records)
    if client is None or server is None:
        return
    done.state = "complete"
    done.done_packet = client.packet
    done.done_time = client.time
    done.done_end = client.start
    done.confirmed = 1


def first_data(records: list[Record]) -> Record | None:
    """The first record of application data."""
    record: Record
    for record in records:
        if record.kind == APPLICATION_DATA:
            return record
    return None


def complete_1_3(tls: Tls, done: Completion) -> None:
    """Rules 1 to 4 of signatures.md 1.4, in their order."""
    after: list[Record] = client_after_hello(tls)
    at: cython.Py_ssize_t = 0
    record: Record
    while at < len(after):
        record = after[at]
        if record.length == EMPTY_CERTIFICATE and not blind_before(tls, record):
            done.empty = 1
        if record.length == END_OF_EARLY_DATA and tls.early_data:
            at += 1
            continue
        begun: cython.Py_ssize_t = at
        at = end_of_flight(after, at)
        record = after[at]
        if record.length >= MIN_FINISHED:
            if (at > begun or record.length not in FINISHED) and not blind_before(tls, record):
                done.authenticated = 1
            complete_at(tls, record, done)
            return
        if is_alert(tls, record, CLIENT) and only_alerts(tls, after, at):
            if not blind_before(tls, record):
                abort(done, record, CLIENT)
            return
        at += 1
    last: Record = tls.server_last  # type: ignore[assignment]
    if last is not None and last.kind == APPLICATION_DATA and is_alert(tls, last, SERVER) and not tls.lost:
        abort(done, last, SERVER)


def complete_at(tls: Tls, record: Record, done: Completion) -> None:
    """The client's Finished is `record`, unless the server's next word refuses it."""
    done.state = "complete"
    done.done_packet = record.last_packet
    done.done_time = record.last_time
    done.done_end = record.end
    if blind_before(tls, record) and record.length not in FINISHED:
        done.done_end = record.start  # the Finished itself was not captured
    done.confirmed = 1 if server_saw(tls, record.end) else 0
    last: Record = tls.server_last  # type: ignore[assignment]
    if done.confirmed or last is None or last.kind != APPLICATION_DATA or tls.lost:
        return
    if not is_alert(tls, last, SERVER) or last.time - record.time >= REFUSAL_NS:
        return
    if done.empty and last.ack > record.start - EMPTY_CERTIFICATE - 5:
        abort(done, last, SERVER)  # it had asked for a certificate; whatever the client sent besides, it refuses that
    elif done.authenticated and last.ack >= record.end and not asked(tls, record):
        abort(done, last, SERVER)  # it refuses the client's certificate; to a lone Finished it is but a close_notify


def asked(tls: Tls, finished: Record) -> cython.bint:
    """Whether the client sent anything but an alert behind its Finished."""
    record: Record
    for record in tls.client_records:
        if record.kind == APPLICATION_DATA and record.start >= finished.end and not is_alert(tls, record, CLIENT):
            return True
    return False


def abort(done: Completion, record: Record, side: cython.int) -> None:
    """An encrypted alert of `side` ended the handshake."""
    done.state = "aborted"
    done.aborted_record = record
    done.encrypted_alert = side


def client_after_hello(tls: Tls) -> list[Record]:
    """Protected client records sent in the knowledge of the ServerHello; 0-RTT records came before."""
    record: Record
    after: list[Record] = []
    for record in tls.client_records:
        if record.kind == APPLICATION_DATA and not is_early(tls, record):
            after.append(record)
    return after


def is_early(tls: Tls, record: Record) -> cython.bint:
    """Whether the client sent it before it knew the ServerHello."""
    if record.ack >= 0:
        return record.ack <= tls.server_hello_start
    return record.packet < tls.server_hello_packet


def opened_1_3(tls: Tls, done: Completion) -> None:
    """What keys have shown of a handshake of TLS 1.3: nothing is told from sizes."""
    alert: Alert
    finished: Record = tls.client_finished  # type: ignore[assignment]  # None until it is seen
    done.empty = tls.certificate_empty
    if finished is None:
        return
    done.state = "complete"
    done.done_packet, done.done_time, done.done_end = finished.last_packet, finished.last_time, finished.end
    done.authenticated = 1 if tls.certificate_asked and not tls.certificate_empty else 0
    done.confirmed = 1 if server_saw(tls, finished.end) else 0
    for alert in tls.alerts:
        if alert.side == SERVER and alert.code not in CLOSING and not done.confirmed:
            abort(done, alert.record, SERVER)
            return


def end_of_flight(after: list[Record], at: cython.Py_ssize_t) -> cython.Py_ssize_t:
    """Index of the Finished of a client-authentication flight; `at` itself when there is no such run."""
    first: Record = after[at]
    record: Record
    index: cython.Py_ssize_t
    for index in range(at, min(at + MAX_FLIGHT, len(after))):
        record = after[index]
        if record.length < EMPTY_CERTIFICATE or (record.ack != first.ack and first.length != EMPTY_CERTIFICATE):
            break
        if record.length in FINISHED:
            return index
        if index == at and MIN_FINISHED > record.length != EMPTY_CERTIFICATE:
            break
    return at


def is_alert(tls: Tls, record: Record, side: cython.int) -> cython.bint:
    """Whether a protected 1.3 record has the size of an alert. JSSE's size is also that of a tiny request."""
    if record.length == ALERT_13 or (record.length == ALERT_CCM_8 and tls.cipher == CCM_8):
        return True
    if record.length != ALERT_JSSE:
        return False
    if side == CLIENT:
        if tls.hello_record_version != JSSE_RECORD_VERSION:
            return False
        last: Record = tls.client_last  # type: ignore[assignment]
        return record is last or (record is tls.client_prior and last is not None and last.length == ALERT_JSSE)
    return closing(tls, record) and (tls.server_blind_from >= 0 or jsse_server(tls))


def closing(tls: Tls, record: Record) -> cython.bint:
    """The server's last record, or the one before: JSSE says user_canceled and close_notify (measured, OpenJDK 17)."""
    last: Record = tls.server_last  # type: ignore[assignment]
    return record is last or (record is tls.server_prior and last is not None and last.length == ALERT_JSSE)


def jsse_server(tls: Tls) -> cython.bint:
    """Whether the server pads its handshake records as JSSE does: seen at its Finished, the last of its flight."""
    record: Record
    first: Record | None = None
    length: cython.int = 0
    for record in tls.server_records:
        if record.kind == APPLICATION_DATA:
            if first is None:
                first = record
            if record.ack == first.ack:
                length = record.length
    return length == (85 if tls.cipher == AES_256_GCM_SHA384 else 69)


def only_alerts(tls: Tls, after: list[Record], at: cython.Py_ssize_t) -> cython.bint:
    """Whether nothing but alerts follows."""
    last: Record = tls.client_last  # type: ignore[assignment]
    index: cython.Py_ssize_t
    if last is None or (last is not after[len(after) - 1] and last.kind == APPLICATION_DATA):
        return False
    for index in range(at, len(after)):  # noqa: SIM110  (a generator would know no types)
        if not is_alert(tls, after[index], CLIENT):
            return False
    return True


def server_saw(tls: Tls, end: cython.longlong) -> cython.bint:
    """Whether a protected server record was sent in the knowledge of the client's stream up to `end`."""
    record: Record
    for record in tls.server_records:
        if proves_sight(tls, record, end):
            return True
    return proves_sight(tls, tls.server_prior, end) or proves_sight(tls, tls.server_last, end)


def proves_sight(tls: Tls, record: Record | None, end: cython.longlong) -> cython.bint:
    """Whether this record was; the last one may be an alert, which proves nothing."""
    if record is None or record.kind != APPLICATION_DATA or record.ack < end:
        return False
    return not (record is tls.server_last and tls.version >= TLS13 and is_alert(tls, record, SERVER))

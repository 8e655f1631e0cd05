"""What is told about a TLS connection without keys: completion, and the opaque exchange after it."""

from __future__ import annotations

import ssl

import pytest
import tls_pairs as pairs

from analyzer.layer.tls.completion import Completion, completion
from analyzer.layer.tls.last import opaque_exchange
from analyzer.layer.tls.opaque import Opaque
from analyzer.layer.tls.sizes import plain
from analyzer.model.connection import CLIENT, SERVER, Connection
from analyzer.model.tls import Record, Tls

V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
GET = b"GET /slow HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: t\r\n\r\n"


def judged(made: Connection) -> tuple[Completion, Opaque]:
    assert made.tls is not None
    done = completion(made.tls)
    return done, opaque_exchange(made.tls, made, done)


def record(length: int, kind: int = 23) -> bytes:
    return bytes((kind, 3, 3, length >> 8, length & 255)) + bytes(length)


def open_pair(version: ssl.TLSVersion) -> pairs.Pair:
    pair = pairs.Pair(*pairs.contexts(version))
    pair.handshake()
    return pair


@pytest.mark.parametrize("version", [V12, V13])
def test_request_and_response(version: ssl.TLSVersion) -> None:
    """A request, a response, and close_notify of both sides, told by sizes; tickets are not the response."""
    pair = open_pair(version)
    pair.say(CLIENT, GET)
    pair.say(SERVER, b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n" + b"." * 900)
    pair.close(CLIENT)
    pair.close(SERVER)
    done, seen = judged(pairs.play(pair.flights))
    assert (done.state, done.confirmed) == ("complete", 1)
    assert (seen.request, seen.response, seen.cut) == (1, 1, 0)
    assert seen.tickets == (2 if version == V13 else 0)
    assert seen.response_bytes == 947 + (17 if version == V13 else 24)
    assert seen.close_notify_client > seen.response_packet > seen.request_packet > done.done_packet
    assert seen.close_notify_server > 0


@pytest.mark.parametrize("version", [V12, V13])
def test_tickets_are_no_answer(version: ssl.TLSVersion) -> None:
    """The server accepted and never answered; the client closes: the shape of a 499."""
    pair = open_pair(version)
    pair.say(CLIENT, GET)
    pair.close(CLIENT)
    done, seen = judged(pairs.play(pair.flights))
    assert (done.state, seen.request, seen.response) == ("complete", 1, 0)
    assert seen.close_notify_client > 0


def test_handshake_alone_is_no_request() -> None:
    """Connected, nothing asked."""
    done, seen = judged(pairs.play(open_pair(V13).flights))
    assert (done.state, done.confirmed, seen.request, seen.response) == ("complete", 1, 0, 0)


def after_hello(*sent: tuple[int, int], alpn: str = "") -> Connection:
    """A real TLS 1.3 hello and ServerHello, then records of the given sizes."""
    client, server = pairs.contexts(V13)
    if alpn:
        client.set_alpn_protocols([alpn, "http/1.1"])
    flights = pairs.Pair(client, server).handshake()
    hello = flights.sent[1][1]
    size = 5 + int.from_bytes(hello[3:5], "big")
    feeder = pairs.Feeder(pairs.connection())
    feeder.send(*flights.sent[0])
    feeder.send(SERVER, hello[:size] + record(32 if alpn else 23) + record(800) + record(53))
    for who, length in sent:
        feeder.send(who, record(length))
    feeder.layer.finish()
    return feeder.connection


def test_a_short_last_record_is_the_clients_encrypted_alert() -> None:
    """Go refuses a certificate with 19 bytes where its Finished would stand (rule 3)."""
    made = after_hello((CLIENT, 19))
    done, seen = judged(made)
    assert (done.state, done.encrypted_alert, done.done_packet) == ("aborted", CLIENT, 0)
    assert done.aborted_record is made.tls.client_last
    assert seen.request == 0


def test_jsse_alert_size_needs_a_jsse_hello() -> None:
    """35 bytes are an alert only for the client whose hello has record version 0x0303."""
    made = after_hello((CLIENT, 35))
    assert judged(made)[0].state == "none"
    made.tls.hello_record_version = 0x0303
    assert judged(made)[0].state == "aborted"


def test_server_refuses_the_client_certificate() -> None:
    """An empty certificate, Finished, and a lone 19-byte answer: the server's encrypted alert."""
    done, _ = judged(after_hello((CLIENT, 25), (CLIENT, 69), (SERVER, 19)))
    assert (done.state, done.encrypted_alert, done.confirmed) == ("aborted", SERVER, 0)


def test_certificate_flight_ends_with_its_finished() -> None:
    """Certificate, proof, Finished are no request; what follows is."""
    made = after_hello((CLIENT, 1100), (CLIENT, 281), (CLIENT, 53), (CLIENT, 200), (SERVER, 5000))
    done, seen = judged(made)
    assert done.done_packet == 8
    assert (seen.request, seen.request_bytes, seen.response) == (1, 200, 1)


@pytest.mark.parametrize(
    ("sent", "request_", "response"),
    [
        ([(CLIENT, 85)], 2, 0),
        ([(CLIENT, 85), (SERVER, 62), (SERVER, 26), (CLIENT, 26)], 2, 0),
        ([(CLIENT, 85), (CLIENT, 61), (SERVER, 62), (SERVER, 26)], 1, 0),
        ([(CLIENT, 85), (CLIENT, 61), (SERVER, 62), (SERVER, 26), (SERVER, 246)], 1, 1),
    ],
)
def test_h2_control_frames_are_neither_request_nor_answer(
    sent: list[tuple[int, int]], request_: int, response: int
) -> None:
    """Preface and SETTINGS prove nothing; HEADERS after them do; the server's SETTINGS and acks are no response."""
    _, seen = judged(after_hello((CLIENT, 53), *sent, alpn="h2"))
    assert (seen.request, seen.response) == (request_, response)


def test_the_last_request_decides_whatever_was_answered() -> None:
    """Sixty exchanges do not hide the request that nobody answered; memory does not grow with them."""
    asked = [(CLIENT, 53), *[(CLIENT, 100), (SERVER, 300)] * 60]
    made = after_hello(*asked, (CLIENT, 120), (CLIENT, 19))
    _, seen = judged(made)
    assert (seen.request, seen.response, seen.later, seen.request_bytes) == (1, 0, 1, 120)
    assert made.tls is not None
    assert len(made.tls.client_records) + len(made.tls.client_late) == 48
    _, seen = judged(after_hello(*asked, (CLIENT, 19)))
    assert (seen.response, seen.later) == (1, 0)


@pytest.mark.parametrize(
    ("version", "cipher", "length", "most"),
    [
        (0x0304, 0x1301, 40, 23),
        (0x0304, 0x1305, 40, 31),
        (0x0303, 0xC02F, 40, 16),
        (0x0303, 0xCCA8, 40, 24),
        (0x0303, 0xC0AE, 40, 24),
        (0x0301, 0x002F, 32, 11),
        (0x0302, 0x002F, 48, 11),
        (0x0303, 0xC027, 64, 15),
        (0x0303, 0x000A, 48, 19),
        (0x0301, 0x0004, 40, 24),
        (0x0303, 0x0004, 3, 0),
    ],
)
def test_ciphertext_is_longer_than_plaintext(version: int, cipher: int, length: int, most: int) -> None:
    """Nonce, MAC, padding and tag are no plaintext: the most that a record can hold, by suite."""
    tls = Tls()
    tls.version, tls.cipher = version, cipher
    assert plain(tls, Record(23, length, 0)) == most


def test_tickets_are_told_by_equal_length() -> None:
    """Two records of one size right after Finished are tickets, a third of another size is the response."""
    _, seen = judged(after_hello((CLIENT, 69), (CLIENT, 98), (SERVER, 282), (SERVER, 282)))
    assert (seen.tickets, seen.response, seen.request) == (2, 0, 1)
    _, seen = judged(after_hello((CLIENT, 69), (CLIENT, 98), (SERVER, 282), (SERVER, 282), (SERVER, 331)))
    assert (seen.tickets, seen.response, seen.response_bytes) == (2, 1, 331)
    _, seen = judged(after_hello((CLIENT, 69), (CLIENT, 98), (SERVER, 331)))
    assert (seen.response, seen.doubtful) == (1, 1)


def test_cut_inside_a_record() -> None:
    """The server's last record announces 1000 bytes and 300 came."""
    made = after_hello((CLIENT, 69), (CLIENT, 98), (SERVER, 282), (SERVER, 282))
    feeder = pairs.Feeder(made, made.content)
    feeder.packet = 20
    feeder.send(SERVER, record(1000)[:305])
    _, seen = judged(made)
    assert (seen.cut, seen.announced, seen.got, seen.response_bytes) == (1, 1000, 300, 300)

"""What the TLS parser reads of real handshakes, however they are cut into segments."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import tls_pairs as pairs

from analyzer.layer.tls.completion import completion
from analyzer.layer.tls.last import opaque_exchange
from analyzer.layer.tls.registry import alert_name, cipher_name, group_name, version_name
from analyzer.model.connection import CLIENT, SERVER
from analyzer.model.tls import Tls

V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
FACTS = [
    "sni",
    "alpn",
    "version",
    "cipher",
    "alpn_offer",
    "versions_offer",
    "groups_offer",
    "key_shares",
    "ciphers_offer",
    "hello_start",
    "hello_end",
    "hello_complete",
    "hellos",
    "hello_size",
    "retry_request",
    "resumed",
    "done_1_2",
    "server_hello_start",
    "client_count",
    "server_count",
    "malformed",
    "lost",
    "hole",
    "certificate",
    "reply",
    "psk",
    "ticket",
    "early_data",
    "session_echo",
    "hello_record_version",
]


def facts(tls: Tls) -> dict[str, object]:
    """Everything that must not depend on segmentation (packet numbers do)."""
    found = {name: getattr(tls, name) for name in FACTS}
    found["alerts"] = [(a.side, a.level, a.code, a.record.start) for a in tls.alerts]
    found["records"] = [
        [(r.kind, r.length, r.start, r.complete) for r in x] for x in (tls.client_records, tls.server_records)
    ]
    return found


def full(version: ssl.TLSVersion) -> pairs.Flights:
    pair = pairs.Pair(*pairs.contexts(version))
    pair.handshake()
    pair.say(CLIENT, b"GET /slow HTTP/1.1\r\nHost: shop.example\r\n\r\n")
    pair.say(SERVER, b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000)
    pair.close(CLIENT)
    pair.close(SERVER)
    return pair.flights


@pytest.mark.parametrize("version", [V12, V13])
@pytest.mark.parametrize("step", [1, 7, 536])
def test_segmentation_changes_no_fact(version: ssl.TLSVersion, step: int) -> None:
    """Whole flights and pieces of any size give the same facts."""
    flights = full(version)
    whole, cut = pairs.play(flights), pairs.play(flights, step)
    assert facts(whole.tls) == facts(cut.tls)
    assert whole.tls.malformed == ""


@pytest.mark.parametrize("version", [V12, V13])
def test_junk_behind_the_last_record_changes_no_fact_of_the_handshake(version: ssl.TLSVersion) -> None:
    """Bytes that are no record end the walk; what was read before stays."""
    flights = full(version)
    clean, junk = facts(pairs.play(flights).tls), facts(pairs.play(flights, junk=b"\x00junk").tls)
    assert (junk.pop("malformed"), junk.pop("lost")) == ("record header", 2)
    assert junk == {k: v for k, v in clean.items() if k not in ("malformed", "lost")}


def test_tls_1_3_facts() -> None:
    """SNI, offer, answer and milestones of a TLS 1.3 handshake."""
    made = pairs.play(full(V13))
    tls = made.tls
    assert (made.protocol, tls.sni, version_name(tls.version)) == ("tls", "shop.example", "TLSv1.3")
    assert tls.versions_offer == [0x0304]
    assert [group_name(g) for g in tls.key_shares] == ["x25519"]
    assert cipher_name(tls.cipher) == "TLS_AES_256_GCM_SHA384"
    assert tls.hello_end == len(full(V13).sent[0][1])
    assert [m.what for m in made.milestones] == ["client-hello", "server-hello"]
    assert tls.certificate is None


def test_tls_1_2_certificate_facts() -> None:
    """In TLS 1.2 the leaf is readable: names, validity, fingerprint as OpenSSL prints it."""
    tls = pairs.play(full(V12)).tls
    cert, _ = pairs.certificate()
    der = ssl.PEM_cert_to_DER_cert(Path(cert).read_text())
    import hashlib

    assert tls.certificate is not None
    assert tls.certificate["subject"] == tls.certificate["issuer"] == "shop.example"
    assert tls.certificate["names"] == "shop.example www.shop.example 192.0.2.1"
    assert tls.certificate["sha256"] == hashlib.sha256(der).hexdigest()
    shown = ssl._ssl._test_decode_cert(cert)  # type: ignore[attr-defined]
    assert ssl.cert_time_to_seconds(shown["notAfter"]) == _seconds(tls.certificate["not_after"])
    assert tls.hello_done_packet > 0
    assert tls.done_1_2 == 3


def _seconds(text: str) -> int:
    from datetime import datetime

    return int(datetime.fromisoformat(text).timestamp())


@pytest.mark.parametrize("step", [0, 1])
def test_retry_request(step: int) -> None:
    """A server that wants another group answers with a HelloRetryRequest: two hellos, one real ServerHello."""
    client, server = pairs.contexts(V13)
    server.set_ecdh_curve("secp384r1")
    made = pairs.play(pairs.Pair(client, server).handshake(), step)
    tls = made.tls
    assert (tls.retry_request, tls.hellos, tls.version) == (1, 2, 0x0304)
    assert [m.what for m in made.milestones] == ["client-hello", "server-hello", "client-hello", "server-hello"]
    assert tls.server_hello_start > 0
    assert completion(tls).state == "complete"


def test_resumption_is_seen_in_both_versions() -> None:
    """A second handshake with the first one's session: no certificate, flag `resumed`."""
    for version in (V12, V13):
        client, server = pairs.contexts(version)
        first = pairs.Pair(client, server)
        first.handshake()
        first.say(SERVER, b"x")
        made = pairs.play(pairs.Pair(client, server, session=first.client.session).handshake())
        assert made.tls.resumed == 1
        assert completion(made.tls).state == "complete"


@pytest.mark.parametrize("version", [V12, V13])
def test_untrusted_certificate_gives_the_clients_alert(version: ssl.TLSVersion) -> None:
    """OpenSSL clients refuse in plain text: unknown-ca, sent by the client, and no completion."""
    made = pairs.play(pairs.Pair(*pairs.contexts(version, trust=False)).handshake())
    [alert] = made.tls.alerts
    assert (alert.side, alert.level, alert_name(alert.code)) == (CLIENT, 2, "unknown-ca")
    assert completion(made.tls).state == "none"
    assert made.milestones[-1].what == "alert"
    assert made.milestones[-1].note is alert


def test_no_common_version_gives_the_servers_alert() -> None:
    """A server that has only TLS 1.3 answers a 1.2 client with protocol-version."""
    client, _ = pairs.contexts(V12)
    _, server = pairs.contexts(V13)
    made = pairs.play(pairs.Pair(client, server).handshake())
    [alert] = made.tls.alerts
    assert (alert.side, alert_name(alert.code)) == (SERVER, "protocol-version")
    assert made.tls.server_hello_packet == 0


@pytest.mark.parametrize("step", [0, 1])
def test_plain_text_instead_of_a_server_hello(step: int) -> None:
    """The first 64 bytes of an answer that is no TLS are kept, with their packet."""
    hello = full(V13).sent[0]
    answer = b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Length: 1000\r\n\r\n"
    made = pairs.play(pairs.Flights([hello, (SERVER, answer)]), step)
    assert made.tls.reply == answer[:64]
    assert made.tls.reply_packet == (5 if step == 0 else 4 + len(hello[1]))
    assert made.tls.malformed == ""


def test_name_of_a_hello_that_never_ends() -> None:
    """The first segment of a ClientHello in two already shows the name; the hello is not complete."""
    hello = full(V13).sent[0][1]
    made = pairs.play(pairs.Flights([(CLIENT, hello[:-10])]))
    tls = made.tls
    assert (tls.sni, tls.hello_complete, tls.hello_end) == ("shop.example", 0, len(hello))
    assert tls.client_last.complete == 0


def test_client_certificates_complete_at_the_last_record_of_the_flight() -> None:
    """Certificate, proof and Finished are one flight: done is after its Finished, requests come later."""
    client, server = pairs.contexts(V13)
    cert, key = pairs.certificate()
    client.load_cert_chain(cert, key)
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_verify_locations(cert)
    pair = pairs.Pair(client, server)
    flights = pair.handshake()
    assert flights.error == ""
    made = pairs.play(flights)
    done = completion(made.tls)
    client_bytes = len(flights.stream(CLIENT))
    assert (done.state, done.done_end) == ("complete", client_bytes)
    assert opaque_exchange(made.tls, made, done).request == 0


def test_record_walk_keeps_few_records_of_bulk_data() -> None:
    """200 records: 32 are kept, the newest two are right, and their bodies are passed over unread."""
    flights = full(V13)
    feeder = pairs.Feeder(pairs.connection())
    for who, data in flights.sent[:2]:
        feeder.send(who, data)
    start = feeder.connection.server.end
    for _ in range(200):
        feeder.send(SERVER, b"\x17\x03\x03\x40\x00" + b"x" * 16384, 1460)
    tls = feeder.connection.tls
    assert len(tls.server_records) == 32
    assert tls.server_last.start == start + 199 * 16389
    assert tls.server_prior.start == start + 198 * 16389
    assert (tls.server_last.complete, tls.server_prior.complete) == (1, 1)
    assert feeder.calls <= 2 + 2 * 200

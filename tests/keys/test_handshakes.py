"""Real handshakes of OpenSSL, between two ends in memory: what they said is what is read with the key log."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from support.tls_talk import NO_ENCRYPT_THEN_MAC, contexts, talk
from support.unlocked import data_of, data_said, read

from analyzer.keys.suites import SUITES

GET = b"GET /a HTTP/1.1\r\nHost: lab.example\r\n\r\n"
SAID = [(False, GET), (True, b"x" * 40_000), (False, b"y"), (True, b"z" * 17), (False, b"w" * 20_000)]


def offered() -> list[tuple[str, str]]:
    """(name, kind of key) of the suites of TLS 1.2 and older that need no more than a certificate here."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    return [
        (str(one["name"]), "ec" if one["auth"] == "auth-ecdsa" else "rsa")
        for one in context.get_ciphers()
        if one["protocol"] != "TLSv1.3" and one["kea"] in ("kx-rsa", "kx-ecdhe") and one["auth"] != "auth-null"
    ]


@pytest.mark.parametrize(("name", "kind"), offered())
@pytest.mark.parametrize("options", [0, NO_ENCRYPT_THEN_MAC], ids=["", "MAC then encrypt"])
def test_suites_of_tls12(name: str, kind: str, options: int, tmp_path: Path) -> None:
    """Each suite is read, in both orders of MAC and encryption, or named as one that is not supported."""
    if options and not name.endswith(("SHA", "SHA256", "SHA384")):
        pytest.skip("an AEAD")
    log = tmp_path / "keys"
    client, server = contexts(log, ssl.TLSVersion.TLSv1_2, name, kind, options)
    found = talk(client, server, log, SAID)
    layer = read(found.records, found.key_log)
    assert layer.session is not None
    if layer.session.problem:
        assert any(word in layer.session.problem for word in ("ARIA", "Camellia", "no encryption"))
        assert any(word in name for word in ("ARIA", "CAMELLIA", "NULL"))
        return
    assert data_of(layer.said) == data_said(found)
    assert layer.session.failed == 0
    assert found.hellos.encrypt_then_mac == (bool(SUITES[layer.hellos.suite].mac) and not options)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.parametrize("options", [0, NO_ENCRYPT_THEN_MAC], ids=["", "MAC then encrypt"])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_older_versions(version: ssl.TLSVersion, options: int, tmp_path: Path) -> None:
    """TLS 1.0, whose records hang together, and TLS 1.1."""
    log = tmp_path / "keys"
    client, server = contexts(log, version, "ECDHE-ECDSA-AES128-SHA", "ec", options)
    found = talk(client, server, log, SAID)
    layer = read(found.records, found.key_log)
    assert layer.session is not None
    assert data_of(layer.said) == data_said(found)
    assert layer.session.failed == 0


def test_tls13(tmp_path: Path) -> None:
    """The suite that is chosen by default, with its hidden handshake, tickets and the alert at the end."""
    log = tmp_path / "keys"
    found = talk(*contexts(log, ssl.TLSVersion.TLSv1_3), log, SAID)
    layer = read(found.records, found.key_log)
    assert layer.session is not None
    assert data_of(layer.said) == data_said(found)
    assert layer.session.failed == 0
    hidden = [content[0] for server, kind, content in layer.said if server and kind == 22]
    assert hidden == [2, 8, 11, 15, 20, 4, 4]
    assert [content for _, kind, content in layer.said if kind == 21] == [b"\1\0", b"\1\0"]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_resumption(version: ssl.TLSVersion, tmp_path: Path) -> None:
    """A session that is resumed has a random and lines of its own."""
    log = tmp_path / "keys"
    client, server = contexts(log, version)
    first = talk(client, server, log, SAID)
    second = talk(client, server, log, SAID[:2], first.session)
    assert len(second.records) < len(first.records)
    layer = read(second.records, first.key_log + second.key_log)
    assert layer.session is not None
    assert data_of(layer.said) == data_said(second)
    assert layer.session.failed == 0


def test_what_was_agreed_on_is_read(tmp_path: Path) -> None:
    """ALPN of TLS 1.3 is in EncryptedExtensions (RFC 7301 3.1)."""
    log = tmp_path / "keys"
    found = talk(*contexts(log, ssl.TLSVersion.TLSv1_3), log, [])
    (extensions,) = [
        content
        for server, kind, content in read(found.records, found.key_log).said
        if server and kind == 22 and content[0] == 8
    ]
    assert b"\0\x10\0\5\0\3\2h2" in extensions


def test_a_large_transfer(tmp_path: Path) -> None:
    """Eight megabytes, of which nothing is copied into one piece."""
    log = tmp_path / "keys"
    found = talk(*contexts(log, ssl.TLSVersion.TLSv1_3), log, [(True, bytes(1 << 20))] * 8)
    layer = read(found.records, found.key_log)
    assert sum(len(content) for server, kind, content in layer.said if server and kind == 23) == 8 << 20

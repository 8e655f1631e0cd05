"""Connections that resume a session of TLS 1.2 whose master secret the key log has once, with the first random."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from support.tls_capture import captures
from support.tls_talk import Talk, contexts, talk

from analyzer.api import Reading
from analyzer.keys.resumption import Resumptions

GET = b"GET /%b HTTP/1.1\r\nHost: lab.example\r\n\r\n"
ANSWER = b"HTTP/1.1 404 X\r\nContent-Length: 2\r\n\r\nok"
NO_TICKET = int(ssl.OP_NO_TICKET)
WAYS = {"identifier": NO_TICKET, "ticket": 0}
FORMS = ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-CHACHA20-POLY1305"]


def said(path: bytes) -> list[tuple[bool, bytes]]:
    return [(False, GET % path), (True, ANSWER)]


def rows(talks: list[Talk], key_log: bytes, folder: Path) -> list[tuple[str, str, str]]:
    """(decrypted, keys, target) of each connection."""
    (folder / "x.pcap").write_bytes(captures(*talks))
    (folder / "keys").write_bytes(key_log)
    return [
        (one.flow.decrypted, one.connection.tls.keys, one.target)
        for one in Reading(str(folder / "x.pcap"), kinds=True, keylogs=[folder / "keys"])
    ]


@pytest.mark.parametrize("cipher", FORMS)
@pytest.mark.parametrize("options", WAYS.values(), ids=WAYS)
def test_the_line_of_the_first_connection_opens_all(options: int, cipher: str, tmp_path: Path) -> None:
    """Each resumes the session of the one before, which may have got a new ticket."""
    log = tmp_path / "log"
    client, server = contexts(log, ssl.TLSVersion.TLSv1_2, cipher, options=options)
    talks = [talk(client, server, log, said(b"1"))]
    for path in (b"2", b"3"):
        talks.append(talk(client, server, log, said(path), talks[-1].session))
    assert len(talks[1].records) < len(talks[0].records)
    wanted = [("heads", "log", f"/{number}") for number in (1, 2, 3)]
    assert rows(talks, talks[0].key_log, tmp_path) == wanted
    assert rows(talks, b"".join(one.key_log for one in talks), tmp_path) == wanted
    assert rows(talks[1:], talks[0].key_log, tmp_path) == [("no", "missing", "")] * 2


@pytest.mark.parametrize("options", WAYS.values(), ids=WAYS)
def test_a_session_that_is_not_resumed(options: int, tmp_path: Path) -> None:
    """Another server, or the same after it began anew: a whole handshake, of whose keys nothing is known."""
    log = tmp_path / "log"
    client, server = contexts(log, ssl.TLSVersion.TLSv1_2, options=options)
    other = contexts(log, ssl.TLSVersion.TLSv1_2, options=options)[1]
    first = talk(client, server, log, said(b"1"))
    second = talk(client, other, log, said(b"2"), first.session)
    assert len(second.records) == len(first.records)
    assert rows([first, second], first.key_log, tmp_path) == [("heads", "log", "/1"), ("no", "missing", "")]
    both = first.key_log + second.key_log
    assert rows([first, second], both, tmp_path) == [("heads", "log", "/1"), ("heads", "log", "/2")]


def without_name(talk: Talk) -> Talk:
    """The ClientHello offers a ticket alone (RFC 5077 3.4 lets it), and the server has no name to repeat."""
    for record in (talk.records[0], next(record for record in talk.records if record.server)):
        hello, size = record.body, record.body[38]
        length = int.from_bytes(hello[1:4], "big")
        at = 39 + size
        record.body = hello[:1] + (length - size).to_bytes(3, "big") + hello[4:38] + b"\0" + hello[at:]
    return talk


def test_a_ticket_without_an_identifier(tmp_path: Path) -> None:
    """Whether it was taken shows in what the server says behind its hello."""
    log = tmp_path / "log"
    client, server = contexts(log, ssl.TLSVersion.TLSv1_2)
    other = contexts(log, ssl.TLSVersion.TLSv1_2)[1]
    first = talk(client, server, log, said(b"1"))
    taken, refused = (without_name(talk(client, one, log, said(b"2"), first.session)) for one in (server, other))
    assert rows([first, taken], first.key_log, tmp_path)[1] == ("heads", "log", "/2")
    assert rows([first, refused], first.key_log, tmp_path)[1] == ("no", "missing", "")


def test_a_session_whose_name_is_anothers(tmp_path: Path) -> None:
    """Identifiers are chosen by servers, and may be the same at two of them: no record proves the wrong secret."""
    log = tmp_path / "log"
    client, server = contexts(log, ssl.TLSVersion.TLSv1_2, options=NO_TICKET)
    first, other = talk(client, server, log, said(b"1")), talk(client, server, log, said(b"2"))
    resumed = talk(client, server, log, said(b"3"), first.session)
    names = [one.session.id for one in (first, other) if one.session is not None]
    for record in other.records:
        record.body = record.body.replace(names[1], names[0])
    found = rows([first, other, resumed], first.key_log + other.key_log, tmp_path)
    assert found[0] == ("heads", "log", "/1")
    assert found[2] == ("no", "log", "")


def test_few_sessions_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that were named last, again or for the first time."""
    monkeypatch.setattr("analyzer.keys.resumption.MOST_SESSIONS", 3)
    found = Resumptions()
    for name, root in ((b"a", b"1"), (b"b", b"2"), (b"c", b"3"), (b"a", b"4"), (b"d", b"5"), (b"e", b"6")):
        found.add(name, root)
    assert found.roots([b"", b"a", b"b", b"c", b"d", b"e"]) == [b"4", b"5", b"6"]

"""Recordings of OpenSSL that do what Python's `ssl` cannot be made to do (recorded/make.py)."""

from __future__ import annotations

import pytest
from support.recorded import NAMES, recorded
from support.unlocked import data_of, read

from analyzer.keys.epochs import APPLICATION, EARLY, HANDSHAKE
from analyzer.keys.session import Session

ASKED = b"GET /a HTTP/1.1\n"
REQUEST = b"GET /%b HTTP/1.1\r\nHost: lab.example\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SAID = {
    "key-update": (ASKED + b"b\nc\nd\n", b"1.1/PTTH a/ TEG\nb\nc\nd\n"),
    "renegotiation": (ASKED + b"after\n", b"1.1/PTTH a/ TEG\nretfa\n"),
    "renegotiation-cbc": (ASKED + b"after\n", b"1.1/PTTH a/ TEG\nretfa\n"),
    "early-data": (REQUEST % b"early", ANSWER),
    "early-data-rejected": (REQUEST % b"early" + REQUEST % b"again", ANSWER),
}
"""What client and server say, where it is not a line and the same reversed."""
SUITES = {"aes128-gcm": 0x1301, "chacha20": 0x1303, "ccm": 0x1304, "ccm8": 0x1305, "renegotiation": 0xC02B}


@pytest.mark.parametrize("name", NAMES)
def test_all_is_read(name: str) -> None:
    """Every protected record is opened, with no key tried in vain and no line of the log in the way."""
    found = recorded(name)
    layer = read(found.records, found.key_log)
    said = data_of(layer.said)
    assert (said[False], said[True]) == SAID.get(name, (ASKED, b"1.1/PTTH a/ TEG\n"))
    assert layer.session is not None
    assert (layer.session.failed, layer.session.client.skipped, layer.session.server.skipped) == (0, 0, 0)
    assert layer.hellos.suite == SUITES.get(name, layer.hellos.suite)
    assert [content for _, kind, content in layer.said if kind == 21] == [b"\1\0", b"\1\0"]
    assert layer.store.notes() == []


def handshake(name: str, server: bool) -> list[int]:
    """The types of the first messages of the handshake records of one side."""
    found = recorded(name)
    return [
        content[0]
        for sender, kind, content in read(found.records, found.key_log).said
        if kind == 22 and sender == server
    ]


def test_what_handshakes_hide() -> None:
    """A client's certificate, a second ClientHello, KeyUpdates, the end of early data, a second handshake."""
    assert handshake("mutual", server=True) == [2, 8, 13, 11, 15, 20, 4, 4]
    assert handshake("mutual", server=False) == [1, 11, 15, 20]
    assert handshake("retry", server=False) == [1, 1, 20]
    assert handshake("key-update", server=False) == [1, 20, 24, 24, 24]
    assert handshake("key-update", server=True)[-1] == 24
    assert handshake("early-data", server=False) == [1, 5, 20]
    assert handshake("early-data-rejected", server=False) == [1, 20]
    assert handshake("renegotiation", server=False) == [1, 16, 20, 1, 16, 20]


@pytest.mark.parametrize("name", ["early-data", "early-data-rejected"])
def test_early_data_is_told_from_other_data(name: str) -> None:
    """By the stage: what was rejected is said again."""
    found = recorded(name)
    stages: list[int] = []

    def note(session: Session | None) -> None:
        if session is not None:
            stages.append(session.client.stage)

    read(found.records, found.key_log, lambda layer, _: note(layer.session))
    changes = [stage for at, stage in enumerate(stages) if at == 0 or stage != stages[at - 1]]
    assert changes == [0, EARLY, HANDSHAKE, APPLICATION]


def test_early_data_without_its_secret() -> None:
    """Rejected early data that nothing opens is passed over; the handshake behind it is read."""
    found = recorded("early-data-rejected")
    log = b"".join(line for line in found.key_log.splitlines(True) if not line.startswith(b"CLIENT_EARLY"))
    layer = read(found.records, log)
    assert data_of(layer.said)[False] == REQUEST % b"again"
    assert layer.session is not None
    assert layer.session.failed <= 1
    assert layer.session.client.skipped == 1


def test_handshake_secrets_that_are_missing() -> None:
    """Application data is read with its own secrets alone."""
    for name in ("aes256-gcm", "chacha20", "mutual"):
        found = recorded(name)
        log = b"".join(line for line in found.key_log.splitlines(True) if b"HANDSHAKE" not in line)
        layer = read(found.records, log)
        said = data_of(layer.said)
        assert (said[False], said[True]) == (ASKED, b"1.1/PTTH a/ TEG\n")
        assert layer.session is not None
        assert 0 < layer.session.failed <= 16

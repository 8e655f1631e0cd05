"""Captures of TLS with their keys, through the whole program."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from support.recorded import NAMES, recorded
from support.tls_capture import capture
from support.tls_talk import Talk, contexts, talk

from analyzer.api import Reading, read

Rows = list[tuple[str, str, str, str, int]]
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
FORMS = {
    "1.3": (V13, ""),
    "1.2 GCM": (V12, "ECDHE-ECDSA-AES128-GCM-SHA256"),
    "1.2 ChaCha20": (V12, "ECDHE-ECDSA-CHACHA20-POLY1305"),
    "1.2 CBC": (V12, "ECDHE-ECDSA-AES128-SHA"),
}
EARLY = {"early-data": "/early", "early-data-rejected": "/again"}
"""What is asked and answered, in the recordings in which that is HTTP on both sides."""


def rows(data: bytes, key_log: bytes, folder: Path) -> Rows:
    """(class, cause, confidence, target, status) of each fetch."""
    (folder / "x.pcap").write_bytes(data)
    (folder / "keys").write_bytes(key_log)
    return [
        (one.verdict.klass, one.verdict.cause, one.verdict.confidence, one.exchange.target, one.exchange.status)
        for one in read(folder / "x.pcap", keylogs=[folder / "keys"])
        if one.exchange is not None
    ]


@pytest.mark.parametrize("apart", [False, True], ids=["flights", "records"])
@pytest.mark.parametrize("name", NAMES)
def test_recordings(name: str, apart: bool, tmp_path: Path) -> None:
    """Most servers say the request reversed, which is no answer; of early data only what was taken counts."""
    found = recorded(name)
    got = rows(capture(found, apart=apart), found.key_log, tmp_path)
    if name not in EARLY:
        assert got == [("http-failure", "http-garbage-response", "high", "/a", 0)]
    else:
        assert got == [("ok", "", "high", EARLY[name], 200)]


@pytest.mark.parametrize("size", [1, 5, 67, 200, 324, 325, 331, 399])
@pytest.mark.parametrize("name", EARLY)
def test_early_data_in_segments_of_any_size(
    name: str, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It begins in the segment in which the ClientHello ends, or behind it."""
    monkeypatch.setattr("support.tls_capture.SEGMENT", size)
    found = recorded(name)
    assert rows(capture(found), found.key_log, tmp_path) == [("ok", "", "high", EARLY[name], 200)]


def said() -> list[tuple[bool, bytes]]:
    """Four requests and their answers, two of which are failures; some take more than a record."""
    found = []
    for path, status, size in ((b"a", 200, 20_000), (b"b", 404, 300), (b"c", 200, 45_000), (b"d", 503, 10)):
        found.append((False, b"GET /%b HTTP/1.1\r\nHost: lab.example\r\n\r\n" % path))
        found.append((True, b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (status, size, b"b" * size)))
    return found


@pytest.fixture(scope="module", params=FORMS)
def spoken(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Talk:
    """The same in each form of records."""
    log = tmp_path_factory.mktemp("keys") / "log"
    version, ciphers = FORMS[request.param]
    return talk(*contexts(log, version, ciphers), log, said())


WHOLE = [
    ("ok", "", "high", "/a", 200),
    ("http-failure", "http-status-404", "high", "/b", 404),
    ("ok", "", "high", "/c", 200),
    ("http-failure", "http-status-503", "high", "/d", 503),
]


@pytest.mark.parametrize("apart", [False, True], ids=["flights", "records"])
def test_whatever_segment_is_lost(spoken: Talk, apart: bool, tmp_path: Path) -> None:
    """Nothing is said with high confidence but what is true: no answer goes to another request."""
    whole = capture(spoken, apart=apart)
    assert rows(whole, spoken.key_log, tmp_path) == WHOLE
    number = 0
    while (data := capture(spoken, frozenset({number}), apart=apart)) != whole:
        got = rows(data, spoken.key_log, tmp_path)
        assert [row for row in got if row[2] == "high" and row not in WHOLE] == [], number
        number += 1
    assert number > 50


def test_the_end_is_lost(spoken: Talk, tmp_path: Path) -> None:
    """From some segment on, but for the end of the connection: the client has all of it, as it acknowledges."""
    for number in range(8, 60, 3):
        data = capture(spoken, frozenset(range(number, 500)))
        got = rows(data, spoken.key_log, tmp_path)
        assert [row for row in got if row[2] == "high" and row not in WHOLE] == [], number


@pytest.mark.parametrize("form", FORMS)
def test_a_tunnel_that_nobody_used(form: str, tmp_path: Path) -> None:
    """A CONNECT that a proxy grants inside TLS, and nothing behind it: no fetch, as where no TLS leads to the proxy."""
    log = tmp_path / "log"
    version, ciphers = FORMS[form]
    request = b"CONNECT lab.example:443 HTTP/1.1\r\nHost: lab.example:443\r\n\r\n"
    granted = b"HTTP/1.1 200 Connection established\r\n\r\n"
    found = talk(*contexts(log, version, ciphers), log, [(False, request), (True, granted)])
    (tmp_path / "x.pcap").write_bytes(capture(found))
    (row,) = Reading(str(tmp_path / "x.pcap"), kinds=True, keylogs=[log])
    assert (row.kind, row.flow.decrypted, row.flow.tunnel) == ("probe", "heads", "lab.example:443")

"""Keys that do not fit open nothing and change nothing: of another run, wrong, half of them, half written."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from functools import cache

import pytest
from support.examples import CASES
from support.incomplete import compiled
from support.recording import Recording
from support.tls_twins import SUITES
from support.twin_rows import Cells, cells, fetches
from support.twins import twin

NAMES = [
    "http-status-502", "http-redirect-is-ok", "t16-truncated-body", "t16b-reset-in-the-body", "http-chunked-body-cut",
    "http-no-response-stalled", "http-client-abort-response", "rst-after-request", "t17b-keepalive-race",
    "h2-rst-stream-internal-error", "h2-goaway-leaves-a-stream-behind", "http-request-unacked",
    "t19-goproxy-404-falls-back",
]  # fmt: skip
TELLING = {"decrypted", "keys"}
FLAGS = {"keys-missing", "keys-unfit"}


@cache
def secured(name: str, suite: str) -> tuple[Recording, bytes, list[Cells]]:
    """A twin, its keys, and what it shows without them."""
    plain = compiled(CASES[name])
    inside, key_log = twin(plain, fetches(plain), SUITES[suite])
    return inside, key_log, rows(inside)


def rows(capture: Recording, key_log: bytes = b"") -> list[Cells]:
    """All cells, but those that say how keys fit."""
    return [
        {**row, "flags": [word for word in row["flags"] if word not in FLAGS]}  # type: ignore[attr-defined]
        for row in cells(capture, fetches(capture, key_log))
    ]


def wrong(key_log: bytes) -> bytes:
    """The right randoms with other secrets."""
    return re.sub(rb"[0-9a-f]+$", lambda found: found[0][::-1], key_log, flags=re.MULTILINE)


def another_run(key_log: bytes) -> bytes:
    """Secrets of other connections."""
    return re.sub(rb" [0-9a-f]{64} ", lambda found: b" " + found[0][1:-1][::-1] + b" ", key_log)


def one_server(key_log: bytes) -> bytes:
    """The server's direction alone; the secret of TLS 1.2 is of both, and half of it of none."""
    return _lines(key_log, b"SERVER")


def one_client(key_log: bytes) -> bytes:
    """The client's."""
    return _lines(key_log, b"CLIENT_HANDSHAKE") + _lines(key_log, b"CLIENT_TRAFFIC")


def _lines(key_log: bytes, label: bytes) -> bytes:
    return b"".join(line for line in key_log.splitlines(True) if line.startswith(label))


def damaged(key_log: bytes) -> bytes:
    """Noise in every line."""
    return b"".join(line[:-9] + b"zz" + line[-7:] for line in key_log.splitlines(True))


@pytest.mark.parametrize("suite", ["tls13-aes256-gcm", "tls12-aes128-gcm", "tls12-aes128-cbc"])
@pytest.mark.parametrize("change", [wrong, another_run, one_server, one_client, damaged])
@pytest.mark.parametrize("name", NAMES)
def test_keys_that_do_not_fit_change_nothing(name: str, change: Callable[[bytes], bytes], suite: str) -> None:
    """The rows are those without keys; what opens one direction alone tells nothing."""
    capture, key_log, without = secured(name, suite)
    assert rows(capture, change(key_log) or b"# empty\n") == without


@pytest.mark.parametrize("name", NAMES)
def test_keys_of_the_handshake_alone_change_no_verdict(name: str) -> None:
    """They show where the handshake ended, and not what came behind it."""
    capture, key_log, without = secured(name, "tls13-aes256-gcm")
    handshake = b"".join(line for line in key_log.splitlines(True) if b"HANDSHAKE_TRAFFIC" in line)
    assert handshake.count(b"\n") == key_log.count(b"HANDSHAKE_TRAFFIC")
    for row, plain in zip(rows(capture, handshake), without, strict=True):
        assert (row["class"], row["cause"], row["status"]) == (plain["class"], plain["cause"], plain["status"])


@pytest.mark.parametrize("suite", ["tls13-aes256-gcm", "tls12-aes128-gcm"])
@pytest.mark.parametrize("name", NAMES[:6])
def test_half_a_key_log_shows_what_it_has_or_nothing(name: str, suite: str) -> None:
    """Wherever a log that is being written ends, the rows are those without keys or those with all of them."""
    capture, key_log, without = secured(name, suite)
    whole = rows(capture, key_log)
    assert whole != without
    dice = random.Random(name)
    for end in sorted(dice.sample(range(1, len(key_log)), 24)):
        found = rows(capture, key_log[:end])
        verdicts = [(row["class"], row["cause"], row["status"]) for row in found]
        assert verdicts in [[(row["class"], row["cause"], row["status"]) for row in one] for one in (without, whole)]

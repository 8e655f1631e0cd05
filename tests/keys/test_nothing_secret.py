"""Secrets are in no text that anybody may see: `repr`, errors, notes, tracebacks, logs."""

from __future__ import annotations

import gc
import logging
import traceback
from pathlib import Path

import pytest
from support.recorded import recorded
from support.unlocked import Layer, read

import analyzer.keys.keylog
from analyzer.errors import AnalyzerError
from analyzer.keys.store import Store, key_logs, oddities

PLANTED = b"f00dfeedf00dfeed"
"""Hex digits that each planted secret has."""


def spellings(secret: bytes) -> list[str]:
    """How it would look."""
    return [secret.hex(), secret.hex().upper(), str(secret), repr(secret), str(list(secret))]


def objects(root: object) -> list[object]:
    """Everything of ours that can be reached from here."""
    found: list[object] = []
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, (type, str)) or type(one).__name__ == "module":
            continue
        seen.add(id(one))
        if type(one).__module__.startswith("analyzer.keys"):
            found.append(one)
            waiting += gc.get_referents(one)
        elif isinstance(one, (dict, list, tuple, set)):
            waiting += gc.get_referents(one)
    return found


@pytest.mark.parametrize("name", ["aes256-gcm", "renegotiation", "renegotiation-cbc", "key-update", "early-data"])
def test_what_objects_say_of_themselves(name: str) -> None:
    """Stores, secrets, sessions, epochs, ciphers: their names alone. A suite is no secret."""
    talk = recorded(name)
    layer = read(talk.records, talk.key_log)
    found = objects(layer.session) + objects(layer.store)
    names = {type(one).__name__ for one in found}
    assert {"Store", "KeyLog", "Secrets", "Session", "MemoryText", "Epoch"} <= names
    for one in found:
        text = f"{one!r} {one!s} {one}"
        if type(one).__name__ != "Suite":
            assert repr(one) == f"<{type(one).__name__}>"
        for line in talk.key_log.splitlines():
            for word in line.split()[1:]:
                assert not any(form in text for form in spellings(bytes.fromhex(word.decode())))


def test_errors_notes_and_logs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever a key log holds: nothing of it is told but the names of labels, and those only if they look like one."""
    caplog.set_level(logging.DEBUG)
    random, secret = b"00" * 32, PLANTED * 6
    lines = [
        b"CLIENT_RANDOM %b %b" % (random, secret),
        b"CLIENT_RANDOM %b %b" % (random, secret[:-2]),
        b"CLIENT_RANDOM %b%b" % (random, secret),
        b"%b %b CLIENT_RANDOM" % (secret, random),
        b"%b" % secret,
        b"NEW_LABEL %b %b" % (random, secret),
        b"password=%b %b %b" % (PLANTED, random, secret),
        b"RSA Session-ID:%b Master-Key:%b" % (random, secret),
    ]
    path = tmp_path / "keys"
    path.write_bytes(b"\n".join(lines))
    logs = key_logs([str(path)])
    store = Store(logs)
    session = store.session(bytes(32))
    assert session is not None
    session.negotiated(0x0303, 0x000A, bytes(32))
    texts = [*oddities(logs), repr(store), repr(session), session.problem, caplog.text]
    session.negotiated(0x0303, 0xC02F, bytes(32))
    for record in (b"", b"\0" * 40, bytes.fromhex(secret.decode())):
        session.client.open(20, 0x0303, b"\1")
        assert session.client.open(23, 0x0303, record) is None
    texts += [repr(session.client), caplog.text]
    assert "`NEW_LABEL`" in "".join(texts)
    assert PLANTED.decode() not in "".join(texts).lower()


def test_what_a_traceback_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error in the midst of a line has neither the line nor a secret in its text."""
    path = tmp_path / "keys"
    path.write_bytes(b"CLIENT_RANDOM %b %b\n" % (b"00" * 32, PLANTED * 6))

    def broken(_: bytes) -> bytes:
        raise RuntimeError("broken")

    monkeypatch.setattr(analyzer.keys.keylog, "a2b_hex", broken)
    with pytest.raises(RuntimeError) as raised:
        Store(key_logs([str(path)]))
    assert PLANTED.decode() not in "".join(traceback.format_exception(raised.value))
    with pytest.raises(AnalyzerError) as other:
        Store(key_logs([str(tmp_path)]))
    assert PLANTED.decode() not in f"{other.value} {other.value.hint}"


def test_sessions_of_nothing() -> None:
    """A store without logs finds nothing, and a layer that asks it goes on."""
    talk = recorded("chacha20")
    layer = Layer(Store())
    for record in talk.records:
        layer.record(record)
    assert layer.session is None
    assert layer.store.notes() == []

"""Key logs inside pcapng files, in decryption secrets blocks."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from support.recorded import recorded

from analyzer.capture.files import CaptureSource, open_capture
from analyzer.keys import library
from analyzer.keys.blocks import key_log_of
from analyzer.keys.store import Store

TLS, SSH = 0x544C534B, 0x5353484B


def body(text: bytes, big: bool = False, kind: int = TLS, length: int = -1) -> bytes:
    """Of a block with this text, padded."""
    order = ">" if big else "<"
    return struct.pack(f"{order}II", kind, len(text) if length < 0 else length) + text + bytes(-len(text) % 4)


def block(kind: int, content: bytes, big: bool) -> bytes:
    order = ">" if big else "<"
    size = len(content) + 12
    return struct.pack(f"{order}II", kind, size) + content + struct.pack(f"{order}I", size)


def test_the_text_of_a_block() -> None:
    """In either byte order, without its padding and options; of other protocols there is none."""
    text = b"CLIENT_RANDOM x"
    assert key_log_of(body(text), big=False) == text
    assert key_log_of(body(text, big=True), big=True) == text
    assert key_log_of(body(text) + b"\1\0\4\0abcd\0\0\0\0", big=False) == text
    assert key_log_of(body(text, length=1 << 30), big=False) == text + b"\0"
    assert key_log_of(body(text, kind=SSH), big=False) is None
    assert key_log_of(body(text), big=True) is None
    assert key_log_of(b"\x4b\x53\x4c\x54\1\0", big=False) is None


@pytest.mark.parametrize("big", [False, True], ids=["little", "big"])
def test_secrets_of_a_file(big: bool, tmp_path: Path) -> None:
    """What a reader keeps goes into a store; where the secrets are from is known."""
    found = recorded("aes256-gcm")
    order = ">" if big else "<"
    content = block(0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1), big)
    content += block(1, struct.pack(f"{order}HHI", 1, 0, 0), big)
    lines = found.key_log.splitlines(keepends=True)
    content += block(10, body(b"".join(lines[:2]), big), big) + block(10, body(b"other", big, SSH), big)
    content += block(3, struct.pack(f"{order}I", 4) + b"abcd", big) + block(10, body(b"".join(lines[2:]), big), big)
    path = tmp_path / "x.pcapng"
    path.write_bytes(content)
    store = Store()
    assert not store
    with open_capture(CaptureSource("x", [str(path)])) as capture:
        capture.tell_secrets(store.add_block)
        assert capture.frames.advance()
        assert (store.blocks, store.late) == (1, set())
        some = store.find(found.hellos.client_random)
        assert some is not None
        assert some.count < 4
        assert not capture.frames.advance()
        assert len(capture.secret_blocks) == 3
    assert (bool(store), store.blocks, store.others) == (True, 2, 1)
    secrets = store.find(found.hellos.client_random)
    assert secrets is not None
    assert (secrets.count, secrets.origins) == (4, {"file"})


def test_secrets_that_come_too_late() -> None:
    """Randoms that were asked for before the block came are told, and stay without keys: their rows may have left."""
    found = recorded("ccm8")
    store = Store()
    assert store.find(found.hellos.client_random) is None
    assert store.session(found.hellos.client_random) is None
    assert store.find(bytes(32)) is None
    store.add_block(body(recorded("ccm").key_log), big=False)
    assert not store.late
    for _ in range(2):
        store.add_block(body(found.key_log), big=False)
        assert store.late == {found.hellos.client_random}
    assert store.find(found.hellos.client_random) is None


def test_members_of_a_set(tmp_path: Path) -> None:
    """Each brings its own."""
    names = []
    for number, name in enumerate(("ccm", "ccm8")):
        content = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1), False)
        content += block(1, struct.pack("<HHI", 1, 0, 0), False) + block(10, body(recorded(name).key_log), False)
        content += block(6, struct.pack("<IIIII", 0, 0, number * 1000, 4, 4) + b"abcd", False)
        (tmp_path / name).write_bytes(content)
        names.append(str(tmp_path / name))
    store = Store()
    with open_capture(CaptureSource("set", names, [0, 1_000_000])) as capture:
        capture.tell_secrets(store.add_block)
        while capture.frames.advance():
            pass
    assert store.blocks == 2
    assert all(store.find(recorded(name).hellos.client_random) is not None for name in ("ccm", "ccm8"))


def test_many_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """One for each connection, as some writers do: together they are one log, of so many bytes at most."""
    import tracemalloc

    store = Store()
    tracemalloc.start()
    for number in range(20_000):
        line = b"CLIENT_RANDOM %064x %096x" % (number << 128 | number << 224, number)
        assert store.add_block(body(line), big=False)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 16 << 20
    secrets = store.find(((12_345 << 128) | (12_345 << 224)).to_bytes(32, "big"))
    assert secrets is not None
    assert secrets.of("CLIENT_RANDOM") == [(12_345).to_bytes(48, "big")]
    monkeypatch.setattr("analyzer.keys.store.MOST_BROUGHT", 3_000_000)
    assert not store.add_block(body(b"#"), big=False)
    assert store.notes() == []


def test_a_secret_in_two_blocks() -> None:
    """The lines of one connection may come apart, the last of a block without an end."""
    found = recorded("ccm")
    lines = [line for line in found.key_log.splitlines() if b"EXPORTER" not in line]
    store = Store()
    for number, line in enumerate(lines, 1):
        store.add_block(body((b"\xef\xbb\xbf" if number % 2 else b"") + line), big=False)
        secrets = store.find(found.hellos.client_random)
        assert secrets is not None
        assert secrets.count == number


def test_a_capture_with_keys_needs_no_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who did not ask for it is told once how it is done, and it is no error."""
    monkeypatch.setattr(library, "installed", lambda: False)
    store = Store()
    assert not store.add_block(body(recorded("ccm").key_log), big=False)
    assert store.find(recorded("ccm").hellos.client_random) is None
    assert store.notes() == ["the capture brings keys; `pip install 'whyfetch[decrypt]'` reads what they open"]

"""Keys that a capture brings with it: in blocks at any place, alone or together with key logs."""

from __future__ import annotations

import gc
import gzip
import os
import random
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from support import recording
from support.examples import CASES
from support.incomplete import compiled
from support.recording import Frame, Recording, renumbered, shifted
from support.tls_twins import SUITES
from support.twin_rows import fetches
from support.twins import twin

from analyzer.api import Reading
from analyzer.capture.stream import RawStream
from analyzer.cli.app import run
from analyzer.output.columns import COLUMNS
from analyzer.output.row import values

Rows = list[dict[str, object]]


@cache
def secured(name: str, suite: str) -> tuple[Recording, bytes]:
    """A case inside TLS, and its keys."""
    plain = compiled(CASES[name])
    return twin(plain, fetches(plain), SUITES[suite])


def rows_of(reading: Reading) -> Rows:
    """All columns but the name of the file."""
    rows = [dict(zip(COLUMNS, values(fetch), strict=True)) for fetch in reading]
    return [{name: cell for name, cell in row.items() if name != "file"} for row in rows]


@pytest.mark.parametrize("name", ["http-status-502", "h2-rst-stream-internal-error"])
def test_secrets_of_a_connection_that_are_in_two_places(name: str, tmp_path: Path) -> None:
    """Each line in the capture or in a key log, as one likes: all of them count, and are of the log then."""
    capture, key_log = secured(name, "tls13-aes256-gcm")
    path, log = tmp_path / "x.pcapng", tmp_path / "keys"
    log.write_bytes(key_log)
    path.write_bytes(recording.pcapng(capture))
    wanted = rows_of(Reading(str(path), keylogs=[log]))
    assert {row["decrypted"] for row in wanted} == {"heads"}
    lines = key_log.splitlines(keepends=True)
    shuffled = random.Random(1)
    for _ in range(20):
        here = [line for line in lines if shuffled.random() < 0.5]
        log.write_bytes(b"".join(line for line in lines if line not in here) or b"#\n")
        path.write_bytes(recording.pcapng(capture, keys={0: b"".join(here)}))
        found = rows_of(Reading(str(path), keylogs=[log]))
        assert [row | {"keys": ""} for row in found] == [row | {"keys": ""} for row in wanted]


NAMES = ("http-status-502", "http-redirect-is-ok", "h2-rst-stream-internal-error", "t16-truncated-body")


SOON, LATE = 1, 600
"""Seconds between two connections; nobody waits so long for a retry that rows would wait for it."""


@cache
def one_after_the_other(apart: int = SOON) -> tuple[Recording, tuple[tuple[int, int, bytes], ...]]:
    """Four connections, and of each where it begins, where it ends, and its keys."""
    frames: list[Frame] = []
    parts = []
    for number, name in enumerate(NAMES):
        capture, key_log = secured(name, "tls13-aes256-gcm")
        capture = renumbered(
            shifted(capture, frames[-1].time + apart * 10**9 - capture.frames[0].time if frames else 0), number, 0
        )
        parts.append((len(frames), len(frames) + len(capture.frames), key_log))
        frames += capture.frames
    return replace(capture, frames=tuple(frames)), tuple(parts)


def by_log(tmp_path: Path, apart: int = SOON) -> Rows:
    """What the rows of the four are, by a key log."""
    capture, parts = one_after_the_other(apart)
    path, log = tmp_path / "plain.pcapng", tmp_path / "keys"
    path.write_bytes(recording.pcapng(capture))
    log.write_bytes(b"".join(key_log for _, _, key_log in parts))
    return [row | {"keys": "file"} for row in rows_of(Reading(str(path), keylogs=[log]))]


def in_file(path: Path, keys: dict[int, bytes], apart: int = SOON) -> Path:
    """The four with these keys in their midst, by the number of packets before them."""
    path.write_bytes(recording.pcapng(one_after_the_other(apart)[0], keys=keys))
    return path


def test_secrets_at_any_place(tmp_path: Path) -> None:
    """Behind the packets that they open and before others, in one block or in one for each connection."""
    wanted = by_log(tmp_path)
    causes = ["http-status-502", "", "", "http2-rst-stream-internal-error", "", "http-response-truncated"]
    assert [row["cause"] for row in wanted] == causes
    capture, parts = one_after_the_other()
    size = len(capture.frames)
    whole = b"".join(key_log for _, _, key_log in parts)
    for place in range(size + 1):
        reading = Reading(str(in_file(tmp_path / "x.pcapng", {place: whole})))
        assert rows_of(reading) == wanted
        assert reading.warnings == []
    for delay in range(0, size, 5):
        keys = dict[int, bytes]()
        for begin, _, key_log in parts:
            keys[min(begin + delay, size)] = keys.get(min(begin + delay, size), b"") + key_log
        assert rows_of(Reading(str(in_file(tmp_path / "x.pcapng", keys)))) == wanted


def test_a_file_is_read_twice_when_that_helps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not where it has no secrets, or all of them in time; once more, however many blocks come late."""
    wanted = by_log(tmp_path)
    opened: list[str] = []
    monkeypatch.setattr("analyzer.capture.files.RawStream", lambda *one: (opened.append(""), RawStream(*one))[1])
    capture, parts = one_after_the_other()
    size = len(capture.frames)
    whole = b"".join(key_log for _, _, key_log in parts)
    lines = whole.splitlines(keepends=True)
    apart = {size - 1 - number: line for number, line in enumerate(lines)}
    in_time = [({0: whole}, 1), ({size: whole}, 1)]
    behind = [({5: whole}, 2), (apart, 3), ({0: lines[0], size - 1: b"".join(lines[1:])}, 2)]
    for keys, times in (({}, 1), ({0: lines[0]}, 2), *in_time, *behind):
        opened.clear()
        rows = rows_of(Reading(str(in_file(tmp_path / "x.pcapng", keys))))
        assert len(opened) == times, keys.keys()
        assert rows == wanted or sum(map(len, keys.values())) < len(whole)


@pytest.mark.parametrize("cut", range(4))
def test_rows_that_have_left_before_their_keys_came(cut: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They stay what they are, and a warning says so; all rows come once, in order, and the others are read."""
    monkeypatch.setattr(Reading, "_batch", lambda _: (1,))
    wanted = by_log(tmp_path, LATE)
    sealed = rows_of(Reading(str(in_file(tmp_path / "x.pcapng", {}, LATE))))
    _, parts = one_after_the_other(LATE)
    whole = b"".join(key_log for _, _, key_log in parts)
    reading = Reading(str(in_file(tmp_path / "x.pcapng", {parts[cut][1] - 1: whole}, LATE)))
    upto = parts[cut][0]
    told = [row for row in sealed if int(str(row["first_packet"])) <= upto]
    told += [row for row in wanted if int(str(row["first_packet"])) > upto]
    assert rows_of(reading) == [row | {"fetch": number} for number, row in enumerate(told, 1)]
    late = "" if cut == 0 else "one connection" if cut == 1 else f"{cut} connections"
    notes = [f"the keys of {late} came behind their packets; `--keylog` reads them in time"] if late else []
    assert reading.warnings == notes


def test_written_rows_come_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is printed is the same where the keys of two stand before them, and where rows of others have left then."""
    monkeypatch.setattr(Reading, "_batch", lambda _: (1,))
    _, parts = one_after_the_other(LATE)
    printed = []
    for place in (parts[2][0], parts[2][1] - 1):
        keys = {place: parts[2][2] + parts[3][2]}
        run(["classify", "-q", "--format", "csv", str(in_file(tmp_path / "x.pcapng", keys, LATE))])
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert printed[0].count("\n") == 1 + 5
    assert printed[0].count(",heads,file") == 3


def test_files_one_behind_the_other(tmp_path: Path) -> None:
    """A file of several sections, each with its keys at its end."""
    whole = b""
    for name in NAMES:
        capture, key_log = secured(name, "tls13-aes256-gcm")
        whole += recording.pcapng(capture, keys={len(capture.frames): key_log})
    path = tmp_path / "x.pcapng"
    path.write_bytes(whole)
    reading = Reading(str(path))
    assert {row["decrypted"] for row in rows_of(reading)} == {"heads"}


@pytest.mark.parametrize("at", [0, 1])
def test_a_rotated_set(at: int, tmp_path: Path) -> None:
    """The keys stand in one of two files that a capture was written to, before the packets of it or behind some."""
    capture, key_log = secured("http-status-502", "tls13-aes256-gcm")
    middle = len(capture.frames) // 2
    parts = capture.frames[:middle], capture.frames[middle:]
    for number, frames in enumerate(parts):
        keys = {0: key_log} if number == at else {}
        path = tmp_path / f"x_{number + 1:05}_20260101000000.pcapng"
        path.write_bytes(recording.pcapng(replace(capture, frames=frames), keys=keys))
    reading = Reading(str(tmp_path))
    assert [row["cause"] for row in rows_of(reading)] == ["http-status-502"]
    assert reading.captures == 1
    assert not reading.warnings


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: data], ids=["gzip", "plain"])
def test_a_stream_is_read_once(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    """Out of a pipe keys have to come in time, as a warning says; a compressed file is read again as others are."""
    _, parts = one_after_the_other()
    whole = b"".join(key_log for _, _, key_log in parts)
    path = in_file(tmp_path / "x.pcapng", {parts[1][0]: whole})
    path.write_bytes(pack(path.read_bytes()))
    assert rows_of(Reading(str(path))) == by_log(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(path.read_bytes(),))
    writer.start()
    reading = Reading(str(tmp_path / "pipe"))
    assert [row["decrypted"] for row in rows_of(reading)] == ["no", *["heads"] * 5]
    writer.join()
    assert len(reading.warnings) == 1
    assert "one connection came behind their packets" in reading.warnings[0]


def test_a_row_says_what_would_open_it(tmp_path: Path) -> None:
    """What cannot be seen without keys names the option that takes them."""
    rows = rows_of(Reading(str(in_file(tmp_path / "x.pcapng", {}))))
    assert [str(row["summary"]).partition("what it said ")[2] for row in rows if "opaque" in str(row["flags"])] == [
        "cannot be seen without keys (`--keylog`)."
    ] * len(NAMES)


@pytest.mark.parametrize("place", [0, 5], ids=["in time", "late"])
def test_nothing_stays_open(place: int, tmp_path: Path) -> None:
    """Captures and key logs are released with the reading, not when the collector finds them."""
    _, parts = one_after_the_other()
    whole = b"".join(key_log for _, _, key_log in parts)
    path, log = in_file(tmp_path / "x.pcapng", {place: whole}), tmp_path / "keys"
    log.write_bytes(parts[1][2])

    def opened() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    gc.collect()
    gc.disable()
    try:
        before = opened()
        for _ in range(10):
            rows_of(Reading(str(path), keylogs=[log]))
        assert opened() == before
    finally:
        gc.enable()

"""Keys that a capture brings with it: in blocks at any place, alone or together with key logs."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import pytest
from support import recording
from support.examples import CASES
from support.incomplete import compiled
from support.recording import Recording
from support.tls_twins import SUITES
from support.twin_rows import fetches
from support.twins import twin

from analyzer.api import Reading
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

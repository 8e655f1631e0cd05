"""With keys, whatever a capture lacks, what it says of confidence `high` is true."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from zlib import crc32

import pytest
from support.examples import CASES, KEYED, sample
from support.incomplete import compiled, cut_to
from support.losses import harmed, in_pieces, neighbours, single, without
from support.recording import Recording
from support.rows import Row, rows
from support.tls_twins import SUITES
from support.twin_rows import fetches
from support.twins import NoTwin, twin
from support.violations import Truth, violations

NAMES = [name for name in CASES if name.startswith(("http-", "h2-", "rst-", "t1", "websocket-"))]
KEPT = 0.8


@cache
def outside(whole: Recording) -> set[tuple[str, str]]:
    """What is told of the whole capture without its keys: that is true, too."""
    return {(row.klass, row.cause) for row in rows(replace(whole, secrets=b""))}


def wrong(truth: Truth, changed: Recording, key_log: bytes, word: str) -> list[str]:
    """What a harmed capture is sure of, and the whole one belies."""
    said = [one for one in violations(truth, changed, rows(changed, key_log), word) if one.after.confidence == "high"]
    return [f"{one.what}: {one.after}" for one in said if not seen_outside(truth.whole, one.after)]


def seen_outside(whole: Recording, row: Row) -> bool:
    """Whether it is told without keys, of a connection whose keys could open no more."""
    return not row.opened and (row.klass, row.cause) in outside(whole)


@pytest.mark.parametrize("name", sorted(KEYED))
def test_a_harmed_sample_is_sure_of_nothing_wrong(name: str) -> None:
    """Recorded TLS: packets, neighbours, an end or a direction missing; packets cut short, twice, or swapped."""
    truth = Truth(sample(name))
    found = [f"{what}: {one}" for what, word, left in harmed(sample(name)) for one in wrong(truth, left, b"", word)]
    assert not found


@pytest.mark.parametrize("size", [400, 600, 1000])
def test_most_is_told_by_the_first_bytes_of_packets(size: int) -> None:
    """Records are cut, and read as far as they go: four in five fetches keep class and cause."""
    whole = [(row.ends, row.klass, row.cause) for name in KEYED for row in rows(sample(name)) if row.kind == "fetch"]
    left = [(row.ends, row.klass, row.cause) for name in KEYED for row in rows(cut_to(sample(name), size))]
    assert sum((Counter(whole) & Counter(left)).values()) > KEPT * len(whole)


@cache
def twin_in_pieces(name: str, suite: str, seed: int) -> tuple[Recording, bytes] | None:
    """The twin of a case whose segments came in pieces, before it was encrypted and behind that."""
    plain = in_pieces(compiled(CASES[name]), seed)
    try:
        inside, key_log = twin(plain, fetches(plain), SUITES[suite])
    except NoTwin:
        return None
    return in_pieces(inside, seed), key_log


@pytest.mark.parametrize("name", NAMES)
def test_a_harmed_twin_is_sure_of_nothing_wrong(name: str) -> None:
    """Records over several segments, messages over several records: any packet, or two neighbours, are missing."""
    seed = crc32(name.encode())
    made = twin_in_pieces(name, list(SUITES)[seed % len(SUITES)], seed)
    if made is None:
        return
    whole, key_log = made
    truth = Truth(whole, key_log)
    losses = [*single(whole), *neighbours(whole)]
    found = [f"without {what}: {one}" for what, left in losses for one in wrong(truth, left, key_log, "loss")]
    assert not found


def test_two_gigabytes_that_were_not_captured() -> None:
    """The SYN-ACK of a connection on the same ports is missing: its numbers are far from those of the one before."""
    case = compiled(CASES["port-reuse-without-fin-syn-not-captured"])
    whole, key_log = twin(case, fetches(case), SUITES["tls13-aes256-gcm"])
    left = without(whole, {10})
    assert "ok" in [row.klass for row in rows(left, key_log)]

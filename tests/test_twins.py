"""With keys, a failure inside TLS gets the row of the same failure in plain HTTP: each capture against its twin.

The twin has the same packets at the same times, with a real handshake and real records in them (support/twins.py).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from support.examples import CASES, SAMPLE_NAMES, SAMPLES, sample
from support.incomplete import compiled
from support.recording import Recording
from support.tls_twins import SUITES
from support.twin_rows import IN_RECORDS, Cells, cells, differences, fetches
from support.twins import NoTwin, twin

from analyzer.fetch.model import Fetch

NAMES = [*CASES, *(name for name in SAMPLE_NAMES if (SAMPLES / name).is_file())]

NO_TWIN = {
    "answer-by-another-way-is-one-direction": "one direction alone",
    "capture-disordered-by-milliseconds": "packets out of order at the beginning",
    "capture-lacks-its-middle": "it is too long",
    "capture-lacks-its-middle-both-ways": "it is too long",
    "capture-lacks-its-middle-data-first": "it is too long",
    "fast-open-refused-then-ok": "bytes in a SYN",
    "final-ack-lost-at-the-server-is-a-full-accept-queue": "the server never took the connection",
    "final-ack-lost-deferred-accept": "the server never took the connection",
    "one-direction-only": "one direction alone",
    "port-refused-reuse-both-syns-not-captured": "the beginning is missing: no hello either",
    "port-reuse-server-holds-the-old-one": "packets out of order at the beginning",
    "syn-challenge-ack-then-recovers": "packets out of order at the beginning",
    "t06-final-ack-lost": "the server never took the connection",
    "incomplete/direction-missing.pcap": "one direction alone",
    "syn-retransmit/curl-final-ack-lost.pcap": "the server never took the connection",
}
"""Of plain HTTP; TLS could not have come so far, or the capture is none for this test."""

EXPLAINED = {
    **IN_RECORDS,
    "http-answer-lost-told-by-the-next-number": ("evidence", "the last bytes of the server that came are cited"),
}
"""Columns that differ, and why."""

PADDED = {
    "http-head-cut-and-less-than-announced": "summary",
    "h2-capture-loss-inside-a-body-is-no-failure": "*",
    "h2-capture-loss-inside-a-header-block-is-incomplete": "*",
}
"""What may differ besides where lengths tell to within a block how much was lost (CBC); `*` = it is incomplete."""


@cache
def plain(name: str) -> tuple[Recording, list[Fetch], list[Cells]]:
    """A capture and its rows."""
    capture = compiled(CASES[name]) if name in CASES else sample(name)
    found = fetches(capture) if capture.frames else []
    return capture, found, cells(capture, found)


def twin_or_reason(*what: Any) -> tuple[Any, str]:
    """A twin and its keys, or None and why there is none."""
    try:
        return twin(*what), ""
    except NoTwin as reason:
        return None, str(reason)


@pytest.mark.parametrize("name", NAMES)
def test_a_twin_has_the_row_of_its_plain_one(name: str) -> None:
    """Class, cause, confidence, flags, status, method, target, proof, times, words: all that is not TLS itself."""
    capture, found, rows = plain(name)
    differ: set[str] = set()
    may = set(EXPLAINED.get(name, ("", ""))[0].split())
    for suite in SUITES.values():
        made, why_not = twin_or_reason(capture, found, suite)
        if made is None:
            assert why_not == NO_TWIN.get(name, "no plain HTTP")
            return
        inside, key_log = made
        wrong = differences(rows, cells(inside, fetches(inside, key_log)))
        padded = set() if suite.counts else set(PADDED.get(name, "").split())
        if "*" in padded:
            assert wrong["class"]
            assert all("incomplete" in text for text in wrong["class"])
            continue
        assert set(wrong) <= may | padded, (suite.name, wrong)
        differ |= set(wrong) & may
    assert differ == may


def test_there_are_many_twins() -> None:
    """A third of all cases and samples speaks plain HTTP, and of these nearly all have a twin."""
    spoken = [name for name in NAMES if {"http", "h2c"} & {fetch.protocol for fetch in plain(name)[1]}]
    assert len(spoken) > len(NAMES) / 3
    assert len(NO_TWIN) < len(spoken) / 20


@pytest.mark.parametrize("name", ["http-status-502", "t16-truncated-body", "h2-rst-stream-internal-error"])
def test_without_keys_a_twin_is_opaque(name: str) -> None:
    """The twins are what they are meant to be: nothing of the verdict is seen from outside."""
    capture, found, _ = plain(name)
    inside, _ = twin(capture, found, SUITES["tls13-aes256-gcm"])
    assert {fetch.status for fetch in fetches(inside)} == {0}
    assert all(fetch.protocol == "tls" for fetch in fetches(inside))

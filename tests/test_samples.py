"""The shipped captures: each fetch gets the verdict that is true by construction (samples/expected.csv)."""

from __future__ import annotations

import csv
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

import analyzer
from analyzer import Fetch

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
CLASSES = ("syn-retransmit", "rst", "tls-stall", "tls-failure", "http-failure", "dns-failure", "ok", "incomplete")
LARGEST = 200_000
LOOKS_BAD = (
    "ok/curl-syn-recovered.pcap",
    "ok/python-server-resets-after-response.pcap",
    "ok/python-client-resets-after-response.pcap",
    "ok/curl-slow-tls-handshake.pcap",
    "ok/curl-segments-lost.pcap",
    "ok/curl-clienthello-lost-once.pcap",
    "ok/python-half-close.pcap",
    "ok/python-keepalive-idle-close.pcap",
)


def expected() -> dict[str, list[dict[str, str]]]:
    with (SAMPLES / "expected.csv").open(newline="") as lines:
        by_file = defaultdict(list)
        for row in csv.DictReader(lines):
            by_file[row["file"]].append(row)
    return dict(by_file)


EXPECTED = expected()


@cache
def read(name: str) -> list[Fetch]:
    return list(analyzer.read(SAMPLES / name))


def shipped() -> set[str]:
    return {str(path.relative_to(SAMPLES)) for name in CLASSES for path in (SAMPLES / name).iterdir()}


@pytest.mark.parametrize("name", EXPECTED)
def test_verdicts_are_what_was_built(name: str) -> None:
    """Class, cause, host and what is missing agree for every fetch, and there are as many fetches as were made."""
    rows = EXPECTED[name]
    found = [(fetch.number, fetch.verdict.klass, fetch.verdict.cause, fetch.verdict.missing) for fetch in read(name)]
    assert found == [(int(row["fetch"]), row["class"], row["cause"], row["missing"]) for row in rows]


@pytest.mark.parametrize("name", EXPECTED)
def test_names_are_what_the_wire_says(name: str) -> None:
    """The host that the client named in SNI, Host or CONNECT is the fetch's name."""
    wanted = [row["name"] for row in EXPECTED[name]]
    found = [fetch.name.split(":")[0] if row else "" for fetch, row in zip(read(name), wanted, strict=True)]
    assert found == wanted


def test_every_sample_is_listed_and_every_listed_sample_is_there() -> None:
    """expected.csv and the folders hold the same names."""
    assert shipped() == set(EXPECTED)


def test_samples_are_small() -> None:
    """No capture is over 200 kB."""
    sizes = {path: path.stat().st_size for path in SAMPLES.rglob("*.pcap*")}
    assert len(sizes) >= 20
    assert [path for path, size in sizes.items() if size >= LARGEST] == []


@pytest.mark.parametrize("klass", [name for name in CLASSES if name != "ok"])
def test_every_class_has_two_causes(klass: str) -> None:
    """At least two samples of the class have different causes (what is missing, for `incomplete`)."""
    causes = {row["cause"] or row["missing"] for rows in EXPECTED.values() for row in rows if row["class"] == klass}
    assert len(causes) >= 2


def test_ok_samples_that_look_bad_are_there() -> None:
    """Retransmitted SYNs, resets after the response, slow handshakes and losses are `ok`, and nothing but."""
    for name in LOOKS_BAD:
        assert {row["class"] for row in EXPECTED[name]} == {"ok"}

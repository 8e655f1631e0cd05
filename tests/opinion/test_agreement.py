"""Wireshark and whyfetch read the same in every case and every sample, but for what is known and explained."""

from __future__ import annotations

import os

import pytest
from opinion.conftest import Asked
from support.timeline import Timeline

from analyzer.api import Reading
from analyzer.capture import expand
from analyzer.opinion.check import opinions
from analyzer.opinion.facts import Stated
from analyzer.opinion.fields import labels
from analyzer.opinion.known import KNOWN
from analyzer.opinion.wireshark import Wireshark

pytestmark = pytest.mark.tshark


def test_cases_have_no_unexplained_difference(of_cases: Asked) -> None:
    """Flags, numbers, lengths, what is sent again, TLS, HTTP, DNS and ICMP: all the same."""
    assert of_cases.unexplained() == []
    assert sum(opinion.asked for opinion in of_cases.opinions) > 9000


def test_samples_have_no_unexplained_difference(of_samples: list[Asked]) -> None:
    """The same of real captures, of both link types."""
    assert [text for one in of_samples for text in one.unexplained()] == []
    assert sum(opinion.asked for one in of_samples for opinion in one.opinions) > 4000


def test_the_packets_that_cases_cite_are_what_they_say(of_cases: Asked, cases: list[tuple[str, Timeline]]) -> None:
    """Each word of the evidence below a case fits its packet; a ClientHello that ends later is payload there."""
    offset, wrong = 0, []
    for name, case in cases:
        for packet, what in (item for expected in case.expected for item in expected.evidence):
            row = of_cases.rows[offset + packet]
            words = labels(row)
            later = what == "client-hello" and "data" in words and "1" not in row.get("tls.handshake.type", [])
            if what not in words and not later:
                wrong.append(f"{name}: packet {packet} is no {what}: {row}")
        offset += len(case.packets)
    assert wrong == []


def test_no_compiled_frame_is_malformed_unawares(of_cases: Asked, cases: list[tuple[str, Timeline]]) -> None:
    """The builder of the cases makes what Wireshark can read, DNS that is meant to be broken apart."""
    kinds = [packet.kind for _, case in cases for packet in case.packets]
    broken = [number for number, row in of_cases.rows.items() if "_ws.malformed" in row["frame.protocols"][-1]]
    assert [of_cases.where(number) for number in broken if kinds[number - 1] != "udp"] == []


def test_every_known_difference_is_still_seen(of_cases: Asked, of_samples: list[Asked]) -> None:
    """What Wireshark no longer says otherwise is no known difference: it would hide a new one."""
    seen = of_cases.known().union(*(one.known() for one in of_samples))
    assert {one.id for one in KNOWN} - seen == set()


def test_known_differences_name_facts_and_reasons() -> None:
    """Each has facts that are compared, and two whole sentences at least."""
    from analyzer.opinion.fields import FACTS

    assert [one.id for one in KNOWN if not set(one.kinds) <= FACTS.keys()] == []
    assert [one.id for one in KNOWN if not (one.differs.endswith(".") and one.reason.endswith("."))] == []


@pytest.mark.skipif("WHYFETCH_CAPTURES" not in os.environ, reason="WHYFETCH_CAPTURES names no folder with captures")
def test_real_captures_have_no_unexplained_difference(wireshark: Wireshark) -> None:
    """Every capture below WHYFETCH_CAPTURES, each by itself."""
    wrong = []
    for source in expand([os.environ["WHYFETCH_CAPTURES"]]):
        stated = [Stated(fetch) for fetch in Reading(source.paths, kinds=True)]
        for opinion in opinions(wireshark, source, stated):
            wrong += [f"{source.name}, {opinion.stated.name}: {item}" for item in opinion.unexplained]
    assert wrong == []

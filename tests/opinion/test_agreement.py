"""Wireshark and whyfetch read the same in every case and every sample, but for what is known and explained."""

from __future__ import annotations

import os
from collections.abc import Callable
from copy import copy
from pathlib import Path

import pytest
from opinion.conftest import Asked, asked
from support import transform
from support.expected import expected

from analyzer.api import Reading
from analyzer.capture import expand
from analyzer.opinion.check import opinions
from analyzer.opinion.compare import compare
from analyzer.opinion.facts import Stated
from analyzer.opinion.fields import FACTS, Value, labels
from analyzer.opinion.known import KNOWN
from analyzer.opinion.wireshark import Wireshark
from analyzer.pkt.build import pcap
from analyzer.pkt.model import Timeline
from analyzer.pkt.timeline import parse

HELLO = """
  0.000 > S  0:0(0)
  0.020 < S. 0:0(0) ack 1
  0.020 > .  1:1(0) ack 1
  0.021 > P. 1:518(517) ack 1 tls client_hello sni NAME
  0.041 < R. 1:1(0) ack 518
"""

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
        for packet, what in (item for wanted in expected(case) for item in wanted.evidence):
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


def test_every_known_difference_is_still_seen(wireshark: Wireshark, of_cases: Asked, of_samples: list[Asked]) -> None:
    """What Wireshark no longer says otherwise is no known difference: it would hide a new one."""
    major, minor, _ = map(int, wireshark.version.split("."))
    seen = of_cases.known().union(*(one.known() for one in of_samples))
    assert {one.id for one in KNOWN if one.since <= (major, minor)} - seen == set()


CHANGED: dict[str, Callable[[Timeline], Timeline]] = {
    "without the second packet": lambda case: transform.without(case, {1}),
    "without the fourth": lambda case: transform.without(case, {3}),
    "captured twice": transform.mirrored,
}


@pytest.mark.parametrize("change", CHANGED)
def test_changed_cases_have_no_unexplained_difference(
    wireshark: Wireshark, cases: list[tuple[str, Timeline]], tmp_path: Path, change: str
) -> None:
    """What captures and mirrors do to connections makes no difference either."""
    changed = [(name, CHANGED[change](case)) for name, case in cases]
    path = tmp_path / "changed.pcap"
    path.write_bytes(transform.one_capture([case for _, case in changed]))
    found = asked(wireshark, path, [(name, len(case.packets)) for name, case in changed])
    assert found.unexplained() == []


@pytest.mark.parametrize("kind", FACTS)
def test_a_wrong_fact_is_found(of_cases: Asked, kind: str) -> None:
    """Whichever fact we got wrong, Wireshark would say otherwise, and no known difference would hide it."""
    found = 0
    for opinion in of_cases.opinions:
        stated = copy(opinion.stated)
        facts = [fact for fact in opinion.stated.all(of_cases.cut.marked) if fact.kind == kind]
        stated.all = lambda _, facts=facts: [fact._replace(ours=wrong(fact.ours)) for fact in facts]
        judged = compare(stated, of_cases.cut, of_cases.rows)
        assert judged.agreed == 0, facts
        found += len(judged.unexplained)
    assert found > 0


def wrong(value: Value) -> Value:
    """Something else of the same kind."""
    if isinstance(value, str):
        return {"retransmission": "keep-alive", "new": "keep-alive"}.get(value, "dns-answer" * (value != "dns-answer"))
    return value + 1 if isinstance(value, int) else (99, 98)


def test_known_differences_name_facts_and_reasons() -> None:
    """Each has facts that are compared, and two whole sentences at least."""
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


@pytest.mark.parametrize("name", ["xn--bcher-kva.example", "b\\xc3\\xbccher.example", "\\xff\\xfe", "a\\x1b[31m"])
def test_server_names_of_any_bytes(wireshark: Wireshark, tmp_path: Path, name: str) -> None:
    """What is no host name is read the same, and shown so that it cannot speak to a terminal."""
    path = tmp_path / "name.pcap"
    raw = name.encode().decode("unicode_escape").encode("latin-1")
    path.write_bytes(pcap(parse(HELLO.replace("NAME", "n" * len(raw)))).replace(b"n" * len(raw), raw))
    (source,) = expand([str(path)])
    (opinion,) = opinions(wireshark, source, [Stated(fetch) for fetch in Reading([str(path)], kinds=True)])
    assert opinion.unexplained == []
    assert any(fact.kind == "sni" for fact in opinion.stated.facts)

"""A tunnel or a tag around every packet changes no verdict."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from support import transform
from support.examples import CASES
from support.judge import Found, found

from analyzer.pkt.build import frames, pcap
from analyzer.pkt.model import Timeline

EVERY = (
    *("vxlan", "vxlan 8472", "vxlan 31337", "vxlan-gpe", "vxlan-gpe 31337", "geneve", "gtpu", "gtpu 1", "gtpu 3"),
    *("l2tp", "l2tp 1", "l2tp3", "l2tp3 4", "l2tp3 8", "l2tp3-udp", "l2tp3-udp 4", "gre", "gre-udp", "mpls-udp"),
    *("erspan 1", "erspan 2", "erspan 3", "pbb", "etag", "vntag", "hsr", "cmd", "macsec", "qinq", "pppoe", "pppoe 6"),
    *("ah", "nsh"),
)
"""Each tunnel and tag, with its variants."""
WHOLE = [name for name, case in CASES.items() if not case.snaplen and case.link == "ethernet"]
"""The header of a tunnel would push payload beyond a snap length; and some links carry IP alone."""
CORE = ("ok-plain", "t01b-syn-black-hole-nothing-else-captured", "opaque-ok", "icmp-admin-prohibited")
EACH = 3
"""Encapsulations that every case is tried in."""

before = {name: found(CASES[name]) for name in WHOLE}


def padded(case: Timeline, words: tuple[str, ...]) -> bool:
    """Whether the padding that a modem adds would hide what the case is about."""
    return "pppoe 6" in words and any(packet.cut is not None for packet in case.packets)


def inside(name: str, words: tuple[str, ...]) -> list[Found]:
    return found(replace(CASES[name], encap=words))


@pytest.mark.parametrize("number", range(len(WHOLE)))
def test_every_case_in_some_tunnels(number: int) -> None:
    """Class, cause, confidence, flags and evidence are the same."""
    name = WHOLE[number]
    for step in range(EACH):
        words = (EVERY[(number * EACH + step) % len(EVERY)],)
        if not padded(CASES[name], words):
            assert inside(name, words) == before[name], words


@pytest.mark.parametrize("word", EVERY)
def test_every_tunnel_around_some_cases(word: str) -> None:
    """IPv4 and IPv6, TCP, DNS and ICMP."""
    for name in [name for name in WHOLE if name.startswith(("ok-", "dns-", "icmp-"))][::4]:
        if not padded(CASES[name], (word,)):
            assert inside(name, (word,)) == before[name], name
        if transform.has_ipv6_form(CASES[name]) and word != "pppoe 6":
            assert found(replace(transform.over_ipv6(CASES[name]), encap=(word,))) == before[name], name


@pytest.mark.parametrize("seed", range(12))
def test_tunnels_in_tunnels(seed: int) -> None:
    """Two around each other."""
    chosen = random.Random(seed)
    words = (chosen.choice(EVERY), chosen.choice([word for word in EVERY if not word.startswith("pppoe")]))
    for name in chosen.sample(WHOLE, 3):
        if not padded(CASES[name], words):
            assert inside(name, words) == before[name], (name, words)


@pytest.mark.parametrize("word", EVERY)
def test_cut_and_damaged_frames_raise_nothing(word: str) -> None:
    """Any snap length, and any byte changed."""
    case = replace(CASES[WHOLE[0]], encap=(word,))
    for snaplen in range(0, 150, 7):
        found(replace(case, snaplen=snaplen + 1))
    data = bytearray(pcap(case))
    chosen = random.Random(word)
    for _ in range(20):
        broken = bytearray(data)
        at = 24
        for _, frame, _ in frames(case):  # record headers stay
            broken[at + 16 + chosen.randrange(len(frame))] = chosen.randrange(256)
            at += 16 + len(frame)
        found(case, bytes(broken))

"""One segment that its receiver would drop changes no verdict (RFC 9293 3.10.7.4, RFC 5961 3 to 5)."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from support.examples import CASES
from support.judge import judge

from analyzer.pkt.build import pcap
from analyzer.pkt.model import ACK, FLAG_BITS, RST, SYN, Timeline, TimelinePacket

FAR = 700_000_000
"""Bytes: outside of every window that a case has, and further than any of its streams."""
FIN = FLAG_BITS["F"]


def forged(kind: str, like: TimelinePacket, acked: int) -> TimelinePacket:
    """A segment under the address of the sender of `like`, outside the window of its peer."""
    packet = replace(like, data=b"", sacks=(), stamps=None, fast_open=False, cut=None, ip_id=31, origin=0, win=None)
    match kind:
        case "reset":
            return replace(packet, flags=RST, seq=like.seq + FAR, ack=None)
        case "reset-ack":
            return replace(packet, flags=RST | ACK, seq=like.seq - FAR, ack=acked)
        case "ack":
            return replace(packet, flags=ACK, ack=acked + FAR)
        case "old-ack":
            return replace(packet, flags=ACK, ack=acked - FAR)
        case "bytes":
            return replace(packet, flags=ACK, seq=like.seq + FAR, ack=acked, data=b"GET / HTTP/1.1\r\n\r\n")
        case "fin":
            return replace(packet, flags=FIN | ACK, seq=like.seq + FAR, ack=acked)
        case "old-fin":
            return replace(packet, flags=FIN | ACK, seq=like.seq - FAR, ack=acked)
        case _:
            return replace(packet, flags=SYN, seq=like.seq + FAR, ack=None)


KINDS = ("reset", "reset-ack", "ack", "old-ack", "bytes", "fin", "old-fin", "syn")


def places(case: Timeline) -> list[int]:
    """Where a connection of the case is made and goes on: both sides were heard behind the handshake, and not reset."""
    found, heard = [], {}
    for at, packet in enumerate(case.packets):
        if packet.kind != "tcp":
            continue
        state = heard.setdefault(packet.talk, set())
        state.add("reset" if packet.flags & RST else "syn" if packet.flags & SYN else packet.side)
        later = {(one.talk, one.side) for one in case.packets[at + 1 :] if one.kind == "tcp" and not one.flags & RST}
        lives = {(packet.talk, 0), (packet.talk, 1)} <= later
        if {"syn", 0, 1} <= state and "reset" not in state and lives and not packet.flags & SYN:
            found.append(at)
    return found


def single(case: Timeline) -> bool:
    """Whether it has one connection from its beginning on, whole, by a clock that was not set back."""
    ends = {(talk.addresses, talk.ports) for talk in case.talks.values()}
    times = [packet.time for packet in case.packets]
    whole = all(packet.cut is None for packet in case.packets) and not case.snaplen
    return len(ends) == len(case.talks) and times == sorted(times) and whole


DISORDERED = "capture-disordered-by-milliseconds"
"""Its own SYN comes late in the file, behind the data: a forged one before it cannot be told from it."""
LIVING = [name for name, case in CASES.items() if places(case) and single(case)]


def verdicts(case: Timeline) -> list[tuple[str, str, str]]:
    return [(one.verdict.klass, one.verdict.cause, one.verdict.missing) for one in judge(pcap(case))]


@pytest.mark.parametrize("name", LIVING)
def test_what_its_receiver_drops_changes_nothing(name: str) -> None:
    """A reset, ACK, byte, FIN or SYN far outside the window, from either side, in a connection that goes on."""
    case = CASES[name]
    wanted = verdicts(case)
    dice = random.Random(name)
    for kind in KINDS:
        if (kind, name) == ("syn", DISORDERED):
            continue
        for side in (0, 1):
            at = dice.choice(places(case))
            talk = case.packets[at].talk
            own = [one for one in case.packets[: at + 1] if (one.talk, one.side) == (talk, side) and one.kind == "tcp"]
            peer = [one for one in case.packets[: at + 1] if (one.talk, one.side) == (talk, 1 - side)]
            acked = max(one.seq + len(one.data) for one in peer)
            noise = replace(forged(kind, own[-1], acked), time=case.packets[at].time)
            packets = [*case.packets[: at + 1], noise, *case.packets[at + 1 :]]
            assert verdicts(case.with_packets(packets)) == wanted, f"{kind} of side {side} behind packet {at + 1}"

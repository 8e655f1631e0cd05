"""`tcp_stream` is the number of Wireshark 4.0 for the same file; a row's filter can be pasted into any version.

With a newer tshark it is compared by which rules it counts, and our numbers with what 4.0's rules make of its segments.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import pytest
from support import transform

import analyzer
from analyzer.output.words import wireshark_filter
from analyzer.pkt.build import frames, pcap
from analyzer.pkt.model import Timeline
from analyzer.pkt.timeline import load

pytestmark = [
    pytest.mark.tshark,
    pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed (apt-get install tshark)"),
]

CASE_FOLDER = Path(__file__).parents[1] / "cases"
PATHS = sorted(CASE_FOLDER.glob("*.pkt"))
CASES = [load(path) for path in PATHS]
CAPTURES = sorted(Path(os.environ["WHYFETCH_CAPTURES"]).rglob("*.pcap*")) if "WHYFETCH_CAPTURES" in os.environ else []


FIELDS = (
    "ip.src",
    "ipv6.src",
    "ip.dst",
    "ipv6.dst",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.flags",
    "tcp.seq_raw",
    "tcp.ack_raw",
)


@dataclass(frozen=True)
class Segment:
    """What Wireshark numbers streams by, and the number that the tshark here gave."""

    frame: int
    source: tuple[str, str]
    target: tuple[str, str]
    flags: int
    seq: int
    ack: int
    stream: int


def segments(capture: Path) -> list[Segment]:
    """The TCP segments of a capture (not those that an ICMP error quotes)."""
    command = [
        "tshark",
        "-n",
        "-r",
        str(capture),
        "-Y",
        "tcp && !icmp && !icmpv6",
        "-T",
        "fields",
        "-E",
        "occurrence=l",
    ]
    for field in ("frame.number", "tcp.stream", *FIELDS):
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    found = []
    for line in done.stdout.splitlines():
        frame, stream, v4, v6, to_v4, to_v6, port, to_port, flags, seq, ack = line.split("\t")
        ends = (v4 or v6, port), (to_v4 or to_v6, to_port)
        found.append(Segment(int(frame), *ends, int(flags or "0", 16), int(seq or 0), int(ack or 0), int(stream)))
    return found


RST_FIN, SYN, SYN_ACK = 0x05, 0x02, 0x12


class Stream:
    """One of Wireshark's: the number that each end began with, and whether a RST or FIN was seen."""

    def __init__(self) -> None:
        self.bases: dict[tuple[str, str], int] = {}
        self.over = False

    def begins_anew(self, one: Segment, rules: frozenset[str]) -> bool:
        """Whether a segment is the first of another stream (packet-tcp.c, dissect_tcp)."""
        if one.source not in self.bases or one.flags & SYN_ACK not in (SYN, SYN_ACK):
            return False
        if one.flags & SYN_ACK == SYN:
            return one.seq != self.bases[one.source] or ("syn" in rules and self.over)
        if "syn-ack" in rules:
            return one.seq != self.bases[one.source] or self.over
        self.bases[one.source] = one.seq
        return False

    def add(self, one: Segment) -> None:
        """Learn from it."""
        self.bases.setdefault(one.source, one.seq if one.flags & SYN else one.seq - 1)
        if one.flags & 0x10:
            self.bases.setdefault(one.target, one.ack - 1)
        self.over = self.over or one.flags & RST_FIN != 0


OLD = frozenset[str]()
RULES = (OLD, frozenset({"syn"}), frozenset({"syn", "syn-ack"}))
"""Of 4.0; and what newer ones count besides: a SYN, or a SYN-ACK, behind a RST or FIN, and a SYN-ACK's number."""


def counted(found: Iterable[Segment], rules: frozenset[str]) -> dict[int, int]:
    """Frame number to tcp.stream as a version with these rules counts."""
    numbers: dict[int, int] = {}
    newest: dict[frozenset[tuple[str, str]], tuple[int, Stream]] = {}
    streams = count()
    for one in found:
        ends = frozenset((one.source, one.target))
        if ends not in newest or newest[ends][1].begins_anew(one, rules):
            newest[ends] = next(streams), Stream()
        number, stream = newest[ends]
        stream.add(one)
        numbers[one.frame] = number
    return numbers


def wireshark_streams(capture: Path) -> dict[int, int]:
    """Frame number to tcp.stream as 4.0 counts; the tshark here must count by rules that are known."""
    found = segments(capture)
    theirs = {one.frame: one.stream for one in found}
    assert theirs in [counted(found, rules) for rules in RULES], "this tshark counts by other rules"
    return counted(found, OLD)


def ours(capture: Path) -> dict[int, int]:
    """First packet of each connection to our number of it; also of SYNs that opened none, but count for Wireshark."""
    connections = {id(fetch.connection): fetch.connection for fetch in analyzer.read(str(capture), kinds=True)}
    splits = {packet: stream for one in connections.values() for stream, packet in one.splits}
    return splits | {one.first_packet: one.stream for one in connections.values() if one.stream >= 0}  # -1: DNS


def compare(capture: Path) -> None:
    theirs = wireshark_streams(capture)
    first = {}
    for number, stream in theirs.items():
        first.setdefault(stream, number)
    newest_first = sorted(ours(capture).items(), reverse=True)  # without its SYN a connection shares the one before
    assert {stream: number for number, stream in newest_first} == first


def test_all_cases_one_after_the_other(tmp_path: Path) -> None:
    """Each case's connections get the next numbers, port reuse and half-open ones included."""
    capture = tmp_path / "all.pcap"
    capture.write_bytes(transform.one_capture(CASES))
    compare(capture)


def test_all_cases_at_the_same_time(tmp_path: Path) -> None:
    """Interleaved connections are numbered by their first packets."""
    spread = [transform.renumbered(case, i + 1, 0) for i, case in enumerate(CASES)]
    together: Timeline = transform.mixed(*spread)
    capture = tmp_path / "mixed.pcap"
    capture.write_bytes(pcap(together))
    compare(capture)


def test_a_syn_with_the_same_isn_after_a_reset(tmp_path: Path) -> None:
    """A refused SYN that is sent again with its old ISN stays in its stream; with another ISN it is a new one."""
    cases = {path.stem: load(path) for path in (Path(__file__).parents[1] / "cases").glob("t*.pkt")}
    for name in ("t04-refused-three-times-windows", "t22-port-reuse-two-connections", "t20-mirror-duplicates"):
        capture = tmp_path / f"{name}.pcap"
        capture.write_bytes(pcap(cases[name]))
        compare(capture)


def test_a_number_in_a_filter_is_that_of_every_version(tmp_path: Path) -> None:
    """A filter that names a stream selects the same packets whichever rules count."""
    capture, small = tmp_path / "all.pcap", tmp_path / "one.pcap"
    capture.write_bytes(transform.one_capture(CASES))
    found = {one.frame: one for one in segments(capture)}
    end = numbered = 0
    for path, case in zip(PATHS, CASES, strict=True):
        begin, end = end, end + len(frames(replace(case, link="ethernet")))
        versions = [counted([found[n] for n in range(begin + 1, end + 1) if n in found], rules) for rules in RULES]
        small.write_bytes(pcap(case))
        for fetch in analyzer.read(str(small), kinds=True):
            shown = wireshark_filter(fetch)
            if shown.startswith("tcp.stream"):
                wanted = set(map(int, re.findall(r"\d+", shown)))
                selected = [{n for n, stream in one.items() if stream in wanted} for one in versions]
                assert selected.count(selected[0]) == len(RULES), (path.stem, shown)
                numbered += 1
    assert numbered > 400


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [("t04-refused-three-times-windows", 1, 6), ("port-reuse-syn-not-captured", 3, 9)],
)
def test_a_filter_without_a_number(name: str, first: int, last: int, tmp_path: Path) -> None:
    """Where versions count differently, addresses, ports and packet numbers select the packets of that connection."""
    capture = tmp_path / "one.pcap"
    capture.write_bytes(pcap(load(CASE_FOLDER / f"{name}.pkt")))
    shown = wireshark_filter(list(analyzer.read(str(capture), kinds=True))[-1])
    assert shown.startswith("ip.addr eq ")
    command = ["tshark", "-n", "-r", str(capture), "-Y", shown, "-T", "fields", "-e", "frame.number"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert list(map(int, done.stdout.split())) == list(range(first, last + 1)), done.stderr


@pytest.mark.skipif(not CAPTURES, reason="WHYFETCH_CAPTURES names no folder with captures")
def test_own_captures(subtests: pytest.Subtests) -> None:
    """The captures in the folder that WHYFETCH_CAPTURES names."""
    for capture in CAPTURES:
        with subtests.test(capture.name):
            compare(capture)

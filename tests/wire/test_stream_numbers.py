"""`tcp_stream` is Wireshark's number for the same file, so a row's filter can be pasted."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from support import transform

import analyzer
from analyzer.pkt.build import pcap
from analyzer.pkt.model import Timeline
from analyzer.pkt.timeline import load

pytestmark = [
    pytest.mark.tshark,
    pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed (apt-get install tshark)"),
]

CASES = [load(path) for path in sorted((Path(__file__).parents[1] / "cases").glob("*.pkt"))]
CAPTURES = sorted(Path(os.environ["WHYFETCH_CAPTURES"]).rglob("*.pcap*")) if "WHYFETCH_CAPTURES" in os.environ else []


def wireshark_streams(capture: Path) -> dict[int, int]:
    """Frame number to tcp.stream, for the TCP frames (not those that an ICMP error quotes)."""
    command = ["tshark", "-n", "-r", str(capture), "-Y", "tcp && !icmp && !icmpv6", "-T", "fields"]
    command += ["-e", "frame.number", "-e", "tcp.stream"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    rows = (line.split("\t") for line in done.stdout.splitlines())
    return {int(number): int(stream.split(",")[0]) for number, stream in rows}


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


@pytest.mark.skipif(not CAPTURES, reason="WHYFETCH_CAPTURES names no folder with captures")
def test_own_captures(subtests: pytest.Subtests) -> None:
    """The captures in the folder that WHYFETCH_CAPTURES names."""
    for capture in CAPTURES:
        with subtests.test(capture.name):
            compare(capture)

"""A capture that goes on in silence says so in its interface statistics (draft-ietf-opsawg-pcapng 4.6)."""

from __future__ import annotations

import os
import struct
import threading
from pathlib import Path

import pytest
from support.examples import CASES
from support.judge import found, judge
from support.pcapng import pcapng

import analyzer
from analyzer.pkt.model import BASE_NS
from analyzer.pkt.timeline import parse

SYNS = """
  0.000 > S  0:0(0)
  1.000 > S  0:0(0)
  3.000 > S  0:0(0)
"""


def ended(data: bytes, seconds: float) -> bytes:
    """The same capture, which its statistics end so long after time 0.000."""
    ticks = BASE_NS + int(seconds * 10**9)
    end = struct.pack("<HHII", 3, 8, ticks >> 32, ticks & 0xFFFFFFFF)
    body = struct.pack("<III", 0, 0, 0) + end
    size = struct.pack("<I", len(body) + 12)
    return data + struct.pack("<I", 5) + size + body + size


def test_silence_that_only_the_statistics_prove() -> None:
    """Three SYNs and then nothing for 15 s: the client has given up; without the end it may still be trying."""
    case = parse(SYNS)
    before, after = judge(pcapng(case))[0], judge(ended(pcapng(case), 18))[0]
    assert "ongoing" in before.verdict.flags
    assert (after.verdict.cause, "ongoing" in after.verdict.flags) == ("syn-no-answer", False)
    assert after.connection.capture_end == BASE_NS + 18 * 10**9


@pytest.mark.parametrize("seconds", [-5, 2.9, 3 + 86_401, 3_000_000_000])
def test_an_end_that_cannot_be_is_ignored(seconds: float) -> None:
    """Before the last packet, or more than a day after it."""
    case = parse(SYNS)
    assert found(case, ended(pcapng(case), seconds)) == found(case, pcapng(case))


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith(("dns-no", "http-", "syn-"))])
def test_an_end_is_what_a_late_packet_is(name: str) -> None:
    """A verdict is the same whether a stranger's last datagram or the statistics say how long the capture went on."""
    case = CASES[name]
    if not case.packets or case.packets[-1].kind != "other":
        return
    last = case.packets[-1].time - BASE_NS
    without = case.with_packets(list(case.packets[:-1]))
    assert found(without, ended(pcapng(without), last / 10**9)) == found(case)


def test_through_a_pipe(tmp_path: Path) -> None:
    """The end is read from a pipe, too."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    data = ended(pcapng(parse(SYNS)), 18)
    writer = threading.Thread(target=lambda: pipe.write_bytes(data))
    writer.start()
    fetches = list(analyzer.read(str(pipe)))
    writer.join()
    assert [fetch.verdict.cause for fetch in fetches] == ["syn-no-answer"]
    assert "ongoing" not in fetches[0].verdict.flags

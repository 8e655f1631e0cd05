"""More connections than anybody can hold: what is kept has a cap, and what is given up is counted and told."""

from __future__ import annotations

import struct
from collections import deque
from pathlib import Path

import pytest

from analyzer.api import Reading
from analyzer.fetch.build import fetches
from analyzer.fetch.floods import MAX_SOURCES, Floods
from analyzer.fetch.model import Fetch
from analyzer.frame.packet import Packet
from analyzer.tcp.connections import Connections
from analyzer.verdict.decide import decide
from analyzer.verdict.model import verdict_of

FIN, SYN, RST, ACK, PUSH = 1, 2, 4, 16, 8
SERVER = bytes([10, 0, 0, 2])
HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
ETHERNET = b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0"


def client(i: int) -> bytes:
    return bytes([11, i >> 16 & 255, i >> 8 & 255, i & 255])


def frame(
    us: int, source: bytes, target: bytes, ports: tuple[int, int], flags: int, seq: int = 0, ack: int = 0
) -> bytes:
    """One record with a TCP segment without payload."""
    segment = struct.pack(">HHIIBBHHH", *ports, seq, ack, 0x50, flags, 65535, 0, 0)
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(segment), 0, 0, 64, 6, 0, source, target)
    octets = ETHERNET + header + segment
    return struct.pack("<IIII", 1_700_000_000 + us // 10**6, us % 10**6, len(octets), len(octets)) + octets


def syns(count: int, *, refused: bool = False, step: int = 10) -> bytes:
    """A SYN each of so many clients, `step` microseconds apart."""
    records = [HEADER]
    for i in range(count):
        records.append(frame(i * step, client(i), SERVER, (1024, 80), SYN, i))
        if refused:
            records.append(frame(i * step + 1, SERVER, client(i), (80, 1024), RST | ACK, 0, i + 1))
    return b"".join(records)


def read(path: Path, data: bytes) -> tuple[list[Fetch], Reading]:
    path.write_bytes(data)
    reading = Reading(str(path))
    return list(reading), reading


def few_rows(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Let floods begin with so many attempts."""

    def floods() -> Floods:
        made = Floods()
        made.most = most
        return made

    monkeypatch.setattr("analyzer.reading.reading.Floods", floods)


class Flood:
    """Packets for a table of connections whose caps are low."""

    def __init__(self) -> None:
        self.table = Connections()
        self.table.most_open, self.table.most_half_open, self.table.most_lingering = 64, 16, 16
        self.number = 0

    def send(self, i: int, flags: int, seq: int = 0, *, back: bool = False, ack: int = 0, length: int = 0) -> None:
        key = client(i) + SERVER + struct.pack(">HH", 1024, 80)
        if back:
            key = SERVER + client(i) + struct.pack(">HH", 80, 1024)
        p = Packet()
        self.number += 1
        p.key, p.data, p.number, p.time = key, b"", self.number, 10**18 + self.number
        p.version, p.ttl, p.flags, p.window, p.seq, p.ack = 4, 64, flags, 65535, seq, ack
        p.length = length
        self.table.packet(p, "")

    def establish(self, i: int) -> None:
        self.send(i, SYN)
        self.send(i, SYN | ACK, back=True, ack=1)
        self.send(i, ACK, 1, ack=1)


@pytest.mark.parametrize("refused", [False, True])
@pytest.mark.parametrize("count", [9, 10, 11, 400])
def test_rows_and_rows_left_out_are_all_attempts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, refused: bool
) -> None:
    """Beyond the number a row is left out, none is lost: the warning and the count say how many."""
    few_rows(monkeypatch, 10)
    rows, reading = read(tmp_path / "flood.pcap", syns(count, refused=refused))
    assert len(rows) + reading.left_out == reading.connections == count
    assert len(rows) == min(count, 10)
    told = [text for text in reading.warnings if "flood" in text]
    assert len(told) == (count > 10)
    if told:
        assert f"{count:,} attempts to connect to 10.0.0.2:80" in told[0]
        assert f"{count - 10:,} of them, from {count - 10:,} address" in told[0]


def test_who_floods_is_counted_up_to_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made-up senders are one a packet: more than a thousand are not told apart, and take no more room."""
    few_rows(monkeypatch, 10)
    _, reading = read(tmp_path / "flood.pcap", syns(MAX_SOURCES + 200))
    assert "from more than 1,024 addresses" in " ".join(reading.warnings)
    assert len(reading.floods.told[SERVER + b"\0\x50"].sources) == MAX_SOURCES + 1


def test_one_that_floods_alone_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many attempts of one client are from one address."""
    few_rows(monkeypatch, 10)
    records = [frame(i, client(1), SERVER, (1024 + i, 80), SYN, i) for i in range(50)]
    _, reading = read(tmp_path / "flood.pcap", HEADER + b"".join(records))
    assert "40 of them, from 1 address and all beyond 10 a minute" in " ".join(reading.warnings)


@pytest.mark.parametrize("back", [1, -1])
def test_minutes_are_those_of_the_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, back: int) -> None:
    """Nor does it matter in which order the times stand in the capture: what was a minute apart is no flood."""
    few_rows(monkeypatch, 10)
    times = [60_000_000 * (i // 9) for i in range(90)][::back]
    records = [frame(us, client(i), SERVER, (1024, 80), SYN, i) for i, us in enumerate(times)]
    rows, reading = read(tmp_path / "slow.pcap", HEADER + b"".join(records))
    assert (len(rows), reading.left_out) == (90, 0)


def test_the_last_row_of_a_flood_has_the_flag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who reads only rows learns from the last one that others were left out."""
    few_rows(monkeypatch, 10)
    rows, _ = read(tmp_path / "flood.pcap", syns(30))
    assert [("flood" in verdict_of(row).flags) for row in rows] == [False] * 9 + [True]


def test_each_minute_has_its_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Failures that come slowly over hours are no flood, however many they are in all."""
    few_rows(monkeypatch, 10)
    rows, reading = read(tmp_path / "slow.pcap", syns(45, step=7_000_000))
    assert (len(rows), reading.left_out) == (45, 0)


def test_an_outage_keeps_its_rows(tmp_path: Path) -> None:
    """Two thousand clients that all fail at one server at once have a row each."""
    rows, reading = read(tmp_path / "outage.pcap", syns(2000, refused=True))
    assert (len(rows), reading.left_out) == (2000, 0)


def test_half_open_connections_have_a_cap_of_their_own() -> None:
    """They are never more than that, the oldest go first, and an established one older than all of them stays."""
    flood = Flood()
    flood.establish(9999)
    for i in range(1000):
        flood.send(i, SYN)
        assert len(flood.table.opened) <= 17
    assert flood.table.evicted == flood.table.evicted_half_open == len(flood.table.finished)
    assert len(flood.table.finished) + len(flood.table.opened) == 1001
    assert all("evicted" in connection.flags for connection in flood.table.finished)
    assert flood.table.sides[client(9999) + SERVER + struct.pack(">HH", 1024, 80)].connection.established_time
    firsts = [connection.first_packet for connection in flood.table.finished]
    assert firsts == sorted(firsts)


def test_established_connections_are_no_half_open_ones() -> None:
    """So many that are established at once push nobody out."""
    flood = Flood()
    for i in range(60):
        flood.establish(i)
    assert (flood.table.evicted, len(flood.table.opened)) == (0, 60)


def test_open_connections_have_a_cap() -> None:
    """Of too many established ones those go that were idle longest."""
    flood = Flood()
    for i in range(300):
        flood.establish(i)
        assert len(flood.table.opened) <= 64
    assert flood.table.evicted > 0 == flood.table.evicted_half_open
    assert len(flood.table.finished) + len(flood.table.opened) == 300


def test_what_comes_of_those_that_had_to_go_is_counted_and_no_new_connection() -> None:
    """The server's answer, and the end of either side, belong to a row that is there; a new request begins one."""
    flood = Flood()
    for i in range(64):
        flood.establish(i)
    flood.establish(64)
    gone = [i for i in range(64) if flood.table.sides.get(client(i) + SERVER + struct.pack(">HH", 1024, 80)) is None]
    total = flood.table.total
    assert gone
    assert total == 65
    for i in gone:
        flood.send(i, ACK, 1, back=True, ack=1, length=100)
        flood.send(i, FIN | ACK, 101, back=True, ack=1)
        flood.send(i, FIN | ACK, 1, ack=102)
        flood.send(i, RST, 2)
    assert (flood.table.total, flood.table.unfollowed) == (total, 4 * len(gone))
    flood.send(gone[0], ACK, 1, ack=1, length=100)
    flood.send(gone[1], SYN, 7)
    assert flood.table.total == total + 2


def test_half_open_ones_that_had_to_go_may_be_answered_yet() -> None:
    """A flood pushes out the SYN of somebody who is served: the answer begins a connection."""
    flood = Flood()
    for i in range(40):
        flood.send(i, SYN)
    total = flood.table.total
    flood.send(0, SYN | ACK, 5, back=True, ack=1)
    assert (flood.table.total, flood.table.unfollowed) == (total + 1, 0)


def test_closed_connections_do_not_wait_in_any_number() -> None:
    """A flood that is refused: the oldest of them wait no longer for stragglers, and none counts as unfinished."""
    flood = Flood()
    for i in range(500):
        flood.send(i, SYN)
        flood.send(i, RST | ACK, back=True, ack=1)
        assert len(flood.table.opened) <= 17
    assert flood.table.evicted == 0
    assert all(connection.final for connection in flood.table.finished)


def test_ports_used_again_hold_nothing_of_the_connections_before() -> None:
    """Refused thousands of times on one pair of ports: what was given out is not kept until its time is over."""
    flood = Flood()
    for i in range(4000):
        flood.send(1, SYN, i * 70001)
        flood.send(1, RST | ACK, back=True, ack=i * 70001 + 1)
    lingering: deque[object] = flood.table.lingering.queue
    assert len(lingering) + len(flood.table.lingering.late) <= 1024
    assert len(flood.table.opened) == 1


def test_what_is_left_at_the_end_is_given_out_in_order() -> None:
    """In pieces or at once, the same connections in the order of their first packets."""
    flood = Flood()
    for i in range(40):
        flood.establish(i)
    while flood.table.finish(7):
        pass
    firsts = [connection.first_packet for connection in flood.table.finished]
    assert len(firsts) == 40
    assert firsts == sorted(firsts)


def test_a_connection_given_up_says_so() -> None:
    """Its sentence does not claim that the capture ended."""
    flood = Flood()
    for i in range(17):
        flood.send(i, SYN)
    (fetch,) = fetches(flood.table.finished[0])
    verdict = decide(fetch)
    assert "evicted" in verdict.flags
    assert "too much was open at once" in verdict.summary
    assert "capture ends" not in verdict.summary


def test_how_many_connections_are_followed_can_be_chosen(tmp_path: Path) -> None:
    """With `max_open` (`--max-open`) connections beyond it are given up, flagged and counted; without it none is."""
    path = tmp_path / "syns.pcap"
    path.write_bytes(syns(20))
    few = Reading(str(path), max_open=6)
    flagged = [fetch for fetch in few if "evicted" in verdict_of(fetch).flags]
    (told,) = [text for text in few.warnings if "were not followed" in text]
    assert len(flagged) == int(told.split()[0]) > 0
    assert not any("evicted" in verdict_of(fetch).flags for fetch in Reading(str(path)))

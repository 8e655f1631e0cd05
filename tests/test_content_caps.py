"""What is kept of the content of all connections: each list has a cap, and all of them together have one."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import recording
from support.examples import SAMPLE_NAMES, sample

from analyzer.api import Reading
from analyzer.capture.files import CaptureSource, open_capture
from analyzer.model.connection import Connection
from analyzer.pkt import h2
from analyzer.reading.engine import Engine
from analyzer.tcp.connections import Connections
from analyzer.tcp.ordering import MAX_EARLY_BYTES
from analyzer.verdict.model import verdict_of
from analyzer.verdict.retries import TIDY

HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
ETHERNET = b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0"
CLIENT, SERVER = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
SYN, ACK = 2, 16
MOST = 96
"""Connections that may be open; what is kept of their content may then be 256 KiB."""
MAX_OPEN = Connections().most_open
HELD = MOST * Connections().most_held // MAX_OPEN
MANY = 60
"""Connections that are open: their number reaches no cap."""
GET = b"GET / HTTP/1.1\r\n\r\n"
FAILED = b"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n"


class Talk:
    """Connections of one client, one behind the other; none of them ends."""

    def __init__(self) -> None:
        self.records = [HEADER]
        self.us = self.port = self.sent = self.answered = 0

    def open(self) -> None:
        """The next connection."""
        self.port += 1
        self.sent, self.answered = 1000, 5000
        self.segment(SYN)
        self.segment(SYN | ACK, back=True)
        self.sent += 1
        self.answered += 1
        self.segment(ACK)

    def segment(self, flags: int, data: bytes = b"", *, back: bool = False, seq: int = 0, ack: int = 0) -> None:
        """One frame, so many bytes behind what was sent, and acknowledging so many more than came."""
        ports, pair = (1024 + self.port, 80), (CLIENT, SERVER)
        numbers = (self.sent + seq, self.answered + ack if flags & ACK else 0)
        if back:
            ports, pair = ports[::-1], pair[::-1]
            numbers = (self.answered + seq, self.sent + ack + (1 if flags & SYN else 0))
        tcp = struct.pack(">HHIIBBHHH", *ports, *numbers, 0x50, flags, 65535, 0, 0) + data
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0, *pair)
        octets = ETHERNET + ip + tcp
        self.us += 10
        when = (1_700_000_000 + self.us // 10**6, self.us % 10**6)
        self.records.append(struct.pack("<IIII", *when, len(octets), len(octets)) + octets)

    def say(self, data: bytes, *, back: bool = False) -> None:
        """Bytes of one side, in order."""
        for at in range(0, len(data), 1400):
            piece = data[at : at + 1400]
            self.segment(ACK, piece, back=back)
            if back:
                self.answered += len(piece)
            else:
                self.sent += len(piece)

    def write(self, folder: Path) -> Path:
        path = folder / "talk.pcap"
        path.write_bytes(b"".join(self.records))
        return path


def hello() -> bytes:
    """A ClientHello without extensions, in a record."""
    body = b"\3\3" + bytes(32) + b"\0" + b"\0\2\xc0\x2f" + b"\1\0"
    message = b"\1" + len(body).to_bytes(3, "big") + body
    return b"\x16\3\1" + len(message).to_bytes(2, "big") + message


def undecided(talk: Talk) -> None:
    """What a server says first may be anything: it waits for the client's first bytes."""
    talk.say(b"A" * 12_000, back=True)


def proxied(talk: Talk) -> None:
    """A PROXY v2 header that says it is long (PROXY protocol 2.2)."""
    talk.say(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff" + b"A" * 12_000)


def half_a_head(talk: Talk) -> None:
    """A head that goes on, of one long line."""
    talk.say(b"GET / HTTP/1.1\r\nX: " + b"y" * 12_000)


def many_lines(talk: Talk) -> None:
    """A head that goes on, of short lines."""
    talk.say(b"GET / HTTP/1.1\r\n" + b"a:b\r\n" * 300)


def unanswered(talk: Talk) -> None:
    """Requests, one behind the other (RFC 9112 9.3.2)."""
    talk.say(GET * 30)


def refused(talk: Talk) -> None:
    """Requests that failed, whose rows come when the connection is over."""
    talk.say(GET * 30)
    talk.say(FAILED * 30, back=True)


def long_targets(talk: Talk) -> None:
    """A few requests with long texts."""
    talk.say(b"".join(b"GET /%d%s HTTP/1.1\r\n\r\n" % (i, b"a" * 1900) for i in range(6)))


def half_a_message(talk: Talk) -> None:
    """A ServerHello that says it is long, in whole records."""
    talk.say(hello())
    talk.say((b"\x16\3\3\5\x73\x02\0\xff\xf0" + bytes(1391)) + (b"\x16\3\3\5\x73" + bytes(1395)) * 8, back=True)


def records(talk: Talk) -> None:
    """Empty records of both sides."""
    talk.say(hello() + b"\x17\3\3\0\0" * 60)
    talk.say(b"\x17\3\3\0\0" * 60, back=True)


def streams(talk: Talk) -> None:
    """Requests of HTTP/2 that nobody answers."""
    asked = b"\x82\x84\x86\x41\x01a"
    talk.say(h2.PREFACE + h2.frame(4, 0, 0, b"") + b"".join(h2.frame(1, 5, 2 * i + 1, asked) for i in range(20)))


def retransmissions(talk: Talk) -> None:
    """Each is a milestone."""
    for _ in range(12):
        talk.say(b"XYZZY /x")
        for _ in range(6):
            talk.us += 10_000
            talk.segment(ACK, b"XYZZY /x", seq=-8)
        talk.segment(ACK, back=True)


KINDS = [
    undecided, proxied, half_a_head, many_lines, unanswered, refused, long_targets, half_a_message, records, streams,
    retransmissions,
]  # fmt: skip


def engine_of(path: Path, most: int = MOST) -> Engine:
    engine = Engine(open_capture(CaptureSource(path.name, [str(path)])).frames)
    engine.table.allow(most)
    return engine


def steps(engine: Engine) -> Iterator[list[Connection]]:
    """What ended, frame by frame."""
    for ended in engine.batches(1):
        yield [one for one in ended if isinstance(one, Connection)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_all_connections_together_hold_so_much(kind: Callable[[Talk], None], tmp_path: Path) -> None:
    """Whatever it is: beyond the cap those go that were idle longest, flagged; the last ones stay."""
    talk = Talk()
    for _ in range(MANY):
        talk.open()
        kind(talk)
    engine = engine_of(talk.write(tmp_path))
    ended: list[Connection] = []
    most = 0
    for step in steps(engine):
        ended += step
        most = max(most, engine.table.reassembler.held)
        assert engine.table.reassembler.held == sum(side.connection.kept for side in engine.table.sides.values()) / 2
    assert HELD // 4 * 3 <= most <= HELD
    assert engine.table.reassembler.held == 0
    evicted = ["evicted" in connection.flags for connection in ended]
    assert 0 < sum(evicted) == engine.table.evicted == engine.table.too_heavy < MANY
    assert evicted == sorted(evicted, reverse=True)
    assert "more than 0 MiB of their content waited" in " ".join(engine.warnings)


def test_light_connections_stay(tmp_path: Path) -> None:
    """Those that hold next to nothing are not given up for those that hold much, however long they were idle."""
    talk = Talk()
    for i in range(MANY):
        talk.open()
        if i % 3:
            unanswered(talk)
        else:
            talk.say(GET)
    flagged = {connection.stream for step in steps(engine_of(talk.write(tmp_path))) for connection in step
               if "evicted" in connection.flags}  # fmt: skip
    assert flagged
    assert not any(stream % 3 == 0 for stream in flagged)


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_rows_are_the_same_however_often_they_are_handed_over(size: int, tmp_path: Path) -> None:
    """Who is given up depends on the packets alone."""
    talk = Talk()
    for _ in range(MANY):
        talk.open()
        refused(talk)
    path = talk.write(tmp_path)

    class Looked(Reading):
        def _batch(self) -> tuple[int, ...]:
            return (size,)

    found = [(fetch.first_packet, verdict_of(fetch).cause, verdict_of(fetch).flags)
             for fetch in Looked(str(path), max_open=MOST)]  # fmt: skip
    usual = [(fetch.first_packet, verdict_of(fetch).cause, verdict_of(fetch).flags)
             for fetch in Reading(str(path), max_open=MOST)]  # fmt: skip
    assert found == usual
    assert len(found) >= MANY * 30


@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_nothing_is_left_when_all_are_given_out(name: str, tmp_path: Path) -> None:
    """What was counted for a connection is counted back, whatever became of it."""
    path = tmp_path / "sample.pcap"
    path.write_bytes(recording.pcap(sample(name)))
    engine = engine_of(path, MAX_OPEN)
    for _ in engine.batches():
        pass
    table = engine.table
    assert (table.reassembler.held, table.reassembler.waiting, table.waiting, table.early_bytes) == (0, 0, 0, 0)


def test_early_packets_hold_so_many_bytes(tmp_path: Path) -> None:
    """Full datagrams that acknowledge what was not sent yet: far fewer than four thousand of them wait."""
    talk = Talk()
    for _ in range(320):
        talk.open()
        talk.segment(ACK, b"x" * 60_000, ack=1000)
    engine = engine_of(talk.write(tmp_path), MAX_OPEN)
    most = 0
    for _ in steps(engine):
        most = max(most, engine.table.early_bytes)
    assert MAX_EARLY_BYTES - 60_000 < most <= MAX_EARLY_BYTES
    assert engine.table.early_bytes == 0


def test_rows_that_wait_for_a_retry_hold_so_much_text(tmp_path: Path) -> None:
    """The same for those that failed: the oldest leaves without the outcome of its group, which is told."""
    talk = Talk()
    for i in range(4300):
        if i % 2000 == 0:
            talk.open()
        talk.say(b"GET /%d%s HTTP/1.1\r\n\r\n" % (i, b"a" * 1990))
        talk.say(FAILED, back=True)
    reading = Reading(str(talk.write(tmp_path)))
    assert len(list(reading)) == 4300
    assert any("waited for a retry" in text for text in reading.warnings)


def test_groups_that_are_closed_are_not_kept_behind_one_that_is_open(tmp_path: Path) -> None:
    """Somebody polls in parallel: some groups go on forever, those that began beside them end and are forgotten."""
    talk = Talk()
    talk.open()
    for _ in range(300):
        talk.say(GET * 36)
        talk.say(FAILED * 36, back=True)
        talk.us += 10_000_000
    reading = Reading(str(talk.write(tmp_path)))
    most = 0
    for _ in reading.chunks():
        assert reading._judging is not None
        clients = reading._judging.groups.retries.clients.values()
        most = max([most, *(len(line.items) for services in clients for line in services.values())])
    assert 0 < most <= TIDY

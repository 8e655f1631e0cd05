"""Arbitrary bytes give rows or a clear error and nothing else: files, frames, streams."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from support.examples import CASES, STRANGER
from support.judge import judge
from support.mutate import CHANGES, mutated
from support.pcapng import pcapng
from support.sound import known, printable

from analyzer.errors import CaptureError
from analyzer.output.cells import CsvCells
from analyzer.output.columns import COLUMNS
from analyzer.output.jsonl import JsonlWriter
from analyzer.output.row import csv_line
from analyzer.pkt.build import pcap
from analyzer.pkt.model import BASE_NS, FLAG_BITS, Timeline, TimelinePacket
from analyzer.pkt.payload import payload

WRITERS = st.sampled_from([pcap, pcapng])


def sound(data: bytes, packets: int) -> None:
    """Every verdict is a known one, cites packets of the capture, and is written without control characters."""
    with suppress(CaptureError):
        for fetch in judge(data):
            known(fetch, packets)
            row, lines = csv_line(CsvCells(), fetch).decode(), io.StringIO()
            JsonlWriter(lines).fetch(fetch)
            printable(row)
            printable(lines.getvalue())
            assert row.count("\n") == lines.getvalue().count("\n") == 1
            assert len(COLUMNS) <= row.count(",") + 1


@given(
    st.sampled_from(sorted(CASES)),
    st.lists(st.tuples(st.integers(24, 4000), st.integers(0, 255)), max_size=8),
    st.integers(0, 5000),
)
def test_a_damaged_capture(name: str, changes: list[tuple[int, int]], keep: int) -> None:
    """Changed and missing bytes anywhere in a capture."""
    data = bytearray(pcap(CASES[name]))
    for position, value in changes:
        data[position % len(data)] = value
    sound(bytes(data[:keep] if keep < 4000 else data), len(data) // 16)


@given(st.sampled_from(sorted(CASES)), CHANGES)
def test_mutated_headers(name: str, changes: list[tuple[int, str, int]]) -> None:
    """Packets with other numbers, flags, times and lengths, twice, late or gone."""
    case = mutated(CASES[name], changes)
    sound(pcap(case), len(case.packets))


@given(WRITERS, st.sampled_from("<>"), st.binary(max_size=300))
def test_bytes_behind_a_good_head(write: Callable[..., bytes], order: str, junk: bytes) -> None:
    """Anything after a file's header and its first packets."""
    head = write(replace(STRANGER, packets=STRANGER.packets[:3]), order, True)
    sound(head + junk, 3 + len(junk) // 12)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_capture(junk: bytes) -> None:
    """Anything at all as a file."""
    sound(junk, len(junk) // 12)


LINKS = st.sampled_from([0, 1, 101, 105, 108, 113, 127, 228, 229, 276, 65535])


@given(LINKS, st.lists(st.binary(max_size=120), max_size=6))
def test_bytes_as_frames(link: int, bodies: list[bytes]) -> None:
    """Any bytes as frames of any link type."""
    out = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, link)]
    for i, body in enumerate(bodies):
        out.append(struct.pack("<IIII", 1_700_000_000, i, len(body), len(body)) + body)
    sound(b"".join(out), len(bodies))


def said(words: str, size: int) -> bytes:
    return payload(words.split(), size)


PIECES = st.one_of(
    st.binary(max_size=80),
    st.sampled_from(
        [
            said("tls client_hello sni example.org", 517),
            said("tls server_hello tls13 + tls ccs + tls records 23:23 23:836 23:53", 1060),
            said("tls ccs + tls records 23:53 23:90", 159),
            said("tls alert 2 48", 7),
            said("http GET /a host example.org", 40),
            said("http 200 content-length 20", 60),
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            b"HTTP/1.1 404 \x1b[31m=cmd|' /C'!A0\r\nContent-Length: -1\r\n\r\n",
            b"CONNECT example.org:443 HTTP/1.1\r\n\r\n",
            b"GET /\x1b]0;x\x07\xff HTTP/1.1\r\nHost: =1+1\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            said(
                "h2 preface + h2 SETTINGS + h2 HEADERS stream 1 END_STREAM :method GET :path /\x1b[0m :authority =1+1",
                60,
            ),
            said("h2 SETTINGS + h2 HEADERS stream 1 :status 503 server \x1b]0;x\x07 content-length 9", 60),
            said("h2 HEADERS stream 3 more :method GET + h2 CONTINUATION stream 3 :path /b", 40),
            said("h2 DATA stream 1 END_STREAM length 9", 18),
            said("h2 RST_STREAM stream 1 REFUSED_STREAM + h2 GOAWAY last 1 99", 30),
            said("http GET /a host h.example connection Upgrade upgrade h2c", 90),
            said("http 101 connection Upgrade upgrade h2c", 80),
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
            b"\x05\x01\x00",
        ]
    ),
)
FLAGS = st.sampled_from([".", "P.", "P.", "F.", "R.", "R", "S", "S."])


@given(st.data())
def test_bytes_as_streams(data: st.DataObject) -> None:
    """Anything that two sides may say after a handshake: pieces of protocols and junk, in any order, with holes."""
    packets = list(STRANGER.packets[:3])
    ends = [1, 1]
    time = packets[-1].time
    for _ in range(data.draw(st.integers(1, 10), "packets")):
        side = data.draw(st.integers(0, 1))
        piece, word = data.draw(PIECES), data.draw(FLAGS)
        ends[side] += data.draw(st.sampled_from([0, 0, 0, 0, -20, 7, 5000]))
        time += data.draw(st.sampled_from([40_000, 20_000_000, 3_500_000_000, 61_000_000_000]))
        flags = sum(FLAG_BITS[letter] for letter in word)
        ack = ends[1 - side] if "." in word else None
        packets.append(
            TimelinePacket(time, "a", side, flags=flags, seq=max(1, ends[side]), data=piece, ack=ack, ip_id=7)
        )
        ends[side] = max(1, ends[side]) + len(piece) + ("F" in word)
    case: Timeline = STRANGER.with_packets(packets)
    assert time > BASE_NS
    sound(pcap(case), len(packets))

"""Harnesses of what reads the two byte streams of a connection, and of what puts them together.

An input is a byte of settings, then segments, each after a head of three bytes: what is special about it, and its
length. All content goes through the same `Content` as in the program: prologues, TLS, HTTP/1, HTTP/2, DNS over TCP.
"""

from __future__ import annotations

from collections.abc import Iterator

from fuzz import invariants

from analyzer.frame.packet import Packet
from analyzer.layer.dns.lookups import Lookups
from analyzer.model.connection import ACK, FIN, RST, SYN, Connection, Side
from analyzer.tcp.connections import Connections
from analyzer.tcp.reassembly import Reassembler

HEAD = 3
SERVER_SENDS, AHEAD, AGAIN, CUT, ACKNOWLEDGES, LAST, LATER = 1, 2, 4, 8, 16, 32, 64
"""Of a segment: who sends it; a hole before it, or bytes that were sent before; the snap length cut some off; it
acknowledges all of the peer's bytes; it has the FIN; 30 seconds went by."""
MIDSTREAM, RESOLVER = 1, 2
"""Settings: the beginning was not captured; the server's port is that of DNS."""
PORT = 53
BASE = 1_700_000_000_000_000_000
STEP, PAUSE = 1_000_000, 30_000_000_000


def each(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(what is special, start, stop) of each segment."""
    at = 1
    while at + HEAD <= len(data):
        stop = min(len(data), at + HEAD + (data[at + 1] << 8 | data[at + 2]))
        yield data[at], at + HEAD, stop
        at = stop


def segment(special: int, data: bytes) -> bytes:
    """A segment as the harnesses take it."""
    return bytes([special]) + len(data).to_bytes(2, "big") + data


def split(data: bytes) -> list[bytes]:
    """An input cut into its settings and its segments."""
    return [data[:1], *(data[start - HEAD : stop] for _, start, stop in each(data))]


class Feed:
    """Hands segments to the parsers as the tracker does."""

    def __init__(self, settings: int) -> None:
        self.connection = Connection(0)
        self.client, self.server = self.connection.client, self.connection.server
        self.connection.midstream = settings & MIDSTREAM
        for side, port in ((self.client, 50000), (self.server, PORT if settings & RESOLVER else 443)):
            side.address, side.port, side.base = b"\xc0\0\2\1", port, 0
        self.reassembler = Reassembler()
        self.lookups = self.reassembler.lookups = Lookups()
        self.packet = Packet()
        self.time = BASE

    def segment(self, special: int, data: bytes, start: int, stop: int) -> None:
        """One segment, data[start:stop]."""
        side, peer = (self.server, self.client) if special & SERVER_SENDS else (self.client, self.server)
        offset, size = side.end, stop - start
        if special & AHEAD:
            offset += 1 + size % 64
        if special & AGAIN:
            offset = max(0, offset - 1 - size % 64)
        p = self.packet
        p.number += 1
        self.time += PAUSE if special & LATER else STEP
        p.time, p.data, p.payload, p.captured = self.time, data, start, size
        p.length = size + (1 + size % 50 if special & CUT else 0)
        self._take(side, peer, special, offset)

    def _take(self, side: Side, peer: Side, special: int, offset: int) -> None:
        """What `Payload` does with it, as far as it concerns the parsers."""
        p, before, other = self.packet, side.next, peer.next
        side.first_packet = side.first_packet or p.number
        side.last_packet = p.number
        if p.length and not 0 <= side.fin_offset < offset + p.length:
            side.end = max(side.end, offset + p.length)
            self.reassembler.segment(side, p, offset, peer.end)
        if special & ACKNOWLEDGES:
            peer.acked = peer.end
            self.reassembler.overdue(peer, p.time)
        if special & LAST and side.fin_offset < 0:
            side.fin_offset, side.fin_packet, side.fin_time = side.end, p.number, p.time
        self.reassembler.reach_end(side, p.number, p.time)
        invariants.stream(side, before, self.reassembler)
        invariants.stream(peer, other, self.reassembler)

    def finish(self) -> None:
        """The capture is over."""
        connection = self.connection
        for side in (self.client, self.server):
            before = side.next
            self.reassembler.finish(side, side.last_packet, self.time)
            assert side.pending is None
            invariants.stream(side, before, self.reassembler)
        assert self.reassembler.waiting == 0
        if connection.content is not None:
            connection.content.finish()
        self.lookups.finish()
        invariants.whole(connection, self.packet.number)


def content(data: bytes) -> None:
    """Whatever two sides say, with holes, repetitions and cuts: what is kept of it is sound and capped."""
    feed = Feed(data[0] if data else 0)
    for special, start, stop in each(data):
        feed.segment(special, data, start, stop)
    feed.finish()


# TCP itself: the tracker, on headers with any numbers, and a conversation of which every byte is known.

REQUEST = b"GET /item HTTP/1.1\r\nHost: example.org\r\n\r\n"
RESPONSE = b"HTTP/1.1 204 No Content\r\nServer: known\r\n\r\n"
TEXTS = (REQUEST * 512, RESPONSE * 512)
ISNS = (0xFFFFFF00, 1000)
"""One of them wraps soon."""
OFFS = (0, 0, 0, 0, 0, 1, -1, 20, -20, 43, -44, 1460, -1460, 70_000, 1 << 20, -(1 << 20), 1 << 30, -(1 << 30), 1 << 31)
"""Bytes by which a sequence or acknowledgement number is off."""
FLAGS = (ACK, ACK, ACK, SYN, SYN | ACK, ACK | FIN, RST, RST | ACK, SYN | FIN, 0, SYN | RST | ACK, FIN)
WAITS = (40_000, 1_000_000, 30_000_000, 1_500_000_000, 70_000_000_000, -3_000_000, 400_000_000_000, -90_000_000_000)
STEP_BYTES = 6
KEYS = (bytes((192, 0, 2, 1, 192, 0, 2, 2, 0xC3, 0x50, 0, 80)), bytes((192, 0, 2, 2, 192, 0, 2, 1, 0, 80, 0xC3, 0x50)))


def step(data: bytes) -> list[bytes]:
    """An input of `tcp` cut into its segments."""
    return [data[at : at + STEP_BYTES] for at in range(0, len(data), STEP_BYTES)]


def tcp(data: bytes) -> None:
    """Any segments: both streams move forward only, and whatever is read of the conversation was said in it."""
    table, p = Connections(), Packet()
    ends, time, number = [0, 0], BASE, 0
    reached: dict[Side, tuple[int, int]] = {}
    begun_anew = False
    for at in range(0, len(data) - STEP_BYTES + 1, STEP_BYTES):
        sender, flags, seq, ack, size, wait = data[at : at + STEP_BYTES]
        index = sender & 1
        time += WAITS[wait % len(WAITS)]
        number = at // STEP_BYTES + 1
        p.reset_options()
        p.number, p.time, p.key, p.version, p.ttl = number, time, KEYS[index], 4, 64
        p.flags, p.window, p.ip_id = FLAGS[flags % len(FLAGS)], 502, number if sender & 4 else 0
        offset = max(0, ends[index] + OFFS[seq % len(OFFS)])
        p.seq = (ISNS[index] + offset + (0 if p.flags & SYN else 1)) & 0xFFFFFFFF
        p.ack = (ISNS[1 - index] + 1 + ends[1 - index] + OFFS[ack % len(OFFS)]) & 0xFFFFFFFF if p.flags & ACK else 0
        p.length = 0 if p.flags & (SYN | RST) else size
        begun_anew |= bool(p.flags & SYN and any(ends))  # what was counted from another number is void
        p.captured = min(p.length, size >> 1) if sender & 2 else p.length
        here = offset % len(RESPONSE if index else REQUEST)
        p.data, p.payload = TEXTS[index], here
        ends[index] = max(ends[index], offset + p.length) if offset < ends[index] + 100_000 else ends[index]
        table.packet(p, "")
        watch(table, reached)
    table.finish()
    for connection in table.finished:
        invariants.whole(connection, number)
        if not begun_anew:
            said(connection)


def watch(table: Connections, reached: dict[Side, tuple[int, int]]) -> None:
    """Every connection that is open; `reached` is where its streams stood before, and from which number they count."""
    for connection in table.opened:
        for side in (connection.client, connection.server):
            base, before = reached.get(side, (side.base, 0))
            invariants.stream(side, before if base == side.base else 0, table.reassembler)
            reached[side] = side.base, side.next


def said(connection: Connection) -> None:
    """Nothing is read that nobody said; where bytes are missing, it may be read out of place."""
    for exchange in connection.exchanges:
        assert exchange.status in (0, 204), exchange.status
        assert exchange.target.encode() in REQUEST, exchange.target

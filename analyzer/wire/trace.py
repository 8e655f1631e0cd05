"""The packets of one connection, read again: a `Connection` keeps milestones, not packets."""

from __future__ import annotations

# not compiled: one pass for one fetch, and all it calls is compiled
from collections.abc import Iterator

from analyzer.capture.frame import Frames
from analyzer.wire.connections import Connections
from analyzer.wire.decode.decoder import ICMP, TCP, Decoder
from analyzer.wire.model import ACK, CLIENT, NETWORK, RST, SERVER, SYN, Connection, IcmpError, Side
from analyzer.wire.packet import Packet

MODULUS = 1 << 32
"""Of sequence numbers (RFC 9293 3.4)."""


class Seen:
    """One captured packet of a connection.

    side      CLIENT, SERVER, or NETWORK for an ICMP error about it (`icmp`), and for what came from an address that was
              not asked, and the RST that it got: stray is that address and port, to_stray: it is that RST
    seq, ack  counted from 0 at the SYN, as tcpdump and packetdrill do; foreign numbers may be negative. ack is None
              without the ACK flag. Of an ICMP error: side and sequence number of the packet that it quotes
    length    payload bytes on the wire; payload: those that were captured
    sack      the first SACK block, counted as `ack`
    copy      the capture has it twice; again: it carries bytes that were sent before; keep_alive: a probe; late: it
              fills a hole that segments behind it had left
    """

    def __init__(self, number: int, time: int, side: int) -> None:
        self.number = number
        self.time = time
        self.side = side
        self.flags = self.length = self.window = self.ttl = self.ip_id = 0
        self.seq = self.quoted = 0
        self.ack: int | None = None
        self.sack: tuple[int, int] | None = None
        self.payload = b""
        self.fast_open = self.copy = self.again = self.keep_alive = self.late = False
        self.icmp: IcmpError | None = None
        self.stray: tuple[bytes, int] | None = None
        self.to_stray = False


class Trace:
    """Reads a capture again for the packets of one finished connection.

    What is a copy or a retransmission is found by the same code that found it the first time.
    """

    def __init__(self, connection: Connection) -> None:
        client, server = connection.client, connection.server
        ports = (client.port.to_bytes(2), server.port.to_bytes(2))
        self.connection = connection
        self.keys = {
            client.address + server.address + ports[0] + ports[1]: CLIENT,
            server.address + client.address + ports[1] + ports[0]: SERVER,
        }
        self.bases = [int(client.base), int(server.base)]
        self.ends = [int(client.end) + 1, int(server.end) + 1]
        self.near = [0, 0]
        self.opened: tuple[set[int], set[int]] = (set(), set())
        self.table = Connections()
        self.strays: dict[int, tuple[bytes, int]] = {}
        for stray in connection.strays or ():
            for number in (stray.packet, stray.refused_packet):
                self.strays[number] = (stray.address, stray.port)
        self.last = max(connection.last_packet, *self.strays, 0)

    def packets(self, frames: Frames) -> Iterator[Seen]:
        """The packets, in the order of the capture; `frames` stands at its beginning."""
        decoder, packet = Decoder(), Packet()
        while frames.advance() and frames.number <= self.last:
            seen = self.take(decoder.decode(frames, packet), decoder, packet)
            if seen is not None:
                yield seen

    def take(self, kind: int, decoder: Decoder, packet: Packet) -> Seen | None:
        """What was just decoded, if it is of this connection: `kind` is what the decoder returned."""
        if not self.connection.first_packet <= packet.number <= self.last:
            return None
        if kind == TCP and packet.key in self.keys:
            return self._seen(packet, self.keys[packet.key], decoder.note)
        if kind == TCP and packet.number in self.strays:
            return self._stray(packet)
        if kind == ICMP and decoder.icmp is not None and decoder.icmp.key in self.keys:
            error = Seen(packet.number, packet.time, NETWORK)
            error.icmp = decoder.icmp
            error.quoted = self.keys[decoder.icmp.key]
            error.seq = self._relative(decoder.icmp.seq, error.quoted)
            if 0 <= error.seq <= self.ends[error.quoted] + 1:  # else an older connection on these ports is meant
                return error
        return None

    def _stray(self, packet: Packet) -> Seen:
        """A packet under another address, with the connection's numbers; each SYN-ACK may have an ISN of its own."""
        seen = Seen(packet.number, packet.time, NETWORK)
        seen.stray = self.strays[packet.number]
        seen.flags, seen.length, seen.window = packet.flags, packet.length, packet.window
        seen.ttl, seen.ip_id = packet.ttl, packet.ip_id
        seen.to_stray = packet.key[: len(self.connection.client.address)] == self.connection.client.address
        sender = CLIENT if seen.to_stray else SERVER
        seen.seq = 0 if packet.flags & SYN else self._relative(packet.seq, sender)
        if packet.flags & ACK:
            seen.ack = self._relative(packet.ack, 1 - sender)
        return seen

    def _relative(self, raw: int, index: int) -> int:
        """A sequence number of a side counted from 0 at its SYN; of a side that is not captured, from the first one."""
        if self.bases[index] < 0:
            self.bases[index] = raw
        near = self.near[index]
        difference = (raw - self.bases[index] - near) % MODULUS
        return near + difference + 1 - (MODULUS if difference >= MODULUS // 2 else 0)

    def _seen(self, packet: Packet, index: int, note: str) -> Seen:
        """What is to be kept of the reused packet, and what the table of connections thinks of it."""
        seen = Seen(packet.number, packet.time, index)
        seen.flags, seen.length, seen.window = packet.flags, packet.length, packet.window
        seen.ttl, seen.ip_id, seen.fast_open = packet.ttl, packet.ip_id, packet.fast_open != 0
        seen.payload = packet.data[packet.payload : packet.payload + packet.captured]
        seen.seq = self._relative(packet.seq, index)
        if not packet.flags & RST:
            self.near[index] = max(self.near[index], seen.seq - 1)
        if packet.flags & ACK:
            seen.ack = self._relative(packet.ack, 1 - index)
        if packet.sack_left >= 0:
            edges = [self._relative(edge, 1 - index) for edge in (packet.sack_left, packet.sack_right)]
            seen.sack = edges[0], edges[1]
        self._account(seen, packet, note)
        if packet.flags & SYN:
            seen.again = not seen.copy and packet.seq in self.opened[index]
            self.opened[index].add(packet.seq)
        return seen

    def _account(self, seen: Seen, packet: Packet, note: str) -> None:
        """Whether the packet is a copy, a retransmission, a keep-alive: watch the counters of its side move."""
        found: Side | None = self.table.sides.get(packet.key)
        before = (0, 0, 0, 0) if found is None else _counters(found)
        self.table.packet(packet, note)
        found = self.table.sides.get(packet.key)
        if found is not None:
            after = _counters(found)
            seen.copy = after[0] > before[0]
            seen.again = after[1] > before[1]
            seen.keep_alive = after[2] > before[2]
            seen.late = after[3] > before[3]


def _counters(side: Side) -> tuple[int, int, int, int]:
    """What moves when a segment is no plain new one."""
    return side.duplicates, side.retransmissions, side.keep_alives, side.out_of_order


def packets_of(traces: list[Trace], frames: Frames) -> Iterator[tuple[Trace, Seen]]:
    """The packets of several connections in one pass, each with its trace; `frames` stands at the beginning."""
    decoder, packet = Decoder(), Packet()
    known: dict[bytes, list[Trace]] = {}
    strays: dict[int, list[Trace]] = {}
    for trace in traces:
        for key in trace.keys:
            known.setdefault(key, []).append(trace)
        for number in trace.strays:
            strays.setdefault(number, []).append(trace)
    last = max((trace.last for trace in traces), default=0)
    while frames.advance() and frames.number <= last:
        kind = decoder.decode(frames, packet)
        icmp = decoder.icmp if kind == ICMP else None
        found = known.get(packet.key if icmp is None else icmp.key, [])
        if frames.number in strays:
            found = [*found, *(trace for trace in strays[frames.number] if trace not in found)]
        for trace in found:
            seen = trace.take(kind, decoder, packet)
            if seen is not None:
                yield trace, seen

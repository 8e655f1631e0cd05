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
    copy      the capture has it twice; again: it carries bytes that were sent before; keep_alive: a probe
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
        self.fast_open = self.copy = self.again = self.keep_alive = False
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
        self.table = Connections()
        self.strays: dict[int, tuple[bytes, int]] = {}
        for stray in connection.strays or ():
            for number in (stray.packet, stray.refused_packet):
                self.strays[number] = (stray.address, stray.port)
        self.first, self.last = connection.first_packet, max(connection.last_packet, *self.strays, 0)

    def packets(self, frames: Frames) -> Iterator[Seen]:
        """The packets, in the order of the capture; `frames` stands at its beginning."""
        for _, seen in packets_of([self], frames):
            yield seen

    def error(self, icmp: IcmpError, number: int, time: int) -> Seen | None:
        """An ICMP error that quotes a packet between these ports; None where an older connection on them is meant."""
        error = Seen(number, time, NETWORK)
        error.icmp = icmp
        error.quoted = self.keys[icmp.key]
        error.seq = self._relative(icmp.seq, error.quoted)
        return error if 0 <= error.seq <= self.ends[error.quoted] + 1 else None

    def stray(self, packet: Packet) -> Seen:
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

    def seen(self, packet: Packet, note: str) -> Seen:
        """What is to be kept of the reused packet, and what the table of connections thinks of it."""
        index = self.keys[packet.key]
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
        return seen

    def _account(self, seen: Seen, packet: Packet, note: str) -> None:
        """Whether the packet is a copy, a retransmission, a keep-alive: watch the counters of its side move."""
        found: Side | None = self.table.sides.get(packet.key)
        before = (0, 0, 0) if found is None else (found.duplicates, found.retransmissions, found.keep_alives)
        self.table.packet(packet, note)
        found = self.table.sides.get(packet.key)
        if found is not None:
            seen.copy = found.duplicates > before[0]
            seen.again = found.retransmissions > before[1] or (packet.flags & SYN != 0 and found.syns > 1)
            seen.keep_alive = found.keep_alives > before[2]


def packets_of(traces: list[Trace], frames: Frames) -> Iterator[tuple[Trace, Seen]]:
    """The packets of several connections in one pass, each with its trace, in the order of the capture."""
    decoder, packet = Decoder(), Packet()
    known: dict[bytes, list[Trace]] = {}
    for trace in traces:
        for key in trace.keys:
            known.setdefault(key, []).append(trace)
    strays = {number: trace for trace in traces for number in trace.strays}
    last = max((trace.last for trace in traces), default=0)
    while frames.advance() and frames.number <= last:
        kind = decoder.decode(frames, packet)
        number = frames.number
        if kind == TCP:
            for trace in known.get(packet.key, ()):
                if trace.first <= number <= trace.last:
                    yield trace, trace.seen(packet, decoder.note)
            if number in strays and packet.key not in strays[number].keys:
                yield strays[number], strays[number].stray(packet)
        elif kind == ICMP and decoder.icmp is not None:
            for trace in known.get(decoder.icmp.key, ()):
                error = trace.error(decoder.icmp, number, frames.time) if trace.first <= number <= trace.last else None
                if error is not None:
                    yield trace, error

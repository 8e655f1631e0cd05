"""The packets of one connection, read again: a `Connection` keeps milestones, not packets."""

from __future__ import annotations

# not compiled: one pass for one fetch, and all it calls is compiled
from collections import deque
from collections.abc import Iterator

from analyzer.capture.frame import Frames
from analyzer.frame.decoder import ICMP, TCP, Decoder
from analyzer.frame.packet import Packet
from analyzer.model.connection import ACK, CLIENT, NETWORK, RST, SERVER, SYN, Connection, IcmpError, Side
from analyzer.model.log import Log
from analyzer.tcp.connections import Connections

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
    zero      a RST with 0 in its header, as a closed port answers a SYN
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
        self.zero = self.fast_open = self.copy = self.again = self.keep_alive = self.late = False
        self.icmp: IcmpError | None = None
        self.stray: tuple[bytes, int] | None = None
        self.to_stray = False


class Trace:
    """Reads a capture again for the packets of one finished connection.

    What is a copy or a retransmission is found by the same code that found it the first time, which lets packets wait
    that came too early (ordering.py): of these it is known later.

    waiting   those packets, by number; tops: up to where each side has sent; newest: what its last
              packet said; opened: the numbers of its SYNs
    twin      what the table makes of the connection, None = nothing yet
    log       where layers write down all that they read of it, None = nobody wants to know
    """

    def __init__(self, connection: Connection, log: Log | None = None) -> None:
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
        self.waiting: dict[int, Seen] = {}
        self.tops = [0, 0]
        self.newest: list[tuple[int, int, int | None, int]] = [(0, 0, 0, 0), (0, 0, 0, 0)]
        self.table = Connections()
        self.table.reassembler.log = log
        self.twin: Connection | None = None
        self.strays: dict[int, tuple[bytes, int]] = {}
        for stray in connection.strays or ():
            for number in (stray.packet, stray.refused_packet):
                self.strays[number] = (stray.address, stray.port)
        ends = connection.first_packet, connection.last_packet  # the other way round where packets changed places
        self.first, self.last = min(ends), max(*ends, *self.strays)

    def packets(self, frames: Frames) -> Iterator[Seen]:
        """The packets, in the order of the capture; `frames` stands at its beginning."""
        decoder, packet = Decoder(), Packet()
        line: deque[Seen] = deque()
        while frames.advance() and frames.number <= self.last:
            seen = self.take(decoder.decode(frames, packet), decoder, packet)
            if seen is not None:
                line.append(seen)
            while line and line[0].number not in self.waiting:
                yield line.popleft()
        self.end()
        yield from line

    def end(self) -> None:
        """No more packets come: nothing waits any more."""
        sides = self._sides()
        before = list(map(_counters, sides))
        while self.table.finish():
            pass
        self._settle(before, sides)

    def take(self, kind: int, decoder: Decoder, packet: Packet) -> Seen | None:
        """What was just decoded, if it is of this connection: `kind` is what the decoder returned.

        Whether it is new or was sent before may be known only when others were taken, or at the `end`.
        """
        if not self.first <= packet.number <= self.last:
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
        seen.zero = packet.flags & RST != 0 and packet.seq == 0
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
        """Whether the packet is a copy, a retransmission, a keep-alive: watch the counters of both sides move."""
        before = list(map(_counters, self._sides()))
        self.waiting[seen.number] = seen
        self.table.packet(packet, note)
        sides = self._sides()
        self._settle(before, sides)
        self._keep_apart(sides)

    def _keep_apart(self, sides: list[Side | None]) -> None:
        """What a later connection between these ports says is not of this one."""
        found = next((side.connection for side in sides if side is not None), self.twin)
        if self.twin is None:
            self.twin = found
        elif found is not self.twin:
            self.table.reassembler.log = None

    def _sides(self) -> list[Side | None]:
        """The client and the server, as the table knows them by now."""
        return [self.table.sides.get(key) for key in self.keys]

    def _settle(self, before: list[tuple[int, ...]], sides: list[Side | None]) -> None:
        """Tell what became of the packets that do not wait any more."""
        still: set[int] = set()
        for side in sides:
            if side is not None and side.connection is not None and side.connection.early is not None:
                still.update(packet.number for packet, _ in side.connection.early.packets)
        settled = [self.waiting.pop(number) for number in sorted(self.waiting.keys() - still)]
        for index, (old, new) in enumerate(zip(before, map(_counters, sides), strict=True)):
            moved = [max(0, now - then) for then, now in zip(old, new, strict=True)]
            self._tell([seen for seen in settled if seen.side == index], moved)

    def _tell(self, settled: list[Seen], moved: list[int]) -> None:
        """Which of a side's packets moved its counters; where several waited, those that may have by their numbers."""
        copies, retransmissions, probes, late = moved
        sure = len(settled) == 1
        for seen in settled:
            top = self.tops[seen.side]
            before = seen.length > 0 and seen.seq < top
            sign = (seen.flags, seen.seq, seen.ack, seen.length)
            if copies and (sure or sign == self.newest[seen.side]):
                copies -= 1
                seen.copy, seen.again = True, False
            elif probes and (sure or (seen.seq == top - 1 and seen.length <= 1)):
                probes -= 1
                seen.keep_alive = True
            elif retransmissions and (sure or before):
                retransmissions -= 1
                seen.again = True
            elif late and (sure or before):
                late -= 1
                seen.late = True
            self.newest[seen.side] = sign
            if not seen.flags & RST:
                self.tops[seen.side] = max(top, seen.seq + seen.length)


def _counters(side: Side | None) -> tuple[int, ...]:
    """What moves when a segment is no plain new one."""
    if side is None:
        return (0, 0, 0, 0)
    return side.duplicates, side.retransmissions, side.keep_alives, side.out_of_order


def packets_of(traces: list[Trace], frames: Frames) -> Iterator[tuple[Trace, Seen]]:
    """The packets of several connections in one pass, each with its trace; `frames` stands at the beginning.

    Those of one connection come in the order of the capture.
    """
    lines: dict[int, deque[Seen]] = {id(trace): deque() for trace in traces}
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
            if seen is None:
                continue
            line = lines[id(trace)]
            line.append(seen)
            while line and line[0].number not in trace.waiting:
                yield trace, line.popleft()
    for trace in traces:
        trace.end()
        yield from ((trace, seen) for seen in lines[id(trace)])

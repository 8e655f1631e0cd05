"""The packets of some fetches cut out of a capture, for Wireshark: as pcapng, those that are asked about marked."""

# not compiled: runs once a capture; what it calls for each packet is compiled

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import BinaryIO, NamedTuple

from analyzer.capture.frame import Frames
from analyzer.frame.decoder import ICMP, NOTHING, TCP, Decoder
from analyzer.frame.packet import Packet
from analyzer.tcp.trace import Seen, Trace

MARK = "frame.comment"
"""A display filter: marked frames have a comment, others none. A list of numbers would be searched for each frame."""
COMMENT = struct.pack("=HH5s3xHH", 1, 5, b"cited", 0, 0)
"""opt_comment and opt_endofopt (draft-ietf-opsawg-pcapng 3.5)."""
MOST_FRAMES = 5_000
"""Of one connection, likewise."""
MOST_BYTES = 8 << 20
"""Of one connection that are cut out for Wireshark: a handshake, what is cited early, and a second of a download. Of
what comes later only the cited packets are, and nothing is asked of them that depends on what came before."""
MOST_IN_ALL = 256 << 20
"""Bytes of one capture that are cut out for Wireshark, into a file; beyond this as above."""
FRAGMENTS = 64
"""Frames without a packet that are remembered: the fragments of a datagram (45 of 1,480 bytes make the largest)."""


class Wire(NamedTuple):
    """What was read of a marked packet. again: new | retransmission | out-of-order | keep-alive, "" = not known.

    icmp   type and code of an ICMP error, else ()
    whole  nothing of it was cut off; follows: all that came before in its connection is in the cut-out
    own    it is of a connection that was asked for
    """

    tcp: bool
    flags: int
    seq: int
    ack: int
    length: int
    again: str
    icmp: tuple[int, ...]
    whole: bool
    follows: bool
    own: bool


class CutOut:
    """What was cut out.

    path     the file; frames: how many it has; numbers: their numbers in the capture
    marked   the numbers of those that are asked about, with what was read of each
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.numbers: list[int] = []
        self.marked: dict[int, Wire] = {}

    @property
    def frames(self) -> int:
        """How many frames the file has."""
        return len(self.numbers)


class Cutter:
    """Reads a capture once for the packets of many connections.

    seen  what the traces say of the packets that are asked about
    kept  by the identity of a trace: its packets and their bytes; gaps: traces of which a packet was cut
    """

    def __init__(self, traces: Iterable[Trace], asked: Collection[int]) -> None:
        """`asked` are the numbers of the packets to be marked, of these connections or of others."""
        self.traces = list(traces)
        self.asked = asked
        self.seen: dict[int, Seen] = {}
        self.last = max(asked, default=0)
        self.by_key: dict[bytes, list[Trace]] = {}
        self.by_number: dict[int, list[Trace]] = {}
        for trace in self.traces:
            for key in trace.keys:
                self.by_key.setdefault(key, []).append(trace)
            for number in trace.strays:
                self.by_number.setdefault(number, []).append(trace)
        self.kept: dict[int, tuple[int, int]] = {}
        self.gaps: set[int] = set()
        self.links: dict[int, int] = {}
        self.fragments: deque[tuple[int, int, int, int, bytes]] = deque(maxlen=FRAGMENTS)
        self.written = 0

    def cut(self, frames: Frames, path: Path) -> CutOut:
        """Write the file."""
        found = CutOut(path)
        decoder, packet = Decoder(), Packet()
        with path.open("wb") as out:
            out.write(block(0x0A0D0D0A, struct.pack("=IHHq", 0x1A2B3C4D, 1, 0, -1)))
            while frames.number < self.last and frames.advance():
                kind = decoder.decode(frames, packet)
                self._frame(out, found, frames, kind, decoder, packet)
        for trace in self.traces:
            trace.end()
        for number, seen in self.seen.items():
            found.marked[number] = found.marked[number]._replace(again=again(seen))
        return found

    def _frame(self, out: BinaryIO, found: CutOut, frames: Frames, kind: int, decoder: Decoder, packet: Packet) -> None:
        asked = frames.number in self.asked
        whole = frames.captured >= frames.length
        if kind == NOTHING and not asked:
            data = bytes(frames.data[frames.start : frames.start + frames.captured])
            self.fragments.append((frames.number, frames.link, frames.time, frames.length, data))
            return
        seen, follows, wanted = self._seen(frames, kind, decoder, packet)
        if not asked and not wanted:
            return
        if decoder.note == "fragments":
            for fragment in self.fragments:
                self._write(out, found, *fragment, b"")
            self.fragments.clear()
        data = bytes(frames.data[frames.start : frames.start + frames.captured])
        self._write(out, found, frames.number, frames.link, frames.time, frames.length, data, COMMENT if asked else b"")
        if asked:
            numbers = (packet.flags & 0xFF, packet.seq, packet.ack, packet.length) if kind == TCP else (0, 0, 0, 0)
            icmp = (decoder.icmp.kind, decoder.icmp.code) if kind == ICMP and decoder.icmp is not None else ()
            own = seen is not None
            found.marked[frames.number] = Wire(kind == TCP, *numbers, "", icmp, whole, follows, own)
            if seen is not None:
                self.seen[frames.number] = seen

    def _seen(self, frames: Frames, kind: int, decoder: Decoder, packet: Packet) -> tuple[Seen | None, bool, bool]:
        """What the connection's trace says of the packet; whether all before it is cut out; whether it is to be."""
        if kind == TCP:
            traces = self.by_key.get(packet.key) or self.by_number.get(frames.number, [])
        elif kind == ICMP and decoder.icmp is not None:
            traces = self.by_key.get(decoder.icmp.key, [])
        else:
            traces = []
        for trace in traces:
            seen = trace.take(kind, decoder, packet)
            if seen is not None:
                count, size = self.kept.get(id(trace), (0, 0))
                self.kept[id(trace)] = (count + 1, size + frames.captured)
                room = count < MOST_FRAMES and size < MOST_BYTES and self.written < MOST_IN_ALL
                follows = room and id(trace) not in self.gaps
                if frames.captured < frames.length:
                    self.gaps.add(id(trace))
                return seen, follows, room
        return None, False, False

    def _write(
        self, out: BinaryIO, found: CutOut, number: int, link: int, time: int, length: int, data: bytes, comment: bytes
    ) -> None:
        """One enhanced packet block; before the first of a link type its interface, with times in nanoseconds."""
        if link not in self.links:
            self.links[link] = len(self.links)
            out.write(block(1, struct.pack("=HHIHHB3xHH", link, 0, 0, 9, 1, 9, 0, 0)))
        head = struct.pack("=5I", self.links[link], time >> 32, time & 0xFFFFFFFF, len(data), length)
        self.written += out.write(block(6, head + data + bytes(-len(data) % 4) + comment))
        found.numbers.append(number)


def again(seen: Seen | None) -> str:
    """Whether a segment is a plain new one; "" of one that is none of the stream, or that was captured twice.

    Wireshark knows no copies: by its word they are sent again, or new.
    """
    if seen is None or seen.copy or seen.stray is not None:
        return ""
    if seen.keep_alive:
        return "keep-alive"
    return "retransmission" if seen.again else "out-of-order" if seen.late else "new"


def block(kind: int, body: bytes) -> bytes:
    """A block of pcapng, in this machine's byte order."""
    size = struct.pack("=I", len(body) + 12)
    return struct.pack("=I", kind) + size + body + size

"""Harnesses of what reads files: pcap, pcapng, and what is compressed."""

from __future__ import annotations

from itertools import pairwise

from analyzer.capture import magic
from analyzer.capture.compressed import Decompressed, compression
from analyzer.capture.pcap import PcapFrames
from analyzer.capture.pcapng import PcapngFrames
from analyzer.capture.reader import MOST_WARNINGS, Reader

FRAME_AT_LEAST = 12
"""Bytes of a file for each of its frames: a simple packet block's number, and its two lengths."""
PIECES = 61
"""Bytes that come at once the second time: so that every header is torn somewhere."""
MOST_OUTPUT = 1 << 22
"""Bytes taken of what is decompressed."""


class Memory:
    """An `analyzer.capture.stream.Stream` of bytes, that come so many at once."""

    def __init__(self, data: bytes, at_once: int) -> None:
        self.data = data
        self.at_once = at_once
        self.consumed = 0
        self.total = len(data)
        self.packing = ""
        self.problem = ""
        self.notes: list[str] = []
        self.idle = self.stopped = False
        self.arrived = 0

    def read(self) -> bytes:
        piece = self.data[self.consumed : self.consumed + self.at_once]
        self.consumed += len(piece)
        return piece

    def tick(self) -> None:
        """Everything is there."""

    def stop(self) -> None:
        """Nobody does."""

    def close(self) -> None:
        """Nothing to release."""


def reader(data: bytes, at_once: int) -> Reader | None:
    """What reads this file, None = it is no capture."""
    kind = magic.kind(data[: magic.WANTED])
    if not kind:
        return None
    return (PcapFrames if kind == "pcap" else PcapngFrames)(Memory(data, at_once), "fuzz")


def frames(data: bytes, at_once: int) -> list[tuple[int, int, int, int, bytes]]:
    """All frames, and the warnings as frames of their own: what must not depend on how the bytes arrive."""
    cursor = reader(data, at_once)
    found: list[tuple[int, int, int, int, bytes]] = []
    if cursor is None:
        return found
    while cursor.advance():
        stop = cursor.start + cursor.captured
        assert 0 <= cursor.start <= stop <= len(cursor.data), (cursor.start, stop, len(cursor.data))
        assert cursor.number == len(found) + 1
        assert cursor.position <= len(data)
        found.append((cursor.time, cursor.link, cursor.interface, cursor.length, cursor.data[cursor.start : stop]))
    assert not cursor.advance()
    assert len(found) <= len(data) // FRAME_AT_LEAST
    assert sum(len(one[4]) for one in found) <= len(data)
    assert len(cursor.warnings) <= MOST_WARNINGS + 4
    assert all(text.isprintable() for text in cursor.warnings)
    return found


def capture(data: bytes) -> None:
    """A file gives the same frames whether it comes at once or in small pieces, all of them within its bytes."""
    assert frames(data, len(data) + 1) == frames(data, PIECES)


def compressed(data: bytes) -> None:
    """Damaged compressed data ends with a problem that is told, and gives no empty piece before."""
    algorithm = compression(data)
    if not algorithm:
        return
    stream = Decompressed(algorithm, Memory(data, 512))
    size = 0
    while size < MOST_OUTPUT and (piece := stream.read()):
        size += len(piece)
    assert size >= MOST_OUTPUT or stream.read() == b""
    assert stream.consumed <= len(data)


def records(data: bytes) -> list[bytes]:
    """A little-endian pcap file cut into its header and its records."""
    starts, at = [0], 24
    while at + 16 <= len(data):
        starts.append(at)
        at += 16 + int.from_bytes(data[at + 8 : at + 12], "little")
    return [data[one:other] for one, other in pairwise([*starts, len(data)])]


def blocks(data: bytes) -> list[bytes]:
    """A little-endian pcapng file cut into its blocks."""
    starts, at = [], 0
    while at + 12 <= len(data):
        starts.append(at)
        at += max(12, int.from_bytes(data[at + 4 : at + 8], "little"))
    return [data[one:other] for one, other in pairwise([*starts, len(data)])]


def joints(data: bytes) -> list[bytes]:
    """Either."""
    return blocks(data) if data.startswith(b"\x0a\x0d\x0d\x0a") else records(data)

"""Few bytes that become many, and damage without end: a bounded search, what was readable before, and a sentence."""

import bz2
import gzip
import lzma
import os
import random
import struct

import pytest

from analyzer.capture import reader as limits
from analyzer.capture.compressed import zstd
from analyzer.capture.files import CaptureSource, open_capture
from analyzer.capture.reader import FREE_RECORDS, FREE_SEARCH, LOOK, SEARCH_PER_BYTE

GROWN = 1 << 27
"""Bytes that the bombs become: too many to be searched."""


def packed_with_zstd(head, unit, grown=GROWN):
    """`head` and then `unit` again and again, compressed without ever being in memory."""
    packer = zstd().ZstdCompressor()
    piece = unit * max(1, (1 << 20) // len(unit))
    packed = [packer.compress(head), *(packer.compress(piece) for _ in range(grown // len(piece)))]
    return b"".join([*packed, packer.flush()])


def cost(reader):
    return reader.searched + LOOK * reader.looked


def bounded(content, result, before):
    """What was readable before the bomb is there, the search was bounded, and the sentence says so."""
    reader = result.capture.readers[0]
    assert [frame[5] for frame in result.frames][: len(before)] == before
    assert cost(reader) < FREE_SEARCH + SEARCH_PER_BYTE * len(content) + (4 << 20)  # and a window
    assert len(result.frames) <= FREE_RECORDS + len(content) + 1
    assert result.damaged
    assert any("given up" in text for text in result.warnings)


RECORD = struct.pack("<IIII", 1_700_000_000, 0, 0x7FFF_FFFF, 60)
ALMOST = struct.pack("<IIII", 1_700_000_000, 1, 200_000, 200_000)
PCAP = {
    "zeros": b"\0",
    "ones": b"\xff",
    "noise": random.Random(1).randbytes(1 << 14),
    "heads that lie": RECORD,
    "heads that lie less": ALMOST,
    "a packet every 92 bytes": RECORD + struct.pack("<IIII", 1_700_000_001, 5, 20, 20) + bytes(20),
    "packets without bytes": struct.pack("<IIII", 1_700_000_001, 5, 0, 60),
    "packets": struct.pack("<IIII", 1_700_000_001, 5, 60, 60) + bytes(60),
    "large packets": struct.pack("<IIII", 1_700_000_001, 5, 60_000, 60_000) + bytes(60_000),
}


@pytest.mark.parametrize("name", PCAP)
def test_a_pcap_bomb_is_given_up(build, read, name):
    """Whatever follows a good beginning, and whether it looks like packets or not."""
    good = build.pcap()
    content = packed_with_zstd(good, PCAP[name])
    assert len(content) < 100_000
    bounded(content, read(content), [frame[5] for frame in read(good).frames])


LYING = struct.pack("<II", 6, 0xFFFFF0) + bytes(56)
PCAPNG = {
    "zeros": lambda build: b"\0",
    "blocks that lie": lambda build: LYING,
    "heads that lie": lambda build: struct.pack("<II", 5, 5),
    "packets between lies": lambda build: LYING + build.packet(9, b""),
    "unknown blocks": lambda build: build.block(99, b""),
    "sections": lambda build: build.section(),
    "interfaces": lambda build: build.interface(),
    "packets of no interface": lambda build: build.packet(1, index=9),
    "packets": lambda build: build.packet(9),
    "options": lambda build: build.interface(options=build.option(2, b"") * 1000),
    "many options": lambda build: build.interface(options=build.option(2, b"") * 200_000),
    "names": lambda build: build.block(4, bytes(1 << 20)),
}


@pytest.mark.parametrize("name", PCAPNG)
def test_a_pcapng_bomb_is_given_up(build, read, name):
    """The same of blocks, of those too that are no packets."""
    good = build.pcapng()
    content = packed_with_zstd(good, PCAPNG[name](build))
    assert len(content) < 100_000
    bounded(content, read(content), [frame[5] for frame in read(good).frames])


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress], ids=["gzip", "bzip2", "xz"])
def test_a_bomb_of_any_format(build, read, pack):
    """gzip, bzip2 and xz; members in a row count together."""
    content = pack(build.pcap()) + pack(bytes(20 << 20)) * 2
    bounded(content, read(content), [frame[5] for frame in read(build.pcap()).frames])


@pytest.mark.parametrize("kind", ["pcap", "pcapng"])
def test_a_hole_of_a_megabyte_is_read_over(build, read, kind):
    """Zeros, or noise, or packets' heads that lie, in a file that goes on behind them; compressed, too."""
    good = getattr(build, kind)(range(4))
    end = good[-(76 if kind == "pcap" else 92) * 2 :]
    for hole in (bytes(1 << 20), random.Random(2).randbytes(1 << 20), ALMOST * 30_000):
        content = good + b"\xff" * 16 + hole + end
        for packed in (content, gzip.compress(content, 1)):
            result = read(packed)
            assert [frame[5][0] for frame in result.frames if frame[5][:1] * 60 == frame[5]][-2:] == [3, 4]
            assert result.damaged


def test_a_file_that_is_all_hole_is_given_up(build, tmp_path, monkeypatch):
    """A plain one too: after LONGEST_HOLE bytes, with a sentence, and the rest is not even read."""
    longest = 1 << 22
    monkeypatch.setattr(limits, "LONGEST_HOLE", longest)
    path = tmp_path / "hole.pcap"
    path.write_bytes(build.pcap() + b"\xff" * 16)
    os.truncate(path, 8 * longest)
    with open_capture(CaptureSource(str(path), [str(path)])) as capture:
        reader = capture.readers[0]
        while reader.advance():
            pass
        assert reader.number == 3
        assert reader.searched <= longest + (1 << 20)
        assert reader.stream.consumed < longest + (4 << 20)
        assert f"given up after packet 3: no packet begins in the next {reader.searched:,} bytes" in capture.warnings[0]
        assert not reader.advance()
        assert len(capture.warnings) == 1


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("magic", [0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34])
def test_the_search_passes_over_no_packet(build, read, order, magic):
    """Wherever a packet begins behind damage, in each kind of pcap file, it is found."""
    good = build.pcap((0, 1), order=order, magic=magic)
    for shift in range(20):
        rest = build.pcap((2, 3), order=order, magic=magic, sizes=[1, 300])[24:]
        result = read(good + b"\xff" * 24 + bytes(shift) + rest)
        assert [(frame[1] // 10**9 % 10, len(frame[5])) for frame in result.frames][-2:] == [(2, 1), (3, 300)]

"""Damage: cut, flipped and random input gives frames and warnings, and nothing else."""

import random
import struct
import zlib
from contextlib import suppress

import pytest

from analyzer.errors import CaptureError


@pytest.mark.parametrize("kind", ["pcap", "pcapng"])
def test_cut_anywhere(build, read, kind):
    """A file cut at any byte gives its whole packets, and a warning exactly when the cut is within a record."""
    content = getattr(build, kind)((0, 1, 2))
    whole = read(content).frames
    ends = {len(getattr(build, kind)(range(n))): n for n in range(4)}
    if kind == "pcapng":
        ends[len(build.section())] = 0
    for size in range(24 if kind == "pcap" else 28, len(content)):
        result = read(content[:size])
        count = max((n for end, n in ends.items() if end <= size), default=0)
        assert result.frames == whole[:count]
        assert result.damaged == (size not in ends)
        if result.damaged:
            assert result.warnings == [
                f"`{result.capture.source.name}` is cut short after packet {count}; the last packet was ignored"
            ]


def test_a_corrupt_pcap_record_is_skipped(build, read):
    """A record with an impossible length is told with the packet before it; reading goes on at the next whole one."""
    content = bytearray(build.pcap(range(10)))
    at = 24 + 4 * 76
    content[at + 8 : at + 12] = b"\xff\xff\xff\x7f"
    result = read(bytes(content))
    assert [frame[5][0] for frame in result.frames] == [1, 2, 3, 4, 6, 7, 8, 9, 10]
    assert [frame[0] for frame in result.frames] == list(range(1, 10))
    assert result.damaged
    assert "is damaged after packet 4; reading went on at the next whole packet" in result.warnings[0]


def test_overwritten_bytes_in_a_pcap_cost_only_what_they_cover(build, read):
    """Garbage over two records loses those two."""
    content = bytearray(build.pcap(range(10)))
    content[24 + 3 * 76 : 24 + 4 * 76 + 20] = random.Random(1).randbytes(96)
    result = read(bytes(content))
    assert {1, 2, 3, 6, 7, 8, 9, 10} <= {frame[5][0] for frame in result.frames}
    assert result.damaged


def test_a_hole_of_zeros_is_damage(build, read):
    """Zeros, as a crashed machine leaves them, are no packets of 1970."""
    content = build.pcap(range(3)) + bytes(5000)
    result = read(content)
    assert (len(result.frames), result.damaged) == (3, True)
    assert result.warnings[0].endswith("is damaged after packet 3; the rest could not be read")


@pytest.mark.parametrize("field", [4, -4])
def test_a_corrupt_pcapng_block_is_skipped(build, read, field):
    """A block whose two lengths disagree is told; reading goes on at the next whole block."""
    content = bytearray(build.pcapng(range(10)))
    first = len(build.section() + build.interface())
    size = len(build.packet(0))
    at = first + 4 * size + (field if field > 0 else size + field)
    content[at : at + 4] = struct.pack("<I", 0x00FFFFF0)
    result = read(bytes(content))
    assert [frame[5][0] for frame in result.frames] == [1, 2, 3, 4, 6, 7, 8, 9, 10]
    assert "is damaged after packet 4; reading went on at the next whole block" in result.warnings[0]


def test_damage_without_end_is_listed_once_in_a_while(build, read):
    """A file of nothing but damage gives a bounded list of warnings."""
    bad = build.packet(1, index=9)
    result = read(build.section() + build.interface() + bad * 1000)
    assert len(result.warnings) == 21
    assert result.warnings[-1].startswith("further damage in")


@pytest.mark.parametrize("kind", ["pcap", "pcapng"])
def test_flipped_bits_never_raise(build, read, kind):
    """Whatever single bytes turn into, reading ends with frames and warnings."""
    content, rng = getattr(build, kind)(range(6)), random.Random(7)
    for _ in range(300):
        mutant = bytearray(content)
        for _ in range(rng.randint(1, 6)):
            mutant[rng.randrange(len(mutant))] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)])
        with suppress(CaptureError):
            assert len(read(bytes(mutant)).frames) <= 12


@pytest.mark.parametrize("start", ["pcap", "pcapng", "gzip"])
def test_random_bytes_never_raise(build, read, start):
    """Random bytes behind a good beginning give frames, warnings, or a CaptureError."""
    rng = random.Random(3)
    head = {"pcap": build.pcap((0,)), "pcapng": build.pcapng((0,)), "gzip": zlib.compress(build.pcap(), wbits=31)[:30]}[
        start
    ]
    for _ in range(100):
        with suppress(CaptureError):
            read(head + rng.randbytes(rng.randrange(2000)))

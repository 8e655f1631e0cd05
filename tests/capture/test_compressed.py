"""Compressed captures: by content, streaming, several members, cut, and bombs."""

import bz2
import gzip
import lzma
import os
import tracemalloc

import lz4.frame
import pytest

from analyzer.capture.compressed import Decompressed, compression, zstd
from analyzer.capture.stream import RawStream
from analyzer.errors import CaptureError

COMPRESS = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lz4": lz4.frame.compress,
    "zstd": zstd().compress,
}


@pytest.mark.parametrize("name", COMPRESS)
def test_compression_changes_nothing(build, read, name):
    """One member, two members, or padding behind: the frames are those of the plain file, whatever its name."""
    plain, pack = build.pcapng(range(50)), COMPRESS[name]
    expected = read(plain).frames
    for content in (pack(plain), pack(plain[:999]) + pack(plain[999:]), pack(plain) + bytes(9)):
        result = read(content)
        assert (result.frames, result.warnings, result.damaged) == (expected, [], False)


@pytest.mark.parametrize("name", ["zstd", "lz4"])
def test_skippable_frames_are_skipped(build, read, name):
    """Frames without content, between and behind the others, and first as pzstd has them, lose nothing."""
    plain, pack = build.pcapng(range(50)), COMPRESS[name]
    empty = b"\x5a\x2a\x4d\x18\x04\0\0\0note" + b"\x50\x2a\x4d\x18\0\0\0\0"
    first = empty if name == "zstd" else b""
    result = read(first + pack(plain[:999]) + empty + pack(plain[999:]) + empty)
    assert (result.frames, result.warnings, result.damaged) == (read(plain).frames, [], False)


@pytest.mark.parametrize("name", COMPRESS)
def test_bytes_behind_the_compressed_data_are_told(build, read, name):
    """Something else behind the last member is ignored with a remark; it is no damage."""
    result = read(COMPRESS[name](build.pcap()) + b"signature")
    assert (len(result.frames), result.damaged) == (3, False)
    assert f"bytes after the end of the {name} data were ignored" in result.warnings[0]


@pytest.mark.parametrize("name", COMPRESS)
def test_cut_compressed_data_gives_what_is_readable(build, read, name):
    """The members before the cut are read, and the cut is damage."""
    pack = COMPRESS[name]
    result = read(pack(build.pcap(range(4))) + pack(bytes(100_000))[:-6])
    assert len(result.frames) >= 4
    assert result.damaged
    assert any("cut short" in text or "is damaged after packet 4" in text for text in result.warnings)


def test_broken_gzip_is_told_in_words(build, read):
    """A wrong check sum is damage with a reason, after the frames."""
    content = bytearray(gzip.compress(build.pcap()))
    content[-8] ^= 0xFF
    result = read(bytes(content))
    assert len(result.frames) == 3
    assert "ends early after packet 3: damaged gzip data" in result.warnings[0]


def test_compressed_text_is_named(read):
    """The error for compressed data that is no capture names both layers."""
    with pytest.raises(CaptureError, match="gzip data that holds text, not a pcap or pcapng file"):
        read(gzip.compress(b"hello world, this is no capture\n" * 9))


@pytest.mark.parametrize("name", COMPRESS)
def test_a_bomb_takes_no_memory(name, tmp_path):
    """Thirty megabytes of zeros are handed on in pieces, and never are in memory at once."""
    path = tmp_path / "bomb"
    path.write_bytes(COMPRESS[name](bytes(30_000_000)))
    tracemalloc.start()
    stream = Decompressed(compression(path.read_bytes()), RawStream(os.open(path, os.O_RDONLY)))
    total = sum(len(piece) for piece in iter(stream.read, b""))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    stream.close()
    assert (total, stream.problem) == (30_000_000, "")
    assert peak < 25_000_000

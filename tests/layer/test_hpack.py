"""Header decompression against the library `hpack`: the same fields of every block, or both find it undecodable."""

from __future__ import annotations

from typing import Any

import hpack
import pytest
from hpack.huffman_constants import REQUEST_CODES, REQUEST_CODES_LENGTH
from hypothesis import given
from hypothesis import strategies as st

from analyzer.layer.http2.hpack import MAX_LIST, MAX_TABLE, STATIC, Decompressor, Undecodable, unpacked
from analyzer.pkt.h2 import encoder

NAMES = st.sampled_from([name for name, _ in STATIC]) | st.text("abc-xyz", min_size=1, max_size=20)
FIELDS = st.tuples(NAMES.map(str.encode), st.binary(max_size=60), st.booleans())
BLOCKS = st.lists(st.lists(FIELDS, max_size=8), max_size=6)


def library() -> Any:
    """A decoder of the library with our limits."""
    decoder = hpack.Decoder(max_header_list_size=MAX_LIST)
    decoder.max_allowed_table_size = MAX_TABLE
    return decoder


def theirs(decoder: Any, block: bytes) -> list[tuple[str, str]] | None:
    try:
        found = decoder.decode(block, raw=True)
    except hpack.HPACKError:
        return None
    return [(bytes(name).decode("latin-1"), bytes(value).decode("latin-1")) for name, value in found]


def ours(decoder: Decompressor, block: bytes) -> list[tuple[str, str]] | None:
    try:
        return decoder.read(block)
    except Undecodable:
        return None


def assert_alike(blocks: list[bytes]) -> None:
    """Both decoders say the same of block after block, up to the first that has no meaning."""
    known, own = library(), Decompressor()
    for block in blocks:
        expected = theirs(known, block)
        assert ours(own, block) == expected
        if expected is None:
            return
        assert own.used == known.header_table._current_size


@given(BLOCKS, st.lists(st.sampled_from([0, 40, 200, 4096, 65536]), max_size=6), st.booleans())
def test_what_an_encoder_writes_is_read(blocks, sizes, packed) -> None:
    """Fields with and without an index, in tables of any size."""
    writer = encoder()
    written = []
    for number, fields in enumerate(blocks):
        if number < len(sizes):
            writer.header_table_size = sizes[number]
        written.append(writer.encode(fields, huffman=packed))
    assert_alike(written)


@given(st.lists(st.binary(max_size=200), max_size=6))
def test_any_bytes_mean_the_same_to_both(blocks) -> None:
    """Most of them mean nothing."""
    assert_alike(blocks)


@given(BLOCKS, st.data())
def test_a_changed_byte_means_the_same_to_both(blocks, data) -> None:
    """Close to what is right, every rule is met."""
    writer = encoder()
    written = [writer.encode(fields) for fields in blocks]
    for number, block in enumerate(written):
        if block and data.draw(st.booleans()):
            at = data.draw(st.integers(0, len(block) - 1))
            written[number] = block[:at] + bytes([data.draw(st.integers(0, 255))]) + block[at + 1 :]
    assert_alike(written)


@given(st.binary(max_size=100))
def test_codes_are_unpacked_as_the_library_does(data: bytes) -> None:
    """Any bits: characters, or an error."""
    try:
        expected = hpack.huffman_table.decode_huffman(data).decode("latin-1")
    except hpack.HPACKError:
        with pytest.raises(Undecodable):
            unpacked(data)
    else:
        assert unpacked(data) == expected


@pytest.mark.parametrize("octet", range(256))
def test_every_code_is_known(octet: int) -> None:
    """Each byte has its code, filled with ones."""
    code, size = REQUEST_CODES[octet], REQUEST_CODES_LENGTH[octet]
    fill = -size % 8
    data = (code << fill | (1 << fill) - 1).to_bytes((size + fill) // 8, "big")
    assert unpacked(data) == chr(octet)


@pytest.mark.parametrize(
    "block",
    [
        b"\x80",  # entry 0
        b"\xbe",  # of an empty table
        b"\x7f\xff\xff\xff\xff\xff\x01",  # a number of six bytes
        b"\x3f\xe1\xff\x03\x82",  # a table of 64 KiB, which is allowed
        b"\x3f\xe2\xff\x03",  # and one byte more
        b"\x82\x20",  # a size behind a field
        b"\x00\x01a\x81\xff",  # eight ones are no filling
        b"\x00\x01a\x84\xff\xff\xff\xff",  # the end of a string, written as a code
        b"\x00\x01a\x05b",  # cut
        b"\x40\x01a",
        b"\x40",
    ],
)
def test_edges(block: bytes) -> None:
    """Each rule at its limit, alone and behind a block that fills the table."""
    assert_alike([block])
    assert_alike([encoder().encode([(b"a", b"b" * 100), (b"c", b"d")]), block])

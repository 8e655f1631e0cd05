"""pcapng: sections, interfaces, clocks, every kind of block."""

import struct

import pytest


@pytest.mark.parametrize(
    ("code", "ticks", "nanoseconds"),
    [
        (6, 1_700_000_000_123_456, 1_700_000_000_123_456_000),
        (9, 1_700_000_000_123_456_789, 1_700_000_000_123_456_789),
        (0, 1_700_000_000, 1_700_000_000_000_000_000),
        (12, 1_700_000_000_123_456, 1_700_000_000_123),
        (0x80 | 10, 1_700_000_000 << 10 | 512, 1_700_000_000_500_000_000),
        (0x80 | 32, 1_700_000_000 << 32 | 1 << 31, 1_700_000_000_500_000_000),
        (0x80, 1_700_000_000, 1_700_000_000_000_000_000),
        (0x7F, 1_700_000_000_123_456, 1_700_000_000_123_456_000),
    ],
)
def test_ticks_become_nanoseconds(build, read, code, ticks, nanoseconds):
    """if_tsresol as a power of ten or of two; an exponent no clock can have means microseconds."""
    content = build.section() + build.interface(options=build.option(9, bytes([code]))) + build.packet(ticks)
    assert read(content).frames[0][1] == nanoseconds


def test_the_clock_offset_is_added(build, read):
    """if_tsoffset moves the epoch of an interface by signed seconds."""
    content = build.section() + build.interface(options=build.option(14, struct.pack("<q", -3600)))
    content += build.packet(1_700_000_000_000_000)
    assert read(content).frames[0][1] == (1_700_000_000 - 3600) * 10**9


def test_times_beyond_64_bits_stop_at_a_limit(build, read):
    """A tick count that no nanosecond counter holds is cut off instead of wrapping."""
    content = build.section() + build.interface(options=build.option(9, b"\x00")) + build.packet(2**64 - 1)
    assert read(content).frames[0][1] == 4_600_000_000 * 10**9


def test_sections_of_both_byte_orders(build, read):
    """Sections may differ in byte order; frames are numbered through, interfaces too."""
    content = b""
    for order, link in (("<", 1), (">", 113), ("<", 101)):
        content += build.section(order) + build.interface(link, order=order) + build.packet(5 * 10**6, order=order)
    frames = read(content).frames
    assert [(f[0], f[1], f[3], f[4]) for f in frames] == [
        (1, 5 * 10**9, 1, 0),
        (2, 5 * 10**9, 113, 1),
        (3, 5 * 10**9, 101, 2),
    ]


def test_every_frame_has_its_interface(build, read):
    """Link type and clock are those of the interface a packet block names."""
    nano = build.option(9, b"\x09")
    content = build.section() + build.interface(1) + build.interface(276, options=nano)
    content += build.packet(7, index=1) + build.packet(7, index=0) + build.packet(8, index=1)
    assert [(f[1], f[3], f[4]) for f in read(content).frames] == [(7, 276, 1), (7000, 1, 0), (8, 276, 1)]


def test_simple_and_old_packet_blocks(build, read):
    """A simple block is cut at the snaplen and takes the time before it; the obsolete block has a 16-bit interface."""
    old = build.block(2, struct.pack("<HHIIII", 0, 3, 0, 9, 4, 90) + b"abcd")
    simple = build.block(3, struct.pack("<I", 80) + b"y" * 40)
    result = read(build.section() + build.interface(snaplen=40) + old + simple)
    assert result.frames == [(1, 9000, 90, 1, 0, b"abcd"), (2, 9000, 80, 1, 0, b"y" * 40)]


def test_names_secrets_and_drops_are_kept(build, read):
    """Name and secret blocks stay with the capture, the drop counter is read, unknown blocks are skipped."""
    statistics = build.block(5, struct.pack("<III", 0, 0, 0) + build.option(5, struct.pack("<Q", 42)))
    content = build.section() + build.interface() + build.block(4, b"name") + build.block(10, b"keys")
    content += build.block(0x0BAD, b"custom") + build.packet(1) + statistics
    result = read(content)
    capture = result.capture
    assert (capture.name_blocks, capture.secret_blocks) == ([(False, b"name")], [(False, b"keys")])
    assert capture.dropped == 42
    assert (len(result.frames), result.damaged) == (1, False)


def test_options_that_run_over_their_block_are_ignored(build, read):
    """An option longer than its block changes nothing and breaks nothing."""
    broken = struct.pack("<HH", 9, 4000) + b"\x09\x00\x00\x00"
    result = read(build.section() + build.interface(options=broken) + build.packet(7))
    assert (result.frames[0][1], result.damaged) == (7000, False)


def test_a_packet_of_an_unknown_interface_is_damage(build, read):
    """It is told and left out; the packets around it stay."""
    content = build.section() + build.interface() + build.packet(1) + build.packet(2, index=5) + build.packet(3)
    result = read(content)
    assert [frame[1] for frame in result.frames] == [1000, 3000]
    assert result.damaged
    assert "damaged packet block after packet 1" in result.warnings[0]

"""pcapng: sections, interfaces, clocks, every kind of block."""

import struct

import pytest

from analyzer.capture.frame import LATEST


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
    assert read(content).frames[0][1] == LATEST


def test_every_clock_keeps_within_the_range(build, read):
    """Whatever resolution and offset say, a time is exact within 1970 to 2106, else the nearest end and told."""
    ticks = (0, 1, 2**31, 2**32, 2**52, 2**62, 2**63 - 1, 2**63, 2**64 - 1)
    offsets = (0, 1, -1, 1_700_000_000, 2**32, 2**33, -(2**33), 2**63 - 1, -(2**63))
    for code in (*range(20), 0x80, 0x8A, 0xA0, 0xBF):
        base = 2 ** (code & 0x7F) if code & 0x80 else 10**code
        for offset in offsets:
            options = build.option(9, bytes([code])) + build.option(14, struct.pack("<q", offset))
            result = read(build.section() + build.interface(options=options) + b"".join(map(build.packet, ticks)))
            exact = [offset * 10**9 + tick * 10**9 // base for tick in ticks]
            told = sum(not 0 <= time <= LATEST for time in exact)
            assert [frame[1] for frame in result.frames] == [min(max(time, 0), LATEST) for time in exact]
            assert result.capture.clamped == told
            assert any(" not within 1970 to 2106; the nearest was taken" in text for text in result.warnings) == (
                told > 0
            )


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


def statistics(build, *, index=0, end=None, start=None, received=None, drops=(0, 0), scale=10**6, order="<"):
    """An interface statistics block; times in seconds since 1970."""
    found = b""
    for code, value in ((2, start), (3, end)):
        if value is not None:
            ticks = int(value * scale)
            found += build.option(code, struct.pack(order + "II", ticks >> 32, ticks & 0xFFFFFFFF), order)
    for code, value in ((4, received), (5, drops[0]), (7, drops[1])):
        if value is not None:
            found += build.option(code, struct.pack(order + "Q", value), order)
    return build.block(5, struct.pack(order + "III", index, 0, 0) + found, order)


def end_time(read, content):
    return read(content).capture.frames.end_time


@pytest.mark.parametrize(
    ("facts", "ended"),
    [
        ({"end": 15}, 15),
        ({"end": 15, "start": 5, "received": 3}, 15),
        ({"end": 15, "received": 5, "drops": (1, 1)}, 15),
        ({"end": 15, "received": 4}, 0),  # one of the packets is not here: somebody cut them out
        ({"end": 15, "start": 12}, 0),  # frames from before the start: times were changed
        ({}, 0),
    ],
)
def test_statistics_say_when_the_capture_ended(build, read, facts, ended):
    """isb_endtime counts when the file has all frames that were counted, and none from before isb_starttime."""
    content = build.section() + build.interface()
    content += b"".join(build.packet(ticks * 10**6) for ticks in (6, 7, 8))
    assert end_time(read, content + statistics(build, **facts)) == ended * 10**9


def test_the_end_is_the_earliest_of_all_interfaces(build, read):
    """Each in its own clock; an interface without frames does not matter, one that has them and says nothing does."""
    nano = build.option(9, b"\x09")
    content = build.section() + build.interface() + build.interface(options=nano) + build.interface()
    content += build.packet(6 * 10**6) + build.packet(7 * 10**9, index=1)
    content += statistics(build, index=2, end=8) + statistics(build, index=1, end=20, scale=10**9)
    assert end_time(read, content) == 0
    assert end_time(read, content + statistics(build, end=25)) == 20 * 10**9


def test_statistics_of_several_sections_and_in_the_middle(build, read):
    """Interfaces count anew in every section, of either byte order; a later block replaces an earlier one."""
    content = b""
    for order in "<>":
        content += build.section(order) + build.interface(order=order) + build.packet(6 * 10**6, order=order)
        content += statistics(build, end=9, drops=(1, 0), order=order) + build.packet(7 * 10**6, order=order)
        content += statistics(build, end=30, drops=(2, 3), order=order)
    result = read(content)
    assert result.capture.frames.end_time == 30 * 10**9
    assert result.capture.dropped == 10
    assert not result.damaged


def test_statistics_without_sense_change_nothing(build, read):
    """Of an unknown interface, with options of a wrong length, with the largest numbers."""
    content = build.section() + build.interface() + build.packet(6 * 10**6)
    odd = build.block(5, struct.pack("<III", 7, 0, 0) + build.option(3, b"12345678"))
    odd += build.block(5, struct.pack("<III", 0, 0, 0) + build.option(3, b"123") + build.option(5, b"1"))
    largest = build.block(5, struct.pack("<III", 0, 0, 0) + build.option(3, b"\xff" * 8) + build.option(5, b"\xff" * 8))
    assert end_time(read, content + odd) == 0
    assert read(content + odd + largest).capture.frames.end_time == LATEST


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

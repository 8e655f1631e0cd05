"""pcap: clocks, byte orders, header kinds."""

import pytest


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("magic", "unit"), [(0xA1B2C3D4, 1000), (0xA1B23C4D, 1), (0xA1B2CD34, 1000)])
def test_every_kind_of_pcap_reads_the_same(build, read, order, magic, unit):
    """Micro, nano and modified pcap of either byte order give the same frames, in their own time unit."""
    result = read(build.pcap((0, 1, 2), order=order, magic=magic))
    expected = [(i + 1, build.start + i * build.second + i * unit, 60 + i, 1, 0, bytes([i + 1]) * 60) for i in range(3)]
    assert result.frames == expected
    assert (result.warnings, result.damaged) == ([], False)


def test_the_check_sequence_bits_are_no_part_of_the_link_type(build, read):
    """A link field that also says how long the FCS is (bits 28 to 31) still names the link type."""
    assert read(build.pcap((0,), link=0x24000071)).frames[0][3] == 113


def test_lengths_written_the_other_way_round(build, read):
    """Before version 2.4 libpcap wrote the original length first; a captured length above it gives that away."""
    content = bytearray(build.pcap((0,), sizes=[60]))
    content[6] = 3
    content[32:40] = (100).to_bytes(4, "little") + (60).to_bytes(4, "little")
    assert read(bytes(content)).frames[0][2] == 100


def test_a_frame_larger_than_the_chunk_boundary_is_whole(build, read):
    """Frames that lie across the ends of the read chunks come out whole."""
    sizes = [200_000 + i for i in range(30)]
    result = read(build.pcap(range(30), sizes=sizes))
    assert [frame[5] for frame in result.frames] == [bytes([i + 1]) * size for i, size in enumerate(sizes)]


def test_a_file_header_alone_is_a_capture_without_frames(build, read):
    """A capture in which nothing was captured is not an error."""
    result = read(build.pcap(()))
    assert (result.frames, result.warnings, result.damaged) == ([], [], False)

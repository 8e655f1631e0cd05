"""A file that ends inside its header says so, compressed or not."""

import bz2
import gzip
import io
import lzma

import lz4.frame
import pytest

from analyzer.capture.compressed import zstd
from analyzer.capture.files import expand
from analyzer.errors import CaptureError, CutCaptureError


def named_gzip(content):
    """As `gzip FILE` writes it: the file's name is in the header."""
    packed = io.BytesIO()
    with gzip.GzipFile("a-long-name.pcap", "wb", fileobj=packed) as file:
        file.write(content)
    return packed.getvalue()


PACKED = {
    "gzip": (gzip.compress, 10),
    "named gzip": (named_gzip, 10 + len("a-long-name.pcap") + 1),
    "bzip2": (bz2.compress, 4),
    "xz": (lzma.compress, 12),
    "lz4": (lz4.frame.compress, 15),
    "zstd": (zstd().compress, 7),
}


@pytest.mark.parametrize("kind", ["pcap", "pcapng"])
def test_a_capture_cut_inside_its_header(build, read, kind):
    """At any byte of it: an error that says where the cut is; a few bytes that can be text are called that."""
    options = build.option(4, b"written by a test")
    head = build.pcap(()) if kind == "pcap" else build.section()[:24] + options
    if kind == "pcapng":
        head = build.block(0x0A0D0D0A, head[8:])
    for size in range(1 if kind == "pcap" else 3, len(head)):
        with pytest.raises(CutCaptureError, match=f"it is cut inside its {kind} header"):
            read(head[:size])
    assert read(head).frames == []
    with pytest.raises(CaptureError, match="text, not a pcap"):
        read(b"\n")


@pytest.mark.parametrize("name", PACKED)
def test_compressed_data_cut_inside_its_header(build, read, name):
    """The header is the compression's, wherever in it the cut is; behind it the data is cut before the capture."""
    pack, header = PACKED[name]
    content = pack(build.pcapng(range(9)))
    for size in range(3, header):
        with pytest.raises(CutCaptureError, match=f"cut inside its {name.split()[-1]} header"):
            read(content[:size])
    with pytest.raises(CaptureError, match="cut short before a capture begins in it"):
        read(content[:header])


@pytest.mark.parametrize("name", PACKED)
def test_a_cut_header_inside_whole_compressed_data(build, read, name):
    """Both layers are named."""
    with pytest.raises(CutCaptureError, match=r"data that holds a file cut inside its pcap header"):
        read(PACKED[name][0](build.pcap()[:20]))


def test_a_lying_section_header_hides_nothing(build, read):
    """A length that runs over the end is damage when whole blocks follow: they are read."""
    content = bytearray(build.pcapng())
    content[4:8] = (60_000).to_bytes(4, "little")
    result = read(bytes(content))
    assert (len(result.frames), result.damaged) == (3, True)


def test_a_directory_does_not_hide_a_cut_header(build, tmp_path):
    """Such a file counts as a capture, so that opening it says what is wrong."""
    (tmp_path / "a.pcap").write_bytes(build.pcap()[:10])
    assert [source.name for source in expand([tmp_path])] == [str(tmp_path / "a.pcap")]

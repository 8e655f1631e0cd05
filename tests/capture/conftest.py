"""Captures built byte by byte, and a reader that notes everything a frame says."""

import struct
from types import SimpleNamespace

import pytest

from analyzer.capture.files import CaptureSource, expand, open_capture

SECOND = 1_000_000_000
START = 1_700_000_000


def pcap(times=(0, 1, 2), *, order="<", magic=0xA1B2C3D4, link=1, snaplen=262144, sizes=None):
    """A pcap file with a frame at each of `times` (seconds after START), of 60 bytes unless `sizes` says otherwise."""
    parts = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snaplen, link)]
    for i, time in enumerate(times):
        size = sizes[i] if sizes else 60
        parts.append(struct.pack(order + "IIII", START + time, i, size, size + i))
        if magic == 0xA1B2CD34:
            parts.append(bytes(8))
        parts.append(bytes([i + 1]) * size)
    return b"".join(parts)


def block(kind, body, order="<"):
    """A pcapng block, padded."""
    body += bytes(-len(body) % 4)
    size = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + size + body + size


def option(code, value, order="<"):
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(order="<"):
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(link=1, snaplen=0, options=b"", order="<"):
    return block(1, struct.pack(order + "HHI", link, 0, snaplen) + options, order)


def packet(ticks, data=b"x" * 60, *, index=0, length=None, order="<"):
    head = struct.pack(order + "IIIII", index, ticks >> 32, ticks & 0xFFFFFFFF, len(data), length or len(data))
    return block(6, head + data, order)


def pcapng(times=(0, 1, 2)):
    """A pcapng file with a frame at each of `times` (seconds after START)."""
    return (
        section()
        + interface()
        + b"".join(packet((START + time) * 10**6, bytes([i + 1]) * 60) for i, time in enumerate(times))
    )


def frames(capture):
    """All frames of an open capture: (number, time, length, link, interface, bytes)."""
    cursor, found = capture.frames, []
    while cursor.advance():
        data = cursor.data[cursor.start : cursor.start + cursor.captured]
        assert len(data) == cursor.captured
        found.append((cursor.number, cursor.time, cursor.length, cursor.link, cursor.interface, data))
    return found


@pytest.fixture
def build():
    """The builders above."""
    return SimpleNamespace(
        pcap=pcap,
        block=block,
        option=option,
        section=section,
        interface=interface,
        packet=packet,
        pcapng=pcapng,
        start=START * SECOND,
        second=SECOND,
    )


@pytest.fixture
def read(tmp_path):
    """Read a path, or bytes as a file, to the end: .frames, .warnings, .damaged."""

    def run(content):
        path = content
        if isinstance(content, bytes):
            path = tmp_path / "trace.bin"
            path.write_bytes(content)
        source = path if isinstance(path, CaptureSource) else expand([path])[0]
        with open_capture(source) as capture:
            return SimpleNamespace(
                frames=frames(capture), warnings=capture.warnings, damaged=capture.damaged, capture=capture
            )

    return run

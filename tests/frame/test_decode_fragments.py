"""Fragments of IPv4 and IPv6 become the datagram again, in bounded memory, whatever their order."""

import itertools
import random
import struct
import time as clock

import pytest

from analyzer.capture.frame import Frames
from analyzer.frame import decoder as wire
from analyzer.frame.decoder import Decoder
from analyzer.frame.packet import Packet

PAYLOAD = bytes(range(40))
SEGMENT = struct.pack(">HHIIBBHHH", 50000, 443, 9, 5, 5 << 4, 0x18, 512, 0, 0) + PAYLOAD


def ip4(offset, part, more, identification=7, length=None):
    total = 20 + (len(part) if length is None else length)
    head = struct.pack(">BBHHHBBH", 0x45, 0, total, identification, more << 13 | offset >> 3, 61, 6, 0)
    return head + bytes((10, 0, 0, 1, 10, 0, 0, 2)) + part


def ip6(offset, part, more, identification=7, length=None):
    size = 8 + (len(part) if length is None else length)
    head = struct.pack(">IHBB", 0x60000000, size, 44, 61) + bytes(15) + b"\1" + bytes(15) + b"\2"
    return head + struct.pack(">BBHI", 6, 0, offset | more, identification) + part


class Wire:
    """A decoder fed with raw IP packets."""

    def __init__(self):
        self.decoder, self.packet, self.frames = Decoder(), Packet(), Frames()
        self.frames.link = 101

    def feed(self, data, length=0, time=0):
        frames = self.frames
        frames.data, frames.captured, frames.length = data, len(data), length or len(data)
        frames.time = time
        frames.number += 1
        return self.decoder.decode(frames, self.packet)

    def payload(self):
        packet = self.packet
        return packet.data[packet.payload : packet.payload + packet.captured]


def parts(segment=SEGMENT, size=24):
    return [(at, segment[at : at + size], int(at + size < len(segment))) for at in range(0, len(segment), size)]


@pytest.mark.parametrize("ip", [ip4, ip6])
def test_any_order_gives_the_datagram(ip):
    """The completing frame is the packet; its note says that it was fragmented."""
    for order in itertools.permutations(parts()):
        line = Wire()
        *early, last = [ip(*part) for part in order]
        assert [line.feed(data) for data in early] == [wire.NOTHING] * len(early)
        assert line.feed(last) == wire.TCP
        assert (line.payload(), line.packet.length, line.packet.number) == (PAYLOAD, 40, 3)
        assert (line.packet.seq, line.packet.ttl, line.packet.version) == (9, 61, 4 if ip is ip4 else 6)
        assert line.decoder.note == "fragments"
        line.decoder.finish()
        assert line.decoder.warnings == []


@pytest.mark.parametrize("ip", [ip4, ip6])
def test_first_bytes_win(ip):
    """An overlapping fragment changes nothing that was there before it."""
    line = Wire()
    first, second, third = parts()
    line.feed(ip(*first))
    line.feed(ip(*second))
    line.feed(ip(16, b"X" * 24, 1))
    assert line.feed(ip(*third)) == wire.TCP
    assert line.payload() == PAYLOAD


def test_contradictions_are_dropped():
    """A second end, bytes after the end, and odd sizes before the end do not spoil the datagram."""
    line = Wire()
    first, second, third = parts()
    line.feed(ip4(*third))
    line.feed(ip4(56, b"X" * 16, 0))
    line.feed(ip4(64, b"X" * 16, 1))
    line.feed(ip4(24, b"X" * 13, 1))
    line.feed(ip4(*first))
    assert line.feed(ip4(*second)) == wire.TCP
    assert line.payload() == PAYLOAD


def test_incomplete_datagrams_are_counted():
    """What never became whole is in the summary, once."""
    line = Wire()
    line.feed(ip4(*parts()[0]))
    line.feed(ip6(*parts()[0]))
    line.decoder.finish()
    line.decoder.finish()
    assert len(line.decoder.warnings) == 1
    assert line.decoder.warnings[0].startswith("2 fragmented")


def test_time_limit():
    """A fragment 31 s later belongs to another datagram; 29 s later to the same."""
    for seconds, expected in ((29, wire.TCP), (31, wire.NOTHING)):
        line = Wire()
        first, second, third = parts()
        line.feed(ip4(*first))
        line.feed(ip4(*second))
        assert line.feed(ip4(*third), time=seconds * 10**9) == expected


def test_identification_may_return():
    """Mirror copies of a whole datagram are silent, the next datagram of the same identification is not."""
    line = Wire()
    said = [line.feed(ip4(*part), time=t) for t in (10**9, 10**9 + 10**6, 3 * 10**9) for part in parts()]
    assert said == [0, 0, wire.TCP, 0, 0, 0, 0, 0, wire.TCP]
    line.decoder.finish()
    assert line.decoder.warnings == []


def test_snaplen_cut_fragments():
    """Sequence space is whole, the payload ends where the first cut begins."""
    line = Wire()
    for at, part, more in parts():
        data = ip4(at, part, more)
        said = line.feed(data[: 20 + 16] if at == 24 else data, length=len(data))
    assert said == wire.TCP
    assert (line.packet.length, line.packet.captured) == (40, 20)
    assert line.payload() == PAYLOAD[:20]


def test_atomic_fragment():
    """RFC 6946: a fragment header on a whole packet is no fragment."""
    line = Wire()
    assert line.feed(ip6(0, SEGMENT, 0)) == wire.TCP
    assert line.decoder.note == ""


def test_caps():
    """A flood of first fragments is bounded and counted."""
    line = Wire()
    for i in range(3000):
        line.feed(ip4(64000, b"x" * 8, 1, identification=i))
    assert len(line.decoder.fragments.table) <= 300
    line.decoder.finish()
    assert line.decoder.warnings[0].startswith("3000 fragmented")


def test_tiny_fragments_are_linear():
    """8,000 fragments of eight bytes make one datagram of 64 kB in a moment."""
    segment = SEGMENT + bytes(64_000)
    pieces = parts(segment, 8)
    random.Random(2).shuffle(pieces)
    line = Wire()
    start = clock.process_time()
    said = [line.feed(ip4(*part)) for part in pieces]
    assert clock.process_time() - start < 2
    assert said[-1] == wire.TCP
    assert line.packet.length == 64_040


def test_random_fragments_are_quiet():
    """Any sizes, offsets and flags: no exception, never more bytes than were sent."""
    dice = random.Random(3)
    line = Wire()
    for _ in range(3000):
        ip = dice.choice((ip4, ip6))
        part = dice.randbytes(dice.randrange(40))
        offset = dice.choice((0, 0, 8, 16, 24, 65520, 65528))
        length = dice.choice((None, None, 100, 0))
        line.feed(ip(offset, part, dice.randrange(2), dice.randrange(3), length), time=dice.randrange(10**11))
        line.packet.captured = 0

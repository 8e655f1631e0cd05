"""Harnesses of the decoder: link layers, IP with its fragments and tunnels, TCP, UDP and ICMP headers.

An input is a row of frames, each after a head of four bytes: what link layer it is of (by its place in a list), how
many bytes longer it was on the wire, and its length.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyzer.capture.frame import Frames
from analyzer.frame.decoder import ICMP, NOTHING, TCP, UDP, Decoder
from analyzer.frame.link import KNOWN
from analyzer.frame.packet import Packet

HEAD = 4
UNKNOWN = 65535
LINKS = (*sorted(KNOWN), UNKNOWN)
RAW = (12, 14, 101, 228, 229)
"""Link types whose frames are IP packets without anything before them."""
RARE = (8, 10, 117, 123, 203, 210)
"""A few of those that scapy reads: SLIP, FDDI, PF log, Sun ATM, LAPD, FlexRay."""
BASE = 1_700_000_000_000_000_000


def each(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """(link, bytes cut off, start, stop) of each frame."""
    at = 0
    while at + HEAD <= len(data):
        stop = min(len(data), at + HEAD + (data[at + 2] << 8 | data[at + 3]))
        yield data[at], data[at + 1], at + HEAD, stop
        at = stop


def head(link: int, cut: int, frame: bytes) -> bytes:
    """A frame as the harnesses take it."""
    return bytes((link & 255, min(cut, 255))) + len(frame).to_bytes(2, "big") + frame


def split(data: bytes) -> list[bytes]:
    """An input cut into its frames."""
    return [data[start - HEAD : stop] for _, _, start, stop in each(data)]


def decode(data: bytes, links: Sequence[int]) -> None:
    """What is found of a frame lies in it, and nothing depends on the bytes before or behind it."""
    among, alone = Decoder(), Decoder()
    frame, packet = Frames(), Packet()
    for number, (link, cut, start, stop) in enumerate(each(data), 1):
        frame.link = links[link % len(links)]
        frame.number, frame.time = number, BASE + number * 1_000_000
        frame.captured, frame.length = stop - start, stop - start + cut
        frame.data, frame.start = data, start
        first = found(among, frame, packet)
        frame.data, frame.start = data[start:stop], 0
        assert found(alone, frame, packet) == first
    among.finish()
    assert all(text.isprintable() for text in among.warnings)


def found(decoder: Decoder, frame: Frames, packet: Packet) -> tuple[object, ...]:
    """What the decoder makes of a frame."""
    kind = decoder.decode(frame, packet)
    if kind == ICMP:
        error = decoder.icmp
        assert error is not None
        return kind, error.version, error.kind, error.code, error.sender, error.key, error.seq, error.mtu, error.udp
    if kind == NOTHING:
        return (kind,)
    assert kind in (TCP, UDP)
    key, start, captured = packet.key, packet.payload, packet.captured
    assert len(key) == (12 if packet.version == 4 else 36)
    assert 0 <= start <= start + captured <= len(packet.data)
    assert captured <= packet.length <= 1 << 17 or packet.length <= frame.length
    common = (kind, key, packet.length, packet.data[start : start + captured], packet.ttl, packet.ip_id, decoder.note)
    if kind == UDP:
        return common
    options = (
        packet.mss,
        packet.scale,
        packet.sack_ok,
        packet.fast_open,
        packet.subflow,
        packet.ts_value,
        packet.ts_echo,
    )
    return (*common, packet.seq, packet.ack, packet.flags, packet.window, options, packet.sack_left, packet.sack_right)


def link(data: bytes) -> None:
    """Frames of every link layer that is read here."""
    decode(data, LINKS)


def internet(data: bytes) -> None:
    """IP packets."""
    decode(data, RAW)


def rare(data: bytes) -> None:
    """Frames that scapy reads."""
    decode(data, RARE)

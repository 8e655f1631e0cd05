"""What of a packet is left to see in a capture that lacks it, by the headers of the others and nothing else."""

from __future__ import annotations

from contextlib import closing
from typing import NamedTuple

from support.recording import Recording
from support.rows import written

from analyzer.capture import Capture, expand, open_capture
from analyzer.frame.decoder import TCP, UDP, Decoder
from analyzer.frame.packet import Packet
from analyzer.layer.dns.lookups import Lookups
from analyzer.model.connection import ACK, FIN, SYN

MASK32 = 0xFFFFFFFF
HALF = 1 << 31


def opened(capture: Recording) -> Capture:
    """A capture, as the engine reads it."""
    (source,) = expand([written(capture)])
    return open_capture(source)


class Segment(NamedTuple):
    """Header of a TCP packet; end is behind its last byte, SYN and FIN count; ack is -1 without ACK."""

    key: bytes
    seq: int
    end: int
    ack: int


def segments(capture: Recording) -> dict[int, Segment]:
    """The TCP packets of a capture, by origin."""
    found, decoder, packet = {}, Decoder(), Packet()
    with closing(opened(capture)) as source:
        frames = source.frames
        while frames.advance():
            if decoder.decode(frames, packet) == TCP:
                size = packet.length + bool(packet.flags & SYN) + bool(packet.flags & FIN)
                ack = packet.ack if packet.flags & ACK else -1
                origin = capture.frames[frames.number - 1].origin
                found[origin] = Segment(packet.key, packet.seq, packet.seq + size, ack)
    return found


def endpoints(key: bytes) -> frozenset[tuple[bytes, int]]:
    """Both ends that a key names."""
    size = (len(key) - 4) // 2
    first, second = int.from_bytes(key[-4:-2], "big"), int.from_bytes(key[-2:], "big")
    return frozenset({(key[:size], first), (key[size : 2 * size], second)})


def reverse(key: bytes) -> bytes:
    """The key of the other direction."""
    size = (len(key) - 4) // 2
    return key[size : 2 * size] + key[:size] + key[-2:] + key[-4:-2]


def untraced(whole: dict[int, Segment], kept: set[int], dropped: set[int]) -> set[int]:
    """The dropped packets that no other tells of: nobody acknowledges them, and their sender counts no further."""
    left = [whole[origin] for origin in kept if origin in whole]
    return {origin for origin in dropped if not _told(whole.get(origin), left)}


def _told(lost: Segment | None, left: list[Segment]) -> bool:
    if lost is None or lost.end == lost.seq:
        return False
    back = reverse(lost.key)
    return any(
        (one.key == back and one.ack >= 0 and _reaches(one.ack, lost.end))
        or (one.key == lost.key and _reaches(one.seq, lost.end))
        for one in left
    )


def _reaches(number: int, end: int) -> bool:
    """Whether a sequence number is `end` or after it (RFC 9293 3.4)."""
    return ((number - end) & MASK32) < HALF


class Resolved(NamedTuple):
    """A name that DNS gave an address for, or may have: origins of questions and answer, 0 = not captured."""

    name: str
    asked: frozenset[int]
    answered: int


def resolved(capture: Recording) -> list[Resolved]:
    """The lookups over UDP that brought an address, and those whose answer is not in the capture."""
    dns, decoder, packet = Lookups(), Decoder(), Packet()
    with closing(opened(capture)) as source:
        while source.frames.advance():
            if decoder.decode(source.frames, packet) == UDP and 53 in {port for _, port in endpoints(packet.key)}:
                dns.datagram(packet)
    dns.finish()
    origins = [0, *(frame.origin for frame in capture.frames)]
    return [
        Resolved(one.name, frozenset(origins[number] for number, _ in one.tries), origins[one.answer_packet])
        for one in dns.finished
        if one.resolved or not one.answer_packet
    ]

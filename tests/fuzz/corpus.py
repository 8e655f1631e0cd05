"""What the mutations begin with: taken from samples/ and tests/cases when it is asked for, nothing of it is kept."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Iterator
from functools import cache
from itertools import chain, pairwise

from fuzz import frames, messages, streams
from support import incomplete, recording
from support.examples import CASES, SAMPLE_NAMES, SAMPLES, TESTS, sample
from support.recording import Recording

from analyzer.capture.frame import Frames
from analyzer.frame.decoder import TCP, UDP, Decoder
from analyzer.frame.packet import Packet
from analyzer.model.connection import ACK, FIN, SYN
from analyzer.pkt import build
from analyzer.pkt.tls import CERTIFICATE
from analyzer.verdict.causes import CAUSES

MOST_FRAMES = 40
"""Of a capture to mutate: with few frames, a change is likely to hit something."""
MOST_BYTES = 6000
"""Of an input to a small parser, for the same reason."""
SNAPLENS = (64, 128, 256)
HANDSHAKE = 0x16
CERTIFICATE_MESSAGE, CLIENT_HELLO, SERVER_HELLO = 11, 1, 2
HEADERS, PREFACE = 1, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@cache
def recordings() -> list[Recording]:
    """All samples and cases, as frames."""
    cases = [incomplete.compiled(case) for case in CASES.values() if case.packets]
    return [*map(sample, SAMPLE_NAMES), *cases]


@cache
def captures() -> list[bytes]:
    """Small captures in all forms: as they are, cut by a snap length, as pcap and pcapng."""
    small = [one for one in recordings() if len(one.frames) <= MOST_FRAMES]
    found = []
    for at, one in enumerate(small):
        found.append((recording.pcapng if at % 3 == 0 else recording.pcap)(one))
        found.append(recording.pcap(incomplete.cut_to(one, SNAPLENS[at % 3])))
    return found


@cache
def pcaps() -> list[bytes]:
    """Of the two forms one."""
    return [one for one in captures() if not one.startswith(b"\x0a\x0d\x0d\x0a")]


@cache
def pcapngs() -> list[bytes]:
    """Of the two forms the other: written here, and as dumpcap wrote the samples."""
    dumped = [(SAMPLES / name).read_bytes() for name in SAMPLE_NAMES if name.endswith("pcapng")]
    return [one for one in captures() if one.startswith(b"\x0a\x0d\x0d\x0a")] + [
        one for one in dumped if len(one) <= 1 << 16
    ]


@cache
def packed() -> list[bytes]:
    """Compressed captures."""
    import lz4.frame

    from analyzer.capture.compressed import zstd

    whole = captures()[:6]
    made = [gzip.compress, bz2.compress, lzma.compress, lz4.frame.compress, zstd().compress]
    return [pack(one) for pack in made for one in whole]


@cache
def link_frames() -> list[bytes]:
    """A few frames of each capture, as frames of their link type."""
    places = {link: at for at, link in enumerate(frames.LINKS)}
    return [
        b"".join(frames.head(places[one.link], frame.length - len(frame.data), frame.data) for frame in part)
        for one in recordings()
        for part in some(one)
    ]  # fmt: skip


def some(one: Recording) -> Iterator[tuple[recording.Frame, ...]]:
    """The first frames, and some later ones."""
    yield tuple(frame for frame in one.frames[:3] if len(frame.data) <= MOST_BYTES)
    yield tuple(frame for frame in one.frames[3:9] if len(frame.data) <= MOST_BYTES // 4)


@cache
def packets() -> list[bytes]:
    """The IP packets of frames."""
    raw = frames.RAW.index(101)
    return [
        b"".join(frames.head(raw, 0, frame.data[recording.HEADS[one.link] :]) for frame in part)
        for one in recordings()
        if one.link in recording.HEADS
        for part in some(one)
    ]


@cache
def scapy_frames() -> list[bytes]:
    """IP packets below a few bytes of something, as frames of rare link types."""
    return [
        b"".join(
            frames.head(at, 0, bytes(at) + frame.data[14:]) for at, frame in enumerate(one.frames[: len(frames.RARE)])
        )
        for one in recordings()
        if one.link == 1
    ][:40]


@cache
def conversations() -> list[tuple[int, bytes]]:
    """What was said on each connection: its server's port, and its segments with payload as the harnesses take them."""
    return list(chain.from_iterable(map(spoken, recordings())))


def spoken(one: Recording) -> Iterator[tuple[int, bytes]]:
    """The connections of a capture."""
    said: dict[bytes, list[bytes]] = {}
    clients: dict[bytes, bytes] = {}
    for packet in decoded(one, TCP):
        turned = turn(packet.key)
        if packet.flags & (SYN | ACK) == SYN:
            clients[packet.key] = clients[turned] = packet.key
        client = clients.get(packet.key)
        if client is None:
            continue
        special = streams.SERVER_SENDS if packet.key != client else 0
        special |= streams.LAST if packet.flags & FIN else 0
        if packet.captured or special & streams.LAST:
            payload = packet.data[packet.payload : packet.payload + packet.captured]
            said.setdefault(client, []).append(streams.segment(special | streams.ACKNOWLEDGES, payload))
    for client, segments in said.items():
        whole = b"".join(segments)
        if len(whole) <= MOST_BYTES:
            yield int.from_bytes(client[-2:], "big"), whole


def turn(key: bytes) -> bytes:
    """The key of the other direction."""
    half = (len(key) - 4) // 2
    return key[half : 2 * half] + key[:half] + key[-2:] + key[-4:-2]


def decoded(one: Recording, kind: int) -> Iterator[Packet]:
    """The packets of a kind."""
    decoder, frame, packet = Decoder(), Frames(), Packet()
    frame.link = one.link
    for number, captured in enumerate(one.frames, 1):
        frame.number, frame.time = number, captured.time
        frame.data, frame.start = captured.data, 0
        frame.captured, frame.length = len(captured.data), captured.length
        if decoder.decode(frame, packet) == kind:
            yield packet


def talks(first: tuple[bytes, ...]) -> list[bytes]:
    """The conversations in which the client begins so, and the same met in the middle."""
    found = [said for _, said in conversations() if said[streams.HEAD :].startswith(first)]
    assert found, first
    return [bytes([0]) + said for said in found] + [bytes([streams.MIDSTREAM]) + said for said in found[::4]]


def tls() -> list[bytes]:
    """TLS, and the old hello of SSLv2."""
    return talks((b"\x16\x03", b"\x80"))


def http1() -> list[bytes]:
    """HTTP/1 in plain text."""
    return talks((b"GET ", b"POST ", b"PUT ", b"HEAD ", b"CONNECT "))


def http2() -> list[bytes]:
    """HTTP/2 in plain text, and upgrades to it."""
    upgraded = [bytes([0]) + said for _, said in conversations() if b"upgrade: h2c" in said.lower()]
    return talks((PREFACE,)) + upgraded


def prologues() -> list[bytes]:
    """SOCKS and PROXY headers, and tunnels of HTTP."""
    return talks((b"\x05", b"\x04", b"PROXY ", b"\r\n\r\n\0\r\nQUIT\n", b"CONNECT "))


@cache
def dns_streams() -> list[bytes]:
    """DNS over TCP."""
    return [bytes([streams.RESOLVER]) + said for port, said in conversations() if port == 53]


def contents() -> list[bytes]:
    """All of them, one protocol running into the other."""
    return tls() + http1() + http2() + prologues() + dns_streams()


@cache
def handshakes() -> list[tuple[int, bytes]]:
    """(who says it, handshake message with its header) of all that stand in plain sight in one record."""
    found = []
    for _, said in conversations():
        for special, start, stop in streams.each(b"\0" + said):
            data = (b"\0" + said)[start:stop]
            while len(data) > 9 and data[0] == HANDSHAKE:
                size = int.from_bytes(data[3:5], "big")
                record, data = data[5 : 5 + size], data[5 + size :]
                while len(record) >= 4 and 4 + int.from_bytes(record[1:4], "big") <= len(record):
                    length = 4 + int.from_bytes(record[1:4], "big")
                    found.append((special & streams.SERVER_SENDS, record[:length]))
                    record = record[length:]
    return found


def hellos() -> list[bytes]:
    """Pairs of hellos, as they come in a handshake, and each alone."""
    found = [messages.pack(side, one[4:]) for side, one in handshakes() if one[0] in (CLIENT_HELLO, SERVER_HELLO)]
    return found + [one + other for one, other in pairwise(found)]


def certificates() -> list[bytes]:
    """Certificate messages of the samples, and the one of the cases."""
    alone = (len(CERTIFICATE) + 3).to_bytes(3, "big") + len(CERTIFICATE).to_bytes(3, "big") + CERTIFICATE
    return [alone, *{one[4:] for _, one in handshakes() if one[0] == CERTIFICATE_MESSAGE and len(one) <= MOST_BYTES}]


@cache
def header_blocks() -> list[bytes]:
    """The blocks of HEADERS frames, those of each direction together."""
    found = []
    for _, said in conversations():
        sides = [b"", b""]
        for special, start, stop in streams.each(b"\0" + said):
            sides[special & 1] += (b"\0" + said)[start:stop]
        found += [blocks for side in sides if (blocks := blocks_of(side.removeprefix(PREFACE)))]
    return found


def blocks_of(data: bytes) -> bytes:
    """The header blocks among these frames, b"" = there are none, or these are no frames."""
    found = b""
    while len(data) >= 9 and data[3] <= 9:
        size = int.from_bytes(data[:3], "big")
        if data[3] == HEADERS:
            found += messages.pack(0, data[9 : 9 + size])
        data = data[9 + size :]
    return b"" if data else found


@cache
def lookups() -> list[bytes]:
    """The DNS messages of each capture, in their order."""
    found = []
    for one in recordings():
        said = [
            messages.pack(1 | 2 * (packet.key[-4:-2] == b"\0\x35"), packet.data[packet.payload :][: packet.captured])
            for packet in decoded(one, UDP)
            if b"\0\x35" in (packet.key[-4:-2], packet.key[-2:])
        ]
        found += [b"".join(said)] if said else []
    return found


@cache
def logs() -> list[bytes]:
    """What clients print, as the catalogue of causes quotes it, between lines of a CI's log."""
    printed = [cause.client_errors.replace("; ", "\n") for cause in CAUSES.values() if cause.client_errors]
    stamped = [f"2026-11-21T10:00:0{at % 10}.123Z {text}\n" for at, text in enumerate(printed)]
    return [text.encode() for text in [*printed, *stamped, "".join(stamped)[:MOST_BYTES]]]


@cache
def notations() -> list[bytes]:
    """The cases as they are written."""
    return [path.read_bytes() for path in sorted((TESTS / "cases").glob("*.pkt"))]


@cache
def segments() -> list[bytes]:
    """Conversations of plain segments for `streams.tcp`: handshake, requests and responses in turn, and the end."""
    shake = [bytes((0, 3, 0, 0, 0, 0)), bytes((1, 4, 0, 0, 0, 0)), bytes((0, 0, 0, 0, 0, 0))]
    turn_ = [bytes((0, 0, 0, 0, 41, 1)), bytes((1, 0, 0, 0, 43, 1))]
    close = [bytes((0, 5, 0, 0, 0, 1)), bytes((1, 5, 0, 0, 0, 1)), bytes((0, 0, 0, 0, 0, 0))]
    return [b"".join((shake if first else []) + turn_ * turns + close) for turns in (1, 2, 5, 20) for first in (0, 1)]


@cache
def cases() -> list[bytes]:
    """For the pages: cases alone, which hold one of everything."""
    return [build.pcap(case) for case in CASES.values() if 0 < len(case.packets) <= MOST_FRAMES]

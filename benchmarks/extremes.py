"""Captures that are hard on memory or time, one kind each, streamed to a file: same arguments, same bytes.

    extremes.py syn-flood --size 5000000     a SYN each of so many addresses, at one server
    extremes.py refusals --size 1000000      so many connections that are refused
    extremes.py open --size 500000           so many connections at a time, each with a question that is answered late
    extremes.py download --size 2000000000   one response with so many bytes
    extremes.py reassembly --size 1000       so many responses whose segments come in reverse, overlap, or leave holes

Ten million ordinary packets, of which as many are open at a time as of two, are `generate.py --packets 10000000`.
"""

from __future__ import annotations

import argparse
import csv
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from conversations import SECOND, http_ok, request, some
from generate import COLUMNS, EPOCH, GLOBAL_HEADER, RECORD, TAIL, WORK, labels_of
from packets import ACK, CLIENT, FIN, PSH, RST, SERVER, SYN, Talk, fold

Frame = tuple[int, bytes]
Told = Callable[[str, int, str, int, int, str, str], None]
"""Is told of each connection before its first packet: client and port, server and port, fetches, class, cause."""
Extreme = Callable[[Random, int, Told], Iterator[Frame]]

_V4 = struct.Struct(">12sHHHHHBBHIIHHIIBBHHH")
_MACS = b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01"
_NET = 0x0B00_0000
"""11.0.0.0/8: made-up clients; 2 ** 24 of them."""
_SERVER = 0xCB00_7101
"""203.0.113.1."""
RATE = 20_000
"""Connections a second, of those that are many."""


def segment(
    ends: tuple[int, int], ports: tuple[int, int], numbers: tuple[int, int], flags: int, data: bytes = b""
) -> bytes:
    """An IPv4 segment without options, from the first of the ends; TCP's checksum is left to the network card."""
    length = 20 + len(data)
    words = (ends[0] >> 16) + (ends[0] & 0xFFFF) + (ends[1] >> 16) + (ends[1] & 0xFFFF)
    check = fold(0x4500 + 20 + length + 0x4000 + 0x4006 + words) ^ 0xFFFF
    ip = (_MACS, 0x0800, 0x4500, 20 + length, 0, 0x4000, 64, 6, check, *ends)
    window = 0 if flags & RST else 64_240
    return _V4.pack(*ip, *ports, *numbers, 0x50, flags, window, fold(words + 6 + length), 0) + data


def dotted(address: int) -> str:
    """An IPv4 address in words."""
    return ".".join(map(str, address.to_bytes(4, "big")))


def clients(rng: Random, size: int) -> Iterator[int]:
    """So many different addresses, in no order: an odd factor loses none of 2 ** 24."""
    factor, shift = rng.getrandbits(24) | 1, rng.getrandbits(24)
    return (_NET + (number * factor + shift) % (1 << 24) for number in range(size))


def syn_flood(rng: Random, size: int, tell: Told) -> Iterator[Frame]:
    """A SYN each, 50,000 a second, and none of them again."""
    for number, client in enumerate(clients(rng, size)):
        tell(dotted(client), 1024, dotted(_SERVER), 80, 1, "syn-retransmit", "syn-abandoned")
        yield number * 20, segment((client, _SERVER), (1024, 80), (rng.getrandbits(32), 0), SYN)


def refusals(rng: Random, size: int, tell: Told) -> Iterator[Frame]:
    """A connection of each of so many clients, to 250 servers in turn."""
    step = SECOND // RATE
    for number, client in enumerate(clients(rng, size)):
        server, sequence = _SERVER + number % 250, rng.getrandbits(32)
        tell(dotted(client), 1024, dotted(server), 8080, 1, "rst", "rst-refused")
        yield number * step, segment((client, server), (1024, 8080), (sequence, 0), SYN)
        back = (0, (sequence + 1) & 0xFFFFFFFF)
        yield number * step + 20, segment((server, client), (8080, 1024), back, RST | ACK)


GET = b"GET /late HTTP/1.1\r\nHost: late.example.net\r\n\r\n"
LATE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlate\n"


def open_at_once(rng: Random, size: int, tell: Told) -> Iterator[Frame]:
    """All connect and ask before the first is answered; they are answered in the same order, and closed."""
    step = SECOND // RATE
    order = rng.getrandbits(32)
    for number, client in enumerate(clients(Random(order), size)):
        tell(dotted(client), 1024, dotted(_SERVER + number % 250), 80, 1, "ok", "")
        there, back = (client, _SERVER + number % 250), (_SERVER + number % 250, client)
        yield number * step, segment(there, (1024, 80), (1000, 0), SYN)
        yield number * step + 10, segment(back, (80, 1024), (2000, 1001), SYN | ACK)
        yield number * step + 20, segment(there, (1024, 80), (1001, 2001), ACK)
        yield number * step + 21, segment(there, (1024, 80), (1001, 2001), ACK | PSH, GET)
    asked, told = 1001 + len(GET), 2001 + len(LATE)
    for number, client in enumerate(clients(Random(order), size), size):
        there, back = (client, _SERVER + (number - size) % 250), (_SERVER + (number - size) % 250, client)
        yield number * step, segment(back, (80, 1024), (2001, asked), ACK | PSH | FIN, LATE)
        yield number * step + 10, segment(there, (1024, 80), (asked, told + 1), ACK | FIN)
        yield number * step + 20, segment(back, (80, 1024), (told + 1, asked + 1), ACK)


def download(rng: Random, size: int, tell: Told) -> Iterator[Frame]:
    """One response at a gigabit a second; every other segment is acknowledged."""
    talk = conversation(rng, 0, 0, tell, "ok", "")
    talk.connect()
    talk.upload(request(rng))
    pieces = [some(rng, talk.segment) for _ in range(64)]
    talk.download(head(size))
    for number, at in enumerate(range(0, size, talk.segment)):
        talk.put(SERVER, ACK, pieces[number % 64][: size - at])
        talk.wait(12)
        if number % 2 or at + talk.segment >= size:
            talk.hear(CLIENT)
            talk.put(CLIENT, ACK)
        yield from said(talk)
    talk.close()
    yield from said(talk)


def head(size: int) -> bytes:
    """The head of a response with so many bytes."""
    return f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode()


def said(talk: Talk) -> list[Frame]:
    """What was put since the last time."""
    frames, talk.frames = talk.frames, []
    return frames


def conversation(rng: Random, number: int, start: int, tell: Told, *verdict: str) -> Talk:
    """A connection of a client of its own."""
    ends = (_NET + number // 40_000, _SERVER)
    tell(dotted(ends[0]), 1024 + number % 40_000, dotted(ends[1]), 80, 1, *verdict)
    return Talk(rng, start, (ends[0].to_bytes(4, "big"), ends[1].to_bytes(4, "big")), (1024 + number % 40_000, 80))


# ---- reassembly ----

PIECES, PIECE = 1_000, 64
"""Segments of one response, and their bytes: as small as makes them many."""
FEW = 400
"""As many as the reassembly keeps for a gap, and less: then all is read."""


def reassembly(rng: Random, size: int, tell: Told) -> Iterator[Frame]:
    """Responses in one way after the other, one at a time."""
    start = 0
    for number in range(size):
        play, pieces, *verdict = WAYS[number % len(WAYS)]
        talk = conversation(rng, number, start, tell, *verdict)
        talk.connect()
        talk.upload(request(rng))
        data = head(pieces * PIECE) + some(rng, pieces * PIECE)
        play(talk, [data[at : at + PIECE] for at in range(0, len(data), PIECE)])
        start = talk.time + 100
        yield from said(talk)


def backwards(talk: Talk, pieces: list[bytes]) -> None:
    """The last segment comes first; the client acknowledges what it has had all along, until the first is there."""
    begun = talk.next[SERVER]
    for number in reversed(range(len(pieces))):
        talk.put(SERVER, ACK, pieces[number], seq=begun + number * PIECE)
        talk.wait(10)
        if number % 8 == 1:
            talk.put(CLIENT, ACK)
    whole(talk, pieces)


def overlapping(talk: Talk, pieces: list[bytes]) -> None:
    """Each segment begins with another version of the one before it, and every other comes before its predecessor."""
    begun = talk.next[SERVER]
    for number in range(len(pieces)):
        place = min(number ^ 1, len(pieces) - 1)
        first = place - 1 if place > 4 else place  # the head is told once
        data = pieces[place] if first == place else pieces[first][::-1] + pieces[place]
        talk.put(SERVER, ACK, data, seq=begun + first * PIECE)
        talk.wait(10)
    whole(talk, pieces)


def with_holes(talk: Talk, pieces: list[bytes]) -> None:
    """Every other segment is lost for good; the client waits for the first of them and gives up."""
    begun = talk.next[SERVER]
    talk.acked[CLIENT] = begun + PIECE
    for number in range(0, len(pieces), 2):
        talk.put(SERVER, ACK, pieces[number], seq=begun + number * PIECE)
        talk.wait(10)
        talk.put(CLIENT, ACK)
    talk.wait(30 * SECOND)
    talk.put(CLIENT, FIN | ACK)


def whole(talk: Talk, pieces: list[bytes]) -> None:
    """All is there: the client says so, and closes."""
    talk.next[SERVER] += sum(map(len, pieces))
    talk.hear(CLIENT)
    talk.put(CLIENT, ACK)
    talk.close()


WAYS: list[tuple[Any, ...]] = [
    (backwards, FEW, "ok", ""),
    (backwards, PIECES, "incomplete", ""),
    (overlapping, PIECES, "ok", ""),
    (with_holes, PIECES, "http-failure", "http-response-stalled"),
]
"""How the segments come, how many, and the verdict: of more than are kept the first is forgotten, and that is said."""

EXTREMES: dict[str, tuple[Extreme, int]] = {
    "syn-flood": (syn_flood, 5_000_000),
    "refusals": (refusals, 1_000_000),
    "open": (open_at_once, 500_000),
    "download": (download, 2_000_000_000),
    "reassembly": (reassembly, 1_000),
}
"""Each with its usual size."""


def write(path: Path, name: str, size: int, seed: int, labelled: bool) -> None:
    """Write the capture and, if wanted, its labels: a line a connection, as generate.py has them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    labels: list[dict[str, Any]] = []
    number = 0

    def tell(*told: Any) -> None:
        if labelled:
            place = {"tcp_stream": len(labels), "first_packet": number + 1}
            labels.append(place | dict(zip(COLUMNS[1:8], told, strict=True)))

    began, when, part = time.perf_counter(), 0, path.with_suffix(".part")
    with part.open("wb", buffering=1 << 20) as capture:
        capture.write(GLOBAL_HEADER)
        for when, frame in ended(EXTREMES[name][0](Random(f"{name}/{seed}"), size, tell), tell):
            number += 1
            capture.write(RECORD.pack(EPOCH + when // SECOND, when % SECOND, len(frame), len(frame)) + frame)
    part.replace(path)
    if labelled:
        with labels_of(path).open("w", newline="") as sidecar:
            table = csv.DictWriter(sidecar, COLUMNS, restval="", lineterminator="\n")
            table.writeheader()
            table.writerows(labels)
    print(f"{path}: {number} packets, {path.stat().st_size / 1e9:.2f} GB, in {time.perf_counter() - began:.0f} s")


def ended(frames: Iterator[Frame], tell: Told) -> Iterator[Frame]:
    """An ordinary connection after a long pause: what was silent before was silent, and not cut off."""
    when = 0
    for when, frame in frames:
        yield when, frame
    talk = Talk(Random(0), when + TAIL, (b"\x0a\0\0\x09", b"\xcb\0\x71\xfe"), (1024, 80))
    tell("10.0.0.9", 1024, "203.0.113.254", 80, http_ok(talk), "ok", "")
    yield from sorted(talk.frames, key=lambda frame: frame[0])


def default_path(name: str, size: int) -> Path:
    """Where the capture of that kind and size lies."""
    return WORK / f"{name}-{size}.pcap"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=EXTREMES)
    parser.add_argument("--size", type=int, help="of what, see above (default: as above)")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives another capture")
    parser.add_argument("--labels", action="store_true", help="write the labels, too: a line a connection")
    parser.add_argument("-o", "--output", type=Path, help="default: in benchmarks/work, named by kind and size")
    args = parser.parse_args()
    size = args.size or EXTREMES[args.kind][1]
    write(args.output or default_path(args.kind, size), args.kind, size, args.seed, args.labels)


if __name__ == "__main__":
    main()

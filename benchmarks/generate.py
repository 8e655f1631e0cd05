"""Writes a large capture that speed and memory are measured on, and its labels: same arguments, same bytes.

Connections start at random moments and their packets interleave by time, a few hundred being open at once. A last,
ordinary connection follows after a long pause, so that silence before it is proven by the capture itself.
"""

from __future__ import annotations

import argparse
import csv
import heapq
import ipaddress
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import IO, Any

from conversations import MIX, SECOND, http_ok
from lifelike import LIFE, Play
from names import RESOLVERS
from packets import Talk
from sealed import API, HTTPS

WORK = Path(__file__).parent / "work"
PACKETS = 2_000_000
EPOCH = 1_767_225_600
"""Capture start, seconds since 1970: 2026-01-01 UTC."""
MEAN_START_GAP = 3_000
"""Microseconds between two connections' starts, on average."""
TAIL = 130 * SECOND
CLIENTS = 200
COLUMNS = [
    *("tcp_stream", "client", "client_port", "server", "server_port"),
    *("fetches", "class", "cause", "first_packet", "packets"),
]

GLOBAL_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1)
RECORD = struct.Struct("<IIII")

PACKET = "# packet "
"""Begins the comment before the lines of a connection: with which packet it begins."""

Label = dict[str, Any]
Frames = list[tuple[int, bytes]]


@dataclass(frozen=True)
class Mix:
    """What a capture consists of: kinds of connections with their shares; every so-manieth is IPv6."""

    kinds: list[tuple[int, str, str, int, Play]]
    every: int

    @property
    def weights(self) -> list[int]:
        """The shares."""
        return [share for share, *_ in self.kinds]


MIXES = {"even": Mix(MIX, 10), "life": Mix(LIFE, 5), "https": Mix(HTTPS, 5), "api": Mix(API, 5)}


def addresses(rng: Random, number: int, every: int) -> tuple[str, str, int]:
    """Client, server and client port of the connection with this number; no tuple repeats."""
    client, server = number % CLIENTS, rng.randrange(1, 250)
    port = 1024 + (number // CLIENTS) % 64_000
    if number % every == every - 1:
        return f"2001:db8::1:{client:x}", f"2001:db8::2:{server:x}", port
    return f"10.1.{client // 100}.{client % 100 + 1}", f"203.0.113.{server}", port


def connection(mix: Mix, seed: int, number: int, start: int, last: bool) -> list[tuple[Frames, Label | None]]:
    """All packets of one connection in time order, and what is true about it by construction; before it, its lookup."""
    rng = Random(f"{seed}/{number}")
    kind, cause, server_port, play = rng.choices(mix.kinds, mix.weights)[0][1:] if not last else ("ok", "", 80, http_ok)
    client, server, port = addresses(rng, number, mix.every)
    packed = (ipaddress.ip_address(client).packed, ipaddress.ip_address(server).packed)
    talk = Talk(rng, start, packed, (port, server_port))
    fetches = play(talk)
    frames = sorted(talk.frames, key=lambda frame: frame[0])
    endpoints = {"client": client, "client_port": port, "server": server, "server_port": server_port}
    label = endpoints | {"fetches": fetches, "class": kind, "cause": cause, "packets": len(frames)}
    label["key_log"] = talk.key_log
    if not frames:
        resolver = str(ipaddress.ip_address(RESOLVERS[6 if talk.v6 else 4]))
        return [(talk.asides, label | {"tcp_stream": "", "server": resolver, "packets": len(talk.asides)})]
    return [(talk.asides, None), (frames, label)] if talk.asides else [(frames, label)]


def interleaved(mix: Mix, seed: int, packets: int) -> Iterator[tuple[int, bytes, Label | None]]:
    """Packets of all connections in time order, each with its connection's label."""
    rng = Random(seed)
    planned = number = start = part = 0
    heap: list[tuple[int, int, int, Frames, Label | None]] = []
    while heap or planned < packets:
        while planned < packets and (not heap or start <= heap[0][0]):
            for frames, label in connection(mix, seed, number, start, False):
                heapq.heappush(heap, (frames[0][0], part, 0, frames, label))
                planned += len(frames)
                part += 1
            number += 1
            start += rng.randrange(2 * MEAN_START_GAP)
        when, owner, at, frames, label = heap[0]
        yield when, frames[at][1], label
        if at + 1 < len(frames):
            heapq.heapreplace(heap, (frames[at + 1][0], owner, at + 1, frames, label))
        else:
            heapq.heappop(heap)
    for frames, label in connection(mix, seed, number, when + TAIL, True):
        for when, frame in frames:
            yield when, frame, label


def write(capture: IO[bytes], labels: IO[str], keys: IO[str], mix: Mix, seed: int, packets: int) -> tuple[int, int]:
    """Write capture, labels and key log; returns packets and connections written."""
    table = csv.DictWriter(labels, COLUMNS, lineterminator="\n")
    table.writeheader()
    capture.write(GLOBAL_HEADER)
    number = streams = 0
    for when, frame, label in interleaved(mix, seed, packets):
        number += 1
        if label is not None and "first_packet" not in label:
            label["first_packet"] = number
            if "tcp_stream" not in label:
                label["tcp_stream"] = streams
                streams += 1
            if lines := label.pop("key_log"):
                keys.write(f"{PACKET}{number}\n{lines}")
            table.writerow(label)
        size = len(frame)
        capture.write(RECORD.pack(EPOCH + when // SECOND, when % SECOND, size, size))
        capture.write(frame)
    return number, streams


def generate(path: Path, packets: int, seed: int = 1, mix: str = "even") -> None:
    """Write `path` and `path` + .labels.csv; both appear only when complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part, labels, log = path.with_suffix(".part"), labels_of(path), keys_of(path)
    began = time.perf_counter()
    with part.open("wb", buffering=1 << 20) as capture, labels.open("w", newline="") as sidecar, log.open("w") as keys:
        written, streams = write(capture, sidecar, keys, MIXES[mix], seed, packets)
    part.replace(path)
    if not log.stat().st_size:
        log.unlink()
    size, seconds = path.stat().st_size, time.perf_counter() - began
    print(f"{path}: {written} packets, {streams} connections, {size / 1e9:.2f} GB, written in {seconds:.0f} s")


def labels_of(path: Path) -> Path:
    """The file with the labels of a generated capture."""
    return path.with_suffix(".labels.csv")


def keys_of(path: Path) -> Path:
    """The key log of a generated capture; there is none where nothing has keys."""
    return path.with_suffix(".keys")


def default_path(packets: int, mix: str = "even") -> Path:
    """Where the capture with so many packets lies."""
    return WORK / f"{'large' if mix == 'even' else mix}-{packets}.pcap"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--packets", type=int, default=PACKETS, help="about so many packets (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives another capture")
    parser.add_argument("--mix", choices=MIXES, default="even", help="what it consists of (default: %(default)s)")
    parser.add_argument("-o", "--output", type=Path, help="default: in benchmarks/work, named by mix and packets")
    args = parser.parse_args()
    generate(args.output or default_path(args.packets, args.mix), args.packets, args.seed, args.mix)


if __name__ == "__main__":
    main()

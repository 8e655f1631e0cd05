"""What may befall a capture: cut packets, lost packets, a missing beginning or end, copies, packets out of order.

Each kind gives every variant of a capture that is worth trying, the same ones on every run.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace

from support.recording import HEADS, Frame, Recording

from analyzer.pkt.build import frames
from analyzer.pkt.model import LINKS, Timeline

SNAPLENS = (64, 96, 128, 200, 256, 400, 512, 1400)
SEEDS = range(40)
"""Dice that are thrown for a capture where chance decides."""
MANY = 60
"""Packets up to which each place in a capture is tried; in longer ones, SPREAD of them."""
SPREAD = 40
COPY_NS = 40_000
"""How much later a mirror port's copy comes."""
OTHER_MACS = b"\2\1\1\1\1\1\2\1\1\1\1\2"
"""The addresses of the next Ethernet segment."""
VLAN_TAGS = (b"\x81\0", b"\x88\xa8")
DISPLACED_NS = 5_000_000

Variants = Iterator[tuple[str, Recording]]


def compiled(case: Timeline) -> Recording:
    """The frames of a case."""
    each = enumerate(frames(case), 1)
    return Recording(LINKS[case.link], tuple(Frame(time, data, length, i) for i, (time, data, length) in each))


def snaplen(recording: Recording, name: str) -> Variants:
    """Every frame cut to n bytes."""
    for size in SNAPLENS:
        if any(len(frame.data) > size for frame in recording.frames):
            yield str(size), cut_to(recording, size)


def cut_to(recording: Recording, size: int) -> Recording:
    """What a snap length of `size` bytes leaves of a capture."""
    return recording.each(lambda frame: replace(frame, data=frame.data[:size]))


def loss(recording: Recording, name: str) -> Variants:
    """One packet in ten was not captured."""
    for seed in SEEDS:
        dice = random.Random(f"{name} {seed}")
        kept = tuple(frame for frame in recording.frames if dice.random() >= 0.1)
        if 0 < len(kept) < len(recording.frames):
            yield str(seed), replace(recording, frames=kept)


def cut(recording: Recording, name: str) -> Variants:
    """The capture ends after any packet."""
    for count in places(len(recording.frames)):
        yield str(count), replace(recording, frames=recording.frames[:count])


def head(recording: Recording, name: str) -> Variants:
    """The first packets, however many, are missing."""
    for count in places(len(recording.frames)):
        yield str(count), replace(recording, frames=recording.frames[count:])


def in_order(recording: Recording) -> bool:
    """Whether its times only grow: what puts frames into the order of time would change it otherwise."""
    times = [frame.time for frame in recording.frames]
    return times == sorted(times)


def places(size: int) -> list[int]:
    """Numbers of packets from 1 up to all but one."""
    if size <= MANY:
        return list(range(1, size))
    return sorted({1 + i * (size - 2) // (SPREAD - 1) for i in range(SPREAD)})


def copies(recording: Recording, name: str) -> Variants:
    """Every packet twice: the same bytes, behind a router, in another frame."""
    if not in_order(recording):
        return
    changes: dict[str, Callable[[bytes], bytes]] = {
        "same": lambda data: data,
        "ttl": lambda data: behind_a_router(recording.link, data),
        "mac": lambda data: OTHER_MACS + data[12:],
    }
    for word, change in changes.items():
        if word == "mac" and recording.link != LINKS["ethernet"]:
            continue
        later = [replace(frame, time=frame.time + COPY_NS, data=change(frame.data)) for frame in recording.frames]
        both = sorted([*recording.frames, *later], key=lambda frame: frame.time)
        yield word, replace(recording, frames=tuple(both))


def behind_a_router(link: int, data: bytes) -> bytes:
    """The frame with a TTL or hop limit that is one less."""
    at = HEADS.get(link, 0)
    while link == LINKS["ethernet"] and data[at - 2 : at] in VLAN_TAGS:
        at += 4
    spot = at + {4: 8, 6: 7}.get(data[at] >> 4, 0) if at < len(data) else at
    return data if spot in (at, len(data)) else data[:spot] + bytes([max(1, data[spot] - 1)]) + data[spot + 1 :]


def displaced(recording: Recording, name: str) -> Variants:
    """Packets stand up to 5 ms too late in the file, with their own times, or with times that only grow."""
    if not in_order(recording):
        return
    times = sorted(frame.time for frame in recording.frames)
    for seed in SEEDS:
        dice = random.Random(f"{name} {seed}")
        moved = sorted(recording.frames, key=lambda frame: frame.time + dice.randrange(DISPLACED_NS))
        yield f"{seed}", replace(recording, frames=tuple(moved))
        grown = [replace(frame, time=time) for frame, time in zip(moved, times, strict=True)]
        yield f"{seed} sorted", replace(recording, frames=tuple(grown))


KINDS: dict[str, Callable[[Recording, str], Variants]] = {
    "snaplen": snaplen,
    "loss": loss,
    "cut": cut,
    "head": head,
    "copies": copies,
    "displaced": displaced,
}

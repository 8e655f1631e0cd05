"""What captures lose, in every place: a packet, two neighbours, an end, a direction; and segments in pieces.

Besides what `incomplete` has by chance. Each kind gives the word by which `violations` knows what may not be told.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

from support.incomplete import Variants, cut_to, places
from support.recording import Frame, Recording
from support.segments import FIN, RST, SYN, segment

SNAPLENS = (60, 96, 128, 200, 300, 600, 1000)
PUSH = 8
CLOSE_NS = 5_000_000
"""Packets this close may change places in a capture (analyzer.tcp.ordering has 20 ms)."""
COPY_NS = 1000
FEW = 8
"""A segment of fewer bytes stays in one piece."""


def without(recording: Recording, dropped: set[int]) -> Recording:
    """The capture missed the frames with these indexes."""
    return replace(recording, frames=tuple(frame for i, frame in enumerate(recording.frames) if i not in dropped))


def single(recording: Recording) -> Variants:
    """Every packet once."""
    return ((f"{i + 1}", without(recording, {i})) for i in range(len(recording.frames)))


def neighbours(recording: Recording) -> Variants:
    """Every packet with the next one."""
    return ((f"{i + 1} {i + 2}", without(recording, {i, i + 1})) for i in range(len(recording.frames) - 1))


def some(recording: Recording) -> Variants:
    """A few by chance, often those that belong together."""
    for seed in range(12):
        dice = random.Random(seed)
        share = (0.1, 0.2, 0.4)[seed % 3]
        gone = {i for i in range(len(recording.frames)) if dice.random() < share}
        yield " ".join(str(i + 1) for i in sorted(gone)), without(recording, gone)


def one_direction(recording: Recording) -> Variants:
    """What one end of a connection said is missing."""
    found: dict[object, set[int]] = {}
    for i, frame in enumerate(recording.frames):
        one = segment(recording.link, frame)
        if one is not None:
            found.setdefault((one.source, one.target), set()).add(i)
    return ((str(ends), without(recording, gone)) for ends, gone in found.items())


def early_end(recording: Recording) -> Variants:
    """The capture ends after any packet."""
    for count in places(len(recording.frames)):
        yield str(count), replace(recording, frames=recording.frames[:count])


def late_begin(recording: Recording) -> Variants:
    """The capture begins with any packet."""
    for count in places(len(recording.frames)):
        yield str(count), replace(recording, frames=recording.frames[count:])


def snaplen(recording: Recording) -> Variants:
    """Every frame cut to n bytes."""
    return ((str(size), cut_to(recording, size)) for size in SNAPLENS)


def swapped(recording: Recording) -> Variants:
    """Any two neighbours change places, with times that only grow."""
    frames = recording.frames
    for i, (one, other) in enumerate(pairwise(frames)):
        if other.time - one.time <= CLOSE_NS:
            pair = replace(other, time=one.time), replace(one, time=other.time)
            yield str(i + 1), replace(recording, frames=(*frames[:i], *pair, *frames[i + 2 :]))


def twice(recording: Recording) -> Variants:
    """Any packet comes again at once."""
    for i, frame in enumerate(recording.frames):
        both = frame, replace(frame, time=frame.time + COPY_NS)
        yield str(i + 1), replace(recording, frames=(*recording.frames[:i], *both, *recording.frames[i + 1 :]))


HARMS: dict[Callable[[Recording], Variants], str] = {
    single: "loss",
    neighbours: "loss",
    some: "loss",
    one_direction: "loss",
    early_end: "cut",
    late_begin: "head",
    snaplen: "snaplen",
    swapped: "displaced",
    twice: "copies",
}


def harmed(recording: Recording) -> Iterator[tuple[str, str, Recording]]:
    """Every kind of loss, with its word."""
    for harm, word in HARMS.items():
        for what, changed in harm(recording):
            if changed.frames:
                yield f"{harm.__name__} {what}", word, changed


def in_pieces(recording: Recording, seed: int) -> Recording:
    """The same bytes in more and smaller segments."""
    dice = random.Random(seed)
    frames: list[Frame] = []
    for frame in recording.frames:
        one = segment(recording.link, frame)
        if one is None or one.flags & (SYN | RST) or not FEW <= len(one.data) == one.size:
            frames.append(frame)
            continue
        edges = sorted({0, one.size, *(dice.randrange(1, one.size) for _ in range(dice.choice((0, 1, 1, 2))))})
        for number, (start, end) in enumerate(pairwise(edges)):
            flags = one.flags if end == one.size else one.flags & ~(FIN | PUSH)
            piece = replace(one, seq=one.seq + start, data=one.data[start:end], size=end - start, flags=flags)
            frames.append(piece.framed(frame.time + number, 0))
    return replace(recording, frames=tuple(replace(frame, origin=i) for i, frame in enumerate(frames, 1)))

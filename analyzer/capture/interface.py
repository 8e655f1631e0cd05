"""The interfaces that a pcapng file describes, and their clocks (draft-ietf-opsawg-pcapng 4.2)."""

from __future__ import annotations

import cython

from analyzer.capture.frame import LATEST

BEYOND = LATEST + 1
"""A time that is too late, in ns; the sum of two still fits into 63 bits."""
CLOCK_SLACK = 1_000_000_000
"""A first packet may be this much older than the start of its capture: two readings of the clock."""
MOST_OPTIONS = 1 << 10
"""Options of one block that are read; the draft has 20 for an interface, and a block of 16 MiB could have 4 million."""


def options(data: bytes, big: bool) -> dict[int, bytes]:
    """The first options in `data` by code (the last of a kind); whatever runs over the end is left out."""
    found: dict[int, bytes] = {}
    order = "big" if big else "little"
    at = 0
    for _ in range(MOST_OPTIONS):
        if at + 4 > len(data):
            break
        code = int.from_bytes(data[at : at + 2], order)  # type: ignore[arg-type]
        length = int.from_bytes(data[at + 2 : at + 4], order)  # type: ignore[arg-type]
        if code == 0 or at + 4 + length > len(data):
            break
        found[code] = data[at + 4 : at + 4 + length]
        at += 4 + (length + 3 & ~3)
    return found


class InterfaceDescription:
    """One interface description: its link type and how its ticks become nanoseconds.

    A tick is `multiplier`/`divisor` ns, or (shift > 0) 2**-shift seconds; up to `limit` of them fit into 63 bits.
    seconds, offset         where its epoch is, and the same in ns as far as 63 bits hold it
    frames, first           how many frames it has in the file, and the time of the first
    started, ended          when its capture did, ns, as its statistics say, 0 = unknown
    received, dropped       packets it counted, -1 = unknown, and those that were lost of them
    last, counted           times of its last frame, and of the frame before its last statistics, 0 = none
    clamped                 how many of its times were not within 1970 to 2106
    """

    def __init__(self, link: cython.int, snaplen: cython.longlong) -> None:
        self.link = link
        self.snaplen = snaplen
        self.seconds = self.offset = self.dropped = self.frames = self.first = self.started = self.ended = (
            self.clamped
        ) = self.last = self.counted = 0
        self.received = -1
        self.resolution(6)

    def resolution(self, code: cython.int) -> None:
        """Set if_tsresol; an exponent that 64-bit ticks cannot use means microseconds, the default."""
        exponent: cython.int = code & 0x7F
        self.multiplier = self.divisor = 1
        self.shift = 0
        self.limit = 0
        if code & 0x80:
            self.shift = exponent
            if exponent > 63:
                self.resolution(6)
            elif exponent == 0:
                self.resolution(0)
        elif exponent <= 9:
            self.multiplier = 10 ** (9 - int(exponent))
            self.limit = BEYOND // self.multiplier
        elif exponent <= 19:
            self.divisor = 10 ** (int(exponent) - 9)
        else:
            self.resolution(6)

    def nanoseconds(self, ticks: cython.ulonglong) -> cython.longlong:
        """Ticks since the interface's epoch as nanoseconds since 1970, clamped to what Frames.time may be."""
        time: cython.longlong
        if ticks <= self.limit:
            time = ticks
            time = time * self.multiplier + self.offset
        else:
            time = self.exact(ticks)
        if 0 <= time <= LATEST:
            return time
        self.clamped += 1
        return 0 if time < 0 else LATEST

    def exact(self, ticks: cython.ulonglong) -> cython.longlong:
        """The same where 63 bits do not hold what is in between; outside the range, the next number beyond it."""
        value: int = ticks
        seconds: int = self.seconds
        value = value * 1_000_000_000 >> self.shift if self.shift else value * self.multiplier // self.divisor
        return max(-1, min(value + seconds * 1_000_000_000, BEYOND))

    def end_time(self) -> cython.longlong:
        """When its capture ended, 0 = unknown, or not to be believed.

        Fewer frames than were counted are a part of a capture, which somebody cut out; a frame from before the start
        has its time from elsewhere. Then the statistics are about something else than what is in the file.
        """
        if self.frames < self.received - self.dropped or self.first < self.started - CLOCK_SLACK:
            return 0
        return self.ended

"""Frames are written to a file as they pass (`-w`): whoever reads the file sees the same numbers, times and bytes."""

from __future__ import annotations

import struct

import cython

if not cython.compiled:
    from analyzer.capture.live.packing import put_packet

from analyzer.capture.frame import TICK_NS, Frames
from analyzer.capture.live.savefile import SaveFile

BATCH = 1 << 16
"""Bytes that are written at once at most: a system call for some hundred small packets."""

AGE = TICK_NS
"""Nanoseconds that a frame waits for others: who follows the file sees it as soon as the verdict."""

OVERHEAD = 32
"""Bytes of an enhanced packet block without the packet."""

DROP_COUNT = 16
DROP_COUNT_OPTION = 4
"""Bytes of the option that says how many packets were dropped before this one, with the end of options; its code."""


class WrittenFrames(Frames):
    """The frames of another cursor, each of which is in `file`, or on its way there, once the next is asked for.

    buffer, pending  what waits to be written, and how many bytes it has
    room             bytes that fit into the current file of a ring, beside those that wait
    on               False once the file takes no more
    begun            a time has been seen
    first            the time of the oldest frame that waits
    known_interface, known_link, described   the interface of the last frame, and its number in the file
    """

    def __init__(self, frames: Frames, file: SaveFile) -> None:
        super().__init__()
        self.frames = frames
        self.file = file
        self.buffer = bytearray(2 * BATCH)
        self.pending = self.first = 0
        self.room = file.room
        self.on = True
        self.begun = False
        self.known_interface = self.known_link = -1
        self.described = 0
        self.total = frames.total

    @property
    def end_time(self) -> int:
        """When the capture ended, as the cursor below says."""
        return self.frames.end_time

    def advance(self) -> cython.bint:
        """Move to the next frame, and write it; when none came for a while, all that waited is in the file."""
        frames: Frames = self.frames
        more: cython.bint = frames.advance()
        self.idle = frames.idle
        self.time = frames.time
        self.position = frames.position
        if not self.begun:
            self.begun = True
            self.file.started = self.time
        if not more:
            self.captured = 0
            self.flush()
            return False
        self.data = frames.data
        self.start = frames.start
        self.captured = frames.captured
        self.length = frames.length
        self.link = frames.link
        self.number = frames.number
        self.interface = frames.interface
        self.missed = frames.missed
        if self.on:
            self.write()
        return True

    def write(self) -> cython.bint:
        """Append the current frame to what waits; write that when it is much, or old."""
        total: cython.longlong = OVERHEAD + (self.captured + 3 & ~3)
        if self.missed:
            total += DROP_COUNT
        if self.interface != self.known_interface or self.link != self.known_link:
            self.describe()
        if self.room < total and (self.pending or self.file.filled):
            self.next_file()
        if self.pending == 0:
            self.first = self.time
        if self.pending + total > len(self.buffer):
            self.grow(self.pending + total)
        put_packet(
            self.buffer,
            self.pending,
            total,
            self.described,
            self.time,
            self.length,
            self.data,
            self.start,
            self.captured,
        )
        if self.missed:
            self.tell_drops(self.pending + total - DROP_COUNT - 4)
        self.pending += total
        self.room -= total
        if self.pending >= BATCH or not 0 <= self.time - self.first < AGE:  # the clock may step back
            self.flush()
        return True

    def tell_drops(self, at: cython.Py_ssize_t) -> cython.bint:
        """Put the option epb_dropcount into the room that was left for it in front of the block's second length."""
        self.buffer[at : at + DROP_COUNT] = struct.pack("=HHQHH", DROP_COUNT_OPTION, 8, self.missed, 0, 0)
        return True

    def describe(self) -> cython.bint:
        """The frame is of another interface than the one before."""
        self.flush()
        self.described = self.file.describe(self.interface, self.link)
        self.room = self.file.room
        self.known_interface = self.interface
        self.known_link = self.link
        return True

    def grow(self, need: cython.Py_ssize_t) -> cython.bint:
        """Make room for a large frame."""
        self.buffer += bytes(need - len(self.buffer))
        return True

    def next_file(self) -> cython.bint:
        """The current file of the ring is full."""
        self.flush()
        self.file.rotate()
        self.room = self.file.room
        return True

    def flush(self) -> cython.bint:
        """Write what waits."""
        self.file.ended = max(self.file.ended, self.time)
        if self.pending:
            self.file.write(memoryview(self.buffer)[: self.pending])
            self.file.filled = True
            self.on = not self.file.failed
            self.pending = 0
        return True

    def close(self) -> None:
        """Write what waits and how it ended; the cursor below is its owner's to close."""
        self.flush()
        self.file.close()

"""A cursor over the frames of one capture.

A reader moves the cursor with `advance()`; the fields then describe the current frame. Nothing is allocated per frame:
`data` is the reader's buffer, and the frame's bytes are `data[start:start + captured]`. They are valid until the next
`advance()`.
"""

from __future__ import annotations

import cython

LATEST = 4_300_000_000 * 1_000_000_000
"""Times are from 1970 to 2106, which is what a pcap file can say in 32 bits of seconds and 32 of microseconds, in ns.
Other readers clamp theirs: so neither the sum nor the difference of two times exceeds 63 bits anywhere behind."""

TICK_NS = 100_000_000
"""A source without frames says at least so often that time goes on (`Frames.idle`): a verdict that silence decides is
due within a second."""


class Frames:
    """Base of all readers.

    data      the buffer that holds the current frame
    start     where the frame begins in `data`
    captured  bytes of the frame in `data` (snaplen may have cut it)
    length    bytes the frame had on the wire
    time      capture time, integer nanoseconds since 1970 UTC, 0 to LATEST
    link      link type, a LINKTYPE_ number of the pcap registry
    number    1-based number of the frame, as Wireshark counts; in a rotated set: of the merged set
    interface index of the capturing interface (pcapng), else 0
    position  bytes of the input consumed so far (for progress bars)
    total     bytes of the input, 0 when unknown
    missed    packets that the capture dropped right before this frame, as far as a live source knows
    idle      `advance()` was False because no frame came for a while, not because the input ended: `time` is the
              clock's, and the next `advance()` goes on
    """

    data: bytes
    start: int
    captured: int
    length: int
    time: int
    link: int
    number: int
    interface: int
    position: int
    total: int
    missed: int
    idle: bool

    def __init__(self) -> None:
        self.data = b""
        self.start = self.captured = self.length = 0
        self.time = self.link = self.number = self.interface = 0
        self.position = self.total = self.missed = 0
        self.idle = False

    @property
    def end_time(self) -> int:
        """Until when the capture went on, as its file says; ns since 1970, 0 = it does not. Known at its end."""
        return 0

    def advance(self) -> cython.bint:
        """Move to the next frame; False at the end of what is readable, or with `idle`.

        Damage never raises: it adds to `warnings`.
        """
        return False

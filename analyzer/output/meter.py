# not compiled: draws for people
"""One line on a terminal about a capture that goes on: what comes in, what is open, what was found, what was lost."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from typing import TextIO

from analyzer.capture.live.capture import LiveCapture
from analyzer.output.summary import Summary
from analyzer.text import cut, safe

REDRAW_S = 0.25
"""Seconds between two states of the line: more often nobody can read it."""

RATE_S = 1.0
"""Seconds over which a rate is taken, at least."""

UNITS = ((10**9, "GB/s"), (10**6, "MB/s"), (10**3, "kB/s"), (1, "B/s"))


class Meter:
    """The line, amended in place; the caller makes sure that `err` is a terminal.

    opened   tells how many connections are open
    """

    def __init__(self, err: TextIO, capture: LiveCapture, summary: Summary, opened: Callable[[], int]) -> None:
        self.err = err
        self.capture = capture
        self.summary = summary
        self.opened = opened
        self.begun = self.since = time.monotonic()
        self.next = self.begun + REDRAW_S
        self.packets = self.bytes = 0
        self.rates = (0.0, 0.0)
        self.shown = False

    def __call__(self, position: int, total: int) -> None:
        """`position` bytes have come in so far."""
        now = time.monotonic()
        if now < self.next:
            return
        self.next = now + REDRAW_S
        packets = self.capture.frames.number
        if now - self.since >= RATE_S:
            passed = now - self.since
            self.rates = (packets - self.packets) / passed, (position - self.bytes) / passed
            self.since, self.packets, self.bytes = now, packets, position
        columns = shutil.get_terminal_size().columns
        self.err.write(f"\r{cut(self.line(now), columns - 1)}\x1b[K")
        self.err.flush()
        self.shown = True

    def line(self, now: float) -> str:
        """What it says."""
        seconds = int(now - self.begun)
        parts = [
            f"{safe(self.capture.name)} {seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}",
            f"{self.rates[0]:,.0f} packets/s",
            volume(self.rates[1]),
            f"{self.opened():,} open",
            *(f"{number:,} {name}" for name, number in self.summary.classes().items()),
        ]
        lost = max(self.capture.counted.kernel_drops, 0) + max(self.capture.counted.interface_drops, 0)
        parts.append(f"{lost:,} dropped" if lost else "none dropped")
        return "  ".join(parts)

    def close(self) -> None:
        """Wipe the line: something else is to stand there."""
        if self.shown:
            self.err.write("\r\x1b[K")
            self.err.flush()
            self.shown = False
            self.next = 0.0


def volume(rate: float) -> str:
    """Bytes a second for people: `640 B/s`, `1.2 MB/s`."""
    for size, unit in UNITS:
        if rate >= size:
            return f"{rate / size:.3g} {unit}" if rate / size < 100 else f"{rate / size:.0f} {unit}"
    return "0 B/s"

# not compiled: works a chunk at a time, so the interpreter's share of the time is nothing
"""Bytes come in: regular files, pipes and standard input, in chunks and without seeking.

Chunks are read rather than mapped: mapped pages count as the process's memory, a read buffer is freed. A pipe may be
silent for long: with `ticking` its reader is told so, again and again, and can let time go on.
"""

from __future__ import annotations

import os
import select
import stat
from time import monotonic_ns
from typing import Protocol

from analyzer.capture.frame import TICK_NS

CHUNK = 1 << 18
"""Bytes asked for at once from a file: large enough to hide the system call, small enough for a cache."""

PIPE_CHUNK = 1 << 18
"""Bytes asked for at once from a pipe; a read returns at once with what there is."""


class Stream(Protocol):
    """What a reader reads from.

    consumed  bytes of the input read so far (of the compressed input, if it is compressed)
    total     bytes of the input, 0 = unknown (a pipe)
    packing   the compression that the bytes come out of, "" = none
    problem   why `read` ended early, "" = it ended where the input ends
    notes     remarks about the input that are no damage
    idle      `read` gave b"" because nothing came for TICK_NS: the input goes on
    arrived   when its newest bytes came, ns of the monotonic clock
    stopped   nothing more is to be read: the user has seen enough
    """

    consumed: int
    total: int
    packing: str
    problem: str
    notes: list[str]

    @property
    def idle(self) -> bool: ...

    @property
    def arrived(self) -> int: ...

    @property
    def stopped(self) -> bool: ...

    def read(self) -> bytes:
        """The next bytes, at least one and as soon as there are any; b"" at the end, or with `idle`."""
        ...

    def tick(self) -> None:
        """From now on come back with `idle` where nothing comes."""
        ...

    def stop(self) -> None:
        """From now on give b"", as at the end: the user has seen enough. A signal handler may call it."""
        ...

    def close(self) -> None:
        """Release the input."""
        ...


class RawStream:
    """The bytes of an open file descriptor, which it owns unless `keep` is set.

    grows     whether its end is not the end: more may be written
    ticking   whether `read` comes back when nothing came for TICK_NS; only where the system can wait for a pipe so
    """

    grows = False

    def __init__(self, descriptor: int, *, keep: bool = False) -> None:
        self.descriptor = descriptor
        self.keep = keep
        self.consumed = 0
        self.packing = ""
        self.problem = ""
        self.notes: list[str] = []
        status = os.fstat(descriptor)
        regular = stat.S_ISREG(status.st_mode)
        self.total = status.st_size if regular else 0
        self.chunk = CHUNK if regular else PIPE_CHUNK
        self.pipe = not regular
        self.ticking = self.stopped = self.idle = False
        self.arrived = 0

    def read(self) -> bytes:
        self.idle = self.ticking and not self.stopped and not self.ready()
        if self.idle or self.stopped:
            return b""
        try:
            data = os.read(self.descriptor, self.chunk)
        except OSError as error:
            self.problem = (error.strerror or "read error").lower()
            return b""
        self.consumed += len(data)
        if data and self.ticking:  # the end of a file that grows is no arrival
            self.arrived = monotonic_ns()
        return data

    def tick(self) -> None:
        self.ticking = True
        self.arrived = monotonic_ns()

    def stop(self) -> None:
        self.stopped = True

    def ready(self) -> bool:
        """Wait until something can be read, or the input has ended; False when neither came about for TICK_NS."""
        if not self.pipe or not hasattr(select, "poll"):
            return True
        waiting = select.poll()
        waiting.register(self.descriptor, select.POLLIN)
        return bool(waiting.poll(TICK_NS // 1_000_000))

    def close(self) -> None:
        if not self.keep and self.descriptor >= 0:
            os.close(self.descriptor)
        self.descriptor = -1


class Prefixed:
    """A stream whose first bytes were already taken off to look at them."""

    def __init__(self, first: bytes, rest: Stream) -> None:
        self.first = first
        self.rest = rest
        self.total = rest.total
        self.packing = rest.packing
        self.notes = rest.notes

    @property
    def consumed(self) -> int:
        return self.rest.consumed

    @consumed.setter
    def consumed(self, value: int) -> None:
        self.rest.consumed = value

    @property
    def problem(self) -> str:
        return self.rest.problem

    @problem.setter
    def problem(self, value: str) -> None:
        self.rest.problem = value

    @property
    def idle(self) -> bool:
        return self.rest.idle

    @property
    def arrived(self) -> int:
        return self.rest.arrived

    @property
    def stopped(self) -> bool:
        return self.rest.stopped

    def read(self) -> bytes:
        first, self.first = self.first, b""
        return first or self.rest.read()

    def tick(self) -> None:
        self.rest.tick()

    def stop(self) -> None:
        self.rest.stop()

    def close(self) -> None:
        self.rest.close()


class WrittenStream(Prefixed):
    """The capture that a text means; the text has been read."""


def peek(stream: Stream, wanted: int) -> bytes:
    """Read until `wanted` bytes are there or the input ends; may return more."""
    data = stream.read()
    while data and len(data) < wanted:
        piece = stream.read()
        if not piece:
            break
        data += piece
    return data

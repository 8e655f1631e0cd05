"""What the pcap and pcapng readers share: a window over the input that slides in chunks, and how damage is told."""

from __future__ import annotations

import cython

from analyzer.capture.frame import Frames
from analyzer.capture.stream import Stream

SHORT = 1 << 16
"""Bytes; hardly any record is longer."""

MOST_WARNINGS = 20
"""A file that is nothing but damage must not fill the screen; further damage is one more line."""

MOST_BYTES = 1 << 24
"""No record or block is larger: 16 MiB is 64 times the largest packet libpcap captures (MAXIMUM_SNAPLEN, 256 KiB)."""


class Reader(Frames):
    """Base of the file readers.

    stream    where the bytes come from
    name      the file, as shown to the user
    warnings  what was wrong with the input so far
    damaged   whether something could not be read (then the results are partial)
    at, size  next unread byte, and end, of `data`
    chunk     what was read last; its bytes from `chunk_at` on come after those of `data`
    ended     the input has no more bytes than `data` holds
    """

    def __init__(self, stream: Stream, name: str) -> None:
        super().__init__()
        self.stream = stream
        self.name = name
        self.warnings: list[str] = []
        self.damaged = self.ended = False
        self.at = self.size = self.chunk_at = 0
        self.chunk = b""
        self.total = stream.total

    def more(self, need: cython.Py_ssize_t) -> cython.bint:
        """Make `need` bytes available from `at` on; False when the input ends before.

        A pipe is read no further than needed, so that frames come out as they arrive. When much is unread already,
        at least as much again is read: the copying stays linear in the input.
        """
        if self.size == self.at:
            self.next_chunk()
        if self.size - self.at < need and not self.ended:
            self.join(need)
        self.position = self.stream.consumed
        return self.size - self.at >= need

    def next_chunk(self) -> cython.bint:
        """All of `data` is read: go on in the chunk after it, without a copy."""
        if self.chunk_at == len(self.chunk):
            self.read_chunk()
        self.data = self.chunk
        self.at = self.chunk_at
        self.size = self.chunk_at = len(self.chunk)
        return True

    def join(self, need: cython.Py_ssize_t) -> cython.bint:
        """A record runs over the end of `data`: put its parts together, and leave the rest of its last chunk alone."""
        have: cython.Py_ssize_t = self.size - self.at
        wanted: cython.Py_ssize_t = need
        take: cython.Py_ssize_t
        if need > SHORT:  # a search for the next frame looks at every byte of its window: let that be wide
            wanted = max(2 * have, need + SHORT)
        pieces: list[bytes] = [self.data[self.at : self.size]]
        while have < wanted and (have < need or self.chunk_at < len(self.chunk)):
            if self.chunk_at == len(self.chunk):
                self.read_chunk()
                if self.ended:
                    break
            take = min(wanted - have, len(self.chunk) - self.chunk_at)
            pieces.append(self.chunk[self.chunk_at : self.chunk_at + take])
            self.chunk_at += take
            have += take
        self.data = b"".join(pieces)
        self.at = 0
        self.size = have
        return True

    def read_chunk(self) -> cython.bint:
        """Take the next chunk from the stream; an empty one is the end."""
        self.chunk = self.stream.read()
        self.chunk_at = 0
        self.ended = not self.chunk
        return True

    def finish(self) -> cython.bint:
        """The input is used up: say so if it ends within a packet or early. Always False, for `advance` to return."""
        left: cython.bint = self.size > self.at
        problem: str = self.stream.problem
        self.at = self.size
        self.captured = 0
        if problem:
            lost = "the rest could not be read" if not left else "the last packet and the rest could not be read"
            self.damage(f"`{self.name}` ends early after packet {self.number}: {problem}; {lost}")
        elif left:
            self.damage(f"`{self.name}` is cut short after packet {self.number}; the last packet was ignored")
        for note in self.stream.notes:
            self.warnings.append(f"`{self.name}`: {note}")
        self.stream.problem = ""
        self.stream.notes.clear()
        return False

    def damage(self, what: str) -> None:
        """Note that a part of the input could not be read."""
        self.damaged = True
        if len(self.warnings) < MOST_WARNINGS:
            self.warnings.append(what)
        elif len(self.warnings) == MOST_WARNINGS:
            self.warnings.append(f"further damage in `{self.name}` is not listed")

    def jump(self, stream: Stream) -> None:
        """Go on in `stream`, some place later in the same file, at the next frame that can be told there."""
        self.stream = stream
        self.data = self.chunk = b""
        self.at = self.size = self.chunk_at = 0
        self.ended = False
        self.seek_frame()

    def seek_frame(self) -> cython.bint:
        """Move `at` to the next plausible frame; False when there is none. Linear in what it skips."""
        return False

    def close(self) -> None:
        """Release the input."""
        self.stream.close()

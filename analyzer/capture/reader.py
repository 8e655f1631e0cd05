"""What the pcap and pcapng readers share: a window over the input that slides in chunks, and how damage is told."""

from __future__ import annotations

import re
from time import monotonic_ns

import cython

from analyzer.capture.frame import LATEST, Frames
from analyzer.capture.losses import Losses
from analyzer.capture.stream import Stream

SHORT = 1 << 16
"""Bytes; hardly any record is longer."""

MOST_WARNINGS = 20
"""A file that is nothing but damage must not fill the screen; further damage is one more line."""

LONGEST_HOLE = 1 << 26
"""Bytes searched for the next frame before the rest is given up. What disks and copies lose are blocks and extents of a
few MiB; 64 MiB are searched in a second or two, also interpreted."""

LOOK = 64
"""Bytes that are searched in the time of one look at a place that may be a frame and is none."""

FREE_SEARCH = 1 << 24
SEARCH_PER_BYTE = 64
"""Compressed input may make the reader search so many bytes, and so many for each byte of its own: a few bytes become
gigabytes of zeros. The first is a large hole for a disk, the second more than real data grows."""

LONGEST_HINT = 12
"""Bytes of the longest match of a `hint`."""

FREE_RECORDS = 1 << 14
"""Compressed input may have so many packets and blocks, and one for each of its bytes. No real packet takes less than a
byte: it has a time, a sequence number and a checksum of its own."""

NO_END = 1 << 62
"""Packets: more than any input has."""

HOLD_NS = 300_000_000
"""How long the writer of a stream may hold back what it has captured, and time does not go on by its silence."""

MOST_BYTES = 1 << 24
"""No record or block is larger: 16 MiB is 64 times the largest packet libpcap captures (MAXIMUM_SNAPLEN, 256 KiB)."""


class Reader(Frames):
    """Base of the file readers.

    stream    where the bytes come from
    name      the file, as shown to the user
    warnings  what was wrong with the input so far
    losses    when packets were dropped, as far as the file says
    damaged   whether something could not be read (then the results are partial)
    at, size  next unread byte, and end, of `data`
    chunk     what was read last; its bytes from `chunk_at` on come after those of `data`
    ended     the input has no more bytes than `data` holds
    unit      what a frame is a part of, in this format's word
    lookahead, shortest     bytes that hold any plausible frame and what shows that it is one; that the shortest has
    given_up  why nothing more is read, "" = the input's end
    searched  bytes in which the next frame was searched after damage, looked: places there that might have been one
    newest    time of the current frame while time goes on without another; silent: the number of that frame
    allowed   packets so far that a capture of this size could have; others: work for what is no packet, in packets
    """

    def __init__(self, stream: Stream, name: str) -> None:
        super().__init__()
        self.stream = stream
        self.name = name
        self.warnings: list[str] = []
        self.damaged = self.ended = False
        self.at = self.size = self.chunk_at = 0
        self.searched = self.looked = self.others = self.newest = 0
        self.silent = -1
        self.allowed = NO_END
        self.lookahead = self.shortest = 0
        self.unit = "packet"
        self.losses = Losses()
        self.given_up = ""
        self.chunk = b""
        self.total = stream.total

    def header(self) -> cython.bint:
        """Read the beginning of the file; False when the input ends within it, and nothing can be read."""
        return True

    def more(self, need: cython.Py_ssize_t) -> cython.bint:
        """Make `need` bytes available from `at` on; False when the input ends before, or with `idle`.

        A pipe is read no further than needed, so that frames come out as they arrive. When much is unread already,
        at least as much again is read: the copying stays linear in the input.
        """
        self.idle = False
        if self.size == self.at:
            self.next_chunk()
        if self.size - self.at < need and not self.ended and not self.idle:
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
                if self.ended or self.idle:
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
        """Take the next chunk from the stream; an empty one is the end, or with `idle` a pause."""
        self.chunk = b"" if self.ended else self.stream.read()
        if self.stream.packing:
            self.allowed = FREE_RECORDS + self.stream.consumed - self.others
        self.chunk_at = 0
        self.idle = not self.chunk and self.stream.idle
        self.ended = not self.chunk and not self.idle
        if self.chunk and self.silent == self.number:
            self.time = self.newest  # a packet without a time of its own has that of the packet before it
            self.silent = -1
        return True

    def finish(self) -> cython.bint:
        """The input is used up: say so if it ends within a packet or early. Always False, for `advance` to return.

        Or it pauses; what there is of a packet is kept.
        """
        if self.idle:
            return self.pause()
        left: cython.bint = self.size > self.at and not self.stream.stopped
        problem: str = self.stream.problem
        self.at = self.size
        self.captured = 0
        if self.given_up:
            self.end(f"`{self.name}` was given up after packet {self.number}: {self.given_up}")
            self.given_up = ""
        elif problem:
            lost = "the rest could not be read" if not left else "the last packet and the rest could not be read"
            self.end(f"`{self.name}` ends early after packet {self.number}: {problem}; {lost}")
        elif left:
            self.damage(f"`{self.name}` is cut short after packet {self.number}; the last packet was ignored")
        for note in self.stream.notes:
            self.warnings.append(f"`{self.name}`: {note}")
        self.stream.problem = ""
        self.stream.notes.clear()
        return False

    def pause(self) -> cython.bint:
        """Nothing comes: time goes on from the newest packet by as much as the clock did since. Always False.

        By no other clock: the packets may be of another host, or old.
        """
        if self.silent != self.number:
            self.silent = self.number
            self.newest = self.time
        self.captured = 0
        waited: cython.longlong = monotonic_ns() - self.stream.arrived - HOLD_NS
        if waited > 0 and self.number:
            self.time = min(self.newest + waited, LATEST)
        return False

    def end(self, what: str) -> None:
        """Note why nothing more could be read: once a file, however much damage was before."""
        self.damaged = True
        self.warnings.append(what)

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

    def recover(self) -> cython.bint:
        """Skip damage at `at`; False when nothing readable follows."""
        self.at += 1
        if self.seek_frame():
            self.damage(
                f"`{self.name}` is damaged after packet {self.number}; reading went on at the next whole {self.unit}"
            )
            return True
        if not self.given_up:
            self.damage(f"`{self.name}` is damaged after packet {self.number}; the rest could not be read")
        self.at = self.size
        return self.finish()

    def seek_frame(self) -> cython.bint:
        """Move `at` to the next plausible frame; False when there is none, or not in a bounded search.

        Linear in what it skips: what cannot be the beginning of a frame is passed over by a regular expression.
        """
        began: cython.longlong = self.searched
        longest: cython.longlong = self.search_cost() + LONGEST_HOLE
        lookahead: cython.Py_ssize_t = self.lookahead
        while True:
            self.more(lookahead)
            most: cython.longlong = self.most_search(longest)
            if self.seek_until(self.size - (self.shortest if self.ended else lookahead), most):
                return True
            if self.search_cost() > most:
                self.give_up(f"no packet begins in the next {self.searched - began:,} bytes")
                return False
            if self.ended:
                return False

    def seek_until(self, last: cython.Py_ssize_t, most: cython.longlong) -> cython.bint:
        """Move `at` to the first plausible frame that begins at or before `last`, else behind `last`.

        Or to some place before, once the search has cost more than `most`.
        """
        pattern, lead = self.hint()
        while self.at <= last and self.search_cost() <= most:
            found = pattern.search(self.data, self.at + lead, last + lead + LONGEST_HINT)
            place: cython.Py_ssize_t = last + 1 if found is None else min(found.start() - lead, last + 1)
            self.searched += place - self.at
            self.at = place
            if place > last:
                return False
            if self.begins(place):
                return True
            self.looked += 1
            self.searched += 1
            self.at += 1
        return False

    def too_many(self) -> cython.bint:
        """More than `allowed`: a few bytes that become packets without end. Always False, for `advance` to return."""
        self.give_up(f"{self.stream.consumed:,} bytes of {self.stream.packing} data hold more than any capture would")
        self.at = self.size
        return self.finish()

    def search_cost(self) -> cython.longlong:
        """What all searching has cost so far, in bytes passed over."""
        return self.searched + LOOK * self.looked

    def most_search(self, longest: cython.longlong) -> cython.longlong:
        """What all searching may cost by the end of a search that may not go beyond `longest`."""
        if not self.stream.packing:
            return longest
        consumed: cython.longlong = self.stream.consumed
        return min(longest, FREE_SEARCH + SEARCH_PER_BYTE * consumed)

    def give_up(self, why: str) -> None:
        """Read no further."""
        self.given_up = why
        self.chunk = b""
        self.chunk_at = 0
        self.ended = True

    def hint(self) -> tuple[re.Pattern[bytes], int]:
        """What the head of a frame looks like, and how many bytes of it are in front of that."""
        raise NotImplementedError

    def begins(self, at: cython.Py_ssize_t) -> cython.bint:
        """Whether a frame begins at `at`, as far as can be told."""
        return False

    def close(self) -> None:
        """Release the input."""
        self.stream.close()

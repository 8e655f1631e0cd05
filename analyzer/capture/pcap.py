"""Frames of a pcap file (draft-ietf-opsawg-pcap): micro- and nanoseconds, both byte orders, the "modified" kind.

A record with an impossible length is damage: the reader warns, looks for the next place where two records in a row
make sense, and goes on there.
"""

from __future__ import annotations

import re

import cython

if not cython.compiled:
    from analyzer.capture.numbers import file_u32

from analyzer.capture.reader import MOST_BYTES, Reader
from analyzer.capture.stream import Stream

MICRO = 0xA1B2C3D4
NANO = 0xA1B23C4D
MODIFIED = 0xA1B2CD34
"""Alexey Kuznetsov's patched libpcap: 8 more bytes a record (Wireshark wiretap/libpcap.h)."""

FILE_HEADER = 24

LARGEST_PACKET = 1 << 18
"""libpcap's MAXIMUM_SNAPLEN; Wireshark calls a longer packet damage too, unless the file's own snaplen is larger."""

LOOKAHEAD = LARGEST_PACKET + 64
"""Bytes that hold any plausible record and the header after it."""

HINTS = {
    (False, False): (re.compile(rb"[\x00-\x0f]\x00(?!\x00{4})..[\x00-\x04]\x00..[\x00-\x04]\x00", re.DOTALL), 6),
    (False, True): (re.compile(rb"[\x00-\x3b](?!\x00{4})..[\x00-\x04]\x00..[\x00-\x04]\x00", re.DOTALL), 7),
    (True, False): (re.compile(rb"\x00[\x00-\x0f]..(?!\x00{4})\x00[\x00-\x04]..\x00[\x00-\x04]..", re.DOTALL), 4),
    (True, True): (re.compile(rb"[\x00-\x3b]...(?!\x00{4})\x00[\x00-\x04]..\x00[\x00-\x04]..", re.DOTALL), 4),
}
"""By big-endian and nanoseconds: a sub-second field up to 999,999 or 999,999,999 (0x0F423F, 0x3B9AC9FF) and two lengths
up to LARGEST_PACKET, the first not 0, as far as single bytes say so; and how many bytes of the header come before."""

DAY = 86_400
LARGEST_WHOLE = 0xFFFF + 64
"""Bytes of an IP packet with its link-layer headers; what claims more near the end may be damage and not a cut."""

MAGICS: dict[bytes, tuple[int, bool]] = {
    magic.to_bytes(4, "big" if big else "little"): (magic, big)
    for magic in (MICRO, NANO, MODIFIED)
    for big in (False, True)
}


class PcapFrames(Reader):
    """The records of one pcap file.

    big         byte order of the file
    head        bytes of a record header
    limit       largest captured length that is no damage
    fraction    nanoseconds of one unit of the sub-second field, per_second: such units in a second
    seconds     time of the current frame; good: of the last frame that another one followed, -1 = none yet
    """

    def __init__(self, stream: Stream, name: str) -> None:
        """The stream must begin with one of MAGICS."""
        super().__init__(stream, name)
        self.more(4)
        magic, self.big = MAGICS[self.data[:4]]
        self.head = 24 if magic == MODIFIED else 16
        self.fraction = 1 if magic == NANO else 1000
        self.per_second = 1_000_000_000 if magic == NANO else 1_000_000
        self.limit = LARGEST_PACKET
        self.lookahead = LOOKAHEAD
        self.shortest = self.head
        self.minor = 4
        self.seconds = self.good = -1

    def header(self) -> cython.bint:
        """Read the file header."""
        if not self.more(FILE_HEADER):
            return False
        snaplen = file_u32(self.data, self.at + 16, self.big)
        self.limit = min(max(snaplen, LARGEST_PACKET), MOST_BYTES)
        self.minor = self.data[self.at + 7] if self.big else self.data[self.at + 6]
        # The upper 16 bits hold the length of the frame check sequence (draft-ietf-opsawg-pcap section 4).
        self.link = file_u32(self.data, self.at + 20, self.big) & 0xFFFF
        self.at += FILE_HEADER
        return True

    def advance(self) -> cython.bint:
        """Move to the next record; False at the end of what is readable."""
        head: cython.int = self.head
        big: cython.bint = self.big
        while True:  # the loop runs again only after damage
            if self.number > self.allowed:
                return self.too_many()
            if self.size - self.at < head and not self.more(head):
                return self.finish()
            data: bytes = self.data
            at: cython.Py_ssize_t = self.at
            seconds: cython.longlong = file_u32(data, at, big)
            fraction: cython.longlong = file_u32(data, at + 4, big)
            captured: cython.longlong = file_u32(data, at + 8, big)
            length: cython.longlong = file_u32(data, at + 12, big)
            if captured > length and self.minor <= 3:
                captured, length = length, captured  # libpcap before 2.4 wrote them the other way round
            if captured > self.limit or (captured == 0 and length == 0 and seconds == 0):
                if not self.recover():
                    return False
                continue
            if self.size - at < head + captured and not self.more(head + captured):
                if not self.idle and captured > LARGEST_WHOLE and self.recover():
                    continue
                return self.finish()
            self.good = self.seconds
            self.seconds = seconds
            self.time = seconds * 1_000_000_000 + fraction * self.fraction
            self.start = self.at + head
            self.captured = captured
            self.length = length
            self.number += 1
            self.at = self.start + captured
            return True

    def jump(self, stream: Stream) -> None:
        """Go on in `stream`; the time before says nothing about the time there."""
        self.seconds = self.good = -1
        super().jump(stream)

    def hint(self) -> tuple[re.Pattern[bytes], int]:
        """Fraction, captured and original length, which have zeros at their upper ends; the seconds can be anything."""
        return HINTS[self.big, self.fraction == 1]

    def begins(self, at: cython.Py_ssize_t) -> cython.bint:
        """Whether a record at `at` makes sense and another one, or the end of the file, follows it."""
        if not self.plausible(at, self.good):
            return False
        following: cython.Py_ssize_t = at + self.head + file_u32(self.data, at + 8, self.big)
        if self.ended and following == self.size:
            return True
        return self.plausible(following, file_u32(self.data, at, self.big))

    def plausible(self, at: cython.Py_ssize_t, near: cython.longlong) -> cython.bint:
        """Whether the bytes at `at` are a record header within a day of the time `near` (seconds, -1 = any)."""
        if at + self.head > self.size:
            return False
        seconds: cython.longlong = file_u32(self.data, at, self.big)
        if near >= 0 and not near - DAY <= seconds <= near + DAY:
            return False
        captured: cython.longlong = file_u32(self.data, at + 8, self.big)
        length: cython.longlong = file_u32(self.data, at + 12, self.big)
        if not 0 < captured <= length <= LARGEST_PACKET:
            return False
        return file_u32(self.data, at + 4, self.big) < self.per_second

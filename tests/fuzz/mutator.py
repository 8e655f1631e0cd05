"""Damages bytes as networks and attackers do: flipped bits, lengths that lie, pieces gone, twice, or of something else.

The same seed gives the same inputs on every machine. Nothing is learned from what an input does: that is what atheris
is for. It makes tens of thousands a second, in compiled modules as well.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

Split = Callable[[bytes], list[bytes]]
"""Cuts an input where its format has its joints: the records of a file, the segments of a stream, lines of text."""

MOST_CHANGES = 6
LARGEST = 1 << 16
"""Bytes of an input: what grows beyond has its end cut off."""
LONGEST_RUN = 64
"""Bytes that are taken out, repeated or filled in at once."""
MOST_REPEATS = 40
"""Enough to pass every small cap of the parsers (names, extensions, headers, segments that wait) in a few changes."""

EDGES = (0, 1, 2, 3, 4, 7, 8, 9, 12, 16, 20, 24, 31, 32, 40, 60, 63, 64, 127, 128, 254, 255, 256, 257, 511, 512, 1023,
         1460, 4095, 4096, 16383, 16384, 16640, 16641, 32767, 32768, 65515, 65534, 65535, 65536, 0xFFFFFF, 0x3FFFFFFF,
         0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 2**64 - 1)  # fmt: skip
"""Numbers at which lengths, counts and times change their meaning somewhere."""

WORDS = (
    b"\r\n", b"\r\n\r\n", b"\n", b"\0", b"\xff", b":", b" ", b"\x1b[31m", b"\x1b]0;x\x07", b"=cmd|' /C x'!A0",
    b'"', b",", b"\xe2\x80\xae", b"\xc2\x9b", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n",
    b"GET / HTTP/1.1\r\n",
    b"Content-Length: 99999999999999999999\r\n", b"Content-Length: -1\r\n", b"Transfer-Encoding: chunked\r\n",
    b"ffffffffffffffff\r\n", b"0\r\n\r\n", b"CONNECT a:1 HTTP/1.1\r\n\r\n", b"Upgrade: h2c\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", b"\r\n\r\n\0\r\nQUIT\n", b"\x05\x01\x00", b"\x04\x01\x00\x50",
    b"\x16\x03\x01", b"\x16\x03\x03", b"\x17\x03\x03", b"\x15\x03\x03\0\2", b"\x14\x03\x03\0\1\1", b"\xc0\x0c",
    b"\xc0\0",
    b"\x0a\x0d\x0d\x0a", b"\x4d\x3c\x2b\x1a", b"\xd4\xc3\xb2\xa1", b"\x81\0", b"\x88\x47", b"\x08\0\x45\0",
    b"\x86\xdd\x60",
)  # fmt: skip
"""What parsers look for, and what must not reach a terminal or a cell."""


class Mutator:
    """An endless row of damaged inputs, made of good ones."""

    def __init__(self, seeds: Sequence[bytes], seed: str, split: Split | None = None) -> None:
        self.seeds = seeds
        self.split = split
        self.uniform = random.Random(seed).random
        self.bytewise = (
            self._flip, self._flip, self._byte, self._number, self._number, self._near, self._remove, self._repeat,
            self._word, self._fill, self._truncate, self._splice,
        )  # fmt: skip

    def below(self, stop: int) -> int:
        """A number from 0 on, smaller than `stop`; faster than `randrange`, and even enough."""
        return int(self.uniform() * stop)

    def following(self) -> bytes:
        """The next input."""
        data = self.seeds[self.below(len(self.seeds))]
        if self.split is not None and self.uniform() < 0.5:
            data = self._rearranged(data, self.split)
            if self.uniform() < 0.3:
                return data[:LARGEST]
        changed = bytearray(data)
        changes = 1
        while changes < MOST_CHANGES and self.uniform() < 0.5:
            changes += 1
        for _ in range(changes):
            self.bytewise[self.below(len(self.bytewise))](changed)
        return bytes(changed[:LARGEST])

    def _rearranged(self, data: bytes, split: Split) -> bytes:
        """The same pieces, but one gone, twice, elsewhere, or in the place of another; or one of another input."""
        pieces = split(data)
        for _ in range(1 + self.below(2)):
            if len(pieces) < 2:
                break
            one, other = self.below(len(pieces)), self.below(len(pieces))
            how = self.below(6)
            if how == 0:
                del pieces[one]
            elif how == 1:
                pieces.insert(other, pieces[one])
            elif how == 2:
                pieces.insert(other, pieces.pop(one))
            elif how == 3:
                one = min(one, len(pieces) - 2)
                pieces[one], pieces[one + 1] = pieces[one + 1], pieces[one]
            elif how == 4:
                del pieces[max(1, one) :]
            else:
                strange = split(self.seeds[self.below(len(self.seeds))])
                pieces[one:one] = strange[self.below(len(strange)) :][: 1 + self.below(3)] if strange else []
        return b"".join(pieces)

    def _flip(self, data: bytearray) -> None:
        if data:
            data[self.below(len(data))] ^= 1 << self.below(8)

    def _byte(self, data: bytearray) -> None:
        if data:
            data[self.below(len(data))] = self.below(256)

    def _number(self, data: bytearray) -> None:
        """A number of one to eight bytes that lies: an edge, or how many bytes there are, or one off."""
        width = 1 << self.below(4)
        if len(data) < width:
            return
        at = self.below(len(data) - width + 1)
        number = EDGES[self.below(len(EDGES))] if self.uniform() < 0.7 else len(data) - at - width
        number += self.below(3) - 1
        number &= (1 << 8 * width) - 1
        data[at : at + width] = number.to_bytes(width, "big" if self.uniform() < 0.7 else "little")

    def _near(self, data: bytearray) -> None:
        """A little more or less than what stands there."""
        if data:
            at = self.below(len(data))
            data[at] = (data[at] + self.below(17) - 8) & 0xFF

    def _range(self, data: bytearray) -> tuple[int, int]:
        at = self.below(len(data) + 1)
        return at, min(len(data), at + 1 + self.below(LONGEST_RUN))

    def _remove(self, data: bytearray) -> None:
        at, stop = self._range(data)
        del data[at:stop]

    def _repeat(self, data: bytearray) -> None:
        at, stop = self._range(data)
        data[at:at] = data[at:stop] * (1 + self.below(MOST_REPEATS) if self.uniform() < 0.2 else 1)

    def _word(self, data: bytearray) -> None:
        at, word = self.below(len(data) + 1), WORDS[self.below(len(WORDS))]
        stop = at if self.uniform() < 0.5 else at + len(word)
        data[at:stop] = word

    def _fill(self, data: bytearray) -> None:
        at, stop = self._range(data)
        data[at:stop] = bytes([self.below(256)]) * (stop - at)

    def _truncate(self, data: bytearray) -> None:
        if self.uniform() < 0.3:
            del data[self.below(len(data) + 1) :]

    def _splice(self, data: bytearray) -> None:
        """The end of another input."""
        if self.uniform() < 0.5:
            other = self.seeds[self.below(len(self.seeds))]
            at = self.below(min(len(data), len(other)) + 1)
            data[at:] = other[at:]

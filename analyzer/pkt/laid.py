"""The bytes of one direction, laid at their places in the stream; a place may be laid again, with others."""

from __future__ import annotations

from bisect import bisect_right


class Laid:
    """Pieces that do not overlap, in order. A piece is a view: what is cut off it is not copied.

    starts  where they begin; pieces: what they hold
    """

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.pieces: list[memoryview] = []

    def lay(self, start: int, data: bytes) -> None:
        """Put bytes at their place, instead of what was there."""
        if not data:
            return
        end = start + len(data)
        first = max(bisect_right(self.starts, start) - 1, 0)
        last = bisect_right(self.starts, end - 1)
        kept = [(start, memoryview(data))]
        for at in range(first, last):
            left, piece = self.starts[at], self.pieces[at]
            if left < start:
                kept.append((left, piece[: start - left]))
            if left + len(piece) > end:
                kept.append((end, piece[end - left :]))
        kept = sorted((left, piece) for left, piece in kept if len(piece))
        self.starts[first:last] = [left for left, _ in kept]
        self.pieces[first:last] = [piece for _, piece in kept]

    def take(self, start: int, length: int) -> bytes:
        """What lies there; a ValueError where there is a hole in it."""
        out: list[memoryview] = []
        at, reached = max(bisect_right(self.starts, start) - 1, 0), start
        while reached < start + length:
            if at == len(self.starts) or not self.starts[at] <= reached < self.starts[at] + len(self.pieces[at]):
                raise ValueError("no payload given for these sequence numbers")
            piece = self.pieces[at][reached - self.starts[at] : start + length - self.starts[at]]
            out.append(piece)
            reached += len(piece)
            at += 1
        return b"".join(out)

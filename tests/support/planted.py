"""Words that are planted in captures, one for each field, and are then looked for in what the program prints."""

from __future__ import annotations

import random

LETTERS = "ghjkmnpqrstvwxyz"
"""None is a hexadecimal digit; a word of them stands in nothing else."""
WORD = 12
PIECE = 5
"""So many letters of a word in a row are a leak."""


class Planted:
    """Hands out words: secrets, which no output may hold, and open ones, which rows are for but cases are not."""

    def __init__(self, seed: int = 1) -> None:
        self.random = random.Random(seed)
        self.given: set[str] = set()
        self.secrets: dict[str, str] = {}
        self.open: dict[str, str] = {}

    def secret(self, field: str) -> bytes:
        """A word for a field of which nothing is ever shown."""
        return self._word(self.secrets, field).encode()

    def shown(self, field: str) -> bytes:
        """A word for a field that rows show by design, and cases do not."""
        return self._word(self.open, field).encode()

    def _word(self, kept: dict[str, str], field: str) -> str:
        if field not in kept:
            word = self._fresh()
            self.given.update(windows(word))
            kept[field] = word
        return kept[field]

    def _fresh(self) -> str:
        """A word that has no piece in common with another one."""
        while True:
            word = "".join(self.random.choice(LETTERS) for _ in range(WORD))
            if self.given.isdisjoint(windows(word)):
                return word


def windows(word: str) -> list[str]:
    """The pieces of a word."""
    return [word[at : at + PIECE] for at in range(len(word) - PIECE + 1)]


def leaks(words: dict[str, str], text: str) -> list[str]:
    """The fields of which a piece is in the text, as it is, in hexadecimal, or as a number."""
    text = text.lower()
    return [field for field, word in words.items() if any(piece in text for piece in pieces(word))]


def pieces(word: str) -> list[str]:
    """How a part of a word would look."""
    parts = windows(word)
    four = [word[at : at + 4].encode() for at in range(len(word) - 3)]
    numbers = [str(int.from_bytes(part, order)) for part in four for order in ("big", "little")]
    return [*parts, *(part.encode().hex() for part in parts), *numbers]


def conversation(*turns: tuple[str, bytes], port: int = 80, end: str = "F.", snaplen: int = 0) -> str:
    """The timeline of a connection whose sides (`>` or `<`) say these bytes in turn; `end`: how the server ends it."""
    lines = [f"snaplen {snaplen}"] if snaplen else []
    lines += [f"server 198.51.100.20:{port}", "0.000 > S 0:0(0)", "0.010 < S. 0:0(0) ack 1", "0.020 > . 1:1(0) ack 1"]
    at, time = {">": 1, "<": 1}, 30
    for side, data in turns:
        for start in range(0, len(data), 1400):
            piece = data[start : start + 1400]
            ack = at["<" if side == ">" else ">"]
            numbers = f"{at[side]}:{at[side] + len(piece)}({len(piece)}) ack {ack}"
            lines.append(f"{time / 1000:.3f} {side} P. {numbers} hex {piece.hex()}")
            at[side] += len(piece)
            time += 10
    lines.append(f"{time / 1000:.3f} < {end} {at['<']}:{at['<']}(0) ack {at['>']}")
    lines.append(f"{time / 1000 + 0.01:.3f} > F. {at['>']}:{at['>']}(0) ack {at['<'] + ('F' in end)}")
    return "\n".join(lines)

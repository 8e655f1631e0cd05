"""The words of a line, the numbers among them, and the error that names a line."""

from __future__ import annotations

import ipaddress
import re
import struct
from collections.abc import Iterable, Iterator

WORD = re.compile(r'(?:[^ \t\r\n"]+|"[^"]*")+')
"""Without blanks, or with blanks in double quotes, which may begin anywhere within it: `location=" x"`."""
DIGITS = re.compile(r"-?[0-9]{1,16}")
ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|(.?))", re.DOTALL)
ESCAPES = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"0": b"\0", b"\\": b"\\"}
MOST_BYTES = 1 << 24
"""Of the payload of one line: far more than a packet holds."""
SHOWN = 40
"""Characters of a word that an error quotes."""

U8, U16, U32 = 0xFF, 0xFFFF, 0xFFFFFFFF
FAILURES = (ValueError, IndexError, KeyError, OverflowError, struct.error)
"""What a line that says no packet raises, from here and from what its words are handed to."""


class NotationError(ValueError):
    """A line that says nothing: where it is, and what is wrong with it."""

    def __init__(self, source: str, line: int, why: str) -> None:
        super().__init__(f"{source}:{line}: {why}")
        self.line = line
        self.why = why


def reason(error: Exception) -> str:
    """One of FAILURES in words for people."""
    if isinstance(error, UnicodeError):
        return "a character that cannot be sent"
    if isinstance(error, KeyError):
        return f"unknown word {quoted(str(error.args[0]))}"
    if isinstance(error, IndexError):
        return "something is missing"
    if isinstance(error, (OverflowError, struct.error)):
        return "a number or a length does not fit its field"
    return str(error)


def quoted(word: str) -> str:
    """A word for an error."""
    return f"`{word}`" if len(word) <= SHOWN else f"`{word[:SHOWN]}...`"


def split(line: str) -> list[str]:
    """The words; what stands in double quotes is one, or a part of one."""
    if line.count('"') % 2:
        raise ValueError("a quotation mark is not closed")
    words = [word.replace('"', "") for word in WORD.findall(line)]
    return words[: words.index("//")] if "//" in words else words


def number(word: str, most: int = U32, least: int = 0) -> int:
    """A decimal number within these bounds."""
    if not DIGITS.fullmatch(word):
        raise ValueError(f"{quoted(word)} is no number that is expected here")
    value = int(word)
    if not least <= value <= most:
        raise ValueError(f"{value} is not within {least} to {most}")
    return value


def address(word: str) -> str:
    """An IP address."""
    try:
        ipaddress.ip_address(word)
    except ValueError:
        raise ValueError(f"{quoted(word)} is no IP address") from None
    return word


def size_of(word: str) -> int:
    """How many bytes a word asks for."""
    return number(word, MOST_BYTES)


def following(words: Iterator[str]) -> str:
    """The value that must come next."""
    for word in words:
        return word
    raise IndexError


def options(words: list[str], known: str) -> dict[str, str]:
    """`word value` pairs; words of `known` that end in `!` stand alone."""
    alone = {name[:-1] for name in known.split() if name.endswith("!")}
    takes = {name for name in known.split() if not name.endswith("!")}
    said: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        if word in alone:
            said[word] = ""
        elif word in takes:
            said[word] = following(rest)
        else:
            raise ValueError(f"unknown payload word {quoted(word)}")
    return said


def prefixed(body: bytes, width: int) -> bytes:
    """The bytes behind their length, in so many bytes."""
    return len(body).to_bytes(width, "big") + body


def limited(pieces: Iterable[bytes]) -> list[bytes]:
    """All of them, unless that is more than a line may have."""
    found, size = [], 0
    for piece in pieces:
        found.append(piece)
        size += len(piece)
        if size > MOST_BYTES:
            raise ValueError(f"the payload of this line is more than {MOST_BYTES:,} bytes")
    return found


def octets(word: str) -> bytes:
    r"""The bytes of a text, in UTF-8, with `\r`, `\n`, `\t`, `\0`, `\\` and `\xNN`."""
    return ESCAPE.sub(_unescaped, word.encode())


def _unescaped(found: re.Match[bytes]) -> bytes:
    if found[1]:
        return bytes.fromhex(found[1].decode())
    if found[2] not in ESCAPES:
        raise ValueError(f"{quoted(found[0].decode(errors='replace'))} stands for no byte")
    return ESCAPES[found[2]]

"""Makes text from packets safe to show: in a terminal, in a cell, in a log."""

from __future__ import annotations

# not compiled: one regular expression that nearly never runs
import re
import unicodedata

UNSAFE = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0, DEL, C1: terminals obey them
    "\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069"  # zero width and bidi: what is shown differs from what is there
    "\u2028\u2029"  # line and paragraph separators break rows
    "\ufeff\ufff9-\uffff"  # byte order mark, interlinear annotations, noncharacters
    "\ud800-\udfff"  # lone surrogates cannot be written as UTF-8
    "\U000e0000-\U000e007f"  # invisible tag characters
    "]"
)


def safe(text: str) -> str:
    r"""The text with every character that a terminal would obey, or nobody would see, shown as `\xNN` or `\uNNNN`.

    Backslashes that were there stay as they are, so the result is for reading, not for decoding.
    """
    if text.isprintable():
        return text
    return UNSAFE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def width(text: str) -> int:
    """Columns the text takes on a terminal: East Asian wide characters take two, combining ones none (UAX 11)."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def pad(text: str, columns: int) -> str:
    """The text followed by blanks up to that many columns."""
    return text + " " * (columns - width(text))


def cut(text: str, columns: int) -> str:
    """The text in at most that many columns; an ellipsis stands for what was cut."""
    if width(text) <= columns:
        return text
    used, kept = 0, []
    for character in text:
        used += _columns(character)
        if used > columns - 1:
            break
        kept.append(character)
    return "".join(kept) + "…"


def wrap(text: str, columns: int) -> list[str]:
    """Lines of at most that many columns, broken at blanks; a longer word stays whole on its own line."""
    lines: list[str] = []
    used = 0
    for word in text.split():
        size = width(word)
        if lines and used + 1 + size <= columns:
            lines[-1] += " " + word
            used += 1 + size
        else:
            lines.append(word)
            used = size
    return lines or [""]


def plural(number: int, one: str, many: str) -> str:
    """The number with its noun."""
    return f"{number:,} {one if number == 1 else many}"

"""Makes text from packets safe to show: in a terminal, in a cell, in a log."""

from __future__ import annotations

# not compiled: nearly all text is ASCII, of which only that is asked
import re
import unicodedata
from collections.abc import Iterator

INVISIBLE = re.compile(
    "["
    "\u034f\u17b4\u17b5\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"  # joiners, variation selectors
    "\u115f\u1160\u3164\uffa0"  # fillers, which are letters
    "\u2800\U00016fe4\U0001d159"  # blank pictures and signs
    "]"
)
"""What nobody sees (Default_Ignorable_Code_Point of the Unicode standard, and what is drawn empty) among the characters
that Python calls printable. Those that it does not are categories Cc (controls: terminals obey them), Cf (zero width,
bidirectional, tags), Co, Cs, Cn, Zl, Zp (line ends), and Zs but the blank: blanks that are none."""
NARROW = 25
"""Columns that a text must have beside its label."""
HANGING = "  "
MARKS = ("Mn", "Mc", "Me")
"""Combining marks: in front of a text they would change what stands before it, a comma or a bracket."""


def safe(text: str) -> str:
    r"""The text with every character that a terminal would obey, or nobody would see, shown as `\xNN` or `\uNNNN`.

    Backslashes that were there stay as they are, so the result is for reading, not for decoding.
    """
    if text.isascii():
        return text if text.isprintable() else "".join([_shown(character) for character in text])
    if not text.isprintable() or INVISIBLE.search(text) is not None:
        text = "".join([_shown(character) for character in text])
    if text and unicodedata.category(text[0]) in MARKS:
        text = _escaped(text[0]) + text[1:]
    return text


def _shown(character: str) -> str:
    seen = character.isprintable() and INVISIBLE.match(character) is None
    return character if seen else _escaped(character)


def _escaped(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def width(text: str) -> int:
    """Columns the text takes on a terminal: East Asian wide characters take two, combining ones none (UAX 11)."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    """One for what should not be there (controls), so that a text of them has a length that can be cut."""
    from rich.cells import get_character_cell_size

    return get_character_cell_size(character) if character.isprintable() else 1


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


def labelled(label: str, text: str, size: int, columns: int) -> Iterator[str]:
    """A text beside its label, which takes so many columns; below it where the terminal is narrow; 0 = on one line."""
    if not columns:
        yield f"{label:{size}}{text}"
    elif columns - size < NARROW:
        yield from wrap(label, columns) if label else []
        yield from (HANGING + line for line in wrap(text, columns - len(HANGING)))
    else:
        first, *more = wrap(text, columns - size)
        yield f"{label:{size}}{first}"
        yield from (" " * size + line for line in more)


def plural(number: int, one: str, many: str) -> str:
    """The number with its noun."""
    return f"{number:,} {one if number == 1 else many}"

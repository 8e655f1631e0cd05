"""Text from packets is shown so that nothing in it acts or hides."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from analyzer.text import labelled, safe, width

HIDING = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs")
"""General categories of which nothing is shown as it is (Unicode 4.5): controls, formats, unassigned, separators."""
IGNORABLE = (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180F, 0x3164, 0xFE00, 0xFE0F, 0xFFA0, 0xE0100, 0xE01EF)
"""Of DerivedCoreProperties.txt, Default_Ignorable_Code_Point, what has other categories."""


def test_no_character_that_hides_or_acts_is_shown() -> None:
    """Every code point of these categories but the blank becomes its number; so does what is drawn empty."""
    wrong = [
        hex(code)
        for code in range(sys.maxunicode + 1)
        if (unicodedata.category(chr(code)) in HIDING and code != 0x20) != (safe(f"a{chr(code)}") != f"a{chr(code)}")
        and code not in (*IGNORABLE, 0x180C, 0x180D, 0x2800, 0x16FE4, 0x1D159)
        and not 0xFE00 <= code <= 0xFE0F
        and not 0xE0100 <= code <= 0xE01EF
    ]
    assert wrong == []
    assert [hex(code) for code in (*IGNORABLE, 0x2800) if safe(f"a{chr(code)}") == f"a{chr(code)}"] == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb\u2066c", "a\\u202eb\\u2066c"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("a\xadb", "a\\xadb"),
        ("a\x9b31m", "a\\x9b31m"),
        ("a\U000e0041", "a\\U000e0041"),
        ("a\ufe0f", "a\\ufe0f"),
        ("a\u3164b\u2003c", "a\\u3164b\\u2003c"),
        ("\u0338=1", "\\u0338=1"),
        ("e\u0301", "e\u0301"),
        ("\u65e5\u672c \u05d0 \U0001f468", "\u65e5\u672c \u05d0 \U0001f468"),
    ],
)
def test_what_is_written_is_what_is_there(text: str, shown: str) -> None:
    """Names in any script stay; a combining mark needs something of its own before it."""
    assert safe(text) == shown


@pytest.mark.parametrize("columns", range(12, 90))
def test_a_text_beside_its_label_fits(columns: int) -> None:
    """Beside it where there is room, else below; no line is wider than the terminal unless a word is."""
    text = "The port is closed, or a firewall answers so, 東京 and 大阪 too."
    lines = list(labelled("What to do", text, 15, columns))
    assert all(width(line) <= columns for line in lines)
    assert " ".join(" ".join(lines).split()) == f"What to do {text}"
    assert lines[0] == "What to do" or lines[0].startswith("What to do     The port")
    assert list(labelled("What to do", text, 15, 0)) == [f"What to do     {text}"]

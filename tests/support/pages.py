"""Pages that tests make, and how they are read: by a parser that takes nothing but valid HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree.ElementTree import Element

import html5lib

from analyzer.cli.app import run

HTML = "{http://www.w3.org/1999/xhtml}"


def made(target: Path, *arguments: object, status: int = 0) -> Path:
    """A page of captures."""
    assert run(["--debug", "report", "-q", *map(str, arguments), "-o", str(target), "--force"]) == status
    return target


def parsed(page: Path) -> Element:
    """The tree of a page; raises html5lib's ParseError for anything that a validator would call a parse error."""
    parser = html5lib.HTMLParser(strict=True)
    root: Element = parser.parse(page.read_text(encoding="utf-8"))
    return root


def every(root: Element, name: str) -> list[Element]:
    """The elements of that name, of HTML or SVG, in the order of the page."""
    return [node for node in root.iter() if isinstance(node.tag, str) and node.tag.rpartition("}")[2] == name]


def text(node: Element) -> str:
    """All text below a node, blanks joined."""
    return " ".join("".join(node.itertext()).split())


def outline(root: Element) -> list[tuple[int, str]]:
    """The headings with their levels."""
    found = []
    for node in root.iter():
        name = node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""
        if re.fullmatch("h[1-6]", name):
            found.append((int(name[1]), text(node)))
    return found


class Tags(HTMLParser):
    """Every start tag with its attributes, by another parser."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        self.found.append((tag, dict(attrs)))


def variables(css: str) -> Iterator[dict[str, str]]:
    """The custom properties of each `:root` in a style sheet: light, dark, print."""
    for block in re.findall(r":root \{(.*?)\}", css, re.DOTALL):
        yield dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})", block))


def contrast(one: str, other: str) -> float:
    """Ratio of two colours `#rrggbb` (WCAG 2.2, relative luminance)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

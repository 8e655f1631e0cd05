"""The documented signatures for people: the list, one of them, and the page docs/signatures.md."""

from __future__ import annotations

# not compiled: writes to people
from collections.abc import Iterable, Iterator

from analyzer.output.table import COLOURS, GAP
from analyzer.text import labelled, wrap
from analyzer.verdict.catalog import Signature, title

NO_BLAME = "not told by the wire"
LABEL = 15
"""Columns of the labels on the left."""


def listing(units: Iterable[Signature], columns: int) -> Iterator[str]:
    """A line a cause: id, class, sentence; `columns` 0 = uncut and separated by tabs, for a pipe."""
    rows = [(title(unit), unit.klass, unit.rule.sentence) for unit in units]
    if not columns:
        yield from ("\t".join(row) for row in rows)
        return
    left, middle = (max(len(row[at]) for row in rows) for at in (0, 1))
    indent = left + middle + 2 * len(GAP)
    for name, klass, sentence in rows:
        yield from labelled(f"{name:{left}}{GAP}{klass:{middle}}{GAP}", sentence, indent, columns)


def sections(unit: Signature) -> list[tuple[str, str]]:
    """Label and text of everything there is to say of a cause."""
    rule = unit.rule
    found = [("On the wire", rule.wire)]
    found += [("also", f"{further.sentence} {further.wire[:1].upper()}{further.wire[1:]}") for further in unit.also]
    found += [
        ("Wireshark", rule.wireshark),
        ("Zeek", rule.zeek),
        ("Reference", rule.reference),
        ("Needs", "; ".join(rule.needs)),
        ("Not this", rule.not_this),
        ("Clients print", unit.client_errors),
        ("What to do", unit.advice),
        ("Blame", unit.blame or NO_BLAME),
        ("Confidence", rule.confidence),
    ]
    return [(label, text) for label, text in found if text]


def page(unit: Signature, columns: int, colour: bool = False) -> Iterator[str]:
    """One cause with all its documentation; `columns` 0 = a line a section, for a pipe. Filters are never wrapped."""
    verdict = f"{unit.klass}/{title(unit)}"
    yield f"\x1b[{COLOURS[unit.klass]}m{verdict}\x1b[0m" if colour else verdict
    yield from wrap(unit.rule.sentence, columns) if columns else [unit.rule.sentence]
    yield ""
    for label, text in sections(unit):
        yield from labelled(label, text, LABEL, 0 if label == "Wireshark" else columns)


def markdown(units: Iterable[Signature]) -> str:
    """The signatures as the body of a document, a heading a class and a cause."""
    lines: list[str] = []
    klass = ""
    for unit in units:
        if unit.klass != klass:
            klass = unit.klass
            lines += [f"## {klass}", ""]
        lines += [f"### {title(unit)}", "", unit.rule.sentence, ""]
        lines += [f"- **{label}**: {_code(label, text)}" for label, text in sections(unit)]
        lines.append("")
    return "\n".join(lines)


def _code(label: str, text: str) -> str:
    return f"`{text}`" if label == "Wireshark" else text

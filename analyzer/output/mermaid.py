"""A ladder as a Mermaid `sequenceDiagram`, which GitHub and GitLab draw in Markdown."""

from __future__ import annotations

# not compiled: runs for the fetches of one page
from collections.abc import Iterator

from analyzer.output.ladder import Arrow, Fold, Ladder, Silence
from analyzer.text import cut
from analyzer.verdict.facts import span

LONGEST = 80
"""Columns of a label; longer ones make the picture wider than a page."""
ENTITIES = {"#": "#35;", ";": "#59;", "<": "#lt;", ">": "#gt;", "&": "#amp;", '"': "#quot;", "%": "#37;", "`": "#96;"}
"""What Mermaid, Markdown or HTML would read: `;` ends a statement, `%%` begins a comment (Mermaid's documentation,
"Entity codes to escape characters")."""
NAMES = "abc"


def mermaid(ladder: Ladder) -> str:
    """The lines of the diagram, without the fence around it; each ends in a newline."""
    return "".join(f"{line}\n" for line in _lines(ladder))


def _lines(ladder: Ladder) -> Iterator[str]:
    yield "sequenceDiagram"
    for name, lane in zip(NAMES, ladder.lanes, strict=False):
        yield f"    participant {name} as {escaped(f'{lane.role} {lane.address}'.strip())}"
    across = f"{NAMES[0]},{NAMES[len(ladder.lanes) - 1]}" if len(ladder.lanes) > 1 else NAMES[0]
    for item in ladder.items:
        if isinstance(item, Arrow):
            yield f"    {_arrow(item)}"
        elif isinstance(item, Fold):
            yield f"    Note over {across}: {escaped(item.label)}"
        else:
            yield f"    Note over {across}: {silence(item)}"


def silence(item: Silence) -> str:
    """`10.01 s of silence`."""
    return (
        f"{span(item.span)} without a packet, then the capture ends" if item.final else f"{span(item.span)} of silence"
    )


def _arrow(arrow: Arrow) -> str:
    """A proving packet has number and proof in front; a reset ends in a cross, what came again is dotted."""
    head = "-x" if arrow.reset else "->>"
    line = f"-{head}" if arrow.again else head
    proof = f"[{arrow.packet} {arrow.proof}] " if arrow.proof else ""
    return f"{NAMES[arrow.source]}{line}{NAMES[arrow.target]}: {escaped(cut(proof + arrow.label, LONGEST))}"


def escaped(text: str) -> str:
    """The text with nothing in it that Mermaid reads."""
    return "".join(ENTITIES.get(character, character) for character in text)

"""A kind of failure, and what was in a capture: what all CI formats say of them."""

from __future__ import annotations

# not compiled: of failures only; what goes well is counted
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote

from analyzer.text import plural
from analyzer.verdict.facts import span

KEPT = (
    "file",
    "fetch",
    "class",
    "cause",
    "name",
    "server_port",
    "phase",
    "confidence",
    "summary",
    "evidence",
    "blame",
    "advice",
    "client_errors",
    "wireshark_filter",
)
"""Columns of an example that any format shows."""


@dataclass(slots=True)
class Problem:
    """Fetches that failed in the same way at the same place, or of which the capture shows too little.

    place        name, else address, with the port: `proxy.example:443`
    count        fetches; mended: of them those that a retry made good
    first, last  when the first and the last began, ns since 1970
    cost         what they took together, ns
    example      values of the row that says most, those of KEPT
    path         the file for `whyfetch show`, "" = there is none
    diagram      the packets of one of them in Mermaid's words, "" = none; drawn: of which
    state        `new`, `known`, or "" without a baseline
    """

    klass: str
    cause: str
    place: str
    example: dict[str, str]
    count: int = 0
    mended: int = 0
    first: int = 0
    last: int = 0
    cost: int = 0
    path: str = ""
    diagram: str = ""
    drawn: str = ""
    state: str = ""
    fingerprint: str = ""

    @property
    def verdict(self) -> str:
        """`rst/rst-refused`."""
        return f"{self.klass}/{self.cause}" if self.cause else self.klass

    @property
    def title(self) -> str:
        """`12 fetches: rst/rst-refused at proxy.example:443`."""
        return f"{plural(self.count, 'fetch', 'fetches')}: {self.verdict} at {self.place}"

    def text(self, column: str) -> str:
        """A cell of the example, "" where unknown; safe to show."""
        return self.example.get(column, "")

    def show(self) -> str:
        """The command that shows the example packet by packet; "" when it is in no file."""
        return f"whyfetch show {quote(self.path)} {self.text('fetch')}" if self.path else ""

    def facts(self) -> list[str]:
        """How often, how long, how sure."""
        facts = [f"cost {span(self.cost)}", f"confidence {self.text('confidence')}"]
        if self.mended:
            facts.append(f"{self.mended:,} of them made good by a retry")
        if self.text("blame"):
            facts.append(f"on the side of the {self.text('blame')}")
        return [*([self.state] if self.state else []), *facts]


@dataclass(slots=True)
class Counted:
    """What was in one capture.

    fetches, ok, failed  how many; first: when the first began, ns since 1970
    places               where fetches went well -> ns that these took
    """

    name: str
    fetches: int = 0
    ok: int = 0
    failed: int = 0
    first: int = 0
    places: dict[str, int] = field(default_factory=dict)

    def line(self) -> str:
        """The counts in words."""
        if not self.fetches:
            return "no fetch in it"
        parts = [(self.ok, "ok"), (self.failed, "failed"), (self.fetches - self.ok - self.failed, "incomplete")]
        counts = ", ".join(f"{n:,} {word}" for n, word in parts if n)
        return f"{plural(self.fetches, 'fetch', 'fetches')}: {counts}"


def relative(name: str) -> str:
    """The name of a capture as CI systems have it: relative to where the command runs, if it is below."""
    path, here = Path(name), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else name.removeprefix("./")


def place_of(host: str, port: int | str) -> str:
    """Where a fetch went, by the name, else the address; safe to show."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

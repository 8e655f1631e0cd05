# not compiled: json takes most of its time
"""JSON lines with a type each: `begin`, a `fetch` for every fetch, `summary`; readers skip types they do not know.

While a capture goes on also `group` (what became of failures that were tried again), `ongoing` (a stall that lasts) and
`amended` (a row that turned out otherwise).
"""

from __future__ import annotations

import json
from typing import TextIO, cast

from analyzer.fetch.model import Fetch
from analyzer.output.columns import COLUMNS, SCHEMA
from analyzer.output.row import values
from analyzer.output.summary import Summary
from analyzer.output.words import rfc3339
from analyzer.output.written import Written, is_changed, joined
from analyzer.verdict.brief import Brief
from analyzer.verdict.model import Evidence, Verdict
from analyzer.verdict.told import Event, going_on

SIDES = ("client", "server", "network")
NO_NUMBER = b'"fetch":null'
"""In a line without a number; nothing before it looks the same, as in a name each `"` has a backslash in front."""


class JsonlWriter:
    """Writes the same fields as the CSV; unknown is null, evidence a list of objects, flags a list of words.

    silences   what goes on (verdict.told.going_on) -> seconds of silence when it was last told
    """

    def __init__(self, out: TextIO) -> None:
        self.out = out
        self.silences: dict[int, float] = {}

    def begin(self) -> None:
        """Say which schema the lines follow."""
        self._line({"type": "begin", "schema": SCHEMA})

    def fetch(self, fetch: Fetch) -> None:
        """Write one fetch."""
        self._line({"type": "fetch", "schema": SCHEMA, **fields_of(fetch)})

    def event(self, event: Event) -> None:
        """Write what became of rows that were written, and what goes on: at first, and when it lasts twice as long."""
        what, silence = going_on(event.fetch), event.fetch.silence_s
        if event.kind == "ongoing" and silence < 2 * self.silences.get(what, 0.0):
            return
        if event.kind == "ongoing":
            self.silences[what] = silence
        else:
            self.silences.pop(what, None)
        if event.kind in EVENTS:
            self._line(EVENTS[event.kind](event))

    def end(self, summary: Summary) -> None:
        """Write the counts."""
        self._line({"type": "summary", "schema": SCHEMA, **summary.counts()})

    def _line(self, fields: dict[str, object]) -> None:
        self.out.write(line(fields))


class JsonRows(Written):
    """Lines of JSON, as far as a fetch and its verdict tell."""

    def row(self, fetch: Fetch) -> bytes:
        """One line."""
        return line({"type": "fetch", "schema": SCHEMA, **fields_of(fetch)}).encode()

    def finished(self, row: bytes, brief: Brief) -> bytes:
        """Mostly its number is all that was missing."""
        if is_changed(brief):
            row = changed(row, brief)
        return row.replace(NO_NUMBER, b'"fetch":%d' % brief.number, 1) if brief.number else row


def changed(row: bytes, brief: Brief) -> bytes:
    """A line with what races and retries decided."""
    fields = json.loads(row)
    fields["kind"] = brief.kind
    fields["flags"] = joined(" ".join(fields["flags"]), brief.flags).split()
    fields["summary"] = ((fields["summary"] or "") + brief.said) or None
    fields["advice"] = ((fields["advice"] or "") + brief.advice) or None
    if brief.merged:
        fields["evidence"] = cited(brief.evidence)
    if brief.group:
        fields["attempt"], fields["group"] = brief.attempt, brief.group
        fields["wait_s"] = brief.wait_s if brief.wait_s >= 0 else None
        fields["group_outcome"] = brief.outcome or None
    return line(fields).encode()


def line(fields: dict[str, object]) -> str:
    """An object and the end of its line."""
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")) + "\n"


def group(event: Event) -> dict[str, object]:
    """The outcome of failures that were tried again, or not: `attempt` and `start` are those of the last try."""
    last = event.fetch
    return {
        "type": "group",
        "schema": SCHEMA,
        "fetches": list(event.fetches),
        "group": last.group or None,
        "group_outcome": last.group_outcome or None,
        "attempt": last.attempt or None,
        "last_fetch": last.number or None,
        "start": rfc3339(last.start),
    }


def amended(event: Event) -> dict[str, object]:
    """A row as it is by now, with the number that it has."""
    return {"type": "amended", "schema": SCHEMA, **fields_of(event.fetch)}


def ongoing(event: Event) -> dict[str, object]:
    """A stall that goes on: what is known of its fetch so far; the row comes when it is over."""
    fields = fields_of(event.fetch)
    return {"type": "ongoing", "schema": SCHEMA, **{name: fields[name] for name in ONGOING}}


ONGOING = (
    "class",
    "cause",
    "name",
    "client",
    "client_port",
    "server",
    "server_port",
    "start",
    "phase",
    "silence_s",
    "evidence",
    "tcp_stream",
)
EVENTS = {"group": group, "amended": amended, "ongoing": ongoing}
"""Kind of an event -> the line for it."""


def fields_of(fetch: Fetch) -> dict[str, object]:
    """The fields of the CSV, as JSON has them."""
    fields: dict[str, object] = {
        name: None if value == "" else value for name, value in zip(COLUMNS, values(fetch), strict=True)
    }
    fields["evidence"] = cited(cast(Verdict, fetch.verdict).evidence if fetch.verdict is not None else ())
    fields["flags"] = str(fields["flags"] or "").split()
    return fields


def cited(evidence: tuple[Evidence, ...]) -> list[dict[str, object]]:
    """The evidence as objects: packet number, instant, what the packet is, and who sent it."""
    return [
        {"packet": proof.packet, "time": rfc3339(proof.time), "what": proof.what, "side": SIDES[proof.side]}
        for proof in evidence
    ]

"""JSON lines with a type each: `begin`, a `fetch` for every fetch, `summary`; readers skip types they do not know."""

from __future__ import annotations

import json
from typing import TextIO, cast

from analyzer.fetch.model import Fetch
from analyzer.output.columns import COLUMNS, SCHEMA
from analyzer.output.row import values
from analyzer.output.summary import Summary
from analyzer.output.words import rfc3339
from analyzer.verdict.model import Verdict

SIDES = ("client", "server", "network")


class JsonlWriter:
    """Writes the same fields as the CSV; unknown is null, evidence a list of objects, flags a list of words."""

    def __init__(self, out: TextIO) -> None:
        self.out = out

    def begin(self) -> None:
        """Say which schema the lines follow."""
        self._line({"type": "begin", "schema": SCHEMA})

    def fetch(self, fetch: Fetch) -> None:
        """Write one fetch."""
        fields = {name: None if value == "" else value for name, value in zip(COLUMNS, values(fetch), strict=True)}
        fields["evidence"] = cited(fetch)
        fields["flags"] = str(fields["flags"] or "").split()
        self._line({"type": "fetch", "schema": SCHEMA, **fields})

    def end(self, summary: Summary) -> None:
        """Write the counts."""
        self._line({"type": "summary", "schema": SCHEMA, **summary.counts()})

    def _line(self, fields: dict[str, object]) -> None:
        self.out.write(json.dumps(fields, ensure_ascii=False, separators=(",", ":")) + "\n")


def cited(fetch: Fetch) -> list[dict[str, object]]:
    """The evidence as objects: packet number, instant, what the packet is, and who sent it."""
    if fetch.verdict is None:
        return []
    return [
        {"packet": proof.packet, "time": rfc3339(proof.time), "what": proof.what, "side": SIDES[proof.side]}
        for proof in cast(Verdict, fetch.verdict).evidence
    ]

"""Rows that `--format jsonl` wrote, read back: as a baseline, and to be written in another format."""

from __future__ import annotations

# not compiled: reads lines of JSON
import json
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from analyzer.errors import UsageError
from analyzer.output.columns import SCHEMA

HINT = "`whyfetch classify --format jsonl -o FILE.jsonl CAPTURE` writes one"
MAX_LINE = 1 << 20
"""Bytes of a line: a row has about 2 kB, its names and texts are capped."""


def objects(path: Path) -> Iterator[dict[str, object]]:
    """The lines that have a type, in order, as objects.

    Raises UsageError for a file that cannot be read, is no such output, is damaged, or follows another schema.
    """
    try:
        with path.open("rb") as stream:
            yield from _objects(stream, path)
    except OSError as error:
        raise UsageError(f"cannot read `{path}`: {(error.strerror or str(error)).lower()}", HINT) from None


def _objects(stream: BinaryIO, path: Path) -> Iterator[dict[str, object]]:
    """The lines of a baseline that have a type."""
    number = 0
    while line := stream.readline(MAX_LINE + 1):
        number += 1
        fields = _parsed(line)
        if number == 1 and (fields is None or fields.get("type") != "begin"):
            raise UsageError(f"`{path}` is no output of `--format jsonl`", HINT)
        if fields is None:
            raise UsageError(f"`{path}` is damaged: line {number:,} is no JSON object", f"write it anew: {HINT}")
        schema = fields.get("schema")
        if number == 1 and schema != SCHEMA:
            raise UsageError(f"`{path}` follows schema {schema}, and this whyfetch schema {SCHEMA}", f"anew: {HINT}")
        if isinstance(fields.get("type"), str):
            yield fields
    if not number:
        raise UsageError(f"`{path}` is empty", HINT)


def _parsed(line: bytes) -> dict[str, object] | None:
    """A line as the object that it is, None = it is none."""
    try:
        fields = json.loads(line) if len(line) <= MAX_LINE else None
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None

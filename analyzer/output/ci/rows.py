"""Rows that `--format jsonl` wrote, read back: as a baseline, and to be written in another format."""

from __future__ import annotations

# not compiled: reads lines of JSON
import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from pathlib import Path

from analyzer.capture.compressed import Decompressed, compression
from analyzer.capture.stream import Prefixed, RawStream, Stream
from analyzer.errors import UsageError
from analyzer.output.columns import COLUMNS, SCHEMA
from analyzer.output.grouping import instant
from analyzer.text import safe

HINT = "`whyfetch classify --format jsonl -o FILE.jsonl CAPTURE` writes one"
NEVER = "1970-01-01T00:00:00.000000000Z"
MOST_SECONDS = 1e9
"""A capture is shorter."""
MAX_LINE = 1 << 20
"""Bytes of a line: a row has about 2 kB, its names and texts are capped."""


def objects(path: Path) -> Iterator[dict[str, object]]:
    """The lines that have a type, in order, as objects; of a compressed file too.

    Raises UsageError for a file that cannot be read, is no such output, is damaged, or follows another schema.
    """
    number = 0
    for line in _lines(path):
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


def beginning(path: Path) -> bytes:
    """The first bytes of the content, b"" when it cannot be read."""
    try:
        with closing(_bytes(path)) as found:
            return next(found, b"")
    except (OSError, UsageError):
        return b""


def _lines(path: Path) -> Iterator[bytes]:
    """The lines, without their ends; one that is too long is given as far as it was read, and the last."""
    pending = b""
    try:
        for data in _bytes(path):
            *lines, pending = (pending + data).split(b"\n")
            yield from lines
            if len(pending) > MAX_LINE:
                break
    except OSError as error:
        raise UsageError(f"cannot read `{path}`: {(error.strerror or str(error)).lower()}", HINT) from None
    if pending:
        yield pending


def _bytes(path: Path) -> Generator[bytes]:
    """The content of a file, in pieces."""
    with path.open("rb") as file:
        raw: Stream = RawStream(file.fileno(), keep=True)
        first = raw.read()
        packed = compression(first)
        stream = Prefixed(first, raw)
        unpacked: Stream = Decompressed(packed, stream) if packed else stream
        while data := unpacked.read():
            yield data
        if unpacked.problem:
            raise UsageError(f"`{path}` is damaged: {unpacked.problem}", f"write it anew: {HINT}")


def _parsed(line: bytes) -> dict[str, object] | None:
    """A line as the object that it is, None = it is none."""
    try:
        fields = json.loads(line) if len(line) <= MAX_LINE else None
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def cleaned(fields: Mapping[str, object]) -> dict[str, object]:
    """A row as it would be in CSV: every column, each of a type that it can have, safe to show.

    Somebody may have written it by hand.
    """
    row: dict[str, object] = {column: _cell(fields.get(column)) for column in COLUMNS}
    row["evidence"], row["flags"] = _cited(fields.get("evidence")), _words(fields.get("flags"))
    spent = fields.get("duration_s")
    row["duration_s"] = spent if isinstance(spent, int | float) and 0 <= spent < MOST_SECONDS else None
    try:
        instant(str(row["start"]))
    except ValueError:
        row["start"] = NEVER
    return row


def _cell(value: object) -> object:
    return safe(value) if isinstance(value, str) else value if isinstance(value, int | float) else ""


def _cited(evidence: object) -> str:
    """The evidence as in CSV."""
    proofs = [one for one in evidence if isinstance(one, dict)] if isinstance(evidence, list) else []
    return safe(" ".join(f"{one.get('packet')}:{one.get('what')}" for one in proofs))


def _words(flags: object) -> str:
    return safe(" ".join(map(str, flags))) if isinstance(flags, list) else ""

"""In which format rows are written: as somebody says, else by the name of the file they go to."""

from __future__ import annotations

from enum import StrEnum
from os.path import exists, isfile, splitext
from pathlib import Path

from analyzer.errors import UsageError


class Format(StrEnum):
    """How the rows are written."""

    TABLE = "table"
    TSV = "tsv"
    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"
    GITHUB = "github"
    GITLAB = "gitlab"
    JUNIT = "junit"
    MARKDOWN = "markdown"
    SARIF = "sarif"


SUFFIXES = {
    ".csv": Format.CSV,
    ".jsonl": Format.JSONL,
    ".log": Format.TABLE,
    ".md": Format.MARKDOWN,
    ".ndjson": Format.JSONL,
    ".parquet": Format.PARQUET,
    ".sarif": Format.SARIF,
    ".tsv": Format.TSV,
    ".txt": Format.TABLE,
    ".xml": Format.JUNIT,
}
COMPRESSED = (".gz", ".zst")
"""The suffixes behind such a one that let rows be compressed."""
STANDARD_OUTPUT = Path("-")

SINGULAR = "lines of JSON are `rows.jsonl`; of one document say which: `--format gitlab`, `--format sarif`"
PACKETS = "`whyfetch sniff -w` writes packets; rows go to `rows.csv`"
HINTS = {".json": SINGULAR, ".xlsx": "spreadsheets read `rows.csv`", ".pcap": PACKETS, ".pcapng": PACKETS}
"""What to do instead of names that people try."""


def where_to(output: Path | None) -> Path | None:
    """The file that rows go to, None = standard output, which is also called `-`."""
    return None if output == STANDARD_OUTPUT else output


def compression(output: Path) -> str:
    """One of COMPRESSED, "" = the rows are written as they are."""
    suffix = output.suffix.lower()
    return suffix if suffix in COMPRESSED else ""


def format_of(named: str | None, output: Path | None) -> str:
    """The format of the rows, a plain string for compiled code; UsageError where nothing tells it."""
    if output is None:
        return str(named or Format.TABLE)
    packed = compression(output)
    form = named or _told_by(output, splitext(output.name.lower().removesuffix(packed))[1])  # noqa: PTH122
    if packed and form == Format.PARQUET:
        raise UsageError("Parquet is compressed already", f"`-o {output.with_suffix('')}`")
    return str(form)


def _told_by(output: Path, suffix: str) -> str:
    """The format that the suffix stands for; a table for what is no file, as /dev/stderr or a named pipe."""
    if suffix in SUFFIXES:
        return SUFFIXES[suffix]
    if exists(output) and not isfile(output):  # noqa: PTH110, PTH113  (Path raises for a name that is too long)
        return Format.TABLE
    if suffix in (".html", ".htm"):
        raise UsageError(f"`{output}` would be a page, and rows are none", f"`whyfetch report CAPTURE -o {output}`")
    from difflib import get_close_matches

    near = get_close_matches(suffix, SUFFIXES, 1)
    known = ", ".join(suffix for suffix in SUFFIXES if suffix != ".ndjson")
    hint = HINTS.get(suffix) or (f"did you mean `{near[0]}`?" if near else "")
    raise UsageError(
        f"the name of `{output}` does not tell in which format to write",
        hint or f"known endings: {known}, each with .gz or .zst behind it, too; or say `--format`",
    )

"""In which format rows are written: as somebody says, else by the name of the file they go to."""

from __future__ import annotations

from enum import StrEnum
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


def where_to(output: Path | None) -> Path | None:
    """The file that rows go to, None = standard output, which is also called `-`."""
    return None if output == STANDARD_OUTPUT else output


def format_of(named: str | None, output: Path | None) -> str:
    """The format of the rows; UsageError where nothing tells it. A name without a suffix, as of a pipe, is a table."""
    parts = [] if output is None else output.suffixes
    compressed = bool(parts) and parts[-1] in COMPRESSED
    suffix = "".join(parts[-2:-1] if compressed else parts[-1:])
    form = named or (SUFFIXES.get(suffix) if suffix else Format.TABLE)
    if form is None:
        hint = f"`whyfetch report -o {output}` writes pages" if suffix in (".html", ".htm") else "or say `--format`"
        raise UsageError(f"nothing is written to names in `{suffix}`", f"{', '.join(SUFFIXES)}; {hint}")
    if compressed and form == Format.PARQUET:
        raise UsageError("Parquet is compressed already", f"`-o {output.with_suffix('') if output else ''}`")
    return str(form)

"""In which format rows are written: the one that is named, else the one that the name of the file says."""

from __future__ import annotations

from difflib import get_close_matches
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
    ".txt": Format.TABLE,
    ".tsv": Format.TSV,
    ".csv": Format.CSV,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".parquet": Format.PARQUET,
    ".xml": Format.JUNIT,
    ".md": Format.MARKDOWN,
    ".sarif": Format.SARIF,
}
PACKED = (".gz", ".zst")
"""Suffixes of files that are written compressed."""

HINTS = {
    ".json": "lines of JSON are `rows.jsonl`; of one document say which: `--format gitlab` or `--format sarif`",
    ".xlsx": "spreadsheets read `rows.csv`",
    ".pcap": "`whyfetch sniff -w` writes packets; rows go to `rows.csv`",
    ".pcapng": "`whyfetch sniff -w` writes packets; rows go to `rows.csv`",
}
"""What to do instead of names that people try."""


def to_stdout(output: Path | None) -> bool:
    """Whether rows go to standard output, whose name is `-`, as for input."""
    return output is None or str(output) == "-"


def packed(output: Path) -> str:
    """How the file is to be compressed, "" = not."""
    return output.suffix.lower() if output.suffix.lower() in PACKED else ""


def written(form: str | None, output: Path | None) -> str:
    """The format of the rows; UsageError when the file's name does not say it, and nothing else does."""
    if output is None or to_stdout(output):
        return form or Format.TABLE
    suffix = packed(output)
    if form is None:
        form = _named(output, splitext(output.name.lower().removesuffix(suffix))[1])  # noqa: PTH122
    if suffix and form == Format.PARQUET:
        raise UsageError("Parquet is compressed by itself", f"`-o {output.with_suffix('')}`")
    return form


def _named(output: Path, suffix: str) -> str:
    """The format that the suffix stands for; a table for what is no file, as /dev/stderr or a named pipe."""
    if suffix in SUFFIXES:
        return SUFFIXES[suffix]
    if exists(output) and not isfile(output):  # noqa: PTH110, PTH113  (Path raises for a name that is too long)
        return Format.TABLE
    if suffix in (".html", ".htm"):
        raise UsageError(f"`{output}` would be a page, and rows are none", f"`whyfetch report CAPTURE -o {output}`")
    near = get_close_matches(suffix, SUFFIXES, 1)
    known = ", ".join(suffix for suffix in SUFFIXES if suffix != ".ndjson")
    hint = HINTS.get(suffix) or (f"did you mean `{near[0]}`?" if near else "")
    raise UsageError(
        f"the name of `{output}` does not say in which format to write",
        hint or f"known endings: {known}, each with .gz or .zst behind it, too; or say `--format`",
    )

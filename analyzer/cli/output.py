"""Where rows go: a file of that name, compressed if its name says so, or standard output."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from pathlib import Path
from typing import IO, TextIO, cast

from analyzer.capture.patience import Waiting, patience
from analyzer.cli.formats import compression
from analyzer.cli.workflow import tamed
from analyzer.errors import UsageError

BUFFER = 1 << 18
"""Bytes that are written to a file at once."""

READABLE = ("table", "tsv", "markdown")


class Output:
    """The stream rows go to, as UTF-8 with `\\n`: a file of that name, or standard output.

    form  what is written; people read READABLE ones, and a runner of GitHub's may do so before them (workflow.py)
    """

    def __init__(self, path: Path | None, waiting: Waiting | None = None, form: str = "table") -> None:
        self.path = path
        self.waiting = waiting
        self.form = form
        self.stream: TextIO = sys.stdout
        self.file: IO[bytes] | None = None

    def __enter__(self) -> TextIO:
        if self.path is None:
            if isinstance(sys.stdout, TextIOWrapper):
                sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
            if self.form in READABLE:
                self.stream = tamed(self.stream)
            return self.stream
        try:
            with patience(self.waiting, str(self.path)):
                self.file = self.path.open("wb", buffering=BUFFER)
        except OSError as error:
            raise UsageError(f"cannot write `{self.path}`: {(error.strerror or str(error)).lower()}") from None
        self.stream = TextIOWrapper(_packing(self.file, compression(self.path)), encoding="utf-8", newline="\n")
        return self.stream

    def __exit__(self, *_: object) -> None:
        if self.file is None:
            self.stream.flush()
            return
        try:
            self.stream.close()
        finally:
            self.file.close()


def _packing(file: IO[bytes], suffix: str) -> IO[bytes]:
    """What compresses into the file; the same rows give the same bytes."""
    if suffix == ".gz":
        from gzip import GzipFile

        return cast("IO[bytes]", GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0))
    if suffix == ".zst":
        from analyzer.capture.compressed import zstd

        return cast("IO[bytes]", zstd().ZstdFile(file, "wb"))
    return file

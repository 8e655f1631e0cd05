# not compiled: reads a chunk at a time
# Paths stay strings, as in files.py.
# ruff: noqa: PTH116
"""A capture file that is still being written: where it ends, its next bytes are waited for."""

from __future__ import annotations

import os
import time
from contextlib import suppress

from analyzer.capture.files import Capture, CaptureSource, cannot_read, reader_of
from analyzer.capture.frame import TICK_NS
from analyzer.capture.patience import Waiting, patience
from analyzer.capture.stream import RawStream


class FollowedStream(RawStream):
    """The bytes of a file that grows.

    replaced  why nothing more will come: the writer began anew, "" = it did not
    """

    grows = True

    def __init__(self, path: str) -> None:
        super().__init__(os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0)))
        self.path = path
        self.replaced = ""
        self.total = 0

    def read(self) -> bytes:
        while True:
            replaced = self.changed()  # before the last look at what the old one holds
            data = super().read()
            if data or self.stopped or self.problem:
                return data
            if replaced:
                self.replaced = replaced
                return b""
            time.sleep(TICK_NS / 1e9)
            if self.ticking:
                self.idle = True
                return b""

    def changed(self) -> str:
        """Whether the file was cut down, or another one has its name. One without its name may go on."""
        status = os.fstat(self.descriptor)
        if status.st_size < self.consumed:
            return "truncated"
        with suppress(OSError):
            if not os.path.samestat(status, os.stat(self.path)):
                return "replaced"
        return ""


class Followed(Capture):
    """An open capture file that grows."""

    def __init__(self, source: CaptureSource, waiting: Waiting | None = None) -> None:
        """Open it; waits until it holds the beginning of a capture."""
        path = source.paths[0]
        try:
            self.stream = FollowedStream(path)
        except (OSError, ValueError) as error:
            raise cannot_read(path, error) from None
        with patience(waiting, path):
            super().__init__(source, reader=reader_of(self.stream, path))
        self.tick()

    @property
    def replaced(self) -> str:
        """`truncated` or `replaced`, once it was; "" before."""
        return self.stream.replaced

# not compiled: asked once a connection, or once a run
"""Where the text of a key log is: a file, which may grow or be replaced, or memory."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import Protocol

from analyzer.errors import UsageError
from analyzer.keys.hidden import Shared

MOST_PIPED = 1 << 26
"""Bytes taken of a pipe, which cannot be read again: 400,000 lines."""
HINT = "a key log has lines such as `CLIENT_RANDOM 0a1b… 2c3d…`; SSLKEYLOGFILE tells many clients where to write it"


class KeyLogError(UsageError):
    """A key log that cannot be read."""


class Text(Protocol):
    """Bytes that can be read at any place."""

    origin: str
    """`log` or `file`: whether it is a file of its own, or was in a capture."""

    def size(self) -> int:
        """How many there are by now; fewer than before when they are other ones."""

    def read(self, at: int, size: int) -> bytes:
        """Some of them; fewer where it ends."""


class MemoryText(Shared):
    """Bytes of a pipe, or of the blocks of a capture, one behind the other."""

    __slots__ = ("_data", "origin")

    def __init__(self, data: bytes, origin: str) -> None:
        self._data, self.origin = bytearray(data), origin

    def add(self, data: bytes) -> None:
        """More, in lines of its own."""
        self._data += data
        self._data += b"\n"

    def size(self) -> int:
        return len(self._data)

    def read(self, at: int, size: int) -> bytes:
        return bytes(self._data[at : at + size])


class FileText(Shared):
    """A file, by its name: where another takes its place (rotation), that is read."""

    __slots__ = ("_descriptor", "_identity", "origin", "path")

    def __init__(self, path: str) -> None:
        self.path = path
        self.origin = "log"
        self._descriptor = -1
        self._identity = (0, 0)
        self._open()

    def _open(self) -> None:
        self.close()
        self._descriptor = os.open(self.path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
        found = os.fstat(self._descriptor)
        self._identity = (found.st_dev, found.st_ino)

    def size(self) -> int:
        """Zero once when it was replaced."""
        with suppress(OSError):
            found = os.stat(self.path)  # noqa: PTH116  (the name as it was given)
            if (found.st_dev, found.st_ino) != self._identity:
                self._open()
                return 0
            return found.st_size
        return os.fstat(self._descriptor).st_size

    def read(self, at: int, size: int) -> bytes:
        if hasattr(os, "pread"):
            return os.pread(self._descriptor, size, at)
        os.lseek(self._descriptor, at, os.SEEK_SET)  # Windows
        return os.read(self._descriptor, size)

    def close(self) -> None:
        """Release it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __del__(self) -> None:
        with suppress(AttributeError, OSError):
            self.close()


def text_of(path: str) -> Text:
    """The text of a key log; KeyLogError when it cannot be read."""
    try:
        kind = os.stat(path).st_mode  # noqa: PTH116
        if stat.S_ISDIR(kind):
            raise KeyLogError(f"key log `{path}` is a directory", HINT)
        if stat.S_ISREG(kind):
            return FileText(path)
        with open(path, "rb") as pipe:  # noqa: PTH123
            data = pipe.read(MOST_PIPED + 1)
    except OSError as error:
        raise KeyLogError(f"cannot read key log `{path}`: {error.strerror or error}", HINT) from None
    if len(data) > MOST_PIPED:
        raise KeyLogError(f"key log `{path}` is a pipe with more than 64 MiB", "write it into a file")
    return MemoryText(data, "log")

# not compiled: runs once a capture
# ruff: noqa: PTH110, PTH112, PTH113, PTH202
"""What is to be read, opened one after the other: files, streams, a file that grows, a running capture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os import PathLike, fspath
from os.path import exists, getsize, isdir, isfile  # which take any name: Path.is_file raises for one that is too long
from typing import TYPE_CHECKING, Protocol

from analyzer.capture.patience import Waiting
from analyzer.errors import CaptureError

if TYPE_CHECKING:
    from analyzer.capture import CaptureSource
    from analyzer.capture.frame import Frames
    from analyzer.capture.losses import Losses

Paths = str | PathLike[str] | Iterable[str | PathLike[str]]


class Readable(Protocol):
    """What is read: an open file (analyzer.capture.Capture), or a live source (analyzer.capture.live).

    frames    the cursor over its frames; with `idle`, in a stream, where none came for a while
    warnings  what the user should know, as far as it has been read; damaged: whether a part could not be read
    losses    when packets were dropped while it was captured, as far as is known by now
    stop()    give nothing more, as at the input's end; close(): release it
    """

    frames: Frames

    @property
    def warnings(self) -> list[str]: ...

    @property
    def damaged(self) -> bool: ...

    @property
    def losses(self) -> Losses: ...

    def stop(self) -> None: ...

    def close(self) -> None: ...


class Live(Readable, Protocol):
    """A running capture; name: what rows have in the column `file`."""

    name: str


class Inputs:
    """Iterate over it for each capture's name, the capture, and whether that is still growing.

    sources   what the paths name; failures: what could not be read of it
    total     bytes of all files, done: of those that have been read
    """

    def __init__(
        self, paths: list[str], warnings: list[str], waiting: Waiting | None, *, live: Live | None, follow: bool
    ) -> None:
        self.warnings = warnings
        self.waiting = waiting
        self.live = live
        self.follow = follow
        self.failures: list[CaptureError] = []
        self.sources: list[CaptureSource] = self._expand(paths) if live is None else []
        self.total = sum(_size(path) for source in self.sources for path in source.paths)
        self.done = 0

    def __iter__(self) -> Iterator[tuple[str, Readable, bool]]:
        from analyzer.capture import open_capture

        if self.live is not None:
            yield self.live.name, self.live, True
        for source in self.sources:
            if self.follow:
                yield from self._followed(source)
                return
            try:
                capture = open_capture(source, self.waiting)
            except CaptureError as error:
                self.failures.append(error)
                continue
            grows = any(map(streams, source.paths))
            if grows:
                capture.tick()
            yield source.name, capture, grows
            self.done += sum(_size(path) for path in source.paths)

    def _followed(self, source: CaptureSource) -> Iterator[tuple[str, Readable, bool]]:
        """A file that grows, and what takes its place: each is a capture of its own."""
        from analyzer.capture.follow import Followed

        while True:
            try:
                capture = Followed(source, self.waiting)
            except CaptureError as error:
                self.failures.append(error)
                return
            yield source.name, capture, True
            if not capture.replaced:
                return
            self.warnings.append(
                f"`{source.name}` was {capture.replaced} while it was followed: read on in what is new"
            )

    def _expand(self, paths: list[str]) -> list[CaptureSource]:
        from analyzer.capture import expand

        try:
            return list(expand(paths))
        except CaptureError:
            if len(paths) == 1:
                raise
        good = [path for path in paths if self._expands(path)]
        return list(expand(good)) if good else []

    def _expands(self, path: str) -> bool:
        from analyzer.capture import expand

        try:
            list(expand([path]))
        except CaptureError as error:
            self.failures.append(error)
            return False
        return True


def listed(paths: Paths) -> list[str]:
    """One path or several, as a list of strings."""
    if isinstance(paths, str | PathLike):
        return [fspath(paths)]
    return [fspath(path) for path in paths]


def streams(path: str) -> bool:
    """Whether it is standard input, a pipe or alike, whose bytes may be long in coming."""
    return path == "-" or (exists(path) and not isfile(path) and not isdir(path))


def _size(path: str) -> int:
    """Bytes of a regular file; 0 for standard input and pipes, whose size nobody knows."""
    try:
        return getsize(path) if isfile(path) else 0
    except OSError:
        return 0

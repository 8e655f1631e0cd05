"""A progress bar on stderr for work that takes longer than a moment."""

from __future__ import annotations

# not compiled: draws for people
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE_S = 0.5
"""Shorter work gets no bar, and rich is not even imported."""
REDRAW_S = 0.1


class ProgressBar:
    """Shows bytes read of all bytes; the caller makes sure that `err` is a terminal."""

    def __init__(self, err: TextIO) -> None:
        self.err = err
        self.next = time.monotonic() + PATIENCE_S
        self.drawn: Progress | None = None
        self.task: TaskID | None = None

    def __call__(self, position: int, total: int) -> None:
        """`position` bytes of `total` are read; total 0 = unknown, as on a pipe."""
        now = time.monotonic()
        if now < self.next:
            return
        self.next = now + REDRAW_S
        if self.drawn is None:
            self._open(total)
        if self.drawn is not None and self.task is not None:
            self.drawn.update(self.task, completed=position, total=total or None)
            self.drawn.refresh()

    def _open(self, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

        self.drawn = Progress(
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=Console(file=self.err, force_terminal=True),
            transient=True,
            auto_refresh=False,
        )
        self.task = self.drawn.add_task("", total=total or None)
        self.drawn.start()

    def close(self) -> None:
        """Wipe the bar."""
        if self.drawn is not None:
            self.drawn.stop()
            self.drawn = None

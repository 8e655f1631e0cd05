# not compiled: runs once a job
"""Ctrl-C and SIGTERM: the first ends the input, so that all that is over is told; the second ends the program."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from analyzer.errors import ExitStatus, Terminated


class Stopping:
    """What came so far: `status` None = nothing did."""

    def __init__(self, stop: Callable[[], bool]) -> None:
        self.stop = stop
        self.status: ExitStatus | None = None

    def caught(self, number: int, _: FrameType | None = None) -> None:
        """A signal came; `stop` says whether there was an input to end."""
        first = self.status is None
        self.status = ExitStatus.TERMINATED if number == signal.SIGTERM else ExitStatus.INTERRUPTED
        if not (first and self.stop()):
            raise Terminated if number == signal.SIGTERM else KeyboardInterrupt


@contextmanager
def draining(stop: Callable[[], bool]) -> Iterator[Stopping]:
    """While this lasts both signals call `stop` first."""
    stopping = Stopping(stop)
    if threading.current_thread() is not threading.main_thread():
        yield stopping
        return
    before = {number: signal.signal(number, stopping.caught) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

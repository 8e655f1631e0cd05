# not compiled: runs once a file
"""Tells of a wait that may have no end: for a writer to a pipe, before `open` or the first `read` returns."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Waiting = Callable[[str], None]
"""Called, in a thread of its own, with the name of what is waited for."""

SILENCE_S = 1.0
"""Seconds before it is told: a writer that is started together with the program has begun by then."""


@contextmanager
def patience(tell: Waiting | None, name: str) -> Iterator[None]:
    """Tell it, once, if what is done meanwhile takes longer than SILENCE_S."""
    if tell is None:
        yield
        return
    timer = threading.Timer(SILENCE_S, tell, (name,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()

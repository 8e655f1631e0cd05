"""One folder of this process for what must be a file, in memory where the system has such a place."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")


@cache
def folder() -> Path:
    """Made once, and removed at the end."""
    place = tempfile.mkdtemp(prefix="whyfetch-fuzz-", dir=SHARED_MEMORY if SHARED_MEMORY.is_dir() else None)
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return Path(place)


def scratch(name: str) -> Path:
    """A file in it."""
    return folder() / name

"""Runs the whole program on the bytes of a capture."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analyzer.fetch.model import Fetch


def judge(data: bytes) -> list[Fetch]:
    """The fetches of this capture, with their verdicts."""
    import analyzer

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.pcap"
        path.write_bytes(data)
        return list(analyzer.read(str(path)))

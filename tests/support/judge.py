"""Runs the whole program on the bytes of a capture, and says what it found in a form that can be compared."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from analyzer.pkt.build import pcap
from analyzer.pkt.model import Timeline

if TYPE_CHECKING:
    from analyzer.fetch.model import Fetch


class Found(NamedTuple):
    """The verdict of one fetch; evidence as (number of the packet in the case as written, what)."""

    klass: str
    cause: str
    missing: str
    confidence: str
    flags: frozenset[str]
    evidence: frozenset[tuple[int, str]]

    @property
    def name(self) -> str:
        """class/cause"""
        return f"{self.klass}/{self.cause}"


def judge(data: bytes) -> list[Fetch]:
    """The fetches of this capture, with their verdicts."""
    import analyzer

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.pcap"
        path.write_bytes(data)
        return list(analyzer.read(str(path)))


def found(case: Timeline, data: bytes | None = None) -> list[Found]:
    """What the program finds about the case's own fetches, whatever it was changed to and mixed with."""
    return found_among([packet.origin for packet in case.packets], data or pcap(case))


def found_among(origins: list[int], data: bytes) -> list[Found]:
    """What the program finds in a capture about the fetches that begin with a packet whose origin is not 0."""
    return [
        Found(
            fetch.verdict.klass,
            fetch.verdict.cause,
            fetch.verdict.missing,
            fetch.verdict.confidence,
            frozenset(fetch.verdict.flags),
            frozenset((origins[item.packet - 1], item.what) for item in fetch.verdict.evidence),
        )
        for fetch in judge(data)
        if origins[fetch.first_packet - 1]
    ]

"""Fetches that are to be checked, and what Wireshark says of them: one run of tshark a capture."""

# not compiled: one call a fetch that is checked, and one a capture

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from analyzer.capture import CaptureSource, open_capture
from analyzer.fetch.model import Fetch
from analyzer.opinion.compare import Opinion, compare
from analyzer.opinion.cutout import CutOut, Cutter
from analyzer.opinion.facts import Stated
from analyzer.opinion.fields import Row
from analyzer.opinion.wireshark import OpinionError, Wireshark
from analyzer.tcp.trace import Trace

MOST_FETCHES = 5_000
"""Of one capture: each waits with its connection, 10 kB, until all were read, and takes tshark 20 ms. Further ones are
not checked, which is told."""
Told = TypeVar("Told")
"""A row, or what is told beside rows."""


class SecondOpinion:
    """Collects fetches while rows are written, and asks about all of a capture at once.

    files     the captures that fetches came from
    left_out  fetches beyond MOST_FETCHES; failures: what went wrong, capture by capture
    """

    def __init__(self, wireshark: Wireshark) -> None:
        self.wireshark = wireshark
        self.stated: dict[str, list[Stated]] = {}
        self.files: set[str] = set()
        self.left_out = 0
        self.failures: list[OpinionError] = []

    def watch(self, rows: Iterable[Told]) -> Iterator[Told]:
        """Lets rows pass, and takes note of the fetches; they must not be detached yet."""
        for row in rows:
            if isinstance(row, Fetch):
                self.add(row)
            yield row

    def add(self, fetch: Fetch) -> None:
        """One more that is to be checked."""
        self.files.add(fetch.file)
        of_file = self.stated.setdefault(fetch.file, [])
        if len(of_file) < MOST_FETCHES:
            of_file.append(Stated(fetch))
        else:
            self.left_out += 1

    def opinions(self, sources: Iterable[CaptureSource]) -> Iterator[Opinion]:
        """What comes of each fetch, capture by capture; a capture of which Wireshark says nothing is in `failures`."""
        for source in sources:
            stated = self.stated.pop(source.name, [])
            if not stated:
                continue
            try:
                yield from opinions(self.wireshark, source, stated)
            except OpinionError as error:
                error.message = f"`{source.name}`: {error.message}"
                self.failures.append(error)


def opinions(wireshark: Wireshark, source: CaptureSource, stated: list[Stated]) -> list[Opinion]:
    """Ask about fetches of one capture, which is read again; OpinionError when Wireshark has none."""
    cut, rows = ask(wireshark, source, stated)
    return [compare(one, cut, rows, wireshark.missing) for one in stated]


def ask(
    wireshark: Wireshark, source: CaptureSource, stated: list[Stated], also: Iterable[int] = ()
) -> tuple[CutOut, dict[int, Row]]:
    """What was cut out for these fetches, and what Wireshark says of their packets, and of those with these numbers."""
    connections = {id(one.connection): one.connection for one in stated if one.connection is not None}
    traces = {name: Trace(connection) for name, connection in connections.items()}
    ports = Counter(key for trace in traces.values() for key in trace.keys)
    for one in stated:
        one.reused = one.joined and any(ports[key] > 1 for key in traces[id(one.connection)].keys)
    asked = {packet for one in stated for packet in one.packets}.union(also)
    with TemporaryDirectory(prefix="whyfetch-") as place, closing(open_capture(source)) as capture:
        folder = Path(place)
        cut = Cutter(traces.values(), asked).cut(capture.frames, folder / "cut.pcapng")
        return cut, wireshark.ask(cut, folder, {one.http for one in stated} - {0})

"""A Wireshark that can be asked, what it says of all cases and samples (asked once), and stand-ins that misbehave."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from support import recording
from support.transform import one_capture

from analyzer.api import Reading
from analyzer.capture import expand
from analyzer.errors import UsageError
from analyzer.opinion.check import ask
from analyzer.opinion.compare import Opinion, compare
from analyzer.opinion.cutout import CutOut
from analyzer.opinion.facts import Stated
from analyzer.opinion.fields import FIELDS, Row
from analyzer.opinion.wireshark import Wireshark
from analyzer.pkt.model import Timeline
from analyzer.pkt.timeline import load

ROOT = Path(__file__).resolve().parents[2]
CASES = sorted((ROOT / "tests" / "cases").glob("*.pkt"))
SAMPLES = sorted(path for path in (ROOT / "samples").glob("*/*.pcap*"))


class Asked(NamedTuple):
    """What Wireshark says of every packet of a capture, and what comes of each fetch in it.

    parts  the captures that it was put together from: name and number of packets
    """

    cut: CutOut
    rows: dict[int, Row]
    opinions: list[Opinion]
    parts: list[tuple[str, int]]

    def where(self, number: int) -> str:
        """`case:packet`."""
        for name, packets in self.parts:
            if number <= packets:
                return f"{name}:{number}"
            number -= packets
        return "?"

    def unexplained(self) -> list[str]:
        """Differences that nobody knows a reason for."""
        return [
            f"{self.where(item.fact.packet)} {item.fact.kind}: {item.fact.ours!r} or {item.theirs!r} ({item.fields})"
            for opinion in self.opinions
            for item in opinion.unexplained
        ]

    def known(self) -> set[str]:
        """The known differences that were seen."""
        return {one.known.id for opinion in self.opinions for one in opinion.differences if one.known is not None}


def asked(wireshark: Wireshark, path: Path, parts: list[tuple[str, int]]) -> Asked:
    (source,) = expand([str(path)])
    stated = [Stated(fetch) for fetch in Reading([str(path)], kinds=True)]
    everything = range(1, sum(packets for _, packets in parts) + 1)
    cut, rows = ask(wireshark, source, stated, everything)
    assert rows.keys() == set(everything)
    return Asked(cut, rows, [compare(one, cut, rows) for one in stated], parts)


@pytest.fixture(scope="session")
def wireshark() -> Wireshark:
    try:
        return Wireshark("the test")
    except UsageError as error:
        pytest.skip(f"{error.message}: {error.hint}")


@pytest.fixture(scope="session")
def cases() -> list[tuple[str, Timeline]]:
    return [(path.stem, load(path)) for path in CASES]


@pytest.fixture(scope="session")
def of_cases(
    wireshark: Wireshark, cases: list[tuple[str, Timeline]], tmp_path_factory: pytest.TempPathFactory
) -> Asked:
    """All cases behind each other: to start tshark takes longer than to read them."""
    path = tmp_path_factory.mktemp("cases") / "cases.pcap"
    path.write_bytes(one_capture([case for _, case in cases]))
    return asked(wireshark, path, [(name, len(case.packets)) for name, case in cases])


@pytest.fixture(scope="session")
def of_samples(wireshark: Wireshark, tmp_path_factory: pytest.TempPathFactory) -> list[Asked]:
    """All samples of a link type behind each other, each moved to a network and a time of its own."""
    folder = tmp_path_factory.mktemp("samples")
    samples = {f"{path.parent.name}/{path.name}": recording.recorded(path) for path in SAMPLES}
    found = []
    for link in {sample.link for sample in samples.values()}:
        chosen = {name: sample for name, sample in samples.items() if sample.link == link}
        frames: list[recording.Frame] = []
        for i, sample in enumerate(chosen.values()):
            frames += recording.shifted(recording.renumbered(sample, i, 0), i * 1000 * 10**9).frames
        path = folder / f"{link}.pcap"
        path.write_bytes(recording.pcap(recording.Recording(link, tuple(frames))))
        found.append(asked(wireshark, path, [(name, len(sample.frames)) for name, sample in chosen.items()]))
    return found


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """A `tshark` that is found first, with a version and fields, and does what it is told when it is to read."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def make(reads: str = "exit 0", version: str = "4.9.9", fields: str = " ".join(FIELDS)) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        path = folder / "tshark"
        path.write_text(
            "#!/bin/sh\n"
            f'case "$1" in --version) echo "TShark (Wireshark) {version}."; exit 0;; '
            f'-G) for one in {fields}; do printf "F\\tname\\t%s\\tFT_UINT\\n" $one; done; exit 0;; esac\n'
            f"{reads}\n"
        )
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        return path

    return make

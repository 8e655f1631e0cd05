"""The compiled engine and the interpreted one say the same, byte for byte."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from fuzz.mutator import Mutator
from fuzz.targets import TARGETS
from support.examples import SAMPLE_NAMES, sample
from support.incomplete import SNAPLENS, cut_to
from support.recording import pcap as recording_pcap

from analyzer.compiled import is_compiled
from analyzer.errors import ExitStatus
from analyzer.pkt.build import pcap
from analyzer.pkt.timeline import load

ROOT = Path(__file__).parents[1]
PCAP_LATEST = (1 << 32) * 10**9 - 1
"""The latest time of a pcap file in nanoseconds."""
COMPILED = is_compiled("analyzer.tcp.connections")


def csv(package: Path, captures: Path) -> str:
    """What `whyfetch classify --format csv` writes with the package in this folder."""
    code = "import sys; from analyzer.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "classify", "--format", "csv", str(captures)]
    environment = dict(os.environ, PYTHONPATH=str(package), COLUMNS="80")
    if not any((package / "analyzer").glob("_compiled*")):
        environment["WHYFETCH_COMPILE"] = "0"  # an editable installation finds the library of its own folder
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=captures, timeout=300, check=False
    )
    assert done.returncode in (ExitStatus.OK, ExitStatus.DAMAGED), done.stderr
    return done.stdout


@pytest.mark.skipif(not COMPILED, reason="this installation is interpreted: nothing to compare")
def test_same_csv(tmp_path: Path) -> None:
    """All cases and samples give the same CSV with the compiled modules and with the plain `.py` files alone."""
    captures = tmp_path / "captures"
    shutil.copytree(ROOT / "samples", captures / "samples", ignore=lambda _, names: [n for n in names if _other(n)])
    for path in sorted((ROOT / "tests" / "cases").glob("*.pkt")):
        (captures / f"{path.stem}.pcap").write_bytes(pcap(load(path)))
    assert same(tmp_path, captures) > 100


@pytest.mark.skipif(not COMPILED, reason="this installation is interpreted: nothing to compare")
def test_same_csv_of_mutations(tmp_path: Path) -> None:
    """A thousand mutated captures give the same as well: numbers at the edges of types, times, lengths that lie."""
    target, captures = TARGETS["rows"], tmp_path / "captures"
    mutator = Mutator(target.seeds(), "compiled equals interpreted", target.split)
    captures.mkdir()
    for number in range(1000):
        (captures / f"{number}.pcap").write_bytes(mutator.following())
    assert same(tmp_path, captures) > 1000


@pytest.mark.skipif(not COMPILED, reason="this installation is interpreted: nothing to compare")
def test_same_csv_of_times(tmp_path: Path) -> None:
    """Samples whose times jump over the whole range, cut by snap lengths: no sum or product of times wraps in C."""
    captures = tmp_path / "captures"
    captures.mkdir()
    for number, name in enumerate(SAMPLE_NAMES):
        dice = random.Random(name)
        edges = (0, 1, PCAP_LATEST // 2, PCAP_LATEST - 1, PCAP_LATEST)
        whole = cut_to(sample(name), dice.choice(SNAPLENS))
        frames = [replace(f, time=dice.choice((f.time, f.time, *edges))) for f in whole.frames]
        (captures / f"{number}.pcap").write_bytes(recording_pcap(replace(whole, frames=tuple(frames))))
    assert same(tmp_path, captures) > len(SAMPLE_NAMES)


def same(place: Path, captures: Path) -> int:
    """How many rows both give."""
    package = Path(analyzer_folder())
    shutil.copytree(
        package, place / "plain" / "analyzer", ignore=shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
    )
    compiled = csv(package.parent, captures)
    assert csv(place / "plain", captures) == compiled
    return compiled.count("\n")


def analyzer_folder() -> str:
    """Where the installed package is."""
    import analyzer

    return str(Path(analyzer.__file__).parent)


def _other(name: str) -> bool:
    """Neither a capture nor a folder of captures."""
    return Path(name).suffix not in ("", ".pcap", ".pcapng", ".gz", ".zst", ".xz", ".bz2", ".lz4")

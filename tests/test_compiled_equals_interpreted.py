"""The compiled engine and the interpreted one say the same, byte for byte."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.build import pcap
from support.timeline import load

import analyzer.wire.connections as hot

ROOT = Path(__file__).parents[1]
COMPILED = not str(hot.__file__).endswith(".py")


def csv(package: Path, captures: Path) -> str:
    """What `whyfetch classify --format csv` writes with the package in this folder."""
    code = "import sys; from analyzer.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "classify", "--format", "csv", str(captures)]
    environment = dict(os.environ, PYTHONPATH=str(package), COLUMNS="80")
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=captures, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not COMPILED, reason="this installation is interpreted: nothing to compare")
def test_same_csv(tmp_path: Path) -> None:
    """All cases and samples give the same CSV with the compiled modules and with the plain `.py` files alone."""
    captures = tmp_path / "captures"
    shutil.copytree(ROOT / "samples", captures / "samples", ignore=lambda _, names: [n for n in names if _other(n)])
    for path in sorted((ROOT / "tests" / "cases").glob("*.pkt")):
        (captures / f"{path.stem}.pcap").write_bytes(pcap(load(path)))
    package = Path(analyzer_folder())
    shutil.copytree(
        package, tmp_path / "plain" / "analyzer", ignore=shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
    )
    compiled = csv(package.parent, captures)
    assert compiled.count("\n") > 100
    assert csv(tmp_path / "plain", captures) == compiled


def analyzer_folder() -> str:
    """Where the installed package is."""
    import analyzer

    return str(Path(analyzer.__file__).parent)


def _other(name: str) -> bool:
    """Neither a capture nor a folder of captures."""
    return Path(name).suffix not in ("", ".pcap", ".pcapng", ".gz", ".zst", ".xz", ".bz2", ".lz4")

"""The core alone: what needs an extra says which, and the rest works without any."""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, files, requires
from pathlib import Path

import pytest
from support.examples import KEYED, SAMPLE_NAMES, SAMPLES

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "samples" / "rst" / "curl-refused.pcap"
Run = Callable[..., subprocess.CompletedProcess[str]]


def needed(requirements: list[str]) -> set[str]:
    """Names of the installed distributions that these requirements, without extras, come to."""
    found: set[str] = set()
    wanted = list(requirements)
    while wanted:
        requirement = wanted.pop()
        name = re.split(r"[^\w.-]", requirement)[0]
        if "extra ==" in requirement or name in found:
            continue
        try:
            wanted += requires(name) or []
        except PackageNotFoundError:  # of another system, or another Python
            continue
        found.add(name)
    return found


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the program, interpreted, and what it is installed with when no extra is asked for."""
    folder = tmp_path_factory.mktemp("core")
    shutil.copytree(ROOT / "analyzer", folder / "analyzer", ignore=shutil.ignore_patterns("*.so", "*.pyd"))
    for name in needed(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]):
        for top in {file.parts[0] for file in files(name) or () if not file.parts[0].startswith(("..", "__"))}:
            found = next(iter(files(name) or ())).locate().parents[0]
            (folder / top).symlink_to(next(place / top for place in found.parents if (place / top).exists()))
    return folder


@pytest.fixture
def run(core: Path, tmp_path: Path) -> Run:
    """Runs Python without any other package."""

    def run_it(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(core), "COLUMNS": "200"}
        return subprocess.run(
            [sys.executable, "-S", *arguments],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    return run_it


def test_the_core_gives_the_same_rows(run: Run) -> None:
    """Without Cython's names, pandas, scapy and lz4; what brings its keys is another matter."""
    assert run("-c", "import Cython").returncode == 1
    names = [str(SAMPLES / name) for name in SAMPLE_NAMES if (SAMPLES / name).is_file() and name not in KEYED]
    arguments = ["-m", "analyzer", "classify", "--format", "csv", *names]
    done = run(*arguments)
    whole = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.count("\n") > 200
    assert (done.stdout, done.stderr, done.returncode) == (whole.stdout, whole.stderr, 0)


@pytest.mark.parametrize(
    ("code", "extra"),
    [
        ("analyzer.classify(SAMPLE)", "pandas"),
        ("next(iter(analyzer.read('trace.pcap.lz4')))", "lz4"),
        ("from analyzer.cli import main; main(['classify', '-o', 'rows.parquet', SAMPLE])", "parquet"),
        ("from analyzer.cli import main; main(['classify', 'odd.pcap'])", "scapy"),
        ("from analyzer.cli import main; main(['report', SAMPLE, '-o', 'x.html'])", "report"),
        ("from analyzer.cli import main; main(['sniff', '-i', 'lo', '--source', 'scapy'])", "scapy"),
        ("from analyzer.cli import main; main(['doctor'])", "tshark"),
        ("from analyzer.keys.store import key_logs; key_logs([SAMPLE])", "decrypt"),
        ("from analyzer.cli import main; main(['doctor'])", "decrypt"),
    ],
)
def test_what_lacks_an_extra_names_it(run: Run, tmp_path: Path, code: str, extra: str) -> None:
    """In the error, its hint, or a warning."""
    (tmp_path / "trace.pcap.lz4").write_bytes(b"\x04\x22\x4d\x18" + bytes(99))
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 250)
    (tmp_path / "odd.pcap").write_bytes(header + struct.pack("<IIII", 1_700_000_000, 0, 60, 60) + bytes(60))
    prelude = "import analyzer, sys\nsys.excepthook = lambda kind, error, trace: print(error, error.hint)\n"
    done = run("-c", f"{prelude}SAMPLE = {str(SAMPLE)!r}\n{code}")
    assert f"`pip install 'whyfetch[{extra}]'`" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_directory_with_an_lz4_file_is_partial(run: Run, tmp_path: Path) -> None:
    """What cannot be unpacked here is told, and the rest is read."""
    shutil.copy(SAMPLE, tmp_path / "a.pcap")
    (tmp_path / "b.pcap.lz4").write_bytes(b"\x04\x22\x4d\x18" + bytes(99))
    done = run("-m", "analyzer", "classify", "--format", "csv", ".")
    assert (done.returncode, done.stdout.count("rst-refused")) == (3, 1)
    assert "packed with lz4" in done.stderr


def test_every_extra_is_in_all() -> None:
    """`whyfetch[all]` has what each of the others has."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (line,) = extras.pop("all")
    assert line == f"whyfetch[{','.join(sorted(extras))}]"

"""Installs a wheel into an empty environment without a compiler, and compares its rows with those of this folder's code.

    python tests/installed.py dist/whyfetch-*.whl

Ends with an error when a row differs, when the core takes more than 30 MB, when the first verdict costs 30 s of CPU time, or when whyfetch is
not compiled; `--interpreted` expects the opposite of the last. It prints what was measured.
"""  # noqa: E501

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MOST_BYTES = 30_000_000
"""Of everything that `pip install` adds to an empty environment, bytes as `ls` counts them."""
OWN = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "distutils-precedence.pth")
"""What a new environment holds."""
MOST_SECONDS = 30
"""Until the first verdict, of CPU time: other work on the machine does not count."""


def main() -> None:
    """Install, compare, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--interpreted", action="store_true")
    options = parser.parse_args()
    expected = rows([sys.executable, "-m", "whyfetch"], ROOT, {**os.environ, "PYTHONPATH": str(ROOT)})
    with tempfile.TemporaryDirectory() as folder:
        check(options.wheel.resolve(), Path(folder), expected, "interpreted" if options.interpreted else "compiled")


def check(wheel: Path, home: Path, expected: str, engine: str) -> None:
    """In this folder, which becomes the home of a user who has Python alone."""
    environment = {"HOME": str(home), "PATH": path_without_compilers(home), "CC": "false", "LANG": "C.UTF-8"}
    environment |= {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
    began, used = time.monotonic(), cpu_seconds()
    subprocess.run([sys.executable, "-m", "venv", home / "venv"], check=True, env=environment)
    place = home / "venv" / ("Scripts" if os.name == "nt" else "bin")
    pip = [place / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, wheel], check=True, env=environment)
    sample = ROOT / "samples" / "rst" / "curl-refused.pcap"
    subprocess.run([place / "whyfetch", "classify", sample], check=True, env=environment, cwd=home)
    seconds, used = time.monotonic() - began, cpu_seconds() - used
    said = subprocess.run(
        [place / "whyfetch", "--version"], check=True, env=environment, capture_output=True, text=True
    )
    (packages,) = {path.resolve() for path in (home / "venv").glob("[Ll]ib*/**/site-packages")}
    size = sum(bytes_of(path) for path in packages.iterdir() if path.name not in OWN)
    print(f"{said.stdout.strip()}: {size / 1e6:.1f} MB, first verdict after {seconds:.0f} s, {used:.0f} s of CPU time")  # noqa: T201
    assert engine in said.stdout, said.stdout
    assert rows([str(place / "whyfetch")], home, environment) == expected, "rows differ"
    assert used < MOST_SECONDS, f"the first verdict takes {used:.0f} s of CPU time"
    assert size < MOST_BYTES or engine == "interpreted", f"the core takes {size:,} bytes"


def cpu_seconds() -> float:
    """Of the processes that have ended."""
    return sum(os.times()[2:4])


def path_without_compilers(home: Path) -> str:
    """A PATH in which no compiler is found."""
    empty = home / "programs"
    empty.mkdir()
    assert not any(shutil.which(name, path=str(empty)) for name in ("cc", "gcc", "clang", "g++"))
    return str(empty)


def rows(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    """The samples as CSV."""
    command = [*command, "classify", "--format", "csv", str(ROOT / "samples")]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.count("\n") > 200
    return done.stdout


def bytes_of(path: Path) -> int:
    """Of a file, or of all files below a folder."""
    return sum(file.lstat().st_size for file in [path, *path.rglob("*")] if file.is_file() and not file.is_symlink())


if __name__ == "__main__":
    main()

"""The compiled modules once more, checked by the compiler's sanitizers, under tests and mutations: `make asan`.

They are built in a folder of their own, `build/asan`, so that the usual build stays as it is. The interpreter itself is
not checked, but its memory is: with PYTHONMALLOC=malloc every object is a block of its own, and AddressSanitizer sees
an access beside it. CPython keeps memory until it ends, so leaks are not looked for.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / "build" / "asan"
MADE = (".so", ".pyc")
TESTS = (
    "tests/test_samples.py", "tests/test_cases.py", "tests/capture/test_damage.py", "tests/capture/test_compressed.py",
    "tests/capture/test_pcapng.py", "tests/frame", "tests/tcp", "tests/layer", "tests/clientlog",
    "tests/output", "tests/properties/test_arbitrary_bytes.py",
)  # fmt: skip
"""Samples, cases, and what the tests make of hostile inputs, each in the process itself."""
SLOW = ["-k", "not cost_no_search and not in_browser"]
"""Left out: the one bounds CPU seconds, and here all takes ten times as long; the other is about a browser."""


def main(arguments: list[str]) -> int:
    """Build what changed, run the tests, then mutations of every kind; the first report of a sanitizer ends it."""
    copy()
    environment = {**os.environ, "WHYFETCH_COMPILE": "1", "WHYFETCH_SANITIZE": "1"}
    subprocess.run([sys.executable, "setup.py", "-q", "build_ext", "--inplace"], cwd=PLACE, env=environment, check=True)
    for module, *words in (
        ["pytest", "-q", "-x", "--capture=sys", "-p", "no:cacheprovider", *SLOW, *TESTS],
        ["fuzz", "--seeds", *arguments],
    ):
        done = subprocess.run([sys.executable, "-c", START, module, *words], cwd=ROOT, env=watched(), check=False)
        if done.returncode:
            return done.returncode
    return 0


START = """
import os, runpy, sys
from analyzer.compiled import is_compiled
loaded = open("/proc/self/maps").read()
assert "libasan" in loaded and "libubsan" in loaded
assert is_compiled("analyzer.reading.engine") and "build/asan/analyzer/_compiled" in loaded
del os.environ["LD_PRELOAD"]  # it is loaded; tshark and its kin hang with it
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""
"""Starts a module in a process that has the sanitizers, and makes sure of it."""


def copy() -> None:
    """The sources, where they are newer."""
    for path in [
        ROOT / "setup.py",
        ROOT / "pyproject.toml",
        ROOT / "README.md",
        ROOT / "LICENSE",
        *(ROOT / "analyzer").rglob("*"),
    ]:
        there = PLACE / path.relative_to(ROOT)
        wanted = path.is_file() and path.suffix not in MADE  # templates of pages are read as well
        if wanted and not (there.exists() and there.stat().st_mtime >= path.stat().st_mtime):
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, there)


def watched() -> dict[str, str]:
    """The environment in which an interpreter without sanitizers runs modules that have them."""
    found = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
    return {
        **os.environ,
        "LD_PRELOAD": found.stdout.strip(),
        "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0:allocator_may_return_null=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "PYTHONMALLOC": "malloc",
        "PYTHONSAFEPATH": "1",
        "PYTHONPATH": os.pathsep.join([str(PLACE), str(ROOT), str(ROOT / "tests")]),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

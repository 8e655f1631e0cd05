"""The engine that learns which bytes lead further: atheris (libFuzzer), on the interpreted modules, line by line.

One process tries all parsers, and the rows of whole captures: the first byte of an input says which. Inputs that led to
new lines are kept between runs.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.machinery import FileFinder, SourceFileLoader
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORPUS = Path("build/fuzz/corpus")
MOST_SEEDS = 60
"""Of each target; more would only be read again at every start."""
SECONDS_OF_A_RUN = 10
"""After which libFuzzer calls an input a hang; the slowest take some milliseconds."""
MEGABYTES = 2048
FOUND = "FOUND"
MISSING = """atheris is not installed: `pip install --group fuzz` (CPython 3.11 to 3.13 on Linux).
Without it: `make fuzz ENGINE=seeded`, which mutates without learning."""


def fuzz(wanted: str, seconds: float, crashes: Path) -> int:
    """Try for so many seconds; 0 = nothing was found."""
    if find_spec("atheris") is None:
        sys.stderr.write(MISSING + "\n")
        return 2
    if wanted in ("parsers", "whole") or "," in wanted:
        sys.stderr.write("atheris takes one target, or all of them\n")
        return 2
    command = [sys.executable, "-m", "fuzz.guided", wanted, str(int(seconds)), str(crashes)]
    failed = False
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            failed |= line.startswith(FOUND)
            if not line.startswith("INFO: Instrumenting"):
                sys.stderr.write(line)
    return int(failed or process.returncode != 0)


def interpreted() -> None:
    """Import the package from its `.py` files, also where compiled ones lie beside them."""

    def hook(path: str) -> FileFinder:
        if not Path(path).is_relative_to(ROOT / "analyzer"):
            raise ImportError(path)
        return FileFinder(path, (SourceFileLoader, [".py"]))

    sys.path_hooks.insert(0, hook)
    sys.path_importer_cache.clear()


def main(wanted: str, seconds: str, crashes: str) -> None:
    """In a process of its own: libFuzzer ends it."""
    import atheris

    interpreted()
    with atheris.instrument_imports(include=["analyzer"]):
        from fuzz.seeded import Outcome, keep
        from fuzz.targets import PARSERS, TARGETS
    names = [*PARSERS, "rows"]
    found: dict[str, Outcome] = {}

    def one(data: bytes) -> None:
        if not data:
            return
        name = names[data[0] % len(names)] if wanted == "all" else wanted
        try:
            TARGETS[name].one(data[1:])
        except Exception as error:
            outcome = found.setdefault(name, Outcome(name))
            before = len(outcome.found)
            keep(TARGETS[name], name, data[1:], error, outcome, Path(crashes))
            if len(outcome.found) > before:
                sys.stderr.write(f"{FOUND} {name}: {list(outcome.found.items())[-1]}\n")

    CORPUS.mkdir(parents=True, exist_ok=True)
    for at, name in enumerate(names):
        if wanted in ("all", name):
            for number, seed in enumerate(spread(TARGETS[name].seeds())):
                (CORPUS / f"{name}-{number}").write_bytes(bytes([at]) + seed)
    options = [f"-max_total_time={seconds}", f"-timeout={SECONDS_OF_A_RUN}", f"-rss_limit_mb={MEGABYTES}"]
    Path(crashes).mkdir(parents=True, exist_ok=True)
    atheris.Setup(
        [sys.argv[0], *options, "-max_len=20000", "-print_final_stats=1", f"-artifact_prefix={crashes}/", str(CORPUS)],
        one,
    )
    atheris.Fuzz()


def spread(seeds: list[bytes]) -> list[bytes]:
    """Some of many, from the first to the last."""
    return seeds[:: len(seeds) // MOST_SEEDS + 1]


if __name__ == "__main__":
    main(*sys.argv[1:])

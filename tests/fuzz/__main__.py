"""Mutations of every parser, and of whole captures: in `make fuzz`, or as

PYTHONPATH=.:tests python -m fuzz --target dns --runs 1000000
PYTHONPATH=.:tests python -m fuzz --target dns FILE...

The second form runs the inputs in files once, and shows what they raise.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from fuzz.seeded import campaign, kept_input
from fuzz.targets import PARSERS, TARGETS, WHOLE

CRASHES = Path("build/fuzz/crashes")
MOST_SHOWN = 5
"""Seeds that raise and are shown."""


def main() -> int:
    """The command line; 1 = something was found."""
    options = arguments()
    if options.engine == "atheris":
        from fuzz.guided import fuzz

        return fuzz(options.target, options.seconds or 60, CRASHES)
    if options.files:
        return replay(options.target, options.files)
    print(f"engine {engine()}, seed {options.seed}", flush=True)
    found = 0
    for name in names(options.target):
        if options.seeds:
            found += unchanged(name)
        outcome = campaign(name, runs=options.runs, seconds=options.seconds, seed=options.seed, crashes=CRASHES)
        print(outcome.line(), flush=True)
        for where, path in outcome.found.items():
            print(f"  {where}: {path}", flush=True)
        found += len(outcome.found)
    print(f"peak memory {peak()} MB")
    return min(found, 1)


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        prog="fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="inputs to run once")
    parser.add_argument("--target", default="all", help=f"all, parsers, whole, or some of: {', '.join(TARGETS)}")
    parser.add_argument("--engine", choices=["seeded", "atheris"], default="seeded")
    parser.add_argument("--runs", type=int, default=0, help="mutations of each target")
    parser.add_argument("--seconds", type=float, default=0, help="CPU seconds for each target; with atheris, in all")
    parser.add_argument("--seed", default="1", help="the same seed makes the same mutations")
    parser.add_argument("--seeds", action="store_true", help="first run what the mutations begin with, unchanged")
    options = parser.parse_args()
    options.seconds = options.seconds or (0 if options.runs else 5)
    unknown = [name for name in names(options.target) if name not in TARGETS]
    if unknown:
        parser.error(f"no target is called {', '.join(unknown)}")
    return options


def names(wanted: str) -> list[str]:
    """The targets that are meant."""
    groups = {"all": TARGETS, "parsers": PARSERS, "whole": WHOLE}
    return list(groups[wanted]) if wanted in groups else wanted.split(",")


def engine() -> str:
    """Which modules run: `compiled` or `interpreted`."""
    from analyzer.version import engine as found

    return found()


def peak() -> int:
    """The most memory that this process had, in MB (the kernel's own count: getrusage's begins with the parent's)."""
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) >> 10 if found else 0


def unchanged(name: str) -> int:
    """Run what the mutations begin with; how many of them raise."""
    failed = 0
    for at, data in enumerate(TARGETS[name].seeds()):
        try:
            TARGETS[name].one(data)
        except Exception as error:
            failed += 1
            if failed <= MOST_SHOWN:
                print(f"{name}: seed {at}: {error!r}")
    return failed


def replay(target: str, files: list[Path]) -> int:
    """Run inputs once."""
    for path in files:
        for name in names(target):
            TARGETS[name].one(kept_input(path))
            print(f"{name}: {path}: nothing found")
    return 0


if __name__ == "__main__":
    sys.exit(main())

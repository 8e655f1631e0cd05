"""Counts the instructions that a fixed slice of the life-like capture takes, against the committed figure.

What a run on a tenth of the slice takes is subtracted: start-up, imports and output that does not grow. Instructions do
not depend on what else the machine does; on the interpreter, the compiler and the architecture they do, so that the
figure holds for one kind of each, and elsewhere nothing is judged. More than the tolerance above it is a failure
(status 1); as much below it is a reminder to commit the better figure.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

import generate

FIGURE = Path(__file__).with_name("instructions.json")
SMALL, LARGE = 10_000, 100_000
"""Packets: of what is subtracted, in which every common kind of connection occurs, and of the slice."""
TOLERANCE = 0.03
"""Patch versions of the interpreter and builds of libc differ by less."""
REFERENCES = re.compile(r"I\s+refs:\s+([\d,]+)")


def kind() -> dict[str, str]:
    """On what the figure depends."""
    compiler = platform.python_compiler().partition(".")[0]
    optimised = "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")
    return {
        "python": ".".join(platform.python_version_tuple()[:2]),
        "machine": f"{platform.system()} {platform.machine()}",
        "compiler": f"{compiler}, {'with' if optimised else 'without'} profile-guided optimisation",
    }


def reason() -> str:
    """Why nothing can be counted here, "" = it can."""
    if shutil.which("valgrind") is None:
        return "valgrind is not installed (apt-get install valgrind)"
    said = subprocess.run(
        [sys.executable, "-m", "whyfetch", "--version"], capture_output=True, text=True, check=True
    ).stdout
    return "" if "engine: compiled" in said else "the modules are not compiled"


def count(capture: Path, packets: int) -> int:
    """Instructions of one run, in an environment that is always the same."""
    with redirect_stdout(None):
        generate.generate(capture, packets, mix="life")
    command = [
        sys.executable,
        "-m",
        "whyfetch",
        "classify",
        "--format",
        "csv",
        "--force",
        "-o",
        "rows.csv",
        capture.name,
    ]
    valgrind = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    environment = {"PATH": os.defpath, "HOME": str(capture.parent), "PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8"}
    subprocess.run(command, cwd=capture.parent, env=environment, capture_output=True, check=True)  # writes bytecode
    done = subprocess.run(
        [*valgrind, *command], cwd=capture.parent, env=environment, capture_output=True, text=True, check=True
    )
    found = REFERENCES.search(done.stderr)
    if found is None:
        raise SystemExit(f"valgrind counted nothing:\n{done.stderr}")
    return int(found[1].replace(",", ""))


def counted() -> int:
    """Instructions of the slice alone."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = (count(Path(folder) / "slice.pcap", packets) for packets in (SMALL, LARGE))
    return large - small


def judge(now: int, before: int) -> int:
    """Say what became of the figure; the exit status."""
    change = now / before - 1
    print(f"{now:,} instructions for {LARGE - SMALL:,} packets, {now / (LARGE - SMALL):,.0f} each: {change:+.1%}")
    if change > TOLERANCE:
        print(f"more than {TOLERANCE:.0%} above the committed figure. If that is meant: make bench-check UPDATE=1")
        return 1
    if change < -TOLERANCE:
        print("better than the committed figure: make bench-check UPDATE=1, and commit it with the change")
    return 0


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--update", action="store_true", help=f"write {FIGURE.name} instead of judging")
    update = parser.parse_args().update
    if why := reason():
        print(f"instructions are not counted: {why}")
        return 0
    committed = json.loads(FIGURE.read_text()) if FIGURE.exists() else {}
    if not update and committed.get("kind") != kind():
        print(f"instructions are not judged: the figure is for {committed.get('kind')}, this is {kind()}")
        return 0
    now = counted()
    if update:
        FIGURE.write_text(json.dumps({"kind": kind(), "instructions": now}, indent=2) + "\n")
        print(f"{now:,} instructions, {now / (LARGE - SMALL):,.0f} a packet, written to {FIGURE.name}")
        return 0
    return judge(now, committed["instructions"])


if __name__ == "__main__":
    raise SystemExit(main())

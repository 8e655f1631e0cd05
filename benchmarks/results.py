"""Tables of what was measured, and RESULTS.md: the newest whole run, with date, versions and machine."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from run import Result

RESULTS = Path(__file__).parent / "RESULTS.md"
HEADING = (
    "| tool | packets | CPU s | us a packet | whyfetch / tool | min..max | peak MiB | whyfetch / tool |\n"
    "|---|--:|--:|--:|--:|--:|--:|--:|"
)
IDLE = 0.25
"""Load a processor up to which a machine counts as our own."""


class Machine:
    """Where it is measured, without its name; `load` before the first measurement."""

    def __init__(self) -> None:
        self.load = os.getloadavg()[0]

    def words(self) -> str:
        """Processor, memory, kernel, and whether anybody else used it: the load that is ours is one."""
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
        processors = os.cpu_count() or 1
        told = f"{processors} x {processor()}, {memory:.0f} GiB, {platform.system()} {platform.machine()}"
        if self.load > IDLE * processors or os.getloadavg()[0] > 1 + IDLE * processors:
            told += (
                f". **Shared with other programs meanwhile** (load {self.load:.1f} before, {os.getloadavg()[0]:.1f} "
                "after): ratios are of neighbouring runs, seconds are too many"
            )
        return told


def processor() -> str:
    """Its model."""
    known = Path("/proc/cpuinfo")
    lines = known.read_text().splitlines() if known.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "processor")


def table(name: str, size: int, connections: int, measured: dict[str, Result]) -> str:
    """One capture; ratios are of CPU time a packet, the median of those of each round."""
    own = measured.get("whyfetch")
    lines = [f"### {name}: {size / 1e9:.2f} GB", "", HEADING]
    if connections and own:
        rate = f", {connections:,} connections, {connections / own.median:,.0f} of them a CPU second of whyfetch"
        lines[0] += rate
    for tool, result in measured.items():
        ratio = spread = memory = "-"
        if own and result is not own and not own.problem and not result.problem:
            pairs = [ours / theirs for ours, theirs in zip(own.each, result.each, strict=True)]
            ratio = f"{statistics.median(pairs):.3g}"
            spread = f"{min(pairs):.3g}..{max(pairs):.3g}"
            memory = f"{own.peak_kib / result.peak_kib:.2g}"
        lines.append(
            f"| {tool} | {result.packets:,} | {result.median:.2f} | {statistics.median(result.each):.2f} | {ratio} "
            f"| {spread} | {result.peak_kib / 1024:.0f} | {memory} |{result.problem}"
        )
    return "\n".join([*lines, ""])


def versions(tools: list[str], nfstream: str) -> list[str]:
    """What each tool calls itself."""
    asked = {
        "whyfetch": [str(Path(sys.executable).with_name("whyfetch")), "--version"],
        "tcptrace": ["tcptrace", "-v"],
        "capinfos": ["capinfos", "--version"],
        "tshark": ["tshark", "--version"],
        "nfstream": [nfstream, "-c", "import nfstream; print('nfstream', nfstream.__version__)"],
    }
    said = [f"Python {platform.python_version()} ({platform.python_compiler()})"]
    for tool in (each for each in asked if each in tools):
        done = subprocess.run(asked[tool], capture_output=True, text=True, check=False)
        lines = [line for line in (done.stdout + done.stderr).splitlines() if "ersion" in line or tool in line.lower()]
        words = lines[0].removeprefix("Version: ").rstrip(".") if lines else f"{tool}, unknown version"
        said.append(words.partition(" (Git")[0])
    return said


def keep(machine: Machine, tools: list[str], repeats: int, pages: list[str], nfstream: str) -> None:
    """Write RESULTS.md."""
    head = [
        "# Results",
        "",
        "Written by `make bench`; how it is measured, and what the captures are, says [README.md](README.md).",
        "",
        f"- {datetime.now(UTC):%Y-%m-%d}; medians of {repeats} rounds in which tools take turns, of extremes one",
        f"- {machine.words()}",
        *(f"- {version}" for version in versions(tools, nfstream)),
        "",
        "",
    ]
    RESULTS.write_text("\n".join(head) + "\n".join(pages))
    print(f"kept in {RESULTS.name}")

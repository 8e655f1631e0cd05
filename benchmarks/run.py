"""Runs whyfetch and its peers on the large capture, in turn and several times, and prints time, rate, ratio and memory.

It measures and never judges: the exit status is 0 whatever the figures are.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import check
import generate

Command = Callable[[Path, Path], list[str]]
TSHARK_FIELDS = ["frame.number", "frame.time_epoch", "tcp.stream", "ip.src", "ip.dst", "tcp.flags", "tcp.len"]
PEERS: dict[str, Command] = {
    "whyfetch": lambda capture, out: [
        *whyfetch(),
        "classify",
        "--format",
        "csv",
        "--force",
        "-o",
        str(out),
        str(capture),
    ],
    "tcptrace": lambda capture, out: ["tcptrace", "-n", str(capture)],
    "capinfos": lambda capture, out: ["capinfos", "-c", "-a", "-e", str(capture)],
    "tshark": lambda capture, out: [
        *("tshark", "-n", "-r", str(capture), "-T", "fields"),
        *(word for name in TSHARK_FIELDS for word in ("-e", name)),
    ],
}
SLOW = {"tshark"}
"""Peers that see only the first --slice packets, because the whole file would take them minutes."""
SLICE = 200_000


@dataclass
class Result:
    """Measurements of one tool."""

    packets: int
    seconds: list[float] = field(default_factory=list)
    peak_kib: int = 0
    problem: str = ""

    @property
    def median(self) -> float:
        """Median wall time, seconds."""
        return statistics.median(self.seconds) if self.seconds else 0.0

    @property
    def rate(self) -> float:
        """Packets a second at the median."""
        return self.packets / self.median if self.median else 0.0


def whyfetch() -> list[str]:
    """The command beside this interpreter, else the one on PATH."""
    beside = Path(sys.executable).with_name("whyfetch")
    return [str(beside) if beside.exists() else "whyfetch"]


def cut(capture: Path, packets: int) -> Path:
    """A copy of the first `packets` packets."""
    target = capture.with_name(f"{capture.stem}-first-{packets}.pcap")
    if target.exists() and target.stat().st_mtime >= capture.stat().st_mtime:
        return target
    with capture.open("rb") as source, target.open("wb") as copy:
        copy.write(source.read(24))
        for _ in range(packets):
            head = source.read(16)
            if len(head) < 16:
                break
            copy.write(head + source.read(struct.unpack_from("<I", head, 8)[0]))
    return target


def count(capture: Path) -> int:
    """Packets in a generated capture."""
    number = 0
    with capture.open("rb") as source:
        source.seek(24)
        while len(head := source.read(16)) == 16:
            source.seek(struct.unpack_from("<I", head, 8)[0], os.SEEK_CUR)
            number += 1
    return number


def warm(capture: Path) -> None:
    """Read the file once, so that every tool finds it in the page cache."""
    with capture.open("rb", buffering=0) as source:
        while source.read(1 << 20):
            pass


def measure(command: list[str], output: Path, result: Result) -> None:
    """Run a command to its end; wall time and peak resident memory are its own (wait4)."""
    with output.open("wb") as out, output.with_suffix(".err").open("wb") as err:
        began = time.perf_counter()
        child = subprocess.Popen(command, stdout=out, stderr=err)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        result.problem = f"exit {child.returncode}, see {output.with_suffix('.err')}"
    result.seconds.append(seconds)
    result.peak_kib = max(result.peak_kib, usage.ru_maxrss)


def installed(names: list[str]) -> list[str]:
    """The tools that are here; what is missing is said."""
    here = []
    for name in names:
        if shutil.which(PEERS[name](Path(), Path())[0]):
            here.append(name)
        else:
            print(f"{name}: not installed here, not measured")
    return here


def table(results: dict[str, Result]) -> None:
    """Print the figures; the ratio compares seconds a packet."""
    own = results.get("whyfetch")
    print(f"{'tool':<10}{'packets':>10}{'wall s':>9}{'min..max':>16}{'packets/s':>12}{'ratio':>8}{'peak MiB':>10}")
    for name, result in results.items():
        ratio = f"{own.rate / result.rate:.2f}" if own and own.rate and result.rate and not own.problem else "-"
        spread = f"{min(result.seconds):.2f}..{max(result.seconds):.2f}"
        print(
            f"{name:<10}{result.packets:>10}{result.median:>9.2f}{spread:>16}{result.rate:>12,.0f}{ratio:>8}"
            f"{result.peak_kib / 1024:>10.0f}  {result.problem}"
        )


def arguments() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--packets", type=int, default=generate.PACKETS, help="size of the capture (%(default)s)")
    parser.add_argument("--capture", type=Path, help="an existing pcap made by generate.py instead")
    parser.add_argument("--peers", default=",".join(PEERS), help="tools to run, by comma (%(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each tool; the median counts (%(default)s)")
    parser.add_argument(
        "--slice", type=int, default=SLICE, help=f"packets for {', '.join(SLOW)}; 0 = all (%(default)s)"
    )
    args = parser.parse_args()
    args.names = [name for name in args.peers.split(",") if name]
    if unknown := [name for name in args.names if name not in PEERS]:
        parser.error(f"unknown peers: {' '.join(unknown)}")
    return args


def main() -> None:
    """Generate if needed, run everything in turn, print."""
    args = arguments()
    capture = args.capture or generate.default_path(args.packets)
    if not capture.exists():
        generate.generate(capture, args.packets)
    generate.WORK.mkdir(exist_ok=True)
    names = installed(args.names)
    short = cut(capture, args.slice) if args.slice and SLOW & set(names) else capture
    files = {name: short if name in SLOW else capture for name in names}
    packets = {path: count(path) for path in set(files.values())}
    results = {name: Result(packets[files[name]]) for name in names}
    for path in packets:
        warm(path)
    print(
        f"{capture.name}: {capture.stat().st_size / 1e9:.2f} GB; {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}"
    )
    rows = generate.WORK / "whyfetch.csv"
    for _ in range(max(1, args.repeats)):
        for name in names:
            measure(PEERS[name](files[name], rows), generate.WORK / f"{name}.out", results[name])
    table(results)
    labels = generate.labels_of(capture)
    if "whyfetch" in results and not results["whyfetch"].problem and labels.exists():
        check.compare(rows, labels)


if __name__ == "__main__":
    main()

"""Runs whyfetch and its peers on generated captures, in turn and several times: CPU time and memory, as ratios.

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
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import extremes
import generate
import results

Command = Callable[[Path, Path], list[str]]
NFSTREAM = """
import sys
from nfstream import NFStreamer
if __name__ == "__main__":
    for flow in NFStreamer(source=sys.argv[1], n_meters=1):
        print(flow.src_ip, flow.src_port, flow.dst_ip, flow.dst_port, flow.bidirectional_packets, flow.application_name)
"""
FIELDS = ["frame.number", "frame.time_epoch", "tcp.stream", "ip.src", "ip.dst", "tcp.flags", "tcp.len"]
TSHARK = ["tshark", "-n", "-T", "fields", *(word for name in FIELDS for word in ("-e", name))]
CLASSIFY = ["classify", "--format", "csv", "--force", "-o"]
STATUSES = ["-e", "http.response.code", "-e", "http2.headers.status"]
"""What tshark prints besides where there are keys."""
PEERS: dict[str, Command] = {
    "whyfetch": lambda capture, out: [*whyfetch(), *CLASSIFY, str(out), *keylog(capture, "--keylog="), str(capture)],
    "without keys": lambda capture, out: [*whyfetch(), *CLASSIFY, str(out.with_suffix(".sealed.csv")), str(capture)],
    "tcptrace": lambda capture, out: ["tcptrace", "-n", str(capture)],
    "capinfos": lambda capture, out: ["capinfos", "-c", "-a", "-e", str(capture)],
    "tshark": lambda capture, out: [*TSHARK, *unlocking(capture), "-r", str(capture)],
    "tshark -2": lambda capture, out: [*TSHARK, "-2", "-r", str(capture)],
    "nfstream": lambda capture, out: [nfstream(), "-c", NFSTREAM, str(capture)],
}
SLOW = {"tshark", "tshark -2", "nfstream"}
"""Peers that see only the first --slice packets, because the whole file would take them minutes."""
SLICE = 200_000
PACKAGES = {
    "tcptrace": "apt-get install tcptrace",
    "capinfos": "apt-get install wireshark-common",
    "tshark": "apt-get install tshark",
    "tshark -2": "apt-get install tshark",
    "nfstream": "python3 -m venv benchmarks/work/nfstream && benchmarks/work/nfstream/bin/pip install nfstream",
}
"""How to install a peer: nothing is installed by a measurement."""
LONG = 10_000_000
KEYED = ("whyfetch", "without keys", "tshark")
USUAL = tuple(name for name in PEERS if name != "without keys")
FEW = ("whyfetch", "capinfos")
MANY = ("syn-flood", "refusals", "open")
"""Captures whose size is a number of connections."""


@dataclass
class Capture:
    """What is measured on: the script that makes it, who reads it, how often, and its connections (0 = some)."""

    path: Path
    script: str
    peers: tuple[str, ...] = USUAL
    connections: int = 0
    rounds: int = 0
    """At most; 0 = as many as asked for."""

    def make(self) -> None:
        """Generate it, unless it is there."""
        if not self.path.exists():
            script(*self.script.split(), "-o", str(self.path))


@dataclass
class Result:
    """Measurements of one tool on one capture, a figure a round."""

    packets: int
    seconds: list[float] = field(default_factory=list)
    peak_kib: int = 0
    problem: str = ""

    @property
    def each(self) -> list[float]:
        """Microseconds of CPU time a packet, by round."""
        return [seconds * 1e6 / self.packets for seconds in self.seconds]

    @property
    def median(self) -> float:
        """Median CPU time, seconds."""
        return statistics.median(self.seconds)


def captures(packets: int) -> dict[str, Capture]:
    """All that can be measured on."""
    known = {
        name: Capture(generate.default_path(packets, name), f"generate.py --mix {name} --packets {packets}")
        for name in ("life", "even")
    }
    for name in ("https", "api"):
        path = generate.default_path(packets, name)
        known[name] = Capture(path, f"generate.py --mix {name} --packets {packets}", KEYED)
    path = generate.default_path(LONG, "life")
    known["long"] = Capture(path, f"generate.py --mix life --packets {LONG}", FEW, rounds=1)
    for name, (_, size) in extremes.EXTREMES.items():
        path = extremes.default_path(name, size)
        connections = size if name in MANY else 0
        known[name] = Capture(path, f"extremes.py {name} --size {size}", FEW, connections, rounds=1)
    return known


def script(name: str, *words: str) -> None:
    """Run a script beside this one. A process begins with the peak memory of its parent: this one has to stay small."""
    subprocess.run([sys.executable, str(Path(__file__).with_name(name)), *words], check=True)


def whyfetch() -> list[str]:
    """The command beside this interpreter, else the one on PATH."""
    beside = Path(sys.executable).with_name("whyfetch")
    return [str(beside) if beside.exists() else "whyfetch"]


def keylog(capture: Path, option: str) -> list[str]:
    """The option that names the keys of a capture, where it has some."""
    keys = generate.keys_of(capture)
    return [f"{option}{keys}"] if keys.exists() else []


def unlocking(capture: Path) -> list[str]:
    """The same for tshark, with what it shows then."""
    keys = keylog(capture, "tls.keylog_file:")
    return ["-o", *keys, *STATUSES] if keys else []


def nfstream() -> str:
    """The interpreter that has it: of an environment of its own, since it needs older packages than tests do."""
    return str(generate.WORK / "nfstream" / "bin" / "python")


def cut(capture: Path, packets: int) -> Path:
    """A copy of the first `packets` packets, with the keys of what begins among them."""
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
    if generate.keys_of(capture).exists():
        lines = generate.keys_of(capture).read_text().split(generate.PACKET)[1:]
        begun = [each for each in lines if int(each.partition("\n")[0]) <= packets]
        generate.keys_of(target).write_text("".join(generate.PACKET + each for each in begun))
    return target


def count(capture: Path) -> int:
    """Packets in a generated capture; reading it all puts it into the page cache, where every tool finds it."""
    number = 0
    with capture.open("rb", buffering=1 << 20) as source:
        source.read(24)
        while len(head := source.read(16)) == 16:
            source.read(struct.unpack_from("<I", head, 8)[0])
            number += 1
    return number


def measure(command: list[str], output: Path, result: Result) -> None:
    """Run a command to its end; CPU time and peak resident memory are its own and its children's (wait4)."""
    with output.open("wb") as out, output.with_suffix(".err").open("wb") as err:
        child = subprocess.Popen(command, stdout=out, stderr=err)
        _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        result.problem = f"exit {child.returncode}, see {output.with_suffix('.err').name}"
    result.seconds.append(usage.ru_utime + usage.ru_stime)
    result.peak_kib = max(result.peak_kib, usage.ru_maxrss)


def installed(names: list[str]) -> list[str]:
    """The tools that are here; of what is missing it is said how to get it."""
    here = []
    for name in names:
        if shutil.which(PEERS[name](Path("-"), Path("-"))[0]):
            here.append(name)
        else:
            print(f"{name}: not installed here, not measured ({PACKAGES.get(name, 'make demo')})")
    return here


def compare(name: str, capture: Capture, args: argparse.Namespace, here: list[str]) -> dict[str, Result]:
    """All tools on one capture, in turns, so that a busy machine is busy for all of them."""
    capture.make()
    names = [each for each in here if each in capture.peers]
    short = cut(capture.path, args.slice) if args.slice and SLOW & set(names) else capture.path
    files = {each: short if each in SLOW else capture.path for each in names}
    packets = {path: count(path) for path in set(files.values())}
    measured = {each: Result(packets[files[each]]) for each in names}
    rows = generate.WORK / f"{name}.csv"
    for _ in range(min(args.repeats, capture.rounds or args.repeats)):
        for each in names:
            output = generate.WORK / f"{each.replace(' ', '')}.out"
            measure(PEERS[each](files[each], rows), output, measured[each])
    labels = generate.labels_of(capture.path)
    if "whyfetch" in measured and not measured["whyfetch"].problem and labels.exists():
        script("check.py", str(rows), str(labels))
    return measured


def arguments() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--captures", default="life,even", help="by comma, or `all` (%(default)s)")
    parser.add_argument("--packets", type=int, default=generate.PACKETS, help="of life and even (%(default)s)")
    parser.add_argument("--peers", default=",".join(PEERS), help="tools to run, by comma (%(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="rounds, of extremes one; medians count (%(default)s)")
    parser.add_argument(
        "--slice", type=int, default=SLICE, help=f"packets for {', '.join(sorted(SLOW))}; 0 = all (%(default)s)"
    )
    parser.add_argument("--keep", action="store_true", help="write benchmarks/RESULTS.md")
    args = parser.parse_args()
    known = captures(args.packets)
    args.peers = [name for name in args.peers.split(",") if name]
    args.captures = list(known) if args.captures == "all" else args.captures.split(",")
    if args.repeats < 1:
        parser.error("--repeats must be 1 or more")
    if unknown := [name for name in args.peers if name not in PEERS] + [n for n in args.captures if n not in known]:
        parser.error(f"unknown: {', '.join(unknown)}; captures are {', '.join(known)}, peers {', '.join(PEERS)}")
    return args


def main() -> None:
    """Generate if needed, run everything in turn, print."""
    args = arguments()
    generate.WORK.mkdir(exist_ok=True)
    here = installed(args.peers)
    known = captures(args.packets)
    machine = results.Machine()
    pages = []
    for name in args.captures:
        capture = known[name]
        measured = compare(name, capture, args, here)
        pages.append(results.table(name, capture.path.stat().st_size, capture.connections, measured))
        print(pages[-1], flush=True)
    if args.keep:
        results.keep(machine, here, args.repeats, pages, nfstream())


if __name__ == "__main__":
    main()

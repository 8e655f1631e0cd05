"""Small packets at a high rate between two network namespaces, and what `whyfetch sniff` and tshark make of them.

sent = read + dropped must hold exactly; memory is sampled each second. As root, with a C compiler for the sender. It
measures and never judges: the exit status is 0 whatever the figures are.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from analyzer.version import engine

HERE = Path(__file__).parent
INTERFACE = "load1"
BEGIN_S = 3.0
"""Seconds until a tool has opened its sockets, at the latest."""
AFTER_S = 20.0
"""Seconds after the last packet in which a tool may read what it holds."""


@dataclass
class Result:
    """What one tool made of one load; memory: MiB after a tenth of the time, and the most from then on."""

    sent: int
    rate: float
    read: int
    dropped: int
    cpu: float
    memory: tuple[float, float]
    rows: int = 0


def main() -> None:
    """Run each tool on each kind of load, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tools", default="whyfetch,tshark", help="which, separated by commas")
    parser.add_argument("--kinds", default="udp,tcp,http", help="which loads of sender.c, separated by commas")
    parser.add_argument("--rate", type=int, default=200_000, help="packets a second")
    parser.add_argument("--seconds", type=int, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sender = Path(folder) / "sender"
        subprocess.run(["cc", "-O2", "-o", sender, HERE / "sender.c"], check=True)
        print(f"engine {engine()}; {os.cpu_count()} cores; {options.rate:,} packets a second for {options.seconds} s")
        print(
            f"{'load':6}{'tool':10}{'sent':>12}{'a second':>10}{'read':>12}{'dropped':>12}{'neither':>9}"
            f"{'rows':>9}{'us a packet':>12}{'MiB':>14}"
        )
        for kind in options.kinds.split(","):
            for tool in options.tools.split(","):
                if tool != "whyfetch" and shutil.which(tool) is None:
                    print(f"{kind:6}{tool:10} not installed")
                    continue
                show(kind, tool, measure(tool, sender, kind, options.rate, options.seconds, Path(folder)))


def show(kind: str, tool: str, found: Result) -> None:
    """One line."""
    memory = f"{found.memory[0]:.0f}..{found.memory[1]:.0f}"
    print(
        f"{kind:6}{tool:10}{found.sent:>12,}{found.rate:>10,.0f}{found.read:>12,}{found.dropped:>12,}"
        f"{found.sent - found.read - found.dropped:>9,}{found.rows:>9,}{found.cpu * 1e6 / max(found.sent, 1):>12.2f}"
        f"{memory:>14}",
        flush=True,
    )


def measure(tool: str, sender: Path, kind: str, rate: int, seconds: int, folder: Path) -> Result:
    """One tool under one load."""
    with namespaces() as (near, far):
        out, said = folder / "rows.csv", folder / "said"
        command = whyfetch(out) if tool == "whyfetch" else tshark()
        with said.open("wb") as err:
            listening = subprocess.Popen(
                [*inside(far), *command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err
            )
        time.sleep(BEGIN_S)
        sending = subprocess.Popen(
            [*inside(near), sender, "load0", kind, str(rate), str(seconds)], stdout=subprocess.PIPE, text=True
        )
        samples = []
        while sending.poll() is None:
            time.sleep(1)
            samples.append(resident(listening.pid))
        assert sending.stdout is not None
        sent, took = sending.stdout.read().split()
        wait_until_read(far, listening.pid)
        listening.send_signal(signal.SIGINT)
        _, _, usage = os.wait4(listening.pid, 0)
        memory = samples[len(samples) // 10 :] or [0.0]
        result = Result(
            int(sent), int(sent) / float(took), 0, 0, usage.ru_utime + usage.ru_stime, (memory[0], max(memory))
        )
        text = said.read_text()
        return from_whyfetch(result, text) if tool == "whyfetch" else from_tshark(result, text)


def whyfetch(out: Path) -> list[str | Path]:
    """The command that watches and writes a row a fetch."""
    program = Path(sys.executable).with_name("whyfetch")
    return [program, "sniff", "-i", INTERFACE, "--format", "csv", "--force", "-o", out]


def tshark() -> list[str]:
    """As in run.py: a few fields of every packet."""
    fields = ["frame.number", "frame.time_epoch", "tcp.stream", "ip.src", "ip.dst", "tcp.flags", "tcp.len"]
    return ["tshark", "-n", "-i", INTERFACE, "-T", "fields", *(word for name in fields for word in ("-e", name))]


def from_whyfetch(result: Result, text: str) -> Result:
    """What the summary says."""
    result.rows, result.read, result.dropped = (
        int(found[1].replace(",", "")) if (found := re.search(what, text)) else 0
        for what in (r"(?m)^([\d,]+) fetch", r"([\d,]+) packets? captured", r"([\d,]+) dropped by the kernel")
    )
    return result


def from_tshark(result: Result, text: str) -> Result:
    """What it says at its end."""
    read, dropped = re.search(r"(\d+) packets? captured", text), re.search(r"(\d+) packets? dropped", text)
    result.read, result.dropped = int(read[1]) if read else 0, int(dropped[1]) if dropped else 0
    return result


def wait_until_read(namespace: str, pid: int) -> None:
    """Until a tool and its children use no CPU time any longer, or AFTER_S passed."""
    until, before = time.monotonic() + AFTER_S, -1.0
    while time.monotonic() < until:
        time.sleep(1)
        used = used_by(pid)
        if used - before < 0.1:
            return
        before = used


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    for one in found:
        try:
            found += map(int, Path(f"/proc/{one}/task/{one}/children").read_text().split())
        except OSError:
            continue
    return found


def used_by(pid: int) -> float:
    """CPU seconds of a process and its descendants."""
    total = 0
    for one in family(pid):
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    """MiB of memory that a process and its descendants hold."""
    total = 0
    for one in family(pid):
        try:
            found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{one}/status").read_text())
        except OSError:
            continue
        total += int(found[1]) if found else 0
    return total / 1024


@contextmanager
def namespaces() -> Iterator[tuple[str, str]]:
    """Two of them with a cable in between, which does nothing but carry frames."""
    near, far = f"near{os.getpid()}", f"far{os.getpid()}"
    run("ip", "netns", "add", near)
    run("ip", "netns", "add", far)
    try:
        run("ip", "link", "add", "load0", "netns", near, "type", "veth", "peer", "name", INTERFACE, "netns", far)
        for namespace, name in ((near, "load0"), (far, INTERFACE)):
            run(*inside(namespace), "sysctl", "-qw", f"net.ipv6.conf.{name}.disable_ipv6=1")
            run("ip", "-n", namespace, "link", "set", name, "up")
        yield near, far
    finally:
        run("ip", "netns", "del", near)
        run("ip", "netns", "del", far)


def inside(namespace: str) -> list[str]:
    """What a command is prefixed with to run there."""
    return ["ip", "netns", "exec", namespace]


def run(*words: str) -> None:
    """A command that must work."""
    subprocess.run(words, check=True)


if __name__ == "__main__":
    main()

"""How long after the packet, or the second, that decides a verdict its row comes, by class.

Plays the samples at their own pace into one `whyfetch classify --format jsonl -`, each under addresses of its own and
begun a moment after the one before, beside an SSH-like connection that is idle from the start. What decides is found
out with files: the shortest beginning of the sample, and then the shortest silence behind it, that has the row's
verdict; of one that was told as going on, the verdict as it was then, which more might have changed. It measures and
never judges: the exit status is 0 whatever the figures are.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support import recording  # noqa: E402
from support.recording import Frame, Recording  # noqa: E402

from analyzer.api import Reading  # noqa: E402
from analyzer.pkt.build import frames as frames_of  # noqa: E402
from analyzer.pkt.timeline import parse  # noqa: E402

SECOND = 1_000_000_000
LEAD_S = 1.0
"""Seconds for the program to start before the first packet comes."""
LONGEST_SILENCE = 200 * SECOND
STEP = SECOND // 20
"""Precision of a silence."""
LOOKED_BACK = 40
"""Packets among which the one that decides is sought, from the last of the connection backwards."""
IDLE = parse("""
client 203.0.113.1:50022
server 203.0.113.22:22
  0.000 > S  0:0(0)
  0.010 < S. 0:0(0) ack 1
  0.010 > .  1:1(0) ack 1
""")


@dataclass
class Played:
    """A sample as it was sent.

    sent     when each frame was, by the monotonic clock; places: number of a frame in the stream -> its number here
    """

    name: str
    recording: Recording
    sent: list[float] = field(default_factory=list)
    places: dict[int, int] = field(default_factory=dict)


def block(kind: int, body: bytes) -> bytes:
    """One block of a pcapng file."""
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size


def interface(link: int) -> bytes:
    """An interface with times in nanoseconds."""
    return block(1, struct.pack("<HHI", link, 0, 0) + struct.pack("<HHB3xHH", 9, 1, 9, 0, 0))


def packet(index: int, frame: Frame) -> bytes:
    """A packet of an interface."""
    head = struct.pack("<IIIII", index, frame.time >> 32, frame.time & 0xFFFFFFFF, len(frame.data), frame.length)
    return block(6, head + frame.data + bytes(-len(frame.data) % 4))


def ended(index: int, at: int) -> bytes:
    """Statistics that say until when the interface was captured."""
    ticks = struct.pack("<II", at >> 32, at & 0xFFFFFFFF)
    return block(5, struct.pack("<I", index) + ticks + struct.pack("<HH", 3, 8) + ticks + struct.pack("<HH", 0, 0))


SECTION = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))


def chosen(folder: Path, longest_s: float, word: str) -> list[tuple[str, Recording]]:
    """The samples that do not last too long, each in a network of its own."""
    found = []
    for path in sorted(folder.rglob("*.pcap*")):
        name = str(path.relative_to(folder))
        sample = recording.recorded(path)
        if word in name and sample.frames[-1].time - sample.frames[0].time <= longest_s * SECOND:
            found.append((name, recording.renumbered(sample, len(found), 0)))
    return found


def addresses(sample: Recording) -> set[bytes]:
    """All addresses that its packets have."""
    at = recording.HEADS[sample.link]
    found = set()
    for frame in sample.frames:
        if frame.data[at] >> 4 == 4:
            found |= {frame.data[at + 12 : at + 16], frame.data[at + 16 : at + 20]}
        else:
            found |= {frame.data[at + 8 : at + 24], frame.data[at + 24 : at + 40]}
    return found


def play(samples: list[Played], starts: list[float], out, tail_s: float) -> float:
    """Send every frame at its time, then let the stream be silent; when it was closed, by the monotonic clock."""
    links = sorted({1, *(sample.recording.link for sample in samples)})
    out.write(SECTION + b"".join(map(interface, links)))
    begun, epoch = time.monotonic(), time.time_ns()
    due = [(0.01 * at, -1, at, 1, Frame(0, data, length, 0)) for at, (_, data, length) in enumerate(frames_of(IDLE))]
    for at, (sample, start) in enumerate(zip(samples, starts, strict=True)):
        first = sample.recording.frames[0].time
        for number, frame in enumerate(sample.recording.frames):
            due.append((start + (frame.time - first) / SECOND, at, number, sample.recording.link, frame))
    for when, at, _, link, frame in sorted(due, key=lambda one: one[:3]):
        wait = begun + when - time.monotonic()
        if wait > 0:
            out.flush()
            time.sleep(wait)
        out.write(packet(links.index(link), replace(frame, time=epoch + int(when * SECOND))))
        if at >= 0:
            samples[at].sent.append(time.monotonic())
    out.flush()
    time.sleep(tail_s)
    out.close()
    return time.monotonic()


@dataclass(frozen=True)
class Sought:
    """A verdict of a fetch: its first packet, whether it is a name, class and cause, whether it may be going on."""

    first: int
    name: bool
    verdict: tuple[str, str]
    ongoing: bool


def says(sample: Recording, packets: int, silence: int, sought: Sought) -> bool:
    """Whether a file that ends behind so many packets and so much silence has that verdict."""
    frames = sample.frames[:packets]
    data = SECTION + interface(sample.link) + b"".join(packet(0, frame) for frame in frames)
    data += ended(0, frames[-1].time + silence)
    with tempfile.NamedTemporaryFile(suffix=".pcapng") as file:
        file.write(data)
        file.flush()
        for fetch in Reading(file.name):
            if (fetch.first_packet, fetch.protocol == "dns") == (sought.first, sought.name):
                going_on = "ongoing" in fetch.verdict.flags and not sought.ongoing
                return not going_on and (fetch.verdict.klass, fetch.verdict.cause) == sought.verdict
    return False


def decided(sample: Recording, last: int, sought: Sought) -> tuple[int, int] | None:
    """The packet that decides, and how much silence behind it; None = the file says something else."""
    if not says(sample, last, 0, sought):
        return silent(sample, last, LONGEST_SILENCE, sought)
    packets = last
    while packets > max(1, last - LOOKED_BACK) and says(sample, packets - 1, 0, sought):
        packets -= 1
    if packets == 1:
        return packets, 0
    gap = sample.frames[packets - 1].time - sample.frames[packets - 2].time
    return silent(sample, packets - 1, gap, sought) or (packets, 0)


def silent(sample: Recording, packets: int, longest: int, sought: Sought) -> tuple[int, int] | None:
    """The same, where so many packets and at most so much silence behind them may decide."""
    low, high = 0, longest // STEP
    if not says(sample, packets, high * STEP, sought):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if says(sample, packets, middle * STEP, sought):
            high = middle
        else:
            low = middle
    return packets, high * STEP


def listen(stream, lines: list[tuple[float, dict]]) -> None:
    """Note when each line came."""
    lines.extend((time.monotonic(), json.loads(line)) for line in stream)


def measure(samples: list[Played], lines: list[tuple[float, dict]], closed: float) -> dict[str, list[float]]:
    """Seconds by class until a verdict was shown, by its row or as going on.

    Rows that came when the stream had ended, or turned out otherwise, are told.
    """
    whose = {address: sample for sample in samples for address in addresses(sample.recording)}
    found: dict[str, list[float]] = defaultdict(list)
    shown: dict[tuple[str, int, str], float] = {}
    for arrived, row in lines:
        if row["type"] == "ongoing":
            shown.setdefault((row["client"], row["client_port"], row["cause"]), arrived)
        if row["type"] == "amended":
            print(f"amended: {row['class']}/{row['cause']} {row['client']} {row['summary']}")
        if row["type"] != "fetch" or row["class"] == "incomplete":
            continue
        sample = whose[packed(row["client"])]
        number = numbers(sample, row)
        if number is None:
            continue
        first, last = number
        told = shown.get((row["client"], row["client_port"], row["cause"]))
        if told is not None:
            arrived, last = told, bisect_right(sample.sent, told)
        if arrived >= closed:
            print(f"only at the end: {row['class']}/{row['cause']} {sample.name}")
            continue
        cause = (row["class"], row["cause"] or "")
        what = decided(sample.recording, last, Sought(first, row["protocol"] == "dns", cause, told is not None))
        if what is None:
            print(f"the file says otherwise: {row['class']}/{row['cause']} {sample.name}")
            continue
        packets, silence = what
        took = max(0.0, arrived - sample.sent[packets - 1] - silence / SECOND)
        found[row["class"]].append(took)
        if took > 1:
            print(f"{took:.2f} s: {'/'.join(cause)} {sample.name}, decided by {silence / SECOND:.2f} s of silence")
    return found


def packed(address: str) -> bytes:
    """An address as it stands in packets."""
    return ipaddress.ip_address(address).packed


def numbers(sample: Played, row: dict) -> tuple[int, int] | None:
    """Where in its sample a fetch begins, and its last packet so far: told by their order among all that were sent."""
    first, last = row["first_packet"], row["last_packet"]
    mine = sample.places
    if first not in mine or last not in mine:
        return None
    return mine[first], mine[last]


def place(samples: list[Played]) -> None:
    """The number of each frame in the stream -> its number in its sample."""
    order = sorted((when, at, number) for at, sample in enumerate(samples) for number, when in enumerate(sample.sent))
    for count, (_, at, number) in enumerate(order):
        samples[at].places[count + 1 + len(IDLE.packets)] = number + 1


def main() -> None:
    """Play, and print a line a class."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=Path, default=ROOT / "samples")
    parser.add_argument("--only", default="", help="samples with this in their names")
    parser.add_argument("--stagger", type=float, default=0.5, help="seconds between two beginnings")
    parser.add_argument("--longest", type=float, default=70, help="leave out samples that last longer, seconds")
    parser.add_argument("--tail", type=float, default=40, help="seconds of silence at the end")
    given = parser.parse_args()
    samples = [Played(name, sample) for name, sample in chosen(given.samples, given.longest, given.only)]
    command = [
        sys.executable,
        "-c",
        "from analyzer.cli import main; main()",
        "classify",
        "-q",
        "--format",
        "jsonl",
        "-",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    lines: list[tuple[float, dict]] = []
    listener = threading.Thread(target=listen, args=(process.stdout, lines))
    listener.start()
    time.sleep(LEAD_S)
    starts = [0.1 + at * given.stagger for at in range(len(samples))]
    closed = play(samples, starts, process.stdin, given.tail)
    listener.join()
    process.wait()
    place(samples)
    found = measure(samples, lines, closed)
    print(f"{'class':16}{'rows':>6}{'p50 s':>8}{'p99 s':>8}{'max s':>8}")
    for name, took in sorted(found.items()):
        line(name, took)
    line("all", [one for took in found.values() for one in took])


def line(name: str, took: list[float]) -> None:
    """One class."""
    ordered = sorted(took)
    if ordered:
        p99 = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
        print(f"{name:16}{len(ordered):6}{statistics.median(ordered):8.2f}{p99:8.2f}{ordered[-1]:8.2f}")


if __name__ == "__main__":
    main()

"""Sends datagrams at several rates and reads them by each live source, written along: what was lost, what it cost.

As root. It measures and never judges: the exit status is 0 whatever the figures are.
"""

from __future__ import annotations

import argparse
import multiprocessing
import socket
import tempfile
import time
from pathlib import Path

from analyzer.capture.live.capture import LiveCapture
from analyzer.capture.live.choose import SOURCES, choose, probe
from analyzer.capture.live.source import Wanted
from analyzer.version import engine

SIZE = 18
"""Bytes of data: frames of 60, the smallest on Ethernet."""

AFTER_S = 1.5
"""Seconds after the last datagram: whatever a source holds back has come out."""

BURSTS = 500
"""A second: how often the sender wakes."""


def main() -> None:
    """Measure the sources that work here."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", default=",".join(SOURCES), help="which, separated by commas")
    parser.add_argument("--rates", default="20000,50000,100000", help="datagrams a second")
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    print(f"engine {engine()}; frames of {SIZE + 42} bytes on the loopback interface, written along")
    print(f"{'source':8} {'sent':>10} {'a second':>9} {'read':>10} {'dropped':>9} {'missing':>8} {'us a frame':>10}")
    for name in options.sources.split(","):
        found = probe(name)
        if found.reason:
            print(f"{name:8} {found.reason}")
            continue
        for rate in map(int, options.rates.split(",")):
            measure(name, rate, options.seconds)


def measure(name: str, rate: int, seconds: float) -> None:
    """One source at one rate; missing: neither read nor counted as dropped."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver, tempfile.TemporaryDirectory() as folder:
        receiver.bind(("127.0.0.1", 0))
        port = receiver.getsockname()[1]
        capture = LiveCapture(choose(name), Wanted(("lo",), bpf=f"udp dst port {port}"))
        capture.write(Path(folder) / "along.pcapng")
        counts = multiprocessing.Queue()
        sender = multiprocessing.Process(target=send, args=(port, rate, seconds, counts))
        sender.start()
        read, used = drain(capture, seconds + AFTER_S)
        sent = counts.get()
        sender.join()
    dropped = max(capture.stats().kernel_drops, 0)
    print(
        f"{name:8} {sent:>10,} {sent / seconds:>9,.0f} {read:>10,} {dropped:>9,} {sent - read - dropped:>8,} "
        f"{used * 1e6 / max(read, 1):>10.2f}",
        flush=True,
    )


def drain(capture: LiveCapture, seconds: float) -> tuple[int, float]:
    """Read all frames of so many seconds: how many, and the CPU time that took us (not a child)."""
    end, began, number, stopped = time.monotonic() + seconds, time.process_time(), 0, False
    frames = capture.frames
    while True:
        if frames.advance():
            number += 1
        elif not frames.idle:
            break
        if not stopped and (frames.idle or not number & 1023) and time.monotonic() > end:
            capture.stop()
            stopped = True
    used = time.process_time() - began
    capture.close()
    return number, used


def send(port: int, rate: int, seconds: float, counts: multiprocessing.Queue) -> None:
    """Send at that rate, in bursts."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(("127.0.0.1", port))
        sent, data, began = 0, bytes(SIZE), time.monotonic()
        while (passed := time.monotonic() - began) < seconds:
            while sent < rate * passed:
                for _ in range(max(1, rate // BURSTS)):
                    sender.send(data)
                sent += max(1, rate // BURSTS)
            time.sleep(0.25 / BURSTS)
    counts.put(sent)


if __name__ == "__main__":
    main()

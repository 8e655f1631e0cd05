"""A cursor over frames that a test wrote down, and what tests need that capture for real."""

import os
import shutil
import socket
import subprocess
import time
from types import SimpleNamespace

import pytest

from analyzer.capture.frame import Frames


class Listed(Frames):
    """Frames from a list of (time, bytes, length, link, interface), None = nothing came for a while."""

    def __init__(self, listed, clock=0):
        super().__init__()
        self.listed = iter(listed)
        self.clock = clock

    def advance(self):
        frame = next(self.listed, "end")
        self.idle = frame is None
        if frame is None or frame == "end":
            self.time = max(self.time, self.clock)
            return False
        self.time, data, self.length, self.link, self.interface = frame
        self.data = b"before" + data + b"behind"
        self.start = len(b"before")
        self.captured = len(data)
        self.number += 1
        return True


@pytest.fixture
def listed():
    """The cursor above."""
    return Listed


def drain(frames):
    """Read a cursor to its end: (number, time, length, link, interface, bytes) of each frame."""
    found = []
    while True:
        if frames.advance():
            data = frames.data[frames.start : frames.start + frames.captured]
            found.append((frames.number, frames.time, frames.length, frames.link, frames.interface, data))
        elif not frames.idle:
            return found


@pytest.fixture(name="drain")
def _drain():
    return drain


@pytest.fixture
def port():
    """A UDP port of this host that takes what is sent to it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        yield receiver.getsockname()[1]


@pytest.fixture
def send():
    """Send numbered UDP datagrams to a port of this host."""

    def run(port, count, size=100, pause=0.0):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for number in range(count):
                sender.sendto(number.to_bytes(4, "big") + b"w" * (size - 4), ("127.0.0.1", port))
                time.sleep(pause)

    return run


@pytest.fixture
def collect():
    """Read a live cursor until so many frames came, or time is up: the frames, and the times of the ticks."""

    def run(frames, count, seconds=10):
        found, ticks, until = [], [], time.monotonic() + seconds
        while len(found) < count and time.monotonic() < until:
            if frames.advance():
                data = frames.data[frames.start : frames.start + frames.captured]
                found.append(
                    SimpleNamespace(
                        time=frames.time, captured=frames.captured, length=frames.length, link=frames.link, data=data
                    )
                )
            elif frames.idle:
                ticks.append(frames.time)
            else:
                break
        return found, ticks

    return run


@pytest.fixture
def veth():
    """The names of two interfaces that are each other's wire."""
    names = [f"wf{os.getpid()}{end}" for end in "ab"]
    if shutil.which("ip") is None:
        pytest.skip("needs ip: `apt-get install iproute2`")
    subprocess.run(["ip", "link", "add", names[0], "type", "veth", "peer", "name", names[1]], check=True)
    for name in names:
        subprocess.run(["ip", "link", "set", name, "up"], check=True)
    yield names
    subprocess.run(["ip", "link", "del", names[0]], check=False, stderr=subprocess.DEVNULL)

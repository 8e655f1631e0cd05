"""Every live source, with real traffic on the loopback interface: what is seen live is what the written file says."""

from __future__ import annotations

import csv
import io
import os
import shutil
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from analyzer.api import Reading, read
from analyzer.capture.live.capture import LiveCapture
from analyzer.capture.live.choose import SOURCES, choose, probe
from analyzer.capture.live.source import Wanted
from analyzer.fetch.model import Fetch
from analyzer.output.csv import CsvWriter

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\nConnection: close\r\n\r\nhello"
RESET = b""

ANSWERS = {b"/ok": OK, b"/busy": BUSY, b"/cut": CUT, b"/reset": RESET}
EXPECTED = ["http-response-truncated", "http-status-503", "ok", "ok", "rst-after-request", "rst-refused"]


@pytest.fixture(params=list(SOURCES))
def name(request: pytest.FixtureRequest) -> str:
    """A source; where it cannot work, what would help is the reason for skipping it."""
    found = probe(request.param)
    if found.reason:
        pytest.skip(f"{found.reason}: {found.hint}")
    return str(request.param)


@pytest.fixture
def server() -> Iterator[int]:
    """A server that answers as the path says; its port."""
    listening = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, args=(listening,), daemon=True).start()
    with closing(listening):
        yield listening.getsockname()[1]


def serve(listening: socket.socket) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listening.accept()
            request = connection.recv(4096)
            answer = ANSWERS[request.split(b" ")[1]]
            if not answer:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(answer)
            connection.close()


def fetch(port: int, path: str) -> None:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: lab.example\r\n\r\n".encode())
        while connection.recv(4096):
            pass


def rows(fetches: list[Fetch]) -> list[dict[str, str]]:
    """Their CSV rows, without what depends on where and in what order they were read."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    writer = CsvWriter(out)
    writer.begin()
    for one in fetches:
        writer.fetch(one)
    found = list(csv.DictReader(io.StringIO(out.buffer.getvalue().decode())))
    for row in found:
        for column in ("file", "fetch", "group"):
            row.pop(column, None)
    return sorted(found, key=lambda row: (row["start"], row["client_port"]))


def refused() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as there:
        return int(there.getsockname()[1])


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs a loopback interface called lo: Linux or macOS")
def test_live_rows_are_those_of_the_file(name: str, server: int, tmp_path: Path) -> None:
    """Verdict, times, packet numbers, flags: each cell; and nothing was lost."""
    closed = refused()
    wanted = Wanted(("lo",), bpf=f"tcp port {server} or tcp port {closed}")
    capture = LiveCapture(choose(name), wanted)
    capture.write(tmp_path / "along.pcapng")
    reading = Reading(live=capture)

    def client() -> None:
        for path in ("/ok", "/busy", "/cut", "/reset", "/ok"):
            fetch(server, path)
        fetch(closed, "/")
        time.sleep(1)
        reading.stop()

    thread = threading.Thread(target=client)
    thread.start()
    live = list(reading)
    thread.join()
    assert not reading.warnings
    stats = capture.stats()
    assert (max(stats.kernel_drops, 0), stats.seen) == (0, reading.packets)
    assert sorted(one.verdict.cause or "ok" for one in live) == EXPECTED
    assert rows(live) == rows(list(read(tmp_path / "along.pcapng")))


@pytest.mark.tshark
@pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark: `apt-get install tshark`")
def test_wireshark_sees_the_same_packets(name: str, server: int, tmp_path: Path) -> None:
    """As many, none malformed, with the time of now."""
    from subprocess import run

    capture = LiveCapture(choose(name), Wanted(("lo",), bpf=f"tcp port {server}"))
    capture.write(tmp_path / "along.pcapng")
    reading = Reading(live=capture)
    thread = threading.Thread(target=lambda: (fetch(server, "/ok"), time.sleep(1), reading.stop()))
    before = time.time()
    thread.start()
    assert len(list(reading)) == 1
    thread.join()
    fields = ["-e", "frame.time_epoch", "-e", "_ws.malformed"]
    command = ["tshark", "-r", str(tmp_path / "along.pcapng"), "-T", "fields", *fields]
    lines = [line.split("\t") for line in run(command, capture_output=True, text=True, check=True).stdout.splitlines()]
    assert len(lines) == reading.packets
    assert all(before - 0.1 < float(line[0]) < time.time() and not line[1] for line in lines)

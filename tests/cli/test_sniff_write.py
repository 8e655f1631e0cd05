"""`whyfetch sniff -w`: what is written along, whose it is, and what happens when it cannot go on."""

from __future__ import annotations

import csv
import io
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from support import links

import analyzer
from analyzer.capture.live.choose import SOURCES, probe

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root: run the tests with sudo"),
    pytest.mark.skipif(sys.platform != "linux", reason="needs Linux: /proc"),
]

MAIN = "from analyzer.cli import main; main()"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
Start = Callable[..., "Sniffing"]


class Sniffing:
    """A `whyfetch sniff` that runs, with CSV rows on its standard output; what it writes is in `out` and `err`."""

    def __init__(
        self, port: int, written: Path, *arguments: str, python: str = sys.executable, **environment: str
    ) -> None:
        command = [python, "-c", MAIN, "sniff", "-i", "lo", "-f", f"tcp port {port}", "--format", "csv"]
        self.out, self.err = Path(tempfile.mkstemp()[1]), Path(tempfile.mkstemp()[1])
        with self.out.open("w") as out, self.err.open("w") as err:
            self.process = subprocess.Popen(
                [*command, "-w", str(written), *arguments], stdout=out, stderr=err, env={**os.environ, **environment}
            )
        with suppress(OSError, AssertionError):  # it ended: what it said will be looked at
            links.wait_until_captures(self.process.pid)

    def wait(self, rows: int = 1) -> None:
        """Until so many rows are there, whatever a busy machine makes of the time that takes."""
        until = time.monotonic() + 30
        while self.out.read_text().count("\n") <= rows and time.monotonic() < until:
            time.sleep(0.05)

    def end(self) -> tuple[int, list[dict[str, str]], str]:
        """Ctrl-C, if it still runs: the status, the rows, and what was said."""
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGINT)
        return self.ended()

    def ended(self) -> tuple[int, list[dict[str, str]], str]:
        """The same, once it has ended by itself."""
        status = self.process.wait(timeout=30)
        return status, list(csv.DictReader(io.StringIO(self.out.read_text()))), self.err.read_text()


@pytest.fixture
def start() -> Iterator[Start]:
    """Start one; none is left in the end."""
    running = []

    def run(*arguments: object, **options: str) -> Sniffing:
        running.append(Sniffing(*arguments, **options))  # type: ignore[arg-type]
        return running[-1]

    yield run
    for one in running:
        if one.process.poll() is None:
            one.process.kill()
        one.process.wait()
        one.out.unlink()
        one.err.unlink()


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A server of a few bytes, run by `fetch`."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def fetch(server: socket.socket, body: bytes = b"") -> None:
    """A request and its answer."""
    with socket.create_connection(server.getsockname()) as client:
        connection, _ = server.accept()
        client.sendall(b"GET /x HTTP/1.1\r\nHost: lab.example\r\n\r\n")
        connection.recv(4096)
        connection.sendall(OK if not body else b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        connection.close()
        while client.recv(1 << 20):
            pass
    time.sleep(0.05)


def classified(*paths: Path) -> list[dict[str, str]]:
    """The rows of captures."""
    command = [sys.executable, "-c", MAIN, "classify", "--format", "csv", "-q", *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return list(csv.DictReader(io.StringIO(done.stdout)))


@pytest.mark.parametrize("source", list(SOURCES))
def test_the_file_has_what_was_seen(start: Start, listening: socket.socket, tmp_path: Path, source: str) -> None:
    """By each source: a row live, the same row of the file; private, and no warning."""
    found = probe(source)
    if found.reason:
        pytest.skip(f"{found.reason}: {found.hint}")
    path = tmp_path / "along.pcapng"
    sniffing = start(listening.getsockname()[1], path, "--source", source)
    fetch(listening)
    sniffing.wait()
    _, rows, err = sniffing.end()
    assert "warning" not in err
    assert [row["class"] for row in rows] == ["ok"]
    (again,) = classified(path)
    assert {**again, "file": "lo"} == rows[0]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_is_written_over_unasked(start: Start, listening: socket.socket, tmp_path: Path) -> None:
    """An error with the option to type, status 2; with it the old file is gone."""
    path = tmp_path / "along.pcapng"
    path.write_bytes(b"precious")
    status, _, err = start(listening.getsockname()[1], path).ended()
    assert status == 2
    assert err == f"error: `{path}` exists\n\nhint: `--force` writes over it\n"
    assert path.read_bytes() == b"precious"
    sniffing = start(listening.getsockname()[1], path, "--force")
    fetch(listening)
    sniffing.wait()
    sniffing.end()
    assert len(classified(path)) == 1


def test_a_ring_is_one_capture(start: Start, listening: socket.socket, tmp_path: Path) -> None:
    """The newest files are kept; together they are read as one."""
    sniffing = start(listening.getsockname()[1], tmp_path / "along.pcapng", "--ring", "3x100kB")
    for _ in range(8):
        fetch(listening, body=bytes(60_000))
    sniffing.wait(8)
    sniffing.end()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == 3
    assert names[0].startswith("along_0")
    files = {row["file"] for row in classified(tmp_path)}
    assert files == {f"{tmp_path / names[0]} (+2)"}


def test_the_file_can_be_followed(start: Start, listening: socket.socket, tmp_path: Path) -> None:
    """Another whyfetch reads along, and has the row while both go on."""
    path = tmp_path / "along.pcapng"
    sniffing = start(listening.getsockname()[1], path)
    command = [sys.executable, "-c", MAIN, "classify", "--follow", "--format", "csv", str(path)]
    following = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    timer = threading.Timer(20, following.kill)
    timer.start()
    try:
        fetch(listening)
        following.stdout.readline()
        row = following.stdout.readline()
    finally:
        timer.cancel()
        following.kill()
        following.communicate()
    assert row.split(",")[2] == "ok"
    assert sniffing.process.poll() is None


def test_a_full_disk_is_said_and_the_rows_go_on(start: Start, listening: socket.socket, tmp_path: Path) -> None:
    """Once, status 3; the file holds whole packets."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "none", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("needs a tmpfs to fill: the right to mount (a container: --cap-add SYS_ADMIN)")
    try:
        sniffing = start(listening.getsockname()[1], folder / "along.pcapng")
        for _ in range(4):
            fetch(listening, body=bytes(60_000))
        fetch(listening)
        sniffing.wait(5)
        status, rows, err = sniffing.end()
        written = classified(folder / "along.pcapng")
    finally:
        subprocess.run(["umount", folder], check=True)
    assert len(rows) == 5
    assert err.count("no space left on device; capturing went on without it") == 1
    assert 0 < len(written) < 5
    assert status in (3, 130)


def test_a_child_that_dies_is_said(start: Start, listening: socket.socket, tmp_path: Path) -> None:
    """What was seen is reported, status 3."""
    found = probe("tcpdump")
    if found.reason:
        pytest.skip(f"{found.reason}: {found.hint}")
    sniffing = start(listening.getsockname()[1], tmp_path / "along.pcapng", "--source", "tcpdump")
    fetch(listening)
    sniffing.wait()
    (keeper,) = children(sniffing.process.pid)
    (child,) = children(keeper)
    os.kill(child, signal.SIGKILL)
    status, rows, err = sniffing.ended()
    assert "warning: `tcpdump` ended: killed by signal 9; what it captured was read" in err
    assert (status, len(rows)) == (3, 1)


def children(pid: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture
def public() -> Iterator[tuple[str, str]]:
    """A Python and a copy of the program that every user may run and read: where root's own would be out of reach."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    shutil.copytree(Path(analyzer.__file__).parent, folder / "analyzer", ignore=shutil.ignore_patterns("*.so"))
    path = os.pathsep.join([str(folder), *(part for part in sys.path if "site-packages" in part)])
    for python in (sys.executable, "/usr/bin/python3"):
        with suppress(OSError):
            asked = subprocess.run([python, "-I", "-c", ""], user=12345, cwd="/", stderr=subprocess.DEVNULL)
            if asked.returncode == 0:
                yield python, path
                shutil.rmtree(folder)
                return
    pytest.skip("needs a Python that every user may run: `apt-get install python3`")


@pytest.mark.parametrize("source", list(SOURCES))
def test_through_sudo_rights_are_given_up(
    start: Start, listening: socket.socket, tmp_path: Path, public: tuple[str, str], source: str
) -> None:
    """The process goes on as the caller, the file is the caller's, the rows come, and a child can still be ended."""
    found = probe(source)
    if found.reason:
        pytest.skip(f"{found.reason}: {found.hint}")
    python, path = public
    sudo = {"SUDO_UID": "12345", "SUDO_GID": "12346", "SUDO_USER": "jo", "PYTHONPATH": path}
    written = tmp_path / "along.pcapng"
    sniffing = start(listening.getsockname()[1], written, "--source", source, python=python, **sudo)
    until = time.monotonic() + 30
    status = ""
    while "\nUid:\t12345" not in status and time.monotonic() < until:
        status = Path(f"/proc/{sniffing.process.pid}/status").read_text()
        time.sleep(0.02)
    assert "\nUid:\t12345\t12345\t12345\t12345\n" in status
    assert "\nGid:\t12346\t12346\t12346\t12346\n" in status
    assert "\nCapEff:\t0000000000000000\n" in status
    assert (written.stat().st_uid, written.stat().st_gid) == (12345, 12346)
    fetch(listening)
    sniffing.wait()
    left = [pid for keeper in children(sniffing.process.pid) for pid in [keeper, *children(keeper)]]
    _, rows, err = sniffing.end()
    assert [row["class"] for row in rows] == ["ok"], err
    assert "warning" not in err
    assert not [pid for pid in left if Path(f"/proc/{pid}").exists()]

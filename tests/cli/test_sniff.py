"""`whyfetch sniff`: what it takes, what it refuses, and rows that come while it goes on."""

from __future__ import annotations

import csv
import json
import os
import pty
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from support import links

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "", "COLUMNS": "120"}
PROGRAM = [sys.executable, "-m", "analyzer"]

real = pytest.mark.skipif(bool(links.no_capture()), reason=links.no_capture())


def whyfetch(*words: str, stdin=subprocess.DEVNULL) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *words], cwd=ROOT, env=ENVIRONMENT, stdin=stdin, capture_output=True, text=True, timeout=60
    )


@contextmanager
def running(*words: str):
    """A sniff that goes on, once it captures."""
    program = subprocess.Popen(
        [*PROGRAM, "sniff", *words],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    watchdog = threading.Timer(60, program.kill)  # so that a test that waits in vain fails
    watchdog.start()
    try:
        links.wait_until_captures(program.pid)
        yield program
    finally:
        watchdog.cancel()
        if program.poll() is None:
            program.kill()
        program.communicate()


def refused(port: int) -> None:
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture
def closed() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as there:
        return int(there.getsockname()[1])


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        ([], "no interface given", "-i any"),
        (["-i", "lp"], "no interface is called `lp`", "did you mean `lo`?"),
        (["eth0"], "`eth0` is no option", "whyfetch sniff -i eth0"),
        (["-i", "lo", "-s", "20"], "`-s 20` cuts the headers off", "64 bytes"),
        (["-i", "lo", "--duration", "soon"], "`--duration soon` is no time", "30s"),
        (["-i", "lo", "--duration", "0"], "`--duration 0` is no time", "30s"),
        (["-i", "lo", "--format", "parquet"], "`parquet` cannot be written a row at a time", "jsonl"),
        (["-i", "lo", "-o", "x.parquet"], "`parquet` cannot be written a row at a time", "jsonl"),
        (["-i", "lo", "--ring", "2x1MB"], "`--ring` without a file", "-w"),
        (["-i", "lo", "--source", "tap"], "no source is called `tap`", "ring"),
        (["-i", "lo", "--select", "rts"], "no class is called `rts`", "classes"),
        (["-", "-i", "lo"], "a capture that somebody else makes", "that program"),
        (["-", "-f", "tcp"], "a capture that somebody else makes", "that program"),
    ],
)
def test_what_is_refused(words, message, hint):
    """Exit status 2, what is wrong, and what to do about it; nothing on standard output."""
    done = whyfetch("sniff", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert message in done.stderr
    assert hint in done.stderr.partition("hint: ")[2]


@real
def test_a_bad_filter_is_told_before_anything_begins(tmp_path):
    """With the place of the error; no file is left behind."""
    done = whyfetch(
        "sniff", "-i", "lo", "-f", "tcp prt 80", "-w", str(tmp_path / "x.pcapng"), "-o", str(tmp_path / "x.csv")
    )
    assert done.returncode == 2
    assert "syntax error at character 5 (`prt`)" in done.stderr
    assert not list(tmp_path.iterdir())


def test_an_interface_is_no_file():
    """Who gives `classify` an interface is told how to watch it."""
    done = whyfetch("classify", socket.if_nameindex()[0][1])
    assert done.returncode == 2
    assert "`whyfetch sniff -i " in done.stderr


@real
def test_rows_come_while_it_goes_on(closed):
    """Each before the next fetch begins, as whole lines; Ctrl-C ends it with the summary."""
    with running("-i", "lo", "-f", f"tcp port {closed}", "--format", "jsonl") as program:
        assert json.loads(program.stdout.readline())["type"] == "begin"
        for number in (1, 2, 3):
            refused(closed)
            row = {"type": ""}
            while row["type"] != "fetch":
                row = json.loads(program.stdout.readline())
            assert (row["fetch"], row["cause"]) == (number, "rst-refused")
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=30)
        assert program.returncode == 130
        summary = json.loads(out.splitlines()[-1])
        assert (summary["fetches"], summary["capture"]) == (
            3,
            {"read": 6, "seen": 6, "kernel_drops": 0, "interface_drops": 0},
        )
        assert "3 fetches: 3 rst" in err
        assert "6 packets captured: 0 dropped by the kernel, 0 dropped by the interface" in err


@real
def test_so_many_packets(closed, tmp_path):
    """`-c` reads and writes exactly so many, and ends; rows are those of the file."""
    written, rows = tmp_path / "trace.pcapng", tmp_path / "rows.csv"
    with running(
        "-i", "lo", "-f", f"tcp port {closed}", "-c", "4", "-w", str(written), "-o", str(rows), "--settle"
    ) as program:
        for _ in range(3):
            refused(closed)
        _, err = program.communicate(timeout=30)
        assert program.returncode == 0
        assert "4 packets captured" in err
    again = whyfetch("classify", "--format", "csv", str(written))
    assert rows.read_text().splitlines()[0] == again.stdout.splitlines()[0]
    live, read = ([line.partition(",")[2] for line in text.splitlines()] for text in (rows.read_text(), again.stdout))
    assert len(live) == 3
    assert live == read


def answers(listening: socket.socket) -> None:
    """A server: the first byte asked for says whether it answers, resets, or closes in the middle of its answer."""
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:  # closed: the test is over
            return
        with connection:
            asked = connection.recv(4096)
            if asked.startswith(b"GET /reset"):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
                connection.sendall(b"go" if asked.startswith(b"GET /short") else b"good")


@pytest.fixture
def served():
    """The port of that server."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=answers, args=(listening,), daemon=True).start()
        yield int(listening.getsockname()[1])
        listening.shutdown(socket.SHUT_RDWR)


def ask(port: int, target: str) -> None:
    with socket.create_connection(("127.0.0.1", port)) as client, suppress(ConnectionResetError):
        client.sendall(f"GET /{target} HTTP/1.1\r\nHost: www.example\r\n\r\n".encode())
        while client.recv(4096):
            pass


@real
@pytest.mark.parametrize("source", ["ring", "dumpcap", "tcpdump", "scapy"])
def test_rows_are_those_of_the_file_whatever_the_source(source, served, closed, tmp_path):
    """Real traffic of several kinds: settled, each cell but the order is what `classify` says of the file of `-w`."""
    if source in ("dumpcap", "tcpdump") and shutil.which(source) is None:
        pytest.skip(f"needs {source}: apt-get install {'wireshark-common' if source == 'dumpcap' else source}")
    written, rows = tmp_path / "trace.pcapng", tmp_path / "rows.csv"
    words = ["-i", "lo", "-f", f"tcp port {served} or tcp port {closed}", "--source", source, "--settle"]
    with running(*words, "-w", str(written), "-o", str(rows)) as program:
        for target in ("good", "reset", "short", "good"):
            ask(served, target)
            refused(closed)
        time.sleep(2)  # a child hands on what it captured once a second at the latest
        program.send_signal(signal.SIGINT)
        program.communicate(timeout=30)
    again = whyfetch("classify", "--format", "csv", str(written))
    live, read = (list(csv.DictReader(text.splitlines())) for text in (rows.read_text(), again.stdout))
    assert Counter(row["cause"] for row in read) == {
        "": 2, "rst-refused": 4, "rst-after-request": 1, "http-response-truncated": 1
    }  # fmt: skip
    assert sorted(map(cells, live)) == sorted(map(cells, read))


def cells(row: dict[str, str]) -> list[tuple[str, str]]:
    """All of a row that does not follow the order of rows."""
    return sorted((name, cell) for name, cell in row.items() if name not in ("file", "fetch", "group"))


@real
def test_so_long(closed):
    """`--duration` ends it by the clock, with nothing on the wire."""
    began = time.monotonic()
    done = whyfetch("sniff", "-i", "lo", "-f", f"tcp port {closed}", "--duration", "1s", "--format", "csv")
    assert done.returncode == 0
    assert time.monotonic() - began >= 1
    assert "0 packets captured" in done.stderr
    assert done.stdout.startswith("file,fetch,")


@real
def test_select_and_fail_on(closed):
    """As with `classify`."""
    with running(
        "-i", "lo", "-f", f"tcp port {closed}", "-c", "2", "--format", "csv", "--select", "ok", "--fail-on", "rst"
    ) as program:
        refused(closed)
        out, _ = program.communicate(timeout=30)
        assert program.returncode == 1
        assert len(out.splitlines()) == 1


@real
def test_the_terminal_has_a_line_of_state(closed):
    """Rates, open connections, verdicts and drops, amended in place and wiped before a row."""
    terminal, other = pty.openpty()
    program = subprocess.Popen(
        [*PROGRAM, "sniff", "-i", "lo", "-f", f"tcp port {closed}"],
        cwd=ROOT,
        env={**ENVIRONMENT, "TERM": "xterm"},
        stdin=other,
        stdout=other,
        stderr=other,
    )
    os.close(other)
    links.wait_until_captures(program.pid)
    shown = ""
    until = time.monotonic() + 30
    refused(closed)
    while "  1 rst  " not in shown and time.monotonic() < until:
        if select.select([terminal], [], [], 0.5)[0]:
            shown += os.read(terminal, 65536).decode()
    program.send_signal(signal.SIGTERM)
    while select.select([terminal], [], [], 30)[0]:
        try:
            shown += os.read(terminal, 65536).decode()
        except OSError:  # the program has gone
            break
    os.close(terminal)
    assert program.wait() == 143
    line = next(part for part in shown.split("\r") if "  1 rst  " in part)
    assert line.startswith("lo 0:00:")
    assert "packets/s" in line
    assert "none dropped" in line
    assert "\x1b[K" in line
    assert "packets captured" in shown


@pytest.mark.skipif(bool(links.no_links()), reason=links.no_links())
def test_an_interface_that_goes_away():
    """It is told, what was seen is reported, and the results are partial: exit status 3."""
    with links.pair("s") as (name, _), running("-i", name, "--format", "csv") as program:
        links.datagrams(9, 1, address="203.0.113.2")
        links.run("ip", "link", "del", name)
        out, err = program.communicate(timeout=60)
        assert program.returncode == 3
        assert f"warning: `{name}` was removed" in err
        assert "the capture ended: no interface came back" in err
        assert out.startswith("file,fetch,")


@real
@pytest.mark.skipif(shutil.which("tcpdump") is None, reason="needs tcpdump: apt-get install tcpdump")
def test_a_stream_is_live_too(closed):
    """`tcpdump -w - | whyfetch sniff -` gives rows as they are decided."""
    tcpdump = subprocess.Popen(
        ["tcpdump", "-i", "lo", "-U", "-w", "-", f"tcp port {closed}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    program = subprocess.Popen(
        [*PROGRAM, "sniff", "-", "--format", "csv"],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdin=tcpdump.stdout,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        until = time.monotonic() + 30
        while not select.select([program.stdout], [], [], 0.5)[0] and time.monotonic() < until:
            refused(closed)
        assert program.stdout.readline().startswith("file,")
        assert "rst-refused" in program.stdout.readline()
    finally:
        tcpdump.kill()
        tcpdump.communicate()
        program.communicate(timeout=30)

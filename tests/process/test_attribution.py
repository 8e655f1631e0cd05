"""Whose a connection is: COMMAND's and its descendants', and nobody else's (as root, with real connections)."""

import os
import socket
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from analyzer.process import cgroup
from analyzer.process.log import FiveTuple, Logged, logged
from analyzer.process.nft import PREFIX, NftTable

DRIVER = """
import os, socket, sys
from analyzer.process.command import Command, exit_status
from analyzer.process.levels import attribution
from analyzer.process.log import FiveTuple

command = Command(sys.argv[2:], {**os.environ, "WHYFETCH_RUN": str(os.getpid())})
whose = attribution(command, "COMMAND")
print(whose.level, whose.notes, flush=True)
command.release()
print(exit_status(os.waitpid(command.pid, 0)[1]), flush=True)
for line in open(sys.argv[1]):
    host, port, to, began = line.split()
    five = FiveTuple(6, socket.inet_aton(host), int(port), bytes([127, 0, 0, 1]), int(to))
    owner = whose.owner(five, int(began))
    print(host, owner and owner.how, flush=True)
print(len(whose.close()))
"""
"""Runs COMMAND as `whyfetch run` does, and asks whose the connections noted in a file are."""

CLIENT = """
import socket, sys, time
for _ in range(int(sys.argv[1])):
    for port in map(int, sys.argv[4:]):
        with socket.socket() as client, open(sys.argv[2], "a") as noted:
            client.bind((sys.argv[3], 0))
            noted.write(f"{sys.argv[3]} {client.getsockname()[1]} {port} {time.time_ns()}\\n")
            noted.flush()
            try:
                client.connect(("127.0.0.1", port))
                client.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
                client.recv(1)
            except OSError:
                pass
"""
"""Connects to ports in turn, and notes each connection."""


def level() -> str:
    """What the machine of the test is good for."""
    if os.geteuid() or not sys.platform.startswith("linux"):
        return ""
    try:
        cgroup.make().close()
    except cgroup.CgroupError:
        return ""
    return "cgroup"


pytestmark = pytest.mark.skipif(not level(), reason="takes root and cgroup v2")


@contextmanager
def served() -> Iterator[int]:
    """A port that answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        pid = os.fork()
        if not pid:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    connection.sendall(b"HTTP/1.0 204 No Content\r\n\r\n")
                    connection.close()
            os._exit(0)
        try:
            yield server.getsockname()[1]
        finally:
            os.kill(pid, 9)
            os.waitpid(pid, 0)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The programs."""
    (tmp_path / "driver.py").write_text(DRIVER)
    (tmp_path / "client.py").write_text(CLIENT)
    return tmp_path


def driven(files: Path, *command: str, noted: Path, prefix: tuple[str, ...] = ()) -> list[str]:
    """What the driver says."""
    noted.touch()
    line = [*prefix, sys.executable, str(files / "driver.py"), str(noted), *command]
    return subprocess.run(line, check=True, capture_output=True, text=True, timeout=60).stdout.splitlines()


def test_refused_and_quick_connections_are_told_apart_from_those_of_others(files: Path) -> None:
    """40 refusals and 40 quick requests of COMMAND are its own; of as many that others make meanwhile, none is."""
    with served() as port, socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        ports = [str(port), str(silent.getsockname()[1])]
        client = [sys.executable, str(files / "client.py"), "40", str(files / "noted")]
        others = subprocess.Popen([*client, "127.0.0.2", *ports])
        said = driven(files, "sh", "-c", '"$@"; sleep 0.5', "sh", *client, "127.0.0.1", *ports, noted=files / "noted")
        others.wait()
    assert said[:2] == ["cgroup []", "0"]
    assert Counter(said[2:-1]) == {"127.0.0.1 cgroup": 80, "127.0.0.2 None": 80}


@pytest.mark.parametrize(
    "script",
    ["{}", "{} | cat", "true | ({} && true)", "sh -c '({}) & wait'", "setsid {} ; true", "setsid {} & sleep 1"],
)
def test_children_pipelines_and_daemons_are_commands(files: Path, script: str) -> None:
    """Whoever descends from COMMAND is COMMAND: children, either end of a pipeline, daemons with their own session."""
    with served() as port:
        client = f"{sys.executable} {files / 'client.py'} 3 {files / 'noted'} 127.0.0.1 {port}"
        said = driven(files, "sh", "-c", script.format(client), noted=files / "noted")
    assert said == ["cgroup []", "0", *["127.0.0.1 cgroup"] * 3, "0"]


def test_a_daemon_that_stays_goes_back_to_the_cgroup_it_came_from(files: Path) -> None:
    """What outlives COMMAND lives on; cgroup and table are gone nevertheless."""
    said = driven(files, "sh", "-c", "setsid sleep 5 >/dev/null 2>&1 &", noted=files / "none")
    assert said[-1] == "1"
    assert not left()


def test_after_a_kill_the_next_start_takes_away_what_was_left(files: Path) -> None:
    """SIGKILL leaves a cgroup, and no table; the next start removes it."""
    (files / "none").touch()
    line = [sys.executable, str(files / "driver.py"), str(files / "none"), "sleep", "60"]
    with subprocess.Popen(line, stdout=subprocess.PIPE) as driver:
        assert driver.stdout is not None
        assert driver.stdout.readline().startswith(b"cgroup")
        assert len(left()) >= 1
        pids = [int(pid) for folder in left() for pid in (folder / "cgroup.procs").read_text().split()]
        driver.kill()
    assert len(left()) == 1
    for pid in pids:
        os.kill(pid, 9)
    time.sleep(0.2)
    driven(files, "true", noted=files / "none")
    assert not left()


def test_a_table_that_was_left_goes_at_the_next_start(files: Path) -> None:
    """Kernels before 5.12 know no owner of a table: it is known to be left by the number of a process that is gone."""
    left_over, live = f"{PREFIX}{2**22 + 1}", f"{PREFIX}{os.getpid()}"  # no process has so high a number
    table = NftTable()
    try:
        for name in (left_over, live):
            table.name = name
            table._batch([table._table(0)])
        driven(files, "true", noted=files / "none")
        assert live in table._tables()
        assert left_over not in table._tables()
    finally:
        table.loaded, table.owned = True, False
        table.close()


@pytest.mark.parametrize(
    ("prefix", "why"),
    [
        (("setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin"), "nftables takes root"),
        (("unshare", "--mount", "sh", "-c", 'umount -l {root} && exec "$@"', "sh"), "cgroup v2 is not mounted"),
        (("unshare", "--mount", "sh", "-c", 'mount -o remount,ro,bind {root} && exec "$@"', "sh"), "mounted read-only"),
    ],
)
def test_without_rights_or_cgroups_polling_is_left_and_says_why(files: Path, prefix: tuple[str, ...], why: str) -> None:
    """Where a level cannot be had the next one is taken, and the reason told."""
    root = cgroup._mounted()
    assert root
    prefix = tuple(part.replace("{root}", str(root[0])) for part in prefix)
    script = """
        import socket, sys, time
        with socket.create_connection(("127.0.0.1", int(sys.argv[2]))) as client, open(sys.argv[1], "w") as noted:
            noted.write(f"127.0.0.1 {client.getsockname()[1]} {sys.argv[2]} {time.time_ns()}\\n")
            noted.flush()
            time.sleep(0.5)
    """
    (files / "slow.py").write_text(textwrap.dedent(script))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        command = [sys.executable, str(files / "slow.py"), str(files / "ours"), port]
        said = driven(files, *command, noted=files / "ours", prefix=prefix)
    assert said[0].startswith("poll")
    assert why in said[0]
    assert said[1:3] == ["0", "127.0.0.1 poll"]


def left() -> list[Path]:
    """Cgroups of ours that are there."""
    found = cgroup._mounted()
    assert found
    return [folder for folder in cgroup._tree(found[0]) if folder.name.startswith(cgroup.PREFIX)]


def test_ports_are_found_behind_extension_headers() -> None:
    """The ports of an IPv6 packet stand behind its extension headers; half a packet has none."""
    header = bytes([0x60]) + bytes(5) + bytes([0, 64]) + bytes(15) + b"\1" + bytes(15) + b"\2"
    segment = bytes([0xC0, 0, 1, 187, 0, 0, 0, 7])
    packet = header + bytes([6, 0]) + bytes(6) + segment
    five = FiveTuple(6, bytes(15) + b"\1", 0xC000, bytes(15) + b"\2", 443)
    assert logged(packet, 1) == Logged(1, five, 7)
    assert all(logged(packet[:size], 1) is None for size in range(len(packet)))

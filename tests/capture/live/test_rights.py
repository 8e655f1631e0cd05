"""Whose the process is, giving up rights, and the line to type when one lacks."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import analyzer
from analyzer.capture.live import rights
from analyzer.capture.live.rights import Caller

ROOT = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root: run the tests with sudo")


def sudo(monkeypatch, **environment):
    for name in ("SUDO_UID", "SUDO_GID", "SUDO_USER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


@ROOT
@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, None),
        ({"SUDO_UID": "1234", "SUDO_GID": "99", "SUDO_USER": "jo"}, Caller(1234, 99, "jo")),
        ({"SUDO_UID": "1234", "SUDO_GID": "99"}, Caller(1234, 99, "1234")),
        ({"SUDO_UID": "0", "SUDO_GID": "0", "SUDO_USER": "root"}, None),
        ({"SUDO_UID": "1234"}, None),
        ({"SUDO_UID": "-1", "SUDO_GID": "99"}, None),
        ({"SUDO_UID": "4294967295", "SUDO_GID": "99"}, None),
        ({"SUDO_UID": "jo", "SUDO_GID": "99"}, None),
    ],
)
def test_the_caller_is_who_typed_sudo(monkeypatch, environment, found):
    """Root itself is none, and neither is what is no number of a user (-1 would mean: leave as it is)."""
    sudo(monkeypatch, **environment)
    assert rights.caller() == found


def test_without_root_there_is_nothing_to_give_up(monkeypatch):
    """SUDO_UID in somebody's environment does not matter then."""
    sudo(monkeypatch, SUDO_UID="1234", SUDO_GID="99")
    monkeypatch.setattr(rights.os, "geteuid", lambda: 1000)
    assert rights.caller() is None
    assert rights.drop([]) is None


DROP = """
import os, socket
from analyzer.capture.live import rights
open_before = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
warnings = []
who = rights.drop(warnings)
if who is None:
    print(*warnings)
    raise SystemExit
print(who.uid, os.getresuid(), os.getresgid(), sorted(os.getgroups()), open_before.getsockname()[1])
for attempt in (lambda: os.setuid(0), lambda: os.setgid(0), lambda: os.setgroups([0]),
                lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0), lambda: open("/etc/shadow")):
    try:
        attempt()
        print("back")
    except PermissionError:
        print("no")
"""


@ROOT
@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux: packet sockets")
def test_what_is_given_up_does_not_come_back(run_copy):
    """User, group and other groups are the caller's; what is open stays open; nothing leads back to root."""
    first, *rest = run_copy(0o755)
    assert first == "12345 (12345, 12345, 12345) (12346, 12346, 12346) [12346] 3"
    assert rest == ["no"] * 5


@ROOT
@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux: packet sockets")
def test_rights_are_kept_where_the_caller_could_not_go_on(run_copy):
    """Modules in root's own directory could not be imported any longer: that is said, and nothing breaks later."""
    (line,) = run_copy(0o700)
    assert line.startswith("root's rights are kept: `nobody-of-that-name` may not read `")


def for_everybody():
    """A Python that other users may run too; that of a virtual environment may be in root's own directory."""
    for python in (sys.executable, "/usr/bin/python3"):
        command = [python, "-I", "-S", "-c", ""]
        try:
            done = subprocess.run(command, user=12345, group=12346, extra_groups=[], cwd="/", stderr=subprocess.DEVNULL)
        except OSError:
            continue
        if done.returncode == 0:
            return python
    pytest.skip("needs a Python that every user may run: `apt-get install python3`")
    return None


@pytest.fixture
def run_copy():
    """Run DROP through sudo, as it were, with a copy of the program that everybody may read, or root alone."""
    folder = Path(tempfile.mkdtemp())
    shutil.copytree(Path(analyzer.__file__).parent, folder / "analyzer", ignore=shutil.ignore_patterns("*.so"))

    def run(mode):
        folder.chmod(mode)
        environment = {**os.environ, "SUDO_UID": "12345", "SUDO_GID": "12346", "SUDO_USER": "nobody-of-that-name"}
        path = [str(folder), *(part for part in sys.path if "site-packages" in part)]
        done = subprocess.run(
            [for_everybody(), "-c", DROP],
            env={**environment, "PYTHONPATH": os.pathsep.join(path)},
            cwd="/",
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    yield run
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("argv", "typed"),
    [
        (["/usr/local/bin/whyfetch", "sniff", "-f", "port 80"], "/usr/local/bin/whyfetch sniff -f 'port 80'"),
        (["/x/analyzer/__main__.py", "doctor"], f"{sys.executable} -m whyfetch doctor"),
    ],
)
def test_the_command_can_be_typed_again(monkeypatch, argv, typed):
    """With its whole path, for sudo's PATH is another one; quoted as the shell needs it."""
    monkeypatch.setattr(sys, "argv", argv)
    assert rights.command() == typed


@pytest.mark.parametrize(
    ("platform", "where", "line"),
    [
        ("linux", "", "sudo setcap cap_net_raw,cap_net_admin+ep /"),
        ("linux", "docker", "--cap-add NET_RAW --cap-add NET_ADMIN"),
        ("linux", "kubernetes", "add: [NET_RAW, NET_ADMIN]"),
        ("darwin", "", "ChmodBPF"),
        ("win32", "", "Npcap"),
    ],
)
def test_the_line_to_type_is_that_of_the_place(monkeypatch, platform, where, line):
    """A container is not helped with sudo."""
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(rights, "container", lambda: where)
    assert line in rights.how_to_get()
    assert ("sudo" in rights.how_to_get()) == (not where and platform != "win32")

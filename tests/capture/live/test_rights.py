"""Whose the process is, giving up rights, and the line to type when one lacks."""

import os
import subprocess
import sys

import pytest

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
    assert rights.drop() is None


DROP = """
import os, socket
from analyzer.capture.live import rights
open_before = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
who = rights.drop()
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
def test_what_is_given_up_does_not_come_back():
    """User, group and other groups are the caller's; what is open stays open; nothing leads back to root."""
    environment = {**os.environ, "SUDO_UID": "12345", "SUDO_GID": "12346", "SUDO_USER": "nobody-of-that-name"}
    done = subprocess.run([sys.executable, "-c", DROP], env=environment, capture_output=True, text=True, check=True)
    first, *rest = done.stdout.splitlines()
    assert first == "12345 (12345, 12345, 12345) (12346, 12346, 12346) [12346] 3"
    assert rest == ["no"] * 5


@pytest.mark.parametrize(
    ("argv", "typed"),
    [
        (["/usr/local/bin/whyfetch", "sniff", "-f", "port 80"], "/usr/local/bin/whyfetch sniff -f 'port 80'"),
        (["/x/analyzer/__main__.py", "doctor"], f"{sys.executable} -m analyzer doctor"),
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

# not compiled: runs once a capture
"""Rights: whose the process is behind sudo, and how to give up what only opening the sockets needed."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SETCAP = "sudo setcap cap_net_raw,cap_net_admin+ep"
"""Opening the socket takes the first, promiscuous mode and a large buffer the second (capabilities(7))."""

PATIENCE_S = 10
"""Seconds for a Python to start on a busy machine; it takes 0.02."""

CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv")
"""Files that Docker and podman put into every container."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who typed `sudo`: sudo tells it in SUDO_UID, SUDO_GID and SUDO_USER (sudo(8), ENVIRONMENT)."""

    uid: int
    gid: int
    name: str


def caller() -> Caller | None:
    """Who called through sudo; None when nobody did, or root did, or this is not root."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    uid, gid = os.environ.get("SUDO_UID", ""), os.environ.get("SUDO_GID", "")
    if not (uid.isdecimal() and gid.isdecimal()) or not 0 < int(uid) < 2**32 - 1:
        return None
    return Caller(int(uid), int(gid), os.environ.get("SUDO_USER", uid))


def give_to_caller(descriptor: int) -> None:
    """A file that was created through sudo belongs to who called."""
    who = caller()
    if who is not None:
        os.fchown(descriptor, who.uid, who.gid)


def caller_may_write(folder: Path) -> bool:
    """Whether who called through sudo may make files there; True when nobody did."""
    who = caller()
    if who is None:
        return True
    return _as_caller(who, ["sh", "-c", 'test -w "$1" && test -x "$1"', "sh", str(folder.absolute())])


def drop(warnings: list[str]) -> Caller | None:
    """Give up root's rights for good when sudo gave them; open sockets stay. None when there was nothing to give up.

    The order matters: without root's rights groups cannot be changed any longer (setuid(2), POS36-C). Kept, with a
    warning, when the caller could not read the modules that are yet to be imported.
    """
    who = caller()
    if who is None:
        return None
    if not _readable(who):
        warnings.append(f"root's rights are kept: `{who.name}` may not read `{Path(__file__).parents[2]}`")
        return None
    os.setgroups(_groups(who))
    os.setgid(who.gid)
    os.setuid(who.uid)
    return who


def _groups(who: Caller) -> list[int]:
    """All groups of the caller."""
    try:
        return os.getgrouplist(who.name, who.gid)
    except OSError:
        return [who.gid]


def _readable(who: Caller) -> bool:
    """Whether the caller can run this Python and read this program."""
    asks = "import os, sys; sys.exit(not all(os.access(path, os.R_OK) for path in sys.argv[1:]))"
    return _as_caller(who, [sys.executable, "-I", "-S", "-c", asks, __file__, os.__file__])


def _as_caller(who: Caller, command: list[str]) -> bool:
    """Whether a command succeeds when the caller runs it."""
    try:
        done = subprocess.run(
            command,
            user=who.uid,
            group=who.gid,
            extra_groups=_groups(who),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE_S,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def command() -> str:
    """The command line as it was typed, for another shell: with the whole path, since sudo has a PATH of its own."""
    program = sys.argv[0]
    if Path(program).name == "__main__.py":
        return shlex.join([sys.executable, "-m", "whyfetch", *sys.argv[1:]])
    return shlex.join([shutil.which(program) or program, *sys.argv[1:]])


def container() -> str:
    """`kubernetes` or `docker` when this seems to be a container, else ""."""
    if os.environ.get("KUBERNETES_SERVICE_HOST"):
        return "kubernetes"
    return "docker" if any(Path(mark).exists() for mark in CONTAINER_MARKS) else ""


def how_to_get() -> str:
    """The line to type to get the right to capture here."""
    where = container()
    if where == "kubernetes":
        return "give the container `securityContext: {capabilities: {add: [NET_RAW, NET_ADMIN]}}`, and be root in it"
    if where == "docker":
        return "start the container with `--cap-add NET_RAW --cap-add NET_ADMIN`, and be root in it"
    if sys.platform == "linux":
        return f"`sudo {command()}`, or for good, for whatever this Python runs: `{SETCAP} {_python()}`"
    if sys.platform == "win32":
        return "install Npcap (https://npcap.com), and run it as administrator if Npcap was installed for these only"
    return f"`sudo {command()}`, or install Wireshark's ChmodBPF, which gives the right to a group"


def _python() -> str:
    """The file of the interpreter: a right on a link to it would be on no file."""
    return shlex.quote(os.path.realpath(sys.executable))

# not compiled: runs once a COMMAND
"""A cgroup of its own for COMMAND: who is in it is COMMAND or a descendant, whatever became of its parents.

It stands below the one we are in: limits, and whoever ends a whole group, go on to reach COMMAND. Its directory is
locked while we live, so that after a kill the next start knows what to take away.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PREFIX = "whyfetch-"
MAX_SEARCHED = 10_000
"""Cgroups that are searched for left ones: a large host has thousands; 0.1 s."""

EVICTIONS = 20
"""Times the processes that outlive COMMAND are moved out before the cgroup stays: they may fork meanwhile."""


class CgroupError(Exception):
    """Why there is no cgroup for COMMAND here."""


class Cgroup:
    """The cgroup of COMMAND.

    path   its directory; id: what the kernel calls it (the inode's number), level: how many cgroups are above it
    """

    def __init__(self, root: Path, above: Path, own: str) -> None:
        """Make it below `above`, our own cgroup, in the hierarchy mounted at `root`."""
        self.above = above
        self.path = above / f"{PREFIX}{os.getpid()}"
        remove_stale(root)
        try:
            self.path.mkdir()
            self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CgroupError(f"no cgroup can be made in `{above}`: {_said(error)}") from None
        self.id = self.path.stat().st_ino
        self.level = len([part for part in own.split("/") if part]) + 1

    def add(self, pid: int) -> None:
        """Move a process into it; what it starts from now on is in it too."""
        try:
            (self.path / "cgroup.procs").write_text(str(pid))
        except OSError as error:
            raise CgroupError(f"COMMAND cannot be moved into a cgroup: {_said(error)}") from None

    def pids(self) -> list[int]:
        """Everybody in it and below it."""
        return [pid for folder in _tree(self.path) for pid in _pids(folder)]

    def close(self) -> list[int]:
        """Take it away; who still lives goes back to where we are. Returns who that was."""
        left: dict[int, None] = {}
        for _ in range(EVICTIONS):
            living = self.pids()
            left.update(dict.fromkeys(living))
            if not living:
                break
            for pid in living:
                with suppress(OSError):
                    (self.above / "cgroup.procs").write_text(str(pid))
        _remove(self.path)
        os.close(self._lock)
        return list(left)


def make() -> Cgroup:
    """A new cgroup for COMMAND; CgroupError says why not."""
    found = _mounted()
    if found is None:
        raise CgroupError("cgroup v2 is not mounted")
    root, top = found
    own = _own()
    if own is None or "/.." in own or not (own + "/").startswith(top.rstrip("/") + "/"):
        raise CgroupError("our own cgroup is not to be seen in `/proc/self/mountinfo`")
    return Cgroup(root, root / own[len(top.rstrip("/")) :].lstrip("/"), own)


def remove_stale(root: Path) -> None:
    """Take away the cgroups of those that were killed: nobody has them locked."""
    for number, folder in enumerate(_tree(root)):
        if number >= MAX_SEARCHED:
            return
        if folder.name.startswith(PREFIX) and not _locked(folder):
            _remove(folder)


def _mounted() -> tuple[Path, str] | None:
    """Where cgroup v2 is mounted, and which cgroup is seen there: proc_pid_mountinfo(5), also beside version 1."""
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    found = None
    for line in lines:
        fields, _, kind = line.partition(" - ")
        if kind.startswith("cgroup2 "):
            _, _, _, top, where, *_ = fields.split(" ")
            found = found or (Path(_unescaped(where)), _unescaped(top))
    return found


def _unescaped(text: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text


def _own() -> str | None:
    """The cgroup we are in, as seen from our cgroup namespace."""
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    return next((line[3:] for line in lines if line.startswith("0::")), None)


def _tree(folder: Path) -> Iterator[Path]:
    """A cgroup and those below it, from above."""
    try:
        alone = folder.stat().st_nlink == 2  # each below it would be one more, and this is asked in a hurry
    except OSError:
        return
    if alone:
        yield folder
        return
    for name, _, _ in os.walk(folder):
        yield Path(name)


def _pids(folder: Path) -> list[int]:
    try:
        return [int(line) for line in (folder / "cgroup.procs").read_text().split()]
    except (OSError, ValueError):
        return []


def _remove(path: Path) -> None:
    """Those below it first; one with a living process in it stays."""
    for folder in reversed(list(_tree(path))):
        with suppress(OSError):
            folder.rmdir()


def _locked(folder: Path) -> bool:
    try:
        file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(file)
    return False


def _said(error: OSError) -> str:
    if error.errno in (errno.EACCES, errno.EPERM):
        return "that takes root"
    if error.errno == errno.EROFS:
        return "it is mounted read-only here, as in most containers"
    return (error.strerror or str(error)).lower()

# not compiled: runs some times a second
"""Who descends from COMMAND, where no cgroup tells, and who of them has left it."""

from __future__ import annotations

import os

from analyzer.process.cgroup import PREFIX
from analyzer.process.diag import name_of

MARK = "WHYFETCH_RUN"
"""Variable of the environment that COMMAND hands down: who left its parents is known by it."""

DAEMONS_CLIENTS = ("docker", "nerdctl", "ctr", "systemctl")
"""Programs that let a daemon do the work, which is no descendant of theirs."""


class Descendants:
    """A process and everybody who descends from it, without a cgroup: by parents, and by the mark for who left them."""

    def __init__(self, pid: int) -> None:
        self.mark = f"{MARK}={os.getpid()}".encode()
        self.known = {pid}
        self.strangers: set[int] = set()

    def __call__(self) -> list[int]:
        """Those that live now."""
        parents = dict(_parents())
        self.known &= parents.keys()
        self.strangers &= parents.keys()
        for pid in sorted(parents.keys() - self.known):
            if parents[pid] in self.known or self._marked(pid):
                self.known.add(pid)
        return list(self.known)

    def _marked(self, pid: int) -> bool:
        """Whether it carries the mark; asked once of each, since what it starts carries it too."""
        if pid in self.strangers:
            return False
        self.strangers.add(pid)
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123
                return self.mark in file.read().split(b"\0")
        except OSError:
            return False


def _parents() -> list[tuple[int, int]]:
    """Every process with its parent (proc_pid_stat(5): the name may have anything in it but a bracket behind it)."""
    found = []
    for name in os.listdir("/proc"):  # noqa: PTH208
        if name.isdecimal():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
                    state, parent, *_ = file.read().rpartition(b") ")[2].split()
                if state != b"Z":
                    found.append((int(name), int(parent)))
            except (OSError, IndexError, ValueError):
                continue
    return found


class Leavers:
    """Whose fetches a cgroup does not show: who was moved out of it, and who has others do the work.

    found   sentences about them
    """

    def __init__(self, pid: int) -> None:
        self.tree = Descendants(pid)
        self.found: dict[str, None] = {}

    def look(self) -> None:
        """See who is there now."""
        for pid in self.tree():
            name, cgroup = name_of(pid), _cgroup(pid)
            if name in DAEMONS_CLIENTS:
                self.found[f"what `{name}` has its daemon fetch is not told: that is no descendant"] = None
            if name and cgroup and PREFIX not in cgroup:
                self.found[f"`{name}` moved to the cgroup `{cgroup}`: what it fetches there is not told"] = None


def _cgroup(pid: int) -> str:
    """The cgroup of version 2 that a process is in, "" = it is gone."""
    try:
        with open(f"/proc/{pid}/cgroup", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            return next((line[3:].rstrip("\n") for line in file if line.startswith("0::")), "")
    except OSError:
        return ""

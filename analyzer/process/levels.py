# not compiled: runs once a COMMAND
"""Which level of attribution works here, best first, and why no better one does."""

from __future__ import annotations

import errno
import socket
from contextlib import suppress
from time import monotonic, sleep

from analyzer.process.attribution import Attribution
from analyzer.process.cgroup import Cgroup, CgroupError, make
from analyzer.process.command import Command
from analyzer.process.descendants import Descendants
from analyzer.process.log import Log
from analyzer.process.logged import ByCgroup
from analyzer.process.nft import NftTable
from analyzer.process.poll import ByPoll

PROOF_S = 1.0
"""Seconds in which the message about a connection that we made for a test must be there; it is before the answer."""


UNKNOWN = (errno.ENOENT, errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT, errno.EOPNOTSUPP, errno.EINVAL)
"""What the kernel answers when it lacks a part of nf_tables, or netlink itself."""


class LevelError(Exception):
    """Why a level cannot be used."""


def attribution(command: Command, name: str) -> Attribution:
    """The best level for a COMMAND that is still held."""
    try:
        cgroup = make()
        cgroup.add(command.pid)
    except CgroupError as error:
        return ByPoll(Descendants(command.pid), [_fallen(str(error))])
    try:
        return _by_cgroup(cgroup, command, name)
    except LevelError as error:
        return _Kept(cgroup, _fallen(str(error)))


def trial() -> str:
    """Why the best level does not work here, "" = it does. What is set up for that is taken away again."""
    try:
        cgroup = make()
    except CgroupError as error:
        return str(error)
    try:
        for part in _logging(cgroup):
            part.close()
    except LevelError as error:
        return str(error)
    finally:
        cgroup.close()
    return ""


def _by_cgroup(cgroup: Cgroup, command: Command, name: str) -> ByCgroup:
    table, log = _logging(cgroup)
    try:
        _prove(command, log)
    except LevelError:
        table.close()
        log.close()
        raise
    return ByCgroup(cgroup, table, log, command.pid, name)


def _logging(cgroup: Cgroup) -> tuple[NftTable, Log]:
    """A table that logs what is begun in a cgroup, and what reads the log."""
    made: list[NftTable | Log] = []
    try:
        made.append(table := NftTable())
        made.append(log := Log())
        log.open()
        table.remove_stale()
        table.load(cgroup.id, cgroup.level, log.group)
    except OSError as error:
        for part in made:
            part.close()
        raise LevelError(_said(error)) from None
    return table, log


def _prove(command: Command, log: Log) -> None:
    """See it work: an older kernel may count the levels of cgroups otherwise in a container, and then logs nothing."""
    with socket.socket() as silent:  # bound and not listening: whoever connects is refused
        with suppress(OSError):
            silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        if not port or not command.probe(port):
            return  # no loopback here: nothing to try it with
        end = monotonic() + PROOF_S
        while monotonic() < end:
            if any(logged.five.server_port == port for logged in log.read()):
                return
            sleep(0.01)
    raise LevelError("the kernel did not log a connection that was made for a test")


class _Kept(ByPoll):
    """Polling, with the cgroup that could be made: it knows best who descends from COMMAND."""

    def __init__(self, cgroup: Cgroup, note: str) -> None:
        self.cgroup = cgroup
        super().__init__(cgroup.pids, [note])

    def close(self) -> list[int]:
        super().close()
        return self.cgroup.close()


def _fallen(why: str) -> str:
    return f"whose a connection is can only be seen by polling: {why}"


def _said(error: OSError) -> str:
    """What nf_tables or NFNETLINK_LOG refused."""
    if error.errno in (errno.EPERM, errno.EACCES):
        return "nftables takes root (CAP_NET_ADMIN)"
    if error.errno in UNKNOWN:
        return "this kernel has no nftables with `socket` and `log` (modules nft_socket, nft_log, nfnetlink_log)"
    return f"nftables: {error.strerror or error}".lower()

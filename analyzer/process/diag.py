# not compiled: runs some times a second
"""Sockets of the kernel and whose they are: sock_diag(7) has the inode, /proc/PID/fd has who holds it."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from signal import SIGCHLD
from typing import NamedTuple

from analyzer.process.log import FiveTuple
from analyzer.process.netlink import SOCK_DIAG, Netlink, message, messages

BY_FAMILY = 20
ALL_STATES = 0xFFFFFFFF
NO_COOKIE = b"\xff" * 8
SOCKET_ID = struct.Struct(">HH16s16s")
"""`struct inet_diag_sockid`, but for its interface and cookie."""

LISTEN = 10
MAX_DESCRIPTORS = 4096
"""Descriptors of a process that are looked at: 2 us each."""


class Socket(NamedTuple):
    """A socket and the inode by which processes hold it, 0 = nobody does any more."""

    five: FiveTuple
    inode: int


class Sockets:
    """What sockets there are. Needs no rights, but a kernel that tells (gVisor's does not)."""

    def __init__(self) -> None:
        self.netlink: Netlink | None = None
        with suppress(OSError):
            self.netlink = Netlink(SOCK_DIAG)

    def inode(self, five: FiveTuple) -> int:
        """The inode of one socket, 0 = it is gone."""
        if self.netlink is None:
            return 0
        family = socket.AF_INET if len(five.client) == 4 else socket.AF_INET6
        known = SOCKET_ID.pack(five.client_port, five.server_port, five.client, five.server)
        request = struct.pack("=BBBBI", family, five.protocol, 0, 0, ALL_STATES) + known + bytes(4) + NO_COOKIE
        self.netlink.sequence += 1
        try:
            self.netlink.socket.send(message(BY_FAMILY, 0, self.netlink.sequence, request))
            for kind, sequence, body in messages(self.netlink.socket.recv(1 << 13)):
                if kind == BY_FAMILY and sequence == self.netlink.sequence and len(body) >= 72:
                    return int(struct.unpack_from("=I", body, 68)[0])
        except OSError:
            return 0
        return 0

    def all(self, protocol: int) -> Iterator[Socket]:
        """Every socket that is connected or connecting."""
        if self.netlink is None:
            return
        for family in (socket.AF_INET, socket.AF_INET6):
            request = struct.pack("=BBBBI", family, protocol, 0, 0, ALL_STATES) + bytes(40) + NO_COOKIE
            for body in self.netlink.dump(BY_FAMILY, request):
                if len(body) >= 72 and body[1] != LISTEN:
                    yield _socket(body, protocol)

    def close(self) -> None:
        """Close the netlink socket."""
        if self.netlink is not None:
            self.netlink.close()


def _socket(body: bytes, protocol: int) -> Socket:
    """From `struct inet_diag_msg`; an IPv6 socket that speaks IPv4 is in the capture as IPv4."""
    port, peer_port, address, peer = SOCKET_ID.unpack_from(body, 4)
    if body[0] == socket.AF_INET:
        address, peer = address[:4], peer[:4]
    else:
        address, peer = unmapped(address), unmapped(peer)
    return Socket(FiveTuple(protocol, address, port, peer, peer_port), int(struct.unpack_from("=I", body, 68)[0]))


def unmapped(address: bytes) -> bytes:
    """An IPv4 address out of its IPv6 form (RFC 4291 2.5.5.2)."""
    return address[12:] if address.startswith(bytes(10) + b"\xff\xff") else address


def holder(inode: int, pids: Iterable[int]) -> int:
    """Which of these processes has the socket open, 0 = none that we may look at."""
    wanted = f"socket:[{inode}]"
    for pid in pids:
        with suppress(OSError):
            for number, entry in enumerate(os.scandir(f"/proc/{pid}/fd")):
                if number >= MAX_DESCRIPTORS:
                    break
                with suppress(OSError):
                    if os.readlink(entry.path) == wanted:  # noqa: PTH115  (thousands of them)
                        return pid
    return 0


def name_of(pid: int) -> str:
    """The name of a process, "" = it is gone."""
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").rstrip("\n")
    except OSError:
        return ""


def childless(pid: int) -> bool:
    """Whether a process has no child and never waited for one: who was with it in its cgroup and is gone was none.

    By the page faults of children it waited for (proc_pid_stat(5), cminflt): none ever ran without. One that ignores
    SIGCHLD waits for none.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].split()
        ignored = int(Path(f"/proc/{pid}/status").read_text(errors="replace").partition("SigIgn:")[2].split()[0], 16)
        has_child = Path(f"/proc/{pid}/task/{pid}/children").read_bytes() != b""
    except (OSError, IndexError, ValueError):
        return False
    return fields[8] == b"0" and not has_child and not ignored >> SIGCHLD - 1 & 1

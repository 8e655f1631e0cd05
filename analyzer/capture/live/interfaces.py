# not compiled: runs once a capture
"""The network interfaces of this machine, as the kernel's route socket tells of them (rtnetlink(7)).

That socket knows the interfaces of the network namespace we are in; /sys shows those of the one it was mounted in.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from analyzer.errors import SourceError

ANY = "any"
"""Not an interface but all of them, as libpcap calls it."""

ETHERNET = 1
RAW_IP = 101
COOKED = 276
"""LINKTYPE_ETHERNET, LINKTYPE_RAW and LINKTYPE_LINUX_SLL2 of the pcap registry."""

LOOPBACK = 772
LINK_TYPES = {1: ETHERNET, LOOPBACK: ETHERNET, 519: RAW_IP, 0xFFFE: RAW_IP, 801: 105, 802: 119, 803: 127}
"""By ARPHRD_ (linux/if_arp.h), those whose frames are on a packet socket as the registry says: Ethernet, loopback,
rawip, none (tun, wireguard), 802.11 bare, with Prism and with radiotap headers. The headers of others are incomplete in
one direction (ppp, tunnels) or in no registry: these are read without, as LINKTYPE_LINUX_SLL2."""

SHOWN = 12
"""Interfaces named in a hint; hosts of containers have hundreds."""

_GETLINK = 18
_NEWLINK = 16
_DONE = 3
_ERROR = 2
_DUMP = 0x301
"""RTM_ and NLMSG_ types; NLM_F_REQUEST | NLM_F_DUMP."""

_NAME = 3
_STATS = 23
"""IFLA_IFNAME, IFLA_STATS64."""

_UP = 0x1
_RUNNING = 0x40
"""IFF_UP, IFF_RUNNING (netdevice(7))."""


@dataclass(frozen=True, slots=True)
class Interface:
    """One interface.

    hardware  its ARPHRD_ number; link: the LINKTYPE_ its frames are handed over with
    up        set up by the administrator; running: has a carrier
    received, sent  frames, as the interface counts them
    dropped   frames it received and had no place for (rx_missed_errors and rx_fifo_errors, what libpcap counts)
    """

    name: str
    index: int
    hardware: int = 1
    up: bool = True
    running: bool = True
    received: int = 0
    sent: int = 0
    dropped: int = 0

    @property
    def link(self) -> int:
        return LINK_TYPES.get(self.hardware, COOKED)


def interfaces() -> list[Interface]:
    """All interfaces, in the order of their index. Where there is no route socket only their names are known."""
    if not hasattr(socket, "AF_NETLINK"):
        return [Interface(name, index) for index, name in sorted(socket.if_nameindex())]
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0) as route:
        route.send(struct.pack("=IHHIIBBHiII", 32, _GETLINK, _DUMP, 1, 0, 0, 0, 0, 0, 0, 0))
        found = []
        while True:
            received = list(_messages(route.recv(1 << 18)))
            found += [interface for kind, body in received if kind == _NEWLINK and (interface := _interface(body))]
            if not received or any(kind in (_DONE, _ERROR) for kind, _ in received):
                return sorted(found, key=lambda interface: interface.index)


def find(name: str) -> Interface:
    """The interface called `name`, also by an alternative name; SourceError with the nearest names if there is none."""
    known = interfaces()
    for interface in known:
        if interface.name == name:
            return interface
    try:
        index = socket.if_nametoindex(name)
    except (OSError, ValueError):
        raise SourceError(f"no interface is called `{name}`", _nearest(name, known)) from None
    return next((interface for interface in known if interface.index == index), Interface(name, index))


def _nearest(name: str, known: list[Interface]) -> str:
    names = [*(interface.name for interface in known), ANY]
    close = get_close_matches(name, names, 2, 0.5)
    others = [f"`{one}`" for one in names if one not in close]
    if len(others) > SHOWN:
        others[SHOWN:] = [f"{len(others) - SHOWN} more (`ip -br link`)"]
    if not close:
        return f"there are {', '.join(others)}"
    return f"did you mean {' or '.join(f'`{one}`' for one in close)}? the others are {', '.join(others)}"


class Watch:
    """Says which interfaces come, go and change: a route socket that is told of it. Linux only."""

    def __init__(self) -> None:
        self.route = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE
        )
        self.route.bind((0, 1))  # RTMGRP_LINK

    def changed(self) -> bool:
        """Whether anything happened since it was asked last; what, `interfaces()` says."""
        happened = False
        while True:
            try:
                self.route.recv(1 << 16)
            except BlockingIOError:
                return happened
            except OSError:  # ENOBUFS: so much happened that some of it was not told
                pass
            happened = True

    def fileno(self) -> int:
        return self.route.fileno()

    def close(self) -> None:
        self.route.close()


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The type and body of each netlink message (struct nlmsghdr)."""
    at = 0
    while at + 16 <= len(data):
        length, kind = struct.unpack_from("=IH", data, at)
        if length < 16:
            return
        yield kind, data[at + 16 : at + length]
        at += (length + 3) & ~3


def _interface(body: bytes) -> Interface | None:
    """One from an RTM_NEWLINK message: struct ifinfomsg, then attributes."""
    if len(body) < 16:
        return None
    hardware, index, flags = struct.unpack_from("=HiI", body, 2)
    attributes = dict(_attributes(body, 16))
    name = attributes.get(_NAME, b"").rstrip(b"\0").decode(errors="replace")
    counters = attributes.get(_STATS, b"")
    counts = struct.unpack_from("=16Q", counters) if len(counters) >= 128 else (0,) * 16
    return Interface(
        name,
        index,
        hardware,
        up=bool(flags & _UP),
        running=bool(flags & _RUNNING),
        received=counts[0],
        sent=counts[1],
        dropped=counts[14] + counts[15],
    )


def _attributes(body: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    while at + 4 <= len(body):
        length, kind = struct.unpack_from("=HH", body, at)
        if length < 4:
            return
        yield kind & 0x3FFF, body[at + 4 : at + length]
        at += (length + 3) & ~3

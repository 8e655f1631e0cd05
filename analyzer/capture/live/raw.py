# not compiled: scapy's own Python takes longer for each packet
"""scapy's listening sockets, read raw: for macOS, Windows with Npcap, and whatever else scapy knows.

Nothing is dissected. Slower than the other sources by far, and the one that loses most: the kernel keeps only what fits
into the socket's buffer. Where the socket tells what was lost (Linux, BSD, macOS), that is counted.
"""

from __future__ import annotations

import heapq
import logging
import socket
import struct
import sys
import time
from contextlib import suppress
from typing import Any

from analyzer.capture.frame import LATEST, TICK_NS, Frames
from analyzer.capture.live.clock import SteadyClock
from analyzer.capture.live.interfaces import ANY, ETHERNET, LINK_TYPES, RAW_IP, find, interfaces
from analyzer.capture.live.source import Stats, Wanted
from analyzer.errors import SourceError

BUFFER = 1 << 23
"""Bytes that wait in the kernel for us, 8 MiB; scapy's own 64 KiB (conf.bufsize) is lost in a millisecond."""

BIGGEST = 1 << 18
"""Bytes asked for of a packet: all of it, so that its length is known when less is kept (libpcap's MAXIMUM_SNAPLEN)."""

HELD_NS = 1_000_000 if sys.platform == "linux" else 200_000_000
"""Nanoseconds that a captured packet may be on its way to us while the socket seems empty: on Linux it is in the
socket's queue at once; libpcap and Npcap, as scapy opens them, hand over after 100 ms (`to_ms` in scapy.arch.libpcap).
"""

PATIENCE_S = 1.0
"""Seconds for what was captured before `close` to come out, whatever the clock does."""

MOST_EARLY = 1 << 16
"""Frames that came before all was set up, and do not count: more than scapy's buffer holds."""

BURST = 64
"""Frames read of one interface before another one has its turn: they come in order of time as far as that goes."""

LINKS = {"Ether": ETHERNET, "Loopback": 0, "LoopbackOpenBSD": 108, "CookedLinux": 113, "CookedLinuxV2": 276}
LINKS |= {"Dot11": 105, "RadioTap": 127, "PPP": 9, "IP": RAW_IP, "IPv6": RAW_IP, "IPv46": RAW_IP}
"""LINKTYPE_ numbers by the class that scapy would dissect with."""

DATA_LINKS = {12: RAW_IP, 14: RAW_IP}
"""Where the number of a capturing system (DLT_RAW) is not the one of files (libpcap's pcap-common.c)."""

SOL_PACKET, PACKET_STATISTICS, PACKET_IGNORE_OUTGOING = 263, 6, 23
SO_RCVBUFFORCE = 33
"""Linux: linux/if_packet.h and asm-generic/socket.h."""


def scapy() -> tuple[Any, str]:
    """scapy's configuration with its sockets, and why there is none."""
    logging.getLogger("scapy").setLevel(logging.ERROR)  # it warns of routes and IPv6 when it is imported
    try:
        import scapy.arch
        import scapy.layers.l2  # noqa: F401  (it fills conf.l2types)
        from scapy.config import conf
    except Exception as error:  # a broken libpcap, a system it does not know: whatever it raises
        return None, f"scapy cannot be used: {error}"
    try:
        return (conf, "") if conf.L2listen is not None else (None, "scapy has no sockets for this system")
    except Exception as error:
        return None, f"scapy has no sockets for this system: {error}"


class ScapySource:
    """Interfaces read by scapy's listening sockets (`analyzer.capture.live.source.Source`).

    sockets     index of the interface, its name, its link type, its socket
    lost, seen  what Linux's sockets told so far: reading these counters resets them
    until       time of the last frame that is wanted, 0 = there is no end yet; deadline: by the monotonic clock
    """

    name = "scapy"

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.failed = self.interrupted = False
        self.clock = SteadyClock()
        self.interfaces: list[tuple[str, int]] = []
        self.sockets: list[tuple[int, str, int, Any]] = []
        self.snaplen = BIGGEST
        self.lost = self.seen = -1
        self.until = 0
        self.deadline = 0.0

    def open(self, wanted: Wanted) -> Frames:
        """Begin to capture; SourceError when scapy has no sockets here, or may not open them."""
        conf, problem = scapy()
        if conf is None:
            raise SourceError(problem, "`whyfetch doctor` shows what else there is")
        self.snaplen = wanted.snaplen
        names = wanted.interfaces if ANY not in wanted.interfaces else _all()
        if sys.platform == "linux":
            for name in names:
                find(name)
        for index, name in enumerate(names):
            try:
                listening = conf.L2listen(iface=name, promisc=wanted.promiscuous, filter=wanted.bpf or None)
            except Exception as error:  # scapy raises its own and the system's errors
                self.release()
                raise _cannot_open(name, error) from None
            _prepare(listening, name, wanted.buffer or BUFFER)
            link = _link(listening)
            self.interfaces.append((name, link))
            self.sockets.append((index, name, link, listening))
        return ScapyFrames(self, conf)

    @property
    def losses(self) -> None:
        """It knows only how many."""
        return None

    def receive(self, select: Any) -> list[tuple[int, int, int, bytes]]:
        """What comes within TICK_NS, up to BURST frames of each interface: (time, index, link type, bytes), by time.

        After `close` what was captured before; then the sockets are let go.
        """
        until = self.until
        ready = select([entry[3] for entry in self.sockets], TICK_NS / 1e9)
        queues: list[list[tuple[int, int, int, bytes]]] = []
        for entry in [entry for entry in self.sockets if entry[3] in ready]:
            queues.append([])
            try:
                self._read(entry, queues[-1])
            except BlockingIOError:
                continue
            except OSError as error:
                self._lost(entry, error)
        # Those of an interface stay in their order: the first may be stamped late, when the kernel has yet to begin.
        found = list(heapq.merge(*queues, key=lambda frame: frame[0]))
        if until:
            last = found[-1][0] if found else self.clock.now() - HELD_NS
            if last > until or time.monotonic() > self.deadline:
                self.release()
            found = [frame for frame in found if frame[0] <= until]
        return found

    def _read(self, entry: tuple[int, str, int, Any], found: list[tuple[int, int, int, bytes]]) -> None:
        """Add what waits in one socket, one frame if reading would wait for a second."""
        index, _, link, listening = entry
        for _ in range(BURST if _is_packet_socket(listening) else 1):
            _, data, when = listening.recv_raw(BIGGEST)
            if data:
                stamp = time.time_ns() if when is None else round(float(when) * 1_000_000) * 1000
                found.append((self.clock.of(min(max(stamp, 0), LATEST)), index, link, bytes(data)))

    def _lost(self, entry: tuple[int, str, int, Any], error: OSError) -> None:
        """An interface that is down may come back; one that is gone does not."""
        name = entry[1]
        if any(interface.name == name for interface in interfaces()) and "down" in (error.strerror or "").lower():
            self.warnings.append(f"`{name}` went down; capturing goes on when it is up again")
            return
        self.warnings.append(f"`{name}` is gone: {(error.strerror or str(error)).lower()}")
        self._count()
        self.sockets.remove(entry)
        entry[3].close()
        self.failed = not self.sockets

    def stats(self) -> Stats:
        """What the sockets tell: Linux and BSD count, libpcap's counters are out of scapy's reach."""
        self._count()
        return Stats(self.seen, self.lost, -1)

    def _count(self) -> None:
        for _, _, _, listening in self.sockets:
            counted = _counters(listening)
            if counted is None:
                continue
            seen, lost, resets = counted
            self.seen = max(self.seen, 0) + seen if resets else seen
            self.lost = max(self.lost, 0) + lost if resets else lost

    def close(self) -> None:
        """Take no more frames; who reads on gets those that were captured before. A signal handler may call it."""
        if not self.until:
            self.deadline = time.monotonic() + PATIENCE_S
            self.until = self.clock.now()

    def release(self) -> None:
        """Let go of the sockets at once."""
        self._count()
        for _, _, _, listening in self.sockets:
            listening.close()
        self.sockets = []


class ScapyFrames(Frames):
    """What the sockets receive, in the order of its times as far as it came at once."""

    def __init__(self, source: ScapySource, conf: Any) -> None:
        super().__init__()
        self.source = source
        self.select = conf.L2listen.select
        self.waiting: list[tuple[int, int, int, bytes]] = []

    def advance(self) -> bool:
        """Move to the next frame; False when none came for TICK_NS, or after `close`."""
        self.idle = False
        if not self.waiting:
            if not self.source.sockets:
                return False
            self.waiting = self.source.receive(self.select)[::-1]
        if not self.waiting:
            self.idle = bool(self.source.sockets)
            self.time = max(self.time, self.source.clock.now() - HELD_NS)
            return False
        self.time, self.interface, self.link, data = self.waiting.pop()
        self.length = len(data)
        self.data = data
        self.captured = min(self.length, self.source.snaplen)
        self.number += 1
        return True


def _all() -> tuple[str, ...]:
    """The names of all interfaces that are up."""
    if sys.platform != "win32":
        return tuple(interface.name for interface in interfaces() if interface.up)
    from scapy.interfaces import get_working_ifaces  # Windows' own names are not those of Npcap

    return tuple(str(found.network_name) for found in get_working_ifaces())


def _prepare(listening: Any, name: str, buffer: int) -> None:
    """Linux: a buffer that holds more than a moment, and no packet of the loopback interface twice.

    There every packet is outgoing and then incoming (libpcap leaves out the first, pcap-linux.c).
    """
    if not _is_packet_socket(listening):
        return
    listening.ins.setblocking(False)
    try:
        listening.ins.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, buffer)
    except OSError:  # that takes CAP_NET_ADMIN
        listening.ins.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    if name == "lo":
        with suppress(OSError):
            listening.ins.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    with suppress(BlockingIOError):
        for _ in range(MOST_EARLY):
            listening.ins.recv(1)
    _counters(listening)  # nor does what scapy let fall before the filter was there


def _is_packet_socket(listening: Any) -> bool:
    """Whether it is Linux's own, not one of libpcap or BSD."""
    return sys.platform == "linux" and isinstance(getattr(listening, "ins", None), socket.socket)


def _link(listening: Any) -> int:
    """The LINKTYPE_ number of what a socket receives."""
    if _is_packet_socket(listening):
        return LINK_TYPES.get(listening.ins.getsockname()[3], RAW_IP)  # headers that are in no registry
    if hasattr(listening, "pcap_fd"):
        number = int(listening.pcap_fd.datalink())
        return DATA_LINKS.get(number, number)
    layer = getattr(listening, "LL", None) or getattr(listening, "guessed_cls", None)
    return LINKS.get(getattr(layer, "__name__", ""), ETHERNET)


def _counters(listening: Any) -> tuple[int, int, bool] | None:
    """Frames seen, frames lost, and whether reading has reset the counters; None when the socket does not count."""
    if hasattr(listening, "get_stats"):  # BSD, macOS
        seen, lost = listening.get_stats()
        return None if seen is None or lost is None else (int(seen), int(lost), False)
    if not _is_packet_socket(listening):
        return None
    try:
        seen, lost = struct.unpack("2I", listening.ins.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
    except OSError:
        return None
    return seen, lost, True


def _cannot_open(name: str, error: Exception) -> SourceError:
    """The error for an interface that scapy cannot open."""
    if isinstance(error, PermissionError) or "permission" in str(error).lower():
        from analyzer.capture.live.rights import how_to_get

        return SourceError(f"no right to capture on `{name}`", how_to_get())
    return SourceError(f"scapy cannot capture on `{name}`: {error}", "`whyfetch doctor` lists the interfaces")

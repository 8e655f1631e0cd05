# not compiled: only where the kernel refuses a ring
"""Frames of a packet socket without a ring, one system call each (packet(7))."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable

from analyzer.capture.frame import LATEST, Frames
from analyzer.capture.live.clock import SteadyClock
from analyzer.capture.live.interfaces import COOKED
from analyzer.capture.live.rebuild import cooked, tagged
from analyzer.capture.losses import Losses

SOL_PACKET = 263
AUXDATA = 8
TIMESTAMPNS = 35
OVERFLOWED = 40
"""PACKET_AUXDATA of linux/if_packet.h; SO_TIMESTAMPNS, SO_RXQ_OVFL of asm-generic/socket.h."""

TAGGED, TAG_KNOWN = 0x10, 0x40
VLAN = 0x8100
ROOM = 256
"""Bytes for the messages of control data: 36, 32 and 24."""


class PlainFrames(Frames):
    """A cursor over a packet socket; `wait` and `known` as BlockFrames has them."""

    def __init__(
        self,
        taken: socket.socket,
        snaplen: int,
        wait: Callable[[Frames], bool],
        known: Callable[[int, int], tuple[int, int]],
        clock: SteadyClock,
    ) -> None:
        super().__init__()
        self.socket: socket.socket | None = taken
        self.snaplen = snaplen
        self.wait = wait
        self.known = known
        self.clock = clock
        self.indexes: dict[str, int] = {}
        self.overflowed = 0
        self.losses = Losses()

    def advance(self) -> bool:
        """Move to the next frame; False with `idle` when none came for a while, and at the end."""
        self.idle = False
        while self.socket is not None:
            try:
                received = self.socket.recvmsg(self.snaplen, ROOM, socket.MSG_DONTWAIT | socket.MSG_TRUNC)
            except BlockingIOError:
                pass
            except OSError:  # ENETDOWN: what that means for the capture, `wait` knows
                pass
            else:
                self._take(*received)
                return True
            if not self.wait(self):
                return False
        return False

    def place(self, lost: int) -> None:
        """Where packets were dropped, each frame tells."""

    def give_back(self) -> None:
        """Let go of the socket."""
        self.socket = None

    def _take(self, data: bytes, control: list[tuple[int, int, bytes]], _: int, address: tuple[object, ...]) -> None:
        name, kind, hardware = str(address[0]), int(str(address[2])), int(str(address[3]))
        self.data, self.start, self.captured, self.length = data, 0, len(data), len(data)
        before, self.time, self.missed = self.time, self.clock.now(), 0
        self.number += 1
        self.interface, self.link = self.known(self._index(name), hardware)
        for level, what, body in control:
            if level == socket.SOL_SOCKET and what == TIMESTAMPNS:
                seconds, fraction = struct.unpack("@ll", body[: struct.calcsize("@ll")])
                self.time = self.clock.shown(min(max(seconds * 1_000_000_000 + fraction, 0), LATEST), before)
            elif level == socket.SOL_SOCKET and what == OVERFLOWED:
                total = int(struct.unpack_from("=I", body)[0])
                self.missed, self.overflowed = total - self.overflowed & 0xFFFFFFFF, total
            elif level == SOL_PACKET and what == AUXDATA:
                status, length, _, _, network, tag, sort = struct.unpack_from("=IIIHHHH", body)
                self.length = length
                if self.link == COOKED:
                    self.data = cooked(_address(address, self._index(name), kind), data[network:])
                elif status & TAGGED:
                    self.data = tagged(data, sort if status & TAG_KNOWN else VLAN, tag)
        if self.missed:
            self.losses.add(before or self.time, self.time, self.missed)
        self.position += self.length
        self.length += len(self.data) - self.captured
        self.captured = len(self.data)

    def _index(self, name: str) -> int:
        """The interface's index, of which Python tells only the name; 0 = it is gone."""
        if name not in self.indexes:
            try:
                self.indexes[name] = socket.if_nametoindex(name)
            except OSError:
                return 0
        return self.indexes[name]


def _address(address: tuple[object, ...], index: int, kind: int) -> bytes:
    """The struct sockaddr_ll that Python made the tuple of."""
    protocol, hardware, station = int(str(address[1])), int(str(address[3])), address[4]
    assert isinstance(station, bytes)
    head = struct.pack("=H", socket.AF_PACKET) + struct.pack(">H", protocol)
    return head + struct.pack("=iHBB8s", index, hardware, kind, len(station), station)

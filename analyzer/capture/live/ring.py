# not compiled: runs once a block; what runs once a frame is blocks.py
"""A packet socket of Linux with a ring that the kernel fills and we read in place (packet(7), TPACKET_V3).

Several interfaces have one socket that hears all of them, with a filter in front that keeps the wanted ones: one ring,
one order of frames, one count of drops.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import select
import socket
import struct
import time
from contextlib import suppress

from analyzer.capture.frame import TICK_NS, Frames
from analyzer.capture.live import filter as bpf
from analyzer.capture.live import rights
from analyzer.capture.live.blocks import BlockFrames
from analyzer.capture.live.clock import SteadyClock
from analyzer.capture.live.interfaces import ANY, COOKED, LINK_TYPES, Interface, find, interfaces
from analyzer.capture.live.plain import PlainFrames
from analyzer.capture.live.presence import PATIENCE_NS, Presence
from analyzer.capture.live.source import Stats, Wanted
from analyzer.capture.losses import Losses
from analyzer.errors import SourceError

BLOCK = 1 << 20
"""Bytes: holds the largest frame a capture may have (SNAPLEN) four times; a larger block comes out late."""

BLOCKS = 32
"""32 MiB: at 200,000 small frames a second, 27 MB/s in the ring, more than a second in which we may be held up."""

FRAME = 1 << 11

FEWEST = 2
"""Blocks of a ring: one that is read, one that is filled."""

RETIRE_MS = 40
"""A block that is not full comes out after that time, or twice that when the one before became full meanwhile."""

HELD_NS = 100_000_000
"""So old can a frame be that the kernel has not handed over: twice RETIRE_MS and a tick of its slowest timer, 100 Hz
(CONFIG_HZ)."""

POINTLESS_S = 0.001
"""So long we sleep when poll returns and no block is there, so as not to ask a million times a second."""

SOL_PACKET = 263
ADD_MEMBERSHIP, RX_RING, STATISTICS, AUXDATA, VERSION = 1, 5, 6, 8, 10
TPACKET_V3 = 2
PROMISCUOUS = 1
EVERYTHING = 3
"""PACKET_..., TPACKET_V3, PACKET_MR_PROMISC of linux/if_packet.h; ETH_P_ALL."""

ATTACH_FILTER = 26
TIMESTAMPNS = 35
OVERFLOWED = 40
"""SO_ATTACH_FILTER, SO_TIMESTAMPNS, SO_RXQ_OVFL of asm-generic/socket.h."""


class RingSource:
    """Frames of a packet socket.

    interrupted  an interface was away for a while
    interfaces  name and link type of those that frames came from; a frame's `interface` is the place in this list
    """

    name = "ring"

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.failed = self.interrupted = False
        self.interfaces: list[tuple[str, int]] = []
        self.wanted = Wanted(())
        self.socket: socket.socket | None = None
        self.frames: BlockFrames | PlainFrames | None = None
        self.presence: Presence | None = None
        self.poll = select.poll()
        self.late = False  # nothing came: when nothing is there at the next look either, that is said
        self.checked = 0  # when that was, by the clock of the frames
        self.woken = -1  # frames there were when poll returned last
        self.closing = 0  # when what the kernel holds has come out, in ns of the monotonic clock; 0 = not closing
        self.counted = Stats(0, 0, 0)
        self.clock = SteadyClock()
        self._numbers: dict[tuple[int, int], int] = {}

    def open(self, wanted: Wanted) -> Frames:
        """Begin to capture; SourceError with what to do when that cannot be done."""
        self.wanted = wanted
        named = [] if ANY in wanted.interfaces else [find(name) for name in dict.fromkeys(wanted.interfaces)]
        for interface in named:
            if not interface.up:
                raise SourceError(
                    f"cannot capture on `{interface.name}`: it is down", f"`ip link set {interface.name} up`"
                )
        program = self._program(named)
        self.socket = _packet_socket()
        try:
            self.frames = self._ring(self.socket) or self._plain(self.socket)
            self._begin(named, program)
        except BaseException:
            self._release()
            raise
        return self.frames

    def stats(self) -> Stats:
        """What was seen and lost so far."""
        if self.frames is not None:
            self.frames.place(self._lost())
        if self.presence is not None:
            self.counted.interface_drops = self.presence.dropped()
        return Stats(self.counted.seen, self.counted.kernel_drops, self.counted.interface_drops)

    def close(self) -> None:
        """Take no more frames; what the kernel holds comes out within HELD_NS."""
        if self.socket is not None and not self.closing:
            self.closing = time.monotonic_ns() + HELD_NS
            self._filter(bpf.NOTHING)

    def release(self) -> None:
        """Let go of the socket and its ring at once."""
        self.stats()
        self._release()

    @property
    def losses(self) -> Losses:
        """When the kernel dropped packets, as far as what was read shows."""
        return Losses() if self.frames is None else self.frames.losses

    def _lost(self) -> int:
        """How many packets were dropped since it was asked last; the kernel's counters begin anew each time."""
        if self.socket is None:
            return 0
        seen, drops = struct.unpack_from("=II", self.socket.getsockopt(SOL_PACKET, STATISTICS, 12))
        self.counted.seen += int(seen)
        self.counted.kernel_drops += int(drops)
        return int(drops)

    def _program(self, named: list[Interface]) -> list[bpf.Instruction]:
        """The filter, for the frames as these interfaces have them."""
        links = {interface.link for interface in named}
        link = links.pop() if len(links) == 1 else COOKED
        device = named[0].name if link != COOKED else ANY
        own = bpf.compiled(self.wanted.bpf, link, self.wanted.snaplen, device)
        return [*bpf.guard([interface.index for interface in named] if len(named) > 1 else ()), *own]

    def _begin(self, named: list[Interface], program: list[bpf.Instruction]) -> None:
        """From here on frames come in: the filter is there first, so there are none that it would not have passed."""
        assert self.socket is not None
        self._filter(program)
        if self.wanted.promiscuous:
            for interface in named:
                request = struct.pack("=iHH8x", interface.index, PROMISCUOUS, 0)
                self.socket.setsockopt(SOL_PACKET, ADD_MEMBERSHIP, request)
        self._bind(named)
        self.presence = Presence(named, self.warnings)
        self.poll.register(self.socket, select.POLLIN | select.POLLERR)
        self.poll.register(self.presence, select.POLLIN)

    def _bind(self, named: list[Interface]) -> None:
        """To the interface, or to all. By libc: Python takes names only, and none for all."""
        assert self.socket is not None
        index = named[0].index if len(named) == 1 else 0
        address = struct.pack("=H", socket.AF_PACKET) + struct.pack(">H", EVERYTHING) + struct.pack("=i12x", index)
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.bind(self.socket.fileno(), address, len(address)) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def _filter(self, program: list[bpf.Instruction]) -> None:
        assert self.socket is not None
        option, instructions = bpf.packed(program)
        self.socket.setsockopt(socket.SOL_SOCKET, ATTACH_FILTER, option)
        del instructions  # the kernel has its copy

    def _ring(self, taken: socket.socket) -> BlockFrames | None:
        """A cursor over a ring, half as large as long as the kernel refuses; None when it refuses any."""
        blocks = max(FEWEST, self.wanted.buffer // BLOCK if self.wanted.buffer else BLOCKS)
        wished = blocks
        while blocks >= FEWEST:
            try:
                memory = mapped(taken, blocks)
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                blocks //= 2
                continue
            if blocks < wished:
                self.warnings.append(
                    f"the ring has {blocks} MB and not {wished}: the kernel refused more ({reason}); bursts may be lost"
                )
            return BlockFrames(memory, BLOCK, blocks, self._wait, self._known, self._lost, self.clock)
        self.warnings.append(f"the kernel refused a ring ({reason}): frames are read one by one, bursts may be lost")
        return None

    def _plain(self, taken: socket.socket) -> PlainFrames:
        taken.setsockopt(SOL_PACKET, AUXDATA, 1)
        taken.setsockopt(socket.SOL_SOCKET, TIMESTAMPNS, 1)
        taken.setsockopt(socket.SOL_SOCKET, OVERFLOWED, 1)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BLOCK * BLOCKS)
        return PlainFrames(taken, self.wanted.snaplen, self._wait, self._known, self.clock)

    def _known(self, index: int, hardware: int) -> tuple[int, int]:
        """Number and link type of the interface that a frame came from."""
        link = LINK_TYPES.get(hardware, COOKED)
        number = self._numbers.get((index, hardware))
        if number is None:
            number = self._numbers[index, hardware] = len(self.interfaces)
            names = {interface.index: interface.name for interface in interfaces()}
            self.interfaces.append((names.get(index, f"if{index}"), link))
        return number, link

    def _wait(self, frames: Frames) -> bool:
        """Until there may be frames: True; False with `idle` when TICK_NS passed without, and without it at the end."""
        if self.socket is None or self.frames is None:
            return False
        if self.late:  # this look was the last one
            self.late = False
            if self.closing or self.failed:
                self.release()
                return False
            self.frames.place(self._lost())
            frames.time = max(frames.time, self.checked - HELD_NS)
            frames.idle = True
            return False
        limit = TICK_NS if not self.closing else max(min(TICK_NS, self.closing - time.monotonic_ns()), 0)
        ready = dict(self.poll.poll(limit / 1e6))
        self.checked = self.clock.now()
        if self.presence is not None and self.presence.fileno() in ready:
            self._moved()
        events = ready.get(self.socket.fileno(), 0)
        if events & select.POLLERR:
            self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # ENETDOWN; the route socket tells more
        if self.presence is not None and self.presence.given_up() and not self.closing:
            self.failed = True
            self.warnings.append(f"the capture ended: no interface came back within {PATIENCE_NS // 10**9} s")
            self.close()
        if events & select.POLLIN and frames.number == self.woken:  # for nothing: the kernel means another block
            time.sleep(POINTLESS_S)
        self.woken = frames.number
        self.late = not events & select.POLLIN and (not self.closing or time.monotonic_ns() >= self.closing)
        return True

    def _moved(self) -> None:
        """An interface came, went or changed; one that is there anew has another index, and is to be bound to anew."""
        assert self.presence is not None
        self.presence.look()
        self.interrupted = bool(self.presence.told)
        named = self.presence.present()
        if not self.presence.moved or not named or self.closing:
            return
        self.presence.moved = False
        with suppress(OSError):  # gone again, which will be told
            self._filter(self._program(named))
            self._bind(named)

    def _release(self) -> None:
        if self.frames is not None:
            self.frames.give_back()
        if self.presence is not None:
            self.presence.close()
        if self.socket is not None:
            self.socket.close()
        self.socket = self.presence = None


def _packet_socket() -> socket.socket:
    """A packet socket that hears nothing until it is bound."""
    try:
        return socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
    except PermissionError:
        raise SourceError("no right to capture", rights.how_to_get()) from None
    except (OSError, AttributeError) as error:
        reason = (getattr(error, "strerror", "") or str(error)).lower()
        raise SourceError(f"there are no packet sockets here: {reason}", "`--source` has others") from None


def mapped(taken: socket.socket, blocks: int) -> mmap.mmap:
    """The memory of a new ring; OSError when the kernel refuses it."""
    taken.setsockopt(SOL_PACKET, VERSION, TPACKET_V3)
    # struct tpacket_req3; frames have the size they have, but it wants to hear one that the blocks are made of
    taken.setsockopt(
        SOL_PACKET, RX_RING, struct.pack("=7I", BLOCK, blocks, FRAME, blocks * BLOCK // FRAME, RETIRE_MS, 0, 0)
    )
    try:
        return mmap.mmap(taken.fileno(), blocks * BLOCK, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
    except (OSError, ValueError) as error:
        taken.setsockopt(SOL_PACKET, RX_RING, struct.pack("=7I", 0, 0, 0, 0, 0, 0, 0))
        raise OSError(getattr(error, "errno", None) or errno.ENOMEM, str(error)) from None

"""Frames in a packet socket's ring, which the kernel fills block by block (packet(7), TPACKET_V3 of linux/if_packet.h).

A block is copied out whole, a tenth of a nanosecond a byte, and goes back to the kernel at once: how long its frames
take us is then no concern of the ring.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import time_ns

import cython

from analyzer.capture.frame import LATEST, Frames
from analyzer.capture.live.clock import SteadyClock
from analyzer.capture.live.rebuild import cooked, tagged
from analyzer.capture.losses import Losses

if not cython.compiled:
    from analyzer.capture.numbers import file_u16, file_u32

    def fence() -> None:
        """Order of memory accesses between the kernel and us; blocks.pxd has it. Python itself is too slow to need it,
        and x86 keeps the order."""


BIG = sys.byteorder == "big"

STATUS = 8
PACKETS = 12
FIRST = 16
USED = 20
LAST = 40
"""Bytes from the start of a block: struct tpacket_block_desc, tpacket_hdr_v1."""

OURS = 1
LOSING = 4
"""TP_STATUS_USER; TP_STATUS_LOSING: packets were dropped between the last look at the counters and the block's end."""

ADDRESS = 48
"""Bytes from a frame's struct tpacket3_hdr to its struct sockaddr_ll."""

TAGGED = 0x10
TAG_KNOWN = 0x40
"""TP_STATUS_VLAN_VALID, TP_STATUS_VLAN_TPID_VALID: a tag was taken out of the frame, and of which kind it was."""
VLAN = 0x8100

COOKED = 276

STEP_NS = 500_000_000
"""As SteadyClock has it."""


class BlockFrames(Frames):
    """A cursor over a ring.

    memory, words  the ring, as bytes and as 32-bit words, None = it was given back
    size, count    bytes of a block, and how many there are; taken: how many were taken out
    block, at, left  the copy that is read, where its next frame is, how many are left in it
    lost           tells how many packets were dropped since it was asked last
    gaps           packets dropped before a block, by its number; placed: the blocks before this one were looked at
    last           the time of the last frame in the block that was taken last
    given          when each block was given back last, ns
    losses         when packets were dropped
    clock, shift   tells by how much the system's clock was set back, which is added to what frames are stamped with
    wait           called when no block is full: True = look again; False = idle, or the end
    known          tells number and link type of an interface from its index and its ARPHRD_; key: of the current ones
    """

    def __init__(
        self,
        memory: object,
        size: int,
        count: int,
        wait: Callable[[Frames], bool],
        known: Callable[[int, int], tuple[int, int]],
        lost: Callable[[], int],
        clock: SteadyClock,
    ) -> None:
        super().__init__()
        self.memory = memory
        self.words: memoryview[int] | None = memoryview(memory).cast("I")  # type: ignore[arg-type]
        self.size = size
        self.count = count
        self.taken = self.placed = self.gap = self.last = 0
        self.clock = clock
        self.shift = 0
        self.lost = lost
        self.gaps: dict[int, int] = {}
        self.given = [0] * count
        self.losses = Losses()
        self.block = b""
        self.at = self.left = 0
        self.wait = wait
        self.known = known
        self.key = -1

    def advance(self) -> cython.bint:
        """Move to the next frame; False with `idle` when none came for a while, and at the end."""
        self.idle = False
        while not self.left:
            if not self.take() and not self.wait(self):
                return False
        block: bytes = self.block
        at: cython.Py_ssize_t = self.at
        self.left -= 1
        self.at = at + file_u32(block, at, BIG)
        time: cython.longlong = file_u32(block, at + 4, BIG)
        time = min(time * 1_000_000_000 + file_u32(block, at + 8, BIG), LATEST) + self.shift
        if time < self.time - STEP_NS or (self.shift and time > self.time + STEP_NS):
            time = self.set(time)
        self.missed = self.gap
        if self.gap:
            self.losses.add(self.time or time, time, self.gap)
            self.gap = 0
        self.time = time
        self.captured = file_u32(block, at + 12, BIG)
        self.length = file_u32(block, at + 16, BIG)
        self.start = at + file_u16(block, at + 24, BIG)
        self.data = block
        self.number += 1
        self.position += self.length
        key: cython.longlong = file_u32(block, at + ADDRESS + 4, BIG) << 16 | file_u16(block, at + ADDRESS + 8, BIG)
        if key != self.key:
            self.key = key
            self.interface, self.link = self.known(key >> 16, key & 0xFFFF)
        if self.link == COOKED or file_u32(block, at + 20, BIG) & TAGGED:
            self.rebuild(at)
        return True

    def set(self, time: cython.longlong) -> cython.longlong:
        """The time of a frame that is much earlier than the one before, or is not sure to be stamped since then."""
        stamp: cython.longlong = time - self.shift
        steady: cython.longlong = self.clock.of(stamp)
        self.shift = steady - stamp
        return steady

    def take(self) -> cython.bint:
        """Copy the next block out and give it back; False when the kernel has not filled it yet."""
        if self.words is None:
            return False
        begin: cython.Py_ssize_t = self.taken % self.count * self.size
        status: cython.Py_ssize_t = (begin + STATUS) // 4
        if not self.words[status] & OURS:
            return False
        fence()
        if self.words[status] & LOSING and self.taken >= self.placed:
            self.place(self.lost())
        used: cython.Py_ssize_t = self.words[(begin + USED) // 4]
        self.block = self.memory[begin : begin + used]  # type: ignore[index]
        fence()
        self.given[self.taken % self.count] = time_ns()
        self.words[status] = 0
        if self.gaps:
            self.gap = self.gaps.pop(self.taken, 0)
        self.taken += 1
        self.left = file_u32(self.block, PACKETS, BIG)
        last: cython.longlong = file_u32(self.block, LAST, BIG)
        self.last = last * 1_000_000_000 + file_u32(self.block, LAST + 4, BIG)
        self.at = file_u32(self.block, FIRST, BIG)
        return True

    def place(self, lost: cython.longlong) -> None:
        """Find where packets were dropped: before a block that says so, or before the one that is not full yet.

        The kernel drops while all blocks are full, so between two of them; a few also while it turns from one to the
        next. Of several places each has one at least.
        """
        if not lost or self.words is None:
            return
        turn: cython.Py_ssize_t = max(self.taken, self.placed)
        found: list[int] = []
        losing: list[int] = []
        while turn < self.taken + self.count:
            status = self.words[(turn % self.count * self.size + STATUS) // 4]
            if not status & OURS:
                break
            if status & LOSING:
                losing.append(turn)
                if self.full_before(turn):
                    found.append(turn)
            turn += 1
        if self.full_before(turn):
            found.append(turn)
        found = found or losing[:1] or [turn]
        self.placed = turn
        for turn in found[: min(lost, len(found))]:
            self.gaps[turn] = self.gaps.get(turn, 0) + 1
        self.gaps[found[0]] += max(lost - len(found), 0)
        if self.taken in self.gaps:  # nothing is known of what follows: it was between the last frame and now
            now: cython.longlong = self.clock.now()
            self.losses.add(self.time or now, now, 0)

    def full_before(self, turn: cython.Py_ssize_t) -> cython.bint:
        """Whether the block before was full when the one in this place was given back: then nothing was free."""
        if turn < self.count or self.words is None:
            return False
        given: int = self.given[turn % self.count]
        last: int = self.last
        if turn > self.taken:  # the one before was not given back, to be written over
            at: cython.Py_ssize_t = ((turn - 1) % self.count * self.size + LAST) // 4
            last = self.words[at] * 1_000_000_000 + self.words[at + 1]
        return turn - self.count >= self.taken or last <= given

    def rebuild(self, at: cython.Py_ssize_t) -> None:
        """The frame as it was on the wire, where the kernel took a tag out; the cooked one where that is not known."""
        block: bytes = self.block
        end: cython.Py_ssize_t = self.start + self.captured
        if self.link == COOKED:
            network: cython.Py_ssize_t = min(at + file_u16(block, at + 26, BIG), end)
            self.data = cooked(block[at + ADDRESS : at + ADDRESS + 20], block[network:end])
        else:
            kind: cython.longlong = VLAN
            if file_u32(block, at + 20, BIG) & TAG_KNOWN:
                kind = file_u16(block, at + 36, BIG)
            self.data = tagged(block[self.start : end], kind, file_u32(block, at + 32, BIG))
        self.start = 0
        self.length += len(self.data) - self.captured
        self.captured = len(self.data)

    def give_back(self) -> None:
        """Let go of the ring's memory; what was copied can still be read."""
        if self.words is not None:
            self.words.release()
            self.words = self.memory = None

"""Frames of a pcapng file (draft-ietf-opsawg-pcapng): sections of either byte order, interfaces with their own clocks.

Enhanced, simple and the obsolete packet blocks are frames, numbered through all sections as Wireshark does. Name
resolution and decryption secrets blocks are kept as they are, interface statistics give the drop counters and say how
long the capture went on, anything else is skipped. A block whose two length fields disagree, or that is larger than
16 MiB, is damage: the reader warns and goes on at the next block that makes sense.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

import cython

if not cython.compiled:
    from analyzer.capture.numbers import file_u16, file_u32

from analyzer.capture.frame import LATEST
from analyzer.capture.interface import BEYOND, InterfaceDescription, options
from analyzer.capture.reader import MOST_BYTES, Reader
from analyzer.capture.stream import Stream

Told: TypeAlias = Callable[[bytes, bool], object]

SECTION = 0x0A0D0D0A
INTERFACE = 1
OLD_PACKET = 2
SIMPLE_PACKET = 3
NAMES = 4
STATISTICS = 5
PACKET = 6
SECRETS = 10

BYTE_ORDER = 0x1A2B3C4D
MAGIC = b"\x0a\x0d\x0d\x0a"

BYTE_ORDERS = (b"\x4d\x3c\x2b\x1a", b"\x1a\x2b\x3c\x4d")
"""The byte-order magic as it stands in a file, little- and big-endian."""

LARGEST_BLOCK = MOST_BYTES

LOOKAHEAD = 1 << 19
"""Largest block accepted as the place to go on after damage: twice libpcap's largest packet."""

HINTS = {
    False: re.compile(rb"[\x01-\x06\x0a]\x00{3}..[\x00-\x08]\x00|\x0a\x0d\x0d\x0a", re.DOTALL),
    True: re.compile(rb"\x00{3}[\x01-\x06\x0a]\x00[\x00-\x08]|\x0a\x0d\x0d\x0a", re.DOTALL),
}
"""By big-endian: the type of a block that `begins` knows and a length up to LOOKAHEAD."""

LARGEST_WHOLE = 0xFFFF + 256
"""Bytes of a block with the largest IP packet; what claims more near the end may be damage and not a cut."""

MOST_INTERFACES = 1 << 16
"""Interface descriptions kept in one file; frames of later ones are damage."""

MOST_KEPT = 1 << 24
"""Bytes of name and secret blocks kept; later ones are left out, with a warning."""


WORK = 64
"""Bytes of a block, 16 options at most, that are as much work as a packet."""


OPTION_LOST = 4
"""epb_dropcount of an enhanced packet block."""
UNKNOWN_LOSS = 0xFFFF
"""What an old packet block has when its writer does not know (draft-ietf-opsawg-pcapng appendix A)."""
OPTION_START = 2
OPTION_END = 3
OPTION_RECEIVED = 4
OPTION_DROPS = 5
OPTION_SYSTEM_DROPS = 7
"""Of an interface statistics block; the two drop counters count different losses (draft-ietf-opsawg-pcapng 4.6)."""
OPTION_RESOLUTION = 9
OPTION_OFFSET = 14


class PcapngFrames(Reader):
    """The packet blocks of one pcapng file.

    big            byte order of the current section
    interfaces     those of all sections; `section_start` is the index of the current section's first
    name_blocks    bodies of name resolution blocks with their byte order: (big, bytes)
    secret_blocks  bodies of decryption secrets blocks with their byte order: (big, bytes)
    kept           bytes in those two lists
    told           is called with each of the latter as it comes, (body, big); None = nobody wants to know
    current        the interface of the current frame, current_index its number within the section

    A simple packet block has no time: its frame gets the time of the frame before, 0 for the first.
    """

    def __init__(self, stream: Stream, name: str) -> None:
        """The stream must begin with MAGIC."""
        super().__init__(stream, name)
        self.unit = "block"
        self.lookahead = LOOKAHEAD
        self.shortest = 12
        self.big = False
        self.interfaces: list[InterfaceDescription] = []
        self.name_blocks: list[tuple[bool, bytes]] = []
        self.secret_blocks: list[tuple[bool, bytes]] = []
        self.told: Told | None = None
        self.kept = self.section_start = 0
        self.current_index = -1
        self.current = InterfaceDescription(0, 0)

    @property
    def dropped(self) -> int:
        """Packets the capturing interfaces dropped, as far as statistics blocks or packets say so."""
        return max(sum(interface.dropped for interface in self.interfaces), self.losses.packets)

    @property
    def clamped(self) -> int:
        """How many times were not within 1970 to 2106."""
        return sum(interface.clamped for interface in self.interfaces)

    def header(self) -> cython.bint:
        """See that the section header block is whole, or that blocks follow one whose length is damaged."""
        if not self.more(28) or not self.section(self.at):
            return False
        total: cython.longlong = file_u32(self.data, self.at + 4, self.big)
        if total < 12 or total > LARGEST_BLOCK or self.more(total + 3 & ~3):
            return True
        return bool(self.recover_cut())

    def advance(self) -> cython.bint:
        """Move to the next packet block; False at the end of what is readable."""
        while True:
            if self.number > self.allowed:
                return self.too_many()
            if self.size - self.at < 12 and not self.more(12):
                return self.finish()
            kind: cython.longlong = file_u32(self.data, self.at, self.big)
            if kind == SECTION and not self.section(self.at):
                if self.idle or (self.ended and self.size - self.at < 28):
                    return self.finish()
                if not self.recover():
                    return False
                continue
            total: cython.longlong = file_u32(self.data, self.at + 4, self.big)
            if total < 12 or total > LARGEST_BLOCK:
                if not self.recover():
                    return False
                continue
            space: cython.longlong = total + 3 & ~3  # some writers forget the padding in the length, as Wireshark knows
            if self.size - self.at < space and not self.more(space):
                if not self.idle and (total > LARGEST_WHOLE or kind == SECTION) and self.recover_cut():
                    continue
                return self.finish()
            at: cython.Py_ssize_t = self.at
            if file_u32(self.data, at + space - 4, self.big) != total:
                if not self.recover():
                    return False
                continue
            self.at = at + space
            if kind in (PACKET, SIMPLE_PACKET, OLD_PACKET):
                if self.packet(kind, at, total):
                    return True
            else:
                self.work(1 + total // WORK)
                self.other(kind, at, total)

    def section(self, at: cython.Py_ssize_t) -> cython.bint:
        """Take the byte order of the section header at `at`; False when it is none."""
        if self.size - at < 28 and not self.more(28):
            return False
        if file_u32(self.data, self.at + 8, False) == BYTE_ORDER:
            self.big = False
        elif file_u32(self.data, self.at + 8, True) == BYTE_ORDER:
            self.big = True
        else:
            return False
        return True

    def packet(self, kind: cython.longlong, at: cython.Py_ssize_t, total: cython.longlong) -> cython.bint:
        """Make the packet block at `at` the current frame; False, with a warning, when it contradicts itself."""
        head: cython.Py_ssize_t = 12 if kind == SIMPLE_PACKET else 28
        index: cython.longlong = 0
        if total < head + 4:
            return self._contradiction()
        if kind == PACKET:
            index = file_u32(self.data, at + 8, self.big)
        elif kind == OLD_PACKET:
            index = file_u16(self.data, at + 8, self.big)
        if index != self.current_index and not self.select(index):
            return self._contradiction()
        if kind == SIMPLE_PACKET:
            self.length = file_u32(self.data, at + 8, self.big)
            self.captured = min(self.length, total - 16)
            if 0 < self.current.snaplen < self.captured:
                self.captured = self.current.snaplen
        elif not self.enhanced(kind, at, total):
            return self._contradiction()
        if self.current.frames == 0:
            self.current.first = self.time
        self.current.frames += 1
        self.start = at + head
        self.link = self.current.link
        self.number += 1
        return True

    def enhanced(self, kind: cython.longlong, at: cython.Py_ssize_t, total: cython.longlong) -> cython.bint:
        """Time, lengths and losses of an enhanced packet block, or an old one; False when it contradicts itself."""
        data: bytes = self.data
        big: cython.bint = self.big
        lost: cython.longlong = 0
        captured: cython.longlong = file_u32(data, at + 20, big)
        if captured > total - 32:
            return False
        high: cython.ulonglong = file_u32(data, at + 12, big)
        low: cython.ulonglong = file_u32(data, at + 16, big)
        self.time = self.current.nanoseconds(high << 32 | low)
        self.captured = captured
        self.length = file_u32(data, at + 24, big)
        if kind == OLD_PACKET:
            lost = file_u16(data, at + 10, big)
            if lost == UNKNOWN_LOSS:
                lost = 0
        elif total - 32 - (captured + 3 & ~3) >= 12:
            lost = self.lost_before(at + 28 + (captured + 3 & ~3), at + total - 4)
        if lost:
            self.losses.add(self.current.last or self.time, self.time, lost)
        self.current.last = self.time
        return True

    def lost_before(self, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.longlong:
        """The option epb_dropcount: packets lost between this one and the one before of the same interface."""
        found = options(self.data[at:end], self.big).get(OPTION_LOST, b"")
        return min(int.from_bytes(found, "big" if self.big else "little"), LATEST) if len(found) == 8 else 0

    def select(self, index: cython.longlong) -> cython.bint:
        """Make interface `index` of the section the current one; False when it was never described."""
        place: cython.longlong = self.section_start + index
        if place >= len(self.interfaces):
            return False
        self.current = self.interfaces[place]
        self.current_index = index
        self.interface = place
        return True

    def work(self, packets: cython.longlong) -> cython.bint:
        """Something that is no packet took as much work as so many."""
        self.others += packets
        self.allowed -= packets
        return True

    def _contradiction(self) -> cython.bint:
        self.work(1)
        self.damage(f"`{self.name}` has a damaged packet block after packet {self.number}; it was ignored")
        return False

    def other(self, kind: cython.longlong, at: cython.Py_ssize_t, total: cython.longlong) -> None:
        """Take what matters from a block that is no packet."""
        if kind == SECTION:
            self.section_start = len(self.interfaces)
            self.current_index = -1
        elif kind == INTERFACE:
            self.add_interface(at, total)
        elif kind in (NAMES, SECRETS):
            self.keep(self.name_blocks if kind == NAMES else self.secret_blocks, at, total)
            if kind == SECRETS and self.told is not None and self.kept <= MOST_KEPT:
                self.told(self.data[at + 8 : at + total - 4], bool(self.big))
        elif kind == STATISTICS:
            self.statistics(at, total)

    def keep(self, blocks: list[tuple[bool, bytes]], at: int, total: int) -> None:
        """Keep the body of a block, up to MOST_KEPT bytes in all."""
        self.kept += total
        if self.kept <= MOST_KEPT:
            blocks.append((bool(self.big), self.data[at + 8 : at + total - 4]))
        elif self.kept - total <= MOST_KEPT:
            self.warnings.append(
                f"`{self.name}` has more than 16 MiB of names and secrets; the rest of them was ignored"
            )

    def add_interface(self, at: cython.Py_ssize_t, total: cython.longlong) -> None:
        """Read an interface description block."""
        if total < 20 or len(self.interfaces) >= MOST_INTERFACES:
            self.damage(f"`{self.name}` has a damaged interface block after packet {self.number}; it was ignored")
            return
        found: InterfaceDescription = InterfaceDescription(
            file_u16(self.data, at + 8, self.big), file_u32(self.data, at + 12, self.big)
        )
        more = options(self.data[at + 16 : at + total - 4], self.big)
        if more.get(OPTION_RESOLUTION):
            found.resolution(more[OPTION_RESOLUTION][0])
        if len(more.get(OPTION_OFFSET, b"")) == 8:
            seconds = int.from_bytes(more[OPTION_OFFSET], "big" if self.big else "little", signed=True)
            found.seconds = seconds
            found.offset = max(-BEYOND - 1, min(seconds * 1_000_000_000, BEYOND))
        self.interfaces.append(found)

    def statistics(self, at: cython.Py_ssize_t, total: cython.longlong) -> None:
        """Read an interface statistics block; its counters count from the start, so the last one holds."""
        if total < 24:
            return
        place: cython.longlong = self.section_start + file_u32(self.data, at + 8, self.big)
        if place >= len(self.interfaces):
            return
        interface: InterfaceDescription = self.interfaces[place]
        found = options(self.data[at + 20 : at + total - 4], self.big)
        dropped = min(self._counter(found, OPTION_DROPS) + self._counter(found, OPTION_SYSTEM_DROPS), LATEST)
        if dropped > interface.dropped and interface.counted:
            self.losses.add(interface.counted, self.time, dropped - interface.dropped)
        interface.dropped, interface.counted = dropped, self.time
        if OPTION_RECEIVED in found:
            interface.received = self._counter(found, OPTION_RECEIVED)
        interface.started = self._instant(found, OPTION_START, interface)
        interface.ended = self._instant(found, OPTION_END, interface)

    def _counter(self, found: dict[int, bytes], code: int) -> int:
        """A 64-bit counter, 0 when it is absent, cut off at LATEST."""
        value = found.get(code, b"")
        return min(int.from_bytes(value, "big" if self.big else "little"), LATEST) if len(value) == 8 else 0

    def _instant(self, found: dict[int, bytes], code: int, interface: InterfaceDescription) -> int:
        """A time in the interface's ticks, the high 32 bits first as in packet blocks; 0 when it is absent."""
        value = found.get(code, b"")
        if len(value) != 8:
            return 0
        high: cython.ulonglong = file_u32(value, 0, self.big)
        low: cython.ulonglong = file_u32(value, 4, self.big)
        return interface.nanoseconds(high << 32 | low)

    @property
    def end_time(self) -> int:
        """Up to when all interfaces that have frames were captured, ns; 0 = not all of them say so."""
        return min([interface.end_time() for interface in self.interfaces if interface.frames], default=0)

    def recover_cut(self) -> bool:
        """A block runs over the end: find whole blocks behind its head, which show that its length is damaged."""
        start, self.at = self.at, self.at + 1
        if self.seek_frame():
            self.damage(f"`{self.name}` is damaged after packet {self.number}; reading went on at the next whole block")
            return True
        if self.given_up:
            start = self.size  # `finish` tells it
        self.at = start
        return False

    def hint(self) -> tuple[re.Pattern[bytes], int]:
        """The type and length of a block that is known."""
        return HINTS[self.big], 0

    def begins(self, at: cython.Py_ssize_t) -> cython.bint:
        """Whether a whole block of a known kind begins at `at`, its two length fields agreeing."""
        kind: cython.longlong = file_u32(self.data, at, self.big)
        big: cython.bint = self.big
        if kind == SECTION and at + 12 <= self.size:
            big = file_u32(self.data, at + 8, True) == BYTE_ORDER
        elif not (INTERFACE <= kind <= PACKET or kind == SECRETS):
            return False
        total: cython.longlong = file_u32(self.data, at + 4, big)
        if total < 16 or total & 3 or total > LOOKAHEAD or at + total > self.size:
            return False
        return file_u32(self.data, at + total - 4, big) == total

# not compiled: works a batch of frames at a time; what every frame passes is writer.py
"""The file that `-w` names, pcapng (draft-ietf-opsawg-pcapng): a section, interfaces, packets, statistics at the end.

It belongs to who called, also through sudo, and nobody else may read it. It is whole after every batch: what reads
it meanwhile, or after a crash, finds no half block. With a ring, files follow each other and the oldest is removed;
their names are dumpcap's, so that they are one capture for whoever reads them (`analyzer.capture.sets`).

A place that takes no more (a full disk, a reader of a pipe that has gone) is told once, and the capture goes on
without the file: the verdicts are what matters.
"""

from __future__ import annotations

import os
import platform
import re
import stat
import struct
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from analyzer.capture.live import rights
from analyzer.capture.live.source import SNAPLEN, Stats
from analyzer.errors import UsageError

SECTION, INTERFACE, STATISTICS = 0x0A0D0D0A, 1, 5
BYTE_ORDER = 0x1A2B3C4D
"""As in analyzer.capture.pcapng, which has them as numbers of C alone when it is compiled."""

PRIVATE = 0o600
"""What is captured is somebody's traffic: dumpcap opens its files so as well."""

UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}
"""Bytes by the letters before `B`; as in dumpcap's `-b filesize`, a kB is 1,000 bytes."""

SMALLEST = 1 << 16
"""Bytes: a file of a ring that is smaller holds a few dozen packets, which is a mistyped unit."""

NO_LIMIT = 1 << 62
"""Bytes: more than any disk has."""

OWN_FOLDER = "name a file in a directory of your own"

HARDWARE, SYSTEM, APPLICATION = 2, 3, 4
"""Options of a section header block."""
NAME, RESOLUTION, FILTER = 2, 9, 11
"""Options of an interface description block."""
COMMENT, START, END, RECEIVED, INTERFACE_DROPS, KERNEL_DROPS = 1, 2, 3, 4, 5, 7
"""Options of an interface statistics block, and the comment that every block can have."""

NANOSECONDS = b"\x09"
LIBPCAP_STRING = b"\x00"
"""if_filter: what follows is in libpcap's language."""


@dataclass(frozen=True, slots=True)
class Ring:
    """So many files of so many bytes; the oldest makes room for the next."""

    files: int
    size: int

    @classmethod
    def parse(cls, text: str) -> Ring:
        """`10x100MB`; UsageError for anything else."""
        found = re.fullmatch(r"(\d{1,6})[x*](\d{1,12})([kmg]i?|)b?", text.strip(), re.IGNORECASE)
        if found is None:
            raise UsageError(f"`{text}` is no ring of files", "so many files of so many bytes: `--ring 10x100MB`")
        ring = cls(int(found[1]), int(found[2]) * UNITS[found[3].lower()])
        if ring.files < 2 or ring.size < SMALLEST:
            raise UsageError(f"`{text}` is too small for a ring", "two files of 64 KiB at least: `--ring 10x100MB`")
        return ring


class SaveFile:
    """The file, or the ring of them.

    interfaces  name and link type (-1 = not known yet) by the index in the capture; may become more
    comment   what the file is of, for its reader
    stats     what was lost so far, asked at the end of each file
    room      bytes that still fit into the current file of a ring; filled: there is a packet in it
    started, ended  the first and the last time the capture has shown, of the current file
    warnings  why the file ends before the capture does; `failed` tells whether it does
    described  the interfaces of the section: (index in the capture, link type) of each
    """

    def __init__(
        self,
        path: Path,
        *,
        ring: Ring | None = None,
        force: bool = False,
        interfaces: Sequence[tuple[str, int]] = (),
        bpf: str = "",
        snaplen: int = SNAPLEN,
        comment: str = "",
        stats: Callable[[], Stats] = Stats,
    ) -> None:
        self.path = path
        self.ring = ring
        self.interfaces = interfaces
        self.bpf = bpf
        self.snaplen = snaplen
        self.comment = comment
        self.stats = stats
        self.warnings: list[str] = []
        self.failed = False
        self.described: list[tuple[int, int]] = []
        self.count = self.size = self.started = self.ended = 0
        self.counted = Stats(0, 0, 0)
        self.files: deque[Path] = deque()
        self.descriptor = -1
        self.regular = True
        self.filled = False
        if ring is None:
            refuse_existing(path, force)
        elif not rights.caller_may_write(path.parent):  # rights are given up before the second file is made
            raise UsageError(
                f"cannot make the files of a ring in `{path.parent}`: they are made as who called", OWN_FOLDER
            )
        try:
            self._create(force)
        except OSError as error:
            self._remove_empty()
            raise cannot_write(path, error) from None

    @property
    def room(self) -> int:
        """Bytes that fit into the current file before the next is due."""
        return NO_LIMIT if self.ring is None else self.ring.size - self.size

    def describe(self, interface: int, link: int) -> int:
        """The number, in the file, of an interface of the capture with this link type; described when it is new.

        Interfaces before it that had no packet yet are described as well, so that the numbers are the same; when
        their link types are not known they get its own.
        """
        wanted = (interface, link)
        if wanted not in self.described:
            for index in range(len(self.described), interface):
                known = self.interfaces[index][1] if index < len(self.interfaces) else -1
                self._add((index, known if known >= 0 else link))
            self._add(wanted)
        return self.described.index(wanted)

    def _add(self, interface: tuple[int, int]) -> None:
        self.described.append(interface)
        self.write(self._interface(*interface))

    def write(self, data: bytes | memoryview) -> None:
        """Append whole blocks; when the place takes no more, tell it once and write nothing any longer."""
        if self.failed:
            return
        try:
            self._append(data)
        except OSError as error:
            self._give_up(error)

    def _append(self, data: bytes | memoryview) -> None:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self.descriptor, rest) :]
        except BaseException:  # Ctrl-C as well: what is written again must not follow a part of itself
            if self.regular:
                with suppress(OSError):
                    os.ftruncate(self.descriptor, self.size)
            raise
        self.size += len(data)

    def rotate(self) -> None:
        """Go on in the next file of the ring, with the same interfaces."""
        if self.failed or self.ring is None:
            return
        self.write(self._statistics())
        try:
            os.close(self.descriptor)
            self._create(False)
            self._append(b"".join(self._interface(*interface) for interface in self.described))
        except OSError as error:
            self._give_up(error)
            return
        while len(self.files) > self.ring.files:
            with suppress(OSError):  # somebody may have taken it away
                self.files.popleft().unlink()

    def close(self) -> None:
        """Write how it ended, and release it."""
        if self.descriptor >= 0:
            self.write(self._statistics())
            os.close(self.descriptor)
        self.descriptor = -1

    def _create(self, force: bool) -> None:
        """Open the next file and write its section header."""
        self.descriptor = -1
        self.count += 1
        path = self.path if self.ring is None else self._member()
        exists = self.ring is None and path.exists()
        flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOCTTY", 0)
        if not exists:
            flags |= os.O_CREAT | os.O_EXCL  # a link that somebody else left there is not followed
        elif force:
            flags |= os.O_TRUNC
        self.descriptor = os.open(path, flags, PRIVATE)
        self.files.append(path)
        self.regular = stat.S_ISREG(os.fstat(self.descriptor).st_mode)
        if not exists:
            rights.give_to_caller(self.descriptor)
        self.size = 0
        self.filled = False
        self.started = self.ended
        self._append(section(self.comment))

    def _remove_empty(self) -> None:
        """Nothing could be written into the file that was made just now."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1
            if self.regular and not self.size:
                self.files[-1].unlink()

    def _member(self) -> Path:
        """The name of the next file of a ring, as dumpcap makes it, with the local time."""
        stamp = time.strftime("%Y%m%d%H%M%S")
        return self.path.with_name(f"{self.path.stem}_{self.count:05}_{stamp}{self.path.suffix}")

    def _give_up(self, error: OSError) -> None:
        """Say so; the file is as it was after its last whole block."""
        self.failed = True
        why = (error.strerror or str(error)).lower()
        name = self.files[-1] if self.files else self.path
        self.warnings.append(f"`{name}` is not written any further: {why}; capturing went on without it")

    def _interface(self, interface: int, link: int) -> bytes:
        """An interface description block."""
        options = _text(NAME, self.interfaces[interface][0]) if interface < len(self.interfaces) else b""
        options += option(RESOLUTION, NANOSECONDS)
        if self.bpf:
            options += option(FILTER, LIBPCAP_STRING + self.bpf.encode(errors="replace"))
        return block(INTERFACE, struct.pack("=HHI", link, 0, self.snaplen) + options + option(0, b""))

    def _statistics(self) -> bytes:
        """A statistics block for each interface: the losses since this file began, so that those of a ring add up.

        Drops are counted for all interfaces together; they stand with the first.
        """
        now, before = self.stats(), self.counted
        self.counted = Stats(*(max(0, count) for count in (now.seen, now.kernel_drops, now.interface_drops)))
        times = option(START, _ticks(self.started)) + option(END, _ticks(self.ended))
        losses = b""
        if now.seen >= 0 and len(self.described) == 1:
            losses += option(RECEIVED, struct.pack("=Q", max(0, now.seen - before.seen)))
        if now.interface_drops >= 0:
            losses += option(INTERFACE_DROPS, struct.pack("=Q", max(0, now.interface_drops - before.interface_drops)))
        if now.kernel_drops >= 0:
            losses += option(KERNEL_DROPS, struct.pack("=Q", max(0, now.kernel_drops - before.kernel_drops)))
        if losses and len(self.described) > 1:
            losses += _text(COMMENT, "the drops of all interfaces together")
        return b"".join(
            block(
                STATISTICS,
                struct.pack("=I", index) + _ticks(self.ended) + times + (b"" if index else losses) + option(0, b""),
            )
            for index in range(len(self.described))
        )


def refuse_existing(path: Path, force: bool) -> None:
    """UsageError when `path` cannot be it: a file unasked, a directory never; pipes and devices may be written to."""
    if str(path) == "-":
        raise UsageError("`-w` takes a file", "for a pipe: `-w /dev/stdout -o rows.csv`")
    if path.is_dir():
        raise UsageError(f"`{path}` is a directory", "name a file in it")
    if path.is_file() and not force:
        raise UsageError(f"`{path}` exists", "`--force` writes over it")


def cannot_write(path: Path, error: OSError) -> UsageError:
    """The error for a file that cannot be created."""
    hint = None
    if isinstance(error, PermissionError):
        hint = OWN_FOLDER
    return UsageError(f"cannot write `{path}`: {(error.strerror or str(error)).lower()}", hint)


def section(comment: str = "") -> bytes:
    """A section header block: what made the file, and where; and what the file is of."""
    from analyzer.version import version

    body = struct.pack("=IHHq", BYTE_ORDER, 1, 0, -1) + _text(HARDWARE, platform.machine())
    body += _text(SYSTEM, f"{platform.system()} {platform.release()}") + _text(APPLICATION, f"whyfetch {version()}")
    body += _text(COMMENT, comment) if comment else b""
    return block(SECTION, body + option(0, b""))


def block(kind: int, body: bytes) -> bytes:
    """A block, in this machine's byte order."""
    body += bytes(-len(body) % 4)
    return struct.pack("=II", kind, len(body) + 12) + body + struct.pack("=I", len(body) + 12)


def option(code: int, value: bytes) -> bytes:
    """An option, padded; 0 is the end of them."""
    return struct.pack("=HH", code, len(value)) + value + bytes(-len(value) % 4)


def _text(code: int, value: str) -> bytes:
    return option(code, value.encode(errors="replace"))


def _ticks(nanoseconds: int) -> bytes:
    """A time, its high 32 bits first."""
    return struct.pack("=II", nanoseconds >> 32, nanoseconds & 0xFFFFFFFF)

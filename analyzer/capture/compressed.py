# not compiled: the time is spent in the decompression libraries
"""Compressed captures, told by content and never by name: gzip, zstd, xz, bzip2, lz4 (frame format).

Everything streams. No step yields more than a few MiB at once, whatever the input claims, so a decompression bomb takes
no memory; what grows beyond MOST_GROWTH is given up. Several members, frames or streams in a row are one capture, as
`zcat` and friends have it; zero padding between and after them is ignored, and so are skippable frames, which pzstd
puts before each of its own.
"""

from __future__ import annotations

import bz2
import lzma
import sys
import zlib
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from types import ModuleType
from typing import Any, Protocol

from analyzer.capture.stream import Stream

OUTPUT = 1 << 20
"""Bytes of output asked for at once."""

FREE_OUTPUT = 1 << 26
MOST_GROWTH = 1 << 12
"""Compressed input may become 64 MiB, and so many bytes for each byte of its own. Captures become a tenth to a
hundredth. The most is 65 kB of zeros in one frame, where some 16 bytes stay that nothing compresses: time, sequence
number, checksum. Bombs have a factor of 30,000 (zstd) to a million (bzip2)."""

XZ_MEMORY = 1 << 27
"""`xz -9` needs 65 MiB (xz(1), table of presets); twice that leaves room, and a hostile header gets no more."""

ZSTD_WINDOW = 27
"""Logarithm of the largest window that zstd itself accepts without being asked to (`--long=27`, zstd(1))."""

ZSTD_INPUT = 256
"""Bytes fed at once: damage among them costs what they would have become, at most 64 blocks of 128 KiB."""


class _Decoder(Protocol):
    def feed(self, data: bytes) -> bytes: ...
    @property
    def hungry(self) -> bool: ...
    @property
    def done(self) -> bool: ...
    @property
    def rest(self) -> bytes: ...


class _Standard:
    """bz2, lzma and lz4.frame share one interface."""

    def __init__(self, library: Any) -> None:
        self.library = library

    def feed(self, data: bytes) -> bytes:
        return bytes(self.library.decompress(data, OUTPUT))

    @property
    def hungry(self) -> bool:
        return bool(self.library.needs_input)

    @property
    def done(self) -> bool:
        return bool(self.library.eof)

    @property
    def rest(self) -> bytes:
        return bytes(self.library.unused_data or b"")


class _Gzip:
    """One gzip member; zlib hands back the input that the output limit left over.

    zlib keeps the output of a call that meets damage to itself: such a call is repeated byte by byte, so that
    everything before the damage is read. `failed` is raised by the next call.
    """

    def __init__(self) -> None:
        self.library = zlib.decompressobj(wbits=31)
        self.failed: zlib.error | None = None

    def feed(self, data: bytes) -> bytes:
        if self.failed:
            raise self.failed
        data = self.library.unconsumed_tail + data
        before = self.library.copy()
        try:
            return self.library.decompress(data, OUTPUT)
        except zlib.error as error:
            self.failed = error
            return self._up_to_damage(before, data)

    def _up_to_damage(self, library: zlib._Decompress, data: bytes) -> bytes:
        output: list[bytes] = []
        with suppress(zlib.error):
            for at in range(len(data)):
                output.append(library.decompress(data[at : at + 1]))  # keeps what came before the error
        return b"".join(output)

    @property
    def hungry(self) -> bool:
        return not self.library.unconsumed_tail and not self.failed

    @property
    def done(self) -> bool:
        return self.library.eof

    @property
    def rest(self) -> bytes:
        return self.library.unused_data


def zstd() -> ModuleType:
    """Python's own module (from 3.14 on), or its backport, which has the same interface."""
    return import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")


class _Zstd:
    """One zstd frame; what was read before damage is kept piece by piece, so it gets its input in small pieces."""

    def __init__(self) -> None:
        library = zstd()
        self.library = library.ZstdDecompressor(options={library.DecompressionParameter.window_log_max: ZSTD_WINDOW})
        self.waiting = memoryview(b"")

    def feed(self, data: bytes) -> bytes:
        if data:
            self.waiting = memoryview(bytes(self.waiting) + data)
        output: list[bytes] = []
        size = 0
        while not (self.hungry or self.library.eof) and size < OUTPUT:
            taken = ZSTD_INPUT if self.library.needs_input else 0
            piece = self.library.decompress(self.waiting[:taken], OUTPUT)
            self.waiting = self.waiting[taken:]
            output.append(piece)
            size += len(piece)
        return b"".join(output)

    @property
    def hungry(self) -> bool:
        return not self.waiting and bool(self.library.needs_input)

    @property
    def done(self) -> bool:
        return bool(self.library.eof)

    @property
    def rest(self) -> bytes:
        return bytes(self.library.unused_data) + bytes(self.waiting)


def _lz4() -> _Decoder:
    import lz4.frame

    return _Standard(lz4.frame.LZ4FrameDecompressor())


ZSTD, LZ4 = b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18"
FORMATS: dict[bytes, tuple[str, Callable[[], _Decoder]]] = {
    b"\x1f\x8b\x08": ("gzip", _Gzip),
    ZSTD: ("zstd", _Zstd),
    b"\xfd7zXZ\x00": ("xz", lambda: _Standard(lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY))),
    b"BZh": ("bzip2", lambda: _Standard(bz2.BZ2Decompressor())),
    LZ4: ("lz4", _lz4),
}
"""First bytes: RFC 1952 2.3.1, RFC 8878 3.1.1, the xz file format 2.1.1.1, bzip2, lz4_Frame_format.md."""

LONGEST_MAGIC = 6


def compression(first: bytes) -> bytes:
    """The magic of the compression that `first` begins with, b"" = none."""
    for magic in FORMATS:
        if first.startswith(magic):
            return magic
    return ZSTD if _skippable(first) else b""


def _skippable(data: bytes) -> bool:
    """Whether a frame without content begins here, as zstd and lz4 may have (RFC 8878 3.1.2)."""
    return data[1:4] == b"\x2a\x4d\x18" and data[0] >> 4 == 5


def cut_in_header(data: bytes) -> bool:
    """Whether compressed data ends within its header (RFC 1952 2.3, RFC 8878 3.1.1.1 ...), so that nothing follows."""
    if data.startswith(b"\x1f\x8b"):
        return len(data) < 10 or _gzip_fields_end(data) > len(data)
    if data.startswith(ZSTD):
        flags = data[4] if len(data) > 4 else 0
        single = flags >> 5 & 1
        return len(data) < 6 - single + (0, 1, 2, 4)[flags & 3] + (single, 2, 4, 8)[flags >> 6]
    if data.startswith(LZ4):
        flags = data[4] if len(data) > 4 else 0
        return len(data) < 7 + (flags & 8) + (flags & 1) * 4
    return len(data) < (12 if data.startswith(b"\xfd") else 4)


def _gzip_fields_end(data: bytes) -> int:
    """Where the optional fields behind the first 10 bytes end; beyond `data` when they are not whole."""
    flags, at = data[3], 10
    if flags & 4:
        at += 2 + int.from_bytes(data[at : at + 2], "little")
    for name in (8, 16):
        if flags & name:
            end = data.find(b"\0", at)
            at = end + 1 if end >= 0 else len(data) + 1
    return at + (flags & 2)


class Decompressed:
    """The content of a compressed stream; damage ends it and is told in `problem`.

    kept   bytes behind the end of a member that may become the beginning of the next one
    """

    def __init__(self, magic: bytes, source: Stream) -> None:
        self.magic = magic
        self.source = source
        self.packing, self.make = FORMATS[magic]
        self.decoder = self.make()
        self.total = source.total
        self.problem = ""
        self.notes: list[str] = []
        self.ended = False
        self.produced = 0
        self.kept = b""

    @property
    def consumed(self) -> int:
        return self.source.consumed

    @consumed.setter
    def consumed(self, value: int) -> None:
        self.source.consumed = value

    @property
    def idle(self) -> bool:
        return self.source.idle and not self.ended

    @property
    def arrived(self) -> int:
        return self.source.arrived

    @property
    def stopped(self) -> bool:
        return self.source.stopped

    def read(self) -> bytes:
        while not self.ended:
            try:
                data = self._step()
            except Exception as error:  # each library has its own error class, zstd's and lz4's are not importable here
                self._stop(f"damaged {self.packing} data ({str(error).strip().rstrip('.').lower()})")
                break
            if not data and (self.source.idle or self.source.stopped):
                return b""
            if data:
                self.produced += len(data)
                if self.produced > FREE_OUTPUT + MOST_GROWTH * self.consumed:
                    self._stop(
                        f"the {self.packing} data becomes more than {MOST_GROWTH:,} times as large, "
                        f"and was given up after {self.produced:,} bytes"
                    )
                return data
        return b""

    def _step(self) -> bytes:
        """One piece of output, b"" when more input was all it took."""
        if self.decoder.done:
            return self._next_member()
        if not self.decoder.hungry:
            return self.decoder.feed(b"")
        data = self.source.read()
        if not data and (self.source.idle or self.source.stopped):
            return b""
        if not data:
            self._stop(self.source.problem or f"{self.packing} data cut short")
            return b""
        return self.decoder.feed(data)

    def _next_member(self) -> bytes:
        rest = (self.kept or self.decoder.rest).lstrip(b"\x00")
        self.kept = b""
        while len(rest) < LONGEST_MAGIC:
            data = self.source.read()
            if not data and self.source.idle:
                self.kept = rest
                return b""
            if not data:
                break
            rest = (rest + data).lstrip(b"\x00")
        if rest.startswith(self.magic) or (self.magic in (ZSTD, LZ4) and _skippable(rest)):
            self.decoder = self.make()
            return self.decoder.feed(rest)
        if rest:
            self.notes.append(f"bytes after the end of the {self.packing} data were ignored")
        self._stop(self.source.problem)
        return b""

    def _stop(self, problem: str) -> None:
        self.problem = problem
        self.ended = True

    def tick(self) -> None:
        self.source.tick()

    def stop(self) -> None:
        self.source.stop()

    def close(self) -> None:
        self.source.close()

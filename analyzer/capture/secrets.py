# not compiled: reads a few blocks of a file
"""Secrets behind the packets that they are of: those that a pcapng file ends with, or all of them, read beforehand."""

from __future__ import annotations

import os
from contextlib import closing, suppress
from pathlib import Path
from typing import BinaryIO, TypeAlias

from analyzer.capture.files import Capture, open_reader
from analyzer.capture.pcapng import BYTE_ORDERS, MAGIC, PcapngFrames
from analyzer.errors import CaptureError

Block: TypeAlias = tuple[bytes, bool]
"""The body of a decryption secrets block, and its byte order (big)."""

SECRETS = 10
PASSED = (4, 5, 0x00000BAD, 0x40000BAD)
"""Names, statistics, and blocks of somebody's own (draft-ietf-opsawg-pcapng 4.5 to 4.8)."""
MOST_BLOCKS, MOST_BYTES = 1024, 1 << 24


def secrets_of(capture: Capture) -> list[Block]:
    """All blocks of its files, which are read to their ends for that, to no other end."""
    found: list[Block] = []
    for path in capture.source.paths:
        with suppress(CaptureError), closing(open_reader(path)) as reader:
            if isinstance(reader, PcapngFrames):
                reader.told = lambda body, big: found.append((body, big))
                while not capture.stopped and reader.advance():
                    pass
    return found


def secrets_at_end(path: str) -> list[Block]:
    """Those behind the last packet.

    A block says its length at its end as well, so that they are found from there. Nothing where the file is of another
    kind, or no regular one, or cut.
    """
    with suppress(OSError, ValueError):
        if Path(path).is_file():
            with Path(path).open("rb") as file:
                head = file.read(12)
                if head[:4] == MAGIC and head[8:] in BYTE_ORDERS:
                    return backwards(file, big=head[8:] == BYTE_ORDERS[True])
    return []


def backwards(file: BinaryIO, *, big: bool) -> list[Block]:
    """The same of an open file; it ends at the first block that is a packet, or makes no sense."""
    order = "big" if big else "little"
    found: list[tuple[bytes, bool]] = []
    end = file.seek(0, os.SEEK_END)
    least = end - MOST_BYTES
    for _ in range(MOST_BLOCKS):
        size = int.from_bytes(at(file, end - 4, 4), order)  # type: ignore[arg-type]
        if size < 12 or size % 4 or size > MOST_BYTES or end - size < max(least, 28):
            break
        head = at(file, end - size, 8)
        kind = int.from_bytes(head[:4], order)  # type: ignore[arg-type]
        if head[4:] != size.to_bytes(4, order) or kind not in (SECRETS, *PASSED):  # type: ignore[arg-type]
            break
        if kind == SECRETS:
            found.append((at(file, end - size + 8, size - 12), big))
        end -= size
    return found[::-1]


def at(file: BinaryIO, place: int, size: int) -> bytes:
    """Some bytes of it."""
    file.seek(max(0, place))
    return file.read(size)

"""Rows that wait: the newest in memory, the rest in a file without a name, in blocks that are written and read as one.

A row waits while an older connection is open, or its retry may come: of a large capture a hundred thousand do, at
0.6 kB each. They leave nearly in the order in which they came, so a block is written once, read twice, and its
place is used again.
"""

from __future__ import annotations

from typing import IO

import cython

if cython.compiled:
    from cython.cimports.cpython.bytes import PyBytes_AS_STRING  # type: ignore[import-untyped]
    from cython.cimports.libc.string import memcpy  # type: ignore[import-untyped]

from analyzer.verdict.turn import Turn

BLOCK = 1 << 15
"""Bytes of one, sixty rows; what a block does not hold is one by itself, and stays in memory."""
MAX_KEPT = 32
"""Blocks in memory, 1 MiB: a capture of which two thousand rows wait needs no file."""
MAX_BLOCKS = 1 << 15
"""Blocks in the file, 1 GiB. Of more, as of a file that cannot be made or written, the rows stay in memory."""
MAX_READ = 16
"""Blocks of the file that are kept after one of their rows was asked for."""


@cython.cclass
class Block:
    """Rows behind one another.

    data    the rows, None while they are in the file only; size: how many bytes; `octets` is the same, compiled as a
            pointer to the first byte
    left    how many of them wait
    place   which block of the file it is, -1 = none
    """

    def __init__(self) -> None:
        self.left = self.size = 0
        self.place = -1
        self.data: bytes | bytearray | None = None

    def hold(self, data: bytes | bytearray) -> None:
        """Have the rows in memory."""
        self.data = data
        if cython.compiled:
            if isinstance(data, bytes):
                self.octets = cython.cast(
                    cython.pointer(cython.uchar), cython.cast(cython.p_char, cython.cast(bytes, data))
                )
            else:
                self.octets = cython.cast(
                    cython.pointer(cython.uchar), cython.cast(cython.p_char, cython.cast(bytearray, data))
                )
        else:
            self.octets = data


class Depot:
    """Rows, each of which is put once and taken once.

    file      without a name, so that it is gone with the process; None until it is needed
    current   the block that is being filled, in `buffer`
    read      blocks of the file that are in memory as well
    spare     buffers of which nobody's rows wait any more
    places    those of the file that are free, of `blocks` in all
    kept      blocks that are in memory only; full: the file takes no more
    """

    def __init__(self) -> None:
        self.file: IO[bytes] | None = None
        self.read: list[Block] = []
        self.places: list[int] = []
        self.blocks = self.kept = 0
        self.full = False
        self.buffer = bytearray()
        self.spare: list[bytearray] = []
        self.begin()

    def begin(self) -> None:
        """A block begins."""
        self.current = Block()
        if len(self.buffer) != BLOCK:
            self.buffer = self.spare.pop() if self.spare else bytearray(BLOCK)
        self.current.hold(self.buffer)

    def put(self, turn: Turn, row: bytes, more: bytes) -> None:
        """Let a row wait in the place of its fetch, and what else of that is known."""
        block: Block = self.current
        size: cython.Py_ssize_t = len(row) + len(more)
        if size > BLOCK:
            block = Block()
            block.hold(row + more)
        elif block.size + size > BLOCK:
            self.over()
            block = self.current
        if size <= BLOCK:
            if cython.compiled:
                memcpy(block.octets + block.size, PyBytes_AS_STRING(row), len(row))
                memcpy(block.octets + block.size + len(row), PyBytes_AS_STRING(more), len(more))
            else:
                self.buffer[block.size : block.size + size] = row + more
        turn.block, turn.at, turn.size, turn.more = block, block.size, len(row), len(more)
        block.size += size
        block.left += 1

    def part(self, turn: Turn, start: cython.Py_ssize_t, stop: cython.Py_ssize_t) -> bytes:
        """Some of its bytes."""
        block: Block = turn.block
        part: bytes
        if block.data is None:
            self.load(block)
        if cython.compiled:
            part = block.octets[turn.at + start : turn.at + stop]
        else:
            part = bytes(block.octets[turn.at + start : turn.at + stop])
        return part

    def more(self, turn: Turn) -> bytes:
        """What was put with a row."""
        return self.part(turn, turn.size, turn.size + turn.more)

    def take(self, turn: Turn) -> bytes:
        """The row, which waits no longer."""
        row: bytes = self.part(turn, 0, turn.size)
        block: Block = turn.block
        turn.block = None
        block.left -= 1
        if block.left == 0 and block is not self.current:
            self.free(block)
        return row

    def over(self) -> None:
        """The block is full: the newest goes into the file, since the oldest is wanted first."""
        block: Block = self.current
        if block.left and (self.kept < MAX_KEPT or not self.write()):
            self.kept += 1
            self.buffer = bytearray()
        self.begin()

    def write(self) -> cython.bint:
        """Write the current block to the file; False when it cannot be."""
        block: Block = self.current
        if self.full or (not self.places and self.blocks >= MAX_BLOCKS):
            return False
        place = self.places[-1] if self.places else self.blocks
        try:
            if self.file is None:
                from tempfile import TemporaryFile  # which most captures need not

                self.file = TemporaryFile(prefix="whyfetch-", buffering=0)  # noqa: SIM115
            self.file.seek(place * BLOCK)
            if self.file.write(self.buffer) != BLOCK:
                self.full = True
        except OSError:
            self.full = True
        if self.full:
            return False
        if self.places:
            self.places.pop()
        else:
            self.blocks += 1
        block.place = place
        block.data = None
        return True

    def load(self, block: Block) -> None:
        """Have the rows of a block in memory, for a while."""
        oldest: Block
        assert self.file is not None
        self.file.seek(block.place * BLOCK)
        block.hold(self.file.read(BLOCK))
        self.read.append(block)
        if len(self.read) > MAX_READ:
            oldest = self.read.pop(0)
            oldest.data = None

    def close(self) -> None:
        """Give the file back; nobody waits any more."""
        if self.file is not None:
            self.file.close()

    def free(self, block: Block) -> None:
        """Nobody waits in it any more."""
        if block.place >= 0:
            self.places.append(block.place)
        elif block.size <= BLOCK:
            self.kept -= 1
            self.spare.append(block.data)  # type: ignore[arg-type]

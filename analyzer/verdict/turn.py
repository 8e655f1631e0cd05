"""What waits for its turn: all that the order of rows needs to know of a fetch whose row was written."""

from __future__ import annotations

from typing import Any

import cython


@cython.no_gc
@cython.cclass
class Turn:
    """Where a fetch stands among the others, and where its row waits.

    serial   how many fetches of the capture were judged before it; text: characters of what it asked for
    block    has its row (output/depot.py), or is the fetch itself, whose row is not written yet
    at, size, more   the row has `size` bytes from `at` on, and behind it are `more` bytes: the rest of a Brief, as
             packed.py writes it
    """

    def __init__(self) -> None:
        self.block: Any = None
        self.first_packet = self.stream = self.serial = 0
        self.text = self.at = self.size = self.more = 0

    def __lt__(self, other: Turn) -> bool:
        """Order of rows: first packets; of one packet, the order of connections, then that of being judged."""
        if self.first_packet != other.first_packet:
            return self.first_packet < other.first_packet
        if self.stream != other.stream:
            return self.stream < other.stream
        return self.serial < other.serial

    def __hash__(self) -> int:
        """By identity, which is also what equality means here; Cython takes it from classes that have an order."""
        return id(self)

"""Bytes that wait until it is known what they are, and are fed to whom they belong to then."""

from __future__ import annotations

import cython

from analyzer.layer.layer import Layer, Segment
from analyzer.model.connection import CLIENT, NEVER, Direction, Inner

WINDOW = 8192
"""Bytes that detection looks at; longer than any prologue but a PROXY v2 header, which is passed over by its length."""
MAX_BUFFER = 65536
"""Bytes of a side kept while the protocol is undecided."""
MAX_PIECES = 1024
"""Segments of a side kept meanwhile, 0.2 kB each besides their bytes; a buffer full of them has sixty bytes in each."""
PIECE = 200
"""What is noted of a segment that waits until the protocol is known."""
MAX_FIRST = 64
"""First bytes of a protocol that is not understood, which a verdict may name."""


class Kept:
    """Bytes of a direction that are not fed to anybody yet: `data[at:]`, of a stream in which `data` begins at `start`.

    pieces   (where it ends in data, packet, time, acknowledged) of each segment
    places   of a stream inside of another, where each of them is in that, else empty
    """

    def __init__(self, start: cython.longlong) -> None:
        self.start = start
        self.at = 0
        self.data = bytearray()
        self.pieces: list[tuple[int, int, int, int]] = []
        self.places: list[tuple[int, int, int]] = []

    def add(self, segment: Segment) -> None:
        """Keep a segment."""
        self.data += segment.data[segment.at : segment.end]
        self.note(segment, segment.side, segment.acknowledged)

    def note(self, segment: Segment, side: Direction, acknowledged: cython.longlong) -> None:
        """What there is now came with this segment."""
        self.pieces.append((len(self.data), segment.packet, segment.time, acknowledged))
        if isinstance(side, Inner):
            self.places.append(where(side))

    def head(self) -> bytes:
        """What detection looks at."""
        return bytes(self.data[self.at : self.at + WINDOW])

    def first(self) -> bytes:
        """What is shown of a protocol that nobody understands."""
        return bytes(self.data[:MAX_FIRST])

    def left(self) -> cython.Py_ssize_t:
        """How many bytes wait."""
        return len(self.data) - self.at

    def full(self) -> cython.bint:
        """Whether no more may be kept."""
        return self.left() > MAX_BUFFER or len(self.pieces) > MAX_PIECES

    def weight(self) -> cython.Py_ssize_t:
        """Bytes that it holds, about."""
        return len(self.data) + len(self.pieces) * PIECE


def where(side: Inner) -> tuple[int, int, int]:
    """Where the piece that is read is in the stream outside."""
    return (side.first, side.before, side.ahead)


def replay(layer: Layer, side: Direction, kept: Kept | None) -> Layer:
    """Feed a layer what was kept, segment by segment as it came; returns who goes on after that.

    The direction's `next` moves along meanwhile, and its `skip` is left as the last answer says.
    """
    length: cython.longlong
    if kept is None:
        return layer
    inner: Inner | None = side if isinstance(side, Inner) else None
    last = None if inner is None else where(inner)
    here: cython.longlong = side.next
    at: cython.longlong = kept.at
    segment = Segment(side)
    side.skip = 0
    for number, (stop, packet, time, acknowledged) in enumerate(kept.pieces):
        if stop <= at:
            continue
        if inner is not None:
            inner.first, inner.before, inner.ahead = kept.places[number]
        length = stop - at
        if side.skip > length:
            side.skip -= length
        else:
            at += side.skip
            side.next = kept.start + at
            segment.fill(side, packet, time, acknowledged, bytes(kept.data[at:stop]), 0, stop - at)
            side.skip = layer.feed(segment)
            if layer.heir is not None:
                layer = layer.heir
        at = stop
    side.next = here
    if inner is not None and last is not None:
        inner.first, inner.before, inner.ahead = last
    return layer


class Waiting(Layer):
    """Keeps both directions until it is known who reads them.

    from_client, from_server   what waits, None = nothing
    over_packet, over_time     where the server's direction ended meanwhile, 0 = it did not
    """

    def wait(self) -> None:
        """Nothing waits yet."""
        self.from_client: Kept | None = None
        self.from_server: Kept | None = None
        self.over_packet = self.over_time = 0

    def take_over(self, other: Waiting) -> None:
        """Wait with what another one has."""
        self.from_client, self.from_server = other.from_client, other.from_server
        self.over_packet, self.over_time = other.over_packet, other.over_time

    def keep(self, segment: Segment) -> Kept:
        """Let a segment wait; returns all that waits of its direction."""
        kept = self.from_client if segment.side.index == CLIENT else self.from_server
        if kept is None:
            kept = Kept(segment.first)
            if segment.side.index == CLIENT:
                self.from_client = kept
            else:
                self.from_server = kept
        kept.add(segment)
        return kept

    def become(self, layer: Layer) -> None:
        """This layer goes on: it is fed all that waits, the client's first."""
        client, server = self.from_client, self.from_server
        self.from_client = self.from_server = None
        self.heir = self.over(replay(replay(layer, self.up, client), self.down, server))

    def over(self, layer: Layer) -> Layer:
        """Tell who goes on that the server's direction is over, if it is; returns who goes on after that."""
        if self.over_packet:
            skip: cython.longlong = self.down.skip
            segment = Segment(self.down).fill(self.down, self.over_packet, self.over_time, -1, b"", 0, 0)
            segment.fin = 1
            layer.feed(segment)
            self.down.skip = skip
        return layer if layer.heir is None else layer.heir

    def pass_over(self) -> None:
        """Nobody wants the rest of either direction."""
        self.from_client = self.from_server = None
        self.heir = Layer(self)
        self.up.skip = self.down.skip = NEVER

    def weight(self) -> cython.Py_ssize_t:
        """What waits."""
        kept: cython.longlong = 0
        if self.from_client is not None:
            kept += self.from_client.weight()
        if self.from_server is not None:
            kept += self.from_server.weight()
        return kept

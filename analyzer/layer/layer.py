"""The contract of everything that reads byte streams: what a layer is fed, what it answers, and who comes after it.

A layer reads both directions of one conversation. Who feeds it (TCP's reassembly, or a layer that carries another)
keeps `Direction.next` and `Direction.skip`: bytes that nobody needs are passed over without a call, and the layer is
fed again, perhaps with no bytes, as soon as they are over. Where a layer is done and another goes on, it names its
`heir`, which has been fed all that is there, and is fed from then on in its stead.
"""

from __future__ import annotations

from typing import Any

import cython

from analyzer.frame.octets import cut
from analyzer.model.connection import NEVER, Connection, Direction, Inner
from analyzer.model.log import Log


class Segment:
    """What comes next of one direction: bytes, a hole, or the end. One object is filled again and again.

    side           the direction; its `next` is `first`
    packet, time   of the TCP segment that brought it, time in ns
    acknowledged   offset of the other direction which that segment acknowledged, -1 = unknown
    data, at, end  the bytes are data[at:end]; first: stream offset of the first of them
    lost           bytes from `first` on that will never be seen: not captured, or cut by the snaplen; data is b"" then
    fin            1 = nothing comes behind it
    """

    def __init__(self, side: Direction) -> None:
        self.side = side
        self.data = b""
        self.at = self.end = 0
        self.packet = self.time = self.first = self.lost = self.fin = 0
        self.acknowledged = -1

    def fill(
        self,
        side: Direction,
        packet: cython.longlong,
        time: cython.longlong,
        acknowledged: cython.longlong,
        data: bytes,
        at: cython.Py_ssize_t,
        end: cython.Py_ssize_t,
    ) -> Segment:
        """The next bytes of a direction, from its `next` on; returns itself."""
        self.side = side
        self.packet = packet
        self.time = time
        self.acknowledged = acknowledged
        self.data = data
        self.at = at
        self.end = end
        self.first = side.next
        self.lost = self.fin = 0
        return self

    def content(self) -> bytes:
        """The bytes, in an object of their own."""
        return cut(self.data, self.at, self.end)


class Layer:
    """Reads nothing: nobody needs the rest of either direction.

    connection   where it writes down what it finds
    up, down     the client's bytes, and the server's
    lookups      the table that DNS messages go to, None = nobody wants them
    keys         what may open TLS (analyzer.keys.store.Store), None = there is nothing
    log          where it writes down all that it reads, None = nobody wants to know, which is nearly always so
    carried      1 = another layer carries this conversation, and the connection's protocol is that one's
    depth        how many layers before it were prologues or tunnels
    heir         who goes on, None = it does itself
    """

    def __init__(self, parent: Layer) -> None:
        self.join(parent)

    def begin(self, connection: Connection, up: Direction, down: Direction, lookups: object, keys: Any = None) -> None:
        """Be the first layer that reads this."""
        self.connection = connection
        self.up = up
        self.down = down
        self.lookups = lookups
        self.keys = keys
        self.log: Log | None = None
        self.depth = self.carried = 0
        self.heir: Layer | None = None

    def join(self, parent: Layer) -> None:
        """Read the same conversation as another layer does."""
        self.connection = parent.connection
        self.up = parent.up
        self.down = parent.down
        self.lookups = parent.lookups
        self.keys = parent.keys
        self.log = parent.log
        self.depth = parent.depth
        self.carried = parent.carried
        self.heir = None

    def feed(self, segment: Segment) -> cython.Py_ssize_t:
        """Read what comes next; returns how many bytes of that direction behind it nobody needs."""
        return NEVER

    def tell(self, protocol: str, first: bytes) -> None:
        """What the connection speaks, and the first bytes of what nobody here understands."""
        if not self.carried:
            self.connection.protocol = protocol
            self.connection.other_first = first

    def acknowledged(self, ack: cython.longlong, packet: cython.longlong, time: cython.longlong) -> None:
        """The server has taken the client's bytes up to this offset; called while `connection.heeded` is set."""

    def finish(self) -> None:
        """Nothing more will come: bring counts up to date. May be called again."""

    def weight(self) -> cython.Py_ssize_t:
        """Bytes, about, that it keeps besides what every connection has."""
        return 0

    def swap(self) -> cython.bint:
        """Client and server change roles, if nothing was read as one's yet; whether that was so."""
        return False


def place(side: Direction, offset: cython.longlong) -> cython.longlong:
    """Where an offset of a direction is in its connection: what is written down counts as acknowledgements do."""
    inner: Inner
    if isinstance(side, Inner):
        inner = side
        return offset + (inner.ahead if offset > inner.first else inner.before)
    return offset

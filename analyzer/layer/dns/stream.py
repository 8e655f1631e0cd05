# not compiled: DNS over TCP is rare
"""DNS over TCP: messages with a length before each (RFC 1035 4.2.2, RFC 7766 8)."""

from __future__ import annotations

from analyzer.layer.dns.lookups import Lookups
from analyzer.layer.dns.message import HEADER
from analyzer.layer.layer import Layer, Segment
from analyzer.model.connection import CLIENT, NEVER, Connection


class DnsStream(Layer):
    """Cuts both byte streams of one connection into messages; it gives up at the first length that cannot be."""

    def __init__(self, parent: Layer) -> None:
        self.join(parent)
        assert isinstance(parent.lookups, Lookups)
        self.table = parent.lookups
        self.waiting = (bytearray(), bytearray())

    def feed(self, segment: Segment) -> int:
        """As Layer.feed."""
        if segment.lost:
            return self.stop()
        waiting = self.waiting[segment.side.index]
        waiting += segment.content()
        at = 0
        while len(waiting) - at >= 2:
            size: int = waiting[at] << 8 | waiting[at + 1]
            if size < HEADER:
                return self.stop()
            if len(waiting) - at < 2 + size:
                break
            self.message(segment, bytes(waiting[at + 2 : at + 2 + size]))
            at += 2 + size
        del waiting[:at]
        return 0

    def message(self, segment: Segment, data: bytes) -> None:
        """One whole message."""
        connection: Connection = self.connection
        side, peer = connection.client, connection.server
        if segment.side.index != CLIENT:
            side, peer = peer, side
        key = side.address + peer.address + side.port.to_bytes(2, "big") + peer.port.to_bytes(2, "big")
        self.table.message(key, connection.version, "tcp", data, True, segment.packet, segment.time, 0)

    def stop(self) -> int:
        """Bytes are missing, or this is no DNS: nobody wants the rest."""
        self.heir = Layer(self)
        return NEVER

    def weight(self) -> int:
        """As Layer.weight."""
        return len(self.waiting[0]) + len(self.waiting[1])

# not compiled: DNS over TCP is rare
"""DNS over TCP: messages with a length before each (RFC 1035 4.2.2, RFC 7766 8)."""

from __future__ import annotations

from analyzer.layer.dns.lookups import Lookups
from analyzer.layer.dns.message import HEADER
from analyzer.model.connection import CLIENT, NEVER, Connection, Side


class DnsStream:
    """Cuts both byte streams of one connection into messages; it gives up at the first length that cannot be."""

    def __init__(self, connection: Connection, lookups: Lookups) -> None:
        self.connection = connection
        self.lookups = lookups
        self.waiting = (bytearray(), bytearray())

    def data(self, side: Side, data: bytes, packet: int, time: int) -> None:
        """Bytes of `side` in sequence order."""
        waiting = self.waiting[side.index]
        waiting += data
        at: int = 0
        while len(waiting) - at >= 2:
            size: int = waiting[at] << 8 | waiting[at + 1]
            if size < HEADER:
                self.stop()
                return
            if len(waiting) - at < 2 + size:
                break
            self.message(side, bytes(waiting[at + 2 : at + 2 + size]), packet, time)
            at += 2 + size
        del waiting[:at]

    def message(self, side: Side, data: bytes, packet: int, time: int) -> None:
        """One whole message."""
        connection: Connection = self.connection
        peer: Side = connection.server if side.index == CLIENT else connection.client
        key = side.address + peer.address + side.port.to_bytes(2, "big") + peer.port.to_bytes(2, "big")
        self.lookups.message(key, connection.version, "tcp", data, True, packet, time, 0)

    def stop(self) -> None:
        """Bytes are missing, or this is no DNS: nobody wants the rest."""
        self.waiting = (bytearray(), bytearray())
        self.connection.client.skip = self.connection.server.skip = NEVER

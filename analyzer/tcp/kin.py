"""What connections have to do with each other: the same one under other addresses (NAT), or the client's clock."""

from __future__ import annotations

from collections.abc import Collection

from analyzer.flow.twins import Twins
from analyzer.frame.packet import Packet
from analyzer.model.connection import ACK, CLIENT, RST, SERVER, SYN, Connection, Side
from analyzer.tcp.elsewhere import Elsewhere
from analyzer.tcp.stamps import Stamps


class Kin:
    """Looks at the packets that open or refuse connections; all others pass by.

    twins       the SYNs seen lately; stamps: the timestamps of those that were answered
    elsewhere   whose packets come from another address than the one that was asked
    """

    def __init__(self) -> None:
        self.twins = Twins()
        self.stamps = Stamps()
        self.elsewhere = Elsewhere()

    def opened(self, connection: Connection, p: Packet, opened: Collection[Connection]) -> None:
        """A connection begins with this packet; `opened`: all that are open, this one included."""
        if self.elsewhere.awake:
            self.elsewhere.opens(connection, opened)
        if p.flags & (SYN | ACK) != SYN:
            self.elsewhere.wake(opened)
            if not p.flags & (SYN | RST):
                sender: Side = connection.client if p.whole_key() == connection.client.key else connection.server
                self.elsewhere.look(sender, peer_of(sender), p)
        elif p.ts_value >= 0 and self.twins.has(p):
            connection.flag("nat-twin")
            self.elsewhere.wake(opened)

    def shaken(self, side: Side, p: Packet, opened: Collection[Connection]) -> None:
        """A SYN or RST of an open connection, before anything else was noted of it."""
        connection: Connection = side.connection
        peer: Side = peer_of(side)
        if p.flags & RST:
            if side.index == CLIENT and peer.isn >= 0 and connection.established_time == 0:
                self.elsewhere.wake(opened)  # why should it refuse what it has asked for?
        elif side.index == SERVER:
            self.stamps.answered(connection, p)
        elif side.syns == 0 and not p.flags & ACK:
            self.stamps.asked(connection, p)
        if self.elsewhere.awake:
            self.elsewhere.look(side, peer, p)


def peer_of(side: Side) -> Side:
    """The other side of its connection."""
    return side.connection.client if side.index == SERVER else side.connection.server

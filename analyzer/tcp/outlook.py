"""Looks at connections that are not over yet, as they would be given out now; the connections go on unchanged."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import cython

from analyzer.layer.layer import Layer
from analyzer.model.connection import GOES_ON, Connection, Side
from analyzer.model.http import Exchange
from analyzer.tcp.expiry import Expiry
from analyzer.tcp.reassembly import Reassembler

SETTLED_NS = 300_000_000
"""Silence after an end, or after an answer, behind which another packet of it is hardly to come: longer than the least
retransmission timeout in use (Linux TCP_RTO_MIN, 200 ms), by which some verdicts ask whether anything followed."""
WAITS_NS = 1_000_000_000
"""A side that waits so long has perhaps nothing to wait for: the first retransmission of a SYN (RFC 6298 2.1)."""
IDLE_NS = 10_000_000_000
"""A connection on which nobody visibly waits is looked at after so long, and then ever more seldom."""
MOST_APART_NS = 500_000_000
"""Between two looks at one that waits, while a silence may decide: a verdict is late by no more."""
DECIDES_NS = ((0, 12_000_000_000), (58_000_000_000, 63_000_000_000))
"""Silences that may decide (verdict/thresholds.py): ten seconds at most, but for an answer, which may take a minute;
and what a busy moment holds up."""
GONE_NS = 120_000_000_000
"""A connection that its client has closed, and on which nobody has said anything since, is followed no longer: twice as
long as Linux waits for the server's FIN (tcp_fin_timeout). The servers of clients that vanish would fill the table."""
MOST_LOOKED_AT = 256
"""Connections judged at one look, 0.1 to 0.5 ms each; the next look takes the others."""


def worth_a_look(table: Expiry, now: cython.longlong) -> list[Connection]:
    """The connections whose verdict may be decided by now, or shows a stall, and was not asked for yet."""
    connection: Connection
    found: list[Connection] = []
    for connection in table.opened:
        if connection.client.key_size == 0:
            continue  # a SYN that waits for proof
        if connection.looked == connection.last_packet and now < connection.look_again:
            continue
        if ripe(connection, now):
            found.append(connection)
    if len(found) > MOST_LOOKED_AT:
        found.sort(key=when_due)  # those that were never looked at are the first
        del found[MOST_LOOKED_AT:]
    return found


def when_due(connection: Connection) -> int:
    """Order of connections by when to look at them again."""
    return connection.look_again


def ripe(connection: Connection, now: cython.longlong) -> cython.bint:
    """Whether something happened, or nothing for so long, that the verdict may be decided."""
    quiet: cython.longlong = now - connection.last_time
    if connection.closed_time:
        return connection.established_time == 0 or quiet >= SETTLED_NS
    if connection.fins_seen or connection.client.rsts or connection.server.rsts or connection.icmps:
        return quiet >= SETTLED_NS
    if connection.exchanges and connection.looked != connection.last_packet:
        return quiet >= SETTLED_NS or now >= connection.look_again
    if repeats(connection):
        return quiet >= SETTLED_NS
    return quiet >= (WAITS_NS if waits(connection) else IDLE_NS)


def repeats(connection: Connection) -> cython.bint:
    """Whether a side said something again and nothing has come of it: it will not be silent for long."""
    client: Side = connection.client
    server: Side = connection.server
    if connection.established_time == 0 and (client.syns > 1 or server.syns > 1):
        return True
    return client.rtx_since_ack > 0 or server.rtx_since_ack > 0


def waits(connection: Connection) -> cython.bint:
    """Whether a side waits for the other: for the handshake, an acknowledgement, an answer, the rest of one."""
    client: Side = connection.client
    server: Side = connection.server
    exchange: Exchange
    if connection.established_time == 0 or client.acked < client.end or server.acked < server.end:
        return True
    if client.last_data_packet > server.last_data_packet:
        return True
    if connection.exchanges:
        exchange = connection.exchanges[len(connection.exchanges) - 1]
        return not exchange.response_complete
    return False


def looked_at(connection: Connection, now: cython.longlong, decided: cython.bint) -> None:
    """It was judged as of now; `decided`: and nothing but another packet can change what came of it."""
    quiet: cython.longlong = now - connection.last_time
    connection.looked = connection.last_packet
    if decided:
        connection.look_again = now + GONE_NS
    elif waits(connection) or connection.fins_seen or connection.icmps:
        connection.look_again = now + apart(quiet)
    else:
        connection.look_again = now + max(MOST_APART_NS, quiet // 2)


def apart(quiet: cython.longlong) -> cython.longlong:
    """How long to leave alone a connection that waits, after so much silence."""
    longest: cython.longlong = quiet // 8
    for begin, end in DECIDES_NS:
        if quiet < begin:
            return max(SETTLED_NS, min(longest, begin - quiet))
        if quiet < end:
            return max(SETTLED_NS, min(longest, MOST_APART_NS))
    return longest


def gone(connection: Connection, now: cython.longlong) -> cython.bint:
    """Whether its client has closed it, and nobody said anything since."""
    return connection.client.fin_packet > 0 and now - connection.last_time >= GONE_NS


def as_if_over(table: Expiry, connection: Connection, now: cython.longlong) -> Connection | None:
    """The connection as it would be given out now; None where packets of it wait for their turn.

    A copy, unless nothing would be done to it: what its parsers still hold is settled in the copy alone.
    """
    twin: Connection = connection
    if connection.early is not None:
        return None
    if connection.content is not None or holds(connection.client) or holds(connection.server):
        twin = copied(table, connection)
        settle(twin)
    twin.final = 1 if connection.closed_time else GOES_ON
    twin.one_way = not table.answered
    twin.capture_end = now
    return twin


def holds(side: Side) -> cython.bint:
    """Whether bytes of a side wait, or are missing, which its end would settle."""
    if side.pending is not None or side.acked > side.next + 1:
        return True
    return side.fin_offset >= 0 and not side.ended


def copied(table: Expiry, connection: Connection) -> Connection:
    """All of it, without what it shares with others: the DNS table, its neighbours, a SYN that waits for proof."""
    shared: dict[int, Any] = {id(table.reassembler.lookups): None}
    for other in (connection.before, connection.after, connection.unproven):
        shared[id(other)] = None
    twin: Connection = deepcopy(connection, shared)
    twin.linked = 0
    return twin


def settle(twin: Connection) -> None:
    """What Expiry.give_out does of a connection alone."""
    alone: Reassembler = Reassembler()
    alone.finish(twin.client, twin.client.last_packet, twin.last_time)
    alone.finish(twin.server, twin.server.last_packet, twin.last_time)
    layer: Layer | None = twin.content
    if layer is not None:
        layer.finish()
    twin.settle()

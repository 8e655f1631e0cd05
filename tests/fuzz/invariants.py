"""What holds of everything that the parsers of a connection leave behind, whatever the bytes were."""

from __future__ import annotations

from itertools import pairwise

from analyzer.model.connection import MAX_MILESTONES, Connection, Side
from analyzer.model.http import MAX_GARBAGE, Exchange
from analyzer.model.tls import LATE_RECORDS, MAX_RECORDS, Tls
from analyzer.tcp.reassembly import MAX_PENDING_SEGMENTS, Reassembler

LONGEST = 2048
"""Characters of the longest text that is kept of a packet, a request's target; all others have at most 256."""
MOST_ENDINGS = 32
"""FINs and RSTs, capped themselves, are milestones beyond the cap."""
PACKETS_OF_EXCHANGE = (
    "request_packet",
    "request_end_packet",
    "response_packet",
    "response_end_packet",
    "head_packet",
    "acked_packet",
)
PACKETS_OF_TLS = ("hello_packet", "hello_end_packet", "server_hello_packet", "hello_done_packet", "certificate_packet")
PACKETS_OF_SIDE = ("first_packet", "last_packet", "fin_packet", "rst_packet", "last_data_packet", "sent_packet")
COUNTS_OF_EXCHANGE = ("request_body_got", "body_got", "body_lost")
COUNTS_OF_SIDE = ("next", "skip", "end", "lost", "cut", "pending_bytes", "packets", "retransmissions", "duplicates")


def whole(connection: Connection, packets: int) -> None:
    """A connection that is over: packets that it names exist, nothing is negative, and every list is capped."""
    assert len(connection.milestones) <= MAX_MILESTONES + MOST_ENDINGS
    assert all(0 < mark.packet <= packets for mark in connection.milestones)
    for side in (connection.client, connection.server):
        named(side, PACKETS_OF_SIDE, packets)
    for exchange in connection.exchanges:
        exchanged(exchange, packets)
    if connection.tls is not None:
        handshake(connection.tls, packets)


def exchanged(exchange: Exchange, packets: int) -> None:
    """A request and its response."""
    named(exchange, PACKETS_OF_EXCHANGE, packets)
    counted(exchange, COUNTS_OF_EXCHANGE)
    assert -1 <= exchange.close_packet <= packets
    assert 0 <= exchange.status <= 999
    assert max(len(exchange.method), len(exchange.target), len(exchange.host), len(exchange.reason)) <= LONGEST
    assert len(exchange.garbage) <= MAX_GARBAGE
    assert all(len(value) <= LONGEST for value in exchange.headers.values())


def handshake(tls: Tls, packets: int) -> None:
    """What is seen of TLS: names are printable, records lie one behind the other."""
    named(tls, PACKETS_OF_TLS, packets)
    assert (tls.sni + tls.alpn + "".join(tls.alpn_offer)).isprintable()
    for first, late in ((tls.client_records, tls.client_late), (tls.server_records, tls.server_late)):
        assert len(first) <= MAX_RECORDS
        assert len(late) <= LATE_RECORDS
        for record in (*first, *late):
            assert 0 <= record.start < record.end
            assert 0 < record.packet <= record.last_packet <= packets
        assert all(one.end <= other.start for one, other in pairwise(first))
    facts = tls.certificate
    assert facts is None or all(len(value) <= 100 * 257 and value.isprintable() for value in facts.values())


def stream(side: Side, before: int, reassembler: Reassembler) -> None:
    """One direction between two segments; `before` is where it stood before the last one."""
    assert side.next >= before, (side.next, before)
    counted(side, COUNTS_OF_SIDE)
    waiting = side.pending
    if waiting is not None:
        assert 0 < len(waiting) <= MAX_PENDING_SEGMENTS
        assert waiting[0][0] > side.next
        assert all(one[0] <= other[0] for one, other in pairwise(waiting))
        assert side.pending_bytes == sum(len(one[5]) for one in waiting)
    assert 0 <= side.pending_bytes <= reassembler.waiting


def named(thing: object, fields: tuple[str, ...], packets: int) -> None:
    """Fields that hold the number of a packet, 0 = none."""
    for name in fields:
        assert 0 <= getattr(thing, name) <= packets, (name, getattr(thing, name))


def counted(thing: object, fields: tuple[str, ...]) -> None:
    """Fields that hold a count."""
    for name in fields:
        assert getattr(thing, name) >= 0, (name, getattr(thing, name))

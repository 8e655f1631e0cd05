"""What the parser writes down about an exchange: fields of note, milestones, flags."""

from __future__ import annotations

from bisect import bisect_left
from operator import attrgetter

import cython

from analyzer.model.connection import CLIENT, MAX_MILESTONES, SERVER, Connection, Direction, Event
from analyzer.model.fields import noted
from analyzer.model.http import Exchange

MAX_RAW = 4096
"""Bytes of a response's fields that are kept as they are; of more, the fields of note are picked at once."""

INDEX = attrgetter("index")


def keep_fields(exchange: Exchange, raw: bytes) -> None:
    """Keep the response's fields; hardly anybody asks for them, so they are read when somebody does."""
    if len(raw) <= MAX_RAW:
        exchange.raw_fields = raw
    else:
        exchange.headers = noted(raw)


def note_acked(up: Direction, exchange: Exchange) -> None:
    """When the server acknowledged the whole request, as exactly as the last advance tells."""
    if exchange.acked_time == 0 and exchange.request_complete and up.acked >= exchange.request_end:
        exchange.acked_packet, exchange.acked_time = up.ack_packet, up.ack_time


def heed(connection: Connection, ack: cython.longlong, packet: cython.longlong, time: cython.longlong) -> None:
    """Remember when the end of the newest request was acknowledged; nothing else is waited for then."""
    exchange: Exchange
    if connection.exchanges:
        exchange = connection.exchanges[len(connection.exchanges) - 1]
        if exchange.acked_time == 0 and exchange.request_complete and ack >= exchange.request_end:
            exchange.acked_time = time
            exchange.acked_packet = packet
        if exchange.acked_time == 0:
            return
    connection.heeded = 0


def forget(connection: Connection, exchange: Exchange) -> None:
    """Take an exchange off the list, which is in the order of their indices, with holes."""
    exchanges = connection.exchanges
    at: cython.Py_ssize_t = bisect_left(exchanges, exchange.index, key=INDEX)
    if at < len(exchanges) and exchanges[at] is exchange:
        del exchanges[at]


def add_milestone(connection: Connection, what: str, exchange: Exchange, ack: cython.longlong) -> None:
    """A milestone for the exchange's request or response, in packet order; the note is the exchange."""
    milestones = connection.milestones
    if len(milestones) >= MAX_MILESTONES:
        return
    made: Event = Event.__new__(Event)
    if what == "request":
        made.begin(what, CLIENT, exchange.request_packet, exchange.request_time)
        made.offset = exchange.request_start
    else:
        made.begin(what, SERVER, exchange.response_packet, exchange.response_time)
        made.offset = exchange.response_start
    if made.packet == 0:
        return
    made.ack = ack
    made.note = exchange
    insert(connection, made)


def insert(connection: Connection, made: Event) -> None:
    """Put a milestone behind those of earlier packets; it nearly always belongs at the end."""
    milestones = connection.milestones
    before: Event
    at: cython.Py_ssize_t = len(milestones)
    while at > 0:
        before = milestones[at - 1]
        if before.packet <= made.packet:
            break
        at -= 1
    if at == len(milestones):
        milestones.append(made)
    else:
        milestones.insert(at, made)

"""What the parser writes down about an exchange: fields of note, milestones, flags."""

from __future__ import annotations

from analyzer.wire.http import head
from analyzer.wire.model import CLIENT, SERVER, Connection, Exchange, Milestone

MAX_MILESTONES = 96
"""Milestones of a connection beyond which the parser adds none."""


def flag(connection: Connection, word: str) -> None:
    """Add a word to the connection's flags, once."""
    if word not in connection.flags:
        connection.flags.append(word)


def fill_request(exchange: Exchange, found: head.Fields) -> None:
    """The request's fields; credentials are noted as present, never kept."""
    exchange.host = found.get("host", "")
    exchange.user_agent = found.get("user-agent", "")
    exchange.expect_continue = int(found.get("expect", "").lower() == "100-continue")
    exchange.authorized = int("authorization" in found or "proxy-authorization" in found)


def fill_response(exchange: Exchange, found: head.Fields, framing: str, length: int) -> None:
    """The response's framing and its fields of note."""
    exchange.response_framing = framing
    exchange.body_expected = length
    exchange.headers = {name: value for name, value in found.items() if name in head.RESPONSE_HEADERS}


def add_milestone(connection: Connection, what: str, exchange: Exchange, ack: int) -> None:
    """A milestone for the exchange's request or response, in packet order; the note is the exchange."""
    milestones = connection.milestones
    if len(milestones) >= MAX_MILESTONES:
        return
    if what == "request":
        made = Milestone(what, CLIENT, exchange.request_packet, exchange.request_time)
        made.offset = exchange.request_start
    else:
        made = Milestone(what, SERVER, exchange.response_packet, exchange.response_time)
        made.offset = exchange.response_start
    if made.packet == 0:
        return
    made.ack = ack
    made.note = exchange
    at = len(milestones)
    while at and milestones[at - 1].packet > made.packet:
        at -= 1
    milestones.insert(at, made)

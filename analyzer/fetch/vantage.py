"""Where the capture was made: at the client, at the server, on their own link, or between (signatures.md 3.2)."""

from __future__ import annotations

import cython

from analyzer.model.connection import CLIENT, LONGEST_NS, SERVER, Connection, Event, Side

LOCAL_NS = 1_000_000
"""Below a millisecond each way both ends are so near that neither TTL nor delay tells anything."""
NEAR_SHARE = 5
"""The nearer end answers at least so many times faster than the other."""
INITIAL_TTLS = (64, 128, 255)
"""What current stacks start with, the smallest first: a TTL that is still whole has passed no router."""


def round_trips(connection: Connection) -> tuple[int, int]:
    """From the capture to the server and back, and to the client and back, in ns; -1 = unknown.

    Karn's rule: an answer belongs to the last SYN before it, and what was repeated in between gives no time.
    """
    mark: Event
    asked: cython.longlong = 0
    answered: cython.longlong = 0
    answers: cython.int = 0
    for mark in connection.milestones:
        if mark.what == "syn":
            asked, answered, answers = mark.time, 0, 0
        elif mark.what == "syn-ack" and mark.side == SERVER and asked:
            answered = answered or mark.time
            answers += 1
        elif mark.what == "ack" and mark.side == CLIENT and answers == 1:
            return answered - asked, mark.time - answered
        elif mark.what != "syn-ack":
            break
    return (answered - asked if answers else -1), -1


def plain_opening(marks: list[Event]) -> cython.bint:
    """SYN, SYN-ACK, ACK and nothing in between, as most connections begin."""
    if len(marks) < 3:
        return False
    syn: Event = marks[0]
    answer: Event = marks[1]
    ack: Event = marks[2]
    if syn.what != "syn" or answer.what != "syn-ack" or ack.what != "ack":
        return False
    return answer.side == SERVER and ack.side == CLIENT


def vantage(connection: Connection) -> str:
    """`client`, `server`, `local`, `midpoint`, or "" when the connection does not show it."""
    server_trip: cython.longlong
    client_trip: cython.longlong
    if plain_opening(connection.milestones):
        syn: Event = connection.milestones[0]
        answer: Event = connection.milestones[1]
        ack: Event = connection.milestones[2]
        server_trip = answer.time - syn.time
        client_trip = ack.time - answer.time
    else:
        server_trip, client_trip = round_trips(connection)
    if server_trip >= 0 and client_trip >= 0:
        if server_trip < LOCAL_NS and client_trip < LOCAL_NS:
            return "local"
        server_trip, client_trip = min(server_trip, LONGEST_NS), min(client_trip, LONGEST_NS)
        if client_trip * NEAR_SHARE < server_trip:
            return "client"
        if server_trip * NEAR_SHARE < client_trip:
            return "server"
        return nearest_by_ttl(connection) or "midpoint"
    return nearest_by_ttl(connection)


def nearest_by_ttl(connection: Connection) -> str:
    """The end whose packets have passed no router, when it is just one."""
    at_client: cython.bint = first_ttl(connection.client) in INITIAL_TTLS
    at_server: cython.bint = first_ttl(connection.server) in INITIAL_TTLS
    if at_client == at_server:
        return ""
    return "client" if at_client else "server"


def first_ttl(side: Side) -> cython.int:
    """TTL of its SYN or SYN-ACK, else of its other packets; 0 = unknown."""
    return side.ttl or side.data_ttl

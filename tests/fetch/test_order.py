"""Rows come in the order of first packets, however the connections end, and none waits longer than it must."""

from __future__ import annotations

import random

import pytest

from analyzer.fetch.flow import Flow
from analyzer.fetch.model import Fetch
from analyzer.fetch.order import Order
from analyzer.fetch.registries import Package
from analyzer.verdict.model import Evidence, Verdict
from analyzer.wire.model import Connection


def beginning_at(packet: int, stream: int) -> Fetch:
    """A fetch of a connection that began with this packet."""
    connection = Connection(stream)
    connection.first_packet = packet
    fetch = Fetch(connection, None)
    fetch.first_packet = packet
    return fetch


@pytest.mark.parametrize("reach", [10, 3000, 50_000])
@pytest.mark.parametrize("seed", range(4))
def test_each_leaves_in_its_turn_and_as_soon_as_it_can(seed: int, reach: int) -> None:
    """As a list that is sorted anew for each: several connections a packet, ending up to `reach` packets later."""
    dice = random.Random(seed)
    order, waiting, oldest = Order(), list[Fetch](), 1
    for stream in range(2000):
        fetch = beginning_at(oldest + dice.randrange(reach), stream)
        order.add(fetch)
        waiting.append(fetch)
        if dice.random() < 0.3:
            oldest += dice.randrange(reach)
        while dice.random() < 0.6:
            waiting.sort()
            due = waiting.pop(0) if waiting and waiting[0].first_packet < oldest else None
            assert order.leave(oldest) is due
    waiting.sort()
    assert [order.leave(1 << 62) for _ in range(len(waiting) + 1)] == [*waiting, None]
    assert not order.overflowed


def judged(number: int, packet: int) -> Fetch:
    """A fetch with something in each of its parts, detached as those are that wait."""
    fetch = beginning_at(packet, number)
    fetch.name, fetch.target, fetch.method, fetch.status = f"h{number}.example", f"/{number}?\u00e9", "GET", 503
    fetch.package = Package("go", "example.com/m", f"v1.0.{number}", "list")
    fetch.flow.certificate = {"subject": f"h{number}.example"}
    fetch.flow.splits = (1, 2)
    verdict = Verdict("http-failure", "http-status-503", "high")
    verdict.evidence, verdict.summary = (Evidence(packet, 7, "request", 0),), f"It is number {number}."
    verdict.flag("name-from-dns")
    fetch.verdict = verdict
    fetch.detach()
    return fetch


def parts(thing: object) -> object:
    """All that a fetch consists of, as plain values."""
    if isinstance(thing, (list, tuple)):
        return [parts(part) for part in thing]
    if not isinstance(thing, (Fetch, Flow, Verdict, Evidence, Package)):
        return thing
    names = [name for name in dir(thing) if not name.startswith("_") and not callable(getattr(thing, name))]
    return [(name, parts(getattr(thing, name))) for name in names]


@pytest.mark.parametrize("most", [0, 300, 5000])
def test_what_waits_packed_leaves_as_it_came(most: int) -> None:
    """In its turn and with every value, also when others of its span come behind it."""
    order, dice = Order(), random.Random(most)
    order.unpacked = most
    packets = [10_000 + dice.randrange(30_000) for _ in range(4000)]
    for number, packet in enumerate(packets):
        order.add(judged(number, packet))
    assert sum(map(len, order.later.values())) <= most + 64 * len(order.later)
    left = [order.leave(1 << 62) for _ in packets]
    assert order.leave(1 << 62) is None
    for fetch, (packet, number) in zip(left, sorted((packet, i) for i, packet in enumerate(packets)), strict=True):
        was = judged(number, packet)
        was.serial = number + 1
        assert parts(fetch) == parts(was)


def test_what_has_its_connection_is_not_packed() -> None:
    """Who reads fetches with their connections gets the very same ones."""
    order = Order()
    order.unpacked = 0
    fetches = [beginning_at(10_000 + i, i) for i in range(300)]
    for fetch in fetches:
        order.add(fetch)
    assert [order.leave(1 << 62) for _ in fetches] == fetches


def test_too_many_do_not_wait() -> None:
    """Beyond the cap the oldest leaves although an older connection is open, from whichever span it is."""
    order = Order(2)
    for packet in (90_000, 50_000, 10):
        order.add(beginning_at(packet, packet))
    assert [fetch and fetch.first_packet for fetch in (order.leave(5), order.leave(5))] == [10, None]
    assert order.overflowed

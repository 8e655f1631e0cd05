"""Rows come in the order of first packets, however the connections end, and none waits longer than it must."""

from __future__ import annotations

import random

import pytest

from analyzer.verdict.order import MAX_TEXT, Order
from analyzer.verdict.turn import Turn


def beginning_at(packet: int, stream: int) -> Turn:
    """A fetch of a connection that began with this packet."""
    turn = Turn()
    turn.first_packet, turn.stream = packet, stream
    return turn


@pytest.mark.parametrize("reach", [10, 3000, 50_000])
@pytest.mark.parametrize("seed", range(4))
def test_each_leaves_in_its_turn_and_as_soon_as_it_can(seed: int, reach: int) -> None:
    """As a list that is sorted anew for each: several connections a packet, ending up to `reach` packets later."""
    dice = random.Random(seed)
    order, waiting, oldest = Order(), list[Turn](), 1
    for stream in range(2000):
        turn = beginning_at(oldest + dice.randrange(reach), stream)
        order.add(turn)
        waiting.append(turn)
        if dice.random() < 0.3:
            oldest += dice.randrange(reach)
        while dice.random() < 0.6:
            waiting.sort()
            due = waiting.pop(0) if waiting and waiting[0].first_packet < oldest else None
            assert order.leave(oldest) is due
    waiting.sort()
    assert [order.leave(1 << 62) for _ in range(len(waiting) + 1)] == [*waiting, None]
    assert not order.overflowed


def test_too_many_do_not_wait() -> None:
    """Beyond the cap the oldest leaves although an older connection is open, from whichever span it is."""
    order = Order(2)
    for packet in (90_000, 50_000, 10):
        order.add(beginning_at(packet, packet))
    assert [turn and turn.first_packet for turn in (order.leave(5), order.leave(5))] == [10, None]
    assert order.overflowed


def test_what_they_asked_for_is_counted() -> None:
    """Long targets: the oldest leaves although an older connection is open."""
    order = Order()
    turns = [beginning_at(10 + number, number) for number in range(MAX_TEXT // 2000 + 2)]
    for turn in turns:
        turn.text = 2000
        order.add(turn)
    assert [order.leave(1), order.leave(1), order.leave(1)] == [turns[0], turns[1], None]
    assert order.overflowed

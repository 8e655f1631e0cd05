"""Connections that had to make room: whose packets come later, from either side, among any others, up to a number."""

from __future__ import annotations

from random import Random

import pytest

from analyzer.flow.given_up import FROM_CLIENT, FROM_SERVER, GivenUp
from analyzer.flow.table import reversed_key

STRANGER = 0


def keys(count: int, size: int) -> list[bytes]:
    """Keys of connections of one client's ports, and of many clients."""
    random = Random(size)
    few = [bytes(size - 5) + b"\1" + port.to_bytes(2, "big") + b"\0\x50" for port in range(count // 2)]
    return few + [random.randbytes(size) for _ in range(count - len(few))]


@pytest.mark.parametrize("size", [12, 36], ids=["IPv4", "IPv6"])
def test_each_side_is_known_and_nobody_else(size: int) -> None:
    """Of two thousand keys every other one is given up."""
    known = GivenUp()
    all_keys = keys(2000, size)
    for key in all_keys[::2]:
        known.add(key, reversed_key(key))
        known.add(key, reversed_key(key))  # evicted once more
    for number, key in enumerate(all_keys):
        reverse = reversed_key(key)
        expected = (STRANGER, STRANGER) if number % 2 else (FROM_CLIENT, FROM_SERVER)
        assert (known.sender(key, reverse), known.sender(reverse, key)) == expected


def test_at_the_cap_the_oldest_are_forgotten() -> None:
    """Two tables: what is in neither is a stranger's, and at least the last 3 in 4 of a table are known."""
    known = GivenUp()
    most = 786_432  # as given_up.py says
    for number in range(2 * most + 1):
        key = number.to_bytes(12, "little")
        known.add(key, reversed_key(key))
    for number, expected in ((0, STRANGER), (most - 1, STRANGER), (most, FROM_CLIENT), (2 * most, FROM_CLIENT)):
        key = number.to_bytes(12, "little")
        assert known.sender(key, reversed_key(key)) == expected


def test_none_given_up_takes_no_memory() -> None:
    """Most captures have none."""
    assert GivenUp().sender(bytes(12), bytes(12)) == STRANGER

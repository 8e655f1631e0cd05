"""What waits its turn leaves in the order in which it came, whatever the list behind it does to its places."""

from __future__ import annotations

import random
from collections import deque

import pytest

from analyzer.verdict.line import Line

SPARE = 300
"""More places of those that left than a line gives back late."""


@pytest.mark.parametrize("kept", [0, 64])
@pytest.mark.parametrize("busy", [0.3, 0.5, 0.7])
def test_a_line_is_a_deque_that_remembers(kept: int, busy: float) -> None:
    """Who is first, how many wait, and who left lately; few places of those that left are held, or as many as wait."""
    line, waiting, left = Line(kept), deque[int](), deque[int](maxlen=kept)
    dice = random.Random(kept)
    for number in range(20 * SPARE):
        if dice.random() < busy or not waiting:
            line.join(number)
            waiting.append(number)
        else:
            assert line.first() == waiting[0]
            line.leave()
            left.append(waiting.popleft())
        assert len(line) == len(waiting)
        assert line.items[line.head :] == list(waiting)
        assert line.items[line.head - len(left) : line.head] == list(left)
        assert line.head <= kept + max(SPARE, len(waiting) + kept) + 1


def test_who_left_is_let_go() -> None:
    """A fetch that nobody can look back at is not kept alive by its place."""
    line = Line(1)
    for number in range(3):
        line.join(number)
    for _ in range(3):
        line.leave()
    assert line.items == [None, None, 2]

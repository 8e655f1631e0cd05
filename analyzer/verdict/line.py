"""First come, first gone: what waits its turn in the stage behind the verdicts."""

from __future__ import annotations

from typing import Any

import cython

SPARE = 256
"""Places of those that left which are given back at once, and not one by one."""


class Line:
    """Fetches, or what goes with them, that join at the end and leave at the front.

    A list with an index: compiled, joining and leaving are a few instructions, where a deque is hundreds away.

    items  from `head` on those that wait; before it the last `kept` that left, and places that are given back in time
    """

    def __init__(self, kept: int = 0) -> None:
        self.items: list[Any] = []
        self.kept = kept
        self.head = 0

    def __len__(self) -> int:
        return len(self.items) - self.head

    def empty(self) -> cython.bint:
        """Whether nobody waits."""
        return self.head == len(self.items)

    def join(self, item: object) -> None:
        """Come in at the end."""
        self.items.append(item)

    def first(self) -> Any:
        """Whose turn it is; the line must not be empty."""
        return self.items[self.head]

    def leave(self) -> None:
        """The first one goes."""
        self.head += 1
        gone: cython.Py_ssize_t = self.head - self.kept
        if gone > 0:
            self.items[gone - 1] = None
        if gone > SPARE and gone > len(self.items) // 2:
            del self.items[:gone]
            self.head = self.kept

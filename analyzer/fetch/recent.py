"""What was learned lately: short lists below keys; the key that nothing was added to for longest is forgotten."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import cython


class Recent:
    """A table with a cap on all that it holds.

    No plain dict: to find its first key is to look at every place that was left in front of it.

    most       things kept in all; each: below one key, where the oldest goes first
    size       things held; forgotten: keys that were forgotten because there were too many
    """

    def __init__(self, most: int, each: int) -> None:
        self.most, self.each = most, each
        self.kept: OrderedDict[object, list[Any]] = OrderedDict()
        self.size = self.forgotten = 0

    def __len__(self) -> int:
        return len(self.kept)

    def __contains__(self, key: object) -> bool:
        return key in self.kept

    def of(self, key: object) -> list[Any]:
        """What is known below a key, the newest last."""
        known: list[Any] = cython.cast(dict, self.kept).get(key, NOTHING)  # a look-up without a call of a method
        return known

    def add(self, key: object, thing: object) -> None:
        """Something new below a key."""
        known: list[Any] | None = cython.cast(dict, self.kept).get(key)
        if known is None:
            self.kept[key] = [thing]
        else:
            self.kept.move_to_end(key)
            known.append(thing)
            if len(known) > self.each:
                del known[0]
                return
        self.size += 1
        while self.size > self.most:
            _, lost = self.kept.popitem(last=False)
            self.size -= len(lost)
            self.forgotten += 1

    def touch(self, key: object) -> None:
        """It was learned once more: the key is not among the oldest."""
        self.kept.move_to_end(key)


NOTHING: list[Any] = []

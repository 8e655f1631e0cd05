"""Which fetches a page is about in detail: of every group some, as many as there is room for."""

from __future__ import annotations

# not compiled: asked once for each fetch that did not go well
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


def _ignore(_: object) -> None:
    """Nothing is to be done."""


class Quota(Generic[Item]):
    """The first so many items of every group, at most `most` in all.

    The share of a group is halved whenever there is no room: the work is linear, and the choice depends on nothing but
    the order of the items. When not even one of each group fits, later groups have none.

    dropped   called with an item that was taken and has to go again
    """

    def __init__(self, most: int, dropped: Callable[[Item], object] = _ignore) -> None:
        self.most = self.share = most
        self.dropped = dropped
        self.size = 0
        self.groups: dict[Hashable, list[Item]] = {}

    def offer(self, group: Hashable, item: Item) -> bool:
        """Whether it is taken, for now."""
        have = len(self.groups.get(group, ()))
        while have < self.share and self.size >= self.most and self.share > 1:
            self._halve()
            have = min(have, self.share)
        if have >= self.share or self.size >= self.most:
            return False
        self.groups.setdefault(group, []).append(item)
        self.size += 1
        return True

    def _halve(self) -> None:
        self.share //= 2
        for items in self.groups.values():
            for item in items[self.share :]:
                self.dropped(item)
            self.size -= len(items[self.share :])
            del items[self.share :]

    def __iter__(self) -> Iterator[Item]:
        """Those that stayed: the first of every group, then the second ones, and so on."""
        for at in range(max(map(len, self.groups.values()), default=0)):
            yield from (items[at] for items in self.groups.values() if at < len(items))

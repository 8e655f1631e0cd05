"""The members of a rotated set as one capture, in time order, as `mergecap` writes it.

Of the next frames of all members the earliest comes first, and at equal times the one of the earlier member; within a
member the file's order stays. A member is opened when its first frame is due, so members that follow each other in time
are open one at a time.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence

import cython

from analyzer.capture.frame import Frames

NEVER = 0x7FFF_FFFF_FFFF_FFFF


class MergedFrames(Frames):
    """Frames of several readers by time.

    waiting   heap of (time of the next frame, member, its reader or None = not opened yet)
    opened    opens member number i, with its first frame as the current one; None = it has none
    done      told when a member is read to its end
    member    the reader of the current frame, index its place in the set
    until     time up to which `member` is the earliest (at equality: if it comes before member until_index)
    finished  bytes of the members that are read to their end; latest_end: the latest `end_time` of these
    """

    def __init__(
        self,
        times: Sequence[int],
        total: int,
        opened: Callable[[int], Frames | None],
        done: Callable[[int], None],
    ) -> None:
        super().__init__()
        self.waiting: list[tuple[int, int, Frames | None]] = [(time, i, None) for i, time in enumerate(times)]
        heapq.heapify(self.waiting)
        self.opened = opened
        self.done = done
        self.member: Frames | None = None
        self.until = self.finished = self.latest_end = 0
        self.index = self.until_index = 0
        self.total = total

    @property
    def end_time(self) -> int:
        """When the last member ended."""
        return self.latest_end

    def advance(self) -> cython.bint:
        """Move to the earliest frame that is left; False when no member has one."""
        member: Frames | None = self.member
        if member is None:
            if not self.switch():
                return False
        elif not member.advance():
            self.finished += member.position
            self.latest_end = max(self.latest_end, member.end_time)
            self.done(self.index)
            if not self.switch():
                return False
        elif member.time > self.until or (member.time == self.until and self.index > self.until_index):
            heapq.heappush(self.waiting, (member.time, self.index, member))
            self.switch()
        member = self.member
        if member is None:
            return False
        self.data = member.data
        self.start = member.start
        self.captured = member.captured
        self.length = member.length
        self.time = member.time
        self.link = member.link
        self.interface = member.interface
        self.position = self.finished + member.position
        self.number += 1
        return True

    def switch(self) -> cython.bint:
        """Make the member with the earliest frame the current one; False when none is left."""
        self.member = None
        while self.waiting and self.member is None:
            entry = heapq.heappop(self.waiting)
            self.index = entry[1]
            self.member = entry[2] if entry[2] is not None else self.opened(self.index)
        if self.member is None:
            self.captured = 0
            return False
        self.until = NEVER
        if self.waiting:
            self.until = self.waiting[0][0]
            self.until_index = self.waiting[0][1]
        return True

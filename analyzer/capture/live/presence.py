# not compiled: runs when an interface changes
"""Whether the interfaces that are listened on are there: they go down, are removed, come back with another index."""

from __future__ import annotations

import time

from analyzer.capture.live.interfaces import Interface, Watch, interfaces

PATIENCE_NS = 10_000_000_000
"""So long none of the interfaces may be there: a link that is set up anew, a tunnel that is dialled again. Then the
capture ends."""

COUNTING_NS = 1_000_000_000
"""Time between two looks at what interfaces dropped: the kernel tells of all of them, in a tenth of a millisecond."""


class Presence:
    """Watches the named interfaces; none named = all, of which nothing is said, since something is always there.

    moved     an interface is there again with another index than before
    lost_at   when the last of them went, in ns of the monotonic clock, 0 = one is there
    """

    def __init__(self, named: list[Interface], warnings: list[str]) -> None:
        self.named = {interface.name: interface for interface in named}
        self.warnings = warnings
        self.watch = Watch()
        self.moved = False
        self.lost_at = 0
        self.times: dict[str, int] = {}
        self.told: dict[str, int] = {}
        self.before = {interface.index: interface.dropped for interface in named or interfaces()}
        self.added = self.looked = 0

    def fileno(self) -> int:
        return self.watch.fileno()

    def look(self) -> None:
        """Take in what happened since."""
        if not self.watch.changed() or not self.named:
            return
        there = {interface.name: interface for interface in interfaces()}
        self._follow(there)
        for name, before in self.named.items():
            now = there.get(name)
            if now is None:
                if before.index:
                    self._tell(name, "was removed")
                    self.named[name] = Interface(name, 0, before.hardware, up=False)
                continue
            if now.index != before.index:
                self.moved = True
                if before.index:
                    self._tell(name, "was replaced by another of that name")
            elif before.up and not now.up:
                self._tell(name, "went down")
            self.named[name] = now
        if any(interface.up for interface in self.named.values()):
            self.lost_at = 0
        elif not self.lost_at:
            self.lost_at = time.monotonic_ns()

    def _follow(self, there: dict[str, Interface]) -> None:
        """An interface that has another name now is the one it was: the kernel goes by its index."""
        names = {interface.index: name for name, interface in there.items()}
        for old in [name for name in self.named if name not in there]:
            new = names.get(self.named[old].index)
            if new is None or new in self.named:
                continue
            self.named[new] = self.named.pop(old)
            self.warnings.append(f"`{old}` is called `{new}` now; it is captured on")

    def given_up(self) -> bool:
        """Whether none was there for too long."""
        return self.lost_at > 0 and time.monotonic_ns() - self.lost_at > PATIENCE_NS

    def present(self) -> list[Interface]:
        """The named interfaces that are there."""
        return [interface for interface in self.named.values() if interface.index]

    def dropped(self) -> int:
        """Frames that the interfaces dropped meanwhile; a counter that begins anew is added up."""
        now = time.monotonic_ns()
        if now - self.looked >= COUNTING_NS:
            self.looked = now
            wanted = {interface.index for interface in self.named.values()}
            for interface in interfaces():
                if not wanted or interface.index in wanted:
                    before = self.before.get(interface.index, 0)
                    self.before[interface.index] = interface.dropped
                    self.added += interface.dropped - before if interface.dropped >= before else interface.dropped
        return self.added

    def _tell(self, name: str, what: str) -> None:
        """One line an interface, which counts when it goes up and down all the time."""
        times = self.times[name] = self.times.get(name, 0) + 1
        text = f"`{name}` {what}; nothing is captured there until it is back"
        if times > 1:
            text = f"`{name}` went away {times:,} times, and {what} the last time; nothing was captured there meanwhile"
        if name in self.told:
            self.warnings[self.told[name]] = text
        else:
            self.told[name] = len(self.warnings)
            self.warnings.append(text)

    def close(self) -> None:
        self.watch.close()

# not compiled: runs once a capture
"""What every live source can do. A source is opened once, read through the cursor it gives, and closed once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from analyzer.capture.frame import Frames
from analyzer.capture.live.clock import SteadyClock
from analyzer.capture.losses import Losses

SNAPLEN = 262_144
"""Bytes kept of a frame: libpcap's MAXIMUM_SNAPLEN, all of any packet."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be captured.

    interfaces  names, or `any`
    bpf         capture filter in libpcap's language, "" = everything
    snaplen     bytes kept of each frame
    buffer      bytes between kernel and us, 0 = the source's own choice
    promiscuous True: also frames for other stations
    """

    interfaces: tuple[str, ...]
    bpf: str = ""
    snaplen: int = SNAPLEN
    buffer: int = 0
    promiscuous: bool = False


@dataclass(slots=True)
class Stats:
    """What was lost, since the source was opened.

    seen             frames that passed the filter, those that were dropped among them; -1 = the source cannot tell
    kernel_drops     frames the kernel dropped because we read too slowly; -1 = the source cannot tell
    interface_drops  frames the interface dropped before the filter saw them; -1 = the source cannot tell
    """

    seen: int = -1
    kernel_drops: int = -1
    interface_drops: int = -1


class Source(Protocol):
    """A live source.

    name      what `--source` calls it
    warnings  what the user should know, in the order found: an interface went down, a child died
    interfaces  name and link type of those that frames came from; a frame's `interface` is the place in this list
    failed    True once it ended because of a fault, not because it was closed or had seen enough
    interrupted  True once a part of what passed was not captured, though it went on: an interface was away
    clock     what its times are by
    """

    name: str
    warnings: list[str]
    interfaces: list[tuple[str, int]]
    failed: bool
    interrupted: bool
    clock: SteadyClock

    @property
    def losses(self) -> Losses | None:
        """When the kernel dropped packets, as far as is known by now; None = the source tells only how many."""
        ...

    def open(self, wanted: Wanted) -> Frames:
        """Begin to capture; the cursor's `advance()` is False with `idle` when nothing came for TICK_NS, and then
        `time` is the clock's: every frame of an earlier time was handed over. No time is earlier because the system's
        clock was set back.

        Raises SourceError when it cannot work here, with what to do about it.
        """
        ...

    def stats(self) -> Stats:
        """What was seen and lost so far, also after `close`."""
        ...

    def close(self) -> None:
        """Stop; frames that were captured before can still be read, then `advance()` is False without `idle`."""
        ...

    def release(self) -> None:
        """Let go of everything at once; `stats` can still be asked."""
        ...

# not compiled: looks a few times a second
"""What goes on in a stream and has failed so far: told while it lasts, ever anew, and when it does not any more."""

from __future__ import annotations

from collections.abc import Hashable

from analyzer.fetch.model import Fetch
from analyzer.verdict.told import Event

MOST_STALLS = 64
"""Stalls that are told while they last; a screen shows three of them."""
TELL_NS = 1_000_000_000
"""Between two times that one is."""


class Stall:
    """One of them: the fetch as it was last judged, since when nothing came, and when that was last told, ns."""

    __slots__ = ("fetch", "since", "told")

    def __init__(self, fetch: Fetch, since: int) -> None:
        self.fetch = fetch
        self.since = since
        self.told = 0


class Stalls:
    """Those of one stream, by connection, or by client and name.

    said   what is to be told
    """

    def __init__(self, said: list[Event], *, lean: bool) -> None:
        self.said = said
        self.lean = lean
        self.known: dict[Hashable, Stall] = {}

    def go_on(self, what: Hashable, fetch: Fetch, since: int, now: int) -> None:
        """It was judged, and goes on; nothing has come since an instant."""
        known = self.known.get(what)
        if known is None:
            if len(self.known) >= MOST_STALLS:
                return
            known = self.known[what] = Stall(fetch, since)
        if fetch.flow.stream < 0:
            fetch.first_packet = known.fetch.first_packet  # by which a name is told apart (verdict.told.going_on)
        known.fetch, known.since = fetch, since
        if self.lean:
            fetch.detach()
        self._tell(known, now)

    def end(self, what: Hashable) -> None:
        """It does not go on, if it did."""
        known = self.known.pop(what, None)
        if known is not None:
            self.said.append(Event("ended", (), known.fetch))

    def pass_time(self, now: int) -> None:
        """Those that were not judged again last longer now."""
        for known in self.known.values():
            self._tell(known, now)

    def _tell(self, known: Stall, now: int) -> None:
        if now - known.told >= TELL_NS:
            known.told = now
            known.fetch.silence_s = (now - known.since) / 1e9
            self.said.append(Event("ongoing", (), known.fetch))

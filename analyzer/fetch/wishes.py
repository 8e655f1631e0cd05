"""The wishes for names that are open, and which of them fail (resolution.py).

Every question and every frame costs the same, whatever waits: of the wishes only those are looked at that are over, and
those whose names begin with the same label, among which alone are variants of a name and those who pass it on.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Container, Iterable, Iterator
from heapq import heappop
from itertools import chain, islice

import cython

from analyzer.fetch.floods import MAX_ROWS_OF_ALL, Floods
from analyzer.fetch.flow import shared_text
from analyzer.fetch.least import NEVER, Least
from analyzer.fetch.model import Fetch
from analyzer.fetch.recent import Recent
from analyzer.fetch.resolution import Resolution, as_fetch, loopback, prefixes, without_middle
from analyzer.layer.dns.lookups import DISORDER_NS, Lookup
from analyzer.model.connection import Connection

MAX_OPEN = 16_384
"""Wishes open at once, a thousand names a second; 2.5 kB each with its lookup, 41 MB. At the cap the oldest is judged
at once, as the one that is closest to its end."""
MAX_HELD = 32_768
"""Lookups of all of them together, 0.7 kB each, 23 MB; more are as too many wishes."""
MAX_EACH = 16
"""Wishes open at once for one name and client: only a clock that jumps makes several."""
MAX_USED = 32_768
"""Times at which connections were made for names, 0.4 kB each, 13 MB; and names that clients said, as many."""
MAX_USES = 16
"""Connections remembered of one name and client; at the cap the oldest is forgotten."""
MAX_ALIKE = 32
"""Wishes of one name, or with one first label, that are compared, to know a forwarder's question from a client's."""
MOST_LOOKED_AT = 256
"""Wishes that are judged at one look while a capture goes on, 0.1 ms each."""
LOOK_AGAIN_NS = 400_000_000
"""Between two looks at the same wish: a verdict that silence decides is late by no more."""
LOOK_NS = 1_000_000_000
"""Capture time between two looks at what is over."""
NONE = 1 << 62
"""A packet or a time behind all others."""

Pair = tuple[bytes, str]
NoteOpen = Callable[[int, int], None]
"""Tells `use` and `say` of the open connections, at least of all that began with a packet, or at a time, or later."""


class Wishes:
    """The wishes of one capture.

    open        all that may still change, in the order in which they began
    named       (client, name) -> those of them, one after the other; several names may share one
    alike       first label of the name -> those of them
    waiting     those that nothing resolved yet; packets, times: the oldest of them; ends: what is over next
    held        lookups of all of them
    used        (client, name) -> when connections for it began; with the family's size in place of the client:
                any; with "" in place of the name: connections whose name is not known; newest_use: the latest of all
    said        (client, name) that a client said itself, to the server that it connected to
    joined      client -> when connections were first seen that show neither their beginning nor what they are for
    now         time of the newest question or answer
    given_up    fetches of those that had to go before their time; forgotten: how many had to go, failed or not
    floods      clients that ask for so many names that the rows of some are left out; flooded: servers asked by many
    lost        at this time something was forgotten last: what failed by then may have got on unseen
    """

    def __init__(self) -> None:
        self.open: OrderedDict[Resolution, None] = OrderedDict()
        self.named: dict[Pair, list[Resolution]] = {}
        self.alike: dict[str, dict[Resolution, None]] = {}
        self.waiting: set[Resolution] = set()
        self.packets, self.times = Least(first_packet, self.waiting), Least(first_time, self.waiting)
        self.ends = Least(deadline, self.open)
        self.held = 0
        self.used, self.said = Recent(MAX_USED, MAX_USES), Recent(MAX_USED, 1)
        self.joined = Recent(MAX_USED, MAX_USES)
        self.newest_use = self.now = self.looked = self.forgotten = 0
        self.lost = NEVER
        self.given_up: list[Fetch] = []
        self.floods, self.flooded = Floods(), Floods(MAX_ROWS_OF_ALL)

    # -- questions -------------------------------------------------------------------------------------------------

    def add(self, lookup: Lookup) -> None:
        """Add the lookup to the wish for its name. Without its question only an answer with an address begins one."""
        pair = (lookup.client, lookup.name)
        known = self.named.get(pair)
        if known is None or not known[-1].goes_on(lookup.first_time):
            if not lookup.asked and not lookup.resolved:
                return
            known = [*(known or ()), self._begin(pair, lookup)]
            self.named[pair] = known
        wish: Resolution = known[-1]
        self.held -= len(wish.lookups)
        wish.add(lookup)
        self.held += len(wish.lookups)
        self._changed(wish)
        if lookup.given_up and wish in self.waiting:
            self._give_up(wish)  # what came of it will never be known
        elif len(known) > MAX_EACH:
            self._give_up(known[0])
        while len(self.open) > MAX_OPEN or self.held > MAX_HELD:
            self._give_up(next(iter(self.open)))

    def _begin(self, pair: Pair, lookup: Lookup) -> Resolution:
        wish = Resolution(lookup)
        wish.pairs.append(pair)
        self.open[wish] = None
        self.waiting.add(wish)
        self.alike.setdefault(first_label(wish), {})[wish] = None
        return wish

    def _changed(self, wish: Resolution) -> None:
        """Something was added to a wish: it has the same place in all heaps unless it begins earlier now."""
        if wish.resolved:
            self.waiting.discard(wish)
        if wish.placed == wish.first_packet:
            return
        wish.placed = wish.first_packet
        self.ends.add(wish)
        if wish in self.waiting:
            self.packets.add(wish)
            self.times.add(wish)

    def _drop(self, wish: Resolution) -> None:
        """A wish is over, or part of another one now."""
        self.waiting.discard(wish)
        del self.open[wish]
        self.held -= len(wish.lookups)
        label = first_label(wish)
        del self.alike[label][wish]
        if not self.alike[label]:
            del self.alike[label]
        for pair in wish.pairs:
            left = [other for other in self.named.get(pair, ()) if other is not wish]
            if left:
                self.named[pair] = left
            else:
                self.named.pop(pair, None)

    def _give_up(self, wish: Resolution) -> None:
        """There is no room: a wish is judged now, by what is known of it so far."""
        self.forgotten += 1
        self.lost = max(self.lost, self.now)
        waits = wish in self.waiting and not self._join(wish) and not self._got_elsewhere(wish)
        if wish in self.open:
            self._drop(wish)
        if waits and wish.failed:
            self._overlook(wish)
            wish.given_up = wish.crowded = True
            self.given_up += self._rows(wish, self.now, one_way=False)

    @property
    def left_out(self) -> int:
        """Failed wishes that got no row."""
        return self.floods.left_out + self.flooded.left_out

    def oldest_packet(self) -> int:
        """The smallest first packet of a wish that may turn out a failure; a huge number when there is none."""
        oldest = self.packets.first()
        return NONE if oldest is None else oldest.first_packet

    def oldest_time(self) -> int:
        """When the oldest such wish began, ns; a huge number when there is none."""
        oldest = self.times.first()
        return NONE if oldest is None else oldest.first_time

    def _near(self, pair: Pair, wish: Resolution) -> Resolution | None:
        """The wish of this client and name that belongs to the same time as another."""
        for known in self.named.get(pair, ()):
            if known is not wish and known.near(wish):
                return known
        return None

    def _join(self, wish: Resolution) -> bool:
        """Whether the name is another open name of the client with a search domain behind it: one wish then."""
        for shorter in prefixes(wish.name):
            meant = self._near((wish.client, shorter), wish)
            if meant is not None and meant.cut:
                self._absorb(wish, meant)  # whose name is no more than the beginning of one
                self._changed(wish)
            elif meant is not None:
                self._absorb(meant, wish)
                for pair in wish.pairs:
                    self.named[pair] = [meant if other is wish else other for other in self.named[pair]]
                meant.pairs += wish.pairs
                wish.pairs = []
                self._drop(wish)
                self._changed(meant)
                return True
        return False

    def _absorb(self, meant: Resolution, variant: Resolution) -> None:
        before = len(meant.lookups)
        meant.absorb(variant)
        self.held += len(meant.lookups) - before

    # -- connections -----------------------------------------------------------------------------------------------

    def use(self, client: bytes, name: str, began: cython.longlong) -> None:
        """A connection was made for the name, "" = it is not known for which."""
        forgotten = self.used.forgotten
        time: object = began
        lower: str = shared_text(name.lower())
        self.newest_use = max(self.newest_use, began)
        for who in (client, FAMILY[len(client)]):
            pair = (who, lower)
            if time not in self.used.of(pair):
                self.used.add(pair, time)
        if self.used.forgotten != forgotten:
            self.lost = max(self.lost, self.newest_use)

    def join_late(self, connection: Connection) -> None:
        """A connection without its beginning, and without a sign that it is an old one: it may be a name's own."""
        if connection.tls is not None or connection.protocol not in ("", "http"):
            return
        if connection.first_time not in self.joined.of(connection.client.address):
            self.joined.add(connection.client.address, connection.first_time)

    def _overlook(self, wish: Resolution) -> None:
        """Whether such a connection may be the wish's own."""
        wish.overlooked = any(map(wish.may_have_led_to, self.joined.of(wish.client)))

    def say(self, client: bytes, name: str) -> None:
        """The client connected for the name, and said so."""
        pair = (client, shared_text(name.lower()))
        if pair in self.said:
            self.said.touch(pair)
        else:
            self.said.add(pair, None)

    def _got_elsewhere(self, wish: Resolution) -> bool:
        """Whether the client got on in spite of DNS: it connected for the name, or a shorter variant resolved."""
        clients = [wish.client, FAMILY[20 - len(wish.client)]]
        if loopback(wish.client):  # it connects under another address
            clients.append(FAMILY[len(wish.client)])
        for who in clients:
            for name in (wish.name, *prefixes(wish.name)):
                if any(map(wish.within, self.used.of((who, name)))):
                    return True
            if any(map(wish.may_have_led_to, self.used.of((who, "")))):
                return True
        for name in without_middle(wish.name):
            other = self._near((wish.client, name), wish)
            if other is not None and other.resolved:
                return True
        alike = chain(self.alike.get(first_label(wish), ()), self.alike.get("", ()))  # "" = cut before its first dot
        return any(
            other is not wish and (other.same_host(wish) or other.follows(wish)) and self._led_on(other, wish.client)
            for other in islice(alike, MAX_ALIKE)
        )

    def _led_on(self, wish: Resolution, client: bytes) -> bool:
        """Whether what may be the same wish brought an address; of a search list no client says the whole name.

        Where its answer is not in the capture, it alone is told, as what is not known.
        """
        if (client, wish.name) in self.said:
            return False
        return wish.resolved or wish.unheard or any(map(wish.may_have_led_to, self.used.of((client, ""))))

    # -- what failed -----------------------------------------------------------------------------------------------

    def failures(self, now: int, note_open: NoteOpen, one_way: bool, *, final: bool) -> Iterator[Fetch]:
        """The wishes that failed and are over.

        now in ns; one_way: no server was ever heard; final: nothing more will come, so that all wishes are over
        """
        if not self.open or (now - self.looked < LOOK_NS and not final):
            return iter(())
        self.looked = now
        over = self._over(now, final)
        vain = [wish for wish in over if wish in self.waiting]
        if vain:
            note_open(min(map(first_packet, vain)), min(map(first_time, vain)) - DISORDER_NS)
            self._join_variants({first_label(wish) for wish in vain})
            over = dict.fromkeys([*over, *self._over(now, final)])
            vain = [wish for wish in over if wish in self.waiting and (final or wish.over(now))]
            vain = [wish for wish in vain if not self._got_elsewhere(wish)]
            self._find_twins(vain)
            for wish in vain:
                self._overlook(wish)
        for wish in over:
            if wish not in self.open:
                continue
            if final or wish.over(now):
                self._drop(wish)
            else:
                self.ends.add(wish)
        failed = [wish for wish in sorted(vain, key=first_packet) if wish.failed]
        for wish in failed:
            wish.crowded = wish.first_time - DISORDER_NS <= self.lost or any(of.given_up for of in wish.lookups)
        return chain.from_iterable(self._rows(wish, now, one_way=one_way) for wish in failed)  # larger than its wish

    def vain(
        self, now: int, quiet: int, known: Container[Resolution], note_open: NoteOpen, one_way: bool
    ) -> list[Fetch]:
        """The wishes whose questions are over, and that have been quiet for so long: as they would be judged now.

        They stay open. Of a name and its variants with search domains only the shortest is told; of very many, the next
        call tells others.
        """
        due = (one for one in self.waiting if now >= max(one.look_again, one.last_time + quiet) and one not in known)
        vain = list(islice(due, MOST_LOOKED_AT))
        if not vain:
            return []
        for wish in vain:
            wish.look_again = now + LOOK_AGAIN_NS
        note_open(min(map(first_packet, vain)), min(map(first_time, vain)) - DISORDER_NS)
        vain = [wish for wish in vain if not self._is_told_by_another(wish) and not self._got_elsewhere(wish)]
        for wish in vain:
            self._overlook(wish)
        self._find_twins(vain)
        return [as_fetch(wish, now, one_way) for wish in sorted(vain, key=first_packet) if wish.failed]

    def _is_told_by_another(self, wish: Resolution) -> bool:
        """Whether another open name of the client stands for it: one without the search domain, or one that worked."""
        if any(self._near((wish.client, shorter), wish) is not None for shorter in prefixes(wish.name)):
            return True
        return any(
            other.resolved and other.client == wish.client and wish.name in prefixes(other.name)
            for other in islice(self.alike.get(first_label(wish), ()), MAX_ALIKE)
        )

    def _over(self, now: int, final: bool) -> dict[Resolution, None]:
        """The wishes that nothing can join any more; they leave `ends`."""
        if final:
            return dict.fromkeys(self.open)
        over: dict[Resolution, None] = {}
        wish = self.ends.first()
        while wish is not None and wish.over(now):
            over[wish] = None
            heappop(self.ends.heap)
            wish = self.ends.first()
        return over

    def _rows(self, wish: Resolution, now: int, *, one_way: bool) -> Iterator[Fetch]:
        """The fetch of a wish that failed, unless it is one too many of a flood; the last before that gets a flag."""
        if self.leaves_out(wish):
            return
        fetch = as_fetch(wish, now, one_way)
        if wish.last_of_flood:
            fetch.connection.flag("flood")
        yield fetch

    def leaves_out(self, wish: Resolution) -> bool:
        """Whether a wish that failed is one too many of a flood; each is counted once."""
        if wish.counted:
            return wish.left_out
        wish.counted = True
        for floods, place in ((self.floods, wish.client), (self.flooded, wish.lookups[0].server)):
            failed = floods.add(place, wish.first_time, wish.client)
            if failed > floods.most:
                wish.left_out = True
                return True
            wish.last_of_flood = wish.last_of_flood or failed == floods.most
        return False

    def _join_variants(self, labels: Iterable[str]) -> None:
        """Names that are another open name of the client with a search domain behind it are the same wish."""
        for label in labels:
            for wish in list(self.alike[label]):
                self._join(wish)

    def _find_twins(self, failed: list[Resolution]) -> None:
        """Mark the questions that a forwarder or a stub resolver passed on."""
        same_name: dict[str, list[Resolution]] = {}
        for label in dict.fromkeys(map(first_label, failed)):
            for wish in self.alike[label]:
                same_name.setdefault(wish.name, []).append(wish)
        for wish in sorted(failed, key=first_packet):
            for other in same_name[wish.name][:MAX_ALIKE]:
                settle_twins(wish, other)


FAMILY = {4: b"\x04", 16: b"\x10"}
"""Size of an address -> what stands in Wishes.used for all clients of that family."""


def first_label(wish: Resolution) -> str:
    """`web` of web.other.example, which a search list leaves as it is."""
    return wish.name.partition(".")[0]


def first_packet(wish: Resolution) -> int:
    """Order of wishes."""
    return wish.first_packet


def first_time(wish: Resolution) -> int:
    """When it began, ns."""
    return wish.first_time


def deadline(wish: Resolution) -> int:
    """When it is over unless it goes on, ns."""
    return wish.deadline


def settle_twins(one: Resolution, other: Resolution) -> None:
    """Where a forwarder or a stub resolver passed the question on, one of the two is not to be reported.

    The host that asks upstream for its own stub (systemd-resolved) knows the cause; elsewhere the first asker counts.
    """
    for outer, inner in ((one, other), (other, one)):
        if outer.same_question(inner):
            if loopback(outer.client) and not outer.resolved and not inner.resolved:
                outer.shadowed = True
            elif not loopback(outer.client) or outer.resolved:
                inner.shadowed = True
            return

"""What the capture's DNS says about connections: which name an address had for a client, and how long that took.

A map from (client, address) to the lookups that brought it, newest last; the client is the one that asked, or the
host's own stub resolver on the loopback address. `Names` also collects the wishes that fail (resolution.py).
"""

from __future__ import annotations

from collections.abc import Callable

import cython

from analyzer.fetch.build import exchange_name, seconds
from analyzer.fetch.model import Fetch
from analyzer.fetch.resolution import Resolution, as_fetch, loopback, prefixes, without_middle
from analyzer.wire.dns.lookups import Lookup
from analyzer.wire.dns.message import HTTPS
from analyzer.wire.model import Connection

DNS_LINK_NS = 5_000_000_000
"""A lookup this long before the SYN belongs to the connection (signatures.md 6.1 `dns_link`)."""
MAX_KEYS = 65_536
"""(client, address) and (client, name) pairs remembered; at the cap the pair first seen is forgotten."""
MAX_EACH = 16
"""Lookups remembered of each pair; at the cap the oldest is forgotten."""
MAX_OPEN = 16_384
"""Names open at once; at the cap the oldest is forgotten."""
MAX_ASKERS = 32
"""Clients of one name that are compared, to know a forwarder's question from a client's."""
LOOK_NS = 1_000_000_000
"""Capture time between two looks at what is over."""

Pair = tuple[bytes, object]


class Names:
    """The lookups of one capture, heard as they were asked and ended, in the order of packets.

    answers     (client, address) -> lookups that brought it; asked: (client, name) -> lookups of it
    wishes      (client, name) -> its wishes, one after the other; several names may share one
    waiting     those of them that nothing resolved yet
    used        (client, name) -> when connections for it began
    forgotten   pairs and wishes given up at a cap
    """

    def __init__(self) -> None:
        self.answers: dict[Pair, list[Lookup]] = {}
        self.asked: dict[Pair, list[Lookup]] = {}
        self.wishes: dict[tuple[bytes, str], list[Resolution]] = {}
        self.waiting: set[Resolution] = set()
        self.used: dict[tuple[bytes, str], list[int]] = {}
        self.forgotten = 0
        self.looked = 0

    def learn(self, lookup: Lookup) -> None:
        """A lookup was asked, or is over; of one whose question was not captured only its end is heard.

        A connection knows of the questions before it, whether they were answered when it ended or not.
        """
        client = b"" if loopback(lookup.client) else lookup.client
        if not lookup.heard:
            self._remember(self.asked, (client, lookup.name), lookup)
            lookup.heard = 1
            if lookup.tries:
                return
        for address in lookup.addresses:
            self._remember(self.answers, (client, address), lookup)
        if lookup.qtype != HTTPS and (lookup.tries or lookup.resolved):
            self._wish(lookup)

    def _remember(self, table: dict[Pair, list[Lookup]], pair: Pair, lookup: Lookup) -> None:
        known = table.get(pair)
        if known is None:
            if len(table) >= MAX_KEYS:
                del table[next(iter(table))]
                self.forgotten += 1
            table[pair] = known = []
        elif len(known) >= MAX_EACH:
            del known[0]
        known.append(lookup)

    # -- connections -----------------------------------------------------------------------------------------------

    def annotate(self, fetch: Fetch) -> None:
        """Give a fetch the name its address had, where it said none, and the time its lookup took."""
        connection: Connection = fetch.connection
        if not self.asked or connection.midstream:
            return
        client: bytes = connection.client.address
        began: cython.longlong = connection.first_time
        if not fetch.name:
            answer = self._newest(client, connection.server.address, began)
            if answer is not None:
                fetch.name = answer.name
                fetch.name_from_dns = 1
        else:
            self._use(client, fetch.name, began)
        if fetch.name and fetch.first_packet == connection.first_packet:
            fetch.dns_s = self._took(client, fetch.name.lower(), began)

    def _newest(self, client: bytes, address: bytes, before: cython.longlong) -> Lookup | None:
        """The newest answer with this address before an instant; the client's own, else the host's stub resolver's."""
        for asker in (client, b""):
            for lookup in reversed(self.answers.get((asker, address), ())):
                if lookup.answer_time <= before:
                    return lookup
        return None

    def _took(self, client: bytes, name: str, before: cython.longlong) -> float:
        """From the first question for the name within DNS_LINK_NS to the last answer, in seconds."""
        lookups = self.asked.get((client, name)) or self.asked.get((b"", name)) or []
        first: cython.longlong = 0
        last: cython.longlong = 0
        for lookup in lookups:
            began: cython.longlong = lookup.first_time
            if lookup.tries and before - DNS_LINK_NS <= began <= before:
                first = min(first or began, began)
                if lookup.answer_time <= before:
                    last = max(last, lookup.answer_time)
        return seconds(first, last)

    # -- wishes ----------------------------------------------------------------------------------------------------

    def _wish(self, lookup: Lookup) -> None:
        """Add the lookup to the wish for its name. An answer whose question was not captured begins none."""
        pair = (lookup.client, lookup.name)
        known = self.wishes.get(pair)
        if known is None or not known[-1].goes_on(lookup.first_time):
            if not lookup.tries:
                return
            known = self._begin(pair, lookup)
        wish = known[-1]
        wish.add(lookup)
        if wish.resolved:
            self.waiting.discard(wish)

    def _begin(self, pair: tuple[bytes, str], lookup: Lookup) -> list[Resolution]:
        if len(self.wishes) >= MAX_OPEN:
            self.waiting.difference_update(self.wishes.pop(next(iter(self.wishes))))
            self.forgotten += 1
        wish = Resolution(lookup)
        self.waiting.add(wish)
        known = self.wishes.setdefault(pair, [])
        known.append(wish)
        return known

    def _near(self, pair: tuple[bytes, str], wish: Resolution) -> Resolution | None:
        """The wish of this client and name that belongs to the same time as another."""
        for known in self.wishes.get(pair, ()):
            if known is not wish and known.near(wish):
                return known
        return None

    def _use(self, client: bytes, name: str, began: int) -> None:
        """A connection was made for the name."""
        pair = (client, name.lower())
        known = self.used.get(pair)
        if known is None:
            if len(self.used) >= MAX_KEYS:
                del self.used[next(iter(self.used))]
            self.used[pair] = known = []
        elif len(known) >= MAX_EACH:
            del known[0]
        known.append(began)

    def _got_elsewhere(self, wish: Resolution) -> bool:
        """Whether the client got on in spite of DNS: it connected for the name, or a shorter variant resolved."""
        for name in (wish.name, *prefixes(wish.name)):
            if any(map(wish.within, self.used.get((wish.client, name), ()))):
                return True
        for name in without_middle(wish.name):
            other = self._near((wish.client, name), wish)
            if other is not None and other.resolved:
                return True
        return False

    def oldest_open(self) -> int:
        """The smallest first packet of a wish that may turn out a failure; a huge number when there is none."""
        return min([wish.first_packet for wish in self.waiting], default=1 << 62)

    def oldest_time(self) -> int:
        """When the oldest such wish began, ns; a huge number when there is none."""
        return min([wish.first_time for wish in self.waiting], default=1 << 62)

    def failures(
        self, now: int, connections: Callable[[], list[Connection]], one_way: bool, *, final: bool
    ) -> list[Fetch]:
        """The wishes that failed and are over; `connections()` are those open, which may have been made for one.

        now in ns; one_way: no server was ever heard; final: nothing more will come, so that all wishes are over
        """
        if not self.wishes or (now - self.looked < LOOK_NS and not final):
            return []
        self.looked = now
        failed = [wish for wish in self.waiting if final or wish.over(now)]
        if failed:
            for connection in connections():
                self._use(connection.client.address, wanted(connection), connection.first_time)
            self._join_variants()
            failed = [wish for wish in self.waiting if (final or wish.over(now)) and not self._got_elsewhere(wish)]
            self._find_twins(failed)
        self._forget(now, final)
        return [as_fetch(wish, now, one_way) for wish in sorted(failed, key=began_with) if wish.failed]

    def _join_variants(self) -> None:
        """Names that are another open name of the client with a search domain behind it are the same wish."""
        for pair, known in list(self.wishes.items()):
            for at, wish in enumerate(known):
                for shorter in prefixes(wish.name):
                    meant = self._near((wish.client, shorter), wish)
                    if meant is not None:
                        meant.absorb(wish)
                        self.wishes[pair][at] = meant
                        self.waiting.discard(wish)
                        if meant.resolved:
                            self.waiting.discard(meant)
                        break

    def _find_twins(self, failed: list[Resolution]) -> None:
        """Mark the questions that a forwarder or a stub resolver passed on."""
        if not failed:
            return
        same_name: dict[str, list[Resolution]] = {}
        for known in self.wishes.values():
            for wish in known:
                same_name.setdefault(wish.name, []).append(wish)
        for wish in sorted(failed, key=began_with):
            for other in same_name[wish.name][:MAX_ASKERS]:
                settle_twins(wish, other)

    def _forget(self, now: int, final: bool) -> None:
        """Drop the wishes that are over."""
        self.waiting = {wish for wish in self.waiting if not (final or wish.over(now))}
        left = {}
        for pair, known in self.wishes.items():
            going = [wish for wish in known if not (final or wish.over(now))]
            if going:
                left[pair] = going
        self.wishes = left


def began_with(wish: Resolution) -> int:
    """Order of wishes."""
    return wish.first_packet


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


def wanted(connection: Connection) -> str:
    """The name that a connection which is still open was made for, "" = it did not say."""
    if connection.tls is not None and connection.tls.sni:
        return connection.tls.sni
    return exchange_name(connection, connection.exchanges[0]) if connection.exchanges else ""

"""What the capture's DNS says about connections: which name an address had for a client, and how long that took.

A map from (client, address) to the lookups that brought it, newest last; the client is the one that asked, or the
host's own stub resolver on the loopback address. `Names` also collects the wishes that fail (resolution.py).

A host asks over one family for addresses of both. A connection of the other family is of the host that asked when
exactly one client of that other family was given this very address (or asked for this very name) within KIN_NS before.
The first address that is recognized so is the host's (`Flow.host`), for retries; a second one only gets the name.
"""

from __future__ import annotations

from collections.abc import Callable

import cython

from analyzer.fetch.build import exchange_name, seconds
from analyzer.fetch.model import Fetch
from analyzer.fetch.questions import asked_before, last_answer, repeated
from analyzer.fetch.resolution import Resolution, as_fetch, loopback, prefixes, without_middle
from analyzer.wire.dns.lookups import Lookup
from analyzer.wire.dns.message import HTTPS
from analyzer.wire.model import Connection

KIN_NS = 300_000_000_000
"""How long an answer tells whose a connection of the other family is: a usual TTL, and two SYNs' full timeouts."""
MAX_ASKERS_OF_ONE = 8
"""Clients kept that were given one address; with more of them it tells nothing."""
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
    askers      address or name -> clients that were given it, or asked for it
    kin         client that asked -> address of the other family that was recognized as the same host
    wishes      (client, name) -> its wishes, one after the other; several names may share one
    waiting     those of them that nothing resolved yet
    used        (client, name) -> when connections for it began; with the family's size in place of the client:
                any; with "" in place of the name: connections whose name is not known
    joined      client -> when connections were first seen that show neither their beginning nor what they are for
    said        (client, name) that a client said itself, to the server that it connected to
    forgotten   pairs and wishes given up at a cap
    """

    def __init__(self) -> None:
        self.answers: dict[Pair, list[Lookup]] = {}
        self.asked: dict[Pair, list[Lookup]] = {}
        self.askers: dict[object, list[bytes]] = {}
        self.kin: dict[bytes, bytes] = {}
        self.wishes: dict[tuple[bytes, str], list[Resolution]] = {}
        self.waiting: set[Resolution] = set()
        self.used: dict[tuple[bytes, str], list[int]] = {}
        self.joined: dict[bytes, list[int]] = {}
        self.said: dict[tuple[bytes, str], None] = {}
        self.forgotten = 0
        self.looked = 0

    def learn(self, lookup: Lookup) -> None:
        """A lookup was asked, or is over; of one whose question was not captured only its end is heard.

        A connection knows of the questions before it, whether they were answered when it ended or not.
        """
        client = asker_of(lookup)
        if not lookup.heard:
            self._remember(self.asked, (client, lookup.name), lookup)
            lookup.heard = 1
            if lookup.tries:
                return
        for address in lookup.addresses:
            self._remember(self.answers, (client, address), lookup)
        if lookup.qtype != HTTPS and not lookup.foreign and (lookup.tries or lookup.resolved):
            self._wish(lookup)

    def _remember(self, table: dict[Pair, list[Lookup]], pair: Pair, lookup: Lookup) -> None:
        known = table.get(pair)
        if known is None:
            if len(table) >= MAX_KEYS:
                del table[next(iter(table))]
                self.forgotten += 1
            table[pair] = known = []
            self._add_asker(pair[0], pair[1])
        elif len(known) >= MAX_EACH:
            del known[0]
        known.append(lookup)

    def _add_asker(self, client: bytes, what: object) -> None:
        clients = self.askers.get(what)
        if clients is None:
            if len(self.askers) >= 2 * MAX_KEYS:
                del self.askers[next(iter(self.askers))]
            self.askers[what] = clients = []
        if client and client not in clients and len(clients) < MAX_ASKERS_OF_ONE:
            clients.append(client)

    # -- connections -----------------------------------------------------------------------------------------------

    def annotate(self, fetch: Fetch) -> None:
        """Give a fetch the name its address had, where it said none, and the time its lookup took."""
        connection: Connection = fetch.connection
        if not self.asked:
            return
        if connection.midstream:
            if fetch.name:
                self._use(connection.client.address, fetch.name, connection.first_time)
            else:
                self._join(connection)
            return
        client: bytes = connection.client.address
        server: bytes = connection.server.address
        began: cython.longlong = connection.first_time
        host: bytes = client
        if not self.answers.get((client, server)):
            host = self._other_family(client, server, began) or client
        if not fetch.name:
            answer = self._newest(host, server, began)
            if answer is not None:
                fetch.name = answer.name
                fetch.name_from_dns = 1
        elif host == client and (client, fetch.name.lower()) not in self.asked:
            host = self._other_family(client, fetch.name.lower(), began) or client
        if host != client and self.kin.setdefault(host, client) == client:
            fetch.flow.host = host
        for who in {client, host}:
            self._use(who, fetch.name, began)
            if fetch.name and not fetch.name_from_dns:
                self._say(who, fetch.name)
        if fetch.name and fetch.first_packet == connection.first_packet:
            self._time(fetch, host, began)

    def _other_family(self, client: bytes, what: object, before: cython.longlong) -> bytes:
        """The only client of the other family that got this address, or asked for this name, within KIN_NS; or b""."""
        found = b""
        clients = self.askers.get(what, ())
        if len(clients) >= MAX_ASKERS_OF_ONE:
            return b""
        table = self.answers if isinstance(what, bytes) else self.asked
        for asker in clients:
            if len(asker) == len(client):
                continue
            for lookup in table.get((asker, what), ()):
                if before - KIN_NS <= lookup.answer_time <= before:
                    if found not in (b"", asker):
                        return b""
                    found = asker
        return found

    def _newest(self, client: bytes, address: bytes, before: cython.longlong) -> Lookup | None:
        """The newest answer with this address before an instant; the client's own, else the host's stub resolver's."""
        for asker in (client, b""):
            for lookup in reversed(self.answers.get((asker, address), ())):
                if lookup.answer_time <= before:
                    return lookup
        return None

    def _time(self, fetch: Fetch, client: bytes, before: cython.longlong) -> None:
        """From the first question for the name to the last answer, in seconds; and whether a question was repeated."""
        name = fetch.name.lower()
        lookups = self.asked.get((client, name)) or self.asked.get((b"", name)) or []
        asked = asked_before(lookups, before)
        if asked:
            first: cython.longlong = min([times[0] for times, _ in asked])
            fetch.dns_s = seconds(first, last_answer(asked, before))
            fetch.dns_repeated = 1 if repeated(asked) else 0

    # -- wishes ----------------------------------------------------------------------------------------------------

    def _wish(self, lookup: Lookup) -> None:
        """Add the lookup to the wish for its name. Without its question only an answer with an address begins one."""
        pair = (lookup.client, lookup.name)
        known = self.wishes.get(pair)
        if known is None or not known[-1].goes_on(lookup.first_time):
            if not lookup.tries and not lookup.resolved:
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
        """A connection was made for the name, "" = it is not known for which."""
        for who in (client, bytes((len(client),))):
            pair = (who, name.lower())
            known = self.used.get(pair)
            if known is None:
                if len(self.used) >= MAX_KEYS:
                    del self.used[next(iter(self.used))]
                self.used[pair] = known = []
            elif began in known:
                continue
            elif len(known) >= MAX_EACH:
                del known[0]
            known.append(began)

    def _join(self, connection: Connection) -> None:
        """A connection without its beginning, and without a sign that it is an old one: it may be a name's own."""
        if connection.tls is not None or connection.protocol not in ("", "http"):
            return
        client = connection.client.address
        if len(self.joined) >= MAX_KEYS:
            del self.joined[next(iter(self.joined))]
        known = self.joined.setdefault(client, [])
        if len(known) >= MAX_EACH:
            del known[0]
        known.append(connection.first_time)

    def _say(self, client: bytes, name: str) -> None:
        """The client connected for the name, and said so."""
        if len(self.said) >= MAX_KEYS:
            del self.said[next(iter(self.said))]
        self.said[client, name.lower()] = None

    def _use_open(self, connection: Connection) -> None:
        """A connection is still open: it may have been made for a name, whether it says so or not."""
        client, began = connection.client.address, connection.first_time
        name = wanted(connection)
        if name:
            self._say(client, name)
        else:
            answer = self._newest(client, connection.server.address, began)
            name = answer.name if answer is not None else ""
        if name or not connection.midstream:
            self._use(client, name, began)
        else:
            self._join(connection)

    def _got_elsewhere(self, wish: Resolution, siblings: dict[str, list[Resolution]]) -> bool:
        """Whether the client got on in spite of DNS: it connected for the name, or a shorter variant resolved."""
        clients = [wish.client, OTHER_FAMILY[len(wish.client)]]
        if loopback(wish.client):  # it connects under another address
            clients.append(bytes((len(wish.client),)))
        for who in clients:
            for name in (wish.name, *prefixes(wish.name)):
                if any(map(wish.within, self.used.get((who, name), ()))):
                    return True
            if any(map(wish.may_have_led_to, self.used.get((who, ""), ()))):
                return True
        for name in without_middle(wish.name):
            other = self._near((wish.client, name), wish)
            if other is not None and other.resolved:
                return True
        same = (*siblings.get(first_label(wish), ()), *siblings.get("", ()))
        return any(
            other is not wish and (other.same_host(wish) or other.follows(wish)) and self._led_on(other, wish.client)
            for other in same
        )

    def _led_on(self, wish: Resolution, client: bytes) -> bool:
        """Whether what may be the same wish brought an address; of a search list no client says the whole name.

        Where its answer is not in the capture, it alone is told, as what is not known.
        """
        if (client, wish.name) in self.said:
            return False
        return wish.resolved or wish.unheard or any(map(wish.may_have_led_to, self.used.get((client, ""), ())))

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
                self._use_open(connection)
            self._join_variants()
            siblings = self._siblings()
            failed = [
                wish for wish in self.waiting if (final or wish.over(now)) and not self._got_elsewhere(wish, siblings)
            ]
            self._find_twins(failed)
            for wish in failed:
                wish.overlooked = any(map(wish.may_have_led_to, self.joined.get(wish.client, ())))
        self._forget(now, final)
        return [as_fetch(wish, now, one_way) for wish in sorted(failed, key=began_with) if wish.failed]

    def _siblings(self) -> dict[str, list[Resolution]]:
        """All wishes by the first label of their names, which a search list leaves as it is."""
        found: dict[str, list[Resolution]] = {}
        for known in self.wishes.values():
            for wish in known:
                same = found.setdefault(first_label(wish), [])
                if len(same) < MAX_ASKERS:
                    same.append(wish)
        return found

    def _join_variants(self) -> None:
        """Names that are another open name of the client with a search domain behind it are the same wish."""
        for pair, known in list(self.wishes.items()):
            for at, wish in enumerate(known):
                for shorter in prefixes(wish.name):
                    meant = self._near((wish.client, shorter), wish)
                    if meant is not None and meant.cut:
                        wish.absorb(meant)
                        if wish.resolved:
                            self.waiting.discard(wish)
                    elif meant is not None:
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


OTHER_FAMILY = {4: b"\x10", 16: b"\x04"}
"""Size of an address -> what stands in Names.used for all clients of the other family."""


def asker_of(lookup: Lookup) -> bytes:
    """Who asked; b"" for a program of the host itself, which asks the stub resolver there."""
    return b"" if loopback(lookup.client) else lookup.client


def first_label(wish: Resolution) -> str:
    """`web` of web.other.example."""
    return wish.name.partition(".")[0]


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

"""What the capture's DNS says about connections: which name an address had for a client, and how long that took.

A map from (client, address) to the answers that brought it, newest last; the client is the one that asked, or the
host's own stub resolver on the loopback address. `Names` also passes on what the wishes that fail need (wishes.py).

A host asks over one family for addresses of both. A connection of the other family is of the host that asked when
exactly one client of that other family was given this very address (or asked for this very name) within KIN_NS before.
The first address that is recognized so is the host's (`Flow.host`), for retries; a second one only gets the name.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator

import cython

from analyzer.fetch.build import exchange_name, seconds
from analyzer.fetch.flow import shared, shared_text
from analyzer.fetch.least import NEVER
from analyzer.fetch.model import Fetch
from analyzer.fetch.questions import asked_before, last_answer, repeated
from analyzer.fetch.recent import Recent
from analyzer.fetch.resolution import Resolution, loopback
from analyzer.fetch.wishes import Wishes
from analyzer.layer.dns.lookups import Lookup
from analyzer.layer.dns.message import HTTPS
from analyzer.model.connection import Connection

KIN_NS = 300_000_000_000
"""How long an answer tells whose a connection of the other family is: a usual TTL, and two SYNs' full timeouts."""
MAX_ASKERS_OF_ONE = 8
"""Clients kept that were given one address; with more of them it tells nothing."""
MAX_ANSWERS = 65_536
"""Answers remembered, one an address, 0.5 kB each, 33 MB; at the cap the (client, address) pair is forgotten for which
none came for longest. What has no address takes no place here: a flood of names that do not exist costs no name."""
MAX_ASKED = 16_384
"""Lookups remembered by name, for the time they took, 1 kB each, 16 MB: two thousand a second in the seconds before a
connection (questions.py LINK_NS)."""
MAX_ASKED_FOR = 32_768
"""Names and addresses of which is known who asked for them, 0.4 kB each, 13 MB."""
MAX_KIN = 16_384
"""Hosts known under an address of each family, 0.2 kB each, 3 MB; of more the second address is not recognized."""
MAX_EACH = 16
"""Lookups and answers remembered of each pair; at the cap the oldest is forgotten."""

OpenedSince = Callable[[int, int], Iterable[Connection]]
"""The open connections, at least all that began with a packet, or at a time in ns, or later."""


class Names:
    """The lookups of one capture, heard as they were asked and ended, in the order of packets.

    answers     (client, address) -> answers that brought it; asked: (client, name) -> lookups of it
    askers      address or name -> clients that were given it, or asked for it
    kin         client that asked -> address of the other family that was recognized as the same host
    wishes      those that are open
    lost        when a pair or an asker was forgotten last, ns
    """

    def __init__(self) -> None:
        self.answers = Recent(MAX_ANSWERS, MAX_EACH)
        self.asked = Recent(MAX_ASKED, MAX_EACH)
        self.askers = Recent(MAX_ASKED_FOR, MAX_ASKERS_OF_ONE)
        self.kin: dict[bytes, bytes] = {}
        self.wishes = Wishes()
        self.lost = NEVER

    @property
    def forgotten(self) -> int:
        """Names and addresses that had to make room for others, whose connections may lack a name or its time."""
        return self.answers.forgotten + self.asked.forgotten

    def learn(self, lookup: Lookup) -> None:
        """A lookup was asked, or is over; of one whose question was not captured only its end is heard.

        A connection knows of the questions before it, whether they were answered when it ended or not.
        """
        if not lookup.heard:
            share(lookup)
        client: bytes = asker_of(lookup)
        now: cython.longlong = max(lookup.last_query_time, lookup.answer_time)
        if now > self.wishes.now:
            self.wishes.now = now
        if not lookup.heard:
            self._remember(self.asked, client, lookup.name, lookup)
            lookup.heard = 1
            if lookup.asked:
                return
        for address in lookup.addresses:
            self._remember(self.answers, client, shared(address), (lookup.answer_time, lookup.name))
        lookup.let_go()
        if lookup.qtype != HTTPS and not lookup.foreign and (lookup.asked or lookup.resolved):
            self.wishes.add(lookup)

    def _remember(self, table: Recent, client: bytes, what: object, thing: object) -> None:
        forgotten: cython.Py_ssize_t = table.forgotten + self.askers.forgotten
        table.add((client, what), thing)
        if client:
            self._add_asker(client, what)
        if table.forgotten + self.askers.forgotten != forgotten:
            self.lost = self.wishes.now

    def _add_asker(self, client: bytes, what: object) -> None:
        clients: list[bytes] = self.askers.of(what)
        if client in clients or len(clients) >= MAX_ASKERS_OF_ONE:
            self.askers.touch(what)
        else:
            self.askers.add(what, client)

    # -- connections -----------------------------------------------------------------------------------------------

    def annotate(self, fetch: Fetch) -> None:
        """Give a fetch the name its address had, where it said none, and the time its lookup took."""
        connection: Connection = fetch.connection
        if not self.asked.size:
            return
        if connection.midstream:
            if fetch.name:
                self.wishes.use(connection.client.address, fetch.name, connection.first_time)
            else:
                self.wishes.join_late(connection)
            return
        client: bytes = fetch.flow.client
        server: bytes = fetch.flow.server
        began: cython.longlong = connection.first_time
        host: bytes = client
        if not self.answers.of((client, server)):
            host = self._other_family(client, server, began) or client
        if not fetch.name:
            fetch.name = self._newest(host, server, began)
            fetch.name_from_dns = 1 if fetch.name else 0
        elif host == client and (client, fetch.name.lower()) not in self.asked:
            host = self._other_family(client, fetch.name.lower(), began) or client
        if host != client and self._is_kin(host, client):
            fetch.flow.host = host
        if connection.noted < 2 or fetch.name != wanted(connection):  # else it was noted already
            self._wish(client, fetch, began)
            connection.noted = 2 if fetch.name and fetch.name == wanted(connection) else connection.noted
        if host != client:
            self._wish(host, fetch, began)
        if fetch.name and fetch.first_packet == connection.first_packet:
            self._time(fetch, host, began)

    def _wish(self, client: bytes, fetch: Fetch, began: cython.longlong) -> None:
        """A host connected for the name of a fetch."""
        self.wishes.use(client, fetch.name, began)
        if fetch.name and not fetch.name_from_dns:
            self.wishes.say(client, fetch.name)

    def _is_kin(self, host: bytes, client: bytes) -> cython.bint:
        """Whether this is the first address of the other family that is recognized as the host's."""
        if host not in self.kin and len(self.kin) < MAX_KIN:
            self.kin[host] = client
        return self.kin.get(host) == client

    def _other_family(self, client: bytes, what: object, before: cython.longlong) -> bytes:
        """The only client of the other family that got this address, or asked for this name, within KIN_NS; or b"".

        Of what was forgotten nobody knows whether it was the only one.
        """
        found = b""
        asker: bytes
        clients: list[bytes] = self.askers.of(what)
        if len(clients) >= MAX_ASKERS_OF_ONE or before - KIN_NS <= self.lost:
            return b""
        for asker in clients:
            if len(asker) == len(client):
                continue
            for answered in self._answered(asker, what):
                if before - KIN_NS <= answered <= before:
                    if found not in (b"", asker):
                        return b""
                    found = asker
        return found

    def _answered(self, client: bytes, what: object) -> list[int]:
        """When a client was given an address, or had its answers for a name."""
        if isinstance(what, bytes):
            return [time for time, _ in self.answers.of((client, what))]
        return [lookup.answer_time for lookup in self.asked.of((client, what))]

    def _newest(self, client: bytes, address: bytes, before: cython.longlong) -> str:
        """The name in the newest answer with this address before an instant, "" = there is none.

        The client's own answers count, else those of the host's stub resolver.
        """
        time: cython.longlong
        asker: bytes
        for asker in (client, b""):
            for time, name in reversed(self.answers.of((asker, address))):
                if time <= before:
                    return str(name)
        return ""

    def _time(self, fetch: Fetch, client: bytes, before: cython.longlong) -> None:
        """From the first question for the name to the last answer, in seconds; and whether a question was repeated."""
        name = fetch.name.lower()
        lookups: list[Lookup] = self.asked.of((client, name)) or self.asked.of((b"", name))
        if not lookups:
            return
        asked = asked_before(lookups, before)
        if asked:
            first: cython.longlong = min([times[0] for times, _ in asked])
            fetch.dns_s = seconds(first, last_answer(asked, before))
            fetch.dns_repeated = 1 if repeated(asked) else 0

    # -- wishes ----------------------------------------------------------------------------------------------------

    def oldest_open(self) -> int:
        """The smallest first packet of a wish that may turn out a failure; a huge number when there is none."""
        return self.wishes.oldest_packet()

    def oldest_time(self) -> int:
        """When the oldest such wish began, ns; a huge number when there is none."""
        return self.wishes.oldest_time()

    def given_up(self) -> list[Fetch]:
        """The wishes that failed, as far as is known, and had to make room for others, since the last call."""
        found, self.wishes.given_up = self.wishes.given_up, []
        return found

    def vain(
        self, now: int, quiet: int, known: Container[Resolution], opened_since: OpenedSince, one_way: bool
    ) -> list[Fetch]:
        """The wishes that failed as far as is known, but are not over: their questions are, and `quiet` ns went by."""

        def note_open(packet: int, time: int) -> None:
            for connection in opened_since(packet, time):
                self._use_open(connection)

        return self.wishes.vain(now, quiet, known, note_open, one_way)

    def failures(self, now: int, opened_since: OpenedSince, one_way: bool, *, final: bool) -> Iterator[Fetch]:
        """The wishes that failed and are over; `opened_since` tells those open, which may have been made for one.

        now in ns; one_way: no server was ever heard; final: nothing more will come, so that all wishes are over
        """

        def note_open(packet: int, time: int) -> None:
            for connection in opened_since(packet, time):
                self._use_open(connection)

        return self.wishes.failures(now, note_open, one_way, final=final)

    def _use_open(self, connection: Connection) -> None:
        """A connection is still open: it may have been made for a name, whether it says so or not.

        It is met at every look, and tells something new twice at most.
        """
        if connection.noted == 2:
            return
        client: bytes = shared(connection.client.address)
        began: cython.longlong = connection.first_time
        name: str = wanted(connection)
        known: cython.int = 2 if name else 1
        if connection.noted >= known:
            return
        connection.noted = known
        if name:
            self.wishes.say(client, name)
        else:
            name = self._newest(client, connection.server.address, began)
        if name or not connection.midstream:
            self.wishes.use(client, name, began)
        else:
            self.wishes.join_late(connection)


def asker_of(lookup: Lookup) -> bytes:
    """Who asked; b"" for a program of the host itself, which asks the stub resolver there."""
    return b"" if loopback(lookup.client) else lookup.client


def share(lookup: Lookup) -> None:
    """One object for what returns in lookup after lookup: what is remembered of ten thousands is a fifth smaller."""
    lookup.client, lookup.server = shared(lookup.client), shared(lookup.server)
    same: cython.bint = lookup.spelling == lookup.name
    lookup.name = shared_text(lookup.name)
    if same:
        lookup.spelling = lookup.name


def wanted(connection: Connection) -> str:
    """The name that a connection which is still open was made for, "" = it did not say."""
    if connection.tls is not None and connection.tls.sni:
        return connection.tls.sni
    return exchange_name(connection, connection.exchanges[0]) if connection.exchanges else ""

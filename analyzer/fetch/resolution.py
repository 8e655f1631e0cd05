"""All that one client tried to resolve one name, and when that is a failure (signatures.md 1.2 `dns-failure`).

A resolver asks for A and AAAA, asks again, asks other servers, and appends search domains. It is one wish: it failed
when nothing of it brought an address and no connection was made for the name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cython

from analyzer.fetch.build import seconds
from analyzer.fetch.model import Fetch
from analyzer.layer.dns.lookups import DISORDER_NS, LATE_NS, PATIENCE_NS, Lookup
from analyzer.layer.dns.message import AAAA, NOERROR, NXDOMAIN, SERVFAIL
from analyzer.model.connection import CLIENT, NETWORK, SERVER, Connection, Event

LINK_NS = PATIENCE_NS + LATE_NS
"""A lookup this long before the SYN belongs to the connection: longer than a resolver waits before it asks again."""
AGAIN_NS = 900_000_000
"""The same question to whatever server is a repetition after this time: `timeout:1` of resolv.conf(5), and Windows'."""
QUIET_NS = 2 * PATIENCE_NS
"""A wish is over when its client has not asked for so long: no resolver waits longer between two tries."""
LONGEST_NS = 60_000_000_000
"""A client that asks for ever is reported after so long: three servers, two tries each, two search domains."""
PASS_ON_NS = 50_000_000
"""A forwarder that has no answer asks on at once; this leaves room for a busy one."""
MAX_LOOKUPS = 64
"""Lookups kept of one wish; of later ones only an address counts."""
MAX_LABELS = 16
"""Labels that a search domain may have, and a name in which one is looked for within another."""
NO_ANSWER = "no-answer"
NO_ADDRESS = "no-address"


class Spellings:
    """What rows say of a resolution whose verdict is known: the names, as they were spelled."""

    __slots__ = ("names",)

    def __init__(self, names: list[str]) -> None:
        self.names = tuple(names)


class Resolution:
    """One client's wish for one name.

    name        the shortest of the names asked for: what the user meant, before search domains were appended
    names       all of them, as they were spelled; lookups: the first MAX_LOOKUPS of all
    cut         1 = the snaplen cut all of its questions: the name is no more than their beginning, and nobody's
    overlooked  1 = a connection that may be its own was captured without its beginning
    resolved    something brought an address, or may have: no failure
    shadowed    another resolution stands for it: a forwarder's question, or the one to the stub resolver
    first_packet, first_time, last_time   of its packets
    pairs       (client, name) under which it is found while it is open; placed: first packet by which it is
    crowded     so much was looked up at once that something was forgotten which may have spoken against a failure;
                given_up: the wish itself had to go before it was over
    look_again  when, in a capture that goes on, to judge it again as it is, ns
    counted     1 = among what floods are made of; left_out: as one too many; last_of_flood: as the last with a row
    """

    __slots__ = (
        "client",
        "counted",
        "crowded",
        "cut",
        "first_packet",
        "first_time",
        "given_up",
        "last_of_flood",
        "last_time",
        "left_out",
        "look_again",
        "lookups",
        "name",
        "names",
        "overlooked",
        "pairs",
        "placed",
        "resolved",
        "shadowed",
    )

    def __init__(self, lookup: Lookup) -> None:
        self.client = lookup.client
        self.name = lookup.name
        self.names: list[str] = []
        self.lookups: list[Lookup] = []
        self.cut = lookup.cut
        self.resolved = self.shadowed = self.overlooked = self.crowded = self.given_up = False
        self.counted = self.left_out = self.last_of_flood = False
        self.pairs: list[tuple[bytes, str]] = []
        self.first_packet = lookup.first_packet
        self.first_time = lookup.first_time
        self.last_time = self.placed = self.look_again = 0

    def add(self, lookup: Lookup) -> None:
        """Another question of it."""
        self.resolved = self.resolved or lookup.resolved
        if len(self.lookups) < MAX_LOOKUPS:
            self.lookups.append(lookup)
            if lookup.spelling not in self.names:
                self.names.append(lookup.spelling)
        if self.cut > lookup.cut or (self.cut == lookup.cut and len(lookup.name) < len(self.name)):
            self.name, self.cut = lookup.name, lookup.cut
        if lookup.first_packet < self.first_packet:
            self.first_packet = lookup.first_packet
            self.first_time = lookup.first_time
        self.last_time = max(self.last_time, lookup.last_query_time, lookup.answer_time)

    def absorb(self, other: Resolution) -> None:
        """`other` was a variant of this one."""
        for lookup in other.lookups:
            if lookup not in self.lookups:
                self.add(lookup)
        self.resolved = self.resolved or other.resolved

    def goes_on(self, began: int) -> bool:
        """Whether a question of this time still belongs to it."""
        return began - self.last_time <= QUIET_NS and began - self.first_time <= LONGEST_NS

    @property
    def deadline(self) -> int:
        """Until when a question can join it, as far as is known; an unanswered one is known after LINK_NS at last."""
        return min(self.last_time + QUIET_NS, self.first_time + LONGEST_NS) + LINK_NS

    def over(self, now: int) -> bool:
        """Whether no question can join it any more."""
        return now > self.deadline

    def near(self, other: Resolution) -> bool:
        """Whether it was asked about the same time."""
        return self.first_time <= other.last_time + QUIET_NS and other.first_time <= self.last_time + QUIET_NS

    def within(self, time: int) -> bool:
        """Whether an instant lies in its time, or shortly after; a capture may have its packets out of order."""
        return self.first_time - DISORDER_NS <= time <= self.last_time + QUIET_NS

    def follows(self, other: Resolution) -> bool:
        """Whether it was asked at once when the other had its answer."""
        answered = max(lookup.answer_time for lookup in other.lookups)
        return other.client == self.client and -DISORDER_NS <= self.first_time - answered <= PASS_ON_NS

    def same_host(self, other: Resolution) -> bool:
        """Whether this is the other's question, with its id, to a server of the other family."""
        if (self.name != other.name and not self.cut) or len(self.client) == len(other.client):
            return False
        return self.near(other) and not self._ids().isdisjoint(other._ids())

    def may_have_led_to(self, time: int) -> bool:
        """Whether a connection of that time, to a server that no answer named, may be due to an answer not captured.

        Where nobody asked for A, that question was not captured either.
        """
        half: bool = self.half_asked
        return any(
            (half or (lookup.rcode < 0 and lookup.icmp is None and not lookup.strays))
            and -DISORDER_NS <= time - lookup.last_query_time <= LINK_NS
            for lookup in self.meant
        )

    @property
    def half_asked(self) -> bool:
        """Whether only IPv6 addresses were asked for: what a server says of these says nothing about IPv4."""
        return all(lookup.qtype == AAAA for lookup in self.meant)

    @property
    def unheard(self) -> bool:
        """Whether a question was asked once, and its answer is not in the capture: resolvers ask again."""
        return unheard_of(self.meant)

    @property
    def variant_unheard(self) -> bool:
        """The same of a search-domain variant, any of which may have had the address."""
        by_name: dict[str, list[Lookup]] = {}
        for lookup in self.lookups:
            by_name.setdefault(lookup.name, []).append(lookup)
        return any(map(unheard_of, by_name.values()))

    @property
    def failed(self) -> bool:
        """Whether the client got nothing. An empty answer for AAAA alone is none: its A may be known already."""
        if self.resolved or self.shadowed or self.cut:
            return False
        return any(lookup.qtype != AAAA or outcome(lookup) != NO_ADDRESS for lookup in self.meant)

    @property
    def meant(self) -> list[Lookup]:
        """The lookups of the name itself: what became of its search-domain variants is no reason."""
        return [lookup for lookup in self.lookups if lookup.name == self.name] or self.lookups

    def same_question(self, inner: Resolution) -> bool:
        """Whether `inner` is this very wish, passed on by a forwarder (to another server) or a NAT (with its id)."""
        if self.client == inner.client or not self._asked_just_before(inner.first_time):
            return False
        elsewhere = {lookup.server for lookup in self.lookups}.isdisjoint(lookup.server for lookup in inner.lookups)
        return elsewhere or not self._ids().isdisjoint(inner._ids())

    def detached(self) -> Spellings:
        """What remains when its verdict is known."""
        return Spellings(self.names)

    def _asked_just_before(self, time: int) -> bool:
        return any(0 <= time - asked <= PASS_ON_NS for lookup in self.lookups for _, asked in lookup.tries)

    def _ids(self) -> set[int]:
        return {lookup.id for lookup in self.lookups}


def unheard_of(lookups: list[Lookup]) -> bool:
    """Whether a question of one name was asked once, and its answer is not in the capture."""
    last = {lookup.qtype: lookup.last_query_time for lookup in sorted(lookups, key=asked_last)}
    return any(
        lookup.rcode < 0
        and lookup.icmp is None
        and lookup.asked == 1
        and not lookup.strays
        and last[lookup.qtype] == lookup.last_query_time
        and not repeats(lookup, lookups)
        for lookup in lookups
    )


def repeats(lookup: Lookup, lookups: list[Lookup]) -> bool:
    """Whether a question is a repetition itself."""
    return any(
        other.qtype == lookup.qtype and other.rcode < 0 and lookup.first_time - other.first_time >= AGAIN_NS
        for other in lookups
    )


def outcome(lookup: Lookup) -> str:
    """What became of a lookup that brought nothing: no-answer | nxdomain | servfail | refused | no-address."""
    if lookup.rcode < 0:
        return NO_ANSWER
    known = {NOERROR: NO_ADDRESS, NXDOMAIN: "nxdomain", SERVFAIL: "servfail"}
    return known.get(lookup.rcode, "refused")


def loopback(address: bytes) -> cython.bint:
    """Whether an address never leaves its host (RFC 1122 3.2.1.3, RFC 4291 2.5.3)."""
    return address[0] == 127 if len(address) == 4 else address == bytes(15) + b"\1"


def prefixes(name: str) -> Iterator[str]:
    """The names that `name` may be a search-domain variant of, the longest first (resolv.conf(5) `search`)."""
    at = name.rfind(".")
    labels = 0
    while at > 0 and labels < MAX_LABELS:
        yield name[:at]
        at = name.rfind(".", 0, at)
        labels += 1


def without_middle(name: str) -> Iterator[str]:
    """The names that another search domain, which is the end of this one's, makes of the same short name.

    Kubernetes searches NAMESPACE.svc.cluster.local, svc.cluster.local, cluster.local in turn, and asks for `web.other`
    as web.other.NAMESPACE.svc.cluster.local first.
    """
    labels = name.split(".")
    if len(labels) > MAX_LABELS:
        return
    for start in range(1, len(labels) - 2):
        for end in range(start + 1, len(labels) - 1):
            yield ".".join(labels[:start] + labels[end:])


def as_fetch(resolution: Resolution, now: int, one_way: bool) -> Fetch:
    """The fetch that never got a connection; one is made up to carry its packets: no stream, UDP's ports."""
    lookups = sorted(resolution.lookups, key=first_packet)
    first = lookups[0]
    connection = Connection(-1)
    connection.version = first.version
    connection.client.address, connection.client.port = first.client, first.client_port
    connection.server.address, connection.server.port = first.server, first.server_port
    connection.milestones = milestones(lookups)
    connection.first_packet, connection.first_time = resolution.first_packet, resolution.first_time
    connection.last_packet = max(mark.packet for mark in connection.milestones)
    connection.last_time = max(mark.time for mark in connection.milestones)
    connection.capture_end = now
    connection.one_way = one_way
    connection.settle()
    fetch = Fetch(connection, None)
    fetch.resolution = resolution
    fetch.name = resolution.name
    fetch.protocol = fetch.phase = "dns"
    fetch.start, fetch.end = connection.first_time, connection.last_time
    fetch.first_packet, fetch.last_packet = connection.first_packet, connection.last_packet
    fetch.over = fetch.flow.over(fetch.start)
    fetch.dns_s = seconds(fetch.start, max(lookup.answer_time for lookup in lookups))
    return fetch


def milestones(lookups: Iterable[Lookup]) -> list[Event]:
    """Questions and answers in packet order."""
    marks = []
    for lookup in lookups:
        marks += [Event("dns-query", CLIENT, packet, time) for packet, time in lookup.tries]
        if lookup.answer_packet:
            marks.append(Event("dns-answer", SERVER, lookup.answer_packet, lookup.answer_time))
        marks += [Event("dns-answer", SERVER, packet, time) for _, packet, time in lookup.strays]
        marks += [Event("icmp", NETWORK, error.number, error.time) for error in lookup.refusals]
        if lookup.icmp is not None:
            marks.append(Event("icmp", NETWORK, lookup.icmp.number, lookup.icmp.time))
    return sorted(marks, key=packet_of)


def asked_last(lookup: Lookup) -> int:
    """Order of lookups by their last question."""
    return lookup.last_query_time


def first_packet(lookup: Lookup) -> int:
    """Order of lookups."""
    return lookup.first_packet


def packet_of(mark: Event) -> int:
    """Order of milestones."""
    return mark.packet

"""Retry groups (signatures.md 1.1, 2.5): the same thing asked again after it failed, and what became of it.

A failed fetch waits for somebody to ask again; a group ends with the first fetch that did not fail, or retry_gap after
the last that did. Nothing here changes a class: failed members get a flag, and all learn the outcome.
"""

from __future__ import annotations

from collections import deque
from itertools import islice

import cython

from analyzer.fetch.model import Fetch
from analyzer.fetch.registries import Package, wanted
from analyzer.verdict.backoff import told
from analyzer.verdict.model import Verdict, verdict_of
from analyzer.verdict.thresholds import DEFAULT, Thresholds
from analyzer.wire.model import Exchange, Side

MAX_WAITING = 50_000
"""Fetches held; beyond this the oldest leaves without the outcome of its group."""
MAX_LATER = 16
"""Attempts after which an earlier one leaves without an outcome: somebody polls. pip makes 6, npm and docker fewer."""
MAX_LOOKED_AT = 8
"""Groups of one service that are compared with a fetch."""
MAX_KEYS = 8
"""Keys below which one group waits."""
MAX_WAITS = 64
"""Waits that are kept of one group."""
GONE = (404, 410)
"""What the go command falls back on after a comma in GOPROXY (signatures.md 2.5)."""
WANTS_LOGIN = (401, 407)

GOPROXY_ADVICE = (
    "In GOPROXY, `,` falls back only upon 404 or 410: if another entry follows, which does not show here, "
    "separate the two by `|`."
)

Key = str | bytes
"""Name and target, name, or address: below it a client's groups wait."""


class Group:
    """Fetches of one client for one service, each begun after the failed one before it.

    number     within the capture, given when its first row leaves; 0 = none yet
    size       members so far; last: the newest of them
    until      ns: a retry begins at this time at the latest
    port, name, method, target  the service, "" = not known yet
    outcome    recovered | fallback | failed, "" while it is open, or unknown
    package    what it asks a registry for, by its first member; moved: another host was asked as well
    waits      ns between the end of one member and the beginning of the next; begun: when each began
    keys       below which it waits
    """

    def __init__(self, fetch: Fetch) -> None:
        self.number = self.size = self.until = 0
        self.client: bytes = fetch.connection.client.address
        self.port = fetch.connection.server.port
        self.name = self.method = self.target = self.outcome = ""
        self.open = True
        self.moved = self.goproxy = False
        self.waits: list[int] = []
        self.begun: list[int] = []
        self.keys: list[Key] = []
        self.last = fetch
        self.package: Package | None = wanted(fetch)
        self.goproxy = self.package is not None and self.package.ecosystem == "go"


class Retries:
    """Lets fetches pass in their order; holds them while the oldest is a failure that may still be tried again.

    groups      how many groups there are; overflowed: some rows left before the outcome of their group was known
    clients     client address -> key of a service -> its open groups, oldest first
    going       open groups that want a file of a Go module; asking_databases: those of them that ask a proxy whether it
                has a checksum database, which go then asks itself, under that database's name
    """

    def __init__(self, limits: Thresholds = DEFAULT) -> None:
        self.limits = limits
        self.queue: deque[tuple[Fetch, Group | None]] = deque()
        self.clients: dict[bytes, dict[Key, deque[Group]]] = {}
        self.groups = self.going = self.asking_databases = 0
        self.overflowed = False

    def add(self, fetch: Fetch) -> None:
        """Take the next fetch; `ready` may have some afterwards."""
        verdict: Verdict = verdict_of(fetch)
        group: Group | None = None
        if fetch.kind == "fetch":
            waiting = self.clients.get(fetch.connection.client.address)
            if waiting is not None:
                group = self.continued(fetch, waiting)
            if verdict.failed:
                if group is None:
                    group = Group(fetch)
                self.expect_more(group, fetch)
            elif group is not None:
                self.join(group, fetch)
                self.close(group)
        self.queue.append((fetch, group))

    def ready(self, now: cython.longlong) -> Fetch | None:
        """The next fetch whose row no later one can change, given that later ones begin at `now` or after it."""
        fetch: Fetch
        group: Group | None
        if not self.queue:
            return None
        entry = self.queue[0]
        fetch = entry[0]
        group = entry[1]
        if group is not None and group.open:
            if group.until < now:
                self.close(group)
            elif len(self.queue) > MAX_WAITING:
                self.overflowed = True
            elif group.size - fetch.attempt < MAX_LATER:
                return None
        self.queue.popleft()
        if group is not None:
            self.leave(fetch, group)
        return fetch

    def continued(self, fetch: Fetch, waiting: dict[Key, deque[Group]]) -> Group | None:
        """The oldest open group of the same service which this fetch continues."""
        exchange: Exchange | None = asked(fetch)
        name: str = fetch.name.lower()
        found: Group | None = None
        if exchange is not None:
            found = self.waits_for(fetch, waiting.get(name + exchange.target))
        if found is None and name:
            found = self.waits_for(fetch, waiting.get(name))
        if found is None:
            found = self.waits_for(fetch, waiting.get(fetch.connection.server.address))
        if found is None and self.going:
            found = self.falls_back(fetch, waiting)
        return found

    def waits_for(self, fetch: Fetch, groups: deque[Group] | None) -> Group | None:
        """The first of these groups that this fetch continues."""
        group: Group
        if groups is not None:
            for group in islice(groups, MAX_LOOKED_AT):
                if group.open and in_time(fetch, group) and same(fetch, group):
                    return group
        return None

    def falls_back(self, fetch: Fetch, waiting: dict[Key, deque[Group]]) -> Group | None:
        """The group of a Go module's file that this fetch asks somewhere else for."""
        group: Group
        package = wanted(fetch)
        keys = [go_key("supported", fetch.name)] if self.asking_databases else []
        if package is not None and package.ecosystem == "go":
            keys.append(go_key(package.file, package.name))
        for key in keys:
            for group in islice(waiting.get(key, ()), MAX_LOOKED_AT):
                if group.open and in_time(fetch, group):
                    return group
        return None

    def join(self, group: Group, fetch: Fetch) -> None:
        """The fetch is the group's next member."""
        exchange: Exchange | None = asked(fetch)
        if group.size:
            self.follow(group, fetch, exchange)
        if len(group.begun) < MAX_WAITS:
            group.begun.append(fetch.start)
        group.size += 1
        fetch.attempt = group.size
        group.last = fetch
        if not group.name:
            group.name = fetch.name.lower()
        if exchange is not None and not group.target:
            group.method = exchange.method
            group.target = exchange.target

    def follow(self, group: Group, fetch: Fetch, exchange: Exchange | None) -> None:
        """What the next attempt says about the one before it."""
        before: Fetch = group.last
        wait: cython.longlong = fetch.start - over(before)
        fetch.wait_s = wait / 1e9
        if len(group.waits) < MAX_WAITS:
            group.waits.append(wait)
        elsewhere = place(before) != place(fetch)
        group.moved = group.moved or elsewhere
        if before.status in WANTS_LOGIN and exchange is not None and exchange.authorized:
            verdict_of(before).flag("auth-challenge")
        if before.status in GONE and elsewhere and group.goproxy:
            verdict_of(before).flag("goproxy-fallback")

    def expect_more(self, group: Group, fetch: Fetch) -> None:
        """A failed member: wait for the next one."""
        self.join(group, fetch)
        group.until = over(fetch) + self.limits.retry_gap_ns
        exchange: Exchange | None = asked(fetch)
        name: str = fetch.name.lower()
        if exchange is not None:
            self.register(group, name + exchange.target)
        if exchange is None or fetch.status == 0:  # what failed without a word may fail next time before it says one
            if name:
                self.register(group, name)
            self.register(group, fetch.connection.server.address)
        if group.size == 1 and group.goproxy:
            self.going += 1
            self.asking_databases += asks_database(group)
            self.register_go(group)

    def register_go(self, group: Group) -> None:
        """A module's file may be asked for elsewhere: at the next proxy, or by go-get at the module's own host."""
        package = group.package
        if package is None or not package.name or package.file == "sumdb":
            return
        self.register(group, go_key(package.file, package.name))
        if package.file != "supported":
            self.register(group, go_key("go-get", package.name))

    def register(self, group: Group, key: Key) -> None:
        """Let a group wait below a key, once."""
        if key in group.keys or len(group.keys) >= MAX_KEYS:
            return
        group.keys.append(key)
        waiting = self.clients.get(group.client)
        if waiting is None:
            self.clients[group.client] = waiting = {}
        groups = waiting.get(key)
        if groups is None:
            waiting[key] = groups = deque()
        groups.append(group)

    def close(self, group: Group) -> None:
        """Nothing more is expected: the outcome is that of the last member."""
        verdict: Verdict = verdict_of(group.last)
        if verdict.failed:
            group.outcome = "failed"
        elif verdict.klass == "ok":
            group.outcome = "fallback" if group.goproxy and fell_back(group) else "recovered"
        self.forget(group)

    def forget(self, group: Group) -> None:
        """Take the group out of its services; those before it that are closed go with it."""
        first: Group
        group.open = False
        if group.goproxy:
            self.going -= 1
            self.asking_databases -= asks_database(group)
        waiting = self.clients[group.client]
        for key in group.keys:
            groups = waiting.get(key)
            while groups:
                first = groups[0]
                if first.open:
                    break
                groups.popleft()
            if groups is not None and not groups:
                del waiting[key]
        if not waiting:
            del self.clients[group.client]

    def leave(self, fetch: Fetch, group: Group) -> None:
        """The last words about a member, before its row is written."""
        verdict: Verdict = verdict_of(fetch)
        last: cython.bint = fetch is group.last
        if last and group.open:
            self.forget(group)  # at the cap: nobody will wait for it any more
        if group.size > 1:
            if group.number == 0:
                self.groups += 1
                group.number = self.groups
            fetch.group = group.number
            fetch.group_outcome = group.outcome
        else:
            fetch.attempt = 0
        if verdict.failed:
            excuse(fetch, verdict, group)
        if last and group.size > 1:
            verdict.summary += told(fetch.attempt, group.outcome, group.waits, group.begun)


def excuse(fetch: Fetch, verdict: Verdict, group: Group) -> None:
    """What the group's end means for a member that failed: a flag, or advice."""
    if group.outcome == "fallback":
        verdict.flag("goproxy-fallback")
    elif group.outcome == "recovered":
        if "auth-challenge" not in verdict.flags:
            verdict.flag("recovered-by-retry")
    elif group.goproxy and fetch is group.last and fetch.status not in GONE and fetch.exchange is not None:
        verdict.advice = f"{verdict.advice} {GOPROXY_ADVICE}"


def asks_database(group: Group) -> cython.bint:
    """Whether the group wants to know if a proxy has a checksum database."""
    return group.package is not None and group.package.file == "supported"


def fell_back(group: Group) -> bool:
    """Another host was asked for the same file, or the same host for the list instead of the latest version."""
    return group.moved or (group.package is not None and group.package.file == "list")


def in_time(fetch: Fetch, group: Group) -> cython.bint:
    """Whether it began after the group's last failure, and soon enough."""
    return over(group.last) <= fetch.start <= group.until


def same(fetch: Fetch, group: Group) -> cython.bint:
    """Whether it wants the same, and is of the same program, as far as both are known."""
    exchange: Exchange | None = asked(fetch)
    if fetch.connection.server.port != group.port or strangers(group.last, fetch):
        return False
    if group.name and fetch.name and fetch.name.lower() != group.name:
        return False
    if exchange is None or not group.target:
        return True
    return exchange.target == group.target and exchange.method == group.method


def asked(fetch: Fetch) -> Exchange | None:
    """The readable request; of the CONNECT inside whose tunnel everything else is out of sight."""
    exchange: Exchange | None = fetch.exchange if fetch.exchange is not None else fetch.connection.connect
    return exchange if exchange is not None and exchange.target else None


def go_key(file: str, name: str) -> str:
    """Below this a file of a Go module waits, wherever it is asked for; no host name has a blank in it."""
    return f"go {file} {name.lower()}"


def over(fetch: Fetch) -> cython.longlong:
    """When the client could know that the fetch had ended: whole response, stream given up, FIN, RST, last packet."""
    exchange: Exchange | None = fetch.exchange
    if exchange is not None and exchange.response_complete:
        return exchange.response_end_time
    if exchange is not None and exchange.h2 is not None and (exchange.h2.reset_packet or exchange.h2.goaway_packet):
        return fetch.end
    client: Side = fetch.connection.client
    server: Side = fetch.connection.server
    end: cython.longlong = fetch.connection.last_time
    end = sooner(end, client.fin_time, fetch.start)
    end = sooner(end, client.rst_time, fetch.start)
    end = sooner(end, server.fin_time, fetch.start)
    return sooner(end, server.rst_time, fetch.start)


def sooner(end: cython.longlong, time: cython.longlong, start: cython.longlong) -> cython.longlong:
    """The earlier of two instants, of which the second counts only if it was during the fetch."""
    return time if start <= time < end else end


def strangers(one: Fetch, other: Fetch) -> cython.bint:
    """Two programs, as far as both say who they are: by User-Agent, or by the ciphers they offer."""
    if one.exchange is not None and other.exchange is not None:
        mine, theirs = one.exchange.user_agent, other.exchange.user_agent
        return mine != theirs and mine != "" and theirs != ""
    if one.connection.tls is not None and other.connection.tls is not None:
        offer = without_grease(one.connection.tls.ciphers_offer)
        another = without_grease(other.connection.tls.ciphers_offer)
        return offer != another and len(offer) > 0 and len(another) > 0
    return one.protocol != other.protocol and one.protocol != "tcp" and other.protocol != "tcp"


def without_grease(ciphers: list[int]) -> list[int]:
    """The cipher suites but for the random ones that say nothing (RFC 8701)."""
    return [cipher for cipher in ciphers if cipher & 0x0F0F != 0x0A0A]


def place(fetch: Fetch) -> tuple[object, int]:
    """The host and port that were asked."""
    return (fetch.name.lower() or fetch.connection.server.address, fetch.connection.server.port)

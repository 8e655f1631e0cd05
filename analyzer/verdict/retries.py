"""Retry groups (signatures.md 1.1, 2.5): the same thing asked again after it failed, and what became of it.

A failed fetch waits for somebody to ask again; a group ends with the first fetch that did not fail, or retry_gap after
the last that did. Nothing here changes a class: failed members get a flag, and all learn the outcome.
"""

from __future__ import annotations

from collections import deque

import cython

from analyzer.fetch.model import Fetch
from analyzer.fetch.registries import Package, package_of
from analyzer.verdict.backoff import told
from analyzer.verdict.model import Verdict
from analyzer.verdict.thresholds import DEFAULT, Thresholds
from analyzer.wire.model import Connection, Exchange

MAX_WAITING = 50_000
"""Fetches held; beyond this the oldest leaves without the outcome of its group."""
MAX_LATER = 16
"""Attempts after which an earlier one leaves without an outcome: somebody polls. pip makes 6, npm and docker fewer."""
MAX_LOOKED_AT = 8
"""Groups of one service that are compared with a fetch."""
MAX_WAITS = 64
"""Waits that are kept of one group."""
GONE = (404, 410)
"""What the go command falls back on after a comma in GOPROXY (signatures.md 2.5)."""
WANTS_LOGIN = (401, 407)

GOPROXY_ADVICE = (
    "In GOPROXY, `,` falls back only upon 404 or 410: if another entry follows, which does not show here, "
    "separate the two by `|`."
)

Key = tuple[object, ...]


class Group:
    """Fetches of one client for one service, each begun after the failed one before it.

    number     within the capture, given when its first row leaves; 0 = none yet
    size       members so far; failures of them in `causes`; last: the newest of them
    until      ns: a retry begins at this time at the latest
    outcome    recovered | fallback | failed, "" while it is open, or unknown
    package    what it asks a registry for, by its first member; moved: another host was asked as well
    waits      ns between the end of one member and the beginning of the next
    """

    def __init__(self, fetch: Fetch, package: Package | None) -> None:
        self.number = 0
        self.size = 0
        self.name = ""
        self.request = ("", "")
        self.keys: list[Key] = []
        self.until = 0
        self.open = True
        self.outcome = ""
        self.moved = False
        self.package = package
        self.waits: list[int] = []
        self.begun: list[int] = []
        self.last = fetch

    @property
    def goproxy(self) -> bool:
        """Whether it is a file that the go command wants."""
        return self.package is not None and self.package.ecosystem == "go"


class Retries:
    """Lets fetches pass in their order; holds them while the oldest is a failure that may still be tried again.

    groups      how many groups there are; overflowed: some rows left before the outcome of their group was known
    services    key of a service -> its open groups, oldest first
    """

    def __init__(self, limits: Thresholds = DEFAULT) -> None:
        self.limits = limits
        self.queue: deque[tuple[Fetch, Group | None]] = deque()
        self.services: dict[Key, deque[Group]] = {}
        self.groups = self.going = 0
        self.overflowed = False

    def add(self, fetch: Fetch) -> None:
        """Take the next fetch; `ready` may have some afterwards."""
        verdict: Verdict = fetch.verdict  # type: ignore[assignment]
        group: Group | None = None
        if fetch.kind == "fetch":
            if self.services:
                group = self.continued(fetch)
            if verdict.failed:
                if group is None:
                    group = Group(fetch, package_of(fetch.exchange) if fetch.exchange is not None else None)
                self.expect_more(group, fetch)
            elif group is not None:
                self.join(group, fetch)
                self.close(group)
        self.queue.append((fetch, group))

    def ready(self, now: int) -> Fetch | None:
        """The next fetch whose row no later one can change, given that later ones begin at `now` or after it."""
        if not self.queue:
            return None
        fetch, group = self.queue[0]
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

    def continued(self, fetch: Fetch) -> Group | None:
        """The oldest open group of the same service which this fetch continues."""
        for key in self.asked(fetch):
            waiting = self.services.get(key)
            if waiting is None:
                continue
            for i in range(min(MAX_LOOKED_AT, len(waiting))):
                group = waiting[i]
                if group.open and self.continues(fetch, group, key):
                    return group
        return None

    def continues(self, fetch: Fetch, group: Group, key: Key) -> bool:
        """Whether it began after the group's last failure, in time, and wants the same as far as both are known."""
        if not over(group.last) <= fetch.start <= group.until:
            return False
        if key[0] == "go":
            return True
        name, request = fetch.name.lower(), request_of(fetch)
        if strangers(group.last, fetch):
            return False
        if name and group.name and name != group.name:
            return False
        return not (request[0] and group.request[0] and request != group.request)

    def asked(self, fetch: Fetch) -> list[Key]:
        """The keys below which a group may wait for this fetch, the most telling first."""
        keys = service(fetch, True)
        if self.going:
            keys += go_keys(fetch, package_of(fetch.exchange) if fetch.exchange is not None else None)
            keys.append(("go", fetch.connection.client.address, "supported", fetch.name.lower()))
        return keys

    def join(self, group: Group, fetch: Fetch) -> None:
        """The fetch is the group's next member."""
        before = group.last
        if group.size:
            wait = fetch.start - over(before)
            fetch.wait_s = wait / 1e9
            if len(group.waits) < MAX_WAITS:
                group.waits.append(wait)
            elsewhere = place(before) != place(fetch)
            group.moved |= elsewhere
            if before.status in WANTS_LOGIN and authorized(fetch):
                flag(before, "auth-challenge")
            if before.status in GONE and elsewhere and group.goproxy:
                flag(before, "goproxy-fallback")
        if len(group.begun) < MAX_WAITS:
            group.begun.append(fetch.start)
        group.size += 1
        fetch.attempt = group.size
        group.last = fetch
        group.name = group.name or fetch.name.lower()
        group.request = group.request if group.request[0] else request_of(fetch)

    def expect_more(self, group: Group, fetch: Fetch) -> None:
        """A failed member: wait for the next one."""
        self.join(group, fetch)
        group.until = over(fetch) + self.limits.retry_gap_ns
        known = len(group.keys)
        for key in [
            *service(fetch, fetch.status == 0),
            *go_keys(fetch, group.package),
            *go_elsewhere(fetch, group.package),
        ]:
            if key not in group.keys and len(group.keys) < MAX_LOOKED_AT:
                group.keys.append(key)
                self.services.setdefault(key, deque()).append(group)
        if known == 0 and group.goproxy:
            self.going += 1

    def close(self, group: Group) -> None:
        """Nothing more is expected: the outcome is that of the last member."""
        group.open = False
        verdict: Verdict = group.last.verdict  # type: ignore[assignment]
        if verdict.failed:
            group.outcome = "failed"
        elif verdict.klass == "ok":
            group.outcome = "fallback" if group.goproxy and fell_back(group) else "recovered"
        self.forget(group)

    def forget(self, group: Group) -> None:
        """Take the group out of the services; those before it that are closed go with it."""
        group.open = False
        self.going -= group.goproxy
        for key in group.keys:
            waiting = self.services.get(key)
            while waiting and not waiting[0].open:
                waiting.popleft()
            if waiting is not None and not waiting:
                del self.services[key]

    def leave(self, fetch: Fetch, group: Group) -> None:
        """The last words about a member, before its row is written."""
        last = fetch is group.last
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
        verdict: Verdict = fetch.verdict  # type: ignore[assignment]
        if verdict.failed:
            self.excuse(fetch, verdict, group)
        if last and group.size > 1:
            verdict.summary += told(fetch.attempt, group.outcome, group.waits, group.begun)

    def excuse(self, fetch: Fetch, verdict: Verdict, group: Group) -> None:
        """What the group's end means for a member that failed: a flag, or advice."""
        if group.outcome == "fallback":
            flag(fetch, "goproxy-fallback")
        elif group.outcome == "recovered" and "auth-challenge" not in verdict.flags:
            flag(fetch, "recovered-by-retry")
        elif group.goproxy and fetch is group.last and fetch.status not in GONE and fetch.exchange is not None:
            verdict.advice = f"{verdict.advice} {GOPROXY_ADVICE}"


def fell_back(group: Group) -> bool:
    """Another host was asked for the same file, or the same host for the list instead of the latest version."""
    return group.moved or (group.package is not None and group.package.file == "list")


def service(fetch: Fetch, whole: bool) -> list[Key]:
    """What the client wants of whom: name, else address; port; method and target where they can be read.

    whole: also the keys below which a fetch is found that did not come to say what it wants.
    """
    connection: Connection = fetch.connection
    client: bytes = connection.client.address
    server: bytes = connection.server.address
    port = connection.server.port
    name, request = fetch.name.lower(), request_of(fetch)
    keys: list[Key] = []
    if request[0]:
        keys.append(("request", client, name or server, port, *request))
    if whole or not request[0]:
        if name:
            keys.append(("name", client, name, port))
        keys.append(("address", client, server, port))
    return keys


def request_of(fetch: Fetch) -> tuple[str, str]:
    """Method and target; of the CONNECT inside whose tunnel everything else is out of sight."""
    exchange: Exchange | None = fetch.exchange if fetch.exchange is not None else fetch.connection.connect
    return (exchange.method, exchange.target) if exchange is not None else ("", "")


def go_keys(fetch: Fetch, package: Package | None) -> list[Key]:
    """The go command's question, whichever host it is put to."""
    if package is None or package.ecosystem != "go" or not package.name or package.file == "sumdb":
        return []
    return [("go", fetch.connection.client.address, package.file, package.name.lower())]


def go_elsewhere(fetch: Fetch, package: Package | None) -> list[Key]:
    """Where else it may be put: a module file that no proxy has, to the module's own host by go-get."""
    keys = go_keys(fetch, package)
    return [(*keys[0][:2], "go-get", keys[0][3])] if keys and keys[0][2] != "supported" else []


def over(fetch: Fetch) -> int:
    """When the client could know that the fetch had ended: whole response, first FIN or RST, else the last packet."""
    exchange: Exchange | None = fetch.exchange
    if exchange is not None and exchange.response_complete:
        return exchange.response_end_time
    connection: Connection = fetch.connection
    end: cython.longlong = connection.last_time
    time: cython.longlong
    for time in (
        connection.client.fin_time,
        connection.client.rst_time,
        connection.server.fin_time,
        connection.server.rst_time,
    ):
        if fetch.start <= time < end:
            end = time
    return end


def strangers(one: Fetch, other: Fetch) -> bool:
    """Two programs, as far as both say who they are: by User-Agent, or by the ciphers they offer (without GREASE)."""
    if one.protocol != other.protocol and "tcp" not in (one.protocol, other.protocol):
        return True
    if one.exchange is not None and other.exchange is not None:
        agents = (one.exchange.user_agent, other.exchange.user_agent)
        return agents[0] != agents[1] and "" not in agents
    offers = [
        [cipher for cipher in tls.ciphers_offer if cipher & 0x0F0F != 0x0A0A]  # RFC 8701
        for tls in (one.connection.tls, other.connection.tls)
        if tls is not None
    ]
    return len(offers) == 2 and offers[0] != offers[1] and [] not in offers


def place(fetch: Fetch) -> object:
    """The host and port that were asked."""
    return (fetch.name.lower() or fetch.connection.server.address, fetch.connection.server.port)


def authorized(fetch: Fetch) -> bool:
    """Whether the request carried credentials."""
    exchange: Exchange | None = fetch.exchange if fetch.exchange is not None else fetch.connection.connect
    return exchange is not None and exchange.authorized == 1


def flag(fetch: Fetch, word: str) -> None:
    """Add a word to the flags of the fetch's verdict, once."""
    verdict: Verdict = fetch.verdict  # type: ignore[assignment]
    if word not in verdict.flags:
        verdict.flags = [*verdict.flags, word]

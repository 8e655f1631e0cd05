"""Retry groups (signatures.md 1.1, 2.5): the same thing asked again after it failed, and what became of it.

A failed fetch waits for somebody to ask again; a group ends with the first fetch that did not fail, or retry_gap after
the last that did. Nothing here changes a class: failed members get a flag, and all learn the outcome.
"""

from __future__ import annotations

import cython

from analyzer.fetch.registries import Package
from analyzer.verdict.ahead import leaving
from analyzer.verdict.backoff import told
from analyzer.verdict.brief import Brief, turn_of
from analyzer.verdict.line import Line
from analyzer.verdict.thresholds import DEFAULT, Thresholds
from analyzer.verdict.turn import Turn

MAX_WAITING = 24_576
"""Fetches held, 0.5 kB each with their groups, 2 kB where rows are not written yet; beyond this the oldest leaves
without the outcome of its group."""
MAX_NAMES_WAITING = 16_384
"""Those of them that are names which were not resolved: a flood of questions has nothing else."""
MAX_TEXT = 8 << 20
"""Characters of what they asked for, on average 340 of each: a hostile target has 2,048, and groups, keys and sentences
repeat it. Same behaviour at the cap."""
MAX_LATER = 16
"""Attempts after which an earlier one leaves without an outcome: somebody polls. pip makes 6, npm and docker fewer."""
MAX_LOOKED_AT = 8
"""Groups of one service that are compared with a fetch."""
TIDY = 1024
"""Groups of one service after which the closed ones go that are behind an open one, which may never end."""
MAX_KEYS = 8
"""Keys below which one group waits."""
MAX_WAITS = 64
"""Waits that are kept of one group."""
MAX_LOWERED = 4096
"""Names whose lower case is remembered; a hostile capture must not fill memory."""
GONE = (404, 410)
"""What the go command falls back on after a comma in GOPROXY (signatures.md 2.5)."""
WANTS_LOGIN = (401, 407)

GOPROXY_ADVICE = (
    " In GOPROXY, `,` falls back only upon 404 or 410: if another entry follows, which does not show here, "
    "separate the two by `|`."
)

PENDING = "pending"
"""Outcome of a group that is open while a row of it leaves."""

NOTHING: list[int] = []
"""What a group has of most things while it has one member: a list for all, which nothing is added to."""
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
    waits      ns between the end of one member and the beginning of the next; begun: when each began, of several
    keys       below which it waits
    over       ns: when its last member had ended
    """

    def __init__(self, fetch: Brief) -> None:
        self.number = self.size = self.until = self.over = 0
        self.client: bytes = fetch.host
        self.port = fetch.server_port
        self.name = self.method = self.target = self.outcome = ""
        self.open = True
        self.moved = self.goproxy = False
        self.waits: list[int] = NOTHING
        self.begun: list[int] = NOTHING
        self.keys: list[Key] = []
        self.last = fetch
        self.package: Package | None = fetch.package
        self.goproxy = self.package is not None and self.package.ecosystem == "go"


class Retries:
    """Lets fetches pass in their order; holds them while the oldest is a failure that may still be tried again.

    groups      how many groups there are; overflowed: some rows left before the outcome of their group was known
    names       fetches held that are names which were not resolved; text: characters of what all of them asked for
    clients     client address -> key of a service -> its open groups, oldest first; closed ones leave at the front
    going       open groups that want a file of a Go module; asking_databases: those of them that ask a proxy whether it
                has a checksum database, which go then asks itself, under that database's name
    """

    def __init__(self, limits: Thresholds = DEFAULT) -> None:
        self.limits = limits
        self.queue, self.groups_of = Line(), Line()
        self.clients: dict[bytes, dict[Key, Line]] = {}
        self.groups = self.going = self.asking_databases = self.names = self.text = 0
        self.overflowed = False

    def add(self, fetch: Brief) -> None:
        """Take the next fetch; `ready` may have some afterwards."""
        group: Group | None = self.grouped(fetch)
        again: cython.bint = fetch.more > 0 or fetch.fetch is not None
        if group is None and again and not fetch.flags and not fetch.resolved:
            self.queue.join(turn_of(fetch))  # nobody looks at it before it leaves
        else:
            self.queue.join(fetch)
            self.names += fetch.resolved
        self.groups_of.join(group)
        self.text += fetch.text

    def grouped(self, fetch: Brief) -> Group | None:
        """The group that a fetch begins or continues, None = neither; it is closed by what did not fail."""
        group: Group | None = None
        if fetch.kind == "fetch":
            waiting: dict[Key, Line] | None = self.clients.get(fetch.host)
            if waiting is not None:
                group = self.continued(fetch, waiting)
            if fetch.failed:
                if group is None:
                    group = Group(fetch)
                self.expect_more(group, fetch)
            elif group is not None:
                self.join(group, fetch)
                self.close(group)
        return group

    def ready(self, now: cython.longlong) -> Turn | None:
        """The next fetch whose row no later one can change, given that later ones begin at `now` or after it."""
        turn: Turn
        fetch: Brief
        group: Group | None
        if self.queue.empty():
            return None
        turn = self.queue.first()
        group = self.groups_of.first()
        if group is not None and group.open:
            fetch = self.queue.first()
            if group.until < now:
                self.close(group)
            elif self.full():
                self.overflowed = True
            elif group.size - fetch.attempt < MAX_LATER:
                return None
        leaving(self.queue)
        self.queue.leave()
        self.groups_of.leave()
        self.text -= turn.text
        if isinstance(turn, Brief):
            fetch = turn
            self.names -= fetch.resolved
            if group is not None:
                self.leave(fetch, group)
        return turn

    def full(self) -> cython.bint:
        """Whether the first has to leave, whatever becomes of its group."""
        return len(self.queue) > MAX_WAITING or self.names > MAX_NAMES_WAITING or self.text > MAX_TEXT

    def continued(self, fetch: Brief, waiting: dict[Key, Line]) -> Group | None:
        """The oldest open group of the same service which this fetch continues."""
        target: str = fetch.target
        name: str = lower(fetch.name)
        found: Group | None = None
        if target:
            found = self.waits_for(fetch, waiting.get(name + target))
        if found is None and name:
            found = self.waits_for(fetch, waiting.get(name))
        if found is None:
            found = self.waits_for(fetch, waiting.get(fetch.server))
        if found is None and self.going:
            found = self.falls_back(fetch, waiting)
        return found

    def waits_for(self, fetch: Brief, groups: Line | None) -> Group | None:
        """The first of these groups that this fetch continues."""
        group: Group
        i: cython.Py_ssize_t
        if groups is not None:
            for i in range(groups.head, min(len(groups.items), groups.head + MAX_LOOKED_AT)):
                group = groups.items[i]
                if group.open and in_time(fetch, group) and same(fetch, group):
                    return group
        return None

    def falls_back(self, fetch: Brief, waiting: dict[Key, Line]) -> Group | None:
        """The group of a Go module's file that this fetch asks somewhere else for."""
        package: Package | None = fetch.package
        found: Group | None = None
        if self.asking_databases:
            found = self.open_since(fetch, waiting.get(go_key("supported", fetch.name)))
        if found is None and package is not None and package.ecosystem == "go":
            found = self.open_since(fetch, waiting.get(go_key(package.file, package.name)))
        return found

    def open_since(self, fetch: Brief, groups: Line | None) -> Group | None:
        """The first of these groups that a fetch can continue as far as time goes."""
        group: Group
        i: cython.Py_ssize_t
        if groups is not None:
            for i in range(groups.head, min(len(groups.items), groups.head + MAX_LOOKED_AT)):
                group = groups.items[i]
                if group.open and in_time(fetch, group):
                    return group
        return None

    def join(self, group: Group, fetch: Brief) -> None:
        """The fetch is the group's next member."""
        if group.size:
            self.follow(group, fetch)
        group.size += 1
        fetch.attempt = group.size
        group.last = fetch
        group.over = fetch.over
        if not group.name:
            group.name = lower(fetch.name)
        if not group.target:
            group.target = fetch.target
            group.method = fetch.method

    def follow(self, group: Group, fetch: Brief) -> None:
        """What the next attempt says about the one before it."""
        before: Brief = group.last
        wait: cython.longlong = fetch.start - before.over
        fetch.wait_s = wait / 1e9
        if group.size == 1:
            group.waits, group.begun = [], [before.start]
        if len(group.waits) < MAX_WAITS:
            group.waits.append(wait)
        if len(group.begun) < MAX_WAITS:
            group.begun.append(fetch.start)
        elsewhere = place(before) != place(fetch)
        group.moved = group.moved or elsewhere
        if before.status in WANTS_LOGIN and fetch.target and fetch.authorized:
            before.flag("auth-challenge")
        if before.status in GONE and elsewhere and group.goproxy:
            before.flag("goproxy-fallback")

    def expect_more(self, group: Group, fetch: Brief) -> None:
        """A failed member: wait for the next one."""
        self.join(group, fetch)
        group.until = fetch.over + self.limits.retry_gap_ns
        target: str = fetch.target
        name: str = lower(fetch.name)
        waiting: dict[Key, Line] | None = self.clients.get(group.client)
        if waiting is None:
            self.clients[group.client] = waiting = {}
        if target:
            register(group, waiting, name + target)
        if not target or fetch.status == 0:  # what failed without a word may fail next time before it says one
            if name:
                register(group, waiting, name)
            register(group, waiting, fetch.server)
        if group.size == 1 and group.goproxy:
            self.going += 1
            self.asking_databases += asks_database(group)
            self.register_go(group, waiting)

    def register_go(self, group: Group, waiting: dict[Key, Line]) -> None:
        """A module's file may be asked for elsewhere: at the next proxy, or by go-get at the module's own host."""
        package = group.package
        if package is None or not package.name or package.file == "sumdb":
            return
        register(group, waiting, go_key(package.file, package.name))
        if package.file != "supported":
            register(group, waiting, go_key("go-get", package.name))

    def close(self, group: Group) -> None:
        """Nothing more is expected: the outcome is that of the last member."""
        last: Brief = group.last
        if last.failed:
            group.outcome = "failed"
        elif last.klass == "ok":
            group.outcome = "fallback" if group.goproxy and fell_back(group) else "recovered"
        self.forget(group)

    def forget(self, group: Group) -> None:
        """Take the group out of its services; those before it that are closed go with it."""
        first: Group
        groups: Line | None
        group.open = False
        if group.goproxy:
            self.going -= 1
            self.asking_databases -= asks_database(group)
        waiting: dict[Key, Line] = self.clients[group.client]
        for key in group.keys:
            groups = waiting.get(key)
            if groups is None:
                continue
            while not groups.empty():
                first = groups.first()
                if first.open:
                    break
                groups.leave()
            if groups.empty():
                del waiting[key]
        if not waiting:
            del self.clients[group.client]

    def pass_by(self, fetch: Brief, group: Group) -> None:
        """A member leaves while its group is open: what comes of it is to be told."""
        if group.size > 1:
            fetch.group = self.number(group)
        else:
            fetch.attempt = 0
        fetch.outcome = PENDING

    def number(self, group: Group) -> cython.longlong:
        """The group's number, from now on."""
        if group.number == 0:
            self.groups += 1
            group.number = self.groups
        return group.number

    def leave(self, fetch: Brief, group: Group) -> None:
        """The last words about a member, before its row is written."""
        last: cython.bint = fetch is group.last
        if last and group.open:
            self.forget(group)  # at the cap: nobody will wait for it any more
        if group.size > 1:
            fetch.group = self.number(group)
            fetch.outcome = group.outcome
        else:
            fetch.attempt = 0
        if fetch.failed:
            excuse(fetch, group)
        if last and group.size > 1:
            fetch.said += told(fetch.attempt, group.outcome, group.waits, group.begun)


def register(group: Group, waiting: dict[Key, Line], key: Key) -> None:
    """Let a group wait below a key of its client's, once."""
    if len(group.keys) >= MAX_KEYS or key in group.keys:
        return
    group.keys.append(key)
    groups: Line | None = waiting.get(key)
    if groups is None:
        waiting[key] = groups = Line()
    elif len(groups) % TIDY == 0:
        groups.items = [one for one in groups.items[groups.head :] if one.open]
        groups.head = 0
    groups.join(group)


def excuse(fetch: Brief, group: Group) -> None:
    """What the group's end means for a member that failed: a flag, or advice."""
    if group.outcome == "fallback":
        fetch.flag("goproxy-fallback")
    elif group.outcome == "recovered":
        if "auth-challenge" not in fetch.flags:
            fetch.flag("recovered-by-retry")
    elif group.goproxy and fetch is group.last and fetch.status not in GONE and fetch.readable:
        fetch.advice += GOPROXY_ADVICE


def asks_database(group: Group) -> cython.bint:
    """Whether the group wants to know if a proxy has a checksum database."""
    return group.package is not None and group.package.file == "supported"


def fell_back(group: Group) -> bool:
    """Another host was asked for the same file, or the same host for the list instead of the latest version."""
    return group.moved or (group.package is not None and group.package.file == "list")


def in_time(fetch: Brief, group: Group) -> cython.bint:
    """Whether it began after the group's last failure, and soon enough."""
    return group.over <= fetch.start <= group.until


def same(fetch: Brief, group: Group) -> cython.bint:
    """Whether it wants the same, and is of the same program, as far as both are known."""
    target: str = fetch.target
    if fetch.server_port != group.port or strangers(group.last, fetch):
        return False
    if group.name and fetch.name and lower(fetch.name) != group.name:
        return False
    if not target or not group.target:
        return True
    return target == group.target and fetch.method == group.method


def go_key(file: str, name: str) -> str:
    """Below this a file of a Go module waits, wherever it is asked for; no host name has a blank in it."""
    return f"go {file} {name.lower()}"


def strangers(one: Brief, other: Brief) -> cython.bint:
    """Two programs, as far as both say who they are: by User-Agent, or by the ciphers they offer."""
    if one.readable and other.readable:
        return one.agent != other.agent and one.agent != "" and other.agent != ""
    if one.secure and other.secure:
        return one.ciphers != other.ciphers and one.ciphers != b"" and other.ciphers != b""
    return one.protocol != other.protocol and one.protocol != "tcp" and other.protocol != "tcp"


def place(fetch: Brief) -> tuple[object, int]:
    """The host and port that were asked."""
    return (lower(fetch.name) or fetch.server, fetch.server_port)


_lowered: dict[str, str] = {}


def lower(name: str) -> str:
    """A name in lower case; few names return in fetch after fetch."""
    known = _lowered.get(name)
    if known is None:
        known = name.lower()
        if known == name:
            known = name  # one object for both
        if len(_lowered) < MAX_LOWERED:
            _lowered[name] = known
    return known

"""Happy Eyeballs (RFC 8305; signatures.md 1.1 and 3.5): attempts that lost against another address of the same name.

A wrong match would hide a failure, so what the packets do not tell stays two fetches. An attempt is a loser only if it
carried no payload, another address was tried in its turn (a delay later, or at once upon the failure), and nobody tried
the loser any more once the other was established. That both addresses are of one name is known by the name (from DNS),
or by the family: where within the window one client of each family speaks to one server each on that port.
"""

from __future__ import annotations

import cython

from analyzer.verdict.brief import Brief
from analyzer.verdict.facts import MAX_EVIDENCE, packet_of
from analyzer.verdict.line import Line
from analyzer.verdict.thresholds import DEFAULT, Thresholds

LOOKED_BACK = 64
"""Fetches before an attempt among which its rivals are sought."""
LOOKED_AHEAD = 256
"""Fetches behind it; where more begin within the window, nobody can tell who belongs to whom."""
MAX_CHAIN = 8
"""Addresses that one race tries, one after the other."""


class Races:
    """Lets fetches pass in their order; holds them while the oldest is an attempt that may still lose a race.

    queue     fetches held, and behind them the newest of those that were let go
    newest4   when the newest fetch over IPv4 began, newest6: over IPv6
    beaten    id of a winner -> addresses it won against
    lost      attempts that lost against the other family: [IPv4, IPv6]; won: races between families won
    cost_ns   by how much those winners began later, in all, per family that lost
    """

    def __init__(self, limits: Thresholds = DEFAULT) -> None:
        self.limits = limits
        self.queue = Line(LOOKED_BACK)
        self.newest4 = self.newest6 = 0
        self.beaten: dict[int, set[bytes]] = {}
        self.lost = [0, 0]
        self.won = [0, 0]
        self.cost_ns = [0, 0]

    def add(self, fetch: Brief) -> None:
        """Take the next fetch; `ready` may have some afterwards."""
        self.queue.join(fetch)
        if family(fetch):
            self.newest6 = fetch.start
        else:
            self.newest4 = fetch.start

    def ready(self, now: cython.longlong) -> Brief | None:
        """The next fetch that nothing can make a loser any more, given that later ones begin at `now` or after it."""
        fetch: Brief
        queue: Line = self.queue
        if queue.empty():
            return None
        fetch = queue.first()
        if fetch.attempted:
            if now <= fetch.start + self.limits.he_window_ns and len(queue) <= LOOKED_AHEAD:
                return None
            self.judge(fetch)
        if self.beaten and queue.head >= LOOKED_BACK:  # nobody will look back at that one any more
            self.beaten.pop(id(queue.items[queue.head - LOOKED_BACK]), None)
        queue.leave()
        return fetch

    def judge(self, fetch: Brief) -> None:
        """Make the attempt a loser if another address won; one of a race that nobody won joins the last that failed."""
        window: Window
        others: cython.longlong = self.newest4 if family(fetch) else self.newest6
        if not fetch.name and others < fetch.start - self.limits.he_window_ns:
            return  # no name, and nobody spoke the other family: nothing can tell a rival
        chain = [fetch]
        while len(chain) < MAX_CHAIN:
            window = Window(self, chain[-1])
            winner = window.winner()
            if winner is not None:
                self.beat(fetch, winner)
                return
            follower = window.follower()
            if follower is None or follower in chain:
                break
            chain.append(follower)
        if len(chain) > 1 and all_failed(chain):
            merge(chain)

    def beat(self, loser: Brief, winner: Brief) -> None:
        """The loser is no fetch: what happened to it stays to be seen in its row of `--all`."""
        mine: cython.int = family(loser)
        other: cython.int = family(winner)
        self.beaten.setdefault(id(winner), set()).add(loser.server)
        loser.kind = "race"
        loser.flag("cancelled-race")
        if mine != other:
            self.lost[mine] += 1
            self.won[other] += 1
            self.cost_ns[mine] += max(0, winner.start - loser.start)


class Window:
    """The connections that began within he_window of an attempt, to the same port.

    rivals    those to another address
    crowded   1 = two clients of one family, or more than can be looked at: no family can tell who raced whom
    third     1 = more than two addresses; full: 1 = more came after it than can be looked at
    """

    def __init__(self, races: Races, fetch: Brief) -> None:
        self.fetch = fetch
        self.limits = races.limits
        self.beaten = races.beaten
        self.port = fetch.server_port
        self.family = family(fetch)
        self.other_client = self.other_server = b""
        self.crowded = self.third = self.full = False
        self.rivals: list[Brief] = []
        self.look_back(races.queue)
        self.look_ahead(races.queue)

    def look_back(self, queue: Line) -> None:
        """Those that began before it, the newest first."""
        other: Brief
        i: cython.Py_ssize_t
        first: cython.longlong = self.fetch.start - self.limits.he_window_ns
        for i in range(queue.head - 1, max(queue.head - LOOKED_BACK, 0) - 1, -1):
            other = queue.items[i]
            if other.start < first or not self.meet(other):
                return
        if queue.head >= LOOKED_BACK:
            self.crowded = True

    def look_ahead(self, queue: Line) -> None:
        """Those that began after it."""
        other: Brief
        i: cython.Py_ssize_t
        last: cython.longlong = self.fetch.start + self.limits.he_window_ns
        for i in range(queue.head, min(queue.head + LOOKED_AHEAD, len(queue.items))):
            other = queue.items[i]
            if other.start > last or not self.meet(other):
                return
        if len(queue) > LOOKED_AHEAD:
            self.crowded = self.full = True

    def meet(self, other: Brief) -> cython.bint:
        """Note one connection; False when no other can matter any more."""
        if other.server_port != self.port or not other.first or other is self.fetch:
            return True
        if family(other) == self.family:
            if other.client != self.fetch.client:
                self.crowded = True
            if other.server != self.fetch.server:
                self.third = True
                self.note(other)
        else:
            if self.other_client not in (b"", other.client):
                self.crowded = True
            if self.other_server not in (b"", other.server):
                self.third = True
            self.other_client, self.other_server = other.client, other.server
            self.note(other)
        return self.fetch.name != "" or not (self.crowded or self.third)

    def note(self, other: Brief) -> None:
        """Another address: a rival, unless it lost already."""
        if other.kind != "race" and not other.midstream:
            self.rivals.append(other)

    def winner(self) -> Brief | None:
        """The rival against which the attempt lost."""
        other: Brief
        found: Brief | None = None
        address = self.fetch.server
        against: cython.int = 0
        for other in self.rivals:
            if other.carried and self.lost_against(other):
                against += 1
                if found is None and address not in self.beaten.get(id(other), ()):
                    found = other  # one connection wins against one of each other address
        if against > 1 and found is not None and self.fetch.refused and family(found) == self.family:
            return None  # several went on after the failure: retries or others' work, not one race
        return found

    def lost_against(self, winner: Brief) -> cython.bint:
        """Whether the two were tried in turn, and the attempt not any more once the other was established."""
        loser: Brief = self.fetch
        won: cython.longlong = winner.established
        if not self.related(winner) or loser.last_syn > won + self.limits.he_delay_ns:
            return False
        if 0 < loser.established < won:
            return False  # it was there first: what became of it is its own failure
        if self.fetch.start <= winner.start:
            return self.in_turn(self.fetch, winner)
        return self.fetch.start <= won and self.in_turn(winner, self.fetch)

    def follower(self) -> Brief | None:
        """The attempt that was made in its turn after this one, and did not get further either."""
        other: Brief
        found: Brief | None = None
        if self.full:
            return None
        for other in self.rivals:
            if other.attempted and self.follows(other):
                if found is None:
                    found = other
                elif not self.in_turn(found, other):
                    return None  # two at once: nobody can tell which of them belongs to this one
        return found

    def follows(self, other: Brief) -> cython.bint:
        """Whether an attempt was made in its turn after this one."""
        return other.start >= self.fetch.start and self.related(other) and self.in_turn(self.fetch, other)

    def related(self, other: Brief) -> cython.bint:
        """Whether both addresses are of one name, and both connections of one client, as far as can be told."""
        one, two = host(self.fetch.name), host(other.name)
        if family(other) == self.family:
            same_client = self.fetch.client == other.client
            return one != "" and one == two and same_client
        if self.crowded:
            return False
        if one and two:
            return one == two
        return not self.third and not literal(one) and not literal(two)

    def in_turn(self, first: Brief, second: Brief) -> cython.bint:
        """Happy Eyeballs waits before it tries the next address, or tries it as soon as one has failed (RFC 8305 5)."""
        failed: cython.longlong = first.refused
        if failed and failed <= second.start:
            return second.start - failed <= self.limits.he_next_ns + 2 * second.to_client
        return second.start - first.start >= self.limits.he_delay_ns


def family(fetch: Brief) -> cython.int:
    """0 = IPv4, 1 = IPv6."""
    return 1 if len(fetch.server) == 16 else 0


def host(name: str) -> str:
    """A host name as DNS compares it (RFC 4343)."""
    return name.rstrip(".").lower()


def literal(name: str) -> bool:
    """An IP address where a name could stand: nothing was resolved, so nothing raced."""
    return ":" in name or name.replace(".", "").isdigit()


def all_failed(chain: list[Brief]) -> bool:
    """Whether every attempt is a fetch that failed for certain."""
    return all(member.kind == "fetch" and member.failed for member in chain)


def merge(chain: list[Brief]) -> None:
    """A race that nobody won is one fetch: that of the member that failed last; the others' packets are evidence."""
    last = max(chain, key=end_of)
    for member in chain:
        if member is last:
            continue
        member.kind = "race"
        member.flag("cancelled-race")
        last.evidence = tuple(sorted([*last.evidence, *member.evidence], key=packet_of)[:MAX_EVIDENCE])
        last.merged = 1
    last.flag("race-lost-by-all")
    last.said += f" {len(chain) - 1} other address{'es' * (len(chain) > 2)} of the race failed as well."


def end_of(fetch: Brief) -> tuple[int, int]:
    """Order of failing."""
    return (fetch.ended, fetch.first_packet)

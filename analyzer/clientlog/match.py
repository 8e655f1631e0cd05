# not compiled: a log has few lines that matter
"""Ties the error lines of a client log to the fetches they speak of.

A line is tied to the fetch that nothing it says speaks against, chosen by, in this order:

1. both ends of the connection, where the line has them
2. how well its kind fits the verdict: fits; the capture cannot show it; contradicts
3. the place, most exact first: the server's address and port; the host; nothing at all, which leaves the kind of
   failure alone, and then only fetches whose verdict fits it
4. the name, then what was asked for
5. the time, to a second, where the line has one and the log's clock agrees with the capture's: a client complains
   when a fetch ends, or soon after
6. whether no other line has been tied to the fetch

Fetches that are equal in all this are not guessed among. The attempts of one retry group share their lines, since
clients tell a failure once for all attempts. As many lines as there are equal fetches (or groups) are tied in order.
Everything else is left unmatched, and told.

All fetches from the first that a line may speak of wait for the end of the reading, up to MAX_WAITING.
"""

from __future__ import annotations

# not compiled: runs with a client log only
from collections import Counter, deque
from collections.abc import Iterable, Iterator

from analyzer.clientlog.fits import CONTRADICTS, FITS, HIDDEN, fit
from analyzer.clientlog.read import Error
from analyzer.fetch.model import Fetch
from analyzer.verdict.model import verdict_of

MAX_WAITING = 50_000
"""Fetches that wait; beyond this all lines are tied to what is known so far, and the fetches leave."""
MAX_CANDIDATES = 1_000
"""Fetches that are compared with one line; a line that more fit is left unmatched."""
SECOND = 1_000_000_000
EARLY_NS = 2 * SECOND
"""So long before the end of a fetch its client may complain: clocks are cut to a second, and closing takes a while."""
LATE_NS = 120 * SECOND
"""So long after the end of a fetch its client may complain: retries of other files, buffered output."""
QUARTER_NS = 900 * SECOND
"""Time zones differ by multiples of this (tz database)."""
MAX_ZONE = 14 * 4
"""In quarters of an hour: UTC+14 is the largest offset there is."""
SHORTEST_PART = 8
"""Characters below which a part of a target says nothing."""

Key = tuple[object, ...]


class Bucket:
    """Lines that name one place, and the fetches that went there, by how well they fit; full: one was left out."""

    __slots__ = ("by_kind", "full", "kinds")

    def __init__(self) -> None:
        self.kinds: dict[tuple[str, int], Error] = {}
        self.by_kind: dict[tuple[str, int], tuple[list[Fetch], list[Fetch], list[Fetch]]] = {}
        self.full: set[tuple[str, int, int]] = set()

    def expect(self, error: Error) -> None:
        """A line asks for this place."""
        kind = (error.kind, error.status)
        if kind not in self.kinds:
            self.kinds[kind] = error
            self.by_kind[kind] = ([], [], [])

    def offer(self, fetch: Fetch, least: int) -> bool:
        """A fetch went there; whether any line may speak of it."""
        taken = False
        for kind, example in self.kinds.items():
            how = fit(example, fetch)
            if how < least:
                continue
            taken = True
            found = self.by_kind[kind][how]
            if len(found) < MAX_CANDIDATES:
                found.append(fetch)
            else:
                self.full.add((*kind, how))
        return taken


class Matcher:
    """Holds fetches until the lines are tied.

    tied        line -> the fetches it speaks of, of which there are several only within a retry group
    equal       line -> how many fetches it fits equally, for lines that could not be tied
    crowded     lines that more fetches fit than are compared
    offset_ns   the log's clock minus the capture's, for times without a zone; None = no such time was of use
    utc         times with a zone agree with the capture's
    foreign     there are times, and none of them lies near a fetch that fits
    overflowed  fetches left before the end of the reading
    """

    def __init__(self, errors: list[Error]) -> None:
        self.open = list(errors)
        self.held: deque[Fetch] = deque()
        self.buckets: dict[Key, Bucket]
        self.tied: dict[Error, list[Fetch]] = {}
        self.equal: dict[Error, int] = {}
        self.crowded: set[Error] = set()
        self.claimed: set[Fetch] = set()
        self.waiting = self.utc = self.foreign = self.overflowed = False
        self.offset_ns: int | None = None
        self._expect(self.open)

    def tie(self, fetches: Iterable[Fetch]) -> Iterator[Fetch]:
        """The fetches in their order, with what the client said of each in `client_said`."""
        for fetch in fetches:
            self.waiting |= self._offer(fetch)
            if not self.waiting:
                yield fetch
                continue
            self.held.append(fetch)
            if len(self.held) >= MAX_WAITING:
                self.overflowed = True
                self._settle()
                yield from self._leaving()
        self._settle()
        yield from self._leaving()

    def _expect(self, errors: list[Error]) -> None:
        """Forget the fetches seen; these lines are open."""
        self.buckets = {}
        for error in errors:
            for key in wanted(error):
                self.buckets.setdefault(key, Bucket()).expect(error)

    def _leaving(self) -> Iterator[Fetch]:
        while self.held:
            yield self.held.popleft()
        self.waiting = False

    def _offer(self, fetch: Fetch) -> bool:
        """Show a fetch to the lines that name its place; a dictionary each, whatever the number of lines."""
        if not self.buckets or fetch.kind != "fetch" or "nat-twin" in verdict_of(fetch).flags:
            return False
        taken = False
        for key in offered(fetch):
            bucket = self.buckets.get(key)
            if bucket is not None:
                taken |= bucket.offer(fetch, FITS if key == ANYWHERE else CONTRADICTS)
        return taken

    # -- at the end ------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Tie the lines to the fetches seen so far, those that say most of the place first."""
        levels: dict[int, list[tuple[Error, list[Fetch]]]] = {}
        for error in self.open:
            level, candidates = self._candidates(error)
            if candidates:
                levels.setdefault(level, []).append((error, candidates))
        self._read_clock([pair for pairs in levels.values() for pair in pairs])
        for level in sorted(levels, reverse=True):
            self._tie_equals(levels[level])
        self.open = [error for error in self.open if error not in self.tied]
        self._expect(self.open)

    def _candidates(self, error: Error) -> tuple[int, list[Fetch]]:
        """The fetches that fit best at the most exact place, and how exact that is."""
        keys = list(wanted(error))
        own = [key for key in keys if len(key) == BOTH_ENDS]  # the connection itself, whatever its verdict
        for key, how in [(key, how) for key in own for how in FITTING] + [
            (key, how) for how in FITTING for key in keys
        ]:
            bucket = self.buckets[key]
            if how != CONTRADICTS and (error.kind, error.status, how) in bucket.full:
                self.crowded.add(error)
                return 0, []
            found = [fetch for fetch in bucket.by_kind[error.kind, error.status][how] if possible(error, fetch)]
            if found:
                return len(key), found
        return 0, []

    def _read_clock(self, pairs: list[tuple[Error, list[Fetch]]]) -> None:
        """Find the time zone of times that do not say theirs: the one that brings most lines to fetches that fit."""
        timed = [(error, found) for error, found in pairs if error.time >= 0]
        votes: Counter[int] = Counter()
        for error, candidates in timed:
            zones = {zone for fetch in candidates for zone in zones_of(error, fetch)}
            if error.zoned:
                self.utc |= 0 in zones
            else:
                votes.update(zones)
        if votes:
            self.offset_ns = max(votes, key=lambda zone: (votes[zone], -abs(zone), zone)) * QUARTER_NS
        self.foreign = bool(timed) and not votes and not self.utc

    def _tie_equals(self, pairs: list[tuple[Error, list[Fetch]]]) -> None:
        """Tie the lines of one exactness; those that the same fetches fit equally are looked at together."""
        together: dict[tuple[int, ...], tuple[list[Error], list[Fetch]]] = {}
        for error, candidates in pairs:
            best = self._best(error, candidates)
            if best:
                key = tuple(id(fetch) for fetch in best)
                together.setdefault(key, ([], best))[0].append(error)
        for errors, best in together.values():
            self._share(errors, best)

    def _best(self, error: Error, candidates: list[Fetch]) -> list[Fetch]:
        """Those of the fetches that fit best, which are equal for all that can be told; [] = the time excludes all."""
        time = self._instant(error)
        if time is not None:
            candidates = [fetch for fetch in candidates if in_time(time, fetch)]
        named = [fetch for fetch in candidates if fetch.name and host_of(fetch.name) == error.host]
        candidates = named or candidates
        candidates = [fetch for fetch in candidates if asks(error, fetch)] or candidates
        if time is not None and candidates:
            nearest = min(abs(time - fetch.end) for fetch in candidates)
            candidates = [fetch for fetch in candidates if abs(time - fetch.end) <= nearest + SECOND]
        return [fetch for fetch in candidates if fetch not in self.claimed] or candidates

    def _instant(self, error: Error) -> int | None:
        """When the line was written, by the capture's clock; None where that cannot be told."""
        if error.time < 0:
            return None
        if error.zoned:
            return error.time if self.utc else None
        return error.time - self.offset_ns if self.offset_ns is not None else None

    def _share(self, errors: list[Error], fetches: list[Fetch]) -> None:
        """Lines that the same fetches fit equally."""
        groups: dict[object, list[Fetch]] = {}
        for fetch in fetches:
            groups.setdefault((fetch.file, fetch.group) if fetch.group else fetch, []).append(fetch)
        members = list(groups.values())
        if len(errors) == len(fetches):
            members = [[fetch] for fetch in fetches]
        if len(members) == 1:
            members *= len(errors)
        if len(members) != len(errors):
            self.equal.update(dict.fromkeys(errors, len(fetches)))
            return
        for error, chosen in zip(errors, members, strict=True):
            self.tied[error] = chosen
            self.claimed.update(chosen)
            for fetch in chosen:
                if error.text not in fetch.client_said:
                    fetch.client_said += f" | {error.text}" if fetch.client_said else error.text


ANYWHERE: Key = ()
BOTH_ENDS = 4
"""Parts of the place that is one connection."""
FITTING = (FITS, HIDDEN, CONTRADICTS)


def wanted(error: Error) -> Iterator[Key]:
    """The places a line speaks of, the most exact first; how many parts a place has tells how exact it is."""
    if error.source and error.server:
        yield error.source, error.source_port, error.server, error.port
    if error.server:
        yield error.server, error.port
    if error.host:
        yield (error.host,)
    yield ANYWHERE


def offered(fetch: Fetch) -> Iterator[Key]:
    """The places at which a line may look for a fetch."""
    flow = fetch.flow
    yield flow.client, flow.client_port, flow.server, flow.server_port
    yield flow.server, flow.server_port
    if fetch.name:
        yield (host_of(fetch.name),)
    yield ANYWHERE


def possible(error: Error, fetch: Fetch) -> bool:
    """Whether nothing that the line says of the place speaks against the fetch."""
    flow = fetch.flow
    if fetch.protocol == "dns":
        return error.host in ("", host_of(fetch.name))
    proxied = fetch.method == "CONNECT" or "://" in fetch.target or flow.proxied
    if error.server:
        if error.server != flow.server or error.port != flow.server_port:
            return False
    elif error.port and error.port != flow.server_port and not proxied:
        return False
    if error.source and error.source == flow.client and error.source_port != flow.client_port:
        return False  # the same machine's other connection; another address may be the same one behind a NAT
    return bool(error.server) or not error.host or not fetch.name or error.host == host_of(fetch.name)


def host_of(name: str) -> str:
    """A fetch's name as logs tell it: without port and final dot."""
    host, colon, port = name.lower().rpartition(":")
    return (host if colon and port.isdigit() else name.lower()).strip("[]").rstrip(".")


def asks(error: Error, fetch: Fetch) -> bool:
    """Whether the fetch asked for what the line names."""
    said, target = error.target, fetch.target
    return len(said) > 1 and bool(target) and (target == said or (len(said) >= SHORTEST_PART and said in target))


def in_time(time: int, fetch: Fetch) -> bool:
    """Whether a client may have written at that time of this fetch."""
    return fetch.start - EARLY_NS <= time <= fetch.end + LATE_NS


def zones_of(error: Error, fetch: Fetch) -> Iterator[int]:
    """The offsets, in quarters of an hour, with which the line was written during the fetch or soon after."""
    first = -((fetch.end + LATE_NS - error.time) // QUARTER_NS)
    last = (error.time - fetch.start + EARLY_NS) // QUARTER_NS
    yield from range(max(first, -MAX_ZONE), min(last, MAX_ZONE) + 1)


def contradictions(tied: dict[Error, list[Fetch]]) -> list[tuple[Error, Fetch]]:
    """Lines whose kind fits the verdict of none of their fetches."""
    return [(error, found[-1]) for error, found in tied.items() if all(fit(error, f) == CONTRADICTS for f in found)]

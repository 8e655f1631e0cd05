"""What many failures have in common and the successes have not: said at the end, each with its figures.

A finding needs MIN_FETCHES fetches that support it (MIN_PROVEN where each is a proof by itself) and a contrast. Only
counters are kept. Beyond MAX_PLACES different places the findings about places are left out, since they would count
a part only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple, TypeVar

import cython

from analyzer.output.words import address
from analyzer.text import plural, safe
from analyzer.verdict.brief import Brief
from analyzer.verdict.thresholds import TTL_DELTA

MAX_PLACES = 10_000
"""Different (name, address, port, kind of hello) that are counted; a hostile capture may have a new one each time."""
MAX_VALUES = 1_000
"""Different timers, and TTLs, that are counted."""
MIN_FETCHES = 3
MIN_PROVEN = 2
MOST = 0.75
"""Share of the failures that must have the trait."""
CONTRAST = 2
"""So many times more frequent the trait must be among the failures than among what went well."""
FEW = 0.3
"""Share of failures that the other addresses behind a name may have."""
ONE_WAY = 0.9
"""Share of one-sided fetches above which the capture itself is one-sided (signatures.md 3.1)."""
Key = TypeVar("Key")
SHOWN = 4


Place = tuple[str, bytes, int, bool, bool]
"""Where a fetch went: name, address, port, whether it was TLS, whether its ClientHello had an X25519MLKEM768 share."""
FAMILIES = {4: "IPv4", 16: "IPv6"}
"""By the length of an address; none where no server was reached."""


class Finding(NamedTuple):
    """One finding: its id for programs, the sentence for people, and the figures in it."""

    id: str
    text: str
    figures: dict[str, object]


class Findings:
    """Counters, fed fetch by fetch.

    counted  where fetches went -> [went well, failed]; full: there were more than MAX_PLACES
    resets   (TTL of the reset, TTL of the server's SYN-ACK) -> failures of class rst
    timers   the timer that fits best -> failures
    """

    def __init__(self) -> None:
        self.counted: dict[Place, list[int]] = {}
        self.full = False
        self.resets: Counter[tuple[int, int]] = Counter()
        self.timers: Counter[str] = Counter()
        self.timers_left_out = 0
        self.seen = self.one_sided = self.failed = 0
        self.large_lost = self.told_by_icmp = self.partial_hellos = 0

    def add(self, fetch: Brief) -> None:
        """Count one fetch with its verdict."""
        self.seen += 1
        if not fetch.failed and fetch.klass == "incomplete":
            self.one_sided += fetch.missing == "direction"
            return
        key = (fetch.name, fetch.server, fetch.server_port, fetch.secure != 0, fetch.post_quantum != 0)
        outcome = self.counted.get(key)
        if outcome is None:
            outcome = [0, 0]
            if len(self.counted) < MAX_PLACES:
                self.counted[key] = outcome
            else:
                self.full = True
        outcome[fetch.failed] += 1
        if fetch.failed:
            self._add_failure(fetch)

    def _add_failure(self, fetch: Brief) -> None:
        self.failed += 1
        if fetch.klass == "rst":
            count(self.resets, (fetch.rst_ttl, fetch.server_ttl))
        if fetch.timer:
            self.timers_left_out += not count(self.timers, fetch.timer)
        if fetch.large_lost:
            self.large_lost += 1
            self.told_by_icmp += fetch.told_by_icmp
        if fetch.cause == "tls-clienthello-partial" and fetch.post_quantum:
            self.partial_hellos += 1

    def caps(self) -> list[str]:
        """What was not counted, as there was too much of it."""
        made = []
        if self.full:
            made.append(f"what failures share by place is not looked at: there are more than {MAX_PLACES:,} places")
        if self.timers_left_out:
            failures = plural(self.timers_left_out, "failure", "failures")
            made.append(f"the timers of {failures} are not counted: there are more than {MAX_VALUES:,} different ones")
        return made

    def found(self) -> list[Finding]:
        """All findings, those about the capture and the network first."""
        made = [self._one_way(), self._black_hole(), self._post_quantum(), self._reset_ttl(), *self._in_places()]
        return [finding for finding in [*made, self._timer()] if finding is not None]

    def _in_places(self) -> Iterable[Finding | None]:
        if self.full or self.failed < MIN_FETCHES:
            return []
        families: dict[str, list[int]] = {}
        ports: dict[str, list[int]] = {}
        for (_, server, number, _, _), outcome in self.counted.items():
            tally(families, FAMILIES.get(len(server), ""), outcome)
            tally(ports, f"port {number}" if number else "", outcome)
        return [
            self._shared("family", families, "are {}"),
            self._shared("port", ports, "are at {}"),
            *self._one_server(),
        ]

    def _shared(self, name: str, outcomes: dict[str, list[int]], words: str) -> Finding | None:
        """Most failures have one value of a trait, and what went well mostly has not: value -> [went well, failed]."""
        value, (well, here) = max(outcomes.items(), key=lambda item: item[1][1])
        all_well = sum(one[0] for one in outcomes.values())
        if not value or here < MIN_FETCHES or here < MOST * self.failed:
            return None
        if all_well == 0 or here / self.failed < CONTRAST * well / all_well:
            return None
        text = f"{here} of {self.failed} failures {words.format(value)}, and {well} of the {all_well} that went well"
        return Finding(
            name, text, {name: value, "failed": here, "failures": self.failed, "ok": well, "all_ok": all_well}
        )

    def _one_server(self) -> list[Finding]:
        """One address of several behind a name fails, the others do not."""
        names: dict[tuple[str, int], dict[bytes, list[int]]] = {}
        for (name, server, number, _, _), outcome in self.counted.items():
            behind = names.get((name, number))
            if behind is None:
                names[name, number] = behind = {}
            tally(behind, server, outcome)
        made = [one_of(*name, behind) for name, behind in names.items() if name[0] and len(behind) > 1]
        return [finding for finding in made if finding is not None][:SHOWN]

    def _reset_ttl(self) -> Finding | None:
        """Every reset comes with one TTL, and the servers' own packets have others."""
        ttls = {seen for seen, _ in self.resets}
        own = sorted({known for _, known in self.resets})
        number = sum(self.resets.values())
        if number < MIN_FETCHES or len(ttls) != 1:
            return None
        ttl = ttls.pop()
        if not ttl or any(not known or abs(known - ttl) < TTL_DELTA for known in own):
            return None
        have = ", ".join(map(str, own[:SHOWN])) + (" and others" if len(own) > SHOWN else "")
        text = f"all {number} resets come with TTL {ttl}; the servers' own packets have {have}"
        return Finding("reset-ttl", text, {"resets": number, "ttl": ttl, "server_ttls": own})

    def _black_hole(self) -> Finding | None:
        """Large segments are lost and small ones pass."""
        if self.large_lost < MIN_PROVEN and not self.told_by_icmp:
            return None
        told = "; a router said so by ICMP" if self.told_by_icmp else ""
        fetches = plural(self.large_lost, "fetch", "fetches")
        text = f"large segments are lost and small ones pass in {fetches} (path MTU){told}"
        return Finding("path-mtu", text, {"failed": self.large_lost, "told_by_icmp": self.told_by_icmp})

    def _post_quantum(self) -> Finding | None:
        """The second segment of a post-quantum ClientHello does not arrive; smaller hellos do."""
        if self.partial_hellos < MIN_PROVEN or self.full:
            return None
        with_it = without = 0
        for (_, _, _, secure, post_quantum), (well, _) in self.counted.items():
            if post_quantum:
                with_it += well
            elif secure:
                without += well
        if with_it or not without:
            return None
        text = (
            f"{self.partial_hellos} post-quantum ClientHellos (X25519MLKEM768) lost their second segment and none went "
            f"well; {without} smaller ones did"
        )
        return Finding("post-quantum", text, {"failed": self.partial_hellos, "ok": with_it, "smaller_ok": without})

    def _one_way(self) -> Finding | None:
        """Nearly everything shows one direction only."""
        if self.one_sided < MIN_FETCHES or self.one_sided <= ONE_WAY * self.seen:
            return None
        text = (
            f"the capture shows one direction only in {self.one_sided} of {self.seen} fetches: "
            "a mirror of one link, or asymmetric routes"
        )
        return Finding("one-way-capture", text, {"one_sided": self.one_sided, "fetches": self.seen})

    def _timer(self) -> Finding | None:
        """Several failures end with the same timer."""
        if not self.timers:
            return None
        timer, number = max(self.timers.items(), key=lambda item: (item[1], item[0]))
        if number < MIN_FETCHES:
            return None
        text = f"{number} of {self.failed} failures are consistent with {timer}"
        return Finding("timer", text, {"timer": timer, "failed": number, "failures": self.failed})


def count(counter: Counter[Key], key: Key) -> cython.bint:
    """Count, up to MAX_VALUES different keys; False = there was no room."""
    if key in counter or len(counter) < MAX_VALUES:
        counter[key] += 1
        return True
    return False


@cython.cfunc
def tally(outcomes: dict[Key, list[int]], key: Key, outcome: list[int]) -> None:
    """Add what went well and what failed of a place to those of a value."""
    sums = outcomes.get(key)
    if sums is None:
        outcomes[key] = [*outcome]
    else:
        sums[0] += outcome[0]
        sums[1] += outcome[1]


def one_of(name: str, port: int, behind: dict[bytes, list[int]]) -> Finding | None:
    """The address behind a name that always fails, when the others hardly do."""
    worst = max(behind, key=lambda raw: (behind[raw][1], raw))
    well, failed = behind[worst]
    others = [outcome for raw, outcome in behind.items() if raw != worst]
    others_well, others_failed = sum(one[0] for one in others), sum(one[1] for one in others)
    if failed < MIN_FETCHES or well or others_well < MIN_FETCHES or others_failed > FEW * others_well:
        return None
    where = safe(name)
    text = (
        f"all {failed} fetches from {address(worst)} failed, one of {len(behind)} addresses of {where} (port {port}); "
        f"from the others {others_well} of {others_well + others_failed} went well"
    )
    return Finding(
        "one-server",
        text,
        {
            "name": where,
            "port": port,
            "address": address(worst),
            "addresses": len(behind),
            "failed": failed,
            "others_ok": others_well,
            "others_failed": others_failed,
        },
    )

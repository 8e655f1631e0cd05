"""Servers that refuse SYNs which ask for ECN and take those that do not: a suspicion, said in the advice.

Some old firewalls take ECE and CWR (RFC 3168 6.1.1) for an attack and answer with a RST.
"""

from __future__ import annotations

import cython

from analyzer.verdict.brief import Brief
from analyzer.verdict.thresholds import DEFAULT, Thresholds

MAX_PLACES = 10_000
"""Servers (address and port) that are remembered; beyond this no others are."""
NEVER = 1 << 62

ADVICE = (
    " Every SYN that was refused here asks for ECN (ECE and CWR), and one that does not was accepted: perhaps a "
    "firewall refuses ECN; try without (`sysctl net.ipv4.tcp_ecn=0`; macOS `net.inet.tcp.ecn_initiate_out=0`)."
)


class Place:
    """When a server first did so, ns: took a SYN without ECN, took one with it, refused one without it."""

    def __init__(self) -> None:
        self.took_plain = self.took_ecn = self.refused_plain = NEVER


class Ecn:
    """What was seen of each server, fetch by fetch in the order of first packets."""

    def __init__(self, limits: Thresholds = DEFAULT) -> None:
        self.limits = limits
        self.places: dict[tuple[bytes, int], Place] = {}

    def learn(self, fetch: Brief) -> None:
        """Note how its SYN fared."""
        refused: cython.bint = not fetch.established and fetch.cause == "rst-refused"
        if not (refused or fetch.established) or fetch.midstream or fetch.kind != "fetch":
            return
        key = (fetch.server, fetch.server_port)
        place: Place | None = self.places.get(key)
        if place is None:
            if len(self.places) >= MAX_PLACES:
                return
            place = self.places[key] = Place()
        if refused:
            if not fetch.ecn:
                place.refused_plain = min(place.refused_plain, fetch.start)
        elif fetch.ecn:
            place.took_ecn = min(place.took_ecn, fetch.start)
        else:
            place.took_plain = min(place.took_plain, fetch.start)

    def hint(self, fetch: Brief) -> None:
        """A refused SYN asked for ECN: a hint, where one without fared better. It knows as far ahead as retries do."""
        place: Place | None = self.places.get((fetch.server, fetch.server_port))
        if place is None or fetch.cause != "rst-refused":
            return
        known: cython.longlong = fetch.over + self.limits.retry_gap_ns
        if place.took_plain <= known < place.took_ecn and known < place.refused_plain:
            fetch.advice += ADVICE

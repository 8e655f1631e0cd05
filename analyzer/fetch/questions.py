"""Which questions belong to a connection, and when their answers came."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.fetch.resolution import AGAIN_NS, LINK_NS
from analyzer.layer.dns.lookups import PATIENCE_NS, Lookup

ROUND_NS = 100_000_000
"""Questions this close to each other are of one round: a resolver asks for A and AAAA at once."""

Asked = tuple[list[int], Lookup]
"""When a question was sent, up to the SYN, and its lookup."""


def asked_before(lookups: Sequence[Lookup], before: int) -> list[Asked]:
    """The questions for a name that belong to a connection, which began at an instant.

    Those within LINK_NS before it, and those before them that are of the same round, or had no answer when it was
    asked again.
    """
    known = [([time for _, time in lookup.tries if time <= before], lookup) for lookup in lookups]
    known = sorted([item for item in known if item[0]], key=newest_first)
    first = before
    found: list[Asked] = []
    for times, lookup in known:
        lost = not lookup.answer_time or lookup.answer_time > first
        near = before - times[-1] <= LINK_NS or before - LINK_NS <= lookup.answer_time <= before
        if near or (found and (first - times[0] <= ROUND_NS or (lost and first - times[-1] <= LINK_NS))):
            found.append((times, lookup))
            first = min(first, times[0])
    return found


def newest_first(asked: Asked) -> int:
    """Order of questions."""
    return -asked[0][0]


def last_answer(asked: list[Asked], before: int) -> int:
    """When the resolver had what it got: the last answer, or the end of its patience; 0 = never."""
    last = 0
    for times, lookup in asked:
        if 0 < lookup.answer_time <= before:
            last = max(last, lookup.answer_time)
        elif times[-1] + PATIENCE_NS <= before:
            last = max(last, times[-1] + PATIENCE_NS)
    return last


def repeated(asked: list[Asked]) -> bool:
    """Whether a question was sent again: its answer did not come."""
    seen: dict[int, int] = {}
    for times, lookup in asked:  # the newest come first
        later = seen.get(lookup.qtype, 0)
        answered = 0 < lookup.answer_time <= later
        if len(times) > 1 or (later - times[0] >= AGAIN_NS and not answered):
            return True
        seen[lookup.qtype] = max(later, times[0])
    return False

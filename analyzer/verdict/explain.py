"""Why a verdict is what it is: the signature that fired, and what kept its neighbours from firing."""

from __future__ import annotations

# not compiled: runs for one fetch
from typing import NamedTuple, cast

from analyzer.fetch.model import Fetch
from analyzer.verdict.catalog import Rule, name_of, rules, signature
from analyzer.verdict.decide import Signature, decide_case
from analyzer.verdict.facts import Facts
from analyzer.verdict.model import Verdict
from analyzer.verdict.needs import NEEDS
from analyzer.verdict.thresholds import DEFAULT, Thresholds

MOST_NEIGHBOURS = 6
MOST_NAMES = 4
"""Causes of one function that are named one by one."""


SIBLING = 0.6
"""How far off another cause of the function that fired is: most of what it needs held."""


class Neighbour(NamedTuple):
    """A signature that did not fire; `off` is the share of its conditions that did not hold."""

    name: str
    reason: str
    off: float


class Explanation(NamedTuple):
    """A verdict with the rule behind it (None: no signature fired) and the nearest ones that did not fire."""

    verdict: Verdict
    rule: Rule | None
    neighbours: list[Neighbour]


def explain(fetch: Fetch, limits: Thresholds = DEFAULT) -> Explanation:
    """Decide the fetch once more, and look at what was tried on the way.

    The verdict that the fetch has stays; where a later stage changed its cause, only its own documentation is told.
    """
    case = Facts(fetch, limits)
    case.tried = []
    verdict = decide_case(case)
    stands = cast("Verdict | None", fetch.verdict) or verdict
    if (stands.klass, stands.cause) != (verdict.klass, verdict.cause):
        unit = signature(stands.cause)
        return Explanation(stands, None if unit is None else unit.rule, [])
    fired = name_of(case.fired) if case.fired is not None else ""
    if not fired and verdict.klass == "incomplete":
        fired = "incomplete.rest"
    rule = _rule(fired, verdict.cause)
    near = [neighbour for neighbour in (*_tried(case), *_siblings(fired, rule)) if neighbour.off <= SIBLING]
    return Explanation(stands, rule, sorted(near, key=lambda neighbour: neighbour.off)[:MOST_NEIGHBOURS])


def _rule(function: str, cause: str) -> Rule | None:
    """The rule of that function for a cause, or for the family of the cause."""
    found = rules().get(function, [])
    for rule in found:
        if rule.cause == cause:
            return rule
    return next((rule for rule in found if rule.cause and cause.startswith(rule.cause)), found[0] if found else None)


def _siblings(function: str, rule: Rule | None) -> list[Neighbour]:
    """The other causes of the function that fired: what they would have looked like."""
    others = [other for other in rules().get(function, []) if rule is not None and other is not rule]
    if len(others) > MOST_NAMES:
        return []
    return [Neighbour(other.cause, f"would be: {other.wire}", SIBLING) for other in others]


def _tried(case: Facts) -> list[Neighbour]:
    """The signatures that were tried before the one that fired, or stand behind it."""
    found: list[Neighbour] = []
    before = True
    for signatures in case.tried:
        for function in signatures:
            if function is case.fired:
                before = False
            elif rules()[name_of(function)][0].cause:  # what is incomplete is no neighbour of a failure
                found.append(_neighbour(case, function, before))
    return found


def _neighbour(case: Facts, function: Signature, before: bool) -> Neighbour:
    several = rules()[name_of(function)]
    needs = several[0].needs
    unmet = [NEEDS[need].otherwise for need in needs if not NEEDS[need].holds(case)]
    if unmet:
        reason = " and ".join(unmet[:2])
    elif before:
        reason = f"it wants more: {several[0].wire}"
    else:
        reason = "it was not asked: the one that fired stands before it"
    return Neighbour(_names(several), reason, len(unmet) / len(needs))


def _names(several: list[Rule]) -> str:
    """The causes of a function, `icmp-*` when there are many."""
    causes = [rule.cause for rule in several]
    if len(causes) <= MOST_NAMES:
        return ", ".join(causes)
    return f"{causes[0].partition('-')[0]}-*"

"""Names the rhythm of retries: constant, or exponential with its factor."""

from __future__ import annotations

# not compiled: a sentence a group
from itertools import pairwise

from analyzer.verdict.facts import span

SAME = 0.15
"""Part by which waits may differ and still be constant: timers of scripts are late, and part of a wait is not seen."""
AT_ONCE_NS = 100_000_000
"""A first wait shorter than this is none: urllib3 (so pip) retries once without waiting."""
SHOWN = 6
"""Waits that are written out."""


def told(attempt: int, outcome: str, waits: list[int], begun: list[int]) -> str:
    """The sentence about a group of two and more, for its last member; waits and beginnings in ns."""
    ending = {"recovered": ", and this one worked", "fallback": ", and another source had it"}.get(outcome, "")
    listed = ", ".join(span(wait) for wait in waits[:SHOWN]) + (" ..." if len(waits) > SHOWN else "")
    rhythm = f": {named}" if (named := pattern(waits, begun)) else ""
    return f" It was attempt {attempt}{ending} ({'wait' if len(waits) == 1 else 'waits'} {listed}{rhythm})."


def pattern(waits: list[int], begun: list[int]) -> str:
    """`constant back-off`, `exponential back-off, factor 2.0`, `every 15 s`, or "" for no rhythm."""
    if _npm(waits):
        return "npm's waits"
    grown = waits[1:] if waits and waits[0] < AT_ONCE_NS else waits
    if len(grown) < 2:
        return ""
    if min(grown) >= AT_ONCE_NS and _alike([float(wait) for wait in grown]):
        return "constant back-off"
    ratios = [after / before for before, after in pairwise(grown) if before > 0]
    if len(grown) > 2 and len(ratios) == len(grown) - 1 and min(ratios) > 1.4 and _alike(ratios):
        return f"exponential back-off, factor {sum(ratios) / len(ratios):.1f}"
    steps = [float(after - before) for before, after in pairwise(begun)]
    if len(steps) > 1 and min(steps) >= AT_ONCE_NS and _alike(steps):
        return f"one every {span(int(sum(steps) / len(steps)))}"
    return ""


def _npm(waits: list[int]) -> bool:
    """10 s, then 60 s: fetch-retry-mintimeout and -maxtimeout of npm's defaults."""
    return len(waits) == 2 and all(
        abs(wait / 1e9 - default) < SAME * default for wait, default in zip(waits, (10, 60), strict=True)
    )


def _alike(figures: list[float]) -> bool:
    mean = sum(figures) / len(figures)
    return all(abs(figure - mean) <= SAME * mean for figure in figures)

"""Asks for the memory of fetches before they leave (analyzer.model.ahead): they waited long, for turn and retries."""

from __future__ import annotations

import cython

if not cython.compiled:
    from analyzer.model.ahead import ask

from analyzer.fetch.ahead import itself, parts
from analyzer.fetch.model import Fetch
from analyzer.verdict.brief import Brief
from analyzer.verdict.line import Line
from analyzer.verdict.model import Evidence, Verdict, verdict_of
from analyzer.verdict.turn import Turn

STEP = 4
"""Fetches that leave meanwhile: what one place says of the next has come by then."""
TURN, BRIEF, EVIDENCE, LIST, SUMMARY = 64, 384, 64, 128, 320
"""Bytes of each, of the list of packets that are cited, and of most sentences, in whole cache lines of 64."""


def turns(waiting: list[Turn]) -> None:
    """All of these."""
    turn: Turn
    if cython.compiled:
        for turn in waiting:
            ask(cython.cast(cython.p_void, turn), TURN)


def leaving(line: Line) -> None:
    """The first in the line leaves, those behind it will: the farther one is, the less of it can be asked for yet."""
    fetch: Fetch | None
    verdict: Verdict
    evidence: Evidence
    if not cython.compiled:
        return
    if len(line.items) - line.head > 5 * STEP:
        ask(cython.cast(cython.p_void, line.items[line.head + 5 * STEP]), BRIEF)
    fetch = fetch_of(line, 4 * STEP)
    if fetch is None:
        return
    itself(fetch)
    fetch = fetch_of(line, 3 * STEP)
    if fetch is not None:
        parts(fetch)
    fetch = fetch_of(line, 2 * STEP)
    if fetch is not None:
        verdict = verdict_of(fetch)
        ask(cython.cast(cython.p_void, verdict.evidence), LIST)
        ask(cython.cast(cython.p_void, verdict.summary), SUMMARY)
    fetch = fetch_of(line, STEP)
    if fetch is not None:
        verdict = verdict_of(fetch)
        for evidence in verdict.evidence:
            ask(cython.cast(cython.p_void, evidence), EVIDENCE)


def fetch_of(line: Line, place: cython.int) -> Fetch | None:
    """The fetch so many places behind the first, None where its row is written already."""
    turn: Turn
    brief: Brief
    if len(line.items) - line.head <= place:
        return None
    turn = line.items[line.head + place]
    if not isinstance(turn, Brief):
        return None
    brief = turn
    return brief.fetch

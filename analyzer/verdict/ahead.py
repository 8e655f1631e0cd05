"""Asks for the memory of fetches before they leave (analyzer.model.ahead): they waited long for their retries."""

from __future__ import annotations

import cython

if not cython.compiled:
    from analyzer.model.ahead import ask

from analyzer.fetch.ahead import itself, parts
from analyzer.fetch.model import Fetch
from analyzer.verdict.line import Line
from analyzer.verdict.model import Evidence, Verdict, verdict_of

STEP = 4
"""Fetches that leave meanwhile: what one place says of the next has come by then."""
EVIDENCE, LIST, SUMMARY = 64, 128, 320
"""Bytes of a packet that is cited, of the list of them, and of most sentences, in whole cache lines of 64."""


def leaving(line: Line) -> None:
    """The first in the line leaves, those behind it will: the farther one is, the less of it can be asked for yet."""
    fetch: Fetch
    verdict: Verdict
    evidence: Evidence
    left: cython.Py_ssize_t = len(line.items) - line.head
    if not cython.compiled:
        return
    if left > 4 * STEP:
        itself(line.items[line.head + 4 * STEP])
    if left > 3 * STEP:
        parts(line.items[line.head + 3 * STEP])
    if left > 2 * STEP:
        fetch = line.items[line.head + 2 * STEP]
        verdict = verdict_of(fetch)
        ask(cython.cast(cython.p_void, verdict.evidence), LIST)
        ask(cython.cast(cython.p_void, verdict.summary), SUMMARY)
    if left > STEP:
        fetch = line.items[line.head + STEP]
        verdict = verdict_of(fetch)
        for evidence in verdict.evidence:
            ask(cython.cast(cython.p_void, evidence), EVIDENCE)

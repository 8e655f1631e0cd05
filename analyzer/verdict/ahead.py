"""Asks for the memory of fetches before they leave (analyzer.wire.ahead): they waited long for their retries."""

from __future__ import annotations

from typing import Any

import cython

from analyzer.fetch.model import Fetch
from analyzer.verdict.model import Verdict, verdict_of

STEP = 4
"""Fetches that leave meanwhile: what one place says of the next has come by then."""


def leaving(items: list, at: cython.Py_ssize_t) -> None:
    """The fetch items[at] leaves: those behind it will, each a step further."""
    if cython.compiled:
        fetch: Fetch
        verdict: Verdict
        left: cython.Py_ssize_t = len(items) - at
        if left > 4 * STEP:
            ask(cython.cast(cython.p_void, items[at + 4 * STEP]), 352)
        if left > 3 * STEP:
            fetch = items[at + 3 * STEP]
            ask(cython.cast(cython.p_void, fetch.flow), 272)
            ask(cython.cast(cython.p_void, fetch.verdict), 128)
            ask(cython.cast(cython.p_void, fetch.name), 128)
            ask(cython.cast(cython.p_void, fetch.target), 128)
        if left > 2 * STEP:
            verdict = verdict_of(items[at + 2 * STEP])
            ask(cython.cast(cython.p_void, verdict.evidence), 128)
            ask(cython.cast(cython.p_void, verdict.summary), 320)
        if left > STEP:
            verdict = verdict_of(items[at + STEP])
            for evidence in verdict.evidence:
                ask(cython.cast(cython.p_void, evidence), 64)

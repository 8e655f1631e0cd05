"""Asks for the memory of fetches that waited, before they are looked at (analyzer.model.ahead)."""

from __future__ import annotations

import cython

if not cython.compiled:
    from analyzer.model.ahead import ask

from analyzer.fetch.model import Fetch

FETCH, FLOW, VERDICT, TEXT = 384, 320, 128, 128
"""Bytes of each, in whole cache lines of 64."""


def itself(fetch: Fetch) -> None:
    """A fetch, without what it refers to: that is not known before it is there."""
    if cython.compiled:
        ask(cython.cast(cython.p_void, fetch), FETCH)


def parts(fetch: Fetch) -> None:
    """What it refers to."""
    if cython.compiled:
        ask(cython.cast(cython.p_void, fetch.flow), FLOW)
        ask(cython.cast(cython.p_void, fetch.verdict), VERDICT)
        ask(cython.cast(cython.p_void, fetch.name), TEXT)
        ask(cython.cast(cython.p_void, fetch.target), TEXT)

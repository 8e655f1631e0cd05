"""Reassembly: whatever neighbours change places, and wherever they are cut, no stream goes back.

`go_on` in tcp/reassembly.py asserts it, so a reading that ends without an error has held it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
from support.examples import SAMPLE_NAMES, sample
from support.incomplete import SNAPLENS, cut_to
from support.recording import Recording
from support.rows import rows

BARE = 90
"""Bytes of a frame up to which it is hardly more than its headers: two such neighbours need no trying."""


def swaps(capture: Recording) -> Iterator[Recording]:
    """Every two neighbours in the other order, in turn, each time with the times of their places."""
    frames = capture.frames
    for i, (first, second) in enumerate(pairwise(frames)):
        if max(first.length, second.length) > BARE:
            changed = replace(second, time=first.time), replace(first, time=second.time)
            yield replace(capture, frames=(*frames[:i], *changed, *frames[i + 2 :]))


@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_no_stream_goes_back(name: str) -> None:
    """All swaps of neighbours at all snap lengths give rows, where the capture as it was gives any."""
    for size in SNAPLENS:
        whole = cut_to(sample(name), size)
        known = bool(rows(whole))
        for changed in swaps(whole):
            assert bool(rows(changed)) == known

"""What was not captured is not known: an incomplete capture says less than the whole one, and never something else."""

from __future__ import annotations

from functools import cache

import pytest
from support.examples import SAMPLE_NAMES, sample
from support.incomplete import KINDS, SNAPLENS, cut_to
from support.recording import Recording
from support.rows import rows
from support.violations import Truth, captures, keeps, violations

CAPTURES = list(captures("*"))
TRIED = [(kind, name) for name, _, never in CAPTURES for kind in KINDS if kind not in never]
RECORDED: dict[str, Recording] = {name: whole for name, whole, _ in CAPTURES}

STATUS_AND_LENGTH = 256
"""Bytes of a packet that hold its headers, a request line or a status line, and often the length of the body."""
KEPT = 0.8


@cache
def truth(name: str) -> Truth:
    return Truth(RECORDED[name])


@pytest.mark.parametrize(("kind", "name"), TRIED)
def test_an_incomplete_capture_says_nothing_wrong(kind: str, name: str) -> None:
    """No ok becomes a failure, no failure ok, no fetch is invented, and nothing of confidence high is wrong.

    Packets cut short, one in ten lost, end or beginning missing anywhere, all twice, or up to 5 ms out of order.
    """
    wrong = [
        f"{variant}: {one.what}: {' + '.join(map(str, one.before)) or 'nothing'} -> {one.after}"
        for variant, changed in KINDS[kind](RECORDED[name], name)
        for one in violations(truth(name), changed, rows(changed), kind)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("size", [size for size in SNAPLENS if size >= STATUS_AND_LENGTH])
def test_most_of_plain_http_is_told_by_the_first_bytes(size: int) -> None:
    """With 256 bytes of each packet and more, four in five fetches of plain HTTP keep class and cause."""
    counts = [keeps(truth(name).rows, rows(cut_to(sample(name), size))) for name in SAMPLE_NAMES]
    fetches, kept = (sum(column) for column in zip(*counts, strict=True))
    assert kept >= KEPT * fetches

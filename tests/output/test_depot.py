"""Rows that wait come back as they were put, from memory or from a file, in any order."""

from __future__ import annotations

import random
import resource
import tempfile
from collections.abc import Iterator
from contextlib import closing

import pytest

from analyzer.output import depot
from analyzer.output.depot import Depot
from analyzer.verdict.turn import Turn

BLOCK_SIZE = len(Depot().buffer)


def put(rows: Depot, dice: random.Random, longest: int = 2000) -> tuple[Turn, bytes, bytes]:
    """Put one."""
    row, more = dice.randbytes(dice.randrange(1, longest)), dice.randbytes(dice.randrange(300))
    turn = Turn()
    rows.put(turn, row, more)
    return turn, row, more


@pytest.fixture
def rows() -> Iterator[Depot]:
    """Where rows wait."""
    with closing(Depot()) as made:
        yield made


def shuffled(rows: Depot, number: int, seed: int, reach: int = 500) -> None:
    """So many rows, of which up to `reach` wait at a time, each taken as it was put."""
    dice = random.Random(seed)
    waiting: list[tuple[Turn, bytes, bytes]] = []
    for _ in range(number):
        waiting.append(put(rows, dice))
        while len(waiting) > reach or (waiting and dice.random() < 0.3):
            turn, row, more = waiting.pop(dice.randrange(min(len(waiting), 60)))
            assert rows.more(turn) == more
            assert rows.take(turn) == row
    for turn, row, _ in waiting:
        assert rows.take(turn) == row


@pytest.mark.parametrize("kept", [0, 1, 5, 1000])
def test_each_comes_back(rows: Depot, kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stays in memory; a place of the file is used again when nobody waits in it."""
    monkeypatch.setattr(depot, "MAX_KEPT", kept)
    monkeypatch.setattr(depot, "MAX_READ", 2)
    shuffled(rows, 6000, kept)
    assert (rows.file is None) == (kept == 1000)
    assert len(rows.places) == rows.blocks
    assert rows.blocks < 60
    assert rows.kept == 0


def test_a_row_that_no_block_holds(rows: Depot) -> None:
    """It waits by itself, beside the others."""
    dice = random.Random(1)
    turns = [put(rows, dice, 3 * BLOCK_SIZE) for _ in range(50)]
    for turn, row, more in reversed(turns):
        assert (rows.more(turn), rows.take(turn)) == (more, row)


def test_no_place_for_a_file(rows: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where none can be made all rows wait in memory."""
    monkeypatch.setattr(depot, "MAX_KEPT", 0)
    monkeypatch.setattr(tempfile, "tempdir", "/dev/null/nowhere")
    shuffled(rows, 2000, 2)
    assert rows.full
    assert rows.blocks == 0


def test_a_file_that_takes_no_more(rows: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk, or at a limit of the system, further rows wait in memory, and those in the file come back."""
    monkeypatch.setattr(depot, "MAX_KEPT", 0)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5 * BLOCK_SIZE + 100, before[1]))
    try:
        shuffled(rows, 2000, 3)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert rows.full
    assert 0 < rows.blocks <= 5


def test_the_file_is_bounded(rows: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond its blocks rows wait in memory."""
    monkeypatch.setattr(depot, "MAX_KEPT", 0)
    monkeypatch.setattr(depot, "MAX_BLOCKS", 3)
    shuffled(rows, 3000, 4)
    assert rows.blocks == 3
    assert not rows.full

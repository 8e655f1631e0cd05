"""A fixed number of seeded mutations of every parser and of whole captures; `make fuzz` goes on where this ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz import seeded
from fuzz.mutator import LARGEST, Mutator
from fuzz.seeded import campaign, kept_input, minimised, remembered
from fuzz.targets import PARSERS, TARGETS, WHOLE, Target

RUNS = {
    "rows": 1200,
    "pages": 250,
    "frame": 40,
    "tcp": 400,
    "rare-link": 150,
    "pkt": 200,
    "client-log": 800,
    "http2": 800,
}
USUAL = 1500
"""Runs of the parsers; of the slower ones as many as take one second, interpreted."""
SEED = "test"


@pytest.mark.parametrize("name", [*PARSERS, *WHOLE])
def test_mutations(name: str, tmp_path: Path) -> None:
    """Whatever the bytes: what the harness says of its parser holds, and nothing but documented errors is raised."""
    outcome = campaign(name, runs=RUNS.get(name, USUAL), seconds=0, seed=SEED, crashes=tmp_path)
    assert outcome.found == {}, "\n".join(path.read_text() for path in tmp_path.glob("*.txt"))


@pytest.mark.parametrize("name", [*PARSERS, *WHOLE])
def test_what_mutations_begin_with(name: str) -> None:
    """Every parser has good inputs, small enough to be hit, and passes them."""
    seeds = TARGETS[name].seeds()
    assert seeds
    assert max(map(len, seeds)) <= LARGEST
    for data in seeds[:: len(seeds) // 50 + 1]:
        TARGETS[name].one(data)


@pytest.mark.parametrize("name", [name for name, target in TARGETS.items() if target.split is not None])
def test_joints(name: str) -> None:
    """Cut at its joints and put together again, an input is what it was."""
    target = TARGETS[name]
    assert target.split is not None
    for data in target.seeds()[:100]:
        assert b"".join(target.split(data)) == data


def test_a_seed_decides_all() -> None:
    """The same seed makes the same inputs, another one others."""
    target = PARSERS["dns"]

    def first(seed: str) -> list[bytes]:
        mutator = Mutator(target.seeds(), seed, target.split)
        return [mutator.following() for _ in range(50)]

    assert first("1") == first("1") != first("2")


def test_what_raises_is_kept_and_made_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A finding comes as the input that raised, as a short one that raises at the same place, and as a traceback."""

    def one(data: bytes) -> None:
        if b"\xff" in data:
            raise KeyError("there")

    monkeypatch.setitem(seeded.TARGETS, "planted", Target(one, lambda: [b"harmless" * 40]))
    outcome = campaign("planted", runs=4000, seconds=0, seed="1", crashes=tmp_path)
    (small,) = outcome.found.values()
    assert small.read_bytes() == b"\xff"
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".bin", ".bin", ".txt"]


def test_small_keeps_what_matters() -> None:
    """Bytes that are needed stay, the others go or become zero."""
    assert (
        minimised(b"prefix-A-between-B-suffix", lambda data: data.find(b"A") < data.find(b"B") and b"A" in data)
        == b"AB"
    )


def test_an_input_outlives_its_process(tmp_path: Path) -> None:
    """What a run was at can be read when the process is gone."""
    with remembered(tmp_path) as remember:
        remember(b"long before")
        remember(b"last")
        (path,) = tmp_path.iterdir()
        assert kept_input(path) == b"last"

"""A brief that was packed says the same when it is unpacked."""

from __future__ import annotations

import pytest
from support.examples import SAMPLE_NAMES, SAMPLES

from analyzer.api import read
from analyzer.compiled import is_compiled
from analyzer.fetch.model import Fetch
from analyzer.fetch.registries import Package
from analyzer.model.connection import Connection
from analyzer.verdict.brief import Brief
from analyzer.verdict.packed import MAX_WORDS, Packing
from analyzer.verdict.turn import Turn

pytestmark = pytest.mark.skipif(not is_compiled("analyzer.verdict.packed"), reason="packs compiled only")

FACTS = [name for name in dir(Brief) if not name.startswith("__") and name not in ("flag", "fetch", "block", "package")]


def facts(brief: Brief) -> dict[str, object]:
    """All that a brief says."""
    package: Package | None = brief.package
    return {
        **{name: getattr(brief, name) for name in FACTS},
        "package": None if package is None else (package.ecosystem, package.name, package.file),
    }


def again(packing: Packing, brief: Brief) -> Brief | None:
    """Packed and unpacked; None where it is not packed."""
    turn = Turn()
    turn.first_packet, turn.stream, turn.text = brief.first_packet, brief.stream, brief.text
    data = packing.packed(brief)
    return packing.unpacked(data, turn) if data else None


def brief_of(**said: object) -> Brief:
    """One that says this."""
    brief = Brief(Fetch(Connection(1), None))
    for name, value in said.items():
        setattr(brief, name, value)
    return brief


def test_fetches_of_all_samples() -> None:
    """Most are packed; one that may lose a race waits as it is."""
    packing, packed = Packing(), 0
    for name in SAMPLE_NAMES:
        for fetch in read(str(SAMPLES / name), kinds=True):
            brief = Brief(fetch)
            brief.number = brief.group = brief.attempt = 0
            brief.outcome, brief.wait_s = "", -1.0
            other = again(packing, brief)
            assert (other is None) == (len(brief.evidence) > 0)
            if other is not None:
                assert facts(other) == facts(brief)
                packed += 1
    assert packed > 150


def test_numbers_at_their_ends() -> None:
    """Negative ones and the largest."""
    brief = brief_of(stream=-1, start=-(1 << 62), over=(1 << 62), server_port=65535, rst_ttl=255, to_client=-5)
    other = again(Packing(), brief)
    assert other is not None
    assert facts(other) == facts(brief)


@pytest.mark.parametrize("said", [{"target": "/\xe4"}, {"target": "/" * 3000}, {"name": "\udc80.example"}])
def test_what_is_not_packed_or_is(said: dict[str, object]) -> None:
    """Targets that are long, or not ASCII, wait as they are; a name is written as a number, whatever it says."""
    other = again(Packing(), brief_of(**said))
    if "target" in said:
        assert other is None
    else:
        assert other is not None
        assert other.name == said["name"]


def test_more_words_than_numbers() -> None:
    """Beyond the cap those with new names wait as they are, and known ones are packed."""
    packing = Packing()
    packed = [again(packing, brief_of(name=f"n{number}")) is not None for number in range(MAX_WORDS + 10)]
    assert packed.index(False) > MAX_WORDS - 50
    assert not any(packed[packed.index(False) :])
    other = again(packing, brief_of(name="n7"))
    assert other is not None
    assert other.name == "n7"

"""Why a signature fired and its neighbours did not is told from conditions that really are necessary."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.judge import judge

import analyzer
from analyzer.pkt.build import pcap
from analyzer.pkt.timeline import load
from analyzer.verdict.catalog import rules
from analyzer.verdict.decide import decide_case
from analyzer.verdict.explain import explain
from analyzer.verdict.facts import Facts
from analyzer.verdict.needs import NEEDS
from analyzer.verdict.thresholds import DEFAULT

ROOT = Path(__file__).resolve().parents[2]
CASES = sorted((ROOT / "tests" / "cases").glob("*.pkt"))
SAMPLES = sorted((ROOT / "samples").glob("*/*.pcap*"))


def fetches(path: Path) -> list[analyzer.Fetch]:
    return judge(pcap(load(path))) if path.suffix == ".pkt" else list(analyzer.read(path))


@pytest.mark.parametrize("path", [*CASES, *SAMPLES], ids=lambda path: path.name)
def test_what_a_signature_needs_holds_when_it_fires(path: Path) -> None:
    """No signature fires while one of its documented conditions does not hold; explaining changes no verdict."""
    for fetch in fetches(path):
        case = Facts(fetch, DEFAULT)
        case.tried = []
        verdict = decide_case(case)
        found = explain(fetch)
        assert (verdict.klass, verdict.cause) == (found.verdict.klass, found.verdict.cause)
        assert found.verdict.summary.startswith(verdict.summary[:-1])  # groups of fetches add what became of it
        assert (found.rule is None) == (verdict.klass == "ok")
        if found.rule is not None:
            assert [need for need in found.rule.needs if not NEEDS[need].holds(case)] == []


def test_every_condition_is_known_and_used() -> None:
    """The docstrings name conditions that exist, and no condition is left over."""
    named = {need for several in rules().values() for rule in several for need in rule.needs}
    assert named == set(NEEDS)


def explained(name: str) -> dict[str, str]:
    (fetch,) = fetches(ROOT / "tests" / "cases" / f"{name}.pkt")
    return {neighbour.name: neighbour.reason for neighbour in explain(fetch).neighbours}


def test_the_trap_of_the_case_is_told() -> None:
    """The cause that everybody would have guessed is among the neighbours, with what kept it from firing."""
    assert "second and more of silence" in explained("t07-go-tls-handshake-timeout")["tls-client-fin"]
    assert "seconds and more of silence" in explained("t08-clienthello-never-arrives-server-hangs-up")["tls-server-fin"]
    assert "did not close first" in explained("t14-plain-499")["http-no-response-server-closed, http-keepalive-race"]

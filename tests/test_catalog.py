"""Every cause is documented from one source, and has a case that fires it and a near miss that does not."""

from __future__ import annotations

import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest
from support.expected import expected

from analyzer.layer.tls.registry import ALERTS
from analyzer.pkt.timeline import load
from analyzer.verdict.catalog import catalogue, rules, signature, title
from analyzer.verdict.causes import TABLE, cause_of

CASES = sorted((Path(__file__).parent / "cases").glob("*.pkt"))
NEAR_MISS = "near-miss:"
CONFIDENCES = ("high", "medium", "low")


@pytest.mark.parametrize("cause", [entry.id for entry in TABLE])
def test_each_cause_is_one_documented_unit(cause: str) -> None:
    """A sentence, every heading, advice, what clients print; and one function only has its documentation."""
    unit = catalogue()[cause]
    rule = unit.rule
    for text in (rule.sentence, rule.wire, rule.wireshark, rule.zeek, rule.reference, rule.not_this):
        assert text
    assert rule.needs
    assert rule.confidence.split(";")[0].split()[0] in CONFIDENCES
    assert unit.advice
    assert unit.client_errors
    every = [found for several in rules().values() for found in several]
    assert [found.function for found in every if found.cause == cause and not found.further] == [rule.function]


def test_every_documented_cause_is_in_the_table() -> None:
    """A docstring names no cause that the table of causes does not have."""
    named = {found.cause for several in rules().values() for found in several if found.cause}
    assert named == set(catalogue())


def test_no_two_causes_say_the_same() -> None:
    """Sentences and descriptions tell them apart."""
    for words in ("sentence", "wire"):
        said = [getattr(unit.rule, words) for unit in catalogue().values()]
        assert [text for text in said if said.count(text) > 1] == []


def test_neighbours_that_are_named_exist() -> None:
    """`Not this` speaks of causes by their names, and no name is misspelt."""
    known = {title(unit) for unit in catalogue().values()} | {"tls-stall", "tls-failure", "http-failure"}
    prefixes = ("syn-", "synack-", "rst-", "icmp-", "tls-", "http-", "http2-", "final-", "dns-")
    for unit in catalogue().values():
        words = [word.strip("().,;:") for word in unit.rule.not_this.split()]
        assert [word for word in words if word.startswith(prefixes) and word not in known] == [], unit.id


def _compiles(filters: list[str]) -> str:
    """What tshark says about a display filter; "" when it can be compiled."""
    sample = Path(__file__).parent.parent / "samples" / "rst" / "curl-refused.pcap"
    joined = " || ".join(f"({text})" for text in filters)
    done = subprocess.run(["tshark", "-r", sample, "-Y", joined], capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


@pytest.mark.tshark
@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed (apt-get install tshark)")
def test_the_filters_are_valid() -> None:
    """tshark can compile every display filter, those of the families' members too."""
    units = [
        *catalogue().values(),
        *filter(None, map(signature, ("tls-alert-unknown-ca", "http-status-404", "http2-goaway-no-error"))),
    ]
    filters = [unit.rule.wireshark for unit in units]
    filters += [found.wireshark for several in rules().values() for found in several if found.wireshark]
    filters = list(dict.fromkeys(filters))
    if _compiles(filters):
        assert [text for text in filters if _compiles([text])] == []


def test_members_of_families_are_found() -> None:
    """Every alert, status and answer of a proxy has a page; what can be no member has none."""
    for name in ALERTS.values():
        assert (signature(f"tls-alert-{name}") is None) == (name in ("close-notify", "user-canceled"))
    assert signature("http-failure/http-status-502").advice != signature("http-status").advice
    assert signature("http-proxy-connect-407").id == "http-proxy-connect-407"
    assert signature("tls-alert-48").rule.wireshark == signature("tls-alert-unknown-ca").rule.wireshark
    assert signature("http2-rst-stream-7").rule.wireshark == "http2.rst_stream.error == 7"
    assert signature("http2-goaway-enhance-your-calm").blame == "client"
    for wrong in (
        "http2-rst-stream-nonsense",
        "http-status-200",
        "http-status-abc",
        "tls-alert-nonsense",
        "rst/tls-alert",
        "",
        "tls-alert-",
    ):
        assert signature(wrong) is None, wrong


def test_every_cause_has_a_case_and_a_near_miss() -> None:
    """A case whose verdict it is, and one that says `// near-miss: CAUSE` above and has another verdict below."""
    fired, missed = defaultdict(list), defaultdict(list)
    for path in CASES:
        case = load(path)
        own = {cause_of(wanted.cause).id for wanted in expected(case) if wanted.cause}
        for cause in own:
            fired[cause].append(path.name)
        for line in case.claim.splitlines():
            for cause in line.removeprefix(NEAR_MISS).split() if line.startswith(NEAR_MISS) else ():
                assert cause in catalogue(), f"{path.name}: no cause is called {cause}"
                assert cause not in own, f"{path.name} fires {cause}"
                missed[cause].append(path.name)
    lacking = [f"{cause}: no case fires it" for cause in catalogue() if not fired[cause]]
    lacking += [f"{cause}: no near miss" for cause in catalogue() if not missed[cause]]
    assert not lacking, "\n".join(lacking)

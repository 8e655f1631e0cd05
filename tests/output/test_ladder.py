"""A fetch's packets as a ladder: what is drawn, what is folded, what is never left out; and as a Mermaid diagram."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

import pytest

from analyzer.api import Reading
from analyzer.capture import open_capture
from analyzer.fetch.model import Fetch
from analyzer.output.ladder import MOST_ARROWS, Arrow, Fold, Item, Ladder, Silence, ladders, thinned
from analyzer.output.mermaid import mermaid
from analyzer.output.veil import Anonymous
from analyzer.verdict.model import verdict_of

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
EVERY = sorted(path for path in SAMPLES.glob("*/*") if path.parent.name not in ("lab", "__pycache__"))


def drawn(path: Path, **how: Anonymous) -> list[tuple[Fetch, Ladder]]:
    reading = Reading([path])
    fetches = list(reading)
    (source,) = reading.sources
    with closing(open_capture(source)) as again:
        return list(zip(fetches, ladders(fetches, again.frames, **how), strict=True))


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.name)
def test_every_proving_packet_is_an_arrow(path: Path) -> None:
    """Whatever is folded, a packet that the verdict cites is drawn and marked; and no ladder is too long."""
    for fetch, ladder in drawn(path):
        marked = {arrow.packet for arrow in ladder.arrows if arrow.proof}
        assert marked == {proof.packet for proof in verdict_of(fetch).evidence}
        assert len(ladder.arrows) <= MOST_ARROWS
        assert all(0 <= lane < len(ladder.lanes) for arrow in ladder.arrows for lane in (arrow.source, arrow.target))


def test_a_silence_stands_where_nothing_came() -> None:
    """A server that says nothing for ten seconds: the silence is one item, as long as it was."""
    ((_, ladder),) = drawn(SAMPLES / "tls-stall" / "go-server-silent-10s.pcap")
    longest = max(item.span for item in ladder.items if isinstance(item, Silence))
    assert 9.9e9 < longest < 10.1e9


def test_a_reset_is_marked_and_said() -> None:
    """A reset has its word in the label: nobody needs to see its colour."""
    ((_, ladder),) = drawn(SAMPLES / "rst" / "curl-forged-reset-after-clienthello.pcap")
    resets = [arrow for arrow in ladder.arrows if arrow.reset]
    assert resets
    assert all(arrow.label.startswith("RST") for arrow in resets)


def test_each_resolver_has_a_lane() -> None:
    """A name that does not resolve has no connection: its questions and answers are drawn, with the resolver."""
    ((_, ladder),) = drawn(SAMPLES / "dns-failure" / "curl-nxdomain-through-stub.pcap")
    assert [lane.role for lane in ladder.lanes] == ["client", "resolver"]
    assert next(arrow.label for arrow in ladder.arrows if arrow.source == 1) == "NXDOMAIN: A missing.lab.example"


def arrow(at: int, proof: str = "") -> Item:
    return Arrow(at, at, 0, 1, flags="ACK", length=10, proof=proof)


def test_the_middle_is_folded() -> None:
    """Of a long exchange beginning and end are drawn, proofs between them too, and the rest is counted."""
    items = [arrow(at, "ack" if at in (300, 301) else "") for at in range(1, 501)]
    left = thinned(items)
    arrows = [item for item in left if isinstance(item, Arrow)]
    folds = [item for item in left if isinstance(item, Fold)]
    assert len(arrows) == MOST_ARROWS
    assert (arrows[0].packet, arrows[-1].packet) == (1, 500)
    assert len(arrows) + sum(fold.packets for fold in folds) == 500
    assert sum(fold.sent[0] for fold in folds) == 10 * (500 - len(arrows))
    assert [item.packet for item in arrows if item.proof] == [300, 301]
    assert len(folds) == 2


def test_a_silence_before_a_proof_is_not_folded() -> None:
    """What came before and after a long wait is the point of many verdicts."""
    items: list[Item] = [arrow(at) for at in range(1, 200)]
    items[150:150] = [Silence(150, 30), arrow(1000, "rst"), Silence(1000, 40)]
    assert [item.span for item in thinned(items) if isinstance(item, Silence)] == [30, 40]


def test_forty_proofs_leave_room() -> None:
    """As many packets as a verdict can cite, and as many others: all proofs are there."""
    items = [arrow(at, "syn" if at % 10 == 0 else "") for at in range(1, 400)]
    assert sum(1 for item in thinned(items) if isinstance(item, Arrow) and item.proof) == 39


LINE = re.compile(
    r"sequenceDiagram|    participant [abc] as [^;<>\"]+|    Note over [abc](,[abc])?: .+|    [abc]-?-(>>|x)[abc]: .+"
)


@pytest.mark.parametrize("path", EVERY[::10], ids=lambda path: path.name)
def test_mermaid_is_made_of_its_statements(path: Path) -> None:
    """Every line is a statement of the notation, and no text in it can end it."""
    for _, ladder in drawn(path):
        lines = mermaid(ladder).splitlines()
        assert lines[0] == "sequenceDiagram"
        for line in lines:
            assert LINE.fullmatch(line), line
            assert ";" not in re.sub(r"#(\d+|[a-z]+);", "", line)


def test_an_anonymous_ladder_names_nobody() -> None:
    """Names, addresses and paths are others; lengths, flags and statuses stay."""
    for path in EVERY:
        text = "".join(mermaid(ladder) for _, ladder in drawn(path, veil=Anonymous()))
        assert "lab.example" not in text
        assert "/missing" not in text

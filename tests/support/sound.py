"""What holds of every row, whatever the capture was."""

from __future__ import annotations

from analyzer.fetch.model import Fetch

CLASSES = {"ok", "incomplete", "syn-retransmit", "rst", "tls-stall", "tls-failure", "http-failure", "dns-failure"}


def known(fetch: Fetch, packets: int) -> None:
    """The verdict is one of those there are, and cites packets of the capture."""
    verdict = fetch.verdict
    assert verdict.klass in CLASSES
    assert verdict.confidence in ("high", "medium", "low")
    assert verdict.evidence
    assert all(0 < item.packet <= packets for item in verdict.evidence)


def printable(text: str) -> None:
    """Lines without control characters, invisible ones, or such as turn the direction of writing."""
    if text:
        assert text.endswith("\n"), text[-80:]
        assert text.replace("\n", "").isprintable(), ascii([c for c in text if not c.isprintable() and c != "\n"])

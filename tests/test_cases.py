"""Every `tests/cases/*.pkt` gets the verdict written below it, and tshark agrees on what the cited packets are."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from support.build import pcap
from support.timeline import Expected, Timeline, load

CASES = sorted((Path(__file__).parent / "cases").glob("*.pkt"))

WIRESHARK = {
    "syn": "tcp.flags.syn==1 && tcp.flags.ack==0",
    "syn-ack": "tcp.flags.syn==1 && tcp.flags.ack==1",
    "ack": "tcp.flags.ack==1",
    "rst": "tcp.flags.reset==1",
    "fin": "tcp.flags.fin==1",
    "client-hello": "tcp.len>0",  # a retransmitted or partial hello is not dissected again
    "server-hello": "tcp.len>0",
    "alert": "tls.alert_message || tls.record.content_type==21 || tcp.len>=24",
    "record": "tcp.len>0",
    "request": "tcp.len>0",
    "response": "tcp.len>0",
    "data": "tcp.len>0",
    "retransmission": "tcp.len>0 || tcp.flags.syn==1 || tcp.flags.fin==1",
    "keep-alive": "tcp.len<=1",
    "icmp": "icmp || icmpv6",
}
"""What a cited packet must be for Wireshark; the first hello and alert of a case are checked more strictly below."""


def verdicts(path: Path) -> list[Expected]:
    """What the program says about this capture, in the shape of the `=>` lines."""
    import analyzer

    found = []
    for fetch in analyzer.read(str(path)):
        verdict = fetch.verdict
        evidence = tuple((item.packet, item.what) for item in verdict.evidence)
        found.append(
            Expected(verdict.klass, verdict.cause, verdict.confidence, evidence, tuple(verdict.flags), verdict.missing)
        )
    return found


def line(verdict: Expected) -> str:
    """The `=>` line of a verdict."""
    words = [verdict.klass + (f"/{verdict.cause}" if verdict.cause else ""), verdict.confidence or ""]
    words += [f"missing: {verdict.missing}"] if verdict.missing else []
    words += [f"flags: {' '.join(verdict.flags)}"] if verdict.flags else []
    words += [f"{packet}:{what}" for packet, what in verdict.evidence]
    return " => " + " ".join(word for word in words if word)


def rewrite(path: Path, found: list[Expected]) -> None:
    """Puts what was found in place of the `=>` lines."""
    kept = [text for text in path.read_text().splitlines() if not text.strip().startswith("=>")]
    while kept and not kept[-1].strip():
        kept.pop()
    path.write_text("\n".join([*kept, "", *(map(line, found) if found else [" => no fetch"])]) + "\n")


def agrees(wanted: Expected, got: Expected) -> bool:
    """Class and cause are exact; confidence and `missing` when given; evidence and flags may be more than demanded."""
    return (
        (wanted.klass, wanted.cause) == (got.klass, got.cause)
        and wanted.confidence in (None, got.confidence)
        and wanted.missing in (None, got.missing)
        and set(wanted.evidence) <= set(got.evidence)
        and set(wanted.flags) <= set(got.flags)
    )


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The whole program gives each fetch of the timeline the verdict that is written below it."""
    case = load(path)
    capture = tmp_path / f"{path.stem}.pcap"
    capture.write_bytes(pcap(case))
    found = verdicts(capture)
    if request.config.getoption("--update-cases"):
        rewrite(path, found)
        return
    same = len(found) == len(case.expected) and all(map(agrees, case.expected, found))
    assert same, f"\n{case.claim}\nwanted\n{_lines(case.expected)}\ngot\n{_lines(found)}"


def _lines(expected: tuple[Expected, ...] | list[Expected]) -> str:
    return "\n".join(map(line, expected)) or " => no fetch"


def test_every_case_has_a_claim_and_cites_packets_that_exist() -> None:
    """A case without a claim on top proves nothing; a citation beyond the last packet is a typing error."""
    for path in CASES:
        case = load(path)
        assert case.claim, path.name
        for expected in case.expected:
            assert all(0 < packet <= len(case.packets) for packet, _ in expected.evidence), path.name


@pytest.mark.tshark
@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed (apt-get install tshark)")
def test_tshark_agrees_on_the_cited_packets(tmp_path: Path) -> None:
    """No compiled frame is malformed, and each cited packet is for Wireshark what the case says it is.

    One run of tshark reads all cases at once: each case becomes a range of frame numbers in one Ethernet capture.
    """
    offset, frames, demands = 0, [], {}
    for path in CASES:
        case = load(path)
        if case.link != "ethernet":
            continue
        frames.append(case)
        for expected in case.expected:
            for packet, what in expected.evidence:
                demands.setdefault(what, set()).add(offset + packet)
        offset += len(case.packets)
    merged = tmp_path / "cases.pcap"
    merged.write_bytes(_merge(frames))
    fields = ["frame.number", "_ws.malformed", *_FIELDS]
    rows = _tshark(merged, fields)
    assert len(rows) == offset
    assert [row["frame.number"] for row in rows if row["_ws.malformed"]] == []
    for what, numbers in demands.items():
        wrong = [number for number in sorted(numbers) if not _is(what, rows[number - 1])]
        assert not wrong, f"{what}: frames {wrong} of {merged}"

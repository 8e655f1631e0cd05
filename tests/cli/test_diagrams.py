import re
from pathlib import Path

import pytest

from analyzer.cli.app import run
from analyzer.output.ci import drawing
from analyzer.pkt.build import pcap
from analyzer.pkt.timeline import parse

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def here(monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


def diagrams(capsys, *arguments):
    """The diagrams of the page, each with the line above it."""
    assert run(["classify", "-q", "--format", "markdown", *arguments]) in (0, 3)
    out = capsys.readouterr().out
    return re.findall(r"\n(The packets of .*):\n\n```mermaid\n((?:(?!```).*\n)*)```\n", out)


def test_the_worst_failures_are_drawn(capsys):
    """Five of them, each with what proves it."""
    found = diagrams(capsys, "samples/rst")
    assert len(found) == drawing.MOST_DRAWN
    above, diagram = found[0]
    assert above == "The packets of `fetch 1 of samples/rst/curl-refused-after-lost-syns.pcap`"
    assert diagram.startswith("sequenceDiagram\n    participant a as client 192.0.2.10:60578\n")
    assert "    b-xa: [4 rst] RST" in diagram


def test_a_name_that_was_not_resolved_is_drawn_too(capsys):
    """Its lookups, which are no connection."""
    ((_, diagram),) = diagrams(capsys, "samples/dns-failure/go-nxdomain.pcap")
    assert "missing.lab.example" in diagram


def test_of_a_stream_nothing_is_drawn(capsys, monkeypatch):
    """It cannot be read again."""
    with (ROOT / "samples/rst/curl-refused.pcap").open("rb") as stream:
        monkeypatch.setattr("sys.stdin", stream)
        import os

        saved = os.dup(0)
        os.dup2(stream.fileno(), 0)
        try:
            assert diagrams(capsys, "-") == []
        finally:
            os.dup2(saved, 0)
            os.close(saved)


def test_what_goes_well_is_not_drawn(capsys):
    """A page without failures is short."""
    assert diagrams(capsys, "samples/ok") == []


def test_the_page_of_a_step_has_them(capsys, tmp_path, monkeypatch):
    """GitHub draws Mermaid in the summary."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    assert run(["classify", "-q", "--format", "github", "samples/rst/curl-refused.pcap"]) == 0
    assert "```mermaid\nsequenceDiagram" in (tmp_path / "summary.md").read_text(encoding="utf-8")


def test_nothing_of_a_packet_ends_the_diagram(capsys, tmp_path):
    """A target full of fences, statements and markup is one label."""
    target = "GET /```;%%{init}<script>#end HTTP/1.1"
    text = "\n".join(
        [
            "server 198.51.100.20:80",
            "0.000 > S  0:0(0)",
            "0.010 < S. 0:0(0) ack 1",
            "0.011 > .  1:1(0) ack 1",
            f'0.012 > P. 1:71(70) ack 1 text "{target}\\r\\nHost: ```<b>;a->>b.example\\r\\n\\r\\n"',
            "0.020 < R. 1:1(0) ack 71",
        ]
    )
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap(parse(text)))
    ((_, diagram),) = diagrams(capsys, str(path))
    assert "`" not in diagram
    assert "<" not in diagram
    assert "%%" not in diagram
    arrows = [line for line in diagram.splitlines()[1:] if not line.startswith("    participant ")]
    assert all(re.match(r"    (?:[ab]-?-[x>]>?[ab]|Note over a,b): ", line) for line in arrows)

"""What is measured on is what it is said to be: verdicts as made, same arguments same bytes, figures as counted."""

from __future__ import annotations

import csv
import hashlib
import importlib
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
EVEN = "8998fa43a35effdd388fffd2b9becbef304f32c6dbf5d8c278f7718a1e3a69ae"
"""SHA-256 of the first 3,000 packets of the even mix, which older measurements were made on."""
Load = Callable[[str], ModuleType]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Imports a script of benchmarks/, whose plain names nobody else shall find."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(BENCHMARKS)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if str(BENCHMARKS) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def rows(capture: Path) -> Path:
    """The CSV that whyfetch writes for a capture."""
    out = capture.with_suffix(".csv")
    keys = capture.with_suffix(".keys")
    command = [sys.executable, "-m", "whyfetch", "classify", "--format", "csv", "-o", str(out), str(capture)]
    command += ["--keylog", str(keys)] if keys.exists() else []
    subprocess.run(command, check=True, capture_output=True)
    return out


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as source:
        return list(csv.DictReader(source))


def all_as_made(load: Load, capture: Path, capsys: pytest.CaptureFixture[str]) -> int:
    """That every connection has the verdict it was made for; how many there are."""
    labels = load("generate").labels_of(capture)
    capsys.readouterr()
    load("check").compare(rows(capture), labels)
    connections = len(read(labels))
    assert capsys.readouterr().out == f"verdicts as made: {connections} of {connections} connections\n"
    return connections


def test_even_mix_is_the_same_bytes(load: Load, tmp_path: Path) -> None:
    """The even mix is what it always was, byte for byte, whatever is added beside it."""
    load("generate").generate(tmp_path / "even.pcap", 3_000)
    assert hashlib.sha256((tmp_path / "even.pcap").read_bytes()).hexdigest() == EVEN


@pytest.mark.parametrize("mix", ["even", "life", "https", "api"])
def test_every_kind_gets_its_verdict(
    mix: str, load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every kind of connection, also the rare ones, is judged as it was made; the life-like mix has all classes."""
    generate = load("generate")
    kinds = [(1, *kind) for _, *kind in generate.MIXES[mix].kinds]
    monkeypatch.setitem(generate.MIXES, mix, generate.Mix(kinds, every=2))
    generate.generate(tmp_path / "kinds.pcap", 8_000, mix=mix)
    all_as_made(load, tmp_path / "kinds.pcap", capsys)
    made = {(label["class"], label["cause"]) for label in read(tmp_path / "kinds.labels.csv")}
    assert made == {(klass, cause) for _, klass, cause, *_ in kinds}
    if mix == "life":
        classes = {
            "ok",
            "syn-retransmit",
            "rst",
            "tls-stall",
            "tls-failure",
            "http-failure",
            "dns-failure",
            "incomplete",
        }
        assert {klass for klass, _ in made} == classes


def test_a_slice_has_the_keys_of_what_begins_in_it(load: Load, tmp_path: Path) -> None:
    """Slow peers read a slice: its key log has the connections that begin in it, and opens them."""
    load("generate").generate(tmp_path / "api.pcap", 8_000, mix="api")
    short = load("run").cut(tmp_path / "api.pcap", 2_000)
    keys, all_keys = (load("generate").keys_of(path).read_text() for path in (short, tmp_path / "api.pcap"))
    assert 0 < len(keys) < len(all_keys)
    assert all_keys.startswith(keys)
    found = [row for row in read(rows(short)) if row["protocol"] == "tls" and row["class"] == "ok"]
    assert found
    assert {row["keys"] for row in found} == {"log"}


def test_life_is_mostly_tls_that_works(load: Load, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Eight of ten connections end with whole TLS records, a fifth is IPv6, and protocols are as various as in life."""
    capture = tmp_path / "life.pcap"
    load("generate").generate(capture, 40_000, mix="life")
    connections = all_as_made(load, capture, capsys)
    found = read(capture.with_suffix(".csv"))
    whole = [row for row in found if row["protocol"] == "tls" and row["class"] == "ok"]
    assert len(whole) >= 0.8 * connections
    labels = read(load("generate").labels_of(capture))
    assert sum(":" in label["client"] for label in labels) == pytest.approx(connections / 5, abs=2)
    assert {(row["protocol"], row["alpn"]) for row in found if row["class"] == "ok"} >= {
        ("tls", "h2"), ("tls", "http/1.1"), ("tls", ""), ("http", ""), ("h2c", ""),
    }  # fmt: skip
    assert {row["tls_version"] for row in whole} == {"1.2", "1.3"}
    assert any(row["cert_subject"] for row in whole)
    several = Counter(row["tcp_stream"] for row in found if row["protocol"] in ("http", "h2c"))
    assert max(several.values()) >= 4


@pytest.mark.parametrize(
    ("kind", "size", "connections"),
    [
        ("syn-flood", 500, 501),
        ("refusals", 500, 501),
        ("open", 500, 501),
        ("download", 300_000, 2),
        ("reassembly", 4, 5),
    ],
)
def test_extremes_get_their_verdicts(
    kind: str, size: int, connections: int, load: Load, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Below the caps every connection of an extreme capture has the verdict it was made for; a seed gives its bytes."""
    write = load("extremes").write
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        write(tmp_path / f"{name}.pcap", kind, size, seed, labelled=True)
    assert all_as_made(load, tmp_path / "one.pcap", capsys) == connections
    assert (tmp_path / "one.pcap").read_bytes() == (tmp_path / "again.pcap").read_bytes()
    assert (tmp_path / "one.pcap").read_bytes() != (tmp_path / "other.pcap").read_bytes()


def test_a_wrong_verdict_is_told(load: Load, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """check.py says which connection got another verdict than its label has."""
    load("extremes").write(tmp_path / "one.pcap", "refusals", 3, 1, labelled=True)
    labels = load("generate").labels_of(tmp_path / "one.pcap")
    labels.write_text(labels.read_text().replace("rst-refused", "rst-on-accept", 1))
    capsys.readouterr()
    load("check").compare(rows(tmp_path / "one.pcap"), labels)
    said = capsys.readouterr().out
    assert "3 of 4 connections" in said
    assert "1 x rst/rst-on-accept  got  1 x rst/rst-refused  (e.g. tcp.stream == 0)" in said


def test_ratios_are_those_of_rounds(load: Load) -> None:
    """A ratio is the median of the ratios of each round, and not the ratio of medians, which mixes rounds."""
    results, run = load("results"), load("run")
    ours, theirs = run.Result(100, [1.0, 4.0, 6.0], 2048), run.Result(50, [1.0, 1.0, 6.0], 1024)
    line = results.table("x", 1, 0, {"whyfetch": ours, "tcptrace": theirs}).splitlines()[-1]
    assert line == "| tcptrace | 50 | 1.00 | 20000.00 | 0.5 | 0.5..2 | 1 | 2 |"


def test_a_missing_peer_is_named_and_not_installed(
    load: Load, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who lacks a peer is told how to get it; the others are measured."""
    run = load("run")
    monkeypatch.setattr(run, "nfstream", lambda: "/nonexistent/python")
    assert run.installed(["whyfetch", "nfstream"]) == ["whyfetch"]
    assert "nfstream: not installed here, not measured (python3 -m venv" in capsys.readouterr().out


@pytest.mark.parametrize(("now", "status", "word"), [(1_029, 0, "+2.9%"), (1_031, 1, "above"), (960, 0, "better")])
def test_only_more_instructions_fail(
    now: int, status: int, word: str, load: Load, capsys: pytest.CaptureFixture[str]
) -> None:
    """More than three in a hundred above the figure fails, less than so much below it is a reminder."""
    assert load("instructions").judge(now, 1_000) == status
    assert word in capsys.readouterr().out


def test_another_machine_is_not_judged(
    load: Load, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On another Python or architecture the figure means nothing: that is said, and nothing is counted."""
    instructions = load("instructions")
    monkeypatch.setattr(sys, "argv", ["instructions.py"])
    monkeypatch.setattr(instructions, "reason", lambda: "")
    monkeypatch.setattr(instructions, "kind", lambda: {"python": "2.7"})
    assert instructions.main() == 0
    assert capsys.readouterr().out.startswith("instructions are not judged: the figure is for {'python': '3.11'")

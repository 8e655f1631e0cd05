"""What the properties are tried on: every case, and every sample."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from support import recording
from support.recording import Recording

from analyzer.pkt.model import Timeline
from analyzer.pkt.timeline import load, parse

TESTS = Path(__file__).resolve().parents[1]
CASES: dict[str, Timeline] = {path.stem: load(path) for path in sorted((TESTS / "cases").glob("*.pkt"))}
MIRRORED_CASES = [name for name in CASES if "mirror 0" in (TESTS / "cases" / f"{name}.pkt").read_text()]

SAMPLES = TESTS.parent / "samples"
with (SAMPLES / "expected.csv").open(newline="") as _lines:
    SAMPLE_NAMES = sorted({row["file"] for row in csv.DictReader(_lines)})
KEYED = {name for name in SAMPLE_NAMES if (SAMPLES / name).is_file() and b"KSLT" in (SAMPLES / name).read_bytes()}
"""Samples that bring the keys of their TLS connections (a decryption secrets block of type TLSK)."""
MIRRORED_SAMPLES = ["ok/wget-router-any.pcap"]

GOOD = """
client 192.0.2.1:40000
server 203.0.113.80:80
  0.000 > S  0:0(0)
  0.010 < S. 0:0(0) ack 1
  0.010 > .  1:1(0) ack 1
  0.011 > P. 1:82(81) ack 1 http GET /x host www.example
  0.030 < P. 1:231(230) ack 82 http 200 content-length 150
  0.031 > F. 82:82(0) ack 231
  0.041 < F. 231:231(0) ack 83
  0.041 > .  83:83(0) ack 232
"""
"""A good fetch, as a timeline."""

STRANGER = parse("""
client 203.0.113.77:40000
server 203.0.113.80:80
  0.000 > S  0:0(0)
  0.010 < S. 0:0(0) ack 1
  0.010 > .  1:1(0) ack 1
  0.011 > P. 1:82(81) ack 1 http GET /x host stranger.example
  0.030 < P. 1:231(230) ack 82 http 200 content-length 150
  0.031 > F. 82:82(0) ack 231
  0.041 < F. 231:231(0) ack 83
  0.041 > .  83:83(0) ack 232
""")
"""Somebody else's good fetch."""


@cache
def sample(name: str) -> Recording:
    """The frames of a sample."""
    return recording.recorded(SAMPLES / name)

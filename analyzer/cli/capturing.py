"""What commands that capture have in common: what is wanted, where it is written, and how it begins."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from analyzer.capture.live.capture import LiveCapture
from analyzer.capture.live.choose import choose
from analyzer.capture.live.filter import compiled
from analyzer.capture.live.interfaces import ANY, ETHERNET, find, interfaces
from analyzer.capture.live.savefile import Ring
from analyzer.capture.live.source import SNAPLEN, Wanted
from analyzer.cli.formats import format_of
from analyzer.errors import UsageError
from analyzer.output.ci import FORMATS as CI_FORMATS

FORMATS = ("table", "tsv", "csv", "jsonl", *CI_FORMATS)

UNITS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
SECOND = 1_000_000_000

SHORTEST = 64
"""Bytes of a snap length: less holds no headers of TCP over IPv6 (14 + 40 + 20 without options)."""


def row_format(name: str | None, output: Path | None) -> str:
    """The format of the rows: the one that is named, or by the name of the file, else a table."""
    name = format_of(name, output)
    if name not in FORMATS:
        raise UsageError(f"`{name}` cannot be written a row at a time", f"`--format` {', '.join(FORMATS)}")
    return name


def only_a_stream(streams: list[str], others: list[object]) -> None:
    """What comes on standard input was captured elsewhere, with whatever options."""
    if streams != ["-"]:
        name = streams[0]
        raise UsageError(
            f"`{name}` is no option", f"`whyfetch sniff -i {name}`, or `whyfetch classify {name}` for a file"
        )
    if any(others):
        raise UsageError(
            "`-` is a capture that somebody else makes", "give interface, filter and the like to that program"
        )
    if sys.stdin.isatty():
        raise UsageError(
            "standard input is a terminal, not a capture", "`ssh server tcpdump -U -w - | whyfetch sniff -`"
        )


def wanted(names: list[str], bpf: str, snaplen: int, promiscuous: bool) -> Wanted:
    """What is to be captured; UsageError when that cannot be meant."""
    if not names:
        there = ", ".join(f"`-i {interface.name}`" for interface in interfaces() if interface.up)
        raise UsageError("no interface given", f"{there or '`whyfetch doctor` lists them'}, or `-i any`")
    if 0 < snaplen < SHORTEST:
        raise UsageError(f"`-s {snaplen}` cuts the headers off", f"{SHORTEST} bytes at least, or 0 for all of a packet")
    return Wanted(tuple(names), bpf, snaplen or SNAPLEN, promiscuous=promiscuous)


def ring_of_files(write: Path | None, ring: str | None) -> Ring | None:
    """The ring that the frames are written to, None = one file."""
    if ring is None:
        return None
    if write is None:
        raise UsageError("`--ring` without a file", f"`-w trace.pcapng --ring {ring}`")
    return Ring.parse(ring)


def begin(what: Wanted, name: str, count: int, duration: int) -> LiveCapture:
    """Open the best source, or the one that was named."""
    source = choose(name, several=len(what.interfaces) > 1)
    if what.bpf and source.name != "ring":  # which does it itself
        one = find(what.interfaces[0]).link if ANY not in what.interfaces else ETHERNET
        compiled(what.bpf, one, what.snaplen)
    return LiveCapture(source, what, most=count, duration=duration)


def write(capture: LiveCapture, path: Path, ring: Ring | None, force: bool, comment: str = "") -> None:
    """Let the frames be written along; when that cannot be done nothing is captured."""
    try:
        capture.write(path, ring=ring, force=force, comment=comment)
    except BaseException:
        capture.close()
        raise


def nanoseconds(text: str | None) -> int:
    """A time as people write it: `90`, `90s`, `1.5m`, `1h`; 0 = none was given."""
    if text is None:
        return 0
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,3})?)\s*([a-z]*)", text.strip().lower())
    if found is None or found[2] not in UNITS or float(found[1]) == 0:
        raise UsageError(f"`--duration {text}` is no time", "seconds, or `30s`, `5m`, `1h`")
    return round(float(found[1]) * UNITS[found[2]] * SECOND)

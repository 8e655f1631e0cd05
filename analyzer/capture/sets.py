# not compiled: runs once a file
# Paths stay strings, see files.py.
# ruff: noqa: PTH100, PTH116
"""Rotated sets: which files are the pieces of one capture.

Files are members of one set when all of this holds; when in doubt they stay separate captures.

1. They are in the same directory and named as one run of a capture tool names its files (a compression suffix aside):
   `tcpdump -C`       `trace.pcap`, `trace.pcap1`, `trace.pcap2`: digits *behind* the suffix, so `a1.pcap`, `a2.pcap`
                      are never a set; also `trace`, `trace1`, and zero-padded with `-W`
   `tcpdump -G`       the same name but for a date and time of day, or seconds since 1970 (`%Y%m%d-%H%M%S`, `%s` ...),
                      with or without a `-C` number behind it
   `dumpcap -b`       `trace_00001_20260101120000.pcapng` or `trace_20260101120000_00001.pcapng`
                      (`editcap -c` and `-i` name theirs alike)
2. There are at least two of them; all are pcap or all are pcapng, and their first frames have the same link type
   (pcapng files of dumpcap's names excepted: they may have several interfaces, and any of them may come first).
3. Numbers follow each other without a gap (a ring that began anew may start in the middle), and in the order of the
   names the first frames' times never go back. Names without a suffix (`trace`, `trace1`) must begin with the one
   without a number or with 0, and all but the last member must be of about one size, as `-C` makes them.
4. No member's last frame is later than the first frame of the member after it, by more than OVERLAP. (Not checked for
   compressed members of more than SMALL bytes: their ends cannot be read without reading everything.)
5. For names told apart by a time only: a member begins at most half a rotation interval (at least PAUSE) after the end
   of the one before, or they are captures of separate occasions.

A member without frames does not count and is left out; a name list with only one member left is a plain capture.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from itertools import pairwise

from analyzer.capture.files import STDIN, CaptureSource, open_reader
from analyzer.capture.pcapng import PcapngFrames
from analyzer.capture.reader import Reader
from analyzer.capture.stream import RawStream, WrittenStream
from analyzer.errors import CaptureError, CutCaptureError

OVERLAP = 1_000_000_000
"""Nanoseconds: frames of several interfaces or queues reach the file slightly out of order."""

PAUSE = 5_000_000_000
"""Nanoseconds between two members that no rotation interval, however short, makes suspicious."""

SMALL = 1 << 22
"""Bytes of a file that is simply read to find its last frame."""

TAIL = 1 << 20
"""Bytes at the end of a larger file in which its last frame is looked for: four of libpcap's largest packets."""

COMPRESSED = re.compile(r"\.(gz|zst|zstd|xz|bz2|lz4)$", re.IGNORECASE)
DUMPCAP = re.compile(r"^(?P<stem>.*)_(?P<number>\d{5,})_(?P<stamp>\d{14})(?P<suffix>\.\w+)?$")
DUMPCAP_TIME_FIRST = re.compile(r"^(?P<stem>.*)_(?P<stamp>\d{14})_(?P<number>\d{5,})(?P<suffix>\.\w+)?$")
STAMP = re.compile(
    r"(?<!\d)((19|20)\d{2}[-_.]?\d{2}[-_.]?\d{2}[-_.T ]*\d{2}[-_.:h]?\d{2}([-_.:m]?\d{2})?|1\d{9})(?!\d)"
)
SIZED = re.compile(r"^(?P<stem>.*?)(?P<number>\d*)$")


@dataclass
class _Named:
    """A file with what its name says: the set it may belong to, its number there (-1 = none), its time as digits."""

    path: str
    key: tuple[str, ...]
    number: int
    stamp: str


@dataclass
class _Member:
    """A file with what its content says."""

    named: _Named
    kind: str
    link: int
    first: int
    last: int | None


def group(paths: list[str]) -> list[CaptureSource]:
    """Sources for `paths`: rotated sets at the place of their first file, everything else by itself."""
    sets: dict[tuple[str, ...], list[_Named]] = {}
    for path in paths:
        named = _parse(path)
        if named is not None:
            sets.setdefault(named.key, []).append(named)
    by_path: dict[str, CaptureSource] = {}
    for members in sets.values():
        source = _source(members) if len(members) > 1 else None
        if source is not None:
            by_path.update(dict.fromkeys((member.path for member in members), source))
    sources: list[CaptureSource] = []
    for path in paths:
        source = by_path.get(path) or CaptureSource(path, [path])
        if not any(source is other for other in sources[-1:]) and not (path in by_path and source in sources):
            sources.append(source)
    return sources


def _parse(path: str) -> _Named | None:
    """What the name of a regular file says, or None."""
    try:
        if path == STDIN or not stat.S_ISREG(os.stat(path).st_mode):
            return None
    except (OSError, ValueError):
        return None
    folder, name = os.path.split(os.path.abspath(path))
    name = COMPRESSED.sub("", name)
    found = DUMPCAP.match(name) or DUMPCAP_TIME_FIRST.match(name)
    if found:
        key = ("dumpcap", folder, found["stem"], found["suffix"] or "")
        return _Named(path, key, int(found["number"]), found["stamp"])
    stamps = list(STAMP.finditer(name))
    if stamps:
        at = stamps[-1]
        tail = SIZED.match(name[at.end() :])
        if tail is None:
            return None
        number = int(tail["number"] or 0) if "." in tail["stem"] else 0
        stem = tail["stem"] if "." in tail["stem"] else tail["stem"] + tail["number"]
        return _Named(path, ("-G", folder, name[: at.start()], stem), number, re.sub(r"\D", "", at[0]))
    found = SIZED.match(name)
    if found is None or not found["stem"] or found["stem"].endswith((".", "-", "_")):
        return None
    return _Named(path, ("-C", folder, found["stem"]), int(found["number"] or 0), "")


def _source(names: list[_Named]) -> CaptureSource | None:
    """The set made of these files, or None when their content speaks against it."""
    members: list[_Member] = []
    for named in names:
        try:
            member = _look(named)
        except CutCaptureError:
            member = None
        except (CaptureError, OSError):
            return None
        if member is not None:
            members.append(member)
    members.sort(key=lambda member: (member.named.stamp.ljust(14, "0"), member.named.number))
    if names[0].key[0] != "-G":
        members.sort(key=lambda member: member.named.number)
        members = _unrolled(members)
    if len(members) < 2 or not _fit(members) or not _even(members):
        return None
    paths = [member.named.path for member in members]
    return CaptureSource(f"{paths[0]} (+{len(paths) - 1})", paths, [member.first for member in members])


def _unrolled(members: list[_Member]) -> list[_Member]:
    """Members of a ring, by number, turned so that the oldest is the first; none when numbers are missing."""
    if any(b.named.number - a.named.number != 1 for a, b in pairwise(members)):
        return []
    steps = [i for i, (a, b) in enumerate(pairwise(members), 1) if b.first < a.first]
    return members[steps[0] :] + members[: steps[0]] if len(steps) == 1 else members


def _fit(members: list[_Member]) -> bool:
    """Rules 2 to 5."""
    several = members[0].named.key[0] == "dumpcap" and members[0].kind == PcapngFrames.__name__
    if len({(member.kind, 0 if several else member.link) for member in members}) > 1:
        return False
    timed = members[0].named.key[0] == "-G"
    interval = min((b.first - a.first for a, b in pairwise(members)), default=0)
    for a, b in pairwise(members):
        if b.first < a.first or (a.last is not None and a.last > b.first + OVERLAP):
            return False
        end = a.last if a.last is not None else a.first
        if timed and a.named.stamp != b.named.stamp and b.first - end > max(PAUSE, interval // 2):
            return False
    return True


def _even(members: list[_Member]) -> bool:
    """The end of rule 3: `fetch1`, `fetch2` may be anybody's names."""
    named = members[0].named
    if named.key[0] != "-C" or "." in named.key[-1]:
        return True
    sizes = [os.stat(member.named.path).st_size for member in members[:-1]]
    return min(member.named.number for member in members) == 0 and max(sizes) - min(sizes) <= max(sizes) // 8


def _look(named: _Named) -> _Member | None:
    """The first and last frame of a file; None when it has no frames."""
    reader = open_reader(named.path)
    try:
        if isinstance(reader.stream, WrittenStream):
            raise CaptureError(f"`{named.path}` is a timeline, which no capture tool rotates")
        if not reader.advance():
            return None
        kind, link, first = type(reader).__name__, reader.link, reader.time
        return _Member(named, kind, link, first, _last(reader, named.path))
    finally:
        reader.close()


def _last(reader: Reader, path: str) -> int | None:
    """The time of the last readable frame, None = not known."""
    if reader.total > SMALL:
        if not isinstance(getattr(reader.stream, "rest", None), RawStream):
            return None
        descriptor = os.open(path, os.O_RDONLY)
        os.lseek(descriptor, -TAIL, os.SEEK_END)
        reader.close()
        reader.jump(RawStream(descriptor))
        if not reader.advance():
            return None
    last = reader.time
    while reader.advance():
        last = max(last, reader.time)
    return last

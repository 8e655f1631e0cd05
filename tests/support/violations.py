"""What an incomplete capture may not say: the verdicts of a capture, held against those of the whole one.

No `ok` becomes a failure and no failure `ok`, no fetch is invented beside the true one, and nothing of confidence
`high` is wrong. Prints what breaks that:

    PYTHONPATH=.:tests python -m support.violations --kind snaplen --only 'ok/*'
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from support import recording
from support.examples import CASES, MIRRORED_CASES, MIRRORED_SAMPLES, SAMPLE_NAMES, sample
from support.incomplete import KINDS, compiled
from support.recording import Recording

if TYPE_CHECKING:
    from analyzer.fetch.model import Fetch

Ends = frozenset[tuple[bytes, int]]

FAILURES = {"syn-retransmit", "rst", "tls-stall", "tls-failure", "http-failure", "dns-failure"}
MASK32 = 0xFFFFFFFF


class Row(NamedTuple):
    """One fetch, or a connection that carried none (kind, as in the column).

    ends     the connection's endpoints; for a name that failed, the client alone
    began    origin of the connection's first packet, isn: the client's, -1 = unknown
    keys     what tells it from other fetches of the connection: sequence numbers of request and response, stream
    names    names that were asked of DNS
    done     the response is complete; asked: origin of the last packet of the client that the verdict cites
    """

    ends: Ends
    began: int
    isn: int
    keys: frozenset[tuple[str, int]]
    names: frozenset[str]
    kind: str
    klass: str
    cause: str
    confidence: str
    missing: str
    protocol: str
    done: bool
    asked: int

    @property
    def failed(self) -> bool:
        """Whether it is a failure that users see, or one that they would see if nobody had won a race against it."""
        return self.klass in FAILURES and self.kind in ("fetch", "race")

    @property
    def good(self) -> bool:
        """Whether nothing was wrong."""
        return self.klass == "ok" or self.kind not in ("fetch", "race")

    def __str__(self) -> str:
        word = self.klass + (f"/{self.cause}" if self.cause else f"/{self.missing}" if self.missing else "")
        return f"{word} {self.confidence}" + ("" if self.kind == "fetch" else f" ({self.kind})")


class Violation(NamedTuple):
    """A sentence that the whole capture belies."""

    what: str
    before: tuple[Row, ...]
    after: Row


@cache
def scratch() -> str:
    """A file that is written again for every capture, in memory where there is such a place."""
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    folder = tempfile.mkdtemp(prefix="whyfetch-", dir=memory)
    import atexit
    import shutil

    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return f"{folder}/capture.pcap"


def rows(capture: Recording) -> list[Row]:
    """What the program says about a capture."""
    from analyzer.api import Reading

    with open(scratch(), "wb") as file:  # noqa: PTH123  (half as long as Path.open, and this runs often)
        file.write(recording.pcap(capture))
    origins = [frame.origin for frame in capture.frames]
    return [row_of(fetch, origins) for fetch in Reading(scratch(), kinds=True)]


def row_of(fetch: Fetch, origins: list[int]) -> Row:
    """The facts of one fetch."""
    connection, exchange, verdict = fetch.connection, fetch.exchange, fetch.verdict
    client, server = connection.client, connection.server
    keys, names = set(), frozenset[str]()
    if exchange is not None:
        if exchange.h2 is not None:
            keys.add(("stream", exchange.h2.stream))
        if exchange.request_start >= 0:
            keys.add(("asked", (client.base + exchange.request_start) & MASK32))
        if exchange.response_start >= 0:
            keys.add(("answered", (server.base + exchange.response_start) & MASK32))
    if fetch.resolution is not None:
        names = frozenset(name.lower() for name in (fetch.name, *fetch.resolution.names))
        ends: Ends = frozenset({(fetch.resolution.client, 0)})
    else:
        ends = frozenset(((client.address, client.port), (server.address, server.port)))
    cited = [item.packet for item in verdict.evidence if item.side == 0]
    return Row(
        ends, origins[connection.first_packet - 1], client.isn, frozenset(keys), names, fetch.kind,
        verdict.klass, verdict.cause, verdict.confidence, verdict.missing, fetch.protocol,
        bool(exchange is not None and exchange.response_complete), origins[max(cited) - 1] if cited else 0,
    )  # fmt: skip


class Truth:
    """What the whole capture says."""

    def __init__(self, found: list[Row]) -> None:
        self.rows = found
        self.by_ends: dict[Ends, list[Row]] = {}
        for row in found:
            self.by_ends.setdefault(row.ends, []).append(row)

    def counterparts(self, row: Row) -> list[Row]:
        """The true rows that this one speaks of; none when it was invented."""
        known = self.by_ends.get(row.ends, [])
        if row.names:
            return [true for true in known if true.names & row.names]
        own = self._connection(known, row)
        same = [true for true in own if true.keys & row.keys]
        if same or not row.keys:
            return same or own
        return [true for true in own if not true.keys]

    @staticmethod
    def _connection(known: list[Row], row: Row) -> list[Row]:
        """Of the connections between these endpoints, the one that the row is of."""
        begun = sorted({true.began for true in known if not true.names})
        if not begun:
            return []
        same = [true.began for true in known if row.isn >= 0 and true.isn == row.isn]
        began = same[0] if same else max((at for at in begun if at <= row.began), default=begun[0])
        return [true for true in known if true.began == began]

    def room(self, ends: Ends) -> int:
        """How many rows the connections between these endpoints may have."""
        counts = Counter(true.began for true in self.by_ends.get(ends, []))
        return sum(counts.values())


def violations(truth: Truth, found: list[Row], kind: str, last: int) -> Iterator[Violation]:
    """What the rows of an incomplete capture say, and the truth does not; last: origin of its last packet."""
    room: dict[Ends, int] = {}
    for row in found:
        if row.kind != "fetch":
            continue
        left = room.setdefault(row.ends, truth.room(row.ends)) - 1
        room[row.ends] = left
        true = tuple(truth.counterparts(row))
        known = tuple(truth.by_ends.get(row.ends, ()))
        sure = row.confidence == "high"
        if left < 0 and not row.names:
            yield Violation("invented", known, row)
        elif not true:
            if row.klass != "incomplete":
                yield Violation("invented", known, row)
        elif row.failed:
            if all(one.good for one in true):
                yield Violation("good to failure", true, row)
            elif sure and (row.klass, row.cause) not in {(one.klass, one.cause) for one in true}:
                yield Violation("high and wrong", true, row)
        elif row.klass == "ok" and not any(one.good or came_later(one, kind, last) for one in true):
            if all(one.failed for one in true):
                yield Violation("failure to ok", true, row)
            elif sure:
                yield Violation("high and wrong", true, row)


def came_later(true: Row, kind: str, last: int) -> bool:
    """Whether a failure is one of what had gone well so far.

    Inside TLS a connection is one fetch, and the last request on it decides. A client of HTTP/2 may say that it rejects
    a response which is complete.
    """
    if true.done and true.failed:
        return kind in ("cut", "loss")
    return kind == "cut" and true.protocol == "tls" and true.asked > last


@dataclass
class Tally:
    """Captures tried, and what was found, by kind of violation."""

    tried: int = 0
    kept: int = 0
    plain: int = 0
    found: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


def captures(only: str, folder: str) -> Iterator[tuple[str, Recording, frozenset[str]]]:
    """Name, frames, and the kinds that are not to be tried."""
    if folder:
        for path in sorted(Path(folder).rglob("*.pcap*")):
            try:
                if fnmatch.fnmatch(path.name, only):
                    yield path.name, recording.recorded(path), frozenset()
            except Exception as error:  # noqa: BLE001  (of another link type in the middle, damaged, ...)
                print(f"{path.name}: {error!r}")  # noqa: T201
        return
    for name in SAMPLE_NAMES:
        if fnmatch.fnmatch(name, only):
            yield name, sample(name), frozenset({"copies"} if name in MIRRORED_SAMPLES else ())
    for name in CASES:
        if fnmatch.fnmatch(name, only):
            yield name, compiled(CASES[name]), frozenset({"copies"} if name in MIRRORED_CASES else ())


def tried(name: str, whole: Recording, kind: str) -> Iterator[tuple[str, Recording, list[Row], list[Violation]]]:
    """Each variant of a capture, what the program says of it, and what of that is wrong."""
    truth = Truth(rows(whole))
    for variant, changed in KINDS[kind](whole, name):
        found = rows(changed)
        yield variant, changed, found, list(violations(truth, found, kind, changed.frames[-1].origin))


def keeps(true: list[Row], found: list[Row]) -> tuple[int, int]:
    """How many rows of plain HTTP there are, and how many of them keep class and cause."""
    plain = [row for row in true if row.kind == "fetch" and row.protocol == "http"]
    left = [(row.ends, row.klass, row.cause) for row in found if row.kind == "fetch"]
    kept = 0
    for row in plain:
        if (row.ends, row.klass, row.cause) in left:
            left.remove((row.ends, row.klass, row.cause))
            kept += 1
    return len(plain), kept


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=[*KINDS, "all"], default="all")
    parser.add_argument("--only", default="*", help="pattern of names: `ok/*`, `t17*`")
    parser.add_argument("--variant", default="*", help="pattern of variants: `128`, `3 sorted`")
    parser.add_argument("--folder", default="", help="captures of this folder instead of samples and cases")
    parser.add_argument("--save", default="", help="folder into which the captures with violations are written")
    parser.add_argument("--quiet", action="store_true", help="only the counts")
    options = parser.parse_args()
    chosen = list(captures(options.only, options.folder))
    for kind in KINDS if options.kind == "all" else [options.kind]:
        tally = Tally()
        began = time.process_time()
        for name, whole, never in chosen:
            if kind not in never and whole.frames:
                run(name, whole, kind, options, tally)
        total = ", ".join(f"{count} {what}" for what, count in sorted(tally.found.items())) or "none"
        plain = f"; plain HTTP at 256 and more: {tally.kept} of {tally.plain} kept" if tally.plain else ""
        print(f"# {kind}: {tally.tried} captures, {time.process_time() - began:.0f} s: {total}{plain}")  # noqa: T201


def run(name: str, whole: Recording, kind: str, options: argparse.Namespace, tally: Tally) -> None:
    """All variants of one capture."""
    true = rows(whole)
    truth = Truth(true)
    for variant, changed in KINDS[kind](whole, name):
        if not fnmatch.fnmatch(variant, options.variant):
            continue
        tally.tried += 1
        try:
            found = rows(changed)
        except Exception as error:  # noqa: BLE001
            tally.found["raised"] += 1
            print(f"{name}\t{kind} {variant}\traised {error!r}")  # noqa: T201
            continue
        if kind == "snaplen" and int(variant) >= 256 and "/" in name:
            plain, kept = keeps(true, found)
            tally.plain += plain
            tally.kept += kept
        wrong = list(violations(truth, found, kind, changed.frames[-1].origin))
        for one in wrong:
            tally.found[one.what] += 1
            if not options.quiet:
                before = " + ".join(map(str, one.before)) or "nothing"
                print(f"{name}\t{kind} {variant}\t{one.what}: {before} -> {one.after}")  # noqa: T201
        if wrong and options.save:
            save(options.save, f"{name}-{kind}-{variant}", changed)


def save(folder: str, name: str, capture: Recording) -> None:
    """Write a capture for a closer look."""
    os.makedirs(folder, exist_ok=True)  # noqa: PTH103
    Path(folder, name.replace("/", "-").replace(" ", "-") + ".pcap").write_bytes(recording.pcap(capture))


if __name__ == "__main__":
    main()

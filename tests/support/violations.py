"""What an incomplete capture may not say: the verdicts of a capture, held against those of the whole one.

No `ok` becomes a failure and no failure `ok`, no fetch is invented beside the true one, and nothing of confidence
`high` is wrong. Prints what breaks that:

    PYTHONPATH=.:tests python -m support.violations --kind snaplen --only 'ok/*'
"""

from __future__ import annotations

import argparse
import fnmatch
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from support import recording
from support.examples import CASES, MIRRORED_CASES, MIRRORED_SAMPLES, SAMPLE_NAMES, sample
from support.incomplete import KINDS, compiled
from support.recording import Recording
from support.rows import Ends, Row, rows
from support.traces import Resolved, endpoints, resolved, segments, untraced


class Violation(NamedTuple):
    """A sentence that the whole capture belies."""

    what: str
    before: tuple[Row, ...]
    after: Row


class Truth:
    """What the whole capture says, and its headers."""

    def __init__(self, whole: Recording, key_log: bytes = b"") -> None:
        self.whole = whole
        self.rows = rows(whole, key_log)
        self.by_ends: dict[Ends, list[Row]] = {}
        for row in self.rows:
            self.by_ends.setdefault(row.ends, []).append(row)
        self.segments = segments(whole)
        self.resolved = resolved(whole)

    def counterparts(self, row: Row, found: list[Row]) -> list[Row]:
        """The true rows that this one may speak of, as no other that was found does; none when it was invented."""
        known = self.by_ends.get(row.ends, [])
        if row.names:
            return [true for true in known if true.names & row.names]
        own = self._connection(known, row)
        same = [true for true in own if true.keys & row.keys] or [true for true in known if true.numbers & row.numbers]
        if same or not row.keys:
            return same or own
        others = frozenset[tuple[str, int]]().union(*(other.keys for other in found if other.ends == row.ends))
        return [true for true in own if not true.keys & others]

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
        return len(self.by_ends.get(ends, []))


def violations(truth: Truth, changed: Recording, found: list[Row], kind: str) -> Iterator[Violation]:
    """What the rows of an incomplete capture say, and the truth does not."""
    room: dict[Ends, int] = {}
    excuse = Excuse(truth, changed, found, kind)
    for row in found:
        if row.kind != "fetch":
            continue
        room[row.ends] = room.setdefault(row.ends, truth.room(row.ends)) - 1
        true = tuple(truth.counterparts(row, found))
        if room[row.ends] < 0 and not row.names:
            what, true = "invented", tuple(truth.by_ends.get(row.ends, ()))
        else:
            what = contradiction(row, true)
        if what and not excuse.holds(what, row, true):
            yield Violation(what, true, row)


def contradiction(row: Row, true: tuple[Row, ...]) -> str:
    """What is wrong with a row, "" = nothing."""
    if not true:
        return "invented" if row.klass != "incomplete" else ""
    if row.failed and all(one.good for one in true):
        return "good to failure"
    if row.klass == "ok" and all(one.failed for one in true):
        return "failure to ok"
    if row.klass == "ok" and all(one.empty for one in true):
        return "invented"
    if row.confidence == "high" and row.klass != "incomplete" and not any(agree(row, one) for one in true):
        return "high and wrong"
    return ""


def agree(row: Row, true: Row) -> bool:
    """Whether a verdict of confidence `high` is the true one, of the true client's connection."""
    if row.klass == "ok":
        return true.good
    return (row.klass, row.cause, row.client) == (true.klass, true.cause, true.client)


class Excuse:
    """What nobody can tell, because nothing in what is left of the capture speaks of it."""

    def __init__(self, truth: Truth, changed: Recording, found: list[Row], kind: str) -> None:
        self.truth, self.kind = truth, kind
        self.kept = {frame.origin for frame in changed.frames}
        self.end = changed.frames[-1].origin
        self.connected = any(not row.names for row in found)
        self.gone: set[int] = set()
        if kind == "loss":
            self.gone = untraced(truth.segments, self.kept, {frame.origin for frame in truth.whole.frames} - self.kept)

    def holds(self, what: str, row: Row, true: tuple[Row, ...]) -> bool:
        """Whether the row is an honest verdict although a wrong one."""
        if row.names and what == "invented":
            return self.name_failed_so_far(row) or self.passed_on(row) or self.resolved_before(row)
        if row.names:
            return self.kind in ("loss", "head") and self.proof_missing(true)
        if what == "invented":
            return self.kind == "cut" and row.klass == "incomplete" and row.began == self.end
        if self.kind == "loss":
            return self.lost_without_trace(what, true)
        return self.kind == "cut" and (
            self.failed_later(row, true) or self.unreachable_so_far(row) or self.may_yet_work(row)
        )

    def passed_on(self, row: Row) -> bool:
        """Two ask the same, and who passed it on to whom is told by the order of four packets alone."""
        others = [one for one in self.truth.rows if one.names & row.names and one.ends != row.ends]
        return self.kind in ("loss", "head", "displaced") and any(one.cause == row.cause for one in others)

    def resolved_before(self, row: Row) -> bool:
        """The address came before the capture began, and what was asked besides got none: that is so."""
        good = self.good_answers(row)
        return self.kind == "head" and bool(good) and not any(one.answered in self.kept for one in good)

    def proof_missing(self, true: tuple[Row, ...]) -> bool:
        """A question or an answer for the name is missing: each is a datagram of its own, and nothing tells of it."""
        return any(at not in self.kept for one in true for at, _ in one.cited)

    @staticmethod
    def may_yet_work(row: Row) -> bool:
        """It says what is wrong so far, that this may not be the end, and is not sure of it.

        A connection that is not made yet; a client that has closed, whom the server may answer all the same.
        """
        so_far = row.klass == "syn-retransmit" or row.cause == "http-client-closed-no-response"
        return so_far and row.ongoing and row.confidence != "high"

    def lost_without_trace(self, what: str, true: tuple[Row, ...]) -> bool:
        """The proof is among what was lost without a trace, or bytes of the connection are, which then look unsent.

        Bytes that look unsent make no failure good.
        """
        if any(origin in self.gone for one in true for origin, _ in one.cited):
            return True
        lost = [self.truth.segments[origin] for origin in self.gone if origin in self.truth.segments]
        silenced = {endpoints(one.key) for one in lost if one.end != one.seq}
        return what != "failure to ok" and any(one.ends in silenced for one in true)

    def name_failed_so_far(self, row: Row) -> bool:
        """No answer with an address is left, and nobody connected: a capture of a name that fails looks the same.

        Whether the next name of a search list will be tried is not to be seen; that this one does not exist is. A
        question that is left without its answer shows that there was more to come.
        """
        if self.kind not in ("cut", "loss") or self.connected:
            return False
        good = self.good_answers(row)
        if any(one.answered in self.kept for one in good):
            return False
        if self.kind == "cut":
            return row.confidence != "high" or row.cause == "dns-nxdomain"
        others = [one for one in good if one.answered or one.name not in row.names]
        open_question = any(one.asked & self.kept for one in others)
        return bool(others) and (not open_question or (row.confidence != "high" and row.cause == "dns-nxdomain"))

    def good_answers(self, row: Row) -> list[Resolved]:
        """The lookups of the whole capture that brought an address, or may have, for this name or in another domain."""
        labels = {name.partition(".")[0] for name in row.names}
        return [one for one in self.truth.resolved if one.name.partition(".")[0] in labels]

    def failed_later(self, row: Row, true: tuple[Row, ...]) -> bool:
        """All had gone well so far: what proves the failure comes behind the end, but for the exchange itself.

        A response that is complete may still be rejected, meet a reset, or be lost behind the capture; a websocket is
        one fetch, and so is a connection inside TLS, whose last request decides.
        """
        return row.klass == "ok" and all(not one.good and self.proved_later(one) for one in true)

    def proved_later(self, true: Row) -> bool:
        """Whether nothing of the capture but messages that were exchanged tells of a failure yet."""
        later = [at > self.end for at, _ in true.cited]
        return any(later) and all(at > self.end or what in EXCHANGED for at, what in true.cited)

    @staticmethod
    def unreachable_so_far(row: Row) -> bool:
        """The last word on the connection is an ICMP error; that the client goes on in spite of it comes later."""
        errors = [at for at, what in row.cited if what == "icmp"]
        unsure = row.klass == "syn-retransmit" and row.confidence != "high"
        return unsure and bool(errors) and max(errors) >= row.last


EXCHANGED = ("client-hello", "server-hello", "request", "response", "record", "data")
"""What a fetch that goes well consists of."""


@dataclass
class Tally:
    """Captures tried, and what was found, by kind of violation."""

    tried: int = 0
    kept: int = 0
    plain: int = 0
    found: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


def captures(only: str, folder: str = "") -> Iterator[tuple[str, Recording, frozenset[str]]]:
    """Name, frames, and the kinds that are not to be tried."""
    if folder:
        for path in sorted(Path(folder).rglob("*.pcap*")):
            try:
                if fnmatch.fnmatch(path.name, only):
                    yield path.name, recording.recorded(path), frozenset()
            except Exception as error:
                print(f"{path.name}: {error!r}")  # noqa: T201
        return
    for name in SAMPLE_NAMES:
        if fnmatch.fnmatch(name, only):
            yield name, sample(name), frozenset({"copies"} if name in MIRRORED_SAMPLES else ())
    for name in CASES:
        if fnmatch.fnmatch(name, only):
            yield name, compiled(CASES[name]), frozenset({"copies"} if name in MIRRORED_CASES else ())


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
    truth = Truth(whole)
    for variant, changed in KINDS[kind](whole, name):
        if not fnmatch.fnmatch(variant, options.variant):
            continue
        tally.tried += 1
        try:
            found = rows(changed)
        except Exception as error:
            tally.found["raised"] += 1
            print(f"{name}\t{kind} {variant}\traised {error!r}")  # noqa: T201
            continue
        if kind == "snaplen" and int(variant) >= 256 and "/" in name:
            plain, kept = keeps(truth.rows, found)
            tally.plain += plain
            tally.kept += kept
        wrong = list(violations(truth, changed, found, kind))
        for one in wrong:
            tally.found[one.what] += 1
            if not options.quiet:
                before = " + ".join(map(str, one.before)) or "nothing"
                print(f"{name}\t{kind} {variant}\t{one.what}: {before} -> {one.after}")  # noqa: T201
        if wrong and options.save:
            save(options.save, f"{name}-{kind}-{variant}", changed)


def save(folder: str, name: str, capture: Recording) -> None:
    """Write a capture for a closer look."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    Path(folder, name.replace("/", "-").replace(" ", "-") + ".pcap").write_bytes(recording.pcap(capture))


if __name__ == "__main__":
    main()

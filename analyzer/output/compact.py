"""What failed, in few lines for the log of a job: the verdict, the advice, the packets that prove it."""

from __future__ import annotations

# not compiled: writes to people
import shlex
from typing import TextIO

from analyzer.fetch.model import Fetch
from analyzer.output.summary import Summary
from analyzer.output.table import COLOURS
from analyzer.output.words import address
from analyzer.text import plural, safe
from analyzer.verdict.model import Evidence, Verdict, verdict_of
from analyzer.verdict.told import Event

MAX_SHOWN = 10
"""Different findings that are shown: a job's log is read from its end, and most jobs fail for one reason."""

MAX_HELD = 1000
"""Different findings that are told apart; more would let a hostile capture fill the memory."""

MAX_PROOF = 6
"""Packets of one fetch that are shown: the first ones and the last ones."""

MENDED = {"recovered": "a retry got it", "fallback": "another entry of GOPROXY had it"}


class Alike:
    """Fetches that ended in the same way at the same place: the first of them, and how many there were."""

    def __init__(self, fetch: Fetch) -> None:
        self.first = fetch
        self.count = 0


class CompactWriter:
    """Holds what failed until the end: it is printed below the output of the program that failed.

    said    how that program ended, in words
    packets the file that all packets were written to, "" = none
    """

    def __init__(self, out: TextIO, packets: str, *, colour: bool) -> None:
        self.out = out
        self.packets = packets
        self.colour = colour
        self.said = ""
        self.more = 0
        self.advised: set[str] = set()
        self.found: dict[tuple[str, ...], Alike] = {}

    def begin(self) -> None:
        """Nothing: what comes first is known last."""

    def fetch(self, fetch: Fetch) -> None:
        """Note one fetch that did not go well."""
        verdict = verdict_of(fetch)
        if fetch.kind != "fetch" or verdict.klass == "ok":
            return
        kind = (verdict.klass, verdict.cause, _place(fetch), fetch.process_how, MENDED.get(fetch.group_outcome, ""))
        finding = self.found.get(kind)
        if finding is None:
            if len(self.found) >= MAX_HELD:
                self.more += 1
                return
            finding = self.found[kind] = Alike(fetch)
        finding.count += 1

    def event(self, event: Event) -> None:
        """Nothing: what is printed at the end is settled."""

    def end(self, summary: Summary) -> None:
        """Print it: what failed and stayed so before what was mended or is not known."""
        self.out.write(f"whyfetch: {self.said}; {summary.lines()[0]}\n")
        found = sorted(self.found.values(), key=_rank)
        for finding in found[:MAX_SHOWN]:
            self._finding(finding)
        left_out = sum(finding.count for finding in found[MAX_SHOWN:]) + self.more
        if left_out:
            self.out.write(f"whyfetch: and {plural(left_out, 'more that is', 'more that are')} not ok\n")

    def _finding(self, finding: Alike) -> None:
        fetch = finding.first
        verdict = verdict_of(fetch)
        name = f"{verdict.klass}/{verdict.cause}" if verdict.cause else verdict.klass
        times = f" ({finding.count:,} times)" if finding.count > 1 else ""
        mended = f" ({MENDED[fetch.group_outcome]})" if fetch.group_outcome in MENDED else ""
        who = f" {safe(fetch.process)}" if fetch.process else ""
        doubt = " [captured meanwhile, perhaps of another program]" if fetch.process_how == "time" else ""
        shown = self._paint(name, COLOURS.get(verdict.klass, ""))
        head = f"whyfetch: {shown} {safe(_place(fetch))}{who}{doubt}{times}{mended}"
        self.out.write(f"{head}: {safe(verdict.summary)}\n")
        if verdict.advice and verdict.advice not in self.advised:
            self.advised.add(verdict.advice)
            self.out.write(f"  advice: {safe(verdict.advice)}\n")
        if verdict.evidence:
            self.out.write(f"  proof ({verdict.confidence}): {_proof(fetch, verdict)}\n")
        if self.packets and fetch.flow.stream >= 0:
            self.out.write(f"  packets: whyfetch show {shlex.quote(safe(self.packets))} --stream {fetch.flow.stream}\n")

    def _paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code else text


def _place(fetch: Fetch) -> str:
    """The name that was wanted, and the server that was asked."""
    host, port = address(fetch.flow.server), fetch.flow.server_port
    server = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return f"{fetch.name} ({server})" if fetch.name else server


def _rank(finding: Alike) -> tuple[bool, bool]:
    fetch = finding.first
    return not verdict_of(fetch).failed, fetch.group_outcome in MENDED


def _proof(fetch: Fetch, verdict: Verdict) -> str:
    """The proving packets with the seconds since the fetch began."""
    cited: list[Evidence] = list(verdict.evidence)
    parts = [f"{one.packet}:{one.what} {(one.time - fetch.start) / 1e9:+.3f} s" for one in cited]
    if len(parts) > MAX_PROOF:
        parts[MAX_PROOF // 2 : -MAX_PROOF // 2] = ["…"]
    return ", ".join(parts)

"""The counts at the end: fetches by class, what many failures have in common, what the reader should know."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

from analyzer.fetch.model import Fetch
from analyzer.output.findings import Findings
from analyzer.output.words import address
from analyzer.text import plural, safe
from analyzer.verdict.brief import Brief
from analyzer.verdict.model import CLASSES
from analyzer.verdict.told import Event

if TYPE_CHECKING:
    from collections.abc import Callable

    from analyzer.capture.live.source import Stats
    from analyzer.clientlog.log import ClientLog
    from analyzer.output.ci.baseline import Baseline

MAX_SHARED = 10_000
"""Different (verdict, place, capture) that are counted; more would let a hostile capture fill the memory. The summary
says how many failures are beyond."""
MENDED = {"recovered": "recovered by a retry", "fallback": "fell back to another GOPROXY entry"}
"""Outcome of a retry group in which something failed and the end was good -> how people say it."""
SHOWN = 5
"""Shared findings that are printed."""


class Summary:
    """Counts while fetches pass by.

    fetches, connections_without_fetch   how many of each
    twins                                fetches captured a second time, behind a NAT: they count once
    verdicts                             (class, cause) -> [fetches]: a list counts without another look into the dict
    races                                connections without fetch that lost against another address of the same name
    mended                               failures that a retry, or the next entry of GOPROXY, made good
    shared                               (class, cause, server name or address, port, capture) -> failures
    beyond                               failures that `shared` has no room for
    ignores, ignored                     which verdicts are counted and no more, None = none; (class, cause) -> fetches
    findings                             what failures have in common besides
    capture, read                        what a live capture saw and lost, None = it was none; packets read of it
    client_log                           what clients said, where a log was given
    baseline                             a run before this one, where one was given
    """

    def __init__(self) -> None:
        self.fetches = self.connections_without_fetch = self.races = self.twins = 0
        self.verdicts: dict[tuple[str, str], list[int]] = {}
        self.shared: dict[tuple[str, str, str, int, str], int] = {}
        self.beyond = 0
        self.ignores: Callable[[str, str], bool] | None = None
        self.ignored: Counter[tuple[str, str]] = Counter()
        self.mended: Counter[str] = Counter()
        self.findings = Findings()
        self.client_log: ClientLog | None = None
        self.baseline: Baseline | None = None
        self.capture: Stats | None = None
        self.read = 0
        self.warnings: list[str] = []
        self.damaged = False

    def add(self, fetch: Fetch) -> None:
        """Count one fetch, or one connection that carried none."""
        self.count(Brief(fetch))

    def count(self, fetch: Brief) -> None:
        """The same of what is left of it."""
        if fetch.kind != "fetch":
            self.connections_without_fetch += 1
            self.races += fetch.kind == "race"
            return
        if fetch.twin:
            self.twins += 1
            return
        if self.ignores is not None and self._sifts(fetch):
            return
        self.fetches += 1
        if not fetch.klass:
            return
        kind = (fetch.klass, fetch.cause)
        number = self.verdicts.get(kind)
        if number is None:
            self.verdicts[kind] = [1]
        else:
            number[0] += 1
        self.findings.add(fetch)
        if fetch.failed:
            if fetch.outcome in MENDED:
                self.mended[fetch.outcome] += 1
            self._share(fetch)

    def _sifts(self, fetch: Brief) -> bool:
        """Count one that nobody wants to hear of; True where the number is all that is told, as of failures."""
        if not fetch.klass or not self._ignores(fetch):
            return False
        self.ignored[fetch.klass, fetch.cause] += 1
        if not fetch.failed:
            return False  # what failures are held against
        self.fetches += 1
        self.verdicts.setdefault((fetch.klass, fetch.cause), [0])[0] += 1
        return True

    def _ignores(self, fetch: Brief) -> bool:
        return self.ignores is not None and self.ignores(fetch.klass, fetch.cause)

    def _share(self, fetch: Brief) -> None:
        """A failure, by what it has in common with others."""
        place = _place(fetch)
        if place in self.shared or len(self.shared) < MAX_SHARED:
            self.shared[place] = self.shared.get(place, 0) + 1
        else:
            self.beyond += 1

    def tell(self, event: Event) -> None:
        """Count what became of failures whose rows have left, and rows that turned out otherwise."""
        if event.kind == "group" and event.fetch.group_outcome in MENDED:
            self.mended[event.fetch.group_outcome] += len(event.fetches)
        if event.before is not None:
            self._take_back(Brief(event.before))
            if event.fetch.kind == "race":
                self.fetches -= 1
                self.connections_without_fetch += 1
                self.races += 1
            else:
                self._count(Brief(event.fetch))

    def _take_back(self, fetch: Brief) -> None:
        """A verdict that was counted holds no longer; of the findings, which are of many, it stays a part."""
        self.verdicts[fetch.klass, fetch.cause][0] -= 1
        if self._ignores(fetch):
            self.ignored[fetch.klass, fetch.cause] -= 1
            return
        place = _place(fetch)
        if place in self.shared:
            self.shared[place] -= 1

    def _count(self, fetch: Brief) -> None:
        """Count the verdict of a fetch."""
        self.verdicts.setdefault((fetch.klass, fetch.cause), [0])[0] += 1
        if self._ignores(fetch):
            self.ignored[fetch.klass, fetch.cause] += 1
        elif fetch.failed:
            self._share(fetch)

    def counts(self) -> dict[str, object]:
        """The summary as plain values, for JSON."""
        classes = self.classes()
        log: dict[str, object] = {} if self.client_log is None else {"client_log": self.client_log.counts()}
        if self.baseline is not None:
            log["baseline"] = self.baseline.counts()
        if self.capture is not None:
            counts = {name: None if n < 0 else n for name, n in asdict(self.capture).items()}
            log["capture"] = {"read": self.read, **counts}
        return {
            "fetches": self.fetches,
            "connections_without_fetch": self.connections_without_fetch,
            "nat_twins": self.twins,
            "classes": {name: classes[name] for name in CLASSES if classes[name]},
            "causes": {f"{klass}/{cause}": n for (klass, cause), [n] in sorted(self.verdicts.items()) if cause and n},
            **(
                {"ignored": {_verdict(*kind): n for kind, n in sorted(self.ignored.items()) if n}}
                if self.ignores
                else {}
            ),
            "findings": [{"finding": f.id, "text": f.text, **f.figures} for f in self.findings.found()],
            **log,
            **({"caps": caps} if (caps := self._caps()) else {}),
            "damaged": self.damaged,
            "warnings": [safe(text) for text in self.warnings],
        }

    def lines(self) -> list[str]:
        """The summary for people: the count line first."""
        return [
            self._count_line(),
            *self.ignored_line(),
            *self._mended_line(),
            *self._shared_lines(),
            *self._finding_lines(),
            *self._caps(),
            *self._without_fetch(),
            *self._captured(),
            *(self.client_log.lines() if self.client_log is not None else []),
            *(self.baseline.lines() if self.baseline is not None else []),
        ]

    def classes(self) -> Counter[str]:
        """How many fetches each class has."""
        classes: Counter[str] = Counter()
        for (klass, _), [number] in self.verdicts.items():
            classes[klass] += number
        return classes

    def _count_line(self) -> str:
        classes = self.classes()
        parts = [f"{classes[name]} {name}" for name in ("ok", *CLASSES[:6], "incomplete") if classes[name]]
        line = plural(self.fetches, "fetch", "fetches")
        return f"{line}: {', '.join(parts)}" if parts else line

    def _shared_lines(self) -> list[str]:
        frequent = [(key, n) for key, n in self.shared.items() if n > 1]
        frequent.sort(key=lambda item: (-item[1], item[0]))
        several = len({capture for *_, capture in self.shared}) > 1
        lines = [f"{n} of them {_shown(key, several)}" for key, n in frequent[:SHOWN]]
        if len(frequent) > SHOWN:
            lines.append(f"and {len(frequent) - SHOWN} more verdicts that several fetches share")
        return lines

    def ignored_line(self) -> list[str]:
        """How many fetches of which verdicts were counted and no more; [] = none were."""
        kinds = [(kind, n) for kind, n in sorted(self.ignored.items(), key=lambda item: (-item[1], item[0])) if n]
        if not kinds:
            return []
        told = [f"{n:,} {_verdict(*kind)}" for kind, n in kinds[:SHOWN]]
        more = [f"{plural(len(kinds) - SHOWN, 'other verdict', 'other verdicts')}"] if len(kinds) > SHOWN else []
        return [f"{sum(n for _, n in kinds):,} of them ignored: {', '.join([*told, *more])}"]

    def _caps(self) -> list[str]:
        """What was not counted, as there was too much of it."""
        lines = []
        if self.beyond:
            what = plural(self.beyond, "failure", "failures")
            lines.append(f"what {what} have in common is not known: there are more than {MAX_SHARED:,} different ones")
        return [*lines, *self.findings.caps()]

    def _finding_lines(self) -> list[str]:
        return [finding.text for finding in self.findings.found()]

    def _without_fetch(self) -> list[str]:
        lines = []
        if self.twins:
            lines.append(f"{plural(self.twins, 'fetch', 'fetches')} captured on both sides of a NAT, counted once")
        if self.connections_without_fetch:
            line = f"{plural(self.connections_without_fetch, 'connection', 'connections')} carried no fetch"
            lines.append(f"{line}, {self.races:,} of them lost a race against another address" if self.races else line)
        return lines

    def _captured(self) -> list[str]:
        """What a live capture saw and lost; a source may not be able to tell."""
        if self.capture is None:
            return []
        losses = {"the kernel": self.capture.kernel_drops, "the interface": self.capture.interface_drops}
        told = [
            f"{n:,} dropped by {who}" if n >= 0 else f"what {who} dropped is not known" for who, n in losses.items()
        ]
        return [f"{plural(self.read, 'packet', 'packets')} captured: {', '.join(told)}"]

    def _mended_line(self) -> list[str]:
        parts = [f"{self.mended[outcome]:,} {text}" for outcome, text in MENDED.items() if self.mended[outcome]]
        return [f"of the failures, {' and '.join(parts)}"] if parts else []


def _place(fetch: Brief) -> tuple[str, str, str, int, str]:
    """What is the same of failures that are the same."""
    return (fetch.klass, fetch.cause, fetch.name or address(fetch.server), fetch.server_port, fetch.file)


def _verdict(klass: str, cause: str) -> str:
    return f"{klass}/{cause}" if cause else klass


def _shown(key: tuple[str, str, str, int, str], several: bool) -> str:
    """Verdict and place; a name that was not found is at no port."""
    klass, cause, host, port, capture = key
    host = f"[{host}]" if ":" in host else safe(host)
    where = f"for {host}" if klass == "dns-failure" else f"at {host}:{port}"
    return f"{_verdict(klass, cause)} {where}" + (f" in {safe(capture)}" if several else "")

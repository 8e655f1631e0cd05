# ruff: noqa: PTH113, PTH202
"""From captures to fetches with verdicts: what scripts, notebooks and the command line stand on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import chain
from os import PathLike, fspath
from os.path import getsize, isfile  # which take any name: Path.is_file raises for one that is too long
from typing import TYPE_CHECKING

from analyzer.capture.patience import Waiting, patience
from analyzer.errors import CaptureError, ExitStatus
from analyzer.fetch.floods import Floods
from analyzer.fetch.model import Fetch
from analyzer.fetch.order import MAX_HELD, Order
from analyzer.fetch.wishes import MAX_OPEN
from analyzer.verdict.groups import Groups
from analyzer.verdict.model import Verdict
from analyzer.wire.dns.lookups import Lookup
from analyzer.wire.model import Connection

if TYPE_CHECKING:
    import pandas as pd

    from analyzer.capture import Capture, CaptureSource
    from analyzer.fetch.names import Names
    from analyzer.output.clientlog.log import ClientLog
    from analyzer.wire.engine import Ended, Engine

Paths = str | PathLike[str] | Iterable[str | PathLike[str]]
Progress = Callable[[int, int], None]
"""Called now and then with bytes read and bytes in all, 0 = unknown."""

NOTHING_OPEN = 1 << 62
"""A packet number behind every packet."""

CHUNK = 128
"""Fetches that go through each stage together. The code of one stage fits into a processor's instruction cache, that of
all stages does not; and so many fetches fit into its second data cache, at 2 kB each."""

LIVE_BATCH = 1
"""Frames of a pipe after which final rows are handed on: the next may be long in coming. About 1 us a frame."""


class Reading:
    """One pass over captures; iterate over it once to get their fetches.

    Fetches come file by file, and within a file in the order of their first packets. A connection is judged when it is
    over, so a fetch waits until no connection that began earlier is open: memory grows with the number of fetches that
    end while an older connection lives, up to MAX_HELD.

    show_queries  True: query, fragment, user and password of a request's target are shown in rows and sentences
    waiting      called with a name when a pipe is opened and nothing comes out of it for a second
    max_open     how many connections are followed at a time, 0 = as many as analyzer.wire.expiry.MAX_OPEN says
    lean         True: fetches come without `connection` and `exchange`, in a fifth of the memory
    warnings     what the user should know, in the order found
    failures     CaptureErrors of captures that could not be read, while others could
    damaged      True once a capture turned out damaged or unreadable: the results are partial
    client_log   the lines of a client's log and how they were tied, an analyzer.output.clientlog.log.ClientLog, or None
    left_out     fetches that got no row, because a flood made them (analyzer.fetch.floods)
    captures     captures read so far; packets, tcp_packets, connections: what was in them
    """

    def __init__(
        self,
        paths: Paths,
        *,
        kinds: bool = False,
        lean: bool = False,
        show_queries: bool = False,
        progress: Progress | None = None,
        client_log: str | PathLike[str] | None = None,
        waiting: Waiting | None = None,
        max_open: int = 0,
    ) -> None:
        self.kinds = kinds
        self.max_open = max_open
        self.lean = lean
        self.show_queries = show_queries
        self.progress = progress
        self.waiting = waiting
        self.warnings: list[str] = []
        self.failures: list[CaptureError] = []
        self.damaged = False
        self.client_log = None
        if client_log is not None:
            with patience(None if isfile(client_log) else waiting, fspath(client_log)):
                self.client_log = _log(client_log, self.warnings, show_queries)
        self.captures = self.packets = self.tcp_packets = self.connections = 0
        self.without_fetch = self.left_out = 0
        self.sources = self._expand(_listed(paths))
        self.total = sum(_size(path) for source in self.sources for path in source.paths)
        self.done = 0
        self._order = Order()
        self._final: list[Fetch] = []
        self._given: deque[Fetch] = deque()
        self.floods = Floods()
        self.groups = Groups()
        self._cut: Callable[[Connection], list[Fetch]]
        self._decide: Callable[[Fetch], Verdict]

    @property
    def exit_status(self) -> ExitStatus:
        """How a command that did this reading ends: nothing readable, partial, or fine."""
        if self.failures and not self.captures:
            return ExitStatus.USAGE
        return ExitStatus.DAMAGED if self.damaged or self.failures else ExitStatus.OK

    def __iter__(self) -> Iterator[Fetch]:
        for chunk in self.chunks():
            self._given.extend(chunk)
            while self._given:
                yield self._given.popleft()

    def chunks(self) -> Iterator[list[Fetch]]:
        """The same fetches, those together that became final together: who works on lists of them is faster."""
        return self._tied(self._all())

    def rest(self) -> Iterator[list[Fetch]]:
        """After an interrupt: the fetches that were complete and waited for an older connection, a retry or the log."""
        if self._given:
            yield list(self._given)
            self._given.clear()
        yield from self._tied(self._waiting())

    def _tied(self, chunks: Iterator[list[Fetch]]) -> Iterator[list[Fetch]]:
        if self.client_log is None:
            return chunks
        return ([fetch] for fetch in self.client_log.tie(chain.from_iterable(chunks)))

    def _all(self) -> Iterator[list[Fetch]]:
        from analyzer.capture import open_capture

        for source in self.sources:
            try:
                capture = open_capture(source, self.waiting)
            except CaptureError as error:
                self.failures.append(error)
                continue
            with closing(capture):
                self.captures += 1
                yield from self._fetches(source, capture)
            self.done += sum(_size(path) for path in source.paths)

    def _waiting(self) -> Iterator[list[Fetch]]:
        yield from self._released(NOTHING_OPEN)
        self.groups.end()
        yield from self._released(NOTHING_OPEN)

    def _expand(self, paths: list[str]) -> list[CaptureSource]:
        from analyzer.capture import expand

        try:
            return list(expand(paths))
        except CaptureError:
            if len(paths) == 1:
                raise
        good = [path for path in paths if self._expands(path)]
        return list(expand(good)) if good else []

    def _expands(self, path: str) -> bool:
        from analyzer.capture import expand

        try:
            list(expand([path]))
        except CaptureError as error:
            self.failures.append(error)
            return False
        return True

    def _fetches(self, source: CaptureSource, capture: Capture) -> Iterator[list[Fetch]]:
        """The fetches of one capture, in order, grouped and numbered."""
        from analyzer.fetch.build import fetches
        from analyzer.fetch.names import Names
        from analyzer.verdict.decide import decide
        from analyzer.wire.engine import Engine

        self._cut, self._decide = fetches, decide
        engine = Engine(capture.frames)
        if self.max_open:
            engine.table.allow(self.max_open)
        names = Names()
        self._order = order = Order(MAX_HELD)
        self.floods = Floods()
        self.groups = groups = Groups()
        for batch in engine.batches(*self._batch(source)):
            self._judge(batch, names, source.name)
            self._judge_names(engine, names, source.name)
            if self.progress is not None:
                self.progress(self.done + capture.frames.position, self.total)
            oldest = min(engine.oldest_open(), names.oldest_open())
            yield from self._released(oldest)
            if groups.holding():
                groups.reach(min(engine.oldest_time(), names.oldest_time()))
                yield from self._released(oldest)
        self._judge_names(engine, names, source.name, final=True)
        yield from self._waiting()
        self._account(source, capture, engine, names, order)

    def _released(self, oldest_open: int) -> Iterator[list[Fetch]]:
        """The fetches whose rows are final, in chunks."""
        while self._final or self._release(oldest_open):
            final, self._final = self._final, []
            yield final

    def _release(self, oldest_open: int) -> bool:
        """Put into `_final` whose rows are final: no open connection can precede them, and their group is decided.

        False when there are none. What an interrupt leaves in `_final` is there for the next call.
        """
        order: Order = self._order
        groups: Groups = self.groups
        fetch: Fetch | None
        following: Fetch | None
        while len(self._final) < CHUNK:
            fetch = groups.leave()
            while fetch is None:
                following = order.leave(oldest_open)
                if following is None:
                    return bool(self._final)
                groups.add(following)
                fetch = groups.leave()
            if fetch.kind == "race":
                self.without_fetch += 1
                if not self.kinds:
                    continue
            self._final.append(fetch)
        return True

    @staticmethod
    def _batch(source: CaptureSource) -> tuple[int, ...]:
        """How often to hand on what is final: after every frame of a pipe, where somebody may be waiting."""
        return () if all(map(isfile, source.paths)) else (LIVE_BATCH,)

    def _judge(self, batch: list[Ended], names: Names, file: str) -> None:
        """The fetches of connections that are over, to wait for their turn; what names are known by then."""
        fetch: Fetch
        built: list[Fetch] = []
        order: Order = self._order
        decide, kinds, lean = self._decide, self.kinds, self.lean
        show_queries = int(self.show_queries)
        for ended in batch:
            if isinstance(ended, Lookup):
                names.learn(ended)
                continue
            for fetch in self._cut(ended):
                if self.floods.leaves_out(fetch):
                    continue
                if names.asked:
                    names.annotate(fetch)
                if fetch.kind != "fetch":
                    self.without_fetch += 1
                    if not kinds:
                        continue
                fetch.file = file
                fetch.show_queries = show_queries
                built.append(fetch)
        for fetch in built:
            fetch.verdict = decide(fetch)
            order.add(fetch)
            if lean:
                fetch.detach()

    def _judge_names(self, engine: Engine, names: Names, file: str, *, final: bool = False) -> None:
        """The names that were asked for in vain."""
        failed: Iterable[Fetch] = names.given_up()
        if engine.looking:
            failed = chain(failed, names.failures(engine.capture_end, engine.opened_since, engine.one_way, final=final))
        for fetch in failed:
            fetch.file = file
            fetch.verdict = self._decide(fetch)
            self._order.add(fetch)
            if self.lean:
                fetch.detach()

    def _account(self, source: CaptureSource, capture: Capture, engine: Engine, names: Names, order: Order) -> None:
        from analyzer.output.floods import told

        self.packets += engine.frames_seen
        self.tcp_packets += engine.tcp_packets
        self.connections += engine.connections
        found = [*capture.warnings, *engine.warnings]
        self.left_out += self.floods.left_out + names.wishes.left_out
        found += told(self.floods, names.wishes)
        if names.forgotten:
            found.append(f"{names.forgotten:,} DNS names or addresses were forgotten: too many were seen")
        if names.wishes.forgotten:
            found.append(
                f"{names.wishes.forgotten:,} names were judged before their time (flag `evicted`): "
                f"more than {MAX_OPEN:,} were being looked up at once"
            )
        if order.overflowed:
            found.append(f"more than {MAX_HELD:,} fetches ended while an older connection was open: not in order")
        if self.groups.retries.overflowed:
            found.append("too many fetches waited for a retry at once: outcomes of groups are missing")
        prefix = f"`{source.name}`" if len(self.sources) > 1 else ""
        self.warnings += [text if text.startswith(prefix) else f"{prefix}: {text}" for text in found]
        self.damaged |= bool(capture.damaged) or engine.partial


def read(
    paths: Paths,
    *,
    kinds: bool = False,
    show_queries: bool = False,
    progress: Progress | None = None,
    client_log: str | PathLike[str] | None = None,
) -> Iterator[Fetch]:
    """Iterate over the fetches of captures, each with its verdict.

    paths      a file, a directory, a glob, `-` for standard input, or several of them
    kinds      True: also connections that carried no fetch (see `Fetch.kind`)
    show_queries  True: sentences show query, fragment, user and password of a request's target; `Fetch.target` has
               them in any case, `Fetch.shown(target)` says what may be shown
    progress   called now and then with bytes read and bytes in all (0 = unknown)
    client_log  what a client printed, a file: each fetch has in `client_said` the lines that speak of it; no verdict
               comes from them. Fetches then wait for the end of the reading (analyzer.output.clientlog.match).

    Order and memory: see Reading, which also tells warnings and damage. Raises CaptureError when nothing is readable.
    """
    reading = Reading(paths, kinds=kinds, show_queries=show_queries, progress=progress, client_log=client_log)
    yield from reading
    if reading.failures and not reading.captures:
        raise reading.failures[0]


def classify(
    paths: Paths,
    *,
    kinds: bool = False,
    show_queries: bool = False,
    progress: Progress | None = None,
    client_log: str | PathLike[str] | None = None,
) -> pd.DataFrame:
    """The fetches of captures as a data frame, a row each, with the columns of docs/columns.md.

    Queries, fragments, users and passwords are cut out of targets unless `show_queries` (docs/content.md).
    `start` is datetime64[ns, UTC], exact; numbers that can be unknown are Int64, seconds float64 with NaN, the rest
    strings with "" for unknown. No capture without a fetch changes columns or types. Raises CaptureError when nothing
    is readable; `frame.attrs` has `warnings` (list of str), `damaged` (bool) and, with a client log, `client_log` (a
    dict: how many of its lines were tied, and which were not).
    """
    from analyzer.output.frame import data_frame

    reading = Reading(paths, kinds=kinds, show_queries=show_queries, progress=progress, client_log=client_log)
    frame = data_frame(reading)
    if reading.failures and not reading.captures:
        raise reading.failures[0]
    frame.attrs["warnings"] = [*reading.warnings, *(error.message for error in reading.failures)]
    frame.attrs["damaged"] = reading.exit_status is ExitStatus.DAMAGED
    if reading.client_log is not None:
        frame.attrs["client_log"] = reading.client_log.counts()
    return frame


def _log(path: str | PathLike[str], warnings: list[str], show_queries: bool) -> ClientLog:
    from analyzer.output.clientlog.log import ClientLog

    return ClientLog(path, warnings, show_queries=show_queries)


def _listed(paths: Paths) -> list[str]:
    if isinstance(paths, str | PathLike):
        return [fspath(paths)]
    return [fspath(path) for path in paths]


def _size(path: str | PathLike[str]) -> int:
    """Bytes of a regular file; 0 for standard input and pipes, whose size nobody knows."""
    try:
        return getsize(path) if isfile(path) else 0
    except OSError:
        return 0

# not compiled: a few calls for each batch
# ruff: noqa: PTH113
"""One pass over captures: from their frames to fetches with verdicts, in order or as soon as each is decided."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import chain
from os import PathLike, fspath
from os.path import isfile  # which takes any name: Path.is_file raises for one that is too long
from typing import TYPE_CHECKING

from analyzer.capture.patience import Waiting, patience
from analyzer.errors import CaptureError, ExitStatus
from analyzer.fetch.floods import Floods
from analyzer.fetch.model import Fetch
from analyzer.output.words import still_open
from analyzer.reading.inputs import Inputs, Live, Paths, Readable, listed
from analyzer.reading.rows import NOTHING_OPEN, Rows, anybodys, only_fetches
from analyzer.verdict.groups import Groups
from analyzer.verdict.order import MAX_HELD, MAX_WRITTEN, Order
from analyzer.verdict.told import Event

if TYPE_CHECKING:
    from analyzer.clientlog.log import ClientLog
    from analyzer.fetch.names import Names
    from analyzer.keys.keylog import KeyLog
    from analyzer.keys.store import Store
    from analyzer.output.written import Written
    from analyzer.reading.engine import Engine
    from analyzer.reading.judging import Judging
    from analyzer.reading.leaving import Leaving
    from analyzer.verdict.brief import Brief

Progress = Callable[[int, int], None]
"""Called now and then with bytes read and bytes in all, 0 = unknown."""

MOST_OPEN_TOLD = 20
"""Open connections that are told one by one."""


class Reading:
    """One pass over captures; iterate over it once to get their fetches.

    Fetches come file by file, and within a file in the order of their first packets. A connection is judged when it is
    over, so a fetch waits until no connection that began earlier is open: memory grows with the number of fetches that
    end while an older connection lives, up to MAX_HELD, or where rows are `written` to MAX_WRITTEN, a tenth of it each.

    show_queries  True: query, fragment, user and password of a request's target are shown in rows and sentences
    waiting      called with a name when a pipe is opened and nothing comes out of it for a second
    sealed       True: keys that captures bring with them are not used
    max_open     how many connections are followed at a time, 0 = as many as analyzer.tcp.expiry.MAX_OPEN says
    mine         says which fetches are wanted (analyzer.process), asked when each is over; `foreign` counts the others
    live         a running capture, read instead of `paths` and closed at the end
    follow       True: `paths` is one file that grows, and is read on at its end; until somebody stops it
    settle       True: of a capture that grows, `told` gives rows when nothing can change them, as iteration does
    lean         True: fetches come without `connection` and `exchange`, in a fifth of the memory
    keep         with lean: says of which fetches that does not hold, asked when each is judged
    written      writes the row of each fetch as soon as it is judged; what `told` gives of it then is a Brief, a fifth
                 of the memory again. For files, and without a client's log
    warnings     what the user should know, in the order found
    failures     CaptureErrors of captures that could not be read, while others could
    damaged      True once a capture turned out damaged or unreadable: the results are partial
    client_log   the lines of a client's log and how they were tied, an analyzer.clientlog.log.ClientLog, or None
    stopped      whether somebody ended it by `stop()`
    open         the first fetches that were open then, with their silence in ns; open_in_all: how many there were
    left_out     fetches that got no row, because a flood made them (analyzer.fetch.floods)
    captures     captures read so far; packets, tcp_packets, connections: what was in them
    """

    def __init__(
        self,
        paths: Paths = (),
        *,
        mine: Callable[[Fetch], bool] | None = None,
        live: Live | None = None,
        follow: bool = False,
        settle: bool = False,
        kinds: bool = False,
        lean: bool = False,
        keep: Callable[[Fetch], bool] | None = None,
        written: Written | None = None,
        show_queries: bool = False,
        progress: Progress | None = None,
        client_log: str | PathLike[str] | None = None,
        keylogs: Iterable[str | PathLike[str]] = (),
        sealed: bool = False,
        waiting: Waiting | None = None,
        max_open: int = 0,
    ) -> None:
        self.mine = mine
        self.kinds = kinds
        self.max_open = max_open
        self.lean = lean
        self.keep = keep
        self.written = written
        self.show_queries = show_queries
        self.progress = progress
        self.settle = settle
        self.events = False
        self.warnings: list[str] = []
        self.sealed = sealed
        self.keylogs = _key_logs([fspath(path) for path in keylogs])
        self.damaged = False
        self.client_log = None
        if client_log is not None:
            with patience(None if isfile(client_log) else waiting, fspath(client_log)):
                self.client_log = _log(client_log, self.warnings, show_queries)
        self.captures = self.packets = self.tcp_packets = self.connections = 0
        self.without_fetch = self.left_out = self.foreign = 0
        self.inputs = Inputs(listed(paths), self.warnings, waiting, live=live, follow=follow)
        self.sources, self.failures = self.inputs.sources, self.inputs.failures
        self.stopped = False
        self.open: list[tuple[Fetch, int]] = []
        self.open_in_all = 0
        self._open: Readable | None = None
        self._engine: Engine | None = None
        self._judging: Judging | None = None
        self._given: deque[Fetch] = deque()
        self._keys: Store | None = None
        self._left = self._known = 0
        self.floods = Floods()
        self.groups = Groups()

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
        return self._tied(map(only_fetches, self._all()))

    def told(self) -> Iterator[Rows]:
        """The same where somebody waits: rows of a capture that grows come as soon as each is decided.

        What becomes of them is told by Events between them; unless `settle` or a client's log lets them wait for that.
        """
        self.events = self.client_log is None and not self.settle
        return self._all() if self.client_log is None else ([*chunk] for chunk in self.chunks())

    def opened(self) -> int:
        """How many connections are open just now."""
        return 0 if self._engine is None else self._engine.table.opened.size

    def rest(self) -> Iterator[Rows]:
        """After an interrupt: the fetches that were complete and waited for an older connection, a retry or the log."""
        if self._given:
            yield [*self._given]
            self._given.clear()
        if self.client_log is None:
            yield from self._waiting()
            return
        for chunk in self._tied(map(only_fetches, self._waiting())):
            yield [*chunk]

    def _tied(self, chunks: Iterator[list[Fetch]]) -> Iterator[list[Fetch]]:
        if self.client_log is None:
            return chunks
        return ([fetch] for fetch in self.client_log.tie(chain.from_iterable(chunks)))

    def stop(self) -> bool:
        """End the input here; a signal handler or another thread may call it. False when nothing is being read.

        What is over is judged, what is open is none of the rows: `still_open` tells it.
        """
        self.stopped = True
        if self._open is None:
            return False
        self._open.stop()
        return True

    def still_open(self) -> list[str]:
        """What was open when the reading was stopped, a line each."""
        lines = [still_open(fetch, silent) for fetch, silent in self.open]
        more = self.open_in_all - len(lines)
        return [*lines, f"open: {more:,} more"] if more else lines

    def _all(self) -> Iterator[Rows]:
        for name, capture, grows in self.inputs:
            if self.stopped:
                capture.close()
                return
            with closing(capture):
                self._open = capture
                self.captures += 1
                yield from self._fetches(name, capture, grows=grows)

    def _waiting(self) -> Iterator[Rows]:
        yield from self._released(NOTHING_OPEN)
        self.groups.end()
        yield from self._released(NOTHING_OPEN)

    def _fetches(self, name: str, capture: Readable, *, grows: bool) -> Iterator[Rows]:
        """The fetches of one capture; where keys stand behind packets that they open, it is read a second time."""
        self._keys, self._left, self._known = self._keys_of(capture, grows=grows), 0, 0
        yield from self._pass(name, capture, grows=grows)
        if self._keys is not None and self._keys.again and not self.stopped:
            self._keys.again, self._known = False, self._left
            if self.written is not None:
                self.written.begin()
            try:
                again: Readable = capture.reopened()  # type: ignore[attr-defined]  # it is of files
            except CaptureError as error:
                self.failures.append(error)
                return
            with closing(again):
                self._open = again
                yield from self._pass(name, again, grows=False)

    def _pass(self, name: str, capture: Readable, *, grows: bool) -> Iterator[Rows]:
        """Grouped and numbered: in order, unless somebody waits for them as it grows. It ends where keys say so."""
        engine, names, judging = self._begun(name, capture)
        leaving = self._policy(engine, names, judging) if grows else None
        for batch in engine.batches(*self._batch()):
            if self.stopped:
                judging.over = self._over
            judging.take(batch, capture.losses)
            if self._keys is not None and self._keys.again and not self.stopped:
                return
            self._judge_names(engine, names, judging, leaving)
            if self.progress is not None:
                self.progress(self.inputs.done + capture.frames.position, self.inputs.total)
            if leaving is not None:
                yield from self._wanted(leaving.looks(), judging)
                if leaving.begun:
                    continue
            oldest = min(engine.oldest_open(), names.oldest_open())
            yield from self._released(oldest)
            if judging.groups.holding():
                judging.groups.reach(min(engine.oldest_time(), names.oldest_time()))
                yield from self._released(oldest)
        self._judge_names(engine, names, judging, leaving, final=True)
        if leaving is not None and leaving.begun:
            yield from self._wanted(leaving.end(), judging)
        else:
            yield from self._waiting()
        self._account(name, capture, engine, judging)

    def _begun(self, name: str, capture: Readable) -> tuple[Engine, Names, Judging]:
        """What reads a capture, and judges."""
        from analyzer.fetch.names import Names
        from analyzer.reading.engine import Engine
        from analyzer.reading.judging import Judging

        self._engine = engine = Engine(capture.frames)
        if self.max_open:
            engine.table.allow(self.max_open)
        engine.table.reassembler.keys = self._keys
        names = Names()
        self.floods, order = Floods(), Order(MAX_HELD if self.written is None else MAX_WRITTEN)
        self._judging = judging = Judging(
            name, names, self.floods, order, show_queries=self.show_queries, kinds=self.kinds, lean=self.lean
        )
        judging.mine, judging.keep, judging.rows = self.mine, self.keep, self.written
        self.groups = judging.groups
        return engine, names, judging

    def _keys_of(self, capture: Readable, *, grows: bool) -> Store | None:
        """The keys of a capture, None where there are none, and none can come."""
        if self.sealed or not (self.keylogs or getattr(capture, "brings_secrets", False)):
            return None
        from analyzer.reading.keys import keys_of

        return keys_of(self.keylogs, capture, grows=grows)

    def _released(self, oldest_open: int) -> Iterator[Rows]:
        """The fetches whose rows are final, in chunks."""
        judging = self._judging
        while judging is not None and (judging.final or judging.release(oldest_open)):
            final, judging.final = judging.final, []
            keys = self._keys
            yield [*final] if keys is None or not keys.rereads else self._new(final, keys, judging.order)

    def _new(self, final: list[Fetch | Brief], keys: Store, order: Order) -> Rows:
        """Without those that have left when the capture was read for the first time."""
        known = min(self._known, len(final))
        self._known -= known
        if self.written is not None:
            for row in final[:known]:
                self.written.depot.take(row)  # type: ignore[arg-type]  # a Brief
        self._left += len(final) - known
        keys.gone = NOTHING_OPEN if order.overflowed else max(keys.gone, *(row.first_packet for row in final))
        return [*final[known:]]

    def _batch(self) -> tuple[int, ...]:
        """After how many frames to hand on what is final; in a stream also when none comes."""
        return ()

    def _wanted(self, leaving: Iterable[Fetch | Event], judging: Judging) -> Iterator[Rows]:
        """What leaves out of order, and is wanted; one by one, since what follows may change a row."""
        for row in leaving:
            if self.events if isinstance(row, Event) else judging.shows(row.kind):
                yield [row]

    def _policy(self, engine: Engine, names: Names, judging: Judging) -> Leaving:
        """How rows of a stream leave."""
        from analyzer.reading.leaving import Leaving

        def judge(fetch: Fetch) -> None:
            judging.prepare(fetch)
            judging.decide(fetch)

        kept = (judging.order, judging.groups, judging.floods)
        settle, mine = not self.events, self.mine or anybodys
        leaving = Leaving(engine, names, kept, judge, lean=self.lean, settle=settle, mine=mine)
        judging.again = leaving.again
        return leaving

    def _over(self, cut: list[Fetch]) -> list[Fetch]:
        """After a stop: the fetches that are over; the others are told as what is open."""
        from analyzer.reading.leaving import is_over

        assert self._judging is not None
        over = []
        for fetch in cut:
            self._judging.decide(fetch)
            if is_over(fetch):
                over.append(fetch)
            else:
                self._note_open(fetch)
        return over

    def _note_open(self, fetch: Fetch) -> None:
        self.open_in_all += 1
        if len(self.open) < MOST_OPEN_TOLD:
            self.open.append((fetch, fetch.connection.capture_end - fetch.connection.last_time))

    def _judge_names(
        self, engine: Engine, names: Names, judging: Judging, leaving: Leaving | None, *, final: bool = False
    ) -> None:
        """The names that were asked for in vain."""
        failed: Iterable[Fetch] = names.given_up()
        if engine.looking:
            failed = chain(failed, names.failures(engine.capture_end, engine.opened_since, engine.one_way, final=final))
        for fetch in filter(judging.is_mine, failed):
            judging.prepare(fetch)
            verdict = judging.decide(fetch)
            if leaving is not None and leaving.asked_again(fetch):
                continue
            if self.stopped and ("ongoing" in verdict.flags or not verdict.failed):
                self._note_open(fetch)
                continue
            judging.add(fetch)

    def _account(self, name: str, capture: Readable, engine: Engine, judging: Judging) -> None:
        from analyzer.reading.beyond import beyond

        self.packets += engine.frames_seen
        self.tcp_packets += engine.tcp_packets
        self.connections += engine.connections
        self.without_fetch += judging.without_fetch
        self.foreign += judging.foreign
        self.left_out += judging.floods.left_out + judging.names.wishes.left_out
        found = [*capture.warnings, *engine.warnings, *beyond(judging)]
        keys = engine.table.reassembler.keys
        found += keys.notes() if keys is not None else []
        if self.keylogs and self.captures == 1:
            from analyzer.keys.store import oddities

            found += oddities(self.keylogs)
        prefix = f"`{name}`" if len(self.sources) > 1 else ""
        self.warnings += [text if text.startswith(prefix) else f"{prefix}: {text}" for text in found]
        self.damaged |= bool(capture.damaged) or engine.partial


def _key_logs(paths: list[str]) -> list[KeyLog]:
    """All of them can be read; nothing is imported where there are none."""
    if not paths:
        return []
    from analyzer.keys.store import key_logs

    return key_logs(paths)


def _log(path: str | PathLike[str], warnings: list[str], show_queries: bool) -> ClientLog:
    from analyzer.clientlog.log import ClientLog

    return ClientLog(path, warnings, show_queries=show_queries)

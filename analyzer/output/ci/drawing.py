"""The packets of the worst failures as Mermaid diagrams, which GitHub and GitLab draw in Markdown."""

from __future__ import annotations

# not compiled: runs for a few fetches
from collections.abc import Iterable
from contextlib import closing
from typing import TYPE_CHECKING

from analyzer.text import safe
from analyzer.verdict.model import verdict_of

if TYPE_CHECKING:
    from analyzer.capture import CaptureSource
    from analyzer.fetch.model import Fetch
    from analyzer.output.ci.problem import Problem

MOST_DRAWN = 5
"""Failures that are drawn: who wants more opens the page, or the capture."""
MAX_KEPT = 500
"""Kinds of failures of which a fetch keeps its connection until it is known which are the worst; each takes 3 to 6 kB
(tcp/expiry.py)."""

Key = tuple[str, ...]


class Drawings:
    """Keeps a fetch of each kind of failure, and draws those of the worst when all is known.

    Captures are read once more for that.
    """

    def __init__(self) -> None:
        self.kept: dict[Key, Fetch] = {}

    def keep(self, fetch: Fetch) -> bool:
        """Whether the connection of a fetch is needed once more; asked when it is judged."""
        verdict = verdict_of(fetch)
        if not verdict.failed or fetch.kind != "fetch":
            return False
        key = (verdict.klass, verdict.cause, safe(fetch.name).lower(), str(fetch.flow.server_port), fetch.phase)
        if key in self.kept or len(self.kept) >= MAX_KEPT:
            return False
        self.kept[key] = fetch
        return True

    def draw(self, problems: Iterable[Problem], sources: Iterable[CaptureSource]) -> None:
        """Give the first problems their diagrams."""
        from analyzer.capture import open_capture
        from analyzer.output.ladder import ladders
        from analyzer.output.mermaid import mermaid

        wanted = {id(fetch): problem for problem, fetch in self._first(problems)}
        for source in sources:
            mine = [fetch for fetch in self.kept.values() if id(fetch) in wanted and fetch.file == source.name]
            if not mine:
                continue
            with closing(open_capture(source)) as again:
                for fetch, ladder in zip(mine, ladders(mine, again.frames), strict=True):
                    problem = wanted[id(fetch)]
                    problem.drawn, problem.diagram = f"fetch {fetch.number} of {safe(fetch.file)}", mermaid(ladder)

    def _first(self, problems: Iterable[Problem]) -> list[tuple[Problem, Fetch]]:
        """The worst of which a fetch was kept."""
        found = [(problem, self.kept.get(key_of(problem))) for problem in problems]
        return [(problem, fetch) for problem, fetch in found if fetch is not None][:MOST_DRAWN]


def key_of(problem: Problem) -> Key:
    """What a problem has in common with the fetch that was kept of it."""
    return (
        problem.klass,
        problem.cause,
        problem.text("name").lower(),
        problem.text("server_port"),
        problem.text("phase"),
    )

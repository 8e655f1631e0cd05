"""What is shown: patterns that pick verdicts (`rst`, `rst/rst-refused`, `*/tls-*`, `failed`), and conditions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from analyzer.errors import UsageError
from analyzer.fetch.model import Fetch
from analyzer.verdict.causes import CAUSES, FAMILIES, cause_of
from analyzer.verdict.model import CLASSES, FAILURES, verdict_of

if TYPE_CHECKING:
    from analyzer.cli.where import Where

FORMATS = ("table", "tsv", "csv", "jsonl")
"""In which groups can be written."""
WILD = re.compile(r"[*?[]")


class Selection:
    """Verdicts that match at least one of the patterns; no pattern at all selects everything.

    A pattern is CLASS or CLASS/CAUSE, either with the wildcards of a shell, or `failed` for every failure class.
    Several can stand in one word, separated by commas.
    """

    def __init__(self, words: Iterable[str], option: str) -> None:
        patterns = [pattern.strip() for word in words for pattern in word.split(",") if pattern.strip()]
        self.patterns: list[tuple[str, str]] = []
        for pattern in patterns:
            self.patterns += _split(pattern, option)

    def __bool__(self) -> bool:
        return bool(self.patterns)

    def matches(self, klass: str, cause: str) -> bool:
        """Whether a verdict is selected."""
        return not self.patterns or any(
            fnmatchcase(klass, wanted) and fnmatchcase(cause, cause_wanted) for wanted, cause_wanted in self.patterns
        )


class Choice:
    """Which fetches are shown: those that `--select` picks and `--ignore` does not, that fulfil all of `--where`."""

    def __init__(self, select: Selection, where: Where | None = None, ignore: Selection | None = None) -> None:
        self.select, self.where, self.ignore = select, where, ignore
        self.ignoring = bool(ignore)

    def __bool__(self) -> bool:
        return bool(self.select) or self.where is not None or self.ignoring

    def ignores(self, klass: str, cause: str) -> bool:
        """Whether nobody wants to hear of such verdicts: they are counted, and that is all."""
        return self.ignoring and self.ignore is not None and self.ignore.matches(klass, cause)

    def shows(self, fetch: Fetch) -> bool:
        """Whether the row is shown. One without a fetch has no verdict to be selected by."""
        if fetch.kind != "fetch":
            return not self.select and (self.where is None or self.where.holds(fetch))
        verdict = verdict_of(fetch)
        if not self._selects(verdict.klass, verdict.cause):
            return False
        return self.where is None or self.where.holds(fetch)

    def picks(self, row: Mapping[str, object]) -> bool:
        """The same of a row by column, as it was written."""
        if not self._selects(str(row["class"]), str(row["cause"] or "")):
            return False
        return self.where is None or self.where.holds_row(row)

    def _selects(self, klass: str, cause: str) -> bool:
        return self.select.matches(klass, cause) and not self.ignores(klass, cause)


def chosen(select: list[str] | None, where: list[str] | None, ignore: list[str] | None) -> Choice:
    """The choice that these options make."""
    picked, ignored = Selection(select or (), "--select"), Selection(ignore or (), "--ignore")
    if not where:
        return Choice(picked, None, ignored)
    from analyzer.cli.where import Where

    return Choice(picked, Where(where), ignored)


def groups_by(words: list[str] | None, stats: bool, form: str) -> tuple[str, ...]:
    """What rows are grouped by, () = they are not; UsageError where groups cannot be written in that format."""
    if not words and not stats:
        return ()
    option = "--stats" if stats else "--group-by"
    if form not in FORMATS:
        raise UsageError(
            f"`--format {form}` holds rows, not the groups of `{option}`", f"`--format` {', '.join(FORMATS)}"
        )
    from analyzer.cli.where import column_of
    from analyzer.output.grouping import HOST

    names = [name.strip() for word in words or [HOST] for name in word.split(",") if name.strip()]
    return tuple(dict.fromkeys([column_of(name, f"--group-by {name}") for name in names]))


def _split(pattern: str, option: str) -> list[tuple[str, str]]:
    klass, _, cause = pattern.partition("/")
    if klass != "failed" and not any(fnmatchcase(name, klass) for name in CLASSES):
        raise UsageError(f"`{option} {pattern}`: no class is called `{klass}`", _class_hint(klass))
    if cause and not WILD.search(cause) and not _is_cause(cause):
        from difflib import get_close_matches

        near = get_close_matches(cause, CAUSES, 1, 0.6)
        hint = f"did you mean `{klass}/{near[0]}`?" if near else "`whyfetch signatures` lists them"
        raise UsageError(f"`{option} {pattern}`: no cause is called `{cause}`", hint)
    if klass == "failed":
        return [(name, cause or "*") for name in sorted(FAILURES)]
    return [(klass, cause or "*")]


def _is_cause(cause: str) -> bool:
    return cause in CAUSES or any(cause.startswith(f"{family}-") for family in FAMILIES)


def _class_hint(klass: str) -> str:
    """A cause stands behind its class; a class may be misspelt."""
    from difflib import get_close_matches

    if _is_cause(klass):
        return f"did you mean `{cause_of(klass).klass}/{klass}`?"
    near = get_close_matches(klass, ["failed", *CLASSES], 1, 0.6)
    return f"{f'did you mean `{near[0]}`? ' if near else ''}classes: failed, {', '.join(CLASSES)}"

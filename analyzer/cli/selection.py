"""What is shown: patterns that pick verdicts (`rst`, `rst/rst-refused`, `*/tls-*`, `failed`), and conditions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from analyzer.cli.where import Where, column_of
from analyzer.errors import UsageError
from analyzer.fetch.model import Fetch
from analyzer.output.grouping import HOST
from analyzer.verdict.model import CLASSES, FAILURES, verdict_of

FORMATS = ("table", "csv", "jsonl")
"""In which groups can be written."""


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
    """Which fetches are shown: those that `--select` picks, that fulfil all of `--where`, and are not of `--ignore`."""

    def __init__(self, select: Selection, where: Where, ignore: Selection) -> None:
        self.select, self.where, self.ignore = select, where, ignore
        self.selecting, self.asking, self.ignoring = bool(select), bool(where), bool(ignore)

    def __bool__(self) -> bool:
        return self.selecting or self.asking or self.ignoring

    def ignores(self, klass: str, cause: str) -> bool:
        """Whether nobody wants to hear of such verdicts: they are counted, and that is all."""
        return self.ignoring and self.ignore.matches(klass, cause)

    def shows(self, fetch: Fetch) -> bool:
        """Whether the row is shown. One without a fetch has no verdict to be selected by."""
        if fetch.kind != "fetch":
            return not self.selecting and (not self.asking or self.where.holds(fetch))
        verdict = verdict_of(fetch)
        if self.ignores(verdict.klass, verdict.cause):
            return False
        if self.selecting and not self.select.matches(verdict.klass, verdict.cause):
            return False
        return not self.asking or self.where.holds(fetch)

    def picks(self, row: Mapping[str, object]) -> bool:
        """The same of a row by column, as it was written."""
        klass, cause = str(row["class"]), str(row["cause"] or "")
        if self.ignores(klass, cause) or not self.select.matches(klass, cause):
            return False
        return not self.asking or self.where.holds_row(row)


def chosen(select: Iterable[str] | None, where: Iterable[str] | None, ignore: Iterable[str] | None) -> Choice:
    """The choice that these options make."""
    return Choice(Selection(select or (), "--select"), Where(where or ()), Selection(ignore or (), "--ignore"))


def groups_by(words: Iterable[str], stats: bool, form: str) -> tuple[str, ...]:
    """What rows are grouped by, () = they are not; UsageError where groups cannot be written in that format."""
    by = columns_of(words, "--group-by") or ((HOST,) if stats else ())
    if by and form not in FORMATS:
        option = "--stats" if stats else "--group-by"
        raise UsageError(
            f"`--format {form}` holds rows, not the groups of `{option}`", f"`--format` {', '.join(FORMATS)}"
        )
    return by


def columns_of(words: Iterable[str], option: str) -> tuple[str, ...]:
    """Columns that are named, several in a word separated by commas; each once."""
    names = [name.strip() for word in words for name in word.split(",") if name.strip()]
    return tuple(dict.fromkeys([column_of(name, f"{option} {name}") for name in names]))


def _split(pattern: str, option: str) -> list[tuple[str, str]]:
    klass, _, cause = pattern.partition("/")
    if klass == "failed":
        return [(name, cause or "*") for name in sorted(FAILURES)]
    if not any(fnmatchcase(name, klass) for name in CLASSES):
        known = ", ".join(CLASSES)
        raise UsageError(f"`{option} {pattern}`: no class is called `{klass}`", f"classes: failed, {known}")
    return [(klass, cause or "*")]

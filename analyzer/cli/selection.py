"""Patterns that pick verdicts: `rst`, `rst/rst-refused`, `*/tls-*`, `failed`."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from analyzer.errors import UsageError
from analyzer.verdict.model import CLASSES, FAILURES


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


def _split(pattern: str, option: str) -> list[tuple[str, str]]:
    klass, _, cause = pattern.partition("/")
    if klass == "failed":
        return [(name, cause or "*") for name in sorted(FAILURES)]
    if not any(fnmatchcase(name, klass) for name in CLASSES):
        known = ", ".join(CLASSES)
        raise UsageError(f"`{option} {pattern}`: no class is called `{klass}`", f"classes: failed, {known}")
    return [(klass, cause or "*")]

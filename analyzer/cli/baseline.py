"""`--baseline`, and the patterns of `--fail-on` that are about it: `new:rst`, `new:tls-*`."""

from __future__ import annotations

# not compiled: runs once a command
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.cli.selection import Selection
from analyzer.errors import UsageError
from analyzer.verdict.model import FAILURES

if TYPE_CHECKING:
    from analyzer.output.ci.baseline import Baseline

NEW = "new"


def gates(words: list[str], path: Path | None) -> tuple[Selection, Baseline | None]:
    """What `--fail-on` says of any verdict, and the baseline with what it says of new ones.

    words   values of `--fail-on`, each with patterns separated by commas
    Raises UsageError for a pattern that cannot match, `new:` without a baseline, and a baseline that cannot be read.
    """
    patterns = [pattern.strip() for word in words for pattern in word.split(",") if pattern.strip()]
    new = [pattern.partition(":")[2] for pattern in patterns if _is_new(pattern)]
    always = Selection([pattern for pattern in patterns if not _is_new(pattern)], "--fail-on")
    fails = Selection(new, "--fail-on") if new else None
    if fails is not None and path is None:
        raise UsageError(f"`--fail-on {NEW}:{new[0]}` compares with a baseline", "`--baseline FILE.jsonl`")
    for pattern in new:
        klass = pattern.partition("/")[0]
        if klass != "failed" and not any(fnmatchcase(name, klass) for name in FAILURES):
            raise UsageError(f"`--fail-on {NEW}:{pattern}` names no failure", "the baseline is about failures only")
    if path is None:
        return always, None
    from analyzer.output.ci.baseline import load

    baseline = load(path)
    baseline.fails = None if fails is None else fails.matches
    return always, baseline


def _is_new(pattern: str) -> bool:
    """Whether a pattern is about new failures; UsageError for another word in front of a colon."""
    word, colon, _ = pattern.partition(":")
    if colon and word != NEW:
        raise UsageError(f"`--fail-on {pattern}`: `{word}` is no state of a failure", f"`{NEW}:` is")
    return bool(colon)

"""The `=>` lines of a case: what the verdict of each fetch must be (tests/cases/README.md)."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.pkt.model import Timeline
from analyzer.pkt.words import split


@dataclass(frozen=True)
class Expected:
    """A `=>` line: what the verdict of one fetch must be; None = not demanded.

    columns: cells of the row that must be so; says: pieces of the summary
    """

    klass: str
    cause: str = ""
    confidence: str | None = None
    evidence: tuple[tuple[int, str], ...] = ()
    flags: tuple[str, ...] = ()
    missing: str | None = None
    columns: tuple[tuple[str, str], ...] = ()
    says: tuple[str, ...] = ()


def expected(case: Timeline) -> tuple[Expected, ...]:
    """Of each fetch, in order."""
    return tuple(_expected(split(verdict)) for verdict in case.verdicts)


def _expected(words: list[str]) -> Expected:
    """One line."""
    klass, _, cause = words[0].partition("/")
    confidence, missing, flags, evidence, into_flags = None, None, [], [], False
    columns, says = [], []
    rest = iter(words[1:])
    for word in rest:
        if word in ("low", "medium", "high"):
            confidence = word
        elif word == "missing:":
            missing, into_flags = next(rest), False
        elif word == "flags:":
            into_flags = True
        elif word == "says":
            says.append(next(rest))
        elif "=" in word:
            column, _, value = word.partition("=")
            columns.append((column, value))
        elif word.partition(":")[0].isdigit():
            number, _, what = word.partition(":")
            evidence.append((int(number), what))
            into_flags = False
        elif into_flags:
            flags.append(word)
        else:
            raise ValueError(f"unknown word `{word}`")
    return Expected(klass, cause, confidence, tuple(evidence), tuple(flags), missing, tuple(columns), tuple(says))

"""What the shell's Tab key offers for values: verdicts, causes, columns, formats, sources, interfaces.

typer asks when its variable `_WHYFETCH_COMPLETE` is set, and at no other time: everything is imported then.
"""

from __future__ import annotations

from collections.abc import Iterable


def verdicts(incomplete: str) -> list[str]:
    """Classes, and the causes of the class that is typed; behind a comma again."""
    from analyzer.verdict.causes import FAMILIES, TABLE
    from analyzer.verdict.model import CLASSES

    done, word = _last(incomplete)
    found = _fitting([*CLASSES, "failed"], word)
    if len(found) < 2:
        names = [f"{cause.klass}/{cause.id}{'-*' if cause.id in FAMILIES else ''}" for cause in TABLE]
        found += _fitting(names, word)
    return [done + name for name in found]


def gates(incomplete: str) -> list[str]:
    """The same, and `new:` before it."""
    from analyzer.cli.baseline import NEW

    done, word = _last(incomplete)
    new = f"{NEW}:"
    if word.startswith(new):
        return [done + new + name for name in verdicts(word.removeprefix(new))]
    return [*verdicts(incomplete), *(done + name for name in _fitting([new], word))]


def documented(incomplete: str) -> list[str]:
    """What has a page of its own, and the classes."""
    from analyzer.verdict.catalog import catalogue, title
    from analyzer.verdict.causes import CAUSES
    from analyzer.verdict.model import CLASSES

    titles = [name for name in map(title, catalogue().values()) if name.islower()]
    return _fitting(dict.fromkeys([*CAUSES, *titles, *CLASSES[:6]]), incomplete)


def columns(incomplete: str) -> list[str]:
    """Columns of a row, and `host`; behind a comma again."""
    done, word = _last(incomplete)
    return [done + name for name in _fitting(_columns(), word)]


def conditions(incomplete: str) -> list[str]:
    """Columns with the operator that all of them have."""
    return [f"{name}=" for name in _fitting(_columns(), incomplete)]


def row_formats(incomplete: str) -> list[str]:
    """Formats that are written a row at a time, and those for CI."""
    from analyzer.cli.capturing import FORMATS

    return _fitting(FORMATS, incomplete)


def sources(incomplete: str) -> list[str]:
    """What captures."""
    from analyzer.capture.live.choose import SOURCES

    return _fitting(SOURCES, incomplete)


def interfaces(incomplete: str) -> list[str]:
    """`any`, and the interfaces of this machine."""
    import socket

    from analyzer.capture.live.interfaces import ANY

    return _fitting([ANY, *(name for _, name in socket.if_nameindex() if name.isprintable())], incomplete)


def _columns() -> list[str]:
    from analyzer.output.columns import COLUMNS
    from analyzer.output.grouping import HOST

    return [*COLUMNS, HOST]


def _last(incomplete: str) -> tuple[str, str]:
    """What is complete, with its comma, and what is not yet."""
    done, comma, word = incomplete.rpartition(",")
    return done + comma, word


def _fitting(names: Iterable[str], word: str) -> list[str]:
    return [name for name in names if name.startswith(word)]

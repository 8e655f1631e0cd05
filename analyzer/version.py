"""Which whyfetch this is."""

from __future__ import annotations


def version() -> str:
    """The version, `(not installed)` when it runs from its sources."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("whyfetch")
    except PackageNotFoundError:
        return "(not installed)"


def engine() -> str:
    """`compiled` or `interpreted`."""
    from analyzer.compiled import is_compiled

    return "compiled" if is_compiled("analyzer.reading.engine") else "interpreted"

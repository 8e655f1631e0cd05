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
    from importlib.util import find_spec

    found = find_spec("analyzer.wire.engine")
    return "compiled" if found and found.origin and not found.origin.endswith(".py") else "interpreted"

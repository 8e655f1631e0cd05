"""whyfetch: says why a fetch failed, from a packet capture.

`classify()` gives a pandas DataFrame, a row a fetch; `read()` iterates over Fetch objects with their Verdict.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from analyzer.compiled import install

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

    from analyzer.api import Reading, classify, read
    from analyzer.errors import AnalyzerError, CaptureError
    from analyzer.fetch.model import Fetch
    from analyzer.output.columns import COLUMNS, Row
    from analyzer.verdict.model import Evidence, Verdict

__all__ = [
    "COLUMNS",
    "AnalyzerError",
    "CaptureError",
    "Evidence",
    "Fetch",
    "Reading",
    "Row",
    "Verdict",
    "classify",
    "read",
]

_HOME = {
    "AnalyzerError": "analyzer.errors",
    "CaptureError": "analyzer.errors",
    "COLUMNS": "analyzer.output.columns",
    "Evidence": "analyzer.verdict.model",
    "Fetch": "analyzer.fetch.model",
    "Reading": "analyzer.api",
    "Row": "analyzer.output.columns",
    "Verdict": "analyzer.verdict.model",
    "classify": "analyzer.api",
    "read": "analyzer.api",
}


class _WithoutCython:
    """Gives interpreted modules the names of Cython's types where Cython is not installed: asked after all others."""

    @staticmethod
    def find_spec(name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        if name != "cython":
            return None
        from importlib.util import spec_from_file_location

        return spec_from_file_location(name, f"{__path__[0]}/uncompiled.py")


sys.meta_path.append(_WithoutCython)
install(__path__[0])


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: `whyfetch --help` pays for none of them."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

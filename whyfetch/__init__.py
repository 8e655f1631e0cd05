"""The Python interface under the name that is installed: `whyfetch.classify()` is `analyzer.classify()`.

`classify()` gives a pandas DataFrame, a row a fetch; `read()` iterates over Fetch objects with their Verdict.
"""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analyzer import (
        COLUMNS,
        AnalyzerError,
        CaptureError,
        Evidence,
        Fetch,
        Reading,
        Row,
        Verdict,
        classify,
        read,
    )

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


def _import_analyzer() -> Any:
    """The package beside this one: with `import` an `analyzer.py` in the user's folder would come first."""
    path = Path(__file__).resolve().parents[1] / "analyzer" / "__init__.py"
    present = sys.modules.get("analyzer")
    if present is not None:
        theirs = present.__file__ or ""
        if Path(theirs).resolve() != path:
            raise ImportError(f"whyfetch needs the module name `analyzer`, which {theirs} has in this process")
        return present
    spec = spec_from_file_location("analyzer", path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["analyzer"] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_analyzer = _import_analyzer()


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_analyzer, name)


def __dir__() -> list[str]:
    return sorted(__all__)

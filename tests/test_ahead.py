"""What is asked for ahead (analyzer/model/ahead.py) is all of each thing, and no line more."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from types import ModuleType

import pytest

import analyzer.fetch.ahead
import analyzer.model.ahead
import analyzer.verdict.ahead
from analyzer.compiled import is_compiled
from analyzer.fetch.flow import Flow
from analyzer.fetch.model import Fetch
from analyzer.model.connection import Connection, Event, Side
from analyzer.model.http import Exchange
from analyzer.model.tls import Tls
from analyzer.verdict.brief import Brief
from analyzer.verdict.model import Evidence, Verdict
from analyzer.verdict.turn import Turn

LINE = 64
PLACES = [
    *((analyzer.model.ahead, kind) for kind in (Connection, Side, Tls, Exchange, Event)),
    *((analyzer.fetch.ahead, kind) for kind in (Fetch, Flow, Verdict)),
    *((analyzer.verdict.ahead, kind) for kind in (Turn, Brief, Evidence)),
]


def numbers(module: ModuleType) -> dict[str, int]:
    """The constants of a module by its text: compiled they are numbers of C."""
    found = {}
    for node in ast.parse(Path(inspect.getsourcefile(module) or module.__file__ or "").read_text()).body:
        if isinstance(node, ast.Assign):
            names = node.targets[0]
            values = node.value
            if isinstance(names, ast.Tuple) and isinstance(values, ast.Tuple):
                found |= {ast.unparse(n): ast.literal_eval(v) for n, v in zip(names.elts, values.elts, strict=True)}
    return found


@pytest.mark.skipif(
    not is_compiled("analyzer.model.connection"), reason="needs the compiled modules: make test builds them"
)
def test_a_side_is_small() -> None:
    """With the collector's header it fits into the 512 bytes that Python's own allocator gives."""
    assert Side.__basicsize__ <= 512 - 16


@pytest.mark.skipif(
    not is_compiled("analyzer.model.connection"), reason="needs the compiled modules: make test builds them"
)
@pytest.mark.parametrize(("module", "kind"), PLACES, ids=lambda one: one.__name__)
def test_sizes(module: ModuleType, kind: type) -> None:
    """By the size of the compiled object, which a field more may push over a line."""
    asked = numbers(module)[kind.__name__.upper()]
    assert kind.__basicsize__ <= asked < kind.__basicsize__ + LINE

# not compiled: it stands in for the compiler
"""What `import cython` gives in an installation without Cython: interpreted modules name its types and need none.

Cython itself has the same (`Cython/Shadow.py`), with a compiler of 17 MB around it. Where it is installed it is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

_T = TypeVar("_T")

compiled = False

bint = bool
double = float
char = uchar = short = ushort = int_ = uint = long = ulong = longlong = ulonglong = Py_ssize_t = size_t = int
Py_UCS4 = p_char = str
void = type(None)


def _same(decorated: _T) -> _T:
    """A decorator that only the compiler heeds."""
    return decorated


def _decorator(*_values: object, **_options: object) -> Callable[[_T], _T]:
    """A decorator with arguments that only the compiler heeds."""
    return _same


cclass = cfunc = ccall = final = inline = no_gc = _same
boundscheck = cdivision = exceptval = locals = returns = wraparound = _decorator  # noqa: A001


def cast(kind: Callable[[Any], _T], value: object) -> _T:
    """The value as that type."""
    return kind(value)


def __getattr__(name: str) -> Any:
    """`cython.int`: the name is Python's own, and is used as that above."""
    if name == "int":
        return int
    raise AttributeError(f"no name `{name}` without Cython")

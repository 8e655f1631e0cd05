"""What mypy sees of Cython's pure Python mode: C integers are ints, decorators leave functions as they are."""

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

_F = TypeVar("_F", bound=Callable[..., Any])

Py_ssize_t: TypeAlias = int
Py_UCS4: TypeAlias = str
bint: TypeAlias = bool
char: TypeAlias = int
uchar: TypeAlias = int
short: TypeAlias = int
ushort: TypeAlias = int
int: TypeAlias = int  # noqa: A001
uint: TypeAlias = int
long: TypeAlias = int
longlong: TypeAlias = int
ulonglong: TypeAlias = int
double: TypeAlias = float
compiled: bool
p_char: type[Any]

def cfunc(f: _F) -> _F: ...
def ccall(f: _F) -> _F: ...
def inline(f: _F) -> _F: ...
def final(f: _F) -> _F: ...
def exceptval(value: object = ..., *, check: bool = ...) -> Callable[[_F], _F]: ...
def returns(kind: object) -> Callable[[_F], _F]: ...
def locals(**kinds: object) -> Callable[[_F], _F]: ...  # noqa: A001
def cast(kind: Any, value: object) -> Any: ...
def boundscheck(on: bool) -> Callable[[_F], _F]: ...
def wraparound(on: bool) -> Callable[[_F], _F]: ...

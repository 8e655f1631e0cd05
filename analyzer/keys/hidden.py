"""Classes that hold secrets say nothing of them, in whatever a debugger, an error or a log prints."""

from __future__ import annotations

from typing import Any, TypeVar

_T = TypeVar("_T", bound="Shared")


class Hidden:
    """A class whose `repr` is its name alone."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class Shared(Hidden):
    """One that stays the same: connections are copied while they are open (`deepcopy`), and their keys are not."""

    def __deepcopy__(self: _T, memo: dict[int, Any]) -> _T:
        return self

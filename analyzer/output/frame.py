"""The rows as a pandas data frame, and as Parquet."""

from __future__ import annotations

# not compiled: column-wise work is done by pandas
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from analyzer.errors import MissingError, UsageError
from analyzer.fetch.model import Fetch
from analyzer.output.columns import COLUMNS, TYPES
from analyzer.output.row import values

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


def data_frame(fetches: Iterable[Fetch]) -> pd.DataFrame:
    """A row a fetch; columns and dtypes are the same for any number of rows, none included. MissingError: no pandas."""
    try:
        import pandas as pd
    except ImportError:
        raise MissingError("a data frame", "pandas", "pandas") from None

    cells: list[list[object]] = [[] for _ in COLUMNS]
    start = COLUMNS.index("start")
    for fetch in fetches:
        row = values(fetch)
        row[start] = fetch.start  # as an integer, which pandas keeps to the nanosecond
        for column, value in zip(cells, row, strict=True):
            column.append(value)
    return pd.DataFrame({name: _series(name, column) for name, column in zip(COLUMNS, cells, strict=True)})


def _series(name: str, cells: list[Any]) -> pd.Series[Any]:
    import pandas as pd

    if name == "start":
        return pd.Series(pd.to_datetime(pd.Series(cells, dtype="int64"), unit="ns", utc=True)).astype(
            "datetime64[ns, UTC]"
        )
    if TYPES[name].startswith("float"):
        return pd.Series(cells, dtype="float64")
    if TYPES[name].startswith("int"):
        return pd.Series(cells, dtype="Int64")
    return pd.Series(cells, dtype="str")


def write_parquet(fetches: Iterable[Fetch], path: Path, check: Callable[[], None]) -> None:
    """Write the rows as Parquet; raises MissingError without pandas and pyarrow, which are optional packages.

    `check` runs when all is read and nothing is written yet; what it raises keeps the file from being written.
    """
    for package in ("pyarrow", "pandas"):
        if find_spec(package) is None:
            raise MissingError("`--format parquet`", package, "parquet")
    frame = data_frame(fetches)
    check()
    try:
        frame.to_parquet(path, index=False)
    except OSError as error:
        raise UsageError(f"cannot write `{path}`: {(error.strerror or str(error)).lower()}") from None

"""From captures to fetches with verdicts: what scripts, notebooks and the command line stand on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os import PathLike
from typing import TYPE_CHECKING

from analyzer.errors import ExitStatus
from analyzer.fetch.model import Fetch
from analyzer.reading.inputs import Paths
from analyzer.reading.reading import Progress, Reading
from analyzer.reading.rows import Rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Paths", "Progress", "Reading", "Rows", "classify", "read"]


def read(
    paths: Paths,
    *,
    kinds: bool = False,
    show_queries: bool = False,
    progress: Progress | None = None,
    client_log: str | PathLike[str] | None = None,
    keylogs: Iterable[str | PathLike[str]] = (),
) -> Iterator[Fetch]:
    """Iterate over the fetches of captures, each with its verdict.

    paths      a file, a directory, a glob, `-` for standard input, or several of them
    kinds      True: also connections that carried no fetch (see `Fetch.kind`)
    show_queries  True: sentences show query, fragment, user and password of a request's target; `Fetch.target` has
               them in any case, `Fetch.shown(target)` says what may be shown
    progress   called now and then with bytes read and bytes in all (0 = unknown)
    client_log  what a client printed, a file: each fetch has in `client_said` the lines that speak of it; no verdict
               comes from them. Fetches then wait for the end of the reading (analyzer.clientlog.match).
    keylogs    files with the keys of TLS connections (SSLKEYLOGFILE): what they carry is read as plain HTTP is
               (docs/decryption.md)

    Order and memory: see Reading, which also tells warnings and damage. Raises CaptureError when nothing is readable.
    """
    reading = Reading(
        paths, kinds=kinds, show_queries=show_queries, progress=progress, client_log=client_log, keylogs=keylogs
    )
    yield from reading
    if reading.failures and not reading.captures:
        raise reading.failures[0]


def classify(
    paths: Paths,
    *,
    kinds: bool = False,
    show_queries: bool = False,
    progress: Progress | None = None,
    client_log: str | PathLike[str] | None = None,
    keylogs: Iterable[str | PathLike[str]] = (),
) -> pd.DataFrame:
    """The fetches of captures as a data frame, a row each, with the columns of docs/columns.md.

    Queries, fragments, users and passwords are cut out of targets unless `show_queries` (docs/content.md).
    `start` is datetime64[ns, UTC], exact; numbers that can be unknown are Int64, seconds float64 with NaN, the rest
    strings with "" for unknown. No capture without a fetch changes columns or types. Raises CaptureError when nothing
    is readable; `frame.attrs` has `warnings` (list of str), `damaged` (bool) and, with a client log, `client_log` (a
    dict: how many of its lines were tied, and which were not).
    """
    from analyzer.output.frame import data_frame

    reading = Reading(
        paths, kinds=kinds, show_queries=show_queries, progress=progress, client_log=client_log, keylogs=keylogs
    )
    frame = data_frame(reading)
    if reading.failures and not reading.captures:
        raise reading.failures[0]
    frame.attrs["warnings"] = [*reading.warnings, *(error.message for error in reading.failures)]
    frame.attrs["damaged"] = reading.exit_status is ExitStatus.DAMAGED
    if reading.client_log is not None:
        frame.attrs["client_log"] = reading.client_log.counts()
    return frame

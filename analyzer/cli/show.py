"""`whyfetch show`: one fetch as a timeline, with the rule that fired and those that nearly did."""

from __future__ import annotations

import shutil
import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from analyzer.cli.options import CLIENT_LOG, KEYLOG, SECOND_OPINION, SHOW_QUERIES
from analyzer.errors import UsageError

CAPTURE = typer.Argument(
    metavar="CAPTURE", help="One capture file, a timeline, or the directory of a rotated set.", show_default=False
)
NUMBER = typer.Argument(
    metavar="[N]",
    min=1,
    help="Its number, as `whyfetch classify` shows it. Default: the only one that failed.",
    show_default=False,
)
STREAM = typer.Option("--stream", metavar="S", min=0, help="Instead of N: the fetch on Wireshark's tcp.stream S.")


def show(
    capture: Annotated[str, CAPTURE],
    number: Annotated[int | None, NUMBER] = None,
    stream: Annotated[int | None, STREAM] = None,
    client_log: Annotated[Path | None, CLIENT_LOG] = None,
    keylog: Annotated[list[Path] | None, KEYLOG] = None,
    show_queries: Annotated[bool, SHOW_QUERIES] = False,
    second_opinion: Annotated[bool, SECOND_OPINION] = False,
) -> int:
    """Show one fetch: its packets, the proving ones marked, why this verdict and no other, and what to do.

    Example: whyfetch show trace.pcapng 3
    """
    from analyzer.capture import open_capture
    from analyzer.cli import messages
    from analyzer.cli.checking import Second
    from analyzer.cli.output import Output
    from analyzer.cli.pick import pick, source_of
    from analyzer.output.show import Page
    from analyzer.tcp.trace import Trace
    from analyzer.verdict.explain import explain

    not_both(number, stream)
    source = source_of(capture, "show")
    second = Second() if second_opinion else None
    fetch, status = pick(
        source, number, stream, client_log, command="show", show_queries=show_queries, keylogs=keylog or []
    )
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    page = Page(fetch, explain(fetch), source.paths[0], columns, messages.coloured(sys.stdout, "auto"))
    with closing(open_capture(source)) as again, Output(None) as out:
        for line in page.lines(Trace(fetch.connection).packets(again.frames)):
            out.write(line + "\n")
        return (second.write(out, source, fetch, columns) if second is not None else 0) or status


def not_both(number: int | None, stream: int | None) -> None:
    """One of the two says which fetch is meant."""
    if number is not None and stream is not None:
        raise UsageError("a number and `--stream` are two ways to say which fetch", "leave one of them out")

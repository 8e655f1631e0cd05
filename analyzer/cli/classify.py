"""`whyfetch classify`: captures in, a line a fetch out, and a summary."""

from __future__ import annotations

import sys
from contextlib import suppress
from enum import StrEnum
from os.path import isfile
from pathlib import Path
from typing import Annotated

import typer

from analyzer.cli.formats import Format, format_of, where_to
from analyzer.cli.options import (
    ALL,
    BASELINE,
    CHECK,
    CLIENT_LOG,
    COLOUR,
    FAIL_ON,
    GROUP_BY,
    IGNORE,
    KEYLOG,
    MAX_OPEN,
    OUTPUT,
    SELECT,
    SETTLE,
    SHOW_QUERIES,
    STATS,
    WHERE,
)
from analyzer.cli.selection import chosen, groups_by
from analyzer.errors import UsageError


class Colour(StrEnum):
    """When to colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def classify(
    captures: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CAPTURE...",
            help="Files (pcap, pcapng, timelines), directories, globs, - for standard input.",
            show_default=False,
        ),
    ] = None,
    read: Annotated[list[str] | None, typer.Option("-r", "--read", hidden=True, metavar="CAPTURE")] = None,
    form: Annotated[
        Format | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="table, tsv, csv, jsonl, parquet; for CI github, gitlab, junit, markdown, sarif.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        OUTPUT,
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over FILE.")] = False,
    select: Annotated[list[str] | None, SELECT] = None,
    where: Annotated[list[str] | None, WHERE] = None,
    ignore: Annotated[list[str] | None, IGNORE] = None,
    group_by: Annotated[list[str] | None, GROUP_BY] = None,
    stats: Annotated[bool, STATS] = False,
    fail_on: Annotated[
        list[str] | None,
        FAIL_ON,
    ] = None,
    baseline: Annotated[Path | None, BASELINE] = None,
    client_log: Annotated[Path | None, CLIENT_LOG] = None,
    keylog: Annotated[list[Path] | None, KEYLOG] = None,
    everything: Annotated[bool, ALL] = False,
    show_queries: Annotated[bool, SHOW_QUERIES] = False,
    follow: Annotated[bool, typer.Option("--follow", help="Read on while the file grows, until Ctrl-C.")] = False,
    settle: Annotated[bool, SETTLE] = False,
    max_open: Annotated[int | None, MAX_OPEN] = None,
    check: Annotated[bool, CHECK] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No summary, no warnings, no progress bar.")] = False,
    colour: Annotated[Colour, COLOUR] = Colour.AUTO,
) -> int:
    """Say of every fetch in captures whether it failed, why, and which packets prove it.

    Rows go to standard output, everything else to standard error. docs/cli.md says more.

    \b
    Examples:
      whyfetch classify -o fetches.csv trace.pcapng
      whyfetch classify --where 'status>=500' --group-by host trace.pcapng
      whyfetch classify --client-log build.log trace.pcapng
      tcpdump -i eth0 -U -w - | whyfetch classify -
    """
    from analyzer.cli.baseline import gates
    from analyzer.cli.checking import checking
    from analyzer.cli.job import Job
    from analyzer.output.ci import holds_rows

    paths = [*(captures or []), *(read or [])]
    if not paths:
        raise UsageError("no capture given", "`whyfetch classify trace.pcapng`, or `-` for standard input")
    if "-" in paths and sys.stdin.isatty():
        raise UsageError("standard input is a terminal, not a capture", "`tcpdump -U -w - | whyfetch classify -`")
    if follow and (len(paths) > 1 or not isfile(paths[0])):  # noqa: PTH113
        raise UsageError("`--follow` takes one file that is being written", "`whyfetch classify --follow trace.pcap`")
    output = where_to(output)
    if output is not None:
        others = (client_log, baseline, *(keylog or []))
        check_output(output, [*paths, *(str(path) for path in others if path is not None)], force)
    choice = chosen(select, where, ignore)
    failing, before = gates(fail_on or [], baseline, choice)
    written = format_of(form, output)
    grouped = groups_by(group_by, stats, written)
    if holds_rows(paths[0]):
        from analyzer.cli.again import Again

        return int(Again(paths, written, output, choice, failing, quiet).run(before))
    job = Job(
        paths,
        form=written,
        output=output,
        choice=choice,
        group_by=grouped,
        stats=stats,
        fail_on=failing,
        baseline=before,
        everything=everything,
        quiet=quiet,
        colour=str(colour),
        client_log=client_log,
        keylogs=keylog or [],
        show_queries=show_queries,
        max_open=max_open or 0,
        follow=follow,
        settle=settle,
        check=checking(paths, follow) if check else None,
    )
    return int(job.run())


def check_output(output: Path, captures: list[str], force: bool) -> None:
    """Refuse to write over anything unasked, and over a file that is being read in any case."""
    if not isfile(output):  # noqa: PTH113  (Path raises for a name that is too long); /dev/stdout and pipes may be written to
        return
    for capture in captures:
        with suppress(OSError):
            if output.samefile(capture):
                raise UsageError(f"`{output}` is a file that is read", "name another output file")
    if not force:
        raise UsageError(f"`{output}` exists", "`--force` writes over it")

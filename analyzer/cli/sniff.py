"""`whyfetch sniff`: an interface in, a line a fetch out while it goes on, and a summary."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from analyzer.cli import completion
from analyzer.cli.classify import Colour, check_output
from analyzer.cli.formats import where_to
from analyzer.cli.options import (
    ALL,
    BASELINE,
    CLIENT_LOG,
    COLOUR,
    FAIL_ON,
    GROUP_BY,
    IGNORE,
    KEYLOG,
    MAX_OPEN,
    OUTPUT,
    RING,
    SELECT,
    SETTLE,
    SHOW_QUERIES,
    SNAPLEN,
    SOURCE,
    STATS,
    WHERE,
)
from analyzer.cli.selection import chosen, groups_by


def sniff(
    streams: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-]", help="- reads a capture from standard input instead.", show_default=False),
    ] = None,
    interfaces: Annotated[
        list[str] | None,
        typer.Option(
            "-i",
            "--interface",
            metavar="IFACE",
            help="Interface to watch, or any. Repeat for several.",
            autocompletion=completion.interfaces,
        ),
    ] = None,
    bpf: Annotated[
        str, typer.Option("-f", "--filter", metavar="BPF", help="Capture filter of libpcap: 'tcp port 443'.")
    ] = "",
    write: Annotated[
        Path | None, typer.Option("-w", "--write", metavar="FILE", help="Write the packets to FILE (pcapng) as well.")
    ] = None,
    ring: Annotated[str | None, RING] = None,
    snaplen: Annotated[int, SNAPLEN] = 0,
    duration: Annotated[
        str | None, typer.Option("--duration", metavar="TIME", help="Stop after TIME: 30, 30s, 5m, 1h.")
    ] = None,
    count: Annotated[
        int | None, typer.Option("-c", "--count", metavar="N", min=1, help="Stop after N packets.")
    ] = None,
    source: Annotated[str, SOURCE] = "",
    promiscuous: Annotated[
        bool, typer.Option("--promiscuous", help="Packets for others too: on a mirror port.")
    ] = False,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="table, tsv, csv, jsonl; at the end one for CI.",
            show_default=False,
            autocompletion=completion.row_formats,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        OUTPUT,
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over the files of -o and -w.")] = False,
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
    max_open: Annotated[int | None, MAX_OPEN] = None,
    settle: Annotated[bool, SETTLE] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No summary, no warnings, no line of state.")] = False,
    colour: Annotated[Colour, COLOUR] = Colour.AUTO,
) -> int:
    """Watch interfaces, and say of every fetch whether it failed, and why, as soon as that is decided.

    Rows go to standard output, all else to standard error. Ctrl-C ends it. More: docs/cli.md.

    \b
    Examples:
      whyfetch sniff -i eth0 -f 'tcp or icmp or port 53' -w trace.pcapng
      ssh server tcpdump -i any -U -w - | whyfetch sniff -
    """
    from analyzer.capture.live import rights
    from analyzer.cli import capturing
    from analyzer.cli.baseline import gates
    from analyzer.cli.job import Job

    output = where_to(output)
    form = capturing.row_format(form, output)
    choice = chosen(select, where, ignore)
    failing, before = gates(fail_on or [], baseline, choice)
    grouped = groups_by(group_by, stats, form)
    if output is not None:
        check_output(output, [str(path) for path in (client_log, baseline, write) if path is not None], force)
    capture = None
    if streams:
        capturing.only_a_stream(streams, [interfaces, bpf, write, ring, snaplen, duration, count, source, promiscuous])
    else:
        wanted = capturing.wanted(interfaces or [], bpf, snaplen, promiscuous)
        files = capturing.ring_of_files(write, ring)
        capture = capturing.begin(wanted, source, count or 0, capturing.nanoseconds(duration))
        if write is not None:
            capturing.write(capture, write, files, force)
        rights.drop(capture.source.warnings)
    job = Job(
        ["-"] if capture is None else [],
        live=capture,
        form=form,
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
        settle=settle,
    )
    return int(job.run())

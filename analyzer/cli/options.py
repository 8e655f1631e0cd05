"""Options that several commands have. What `--help` says of one fits a line; docs/cli.md says the rest."""

from __future__ import annotations

import typer

from analyzer.cli import completion

OUTPUT = typer.Option("-o", "--output", metavar="FILE", help="Write rows to FILE; its suffix says the format.")

SELECT = typer.Option(
    "--select",
    metavar="CLASS[/CAUSE]",
    help="Show only these verdicts: rst, 'tls-*', failed.",
    autocompletion=completion.verdicts,
)

WHERE = typer.Option(
    "--where",
    metavar="EXPR",
    help="Show only these rows: name=*.org, 'status>=500'.",
    autocompletion=completion.conditions,
)

IGNORE = typer.Option(
    "--ignore",
    metavar="CLASS[/CAUSE]",
    help="Only count these verdicts: no row, no --fail-on.",
    autocompletion=completion.verdicts,
)

GROUP_BY = typer.Option(
    "--group-by",
    metavar="COLUMNS",
    help="Show groups, worst first: class,cause,host.",
    autocompletion=completion.columns,
)

STATS = typer.Option("--stats", help="Show failures and times of phases, by host.")

FAIL_ON = typer.Option(
    "--fail-on",
    metavar="CLASS[/CAUSE]",
    help="Exit with 1 on such a verdict, or new:CLASS.",
    autocompletion=completion.gates,
)

BASELINE = typer.Option("--baseline", metavar="FILE", help="JSON lines of a run before: what is new, fixed.")

CLIENT_LOG = typer.Option("--client-log", metavar="FILE", help="Output of the client, to show its error lines.")

KEYLOG = typer.Option("--keylog", metavar="FILE", help="Keys to read inside TLS (SSLKEYLOGFILE).")

ALL = typer.Option("--all", help="List connections that carried no fetch as well.")

COLOUR = typer.Option("--color", metavar="WHEN", help="auto, always or never.")

SHOW_QUERIES = typer.Option("--show-queries", help="Do not cut queries and passwords out of targets.")

SETTLE = typer.Option("--settle", help="Write a row only when nothing can change it.")

MAX_OPEN = typer.Option("--max-open", metavar="N", min=3, help="Follow so many connections at a time.")

CHECK = typer.Option("--check", help="Ask Wireshark as well; exit with 1 if it differs.")

SECOND_OPINION = typer.Option("--second-opinion", help="Show what Wireshark says; exit with 1 if it differs.")

RING = typer.Option("--ring", metavar="NxSIZE", help="With -w: N files of SIZE, one after the other: 10x100MB.")

SNAPLEN = typer.Option(
    "-s", "--snaplen", metavar="BYTES", min=0, help="Bytes kept of each packet, 0 = all.", show_default=False
)

SOURCE = typer.Option(
    "--source",
    metavar="NAME",
    help="ring, dumpcap, tcpdump or scapy; else the best.",
    autocompletion=completion.sources,
)

"""Options that several commands have."""

from __future__ import annotations

import typer

OUTPUT = typer.Option(
    "-o", "--output", metavar="FILE", help="Write rows to FILE, as its name says (.csv, .jsonl.gz ...)."
)

SELECT = typer.Option(
    "--select", metavar="CLASS[/CAUSE]", help="Show only these verdicts: rst, rst/rst-refused, 'tls-*', failed."
)

WHERE = typer.Option(
    "--where",
    metavar="EXPR",
    help="Show only rows with name=*.example, 'duration_s>5', status!=200, flags~tls (docs/selecting.md).",
)

IGNORE = typer.Option(
    "--ignore", metavar="CLASS[/CAUSE]", help="Count these verdicts, and no more: no row, no finding, no --fail-on."
)

GROUP_BY = typer.Option(
    "--group-by", metavar="COLUMNS", help="Show groups instead of rows, worst first: class,cause,host."
)

STATS = typer.Option("--stats", help="Show failures and times of phases instead of rows, by host.")

FAIL_ON = typer.Option(
    "--fail-on",
    metavar="CLASS[/CAUSE]",
    help="Exit with status 1 if a fetch has such a verdict; new:CLASS: only if --baseline has none of its kind.",
)

BASELINE = typer.Option(
    "--baseline",
    metavar="FILE",
    help="JSON lines of a run before this one: the summary says which failures are new, known, fixed.",
)

ALL = typer.Option("--all", help="List the connections that carried no fetch as well.")

COLOUR = typer.Option("--color", metavar="WHEN", help="auto, always or never (NO_COLOR and FORCE_COLOR count).")

SHOW_QUERIES = typer.Option(
    "--show-queries",
    help="Show request targets as sent. Without it query, fragment, path parameters, user and password are cut out of "
    "them, and out of URLs in client logs.",
)

SETTLE = typer.Option(
    "--settle",
    help="Of a capture that goes on, write a row when nothing can change it: a failure waits for its retry. Without it "
    "a row comes as soon as it is decided, and what becomes of it is told later.",
)

CHECK = typer.Option(
    "--check",
    help="Ask Wireshark (pyshark, tshark) for the facts of the packets that rows cite; exit with status 1 if it says "
    "otherwise.",
)

SECOND_OPINION = typer.Option(
    "--second-opinion", help="Show what Wireshark (pyshark, tshark) says of the cited packets; status 1 if otherwise."
)

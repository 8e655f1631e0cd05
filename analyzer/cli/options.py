"""Options that several commands have."""

from __future__ import annotations

import typer

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

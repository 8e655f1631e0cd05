"""Options that several commands have."""

from __future__ import annotations

import typer

SHOW_QUERIES = typer.Option(
    "--show-queries",
    help="Show request targets as sent. Without it query, fragment, path parameters, user and password are cut out of "
    "them, and out of URLs in client logs.",
)

"""The command line; `main` is what the `whyfetch` command runs."""

from __future__ import annotations

from analyzer.cli.app import main

__all__ = ["main"]

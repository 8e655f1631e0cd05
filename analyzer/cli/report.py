# ruff: noqa: PTH110, PTH112, PTH113
"""`whyfetch report`: captures in, one page out that somebody else can read."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from os.path import exists, isdir, isfile
from pathlib import Path
from typing import Annotated, Any

import typer

from analyzer.cli import messages
from analyzer.cli.classify import check_output
from analyzer.cli.options import CLIENT_LOG, KEYLOG, SHOW_QUERIES
from analyzer.errors import ExitStatus, UsageError
from analyzer.output.progress import ProgressBar

CAPTURES = typer.Argument(
    metavar="CAPTURE...",
    help="Files (pcap, pcapng, timelines), directories, globs.",
    show_default=False,
)
OUTPUT = typer.Option("-o", "--output", metavar="FILE", help="The page, e.g. report.html; - for standard output.")
ANONYMISE = typer.Option(
    "--anonymise",
    "--anonymize",
    help="Replace names, addresses, paths, as `case` does.",
)


def report(
    captures: Annotated[list[str] | None, CAPTURES] = None,
    output: Annotated[Path | None, OUTPUT] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over FILE.")] = False,
    anonymise: Annotated[bool, ANONYMISE] = False,
    show_queries: Annotated[bool, SHOW_QUERIES] = False,
    client_log: Annotated[Path | None, CLIENT_LOG] = None,
    keylog: Annotated[list[Path] | None, KEYLOG] = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No warnings, no progress bar, no last line.")] = False,
) -> int:
    """Write a page about the fetches in captures, for somebody who reads no tables.

    What failed and why, the worst first, what it cost and what to do; when; every fetch, and packet by packet those
    that failed. One HTML file that loads nothing and needs no script.

    \b
    Examples:
      whyfetch report trace.pcapng -o report.html
      whyfetch report --anonymise captures/ -o report.html
    """
    if not captures:
        raise UsageError("no capture given", "`whyfetch report trace.pcapng -o report.html`")
    if output is None:
        raise UsageError("the name of the page is not said", f"`whyfetch report {captures[0]} -o report.html`")
    _readable_twice(captures)
    if str(output) != "-":
        others = (client_log, *(keylog or []))
        check_output(output, [*captures, *(str(path) for path in others if path is not None)], force)
    said = {"client_log": client_log, "keylogs": keylog or []}
    return int(_write(captures, output, said, anonymise=anonymise, show_queries=show_queries, quiet=quiet))


def _readable_twice(captures: list[str]) -> None:
    """The packets of what failed are looked up when all is read."""
    for path in captures:
        if path == "-" or (exists(path) and not isfile(path) and not isdir(path)):
            name = "standard input" if path == "-" else f"`{path}`"
            raise UsageError(
                f"`whyfetch report` reads captures twice, which {name} cannot do",
                "save it first: `cat > trace.pcap`, then `whyfetch report trace.pcap -o report.html`",
            )


def _write(
    captures: list[str], output: Path, said: dict[str, Any], *, anonymise: bool, show_queries: bool, quiet: bool
) -> ExitStatus:
    """Read, and write the page when all is known; `said`: what is known besides the captures, as Reading takes it."""
    from analyzer.output.page.facts import PageFacts
    from analyzer.output.page.gather import PageContent
    from analyzer.output.page.page import available, page
    from analyzer.output.page.story import Read
    from analyzer.output.veil import OPEN, Anonymous
    from analyzer.reading.reading import Reading

    available()
    bar = ProgressBar(sys.stderr) if sys.stderr.isatty() and not quiet else None
    gathered = PageContent(Anonymous() if anonymise else OPEN)
    reading = Reading(
        captures,
        kinds=True,
        lean=True,
        keep=gathered.keep,
        show_queries=show_queries and not anonymise,
        progress=bar,
        **said,
        waiting=None if quiet else messages.waiting,
    )
    with Replaced(output) as target:
        try:
            for chunk in reading.chunks():
                gathered.add(chunk)
            if reading.failures and not reading.captures:
                raise reading.failures[0]
            gathered.draw(reading.sources)
        finally:
            if bar is not None:
                bar.close()
        warnings = [*reading.warnings, *(f"{error.message}; skipped" for error in reading.failures)]
        facts = PageFacts(gathered, {source.name: source.paths[0] for source in reading.sources})
        text, line = page(gathered, facts, Read(reading.packets, reading.connections, warnings))
        target.write(text)
    if not quiet:
        tell(warnings, line if target.path is None else f"{line}: `{output}`")
    return reading.exit_status


def tell(warnings: list[str], line: str) -> None:
    """What went wrong, and what was written."""
    for warning in warnings:
        messages.warning(warning)
    messages.note(line)


class Replaced:
    """A file that is there whole or not at all; `-` is standard output, and so is what is no regular file."""

    def __init__(self, path: Path) -> None:
        self.path = None if str(path) == "-" else path
        self.direct = self.path is None or (exists(path) and not isfile(path))
        self.beside = path.parent / f".whyfetch-{os.getpid()}.html"
        self.text = ""

    def __enter__(self) -> Replaced:
        if not self.direct:
            self._try(self.beside.touch)
        return self

    def write(self, text: str) -> None:
        """Write the page and, when it is whole, give it its name."""
        path = self.path
        if path is None:
            from analyzer.cli.output import Output

            with Output(None, form="html") as out:
                out.write(text)
            return
        first = path if self.direct else self.beside
        self._try(lambda: first.write_text(text, encoding="utf-8", newline="\n"))
        if not self.direct:
            self._try(lambda: first.replace(path))

    def _try(self, action: Callable[[], object]) -> None:
        try:
            action()
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise UsageError(f"cannot write `{self.path}`: {why}") from None

    def __exit__(self, *_: object) -> None:
        if not self.direct:
            with suppress(OSError):
                self.beside.unlink(missing_ok=True)

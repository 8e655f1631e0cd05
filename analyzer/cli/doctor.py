"""`whyfetch doctor`: what works on this machine, what does not, and how to get it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from analyzer.errors import ExitStatus

if TYPE_CHECKING:
    from analyzer.capture.live.interfaces import Interface
    from analyzer.cli.checks import Check

COLUMNS = 80
"""Characters of a line: it is pasted into bug reports."""

NAMES = 12
"""Characters of the longest name of a check."""

SHOWN = 20
"""Interfaces shown, the busiest; hosts of containers have hundreds."""

HEADINGS = {
    "here": "this machine",
    "sources": "sources, best first (`--source`)",
    "run": "what `run` tells COMMAND's fetches by",
    "reads": "captures it reads",
    "programs": "programs",
    "packages": "Python packages",
}

COMMAND = re.compile(r"`[^`]*`")
HELD = "\0"
"""Stands for a space at which no line may end."""

LINKS = {1: "Ethernet", 101: "raw IP", 276: "cooked", 105: "802.11", 119: "802.11", 127: "802.11"}


class Report(StrEnum):
    """How it is written."""

    TEXT = "text"
    JSON = "json"


def doctor(
    form: Annotated[Report, typer.Option("--format", metavar="FORMAT", help="text or json.")] = Report.TEXT,
) -> int:
    """Say what works on this machine, what does not, and how to get it.

    The exit status is 0 when a source can capture here, else 2; files can be read in any case.

    Example: whyfetch doctor --format json
    """
    from analyzer.capture.live.interfaces import interfaces
    from analyzer.cli.checks import checks
    from analyzer.version import engine, version

    found, present = checks(), interfaces()
    if form is Report.JSON:
        report = {
            "version": version(),
            "engine": engine(),
            "checks": [asdict(check) for check in found],
            "interfaces": [{**asdict(interface), "link": interface.link} for interface in present],
        }
        import json

        typer.echo(json.dumps(report, indent=2))
    else:
        typer.echo(f"whyfetch {version()}")
        for line in [*check_lines(found), *interface_lines(present)]:
            typer.echo(line)
    works = any(check.works for check in found if check.area == "sources")
    return ExitStatus.OK if works else ExitStatus.USAGE


def check_lines(checks: list[Check]) -> Iterator[str]:
    """The checks of each area below its heading; what does not work with how to get it."""
    from analyzer.text import safe

    for area, members in groupby(checks, key=lambda check: check.area):
        yield ""
        yield HEADINGS[area]
        for check in members:
            mark = "yes" if check.works else "no"
            begin = f"  {check.name:{NAMES}} {mark:3}  "
            yield from _wrapped(begin, safe(check.detail))
            if check.hint:
                yield from _wrapped(" " * len(begin) + "-> ", safe(check.hint))


def interface_lines(interfaces: list[Interface]) -> Iterator[str]:
    """The interfaces with what they carried, the busiest first when there are many."""
    from analyzer.text import safe

    shown = sorted(interfaces, key=lambda interface: -interface.received - interface.sent)[:SHOWN]
    yield ""
    yield f"{'interfaces':18}{'state':12}{'link':10}{'received':>14}{'sent':>14}{'dropped':>10}"
    for interface in sorted(shown, key=lambda interface: interface.index):
        state = "down" if not interface.up else "up" if interface.running else "no carrier"
        yield (
            f"  {safe(interface.name):16}{state:12}{LINKS.get(interface.link, str(interface.link)):10}"
            f"{interface.received:>14,}{interface.sent:>14,}{interface.dropped:>10,}"
        )
    if len(interfaces) > SHOWN:
        yield f"  and {len(interfaces) - SHOWN} more, less busy (`--format json` has them)"


def _wrapped(begin: str, text: str) -> list[str]:
    """The text behind `begin`, its further lines below its first. Commands stay whole: long ones run over the edge."""
    lines = textwrap.wrap(
        COMMAND.sub(lambda found: found[0].replace(" ", HELD), text),
        COLUMNS,
        initial_indent=begin,
        subsequent_indent=" " * len(begin),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(HELD, " ") for line in lines]

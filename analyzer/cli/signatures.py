"""`whyfetch signatures`: what every cause means, how it looks on the wire, and what to do about it."""

from __future__ import annotations

import shutil
import sys
from typing import Annotated

import typer

from analyzer.cli import completion
from analyzer.errors import UsageError


def signatures(
    wanted: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]",
            help="A cause (rst-refused, http-status-404), a verdict (rst/rst-refused), or a class (rst). Default: all.",
            show_default=False,
            autocompletion=completion.documented,
        ),
    ] = None,
) -> int:
    """List the documented signatures, or print one of them.

    Example: whyfetch signatures tls-no-server-hello
    """
    from analyzer.cli import messages
    from analyzer.output.signatures import listing, page
    from analyzer.verdict.catalog import catalogue, signature

    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    units = list(catalogue().values())
    chosen = [unit for unit in units if wanted in (None, unit.klass)]
    if chosen:
        lines = listing(chosen, columns)
    else:
        unit = signature((wanted or "").lower())
        if unit is None:
            raise UsageError(f"no signature is called `{wanted}`", _nearest(wanted or ""))
        lines = page(unit, columns, messages.coloured(sys.stdout, "auto"))
    for line in lines:
        typer.echo(line)
    return 0


def _nearest(wanted: str) -> str:
    """The hint for a name that is none."""
    from difflib import get_close_matches

    from analyzer.layer.tls.registry import ALERTS
    from analyzer.verdict.catalog import catalogue, title
    from analyzer.verdict.model import CLASSES

    if wanted in CLASSES[6:]:
        return f"rows of class `{wanted}` have no cause; an incomplete one says in `missing` what is not in the capture"
    known = [title(unit) for unit in catalogue().values()]
    known += [*CLASSES[:6], *(f"tls-alert-{name}" for code, name in ALERTS.items() if code)]
    near = get_close_matches(wanted.lower().rpartition("/")[2], known, cutoff=0.6)
    if near:
        return f"did you mean {' or '.join(f'`{name}`' for name in sorted(near))}?"
    return "`whyfetch signatures` lists them"

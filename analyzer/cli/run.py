"""`whyfetch run`: COMMAND runs as without us, and below its output stands why its fetches failed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analyzer.cli import completion
from analyzer.cli.classify import check_output
from analyzer.cli.formats import where_to
from analyzer.cli.options import IGNORE, RING, SELECT, SHOW_QUERIES, SNAPLEN, SOURCE, WHERE
from analyzer.cli.selection import chosen
from analyzer.errors import UsageError

if TYPE_CHECKING:
    from analyzer.process.command import User

COMMAND = typer.Argument(metavar="COMMAND...", help="What to run, with its arguments.", show_default=False)


def run(
    command: Annotated[list[str] | None, COMMAND] = None,
    interface: Annotated[
        list[str] | None,
        typer.Option(
            "-i",
            "--interface",
            metavar="IFACE",
            help="Where to capture. Default: any, all of them.",
            autocompletion=completion.interfaces,
        ),
    ] = None,
    bpf: Annotated[
        str,
        typer.Option("-f", "--filter", metavar="BPF", help="Capture filter of libpcap: 'tcp port 443'."),
    ] = "",
    always: Annotated[
        bool,
        typer.Option("--always/--on-failure", help="Report always, or only when COMMAND fails.", show_default=False),
    ] = False,
    source: Annotated[str, SOURCE] = "",
    write: Annotated[
        Path | None, typer.Option("-w", "--write", metavar="FILE", help="Write all packets to FILE, as pcapng.")
    ] = None,
    ring: Annotated[str | None, RING] = None,
    snaplen: Annotated[int, SNAPLEN] = 0,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write a row for each fetch of COMMAND to FILE."),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="Of FILE: table, tsv, csv, jsonl, or one for CI.",
            autocompletion=completion.row_formats,
        ),
    ] = None,
    select: Annotated[list[str] | None, SELECT] = None,
    where: Annotated[list[str] | None, WHERE] = None,
    ignore: Annotated[list[str] | None, IGNORE] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over files that exist.")] = False,
    keys: Annotated[
        bool,
        typer.Option("--keys/--no-keys", help="Let COMMAND write its TLS keys, to read them.", show_default=False),
    ] = True,
    keep_keys: Annotated[bool, typer.Option("--keep-keys", help="Do not delete the TLS keys of COMMAND.")] = False,
    user: Annotated[
        str | None, typer.Option("-u", "--user", metavar="NAME", help="Run COMMAND as this user, and capture as root.")
    ] = None,
    show_queries: Annotated[bool, SHOW_QUERIES] = False,
) -> int:
    """Run COMMAND and say why its fetches failed, and those of everything that it starts.

    COMMAND keeps terminal, streams and signals; its exit status is ours. docs/cli.md says more.

    \b
    Examples:
      whyfetch run -- go mod download
      whyfetch run --always -o fetches.csv -- make test
    """
    if not command:
        raise UsageError("no command is given", "`whyfetch run -- go mod download`")
    if not sys.platform.startswith("linux"):
        raise UsageError("`run` needs Linux", "`whyfetch sniff` in another window, while the command runs")
    for path in (output, write):
        if path is not None:
            check_output(path, [], force)
    if output is not None and where_to(output) is None:
        raise UsageError("standard output belongs to COMMAND", "`-o fetches.csv`")
    if output is None and form is not None:
        raise UsageError("`--format` is about the file of `-o`", "`-o fetches.csv`")
    choice = chosen(select, where, ignore)
    from analyzer.cli import capturing
    from analyzer.cli.wrapped import Wrapped

    return Wrapped(
        command,
        capturing.wanted(interface or ["any"], bpf, snaplen, False),
        choice=choice,
        always=always,
        source=source,
        write=write,
        ring=capturing.ring_of_files(write, ring),
        output=output,
        form=capturing.row_format(form, output),
        force=force,
        keys=keys,
        keep_keys=keep_keys,
        show_queries=show_queries,
        user=None if user is None else _user(user),
    ).run()


def _user(name: str) -> User:
    """Whom COMMAND is to run as."""
    import os
    import pwd

    from analyzer.process.command import User

    if os.geteuid():
        raise UsageError("`--user` takes root", f"`sudo whyfetch run --user {name} ...`")
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        raise UsageError(f"no user is called `{name}`") from None
    return User(found.pw_name, found.pw_uid, found.pw_gid, found.pw_dir)

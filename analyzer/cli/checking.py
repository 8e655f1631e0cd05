"""`classify --check` and `show --second-opinion`: what Wireshark says of the cited packets."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

from analyzer.cli import messages
from analyzer.cli.stopping import draining
from analyzer.errors import ExitStatus, Terminated, UsageError
from analyzer.reading.inputs import streams
from analyzer.text import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from analyzer.capture import CaptureSource
    from analyzer.fetch.model import Fetch
    from analyzer.opinion.check import SecondOpinion


def checking(paths: list[str], follow: bool) -> SecondOpinion:
    """A check of captures that can be read twice, with a Wireshark that works.

    Else UsageError, before anything is read.
    """
    from analyzer.opinion.check import SecondOpinion
    from analyzer.opinion.wireshark import Wireshark

    for path in paths:
        if follow or streams(path):
            name = "standard input" if path == "-" else "a capture that goes on" if follow else f"`{path}`"
            raise UsageError(
                f"`--check` reads captures twice, which {name} cannot be",
                "save it first: `cat > trace.pcap`, then `whyfetch classify --check trace.pcap`",
            )
    return SecondOpinion(Wireshark("--check"))


def ended(ask: Callable[[], bool]) -> ExitStatus:
    """Ask, which is True when Wireshark says otherwise; a signal ends it at once, and nothing is left behind."""
    try:
        with draining(lambda: False):
            return ExitStatus.FOUND if ask() else ExitStatus.OK
    except Terminated:
        return ExitStatus.TERMINATED
    except KeyboardInterrupt:
        return ExitStatus.INTERRUPTED


def report(check: SecondOpinion, sources: Iterable[CaptureSource], *, quiet: bool) -> ExitStatus:
    """Ask, and print what came of it on standard error; FOUND when Wireshark says otherwise, and nobody knows why.

    What could not be asked is an error, whatever else was found. `quiet`: only differences are printed.
    """
    if sys.stderr.isatty() and not quiet:
        messages.note(f"asking Wireshark {check.wireshark.version}")
    return ended(lambda: _told(check, sources, quiet))


def _told(check: SecondOpinion, sources: Iterable[CaptureSource], quiet: bool) -> bool:
    from analyzer.opinion.words import Totals

    totals = Totals()
    for opinion in check.opinions(sources):
        totals.add(opinion)
    if totals.differing or not quiet:
        for line in totals.lines(check.wireshark.version, len(check.files) > 1):
            sys.stderr.write(line + "\n")
    if check.left_out and not quiet:
        messages.warning(f"{plural(check.left_out, 'fetch was', 'fetches were')} not checked: too many in one capture")
    if check.failures:
        *others, last = check.failures
        for error in others:
            messages.error(error.message, error.hint)
        raise last
    return bool(totals.differing)


class Second:
    """The second opinion below what `show` prints; made first, so that a missing tshark is said at once."""

    def __init__(self) -> None:
        from analyzer.opinion.wireshark import Wireshark

        self.wireshark = Wireshark("--second-opinion")

    def write(self, out: TextIO, source: CaptureSource, fetch: Fetch, columns: int) -> ExitStatus:
        """Ask about one fetch, and write what comes of it."""
        out.flush()
        return ended(lambda: self._told(out, source, fetch, columns))

    def _told(self, out: TextIO, source: CaptureSource, fetch: Fetch, columns: int) -> bool:
        from analyzer.opinion.check import opinions
        from analyzer.opinion.facts import Stated
        from analyzer.opinion.words import page

        (opinion,) = opinions(self.wireshark, source, [Stated(fetch)])
        out.write("\n")
        for line in page(opinion, self.wireshark.version, columns):
            out.write(line + "\n")
        return bool(opinion.unexplained)

"""`whyfetch case`: one fetch as an anonymised timeline, for a bug report."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

from analyzer.cli.show import CAPTURE, NUMBER, STREAM, not_both
from analyzer.errors import UsageError

if TYPE_CHECKING:
    from analyzer.capture import CaptureSource
    from analyzer.fetch.model import Fetch
    from analyzer.verdict.model import Verdict

CLAIM = """Say here in a sentence or two what a reader should notice.
The connection of one fetch, anonymised by `whyfetch case`; lengths, times and verdict are the capture's own."""
SEALED = "Keys opened it; a timeline has none, so that below is what can be seen from outside."


def case(
    capture: Annotated[str, CAPTURE],
    number: Annotated[int | None, NUMBER] = None,
    stream: Annotated[int | None, STREAM] = None,
) -> int:
    """Print one fetch as an anonymised `.pkt` timeline that gets the same verdict, for a bug report.

    Names, addresses, paths, headers and content are replaced; lengths, times, ports and TLS record types stay.
    Nothing but known words, numbers and lengths is written; what TLS carries never is, so that there is no `--keylog`.

    Example: whyfetch case trace.pcapng 3 > tests/cases/my-case.pkt
    """
    from analyzer.capture import open_capture
    from analyzer.cli.output import Output
    from analyzer.cli.pick import pick, source_of
    from analyzer.output.case.case import Case

    not_both(number, stream)
    source = source_of(capture, "case")
    fetch, status = pick(source, number, stream, command="case")
    claim = CLAIM
    if fetch.connection.tls is not None and fetch.connection.tls.decrypted:
        fetch, claim = _sealed(source, fetch), f"{CLAIM}\n{SEALED}"
    if fetch.resolution is not None:
        raise UsageError("a name that was not resolved has no connection to print", "`whyfetch show` shows its lookups")
    with closing(open_capture(source)) as again:
        found = Case(_with_siblings(fetch), again.frames, claim)
    with Output(None) as out:
        for line in found.lines():
            out.write(line + "\n")
    return status


def _sealed(source: CaptureSource, fetch: Fetch) -> Fetch:
    """The same connection without the keys that the capture brings: a case has records, not what is in them."""
    from analyzer.api import Reading

    stream = fetch.connection.stream
    for other in Reading(source.paths, kinds=True, sealed=True):
        if other.connection.stream == stream:
            return other
    return fetch


def _with_siblings(fetch: Fetch) -> list[tuple[Fetch, Verdict]]:
    """All fetches of the connection with their verdicts, in order; the one that was asked for as it was found."""
    from analyzer.fetch.build import fetches
    from analyzer.verdict.decide import decide
    from analyzer.verdict.model import verdict_of

    found = [(other, decide(other)) for other in fetches(fetch.connection)]
    return [(other, verdict_of(fetch) if other.exchange is fetch.exchange else verdict) for other, verdict in found]

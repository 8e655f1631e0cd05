"""Harnesses of what reads text: logs of clients, and the `.pkt` notation of the cases."""

from __future__ import annotations

from fuzz.scratch import scratch

from analyzer.clientlog.log import LONGEST, ClientLog
from analyzer.clientlog.read import MAX_ERRORS
from analyzer.pkt.build import pcap
from analyzer.pkt.timeline import parse
from analyzer.pkt.words import NotationError


def client_log(data: bytes) -> None:
    """Any bytes as a client's log: what is shown of it is printable and cut, line by line."""
    path = scratch("client.log")
    path.write_bytes(data)
    log = ClientLog(path, [])
    assert list(log.tie([])) == []
    assert len(log.errors) <= MAX_ERRORS
    assert all(len(line) <= 2 * LONGEST and line.isprintable() for line in log.lines())
    log.counts()


def pkt(data: bytes) -> None:
    """A timeline becomes a capture, or an error names its line."""
    text = data.decode("utf-8", "replace")
    wrong: NotationError | None = None
    try:
        pcap(parse(text, "fuzz.pkt"))
    except NotationError as error:
        wrong = error
    assert wrong is None or (0 < wrong.line <= text.count("\n") + 1 and wrong.why)


def lines(data: bytes) -> list[bytes]:
    """A text cut into its lines."""
    return data.splitlines(keepends=True)

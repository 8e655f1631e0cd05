"""Harnesses of what reads text: logs of clients, and the `.pkt` notation of the cases."""

from __future__ import annotations

from contextlib import suppress

from fuzz.scratch import scratch
from support.timeline import parse

from analyzer.output.clientlog.log import LONGEST, ClientLog
from analyzer.output.clientlog.read import MAX_ERRORS


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
    """A timeline is read, or a ValueError names its line."""
    with suppress(ValueError):
        parse(data.decode("utf-8", "replace"), "fuzz.pkt")


def lines(data: bytes) -> list[bytes]:
    """A text cut into its lines."""
    return data.splitlines(keepends=True)

"""What the program says about a capture, in a form that can be held against another capture of the same packets."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from support import recording
from support.recording import Recording

if TYPE_CHECKING:
    from analyzer.fetch.model import Fetch

Ends = frozenset[tuple[bytes, int]]

FAILURES = {"syn-retransmit", "rst", "tls-stall", "tls-failure", "http-failure", "dns-failure"}
MASK32 = 0xFFFFFFFF


class Row(NamedTuple):
    """One fetch, or a connection that carried none (kind, as in the column).

    ends     the connection's endpoints; for a name that failed, the client alone; client: the one that is taken for it
    began    origin of the connection's first packet, isn: the client's, -1 = unknown
    keys     what tells it from other fetches of the connection: sequence numbers of request and response, stream
    names    names that were asked of DNS
    ongoing  the row itself says that it may yet turn out well
    last     origin of the connection's last packet; cited: origins of the packets that prove the verdict
    """

    ends: Ends
    client: tuple[bytes, int]
    began: int
    isn: int
    keys: frozenset[tuple[str, int]]
    names: frozenset[str]
    kind: str
    klass: str
    cause: str
    confidence: str
    missing: str
    protocol: str
    last: int
    cited: tuple[tuple[int, str], ...]
    ongoing: bool

    @property
    def numbers(self) -> frozenset[tuple[str, int]]:
        """The keys that are sequence numbers: those of a connection on the same ports are others."""
        return frozenset(key for key in self.keys if key[0] != "stream")

    @property
    def failed(self) -> bool:
        """Whether it is a failure that users see, or one that they would see if nobody had won a race against it."""
        return self.klass in FAILURES and self.kind in ("fetch", "race")

    @property
    def good(self) -> bool:
        """Whether nothing was wrong."""
        return self.klass == "ok" or self.empty

    @property
    def empty(self) -> bool:
        """Whether the connection carried no fetch."""
        return self.kind not in ("fetch", "race")

    def __str__(self) -> str:
        word = self.klass + (f"/{self.cause}" if self.cause else f"/{self.missing}" if self.missing else "")
        return f"{word} {self.confidence}" + ("" if self.kind == "fetch" else f" ({self.kind})")


@cache
def scratch() -> str:
    """A file that is written again for every capture, in memory where there is such a place."""
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    folder = tempfile.mkdtemp(prefix="whyfetch-", dir=memory)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return f"{folder}/capture.pcap"


def written(capture: Recording) -> str:
    """The path of a capture, until the next one is written."""
    with open(scratch(), "wb") as file:  # noqa: PTH123  (half as long as Path.open, and this runs often)
        file.write(recording.pcap(capture))
    return scratch()


def rows(capture: Recording, key_log: bytes = b"") -> list[Row]:
    """What the program says about a capture, with the keys of its TLS connections."""
    from analyzer.api import Reading

    origins = [frame.origin for frame in capture.frames]
    logs = []
    if key_log:
        logs = [f"{scratch()}.keys"]
        Path(logs[0]).write_bytes(key_log)
    return [row_of(fetch, origins) for fetch in Reading(written(capture), kinds=True, keylogs=logs)]


def row_of(fetch: Fetch, origins: list[int]) -> Row:
    """The facts of one fetch."""
    connection, exchange, verdict = fetch.connection, fetch.exchange, fetch.verdict
    client, server = connection.client, connection.server
    keys, names = set(), frozenset[str]()
    if exchange is not None:
        if exchange.h2 is not None:
            keys.add(("stream", exchange.h2.stream))
        if exchange.request_start >= 0:
            keys.add(("asked", (client.base + exchange.request_start) & MASK32))
        if exchange.response_start >= 0:
            keys.add(("answered", (server.base + exchange.response_start) & MASK32))
    if fetch.resolution is not None:
        names = frozenset(name.lower() for name in (fetch.name, *fetch.resolution.names))
        asker = fetch.resolution.client, 0
        ends = frozenset({asker})
    else:
        asker = client.address, client.port
        ends = frozenset({asker, (server.address, server.port)})
    return Row(
        ends=ends,
        client=asker,
        began=origins[connection.first_packet - 1],
        isn=client.isn,
        keys=frozenset(keys),
        names=names,
        kind=fetch.kind,
        klass=verdict.klass,
        cause=verdict.cause,
        confidence=verdict.confidence,
        missing=verdict.missing,
        protocol=fetch.protocol,
        last=origins[connection.last_packet - 1],
        cited=tuple((origins[item.packet - 1], item.what) for item in verdict.evidence),
        ongoing="ongoing" in verdict.flags,
    )

"""Harnesses of what knows keys: key logs, and records that are opened with them.

An input of records is a byte that chooses the recording whose keys are known, then records, each after a head: a byte
that says who sends it and what is odd about it, its type, its version's last byte, and its length.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from fuzz import streams
from support.recorded import NAMES, recorded
from support.tls_capture import raw
from support.tls_talk import Record
from support.unlocked import Layer, store_of

from analyzer.keys.direction import MOST_FAILED, SEARCH
from analyzer.keys.keylog import MOST_UNKNOWN, KeyLog
from analyzer.keys.secrets import MOST_DISAGREEING, USED, Secrets
from analyzer.keys.store import Store
from analyzer.keys.texts import MemoryText
from analyzer.model.tls import HEADS

GROWS = 128
"""A setting of `inside`: keys may come later than what they open."""
TARGETS = {"", "/a", "/early", "/again"}
"""What the clients of the recordings ask for."""
HEAD = 5
SERVER_SENDS, SKIPPED, GAP, BIG_GAP = 1, 2, 4, 8
"""Of a record: who sends it; nobody wants to see it; a hole is before it, of unknown size or a large one."""
LARGE = 2_000_000
MOST_BYTES = 6000
"""Of a recording that mutations begin with."""
WANTED = 32
"""Bytes of a random."""


def key_log(data: bytes) -> None:
    """Any text as a key log, whole and as it grows: the same is found, and only what stands there in hex."""
    text = MemoryText(data[: len(data) // 2], "log")
    log, growing = KeyLog(MemoryText(data, "log")), KeyLog(text)
    text._data += data[len(data) // 2 :]
    growing.grow()
    assert 0 <= log.malformed <= log.lines <= data.count(b"\n")
    assert (growing.lines, growing.malformed, growing.unknown) == (log.lines, log.malformed, log.unknown)
    assert len(log.unknown) <= MOST_UNKNOWN
    assert all(label.isprintable() and label.isascii() for label in log.unknown)
    for random in randoms(data):
        found, other = Secrets(random, Store()), Secrets(random, Store())
        log.fill(found)
        growing.fill(other)
        lower = data.lower()
        for label, sizes in USED.items():
            secrets = found.of(label)
            assert secrets == other.of(label)
            assert len(secrets) <= MOST_DISAGREEING
            assert all(len(one) in sizes and one.hex().encode() in lower for one in secrets)


def randoms(data: bytes) -> Iterator[bytes]:
    """Some that may be in it."""
    for line in data.split(b"\n")[:20]:
        words = line.split()
        if len(words) > 1 and len(words[1]) == 2 * WANTED:
            try:
                yield bytes.fromhex(words[1].decode())
            except ValueError:
                continue


def opened(data: bytes) -> None:
    """Any records, against keys that open some of them: bounded work, and nothing is read that nobody said."""
    if not data:
        return
    layer = Layer(store_of(recorded(NAMES[data[0] % len(NAMES)]).key_log))
    known = plain(data[0] % len(NAMES))
    for special, record in records(data):
        session = layer.session
        if session is not None:
            side = session.server if record.server else session.client
            if special & (GAP | BIG_GAP):
                side.gap(LARGE if special & BIG_GAP else 0)
            if special & SKIPPED:
                side.skip()
                continue
        layer.record(record)
    session = layer.session
    if session is not None:
        for side in (session.client, session.server):
            assert 0 <= side.failed < MOST_FAILED + SEARCH
            assert side.opened >= 0 <= side.skipped
            assert repr(side).count(" ") == 0
    assert all(kind != 23 or content in known for _, kind, content in layer.said)


@cache
def plain(which: int) -> frozenset[bytes]:
    """The application data of a recording."""
    found = recorded(NAMES[which])
    layer = Layer(store_of(found.key_log))
    for record in found.records:
        layer.record(record)
    return frozenset(content for _, kind, content in layer.said if kind == 23)


def records(data: bytes) -> Iterator[tuple[int, Record]]:
    """(what is special, record) of each."""
    at = 1
    while at + HEAD <= len(data):
        stop = at + HEAD + (data[at + 3] << 8 | data[at + 4])
        yield (
            data[at],
            Record(bool(data[at] & SERVER_SENDS), data[at + 1], 0x0300 | data[at + 2], data[at + HEAD : stop]),
        )
        at = stop


def pack(special: int, record: Record) -> bytes:
    """A record as the harness takes it."""
    return bytes([special, record.kind, record.version & 0xFF]) + len(record.body).to_bytes(2, "big") + record.body


def split(data: bytes) -> list[bytes]:
    """An input cut into its first byte and its records."""
    return [data[:1], *(pack(special, record) for special, record in records(data))]


@cache
def recordings() -> list[bytes]:
    """All recordings that are small, as they are, and with records that nobody wants to see."""
    found = []
    for at, name in enumerate(NAMES):
        packed = [pack(int(one.server), one) for one in recorded(name).records]
        if sum(map(len, packed)) <= MOST_BYTES:
            found.append(bytes([at]) + b"".join(packed))
            skipped = [
                bytes([one[0] | SKIPPED]) + one[1:] if number % 3 == 2 and number > 4 else one
                for number, one in enumerate(packed)
            ]
            found.append(bytes([at]) + b"".join(skipped))
    return found


def key_logs() -> list[bytes]:
    """Those of the recordings, and in other forms."""
    plain_ones = [recorded(name).key_log for name in NAMES]
    return [
        *plain_ones,
        *(one.replace(b"\n", b"\r\n").upper() for one in plain_ones[:3]),
        b"\xef\xbb\xbf# comment\n" + plain_ones[0],
        plain_ones[1] + plain_ones[2][:-40],
    ]


@cache
def all_keys() -> KeyLog:
    """Of all recordings."""
    return KeyLog(MemoryText(b"".join(recorded(name).key_log for name in NAMES), "log"))


def inside(data: bytes) -> None:
    """Segments of TLS, of which some can be opened, through all that reads them: what is read was said."""
    settings = data[0] if data else 0
    feed = streams.Feed(settings & streams.MIDSTREAM)
    feed.reassembler.keys = Store([all_keys()], grows=bool(settings & GROWS))
    for special, start, stop in streams.each(data):
        feed.segment(special, data, start, stop)
    feed.finish()
    tls = feed.connection.tls
    if tls is not None and tls.decrypted == HEADS:
        assert {exchange.target for exchange in feed.connection.exchanges} <= TARGETS


@cache
def sealed_segments() -> list[bytes]:
    """The recordings that are small, a segment for each record."""
    found = []
    for at, name in enumerate(NAMES):
        said = b"".join(
            streams.segment(one.server * SERVER_SENDS | streams.ACKNOWLEDGES, raw(one))
            for one in recorded(name).records
        )
        if len(said) <= MOST_BYTES:
            found.append(bytes([GROWS * (at & 1)]) + said)
    return found

"""With keys, what fails behind a proxy gets the same row whether TLS leads to the proxy, to the server, or to both."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
from support.examples import CASES, SAMPLE_NAMES, SAMPLES, sample
from support.incomplete import compiled
from support.recording import Recording
from support.tls_twins import SUITES, Pair, Suite, Tunnel
from support.twin_rows import IN_RECORDS, TCP_COUNTS, Cells, cells, differences, fetches
from support.twins import NoTwin, carried, plain_text

from analyzer.fetch.model import Fetch
from analyzer.model.connection import Connection

NAMES = [*CASES, *(name for name in SAMPLE_NAMES if (SAMPLES / name).is_file())]
PROXY, HOST = "proxy.example", "lab.example"
TLS13, TLS12 = SUITES["tls13-aes256-gcm"], SUITES["tls12-aes128-gcm"]
WAYS = {
    "TLS to the proxy": (TLS13, None),
    "TLS to the server": (None, TLS13),
    "1.3 in 1.3": (TLS13, TLS13),
    "1.2 in 1.3": (TLS13, TLS12),
    "1.3 in 1.2": (TLS12, TLS13),
}
"""Suites of the connection to the proxy, and of that through it to the server."""

EXPLAINED = {
    **IN_RECORDS,
    "dns-answer-not-captured-connection-made": ("rows", "SNI says which name the proxy has"),
    "dns-first-name-does-not-exist-second-is-said": ("rows", "SNI says which name the proxy has"),
    "h2-settings-alone-is-no-fetch": (
        "fetch summary evidence flags phase kind missing server_bytes ttfb_s response_s silence_s class confidence",
        "SETTINGS in plain sight behind TLS to a proxy are not read, which nobody sends; else the phase is TLS's",
    ),
    "tail-missing-and-the-file-goes-on-for-years": ("evidence", "the newest bytes are those of a record"),
}
"""Columns that differ from those of plain HTTP through a proxy, and why."""

SNAPLEN = "a record whose end was cut is not opened, nor what is inside"
ORDER = "a handshake that comes before it was made up for packets out of this order"
EXPLAINED_TLS = {
    "opaque-snaplen-96-kept-alive-ok": ("response_s", SNAPLEN),
    "opaque-snaplen-96-last-request-unanswered": ("summary", SNAPLEN),
    "pmtu-told-by-icmp": ("summary", TCP_COUNTS),
    "t09-server-flight-lost-in-pmtu-hole": ("summary", TCP_COUNTS),
    "t10-rst-after-clienthello-from-the-path": ("summary", TCP_COUNTS),
    "tls-client-sends-heartbeats-instead": ("summary", TCP_COUNTS),
    "tls-clienthello-partial-post-quantum": ("summary", TCP_COUNTS),
    "tls-server-flight-lost-seen-by-its-number": ("summary", TCP_COUNTS),
    "tls-handshake-packets-filtered-out": ("connect_s", ORDER),
    "tls-server-fin-before-the-clienthello": ("*", ORDER),
    "rst/curl-forged-reset-after-clienthello.pcap": ("summary", TCP_COUNTS),
    "tls-stall/curl-server-flight-lost-server-side.pcap": ("summary", TCP_COUNTS),
    "tls-stall/python-second-clienthello-segment-lost.pcap": ("summary", TCP_COUNTS),
    "tls-stall/wget-pmtu-hole.pcap": ("summary confidence flags", "packets of the server's outer handshake are large"),
}
"""The same of TLS without keys, in TLS with keys to the proxy, and in none."""


@cache
def recorded(name: str) -> tuple[Recording, list[Fetch]]:
    """A capture, and what the program says of it."""
    capture = compiled(CASES[name]) if name in CASES else sample(name)
    return capture, fetches(capture) if capture.frames and not capture.secrets else []


def carried_rows(name: str, pair_of: Callable[[str, str], Pair], which: Callable[[Connection], bool]) -> list[Cells]:
    """The rows when some of its connections are carried so; [] where that cannot be."""
    capture, found = recorded(name)
    try:
        made, key_log = carried(capture, found, pair_of, which)
    except NoTwin:
        return []
    return cells(made, fetches(made, key_log))


def through_proxy(way: str) -> Callable[[str, str], Pair]:
    """What carries a conversation with a server, through a proxy."""
    proxy, server = WAYS.get(way, (None, None))

    def pair_of(alpn: str, host: str) -> Pair:
        to_proxy = None if proxy is None else Pair(proxy, "http/1.1", PROXY)
        return Tunnel(host, to_proxy, None if server is None else Pair(server, alpn, host))

    return pair_of


@pytest.mark.parametrize("name", [name for name in NAMES if name in CASES])
def test_plain_http_through_a_proxy(name: str) -> None:
    """The row is that of a CONNECT and plain HTTP behind it: HTTP/1.1 and HTTP/2, TLS 1.2 and 1.3, in each other."""
    plain = carried_rows(name, through_proxy(""), plain_text)
    differ: set[str] = set()
    may = set(EXPLAINED.get(name, ("", ""))[0].split())
    for way in WAYS if plain else ():
        wrong = differences(plain, carried_rows(name, through_proxy(way), plain_text))
        assert set(wrong) <= may, (way, wrong)
        differ |= set(wrong)
    assert bool(differ) == bool(may)


def starts_with_tls(connection: Connection) -> bool:
    """Nothing came before the ClientHello."""
    return connection.tls is not None and connection.via == ()


@pytest.mark.parametrize("suite", [TLS13, TLS12], ids=["1.3", "1.2"])
@pytest.mark.parametrize("name", NAMES)
def test_tls_that_stays_closed_inside_of_tls(name: str, suite: Suite) -> None:
    """What happens to a handshake, and what records tell from outside, is the same in a tunnel that was opened."""
    plain = carried_rows(name, lambda *_: Tunnel(HOST), starts_with_tls)
    if not plain:
        return
    inside = carried_rows(name, lambda *_: Tunnel(HOST, Pair(suite, "http/1.1", PROXY)), starts_with_tls)
    wrong = differences(plain, inside)
    may = EXPLAINED_TLS.get(name, ("", ""))[0]
    assert may == "*" or set(wrong) <= set(may.split()), wrong


@pytest.mark.parametrize("suite", [TLS13, TLS12], ids=["1.3", "1.2"])
def test_tunnels_that_were_recorded(suite: Suite) -> None:
    """A CONNECT of real clients, and TLS behind it, inside of TLS to the proxy."""
    count = 0
    for name in NAMES:
        capture, found = recorded(name)
        inside = carried_rows(
            name,
            lambda *_: Pair(suite, "http/1.1", PROXY),
            lambda one: one.via == ("connect",),
        )
        if inside:
            assert differences(cells(capture, found), inside) == {}, name
            count += 1
    assert count >= 5


def test_there_are_many() -> None:
    """Most of what is plain HTTP can be led through a proxy, and most of what is TLS."""
    plain = [name for name in CASES if carried_rows(name, through_proxy(""), plain_text)]
    tls = [name for name in NAMES if carried_rows(name, lambda *_: Tunnel(HOST), starts_with_tls)]
    assert len(plain) > 200
    assert len(tls) > 150


HALVES = {"the server's": b"SERVER", "the client's": b"CLIENT"}


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("which", ["proxy", "server"])
@pytest.mark.parametrize("name", ["http-status-502", "h2-rst-stream-internal-error", "http-no-response-stalled"])
def test_keys_of_one_direction_alone(name: str, which: str, half: str) -> None:
    """They tell nothing, and nothing is forgotten for that which the others tell: a CONNECT, and its tunnel."""
    capture, found = recorded(name)
    pairs: list[Pair] = []

    def pair_of(alpn: str, host: str) -> Pair:
        pairs[:] = [Pair(TLS13, "http/1.1", PROXY), Pair(TLS13, alpn, host)]
        return Tunnel(host, *pairs)

    made, _ = carried(capture, found, pair_of)
    whole, halved = pairs[which == "server"].key_log, pairs[which == "server"].key_log
    halved = b"".join(line for line in whole.splitlines(True) if line.startswith(HALVES[half]))
    others = pairs[0].key_log if which == "server" else b"#\n"
    wanted, got = (cells(made, fetches(made, log)) for log in (others, others + halved))
    for row in (*wanted, *got):
        row["flags"] = [word for word in row["flags"] if not word.startswith("keys-")]  # type: ignore[attr-defined]
    assert differences(wanted, got) == {}


class Nested(Pair):
    """Tunnels in each other, each begun by a CONNECT."""

    def __init__(self, depth: int) -> None:
        self.pairs: list[Pair] = []
        self.flights = []
        for _ in range(depth):
            pair = Pair(TLS13, "http/1.1", PROXY)
            for sender, said in pair.flights:
                self.flights.append((sender, self.seal(sender, said)))
            self.pairs.append(pair)
        self.key_log = b"".join(pair.key_log for pair in self.pairs)

    def seal(self, server: bool, plain: bytes) -> bytes:
        """Through all of them, the innermost first."""
        for pair in self.pairs[::-1]:
            plain = pair.seal(server, plain)
        return plain


@pytest.mark.parametrize("depth", [2, 8, 9, 40])
def test_tls_in_tls_in_tls(depth: int) -> None:
    """Up to eight are opened, however many there are."""
    capture, found = recorded("http-status-502")
    made, key_log = carried(capture, found, lambda *_: Nested(depth))
    (row,) = cells(made, fetches(made, key_log))
    assert (row["cause"] == "http-status-502") == (depth <= 8)

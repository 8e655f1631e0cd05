"""The TLS of a twin: a handshake of two real ends, and the records that say what a plain connection says."""

from __future__ import annotations

import ssl
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from support.tls_talk import contexts

LONGEST = 16384
"""Bytes of a record (RFC 8446 5.1)."""


@dataclass(frozen=True)
class Suite:
    """What a twin speaks; `counts`: the length of a record tells that of its content."""

    name: str
    version: ssl.TLSVersion
    ciphers: str = ""
    counts: bool = True


SUITES = {
    suite.name: suite
    for suite in (
        Suite("tls13-aes256-gcm", ssl.TLSVersion.TLSv1_3),
        Suite("tls12-aes128-gcm", ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-GCM-SHA256"),
        Suite("tls12-chacha20", ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-CHACHA20-POLY1305"),
        Suite("tls12-aes128-cbc", ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA256", counts=False),
    )
}


@dataclass
class Stream:
    """One direction: the handshake's bytes, then a record for each piece between two edges.

    edges   offsets of the plain stream, at: where they are in that of the twin, text: its bytes behind the handshake
    header  bytes in front of the content of a piece
    """

    handshake: int = 0
    header: int = 5
    edges: list[int] = field(default_factory=lambda: [0])
    at: list[int] = field(default_factory=list)
    text: bytes = b""

    def place(self, offset: int) -> int:
        """Where an offset of the plain stream is, once the handshake is over."""
        if offset < 0:
            return offset if offset < -1 else self.handshake - 1
        if offset >= self.edges[-1]:
            return self.at[-1] + offset - self.edges[-1]
        which = bisect_right(self.edges, offset) - 1
        inside = offset - self.edges[which]
        return self.at[which] + min(inside + (self.header if inside else 0), self.at[which + 1] - self.at[which] - 1)

    def between(self, start: int, end: int) -> bytes:
        """The twin's bytes of the plain bytes between two offsets, of which both are edges."""
        first = self.at[0]
        return self.text[self.place(start) - first : self.place(end) - first]


@cache
def prepared(suite: Suite, alpn: str) -> tuple[ssl.SSLContext, ssl.SSLContext, Path]:
    """Client, server, and the key log that the client writes."""
    log = Path(mkdtemp(prefix="whyfetch-test-")) / "keys"
    client, server = contexts(log, suite.version, suite.ciphers)
    if alpn:
        client.set_alpn_protocols([alpn])
    return client, server, log


class Pair:
    """Two ends that have shaken hands. flights: what they said to each other by that, as (server, bytes)."""

    header = 5

    def __init__(self, suite: Suite, alpn: str, name: str) -> None:
        client, server, log = prepared(suite, alpn)
        written = log.stat().st_size if log.exists() else 0
        self.bios = [(ssl.MemoryBIO(), ssl.MemoryBIO()) for _ in range(2)]
        self.ends = (
            client.wrap_bio(*self.bios[0], server_hostname=name or None),
            server.wrap_bio(*self.bios[1], server_side=True),
        )
        self.flights: list[tuple[bool, bytes]] = []
        done = [False, False]
        while not all(done):
            for at, end in enumerate(self.ends):
                try:
                    end.do_handshake()
                    done[at] = True
                except ssl.SSLWantReadError:
                    pass
                said = self.bios[at][1].read()
                if said:
                    self.flights.append((bool(at), said))
                    self.bios[not at][0].write(said)
        self.key_log = log.read_bytes()[written:]

    def seal(self, server: bool, plain: bytes) -> bytes:
        """A piece of the conversation as a record."""
        self.ends[server].write(plain)
        return self.bios[server][1].read()

    def stream(self, server: bool, plain: bytes, edges: set[int]) -> Stream:
        """A whole direction."""
        found = Stream(sum(len(said) for sender, said in self.flights if sender == server), self.header)
        within = {edge for edge in edges if 0 < edge < len(plain)} | {0, len(plain)}
        for start, end in zip(sorted(within), sorted(within)[1:], strict=False):
            within |= set(range(start, end, LONGEST))
        found.edges = sorted(within)
        found.at = [found.handshake]
        for start, end in zip(found.edges, found.edges[1:], strict=False):
            found.text += self.seal(server, plain[start:end])
            found.at.append(found.handshake + len(found.text))
        return found


CONNECT = b"CONNECT %b:443 HTTP/1.1\r\nHost: %b:443\r\n\r\n"
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class Tunnel(Pair):
    """A tunnel through a proxy: what is said to the proxy is sealed by one pair, what goes through it by another."""

    def __init__(self, name: str, proxy: Pair | None = None, server: Pair | None = None) -> None:
        self.proxy, self.server = proxy, server
        self.flights = list(proxy.flights) if proxy is not None else []
        host = name.encode() or b"lab.example"
        inside = server.flights if server is not None else []
        for sender, said in ((False, CONNECT % (host, host)), (True, ESTABLISHED), *inside):
            self.flights.append((sender, said if proxy is None else proxy.seal(sender, said)))
        self.key_log = b"".join(pair.key_log for pair in (proxy, server) if pair is not None)
        self.header = 5 if self.key_log else 0

    def seal(self, server: bool, plain: bytes) -> bytes:
        """A piece of the conversation, through both."""
        for pair in (self.server, self.proxy):
            plain = plain if pair is None else pair.seal(server, plain)
        return plain

"""The conversations of the life-like capture: mostly TLS that works, several exchanges a connection, names looked up.

What fails is as in the even mix of `conversations.py`, and much rarer; DNS and connections seen one way are added.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import certificates
import http2
import names
from conversations import (
    CCS,
    REASONS,
    SECOND,
    client_gone,
    client_hello,
    encrypted,
    http_ok,
    http_ok_duplicate,
    http_ok_loss,
    http_ok_reorder,
    http_status,
    record,
    refused,
    rst_after_hello,
    rst_after_request,
    rst_mid_response,
    server_gone,
    server_hello,
    some,
    syn_no_answer,
    tls12_ok,
    tls13_ok,
    tls_alert,
    tls_hello_unacked,
    tls_no_server_hello,
    truncated,
    vector,
)
from packets import ACK, CLIENT, FIN, PSH, RST, SERVER, Talk, sender

Play = Callable[[Talk], int]

TLS12, TLS13 = 0x0303, 0x0304
OVER = {TLS12: 24, TLS13: 17}
"""Bytes that a record needs besides its content: nonce and tag of GCM; type and tag."""
ENCRYPTED_EXTENSIONS = {b"h2": 15, b"http/1.1": 21}
"""Bytes of the message that names the protocol (RFC 8446 4.3.1)."""
LOOKED_UP = 0.35
"""Share of connections that a question to the resolver precedes; the others have the address in a cache."""


def host(talk: Talk) -> str:
    """The name of the server: one name an address, so that no failed attempt has lost a race against another one."""
    number = int.from_bytes(talk.addresses[SERVER][-2:], "big")
    return f"{('pkg', 'api', 'cdn', 'static', 'mirror')[number % 5]}-{number}.example.net"


def body(rng: Random) -> int:
    """Size of an answer: mostly small, now and then an archive."""
    return rng.choices(
        (rng.randrange(150, 4_000), rng.randrange(4_000, 30_000), rng.randrange(30_000, 150_000)), (6, 3, 1)
    )[0]


def exchanges(rng: Random) -> int:
    """How many requests a connection carries."""
    return rng.choice((1, 1, 1, 2, 2, 3, 5))


# ---- TLS ----


class Session:
    """TLS on one connection.

    version, protocol   what is negotiated; over: bytes that a record needs besides its content
    """

    def __init__(self, talk: Talk, version: int, protocol: bytes) -> None:
        self.talk, self.version, self.protocol = talk, version, protocol
        self.over = OVER[version]

    def sealed(self, size: int) -> bytes:
        """A record of application data with so much content."""
        return record(23, some(self.talk.rng, size + self.over))

    def hello(self) -> bytes:
        """Ask for the name, connect, send the ClientHello; returns the session id."""
        talk, rng = self.talk, self.talk.rng
        if rng.random() < LOOKED_UP:
            names.lookup(talk, host(talk))
        talk.connect()
        hello = self.offered()
        talk.upload(hello)
        talk.wait(rng.randrange(300, 3_000))
        return hello[44:76]

    def offered(self) -> bytes:
        """The ClientHello."""
        protocols = (b"h2", b"http/1.1") if self.protocol == b"h2" else (b"http/1.1",)
        return client_hello(self.talk.rng, host(self.talk), protocols)

    def handshake(self) -> bytes:
        """A full handshake; returns what the client still has to send, and will with its first request."""
        return self.handshake13() if self.version == TLS13 else self.handshake12()

    def handshake13(self) -> bytes:
        """A flight of the server with a record for each message, as OpenSSL writes it."""
        talk, rng = self.talk, self.talk.rng
        flight = server_hello(rng, self.hello(), TLS13) + CCS
        sizes = (ENCRYPTED_EXTENSIONS[self.protocol], rng.randrange(2_200, 4_200), 264, 36)
        talk.download(flight + b"".join(map(self.sealed, sizes)))
        talk.wait(rng.randrange(500, 2_000))
        return CCS + self.sealed(36)

    def handshake12(self) -> bytes:
        """Certificates are readable; both Finished are sent before the first request."""
        talk, rng = self.talk, self.talk.rng
        session = self.hello()
        shared = b"\x03\0\x1d" + vector(some(rng, 32), 1) + b"\x08\x04" + vector(some(rng, 256))
        keys = record(22, b"\x0c" + vector(shared, 3)) + record(22, b"\x0e\0\0\0")
        leaf = record(22, b"\x0b" + vector(certificates.message(host(talk)), 3))
        talk.download(server_hello(rng, session, TLS12, self.protocol) + leaf + keys)
        talk.wait(rng.randrange(500, 2_000))
        talk.upload(record(22, b"\x10" + vector(vector(some(rng, 32), 1), 3)) + CCS + record(22, some(rng, 40)))
        ticket = b"\0\0\x1c\x20" + vector(some(rng, 176))
        talk.download(record(22, b"\x04" + vector(ticket, 3)) + CCS + record(22, some(rng, 40)))
        talk.wait(60)
        return b""

    def begin(self, last: bytes) -> None:
        """The end of the handshake and the first request; tickets and, in HTTP/2, SETTINGS come at once."""
        talk, rng = self.talk, self.talk.rng
        two = self.protocol == b"h2"
        opening = self.sealed(len(http2.PREFACE)) if two else b""
        talk.upload(last + opening + self.sealed(rng.randrange(70, 300)))
        told = self.sealed(233) * 2 if self.version == TLS13 else b""
        told += self.sealed(len(http2.SETTINGS_OF_SERVER)) if two else b""
        if told:
            talk.download(told)
        if two:
            talk.upload(self.sealed(len(http2.SETTINGS_ACK)))

    def answer(self, trouble: str = "") -> None:
        """The server thinks, and answers."""
        talk, rng = self.talk, self.talk.rng
        talk.wait(rng.randrange(500, 80_000))
        talk.download(self.sealed(rng.randrange(90, 300)) + encrypted(rng, body(rng)), trouble)

    def alert(self, side: int) -> None:
        """close_notify."""
        data = record(21, some(self.talk.rng, 26)) if self.version == TLS12 else record(23, some(self.talk.rng, 19))
        self.talk.hear(side)
        self.talk.put(side, ACK | PSH, data)
        self.talk.wait(20)

    def end(self) -> None:
        """The client closes; or the server, tired of waiting; or the client does not listen to the server's goodbye."""
        talk, way = self.talk, self.talk.rng.random()
        if way < 0.7:
            self.alert(CLIENT)
            talk.close(CLIENT)
        elif way < 0.85:
            talk.wait(talk.rng.randrange(4_900_000, 5_100_000))
            self.alert(SERVER)
            talk.wait(talk.rtt)
            talk.close(SERVER)
        else:
            self.alert(CLIENT)
            talk.put(CLIENT, FIN | ACK)
            talk.wait(talk.rtt)
            self.alert(SERVER)
            talk.put(SERVER, FIN | ACK)
            talk.wait(60)
            talk.put(CLIENT, RST)
            talk.put(CLIENT, RST, at=talk.time + 10)


def tls(version: int, protocol: bytes, trouble: str = "") -> Play:
    """A connection whose exchanges nobody can read: one row."""

    def play(talk: Talk) -> int:
        session = Session(talk, version, protocol)
        session.begin(session.handshake())
        session.answer(trouble)
        for _ in range(exchanges(talk.rng) - 1):
            talk.wait(talk.rng.randrange(200, 60_000))
            talk.upload(session.sealed(talk.rng.randrange(70, 200)))
            session.answer(trouble)
        session.end()
        return 1

    return play


# ---- HTTP/2 without TLS ----


def h2c(status: int) -> Play:
    """HTTP/2 with prior knowledge: one to five streams, two at a time."""

    def play(talk: Talk) -> int:
        rng = talk.rng
        streams = [2 * number + 1 for number in range(exchanges(rng))]
        talk.connect()
        for at in range(0, len(streams), 2):
            asked = b"" if at else http2.PREFACE
            asked += b"".join(http2.request(each, path(rng), host(talk)) for each in streams[at : at + 2])
            talk.upload(asked)
            if at == 0:
                talk.download(http2.SETTINGS_OF_SERVER + http2.SETTINGS_ACK)
                talk.upload(http2.SETTINGS_ACK)
            talk.wait(rng.randrange(500, 80_000))
            bodies = [some(rng, body(rng)) for _ in streams[at : at + 2]]
            talk.download(b"".join(map(http2.response, streams[at : at + 2], [status] * len(bodies), bodies)))
            talk.wait(rng.randrange(200, 30_000))
        talk.put(CLIENT, ACK | PSH, http2.GOODBYE)
        talk.close(CLIENT)
        return len(streams)

    return play


def path(rng: Random) -> str:
    """Of a module in a Go proxy."""
    return f"/{rng.getrandbits(32):08x}/@v/v1.{rng.randrange(40)}.{rng.randrange(20)}.zip"


# ---- what is no exchange ----


def unresolved(code: int) -> Play:
    """A name that does not resolve, and no connection."""

    def play(talk: Talk) -> int:
        names.lookup(talk, f"{talk.rng.getrandbits(32):08x}.example.org", code, talk.ports[CLIENT][0])
        return 1

    return play


def speculative(talk: Talk) -> int:
    """A connection that a browser made in advance, and does not need: no fetch."""
    talk.connect()
    talk.wait(talk.rng.randrange(SECOND, 4 * SECOND))
    talk.close(CLIENT)
    return 0


def one_way(talk: Talk) -> int:
    """A connection whose answers took a way past the capture."""
    fetches = http_ok(talk)
    talk.frames = [(when, frame) for when, frame in talk.frames if sender(frame) == CLIENT]
    return fetches


# share, class, cause, port, conversation. Shares are weights.
LIFE: list[tuple[int, str, str, int, Play]] = [
    (3400, "ok", "", 443, tls(TLS13, b"h2")),
    (200, "ok", "", 443, tls(TLS13, b"h2", "loss")),
    (150, "ok", "", 443, tls(TLS13, b"h2", "reorder")),
    (100, "ok", "", 443, tls(TLS13, b"h2", "duplicate")),
    (2050, "ok", "", 443, tls(TLS13, b"http/1.1")),
    (400, "ok", "", 443, tls13_ok),
    (900, "ok", "", 443, tls(TLS12, b"h2")),
    (600, "ok", "", 443, tls(TLS12, b"http/1.1")),
    (400, "ok", "", 443, tls12_ok),
    (600, "ok", "", 80, http_ok),
    (60, "ok", "", 80, http_ok_loss),
    (60, "ok", "", 80, http_ok_reorder),
    (40, "ok", "", 80, http_ok_duplicate),
    (140, "ok", "", 80, h2c(200)),
    (100, "ok", "", 443, speculative),
    (120, "syn-retransmit", "syn-no-answer", 443, syn_no_answer),
    (100, "rst", "rst-refused", 8080, refused),
    (50, "rst", "rst-mid-response", 80, rst_mid_response),
    (30, "rst", "rst-after-request", 80, rst_after_request),
    (70, "rst", "rst-after-clienthello", 443, rst_after_hello),
    (50, "tls-stall", "tls-no-server-hello", 443, tls_no_server_hello),
    (30, "tls-stall", "tls-clienthello-unacked", 443, tls_hello_unacked),
    (60, "tls-failure", "tls-alert-handshake-failure", 443, tls_alert),
    *((16, "http-failure", f"http-status-{status}", 80, http_status(status)) for status in REASONS),
    (20, "http-failure", "http-status-503", 80, h2c(503)),
    (20, "http-failure", "http-client-closed-no-response", 80, client_gone),
    (20, "http-failure", "http-no-response-server-closed", 80, server_gone),
    (30, "http-failure", "http-response-truncated", 80, truncated),
    (50, "dns-failure", "dns-nxdomain", names.PORT, unresolved(names.NXDOMAIN)),
    (15, "dns-failure", "dns-servfail", names.PORT, unresolved(names.SERVFAIL)),
    (10, "dns-failure", "dns-refused", names.PORT, unresolved(names.REFUSED)),
    (15, "dns-failure", "dns-no-address", names.PORT, unresolved(names.NO_ADDRESS)),
    (10, "incomplete", "", 80, one_way),
]
"""More than 80 of 100 connections end with whole TLS records.

No resolver is silent: where clients connect to addresses that nobody asked for, each of these connections might be due
to an answer that the capture lost, so that no failure could be proven.
"""

"""The conversations of the capture with keys: HTTPS as in the life-like capture, sealed with keys that are told.

Secrets are random and no key is exchanged: whoever has the key log needs no more. Keys and records are made by the
library `cryptography`, and by nothing of whyfetch.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import certificates
import http2
from conversations import (
    CCS,
    REASONS,
    record,
    refused,
    request,
    response,
    server_hello,
    some,
    syn_no_answer,
    tls_alert,
    tls_no_server_hello,
    vector,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, HashAlgorithm
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from lifelike import TLS12, TLS13, Play, Session, body, exchanges, host, path
from packets import ACK, CLIENT, PSH, SERVER, Talk

Size = Callable[[Random], int]

LARGEST = 16_384
"""Bytes of content in a record (RFC 8446 5.1)."""
ALERT, HANDSHAKE, APPLICATION_DATA = 21, 22, 23
CLOSE_NOTIFY = b"\1\0"
SUITES = {
    TLS13: ((0x1301, AESGCM, 16, SHA256), (0x1302, AESGCM, 32, SHA384), (0x1303, ChaCha20Poly1305, 32, SHA256)),
    TLS12: ((0xC02F, AESGCM, 16, SHA256), (0xC030, AESGCM, 32, SHA384), (0xCCA8, ChaCha20Poly1305, 32, SHA256)),
}
SHARES = (6, 3, 1)
"""Of the three suites of a version."""
RANDOM = slice(11, 43)
"""Of a hello, in its record."""


def expand_label(kind: type[HashAlgorithm], secret: bytes, label: bytes, size: int) -> bytes:
    """HKDF-Expand-Label without a context (RFC 8446 7.1)."""
    info = size.to_bytes(2, "big") + vector(b"tls13 " + label, 1) + b"\0"
    return HKDFExpand(kind(), size, info).derive(secret)


def prf(kind: type[HashAlgorithm], secret: bytes, seed: bytes, size: int) -> bytes:
    """The PRF of TLS 1.2, of a label and a seed (RFC 5246 5)."""

    def hmac(data: bytes) -> bytes:
        made = HMAC(secret, kind())
        made.update(data)
        return made.finalize()

    found, chained = b"", seed
    while len(found) < size:
        chained = hmac(chained)
        found += hmac(chained + seed)
    return found[:size]


def message(kind: int, data: bytes) -> bytes:
    """A handshake message."""
    return bytes([kind]) + vector(data, 3)


class Writer:
    """What seals the records of one direction, and counts them."""

    def __init__(self, version: int, cipher: AESGCM | ChaCha20Poly1305, iv: bytes) -> None:
        self.version, self.cipher, self.iv = version, cipher, iv
        self.number = 0

    def seal(self, kind: int, data: bytes) -> bytes:
        """One record (RFC 8446 5.2; RFC 5288 3, RFC 7905 2)."""
        number, self.number = self.number.to_bytes(8, "big"), self.number + 1
        if self.version == TLS13:
            head = bytes((APPLICATION_DATA, 3, 3)) + (len(data) + 17).to_bytes(2, "big")
            return head + self.cipher.encrypt(self.nonce(number), data + bytes([kind]), head)
        covered = number + bytes((kind, 3, 3)) + len(data).to_bytes(2, "big")
        if isinstance(self.cipher, AESGCM):
            return record(kind, number + self.cipher.encrypt(self.iv + number, data, covered))
        return record(kind, self.cipher.encrypt(self.nonce(number), data, covered))

    def nonce(self, number: bytes) -> bytes:
        """The IV and the number (RFC 8446 5.3)."""
        return (int.from_bytes(self.iv, "big") ^ int.from_bytes(number, "big")).to_bytes(12, "big")


class SealedSession(Session):
    """TLS on one connection, with its keys.

    writers  of the client and of the server
    """

    def __init__(self, talk: Talk, version: int, protocol: bytes) -> None:
        super().__init__(talk, version, protocol)
        self.suite, self.cipher, self.size, self.hash = talk.rng.choices(SUITES[version], SHARES)[0]
        self.writers: list[Writer] = []
        self.random = talk.rng.randbytes(32)

    def tell(self, label: str, size: int) -> bytes:
        """A secret, and its line of the key log."""
        secret = self.talk.rng.randbytes(size)
        self.talk.key_log += f"{label} {self.random.hex()} {secret.hex()}\n"
        return secret

    def seal(self, side: int, kind: int, data: bytes) -> bytes:
        """Records with this content."""
        pieces = [data[at : at + LARGEST] for at in range(0, len(data), LARGEST)]
        return b"".join(self.writers[side].seal(kind, piece) for piece in pieces)

    def offered(self) -> bytes:
        """The ClientHello, with a random that no other connection has."""
        hello = super().offered()
        return hello[: RANDOM.start] + self.random + hello[RANDOM.stop :]

    def answered(self, session: bytes) -> bytes:
        """The ServerHello that chooses the suite."""
        hello = server_hello(self.talk.rng, session, self.version, self.protocol if self.version == TLS12 else b"")
        at = RANDOM.stop + 1 + len(session)
        return hello[:at] + self.suite.to_bytes(2, "big") + hello[at + 2 :]

    def secrets(self, step: str) -> list[Writer]:
        """Traffic secrets of a step, and their keys (RFC 8446 7.3)."""
        found = []
        for side in ("CLIENT", "SERVER"):
            secret = self.tell(f"{side}_{step}", self.hash.digest_size)
            key = expand_label(self.hash, secret, b"key", self.size)
            found.append(Writer(TLS13, self.cipher(key), expand_label(self.hash, secret, b"iv", 12)))
        return found

    def handshake13(self) -> bytes:
        """A flight of the server with a record for each message; the client's goes with its first request."""
        talk, rng = self.talk, self.talk.rng
        flight = self.answered(self.hello()) + CCS
        self.writers, later = self.secrets("HANDSHAKE_TRAFFIC_SECRET"), self.secrets("TRAFFIC_SECRET_0")
        chosen = b"\0\x10" + vector(vector(vector(self.protocol, 1)))
        chain = b"".join(vector(each, 3) + b"\0\0" for each in certificates.chain(host(talk)))
        verified = b"\x08\x04" + vector(some(rng, 256))
        finished = message(20, some(rng, self.hash.digest_size))
        whole = (message(8, vector(chosen)), message(11, b"\0" + vector(chain, 3)), message(15, verified), finished)
        talk.download(flight + b"".join(self.seal(SERVER, HANDSHAKE, each) for each in whole))
        talk.wait(rng.randrange(500, 2_000))
        last = CCS + self.seal(CLIENT, HANDSHAKE, finished)
        self.writers = later
        return last

    def handshake12(self) -> bytes:
        """Certificates are readable; both Finished are sent before the first request."""
        talk, rng = self.talk, self.talk.rng
        hello = self.answered(self.hello())
        iv = 4 if self.cipher is AESGCM else 12
        seed = b"key expansion" + hello[RANDOM] + self.random
        block = prf(self.hash, self.tell("CLIENT_RANDOM", 48), seed, 2 * (self.size + iv))
        for side in (CLIENT, SERVER):
            key, at = block[side * self.size : (side + 1) * self.size], 2 * self.size + side * iv
            self.writers.append(Writer(TLS12, self.cipher(key), block[at : at + iv]))
        shared = b"\x03\0\x1d" + vector(some(rng, 32), 1) + b"\x08\x04" + vector(some(rng, 256))
        shown = (message(11, certificates.message(host(talk))), message(12, shared), message(14, b""))
        talk.download(hello + b"".join(record(HANDSHAKE, each) for each in shown))
        talk.wait(rng.randrange(500, 2_000))
        finished = message(20, some(rng, 12))
        exchanged = record(HANDSHAKE, message(16, vector(some(rng, 32), 1)))
        talk.upload(exchanged + CCS + self.seal(CLIENT, HANDSHAKE, finished))
        ticket = record(HANDSHAKE, message(4, b"\0\0\x1c\x20" + vector(some(rng, 176))))
        talk.download(ticket + CCS + self.seal(SERVER, HANDSHAKE, finished))
        talk.wait(60)
        return b""

    def begin(self, last: bytes) -> None:
        """The end of the handshake and the first request; tickets and, in HTTP/2, SETTINGS come at once."""
        talk, two = self.talk, self.protocol == b"h2"
        opening = self.seal(CLIENT, APPLICATION_DATA, http2.PREFACE) if two else b""
        talk.upload(last + opening + self.seal(CLIENT, APPLICATION_DATA, self.request(0)))
        ticket = message(
            4, b"\0\0\x1c\x20" + some(talk.rng, 4) + vector(bytes(8), 1) + vector(some(talk.rng, 192)) + bytes(2)
        )
        told = b"".join(self.seal(SERVER, HANDSHAKE, ticket) for _ in range(2)) if self.version == TLS13 else b""
        told += self.seal(SERVER, APPLICATION_DATA, http2.SETTINGS_OF_SERVER + http2.SETTINGS_ACK) if two else b""
        if told:
            talk.download(told)
        if two:
            talk.upload(self.seal(CLIENT, APPLICATION_DATA, http2.SETTINGS_ACK))

    def request(self, number: int) -> bytes:
        """The so-manieth."""
        if self.protocol == b"h2":
            return http2.request(2 * number + 1, path(self.talk.rng), host(self.talk))
        return request(self.talk.rng)

    def respond(self, number: int, status: int, size: int, trouble: str = "") -> None:
        """The server thinks, and answers with a body of this size."""
        talk, rng = self.talk, self.talk.rng
        if self.protocol == b"h2":
            answer = http2.response(2 * number + 1, status, some(rng, size))
        else:
            answer = response(rng, status, size, rng.random() < 0.3)
        talk.wait(rng.randrange(500, 80_000))
        talk.download(self.seal(SERVER, APPLICATION_DATA, answer), trouble)

    def alert(self, side: int) -> None:
        """close_notify."""
        self.talk.hear(side)
        self.talk.put(side, ACK | PSH, self.seal(side, ALERT, CLOSE_NOTIFY))
        self.talk.wait(20)


def archive(rng: Random) -> int:
    """Size of an answer of a registry: documents, and archives of up to two megabytes."""
    return rng.choices(
        (
            rng.randrange(150, 4_000),
            rng.randrange(4_000, 60_000),
            rng.randrange(60_000, 400_000),
            rng.randrange(400_000, 2_000_000),
        ),
        (10, 6, 3, 1),
    )[0]


def https(size: Size, version: int, protocol: bytes, status: int = 200, trouble: str = "") -> Play:
    """A connection whose exchanges all have this status: a row each."""

    def play(talk: Talk) -> int:
        session, count = SealedSession(talk, version, protocol), exchanges(talk.rng)
        session.begin(session.handshake())
        session.respond(0, status, size(talk.rng), trouble)
        for number in range(1, count):
            talk.wait(talk.rng.randrange(200, 60_000))
            talk.upload(session.seal(CLIENT, APPLICATION_DATA, session.request(number)))
            session.respond(number, status, size(talk.rng), trouble)
        session.end()
        return count

    return play


def truncated(talk: Talk) -> int:
    """A response of which the server sends a part, and then its FIN."""
    session = SealedSession(talk, TLS13, b"http/1.1")
    session.begin(session.handshake())
    talk.wait(talk.rng.randrange(500, 80_000))
    talk.download(
        session.seal(SERVER, APPLICATION_DATA, response(talk.rng, 200, 40_000)[: talk.rng.randrange(500, 40_000)])
    )
    talk.close(SERVER)
    return 1


def gave_up(protocol: bytes) -> Play:
    """No answer comes; the client waits, and closes."""

    def play(talk: Talk) -> int:
        session = SealedSession(talk, TLS13, protocol)
        session.begin(session.handshake())
        talk.wait(talk.rng.randrange(2_000_000, 6_000_000))
        session.alert(CLIENT)
        talk.close(CLIENT)
        return 1

    return play


def reset_stream(talk: Talk) -> int:
    """A stream of HTTP/2 that the server resets in the middle of its body."""
    session = SealedSession(talk, TLS13, b"h2")
    session.begin(session.handshake())
    talk.wait(talk.rng.randrange(500, 80_000))
    begun = http2.response(1, 200, some(talk.rng, 40_000))[: -http2.HEADER - 7_232]
    talk.download(session.seal(SERVER, APPLICATION_DATA, begun + http2.frame(http2.RST_STREAM, 0, 1, b"\0\0\0\2")))
    session.alert(CLIENT)
    talk.close(CLIENT)
    return 1


def kinds(size: Size) -> list[tuple[int, str, str, int, Play]]:
    """Share, class, cause, port, conversation, for answers of such sizes. Shares are weights."""
    return [
        (3400, "ok", "", 443, https(size, TLS13, b"h2")),
        (150, "ok", "", 443, https(size, TLS13, b"h2", trouble="loss")),
        (150, "ok", "", 443, https(size, TLS13, b"h2", trouble="reorder")),
        (100, "ok", "", 443, https(size, TLS13, b"h2", trouble="duplicate")),
        (2250, "ok", "", 443, https(size, TLS13, b"http/1.1")),
        (150, "ok", "", 443, https(size, TLS13, b"http/1.1", trouble="loss")),
        (1000, "ok", "", 443, https(size, TLS12, b"h2")),
        (800, "ok", "", 443, https(size, TLS12, b"http/1.1")),
        *((20, "http-failure", f"http-status-{code}", 443, https(body, TLS13, b"h2", code)) for code in REASONS),
        *((20, "http-failure", f"http-status-{code}", 443, https(body, TLS12, b"http/1.1", code)) for code in REASONS),
        (50, "http-failure", "http-response-truncated", 443, truncated),
        (30, "http-failure", "http-client-closed-no-response", 443, gave_up(b"h2")),
        (30, "http-failure", "http-client-closed-no-response", 443, gave_up(b"http/1.1")),
        (40, "http-failure", "http2-rst-stream-internal-error", 443, reset_stream),
        (60, "syn-retransmit", "syn-no-answer", 443, syn_no_answer),
        (40, "rst", "rst-refused", 8443, refused),
        (50, "tls-stall", "tls-no-server-hello", 443, tls_no_server_hello),
        (50, "tls-failure", "tls-alert-handshake-failure", 443, tls_alert),
    ]


HTTPS, API = kinds(archive), kinds(body)
"""What registries answer, and what is as small as in the life-like capture."""

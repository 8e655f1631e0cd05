"""Real TLS connections without a network: two ends of Python's `ssl`, and every record between them."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

HOST = "lab.example"
RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""The random of a HelloRetryRequest (RFC 8446 4.1.3)."""
LEAST = 42
"""Bytes of a hello with its header."""
NO_ENCRYPT_THEN_MAC = 1 << 19
"""SSL_OP_NO_ENCRYPT_THEN_MAC of OpenSSL."""


@dataclass
class Record:
    """One record: which end sent it, and what it has."""

    server: bool
    kind: int
    version: int
    body: bytes


@dataclass
class Hellos:
    """What of the hellos matters for keys; `ready`: the server has answered."""

    client_random: bytes = b""
    server_random: bytes = b""
    version: int = 0
    suite: int = 0
    encrypt_then_mac: bool = False
    ready: bool = False

    def read(self, server: bool, message: bytes) -> None:
        """A handshake message, with its header."""
        if len(message) < LEAST:
            return
        if message[0] == 1 and not server:
            self.client_random = message[6:38]
        if message[0] == 2 and server and message[6:38] != RETRY:
            self._server_hello(message)

    def _server_hello(self, message: bytes) -> None:
        self.version = int.from_bytes(message[4:6], "big")
        self.server_random = message[6:38]
        at = 39 + message[38]
        self.suite = int.from_bytes(message[at : at + 2], "big")
        at += 5
        self.encrypt_then_mac = False
        while at + 4 <= len(message):
            kind, size = (int.from_bytes(message[begin : begin + 2], "big") for begin in (at, at + 2))
            if kind == 22:
                self.encrypt_then_mac = True
            elif kind == 43:
                self.version = int.from_bytes(message[at + 4 : at + 6], "big")
            at += 4 + size
        self.ready = True


@dataclass
class Talk:
    """Records in the order of the wire, the key log, and the data that each end sent, as (server, data)."""

    records: list[Record] = field(default_factory=list)
    key_log: bytes = b""
    said: list[tuple[bool, bytes]] = field(default_factory=list)
    session: ssl.SSLSession | None = None

    def take(self, server: bool, data: bytes) -> None:
        """Whole records of one end."""
        while data:
            size = int.from_bytes(data[3:5], "big")
            self.records.append(Record(server, data[0], int.from_bytes(data[1:3], "big"), data[5 : 5 + size]))
            data = data[5 + size :]

    @property
    def hellos(self) -> Hellos:
        """Of the first handshake."""
        found = Hellos()
        for record in self.records:
            if record.kind == 22 and not found.ready:
                found.read(record.server, record.body)
        return found


@cache
def identity(kind: str) -> Path:
    """A file with a key of a kind, `rsa` or `ec`, and a certificate for HOST."""
    key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, begin, begin + timedelta(days=36500))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
    certificate = made.sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = Path(mkdtemp(prefix="whyfetch-test-")) / f"{kind}.pem"
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


def contexts(
    key_log: Path, version: ssl.TLSVersion, ciphers: str = "", kind: str = "ec", options: int = 0, groups: str = ""
) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Client, which writes the key log, and server."""
    client, server = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    server.load_cert_chain(identity(kind))
    for one in (client, server):
        one.minimum_version = one.maximum_version = version
        one.options |= options
        if ciphers:
            one.set_ciphers(f"{ciphers}:@SECLEVEL=0")
        one.set_alpn_protocols(["h2", "http/1.1"])
    if groups:
        server.set_ecdh_curve(groups)
    client.keylog_filename = str(key_log)
    return client, server


def talk(
    client: ssl.SSLContext,
    server: ssl.SSLContext,
    key_log: Path,
    said: Iterable[tuple[bool, bytes]],
    session: ssl.SSLSession | None = None,
) -> Talk:
    """Shake hands, say that, and close."""
    found = Talk()
    written = key_log.stat().st_size if key_log.exists() else 0
    bios = [(ssl.MemoryBIO(), ssl.MemoryBIO()) for _ in range(2)]
    ends = (
        client.wrap_bio(*bios[0], server_hostname=HOST, session=session),
        server.wrap_bio(*bios[1], server_side=True),
    )

    def carry(sender: int) -> None:
        """What one end has written goes to the other."""
        data = bios[sender][1].read()
        found.take(bool(sender), data)
        bios[not sender][0].write(data)

    done = [False, False]
    while not all(done):
        for at, end in enumerate(ends):
            with suppress(ssl.SSLWantReadError):
                end.do_handshake()
                done[at] = True
            carry(at)
    for sender, data in said:
        ends[sender].write(data)
        carry(sender)
        got = b""
        while len(got) < len(data):
            got += ends[not sender].read(len(data) - len(got))
        carry(not sender)
        found.said.append((bool(sender), data))
    found.session = ends[0].session
    for at in (0, 1):
        with suppress(ssl.SSLError):
            ends[at].unwrap()
        carry(at)
    found.key_log = key_log.read_bytes()[written:]
    return found

"""TLS records and handshake messages from words (RFC 8446 4 and 5.1, RFC 5246 7.4), and what stands for encrypted."""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Callable, Iterator

from analyzer.pkt.words import U8, U16, limited, number, options, prefixed, size_of

CERTIFICATE = base64.b64decode(
    "MIIBmDCCAT+gAwIBAgIUMg3SUndFmnE4xBiTgYRwEsIS9oQwCgYIKoZIzj0EAwIwFjEUMBIGA1UEAwwLZXhhbXBsZS5vcmcwHhcN"
    "MjYxMTIyMjM1NTAyWhcNMzYxMTE5MjM1NTAyWjAWMRQwEgYDVQQDDAtleGFtcGxlLm9yZzBZMBMGByqGSM49AgEGCCqGSM49AwEH"
    "A0IABHCzcWoYu9LBWHTBIFB/l7rkM+zzCNUOq6JdLtAsGTXAoc3IOqYrDywk6araZ+Ip73FH2NJN0MkwchWHW4mvWmKjazBpMB0G"
    "A1UdDgQWBBRvYSV+s/MM0M0WWE6RxG1AXd/dbjAfBgNVHSMEGDAWgBRvYSV+s/MM0M0WWE6RxG1AXd/dbjAPBgNVHRMBAf8EBTAD"
    "AQH/MBYGA1UdEQQPMA2CC2V4YW1wbGUub3JnMAoGCCqGSM49BAMCA0cAMEQCIHPw3CK0sB7VBp69mdTWnWhKvUkBVYkbWhfTYtdf"
    "exlGAiB8EzD8JGCWPMBLHHvyiRBGtcA6+SqSm6Rk1gRTGV34eQ=="
)
"""A self-signed certificate for example.org, made for these tests; its key is gone."""

RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")  # RFC 8446 4.1.3
GROUPS = {"secp256r1": (0x0017, 65), "x25519": (0x001D, 32), "x25519mlkem768": (0x11EC, 1216)}


def noise(label: str, size: int) -> bytes:
    """Bytes that look encrypted and never change."""
    return hashlib.shake_128(label.encode()).digest(size)


def record(kind: int, body: bytes, version: int = 0x0303) -> bytes:
    """One TLS record."""
    return struct.pack("!BHH", kind, version, len(body)) + body


def _message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def _extension(kind: int, body: bytes) -> bytes:
    return struct.pack("!HH", kind, len(body)) + body


def _alpn(names: str) -> bytes:
    return _extension(16, prefixed(b"".join(prefixed(name.encode(), 1) for name in names.split(",")), 2))


def _client_hello(words: list[str], extra: int) -> bytes:
    said = options(words, "sni alpn size tls12! groups early_data! record_version second!")
    groups = [GROUPS[name] for name in said.get("groups", "x25519").split(",")]
    extensions = b""
    if "sni" in said:
        extensions += _extension(0, prefixed(b"\0" + prefixed(said["sni"].encode(), 2), 2))
    extensions += _extension(10, prefixed(b"".join(struct.pack("!H", group) for group, _ in groups), 2))
    extensions += _extension(13, prefixed(bytes.fromhex("0403080404010501"), 2))
    if "alpn" in said:
        extensions += _alpn(said["alpn"])
    if "tls12" not in said:
        shares = b"".join(struct.pack("!H", group) + prefixed(noise("share", size), 2) for group, size in groups)
        extensions += _extension(43, prefixed(bytes.fromhex("03040303"), 1)) + _extension(51, prefixed(shares, 2))
    if "early_data" in said:
        extensions += _extension(42, b"")
    psk = _psk() if "early_data" in said else b""  # the PSK extension must come last (RFC 8446 4.2.11)
    random = noise("second" if "second" in said else "first", 32)
    spare = [noise("session", 32), bytes.fromhex("c02bc02f"), bytes.fromhex("c030")] if "size" in said else []
    version = int(said.get("record_version", "0x0301")[:6], 16)

    def hello(padding: bytes) -> bytes:
        session = noise("session", 32) if "size" not in said or spare else b""
        ciphers = b"".join(spare[1:]) if "size" in said else bytes.fromhex("c02bc02fc030")
        fields = b"\x03\x03" + random + prefixed(session, 1)
        fields += prefixed(bytes.fromhex("130113021303") + ciphers, 2) + b"\1\0"
        return record(22, _message(1, fields + prefixed(extensions + padding + psk, 2)), version)

    plain = hello(b"")
    extra = size_of(said["size"]) - len(plain) if "size" in said else extra
    while extra < 4 and extra != 0 and spare:
        extra += len(spare.pop())  # a shorter offer, and padding for the rest
        plain = hello(b"")
    if extra == 0:
        return plain
    if extra < 4:
        raise ValueError(f"a ClientHello of these extensions has {len(plain)} bytes, or at least 4 more")
    return hello(_extension(21, bytes(extra - 4)))  # RFC 7685


def _psk() -> bytes:
    """The offer of one ticket."""
    return _extension(
        41, prefixed(prefixed(noise("ticket", 32), 2) + bytes(4), 2) + prefixed(prefixed(bytes(32), 1), 2)
    )


def _server_hello(words: list[str], extra: int, random: bytes = b"") -> bytes:
    at = words.index("then") if "then" in words else len(words)
    words, then = words[:at], words[at + 1 :]
    said = options(words, "tls13! tls12! alpn new_session! psk! size")
    random = random or noise("server", 32)
    if "tls12" in said:
        cipher, extensions = b"\xc0\x2f", _extension(0xFF01, b"\0")
        if "alpn" in said:
            extensions += _alpn(said["alpn"])
    else:
        cipher = b"\x13\x01"
        share = b"\x00\x1d" if random == RETRY_RANDOM else b"\x00\x1d" + prefixed(noise("server share", 32), 2)
        extensions = _extension(51, share) + _extension(43, b"\x03\x04")
        if "psk" in said:
            extensions += _extension(41, b"\0\0")

    def hello(session: bytes, padding: bytes) -> bytes:
        fields = b"\x03\x03" + random + prefixed(session, 1) + cipher + b"\0" + prefixed(extensions + padding, 2)
        return _message(2, fields)

    message = hello(noise("other session" if "new_session" in said else "session", 32), b"")
    if "size" in said:
        message = _fitted(hello, size_of(said["size"]) - 5, "new_session" in said)
    return record(22, message + _messages(then))


def _fitted(hello: Callable[[bytes, bytes], bytes], size: int, new_session: bool) -> bytes:
    """A ServerHello of that size: padded by an extension, or with a shorter session id of its own."""
    for length in (32, *range(32)) if new_session else (32,):
        session = noise("other session" if new_session else "session", length)
        missing = size - len(hello(session, b""))
        if missing == 0:
            return hello(session, b"")
        if missing >= 4:
            return hello(session, _extension(21, bytes(missing - 4)))
    raise ValueError(f"no ServerHello of {size} bytes is possible")


def _messages(words: list[str]) -> bytes:
    """Handshake messages of these types and lengths, zeros inside."""
    pairs = (word.partition(":") for word in words)
    return b"".join(limited(_message(number(kind, U8), bytes(size_of(size))) for kind, _, size in pairs))


def _certificate(words: list[str], extra: int) -> bytes:
    return record(22, _message(11, prefixed(prefixed(CERTIFICATE, 3), 3)))


def _records(words: list[str], extra: int) -> bytes:
    return b"".join(limited(_noisy(words)))


def _noisy(words: list[str]) -> Iterator[bytes]:
    """Records of these types and lengths, noise inside."""
    at = 0
    for word in words:
        kind, _, length = word.partition(":")
        made = record(number(kind, U8), noise(f"record {at}", number(length, U16)))
        yield made
        at += len(made)


def _alert(words: list[str], extra: int) -> bytes:
    return record(21, bytes(number(word, U8) for word in words))


TLS: dict[str, Callable[[list[str], int], bytes]] = {
    "client_hello": _client_hello,
    "server_hello": _server_hello,
    "hrr": lambda words, extra: _server_hello(words, extra, RETRY_RANDOM),
    "handshake": lambda words, extra: record(22, _messages(words)),
    "certificate": _certificate,
    "server_key_exchange": lambda words, extra: record(
        22, _message(12, b"\3\0\x1d" + prefixed(noise("ske", 32), 1) + b"\4\3" + prefixed(noise("signature", 70), 2))
    ),
    "server_hello_done": lambda words, extra: record(22, _message(14, b"")),
    "client_key_exchange": lambda words, extra: record(22, _message(16, prefixed(noise("cke", 32), 1))),
    "ccs": lambda words, extra: record(20, b"\1"),
    "finished12": lambda words, extra: record(22, noise("finished", 40)),  # AES-GCM: 8 + 16 + 16 bytes
    "records": _records,
    "alert": _alert,
}

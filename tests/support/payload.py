"""Turns the payload words of a `.pkt` line into real bytes: TLS handshake messages and records, HTTP heads, text.

`payload(words, size)` gives exactly `size` bytes: a ClientHello stretches by its padding extension, an HTTP head by a
header, `zeros` by themselves. Words that end in `...` may describe more than this packet holds: the rest belongs to the
sequence numbers that follow. The bytes are the same on every run.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import struct
from collections.abc import Callable

from support import h2

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
REASONS = {
    100: "Continue", 101: "Switching Protocols", 200: "OK", 204: "No Content", 206: "Partial Content",
    301: "Moved Permanently", 304: "Not Modified", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
    404: "Not Found", 407: "Proxy Authentication Required", 408: "Request Timeout", 410: "Gone",
    429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable",
    504: "Gateway Timeout",
}  # fmt: skip


def noise(label: str, size: int) -> bytes:
    """Bytes that look encrypted and never change."""
    return hashlib.shake_128(label.encode()).digest(size)


def payload(words: list[str], size: int, memory: h2.Memory | None = None) -> bytes:
    """The bytes described by `words`; parts are joined by `+`, the first one that can stretch fills up to `size`.

    `memory` is what the direction's blocks of HTTP/2 have in common.
    """
    h2.size_of(str(size))
    goes_on = words[-1] == "..."
    parts: list[list[str]] = [[]]
    for word in words[: len(words) - goes_on]:
        if word == "+":
            parts.append([])
        else:
            parts[-1].append(word)
    blobs = [_part(part, 0, memory) for part in parts]
    missing = size - sum(map(len, blobs))
    if missing > 0:
        index = next((i for i, part in enumerate(parts) if _stretches(part)), None)
        if index is None:
            raise ValueError(f"`{' '.join(words)}` has {size - missing} bytes, the packet {size}")
        blobs[index] = _part(parts[index], missing)
    elif missing < 0 and not goes_on:
        raise ValueError(f"{size - missing} bytes, the packet has {size}; end with `...` if later packets go on")
    return b"".join(blobs)


def _stretches(part: list[str]) -> bool:
    if part[0] == "h2":
        return h2.stretches(part[1:])
    if part[0] == "tls":
        return part[1] == "client_hello" and "size" not in part
    return (part[0] == "http" and "head" not in part) or part == ["zeros"]


def _part(part: list[str], extra: int, memory: h2.Memory | None = None) -> bytes:
    kind, rest = part[0], part[1:]
    if kind == "tls":
        return TLS[rest[0]](rest[1:], extra)
    if kind == "h2":
        return h2.part(rest, extra, memory)
    if kind == "http":
        return _http(rest, extra)
    if kind == "dns":  # over TCP: the length goes before (RFC 7766 8)
        return _prefixed(dns(rest[1:], answer=rest[0] == "answer"), 2)
    if kind == "text":
        return rest[0].encode().decode("unicode_escape").encode("latin-1")
    if kind == "hex":
        return bytes.fromhex("".join(rest))
    if kind == "zeros":
        return bytes(h2.size_of(rest[0]) if rest else extra)
    raise ValueError(f"unknown payload `{kind}`")


def _options(words: list[str], known: str) -> dict[str, str]:
    """`word value` pairs; words of `known` that end in `!` stand alone."""
    alone = {name[:-1] for name in known.split() if name.endswith("!")}
    takes = {name for name in known.split() if not name.endswith("!")}
    options: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        if word in alone:
            options[word] = ""
        elif word in takes:
            options[word] = next(rest)
        else:
            raise ValueError(f"unknown payload word `{word}`")
    return options


# TLS: RFC 8446 4 and 5.1, RFC 5246 7.4


def record(kind: int, body: bytes, version: int = 0x0303) -> bytes:
    """One TLS record."""
    return struct.pack("!BHH", kind, version, len(body)) + body


def _message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def _extension(kind: int, body: bytes) -> bytes:
    return struct.pack("!HH", kind, len(body)) + body


def _prefixed(body: bytes, width: int) -> bytes:
    return len(body).to_bytes(width, "big") + body


def _alpn(names: str) -> bytes:
    return _extension(16, _prefixed(b"".join(_prefixed(name.encode(), 1) for name in names.split(",")), 2))


def _client_hello(words: list[str], extra: int) -> bytes:
    options = _options(words, "sni alpn size tls12! groups early_data! record_version second!")
    groups = [GROUPS[name] for name in options.get("groups", "x25519").split(",")]
    extensions = b""
    if "sni" in options:
        extensions += _extension(0, _prefixed(b"\0" + _prefixed(options["sni"].encode(), 2), 2))
    extensions += _extension(10, _prefixed(b"".join(struct.pack("!H", group) for group, _ in groups), 2))
    extensions += _extension(13, _prefixed(bytes.fromhex("0403080404010501"), 2))
    if "alpn" in options:
        extensions += _alpn(options["alpn"])
    if "tls12" not in options:
        shares = b"".join(struct.pack("!H", group) + _prefixed(noise("share", size), 2) for group, size in groups)
        extensions += _extension(43, _prefixed(bytes.fromhex("03040303"), 1)) + _extension(51, _prefixed(shares, 2))
    if "early_data" in options:
        extensions += _extension(42, b"")
    psk = b""
    if "early_data" in options:  # the PSK extension must come last (RFC 8446 4.2.11)
        psk = _extension(
            41, _prefixed(_prefixed(noise("ticket", 32), 2) + bytes(4), 2) + _prefixed(_prefixed(bytes(32), 1), 2)
        )
    random = noise("second" if "second" in options else "first", 32)
    spare = [noise("session", 32), bytes.fromhex("c02bc02f"), bytes.fromhex("c030")] if "size" in options else []
    version = int(options.get("record_version", "0x0301"), 16)

    def hello(padding: bytes) -> bytes:
        session = noise("session", 32) if "size" not in options or spare else b""
        ciphers = b"".join(spare[1:]) if "size" in options else bytes.fromhex("c02bc02fc030")
        fields = b"\x03\x03" + random + _prefixed(session, 1)
        fields += _prefixed(bytes.fromhex("130113021303") + ciphers, 2) + b"\1\0"
        return record(22, _message(1, fields + _prefixed(extensions + padding + psk, 2)), version)

    plain = hello(b"")
    extra = h2.size_of(options["size"]) - len(plain) if "size" in options else extra
    while extra < 4 and extra != 0 and spare:
        extra += len(spare.pop())  # a shorter offer, and padding for the rest
        plain = hello(b"")
    if extra == 0:
        return plain
    if extra < 4:
        raise ValueError(f"a ClientHello of these extensions has {len(plain)} bytes, or at least 4 more")
    return hello(_extension(21, bytes(extra - 4)))  # RFC 7685


def _server_hello(words: list[str], extra: int, random: bytes = b"") -> bytes:
    at = words.index("then") if "then" in words else len(words)
    words, then = words[:at], words[at + 1 :]
    options = _options(words, "tls13! tls12! alpn new_session! psk! size")
    random = random or noise("server", 32)
    if "tls12" in options:
        cipher, extensions = b"\xc0\x2f", _extension(0xFF01, b"\0")
        if "alpn" in options:
            extensions += _alpn(options["alpn"])
    else:
        cipher = b"\x13\x01"
        share = b"\x00\x1d" if random == RETRY_RANDOM else b"\x00\x1d" + _prefixed(noise("server share", 32), 2)
        extensions = _extension(51, share) + _extension(43, b"\x03\x04")
        if "psk" in options:
            extensions += _extension(41, b"\0\0")

    def hello(session: bytes, padding: bytes) -> bytes:
        fields = b"\x03\x03" + random + _prefixed(session, 1) + cipher + b"\0" + _prefixed(extensions + padding, 2)
        return _message(2, fields)

    message = hello(noise("other session" if "new_session" in options else "session", 32), b"")
    if "size" in options:
        message = _fitted(hello, int(options["size"]) - 5, "new_session" in options)
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
    return b"".join(_message(int(word.partition(":")[0]), bytes(h2.size_of(word.partition(":")[2]))) for word in words)


def _certificate(words: list[str], extra: int) -> bytes:
    return record(22, _message(11, _prefixed(_prefixed(CERTIFICATE, 3), 3)))


def _records(words: list[str], extra: int) -> bytes:
    out = b""
    for word in words:
        kind, length = map(h2.size_of, word.split(":"))
        out += record(kind, noise(f"record {len(out)}", length))
    return out


def _alert(words: list[str], extra: int) -> bytes:
    return record(21, bytes(map(int, words)))


TLS: dict[str, Callable[[list[str], int], bytes]] = {
    "client_hello": _client_hello,
    "server_hello": _server_hello,
    "hrr": lambda words, extra: _server_hello(words, extra, RETRY_RANDOM),
    "handshake": lambda words, extra: record(22, _messages(words)),
    "certificate": _certificate,
    "server_key_exchange": lambda words, extra: record(
        22, _message(12, b"\3\0\x1d" + _prefixed(noise("ske", 32), 1) + b"\4\3" + _prefixed(noise("signature", 70), 2))
    ),
    "server_hello_done": lambda words, extra: record(22, _message(14, b"")),
    "client_key_exchange": lambda words, extra: record(22, _message(16, _prefixed(noise("cke", 32), 1))),
    "ccs": lambda words, extra: record(20, b"\1"),
    "finished12": lambda words, extra: record(22, noise("finished", 40)),  # AES-GCM: 8 + 16 + 16 bytes
    "records": _records,
    "alert": _alert,
}


def _http(words: list[str], extra: int) -> bytes:
    first, rest = words[0], words[1:]
    response = first.isdigit()
    if response:
        known = "content-length body type server chunked! connection version reason location host upgrade head"
        options = _options(rest, known)
        start = (
            f"HTTP/{options.get('version', '1.1')} {first} {options.get('reason', REASONS.get(int(first), 'Whatever'))}"
        )
    else:
        known = "host content-length body agent expect! version connection upgrade chunked! type head"
        options = _options(rest[1:], known)
        start = f"{first} {rest[0]} HTTP/{options.get('version', '1.1')}"
    names = {
        "host": "Host", "content-length": "Content-Length", "type": "Content-Type", "server": "Server",
        "agent": "User-Agent", "connection": "Connection", "location": "Location", "upgrade": "Upgrade",
    }  # fmt: skip
    lines = [f"{names[key]}: {value}" for key, value in options.items() if key in names]
    if "chunked" in options:
        lines.append("Transfer-Encoding: chunked")
    if "expect" in options:
        lines.append("Expect: 100-continue")
    if "head" in options:
        extra = h2.size_of(options["head"]) - len("\r\n".join([start, *lines])) - 4
    if extra >= 4:
        lines.append(("X: " + "a" * extra)[: extra - 2])
    elif lines:
        lines[-1] += " " * extra
    else:
        start += " " * extra
    head = "\r\n".join([start, *lines]) + "\r\n\r\n"
    body = h2.size_of(options.get("body", options.get("content-length", "0")))
    return head.encode() + b"b" * body


# DNS: RFC 1035 4

RCODES = {"ok": 0, "formerr": 1, "servfail": 2, "nxdomain": 3, "notimp": 4, "refused": 5}
TYPES = {"A": 1, "CNAME": 5, "AAAA": 28, "HTTPS": 65}


def datagram(words: list[str], answer: bool) -> bytes:
    """The payload of a UDP datagram: `dns ...`, or bytes as in a TCP segment after `udp`."""
    return dns(words[1:], answer) if words[0] == "dns" else _part(words[1:], 0)


def dns(words: list[str], answer: bool) -> bytes:
    """`A NAME` asks; an answer goes on with a code, `tc`, `cname NAME` and addresses; `qid N` is the message's id."""
    kind, name, number, code, truncated, owner, records = TYPES[words[0]], words[1], TYPES[words[0]], 0, 0, words[1], []
    rest = iter(words[2:])
    for word in rest:
        if word == "qid":
            number = int(next(rest))
        elif word in RCODES:
            code = RCODES[word]
        elif word == "tc":
            truncated = 1
        elif word == "cname":
            target = next(rest)
            records.append(_resource(owner, 5, dns_name(target)))
            owner = target
        else:
            address = ipaddress.ip_address(word).packed
            records.append(_resource(owner, 1 if len(address) == 4 else 28, address))
    flags = 0x8180 | truncated << 9 | code if answer else 0x0100
    head = struct.pack("!HHHHHH", number, flags, 1, len(records), 0, 0)
    return head + dns_name(name) + struct.pack("!HH", kind, 1) + b"".join(records)


def _resource(owner: str, kind: int, body: bytes) -> bytes:
    return dns_name(owner) + struct.pack("!HHI", kind, 1, 60) + _prefixed(body, 2)


def dns_name(name: str) -> bytes:
    """A name on the wire; `\\x1b` and the like stand for bytes."""
    labels = name.encode().decode("unicode_escape").encode("latin-1").split(b".")
    return b"".join(_prefixed(label, 1) for label in labels) + b"\0"

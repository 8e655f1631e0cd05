"""Turns the payload words of a line into real bytes: TLS handshake messages and records, HTTP heads, text.

`payload(words, size)` gives exactly `size` bytes: a ClientHello stretches by its padding extension, an HTTP head by a
header, `zeros` by themselves. Words that end in `...` may describe more than this packet holds: the rest belongs to the
sequence numbers that follow. The bytes are the same on every run.
"""

from __future__ import annotations

from analyzer.pkt import h2
from analyzer.pkt.dns import dns
from analyzer.pkt.tls import TLS
from analyzer.pkt.words import limited, number, octets, options, prefixed, quoted, size_of

REASONS = {
    100: "Continue", 101: "Switching Protocols", 200: "OK", 204: "No Content", 206: "Partial Content",
    301: "Moved Permanently", 304: "Not Modified", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
    404: "Not Found", 407: "Proxy Authentication Required", 408: "Request Timeout", 410: "Gone",
    429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable",
    504: "Gateway Timeout",
}  # fmt: skip


def payload(words: list[str], size: int, memory: h2.Memory | None = None) -> bytes:
    """The bytes described by `words`; parts are joined by `+`, the first one that can stretch fills up to `size`.

    `memory` is what the direction's blocks of HTTP/2 have in common.
    """
    goes_on = words[-1] == "..."
    parts: list[list[str]] = [[]]
    for word in words[: len(words) - goes_on]:
        if word == "+":
            parts.append([])
        else:
            parts[-1].append(word)
    blobs = limited(_part(part, 0, memory) for part in parts)
    missing = size - sum(map(len, blobs))
    if missing > 0:
        index = next((i for i, part in enumerate(parts) if _stretches(part)), None)
        if index is None:
            raise ValueError(f"{quoted(' '.join(words))} has {size - missing} bytes, the packet {size}")
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
        return prefixed(dns(rest[1:], answer=rest[0] == "answer"), 2)
    if kind == "text":
        return octets(rest[0])
    if kind == "hex":
        return bytes.fromhex("".join(rest))
    if kind == "zeros":
        return bytes(size_of(rest[0]) if rest else extra)
    raise ValueError(f"unknown payload {quoted(kind)}")


def datagram(words: list[str], answer: bool) -> bytes:
    """The payload of a UDP datagram: `dns ...`, or bytes as in a TCP segment after `udp`."""
    return dns(words[1:], answer) if words[0] == "dns" else _part(words[1:], 0)


def _http(words: list[str], extra: int) -> bytes:
    first, rest = words[0], words[1:]
    response = first.isdigit()
    if response:
        known = "content-length body type server chunked! connection version reason location host upgrade head"
        said = options(rest, known)
        reason = said.get("reason", REASONS.get(number(first), "Whatever"))
        start = f"HTTP/{said.get('version', '1.1')} {first} {reason}"
    else:
        known = "host content-length body agent expect! version connection upgrade chunked! type head"
        said = options(rest[1:], known)
        start = f"{first} {rest[0]} HTTP/{said.get('version', '1.1')}"
    names = {
        "host": "Host", "content-length": "Content-Length", "type": "Content-Type", "server": "Server",
        "agent": "User-Agent", "connection": "Connection", "location": "Location", "upgrade": "Upgrade",
    }  # fmt: skip
    lines = [f"{names[key]}: {value}" for key, value in said.items() if key in names]
    if "chunked" in said:
        lines.append("Transfer-Encoding: chunked")
    if "expect" in said:
        lines.append("Expect: 100-continue")
    if "head" in said:
        extra = size_of(said["head"]) - len("\r\n".join([start, *lines])) - 4
    if extra >= 4:
        lines.append(("X: " + "a" * extra)[: extra - 2])
    elif lines:
        lines[-1] += " " * extra
    else:
        start += " " * extra
    head = "\r\n".join([start, *lines]) + "\r\n\r\n"
    body = size_of(said.get("body", said.get("content-length", "0")))
    return head.encode() + b"b" * body

"""Captures with markup wherever a packet can bring text into an output."""

import re
import struct
from collections.abc import Callable

from support.planted import conversation

from analyzer.pkt.tls import CERTIFICATE, record

MARKUP = ("<script>alert(1)</script>", "'><img src=x onerror=alert(1)>", '"/><svg onload=alert(1)>', "{{7*7}}&lt;b&gt;")
LETTERS = re.compile(r"[^a-zA-Z0-9./]")


def request(words: str, host: str = "") -> tuple[str, bytes]:
    """A request with that host, whose path has the words in it."""
    path = words.replace(" ", "%20")
    return ">", f"GET /{path} HTTP/1.1\r\nHost: {host or 'a.example'}\r\n\r\n".encode()


def response(words: str) -> tuple[str, bytes]:
    """A failure with such a reason phrase."""
    return "<", f"HTTP/1.1 503 {words}\r\nContent-Length: 0\r\n\r\n".encode()


def hello(name: str) -> tuple[str, bytes]:
    """A ClientHello for any server name."""
    raw = name.encode()
    extension = struct.pack("!HHHBH", 0, len(raw) + 5, len(raw) + 3, 0, len(raw)) + raw
    fields = b"\3\3" + bytes(32) + b"\0\0\2\xc0\x2f\1\0" + struct.pack("!H", len(extension)) + extension
    return ">", record(22, b"\1" + len(fields).to_bytes(3, "big") + fields)


def certificate(words: str) -> tuple[str, bytes]:
    """A server's flight with a certificate that has the first eleven letters in it."""
    listed = CERTIFICATE.replace(b"example.org", words.ljust(11)[:11].encode())
    chain = len(listed).to_bytes(3, "big") + listed
    chain = len(chain).to_bytes(3, "big") + chain
    fields = b"\3\3" + bytes(32) + b"\0\xc0\x2f\0"
    messages = b"\2" + len(fields).to_bytes(3, "big") + fields + b"\x0b" + len(chain).to_bytes(3, "big") + chain
    return "<", record(22, messages) + record(21, b"\2\x2a")


def quoted(words: str) -> str:
    """A label of a name as the notation writes it."""
    return '"' + "".join(c if c.isalnum() else f"\\x{ord(c):02x}" for c in words.replace(".", ",")) + '"'


FIELDS: dict[str, Callable[[str], str]] = {
    "path": lambda words: conversation(request(words), response("No")),
    "host": lambda words: conversation(request("x", words), response("No")),
    "reason": lambda words: conversation(request("x"), response(words)),
    "method": lambda words: conversation((">", f"{words} / HTTP/1.1\r\n\r\n".encode()), response("No")),
    "no HTTP": lambda words: conversation(request("x"), ("<", words.encode())),
    "server name": lambda words: conversation(hello(words), port=443, end="R."),
    "no TLS": lambda words: conversation(hello("a.example"), ("<", words.encode()), port=443),
    "certificate": lambda words: conversation(hello("a.example"), certificate(words), port=443),
    "DNS name": lambda words: (
        "name r client 192.0.2.10:40000 server 192.0.2.53:53\n"
        + "".join(
            f"0.{at} r {way} dns A {quoted(words)}.example{code}\n"
            for at, way, code in ((0, ">", ""), (1, "<", " nxdomain"))
        )
    ),
}
"""Where a packet can bring text into an output -> a capture with it."""

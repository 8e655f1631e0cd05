"""What a byte stream carries, told from its first bytes (signatures.md 1.3); never from a port."""

from __future__ import annotations

import re

import cython

from analyzer.frame.octets import equal

NEED = 0
TLS = 1
SSLV2 = 2
HTTP = 3
H2C = 4
PROXY = 5
SOCKS4 = 6
SOCKS5 = 7
OTHER = 8

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
PROXY_V1 = b"PROXY "
PROXY_V2 = b"\r\n\r\n\x00\r\nQUIT\n"
MAX_LINE = 8000
"""A request line at least this long should be supported (RFC 9112 3); an unknown method must end its line before."""
MAX_CLIENT_RECORD = 16640
MIN_HELLO = 38
"""Version, random and three empty lists."""
METHODS = frozenset(
    b"GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK REPORT "
    b"SEARCH PURGE MERGE CHECKOUT".split()
)
"""RFC 9110 9.3, RFC 5789, RFC 4918, RFC 3253, and what caches use: enough to decide before the line is complete."""
OURS = re.compile(rb"(?:/|https?:|wss?:|ftp:)", re.IGNORECASE)
"""How the target of an HTTP request begins, OPTIONS and CONNECT apart (RFC 9112 3.2)."""
FOREIGN = re.compile(rb"[a-z][a-z0-9+.-]*:[/a-z]|\* [^H]", re.IGNORECASE)
"""A target of another protocol (`rtsp://`, `sip:user`, `icap://`), or `*` before another protocol's version."""
USUAL_VERSION = b" HTTP/1."
"""How nearly every request line ends, but for a digit and CR LF: looked at before the expressions."""
VERSION = re.compile(rb" HTTP/[0-9]\.[0-9][ \t]*\r?\n")
"""How the line of an HTTP/1.x request ends (RFC 9112 3); RTSP, SIP and ICAP have methods of the same names."""
REFUSAL = re.compile(rb"HTTP/1\.[01] [45][0-9]{2}[ \r]")
REFUSAL_SIZE = 13
"""How an HTTP server begins to say that it did not understand, and the bytes that it takes."""
TOKEN = re.compile(rb"[A-Z]{3,20} |[A-Z]{1,20}$")
REQUEST_LINE = re.compile(rb"[A-Z]{3,20} [^ \r\n]+ HTTP/1\.[01]\r?\n")


def client_protocol(data: bytes) -> cython.int:
    """The protocol that a client's first bytes begin; NEED = not enough of them yet."""
    if not data:
        return NEED
    first: cython.int = data[0]
    if first == 0x16:
        return _tls(data)
    if 0x41 <= first <= 0x5A:
        return _text(data)
    if first & 0x80:
        return _sslv2(data)
    if first == 0x0D:
        return _prefix(data, PROXY_V2, PROXY)
    if first == 4:
        return _socks4(data)
    if first == 5:
        return _socks5(data)
    return OTHER


def _tls(data: bytes) -> cython.int:
    """A handshake record that begins with a ClientHello; every byte that is there must fit."""
    size: cython.Py_ssize_t = len(data)
    if size > 1 and data[1] != 3:
        return OTHER
    if size > 2 and data[2] > 4:
        return OTHER
    if size > 4 and ((data[3] << 8) | data[4]) > MAX_CLIENT_RECORD:
        return OTHER
    if size > 5 and data[5] != 1:
        return OTHER
    if size < 9:
        return NEED
    if data[6] == 0 and ((data[7] << 8) | data[8]) < MIN_HELLO:
        return OTHER
    return TLS


def _text(data: bytes) -> cython.int:
    if data[0] == 0x50:  # P
        for known, code in ((PREFACE, H2C), (PROXY_V1, PROXY)):
            if _prefix(data, known, code) != OTHER:
                return _prefix(data, known, code)
    space: cython.Py_ssize_t = 3 if data.startswith(b"GET ") else data.find(b" ", 0, 21)
    if space == 3 or (space > 0 and data[:space] in METHODS):
        return _known_method(data, space)
    if TOKEN.match(data[:21]) is None:
        return OTHER
    if REQUEST_LINE.match(data[: MAX_LINE + 64]) is not None:
        return HTTP
    return OTHER if b"\n" in data or len(data) > MAX_LINE else NEED


def _known_method(data: bytes, space: cython.Py_ssize_t) -> cython.int:
    """A line that begins like a request is one if it ends in a version of HTTP; while it goes on, by its target."""
    end: cython.Py_ssize_t = data.find(b"\n")
    if end >= 10 and data[end - 1] == 0x0D and equal(data, end - 10, USUAL_VERSION):
        return HTTP
    if end >= 0:
        return HTTP if VERSION.search(data[max(0, end - 32) : end + 1]) is not None else OTHER
    if OURS.match(data, space + 1) is not None or (data.startswith(b"CONNECT ") and len(data) > space + 1):
        return HTTP
    return OTHER if FOREIGN.match(data, space + 1) is not None or len(data) > MAX_LINE else NEED


def refusal(data: bytes) -> cython.int:
    """Whether a server's first bytes are an HTTP response with an error status: 1 yes, 0 no, -1 not enough of them."""
    if REFUSAL.match(data) is not None:
        return 1
    if len(data) < REFUSAL_SIZE and (data.startswith(b"HTTP/1.") or b"HTTP/1.".startswith(data)):
        return -1
    return 0


def _prefix(data: bytes, known: bytes, code: cython.int) -> cython.int:
    if data.startswith(known):
        return code
    return NEED if known.startswith(data) else OTHER


def _sslv2(data: bytes) -> cython.int:
    """`80 len 01 version`: the two-byte header of SSL 2.0 with message CLIENT-HELLO (RFC 6101 E.1)."""
    if len(data) < 5:
        return NEED if len(data) < 3 or data[2] == 1 else OTHER
    size: cython.int = ((data[0] & 0x7F) << 8) | data[1]
    known = (data[3] == 0 and data[4] == 2) or (data[3] == 3 and data[4] <= 4)
    return SSLV2 if data[2] == 1 and known and 9 <= size <= 4096 else OTHER


def _socks4(data: bytes) -> cython.int:
    """SOCKS 4 CONNECT or BIND: command, port, address, user id, NUL."""
    if len(data) > 1 and data[1] not in (1, 2):
        return OTHER
    return SOCKS4 if len(data) >= 9 else NEED


def _socks5(data: bytes) -> cython.int:
    """Version and a list of methods, sent alone (RFC 1928 3): anything of another length is no greeting."""
    if len(data) > 1 and data[1] == 0:
        return OTHER
    if len(data) < 2 or len(data) < 2 + data[1]:
        return NEED
    return SOCKS5


def looks_like(data: bytes) -> cython.int:
    """Whose bytes these are when a stream is met in its middle: 1 a client's, 2 a server's, 0 cannot be told."""
    kind: cython.int = client_protocol(data)
    if kind in (TLS, H2C, SSLV2) or (kind == HTTP and REQUEST_LINE.match(data) is not None):
        return 1
    if data.startswith(b"HTTP/1.") or (len(data) > 5 and data[0] == 0x16 and data[1] == 3 and data[5] == 2):
        return 2
    return 0


def on_record_boundary(data: bytes) -> cython.bint:
    """Whether TLS records begin with this segment: three headers in a row, or records that fill it exactly."""
    at: cython.Py_ssize_t = 0
    headers: cython.int = 0
    size: cython.Py_ssize_t = len(data)
    while at + 5 <= size and headers < 3:
        if data[at] < 20 or data[at] > 23 or data[at + 1] != 3 or data[at + 2] > 4:
            return False
        at += 5 + ((data[at + 3] << 8) | data[at + 4])
        headers += 1
    return headers >= 3 or (headers > 0 and at == size)

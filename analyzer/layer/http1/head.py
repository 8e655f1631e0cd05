# not compiled: only heads that are not plain
"""Start lines and header fields of an HTTP/1.x head, read as leniently as real clients read them.

Bare LF ends a line, header names may be followed by blanks, folded lines are joined (RFC 9112 2.2, 5.1, 5.2). Bytes
become characters one to one (latin-1), control characters included: whoever prints them escapes them.
"""

from __future__ import annotations

import re

from analyzer.layer.detection import METHODS, PREFACE
from analyzer.model.fields import MAX_HEAD, MAX_TARGET, MAX_VALUE

MAX_START = 64
"""Bytes that suffice to tell whether a message begins as HTTP."""

ABSENT = 0
CHUNKED = 1
OTHER_CODING = 2
"""What the last transfer coding is."""


# A method is a token (RFC 9110 9.1); the ones registered are letters and hyphens, the longest has 17 of them.
_METHOD = re.compile(rb"[A-Za-z][A-Za-z0-9_-]{0,31}")
_METHOD_AND_SPACE = re.compile(rb"[A-Za-z][A-Za-z0-9_-]{0,31} ")
_REQUEST_LINE = re.compile(rb"[A-Z]{3,20} [^\r\n]+ HTTP/1\.[01]\r?\n")
_STATUS_LINE = re.compile(rb"HTTP/(\d(?:\.\d)?)[ \t]+(\d{3})(?:[ \t]+(.*))?\Z", re.DOTALL)
_PARTIAL_STATUS = re.compile(rb"HTTP/(1\.[01]) (\d{3})(?:[ \r]|\Z)")
_VERSION = re.compile(rb"[ \t]+HTTP/(\d\.\d)[ \t]*\Z")

_PREFACE = PREFACE.partition(b"\r\n")[0]
"""No server asks for this method in HTTP/1.x (RFC 9113 11.6): the answer to an `Upgrade: h2c` was not seen."""


def text(raw: bytes, limit: int = MAX_VALUE) -> str:
    """At most `limit` bytes as characters, one to one."""
    return raw[:limit].decode("latin-1")


def may_be_request(line: bytes) -> int:
    """1 = begins with a method and a space, 0 = too short to tell, -1 = no request line, or the preface of HTTP/2."""
    if line.startswith(b"PRI"):
        return -1 if line.startswith(_PREFACE) else 0 if _PREFACE.startswith(line) else 1
    if _METHOD_AND_SPACE.match(line):
        return 1
    return 0 if not line.strip(b"\r") or _METHOD.fullmatch(line) else -1


def is_preface(line: bytes) -> bool:
    """Whether a client goes on with HTTP/2 (RFC 9113 3.4)."""
    return line.startswith(_PREFACE)


def may_be_response(line: bytes) -> int:
    """1 = begins with `HTTP/`, 0 = too short to tell, -1 = no status line."""
    if line.startswith(b"HTTP/"):
        return 1
    return 0 if line == b"\r" or b"HTTP/".startswith(line) else -1


def starts_request(data: bytes) -> bool:
    """Whether `data` begins with a whole request line: a clean boundary after a loss. `ECT host:443` is none."""
    return begins_request(data) and _REQUEST_LINE.match(data, 0, MAX_HEAD) is not None


def starts_response(data: bytes) -> bool:
    """Whether `data` begins with a status line: a clean boundary after a loss."""
    return data.startswith((b"HTTP/1.1 ", b"HTTP/1.0 "))


def begins_request(data: bytes) -> bool:
    """Whether `data` begins with a method in use: enough where packets are cut, and the numbers fit besides."""
    return data[: data.find(b" ", 0, MAX_START)] in METHODS


def known_method(method: str) -> bool:
    """Whether it is one in use."""
    return method.encode(errors="replace") in METHODS


def partial_request(line: bytes) -> tuple[str, str]:
    """Method and target of a request line that is cut; the target, too, may be only the beginning.

    Of an authority that may go on nothing is kept: it may be a user and his password (RFC 3986 3.2.1).
    """
    method, _, rest = line.rstrip(b"\r\n").partition(b" ")
    target, blank, _ = rest.partition(b" ")
    if not blank and not target.startswith(b"/"):
        scheme, mark, authority = target.partition(b"://")
        target = target if b"/" in authority else scheme + mark if mark else b""
    return text(method), text(target, MAX_TARGET)


def partial_status(line: bytes) -> tuple[str, int] | None:
    """Version and status of a status line that is cut, or None when it is cut before them."""
    found = _PARTIAL_STATUS.match(line)
    return (text(found[1]), int(found[2])) if found else None


def request_line(line: bytes) -> tuple[str, str, str]:
    """Method, target and version of a request line; the version is "" when there is none (HTTP/0.9)."""
    method, _, rest = line.rstrip(b"\r\n").partition(b" ")
    version = ""
    if rest.endswith((b" HTTP/1.1", b" HTTP/1.0")):
        version = text(rest[-3:])
        rest = rest[:-9]
    elif found := _VERSION.search(rest[-16:]):
        version = text(found[1])
        rest = rest[: len(rest) - (found.end() - found.start())]
    return text(method), text(rest.strip(), MAX_TARGET), version


def status_line(line: bytes) -> tuple[str, int, str] | None:
    """Version, status and reason of a status line, or None when it is none."""
    line = line.rstrip(b"\r\n")
    if line.startswith((b"HTTP/1.1 ", b"HTTP/1.0 ")) and line[12:13] == b" " and line[9:12].isdigit():
        return text(line[5:8]), int(line[9:12]), text(line[13:].lstrip(b" \t"))
    found = _STATUS_LINE.match(line)
    if found is None:
        return None
    return text(found[1]), int(found[2]), text(found[3] or b"")

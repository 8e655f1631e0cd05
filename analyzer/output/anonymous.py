"""What stands in a case for words and bytes of a capture: words that everybody knows stay, all else becomes its length.

A letter more and somebody's token is in a bug report: whatever is not known here by name is not written.
"""

from __future__ import annotations

# not compiled: runs for one connection
import re

from analyzer.layer.detection import METHODS, SSLV2, client_protocol
from analyzer.verdict.signatures.tls import PRINTABLE_SHARE

SHAPE = re.compile(r"[^/.:@%~_-]")
"""Of a path its separators stay, so that a reader sees what kind of request it was."""
QUERY_SHAPE = re.compile(r"[^?&=]")
NOT_BLANK = re.compile(rb"[^ \t\r\n]")
NOT_FRAMING = re.compile(rb"[^\r\n:]")
"""Of trailer fields the ends of the lines stay, and the colons behind their names."""
START = re.compile(
    rb"HTTP/1\.[01](?: [1-5][0-9]{2}(?![0-9]))?|(?:" + b"|".join(sorted(METHODS)) + rb") (?:/|https?://)?"
)
"""How a start line that is cut begins, as far as its words are known."""
VERSION = re.compile(rb" HTTP/1\.[01](?=[ \t]*\r?\n)")
SHOUTED = re.compile(rb"[A-Z]{1,20}(?= |\Z)")
"""A first word in capitals may be a method (layer/detection.py)."""
PROXY_V1 = re.compile(rb"PROXY (?:TCP[46](?= )|UNKNOWN\b|TCP|UNK)")
"""By these words the line of the PROXY protocol (version 1, 2.1) is known; addresses follow, or anything."""
RECORD = re.compile(rb"[\x14-\x18](?:\Z|\x03(?:\Z|[\0-\4]))")
"""How the header of a TLS record begins: its type and version (RFC 8446 5.1), as far as they are there."""
HEADER = 5
"""Bytes of the header of a TLS record, and of an SSL 2.0 hello as far as it is known by them."""
PORT = re.compile(r"[0-9]{1,5}")


class Pseudonyms:
    """Names as they are printed: the same name always the same way."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def of(self, name: str) -> str:
        """`host1.example`, with the port that stood behind the name."""
        host, colon, port = name.rpartition(":")
        host, port = (host, colon + port) if colon and PORT.fullmatch(port) else (name, "")
        return self.known.setdefault(host.lower(), f"host{len(self.known) + 1}.example") + port


def method(word: str) -> str:
    """A method that is in use; of another one its length, and whether it is in capitals, as methods are."""
    if word.encode("latin-1") in METHODS:
        return word
    return ("X" if word.isupper() else "x") * len(word)


def shape(target: str) -> str:
    """`/xxx/xx?x=xx`: separators stay."""
    path, mark, query = target.partition("?")
    return SHAPE.sub("x", path) + QUERY_SHAPE.sub("x", mark + query)


def digits(value: str, most: int) -> str:
    """A number; one that is longer than any such number is becomes its length, "" = it is none."""
    if not value.isascii() or not value.isdigit():
        return ""
    return value if len(value) <= most else "9" * len(value)


def proxy_line(data: bytes) -> str:
    """A line of the PROXY protocol: addresses and ports become ones, of which the line has as many."""
    found = PROXY_V1.match(data)
    known = found.end() if found else 0
    return text(data[:known] + re.sub(rb"[^ \r\n]", b"1", data[known:]))


def trailers(data: bytes) -> str:
    """The fields behind a chunked body."""
    return text(NOT_FRAMING.sub(b"x", data))


def unknown(data: bytes, client: bool) -> str:
    """Bytes of no known protocol: whether they are text, where its blanks are, the words or the header in front."""
    printable = sum(32 <= byte < 127 or byte in b"\t\r\n" for byte in data)
    if printable < PRINTABLE_SHARE * len(data):
        hello = client and client_protocol(data) == SSLV2
        known = data[:HEADER] if hello or RECORD.match(data) else b""
        return f"hex {known.hex()}{'00' * (len(data) - len(known))}"
    start = START.match(data) or SHOUTED.match(data)
    known = b"" if start is None else data[: start.end()] if start.re is START else b"X" * start.end()
    version = VERSION.search(data, len(known))
    if start is None or version is None:
        return text(known + NOT_BLANK.sub(b"x", data[len(known) :]))
    middle, rest = data[len(known) : version.start()], data[version.end() :]
    return text(known + NOT_BLANK.sub(b"x", middle) + version[0] + NOT_BLANK.sub(b"x", rest))


def text(data: bytes) -> str:
    """`text "GET / HTTP/1.1\\r\\n"`, with what would end the word escaped."""
    said = data.decode("latin-1").encode("unicode_escape").decode().replace('"', "\\x22")
    return f'text "{said}"'

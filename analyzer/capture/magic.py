# not compiled: looks at the first bytes of a file, once
"""What a file is, told by its first bytes: for opening captures, and for saying what the others look like."""

from __future__ import annotations

from analyzer.capture import pcap, pcapng
from analyzer.capture.compressed import FORMATS

WANTED = 12
"""First bytes that `kind` needs."""

LOOKS = (
    (b"\x7fELF", "an ELF program"),
    (b"MZ", "a Windows program"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a zip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"SQLite format 3", "an SQLite database"),
    (b"snoop\x00\x00\x00", "a snoop capture"),
    (b"GMBU", "a Network Monitor capture"),
    (b"RTSS", "a Network Monitor capture"),
    (b"\x0a\x0d\x0d\x0a", "a damaged pcapng section"),
    (b"<!doctype html", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"<?xml", "an XML document"),
    (b"http/1.", "a saved HTTP response"),
    (b"#!", "a script"),
    (b"{", "JSON"),
    (b"[", "JSON"),
)
"""Beginnings of what people pass by mistake, lower case where letters vary; checked in this order."""

CONVERTIBLE = ("snoop", "Network Monitor")


def kind(first: bytes) -> str:
    """`pcap`, `pcapng`, or "" for anything else."""
    if first[:4] in pcap.MAGICS:
        return "pcap"
    if first[:4] == pcapng.MAGIC and first[8:12] in pcapng.BYTE_ORDERS:
        return "pcapng"
    return ""


def may_be_text(first: bytes) -> bool:
    """Whether it begins as a text does: with blanks, signs, letters or digits."""
    return all(byte in b"\t\r\n" or byte >= 32 for byte in first[:WANTED].removeprefix(b"\xef\xbb\xbf"))


def beginning(first: bytes) -> str:
    """What a whole input of a few bytes is the beginning of, "" = nothing known, or of several, or text."""
    if len(first) < 3 and first.isascii() and (first.isspace() or first.decode().isprintable()):
        return ""
    kinds = {"pcap" for magic in pcap.MAGICS if magic.startswith(first)}
    kinds |= {name for magic, (name, _) in FORMATS.items() if magic.startswith(first)}
    if pcapng.MAGIC.startswith(first[:4]) and any(order.startswith(first[8:]) for order in pcapng.BYTE_ORDERS):
        kinds.add("pcapng")
    return kinds.pop() if first and len(kinds) == 1 else ""


def looks_like(first: bytes) -> str:
    """A few words on what `first` begins, for an error message."""
    if not first:
        return "nothing"
    text = first.lstrip(b" \t\r\n\xef\xbb\xbf").lower()
    for magic, what in LOOKS:
        if first.startswith(magic) or text.startswith(magic):
            return what
    if not first.strip(b"\x00"):
        return "zero bytes"
    if first[257:262] == b"ustar":
        return "a tar archive"
    printable = sum(byte in b"\t\r\n" or byte >= 32 for byte in first[:512])
    return "text" if printable == len(first[:512]) and b"\x7f" not in first[:512] and _utf8(first) else "unknown data"


def _utf8(first: bytes) -> bool:
    """Whether the first bytes are UTF-8, a character cut at their end aside."""
    try:
        first[:512].decode()
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and len(first) >= 512
    return True

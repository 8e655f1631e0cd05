# not compiled: reads a text, once
"""Captures that were written as text: the `.pkt` notation, told by its lines, becomes the bytes of a pcap file."""

from __future__ import annotations

import re
from codecs import BOM_UTF8

from analyzer.capture.stream import Stream, WrittenStream
from analyzer.errors import NotationCaptureError

MOST_TEXT = 1 << 22
"""Bytes, and the characters that a timeline may have."""
LOOK = 1 << 16
"""Bytes in which the first packet must come: what `whyfetch case` prints has it within a few lines."""

PACKET = re.compile(
    rb"[0-9]{1,10}(\.[0-9]{0,9})?[ \t]+"
    rb"(icmp[ \t]+[0-9]|([^ \t<>]+[ \t]+)?[<>][ \t]+([SFRPUEW.]+[ \t]+[0-9]+:|dns[ \t]|udp[ \t]))"
)
BEFORE = re.compile(
    rb"//|ipv6$|capture[ \t]+ends[ \t]|(name|client|server|isn|ttl|mss|scale|mirror|vlan|encap|link|snaplen)[ \t]"
)
"""What may stand before the first packet: comments and settings."""
NAMED = re.compile(r"\.pkt(\.\w+)?$", re.IGNORECASE)
"""A name that says what a file is, also when its lines do not: then the error names the line."""
HINT = "docs/timelines.md describes the notation"


def written(stream: Stream, path: str) -> Stream | None:
    """The capture that a text means, as a pcap file; None when it is no timeline."""
    text, told = _beginning(stream)
    if not told and not (NAMED.search(path) and _is_text(text)):
        return None
    from analyzer.pkt.words import NotationError  # what is no timeline needs none of it

    text += _rest(stream, MOST_TEXT - len(text))
    try:
        return WrittenStream(_compiled(text, path, cut=bool(stream.problem)), stream)
    except NotationError as error:
        problem = f"cannot read `{path}`: line {error.line}: {error.why}"
        raise NotationCaptureError(problem, HINT, sure=told) from None


def _beginning(stream: Stream) -> tuple[bytes, bool]:
    """What had to be read to tell a timeline, and whether it is one: a packet comes, and before it nothing strange."""
    text, at, more = b"", 0, True
    while more and len(text) < LOOK:
        more = bool(piece := stream.read())
        text += piece if more else b"\n"
        while (end := text.find(b"\n", at)) >= 0:
            line = text[at:end].removeprefix(BOM_UTF8).strip()
            if PACKET.match(line):
                return text, True
            if line and not BEFORE.match(line):
                return text, False
            at = end + 1
    return text, False


def _is_text(text: bytes) -> bool:
    return text[:512].decode("utf-8", "replace").translate(dict.fromkeys(b"\t\r\n")).isprintable()


def _rest(stream: Stream, most: int) -> bytes:
    """The rest of the text, a little more than so many bytes at most."""
    pieces: list[bytes] = []
    while most >= 0 and (piece := stream.read()):
        pieces.append(piece)
        most -= len(piece)
    return b"".join(pieces)


def _compiled(text: bytes, path: str, *, cut: bool) -> bytes:
    from analyzer.pkt.build import pcap
    from analyzer.pkt.timeline import parse
    from analyzer.pkt.words import NotationError

    whole = text.removeprefix(BOM_UTF8)
    if len(text) > MOST_TEXT:
        raise NotationError(path, whole.count(b"\n") + 1, f"the text so far is more than {MOST_TEXT:,} bytes")
    if cut:  # within a line
        whole = whole[: whole.rfind(b"\n") + 1]
    try:
        return pcap(parse(whole.decode(), path))
    except UnicodeDecodeError as error:
        raise NotationError(path, whole.count(b"\n", 0, error.start) + 1, "it is not UTF-8") from None

"""Frames of HTTP/2 in words.

Types, flags, streams, lengths, error codes and settings stay. Of header fields only those stay that a verdict depends
on, with names and paths replaced; the block is filled up to its length.
"""

from __future__ import annotations

# not compiled: runs for one connection
import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any, NamedTuple

from analyzer.layer.http2.fields import HeaderDecoder
from analyzer.layer.http2.head import MAX_DIGITS, Pairs
from analyzer.layer.http2.registry import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    ERRORS,
    FRAME_HEADER,
    GOAWAY,
    HEADERS,
    PADDED,
    PRIORITY,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
)
from analyzer.model.connection import Event
from analyzer.output.anonymous import digits, method, shape
from analyzer.output.case.captured import Captured, Part
from analyzer.verdict.signatures.response import ENDLESS

if TYPE_CHECKING:
    from hpack import Encoder

    from analyzer.output.anonymous import Pseudonyms

PRIORITY_FRAME, PING = 2, 6
STATUS_DIGITS = 3
EXTENSION = 255
"""A type that nobody uses, for all that are not those of RFC 9113; who does not know a type passes over the frame."""
KNOWN_SETTINGS = range(1, 9)
UNKNOWN_SETTING = "65535 0"
NAMES = {
    DATA: "DATA", HEADERS: "HEADERS", RST_STREAM: "RST_STREAM", SETTINGS: "SETTINGS", PUSH_PROMISE: "PUSH_PROMISE",
    PING: "PING", GOAWAY: "GOAWAY", WINDOW_UPDATE: "WINDOW_UPDATE", CONTINUATION: "CONTINUATION",
}  # fmt: skip
KEPT = (":status", ":method", ":path", ":authority", "host", "content-length", "content-type")
"""Fields that a verdict can depend on, in the order in which they are printed."""
DROPPED = ((), ("host", ":authority"), ("host", ":authority", "content-type", ":path"), KEPT[2:])
"""What is left out, one after the other, until the rest is no longer than the block was."""
UNDECODABLE = "block 80"
"""Index 0, which no table has (RFC 7541 6.1)."""
MASK = "a"
"""For letters and digits: none is shorter in Huffman code (RFC 7541 B), so a masked path always fits."""


class Frame(NamedTuple):
    """One frame: `payload` as far as it is there, `whole` = all of it was captured."""

    at: int
    kind: int
    flags: int
    stream: int
    length: int
    payload: bytes
    whole: bool


class Http2Words:
    """Describes the frames of one side; `blocks` are its header blocks, by the first frame's offset."""

    def __init__(self, stream: Captured, blocks: dict[int, Any], names: Pseudonyms) -> None:
        self.stream = stream
        self.blocks = blocks
        self.names = names
        self.fields = HeaderDecoder()
        self.encoder: Encoder | None = None

    def frame(self, event: Event) -> Part:
        """One frame."""
        start, end = event.offset + FRAME_HEADER, event.offset + event.length
        whole = self.stream.reach(start, end) == end
        note: Any = event.note
        kind, flags, number = note
        frame = Frame(event.offset, kind, flags, number, end - start, self.stream.data[start:end], whole)
        words = self._head_words(frame) if frame.kind in (HEADERS, PUSH_PROMISE) else self._words(frame)
        return Part(event.offset, end, f"h2 {words}")

    def _words(self, frame: Frame) -> str:
        """Any frame but the first of a header block."""
        if frame.kind not in NAMES and frame.kind != PRIORITY_FRAME:
            return f"{EXTENSION} length {frame.length}"  # or no frame at all: its numbers may be anybody's words
        where = f" stream {frame.stream}" if frame.stream else ""
        words = NAMES.get(frame.kind, str(frame.kind)) + where
        if frame.kind == CONTINUATION:
            return f"{words}{'' if frame.flags & END_HEADERS else ' more'} size {FRAME_HEADER + frame.length}"
        if frame.kind == DATA:
            return self._data_words(frame, words)
        if frame.kind == RST_STREAM and frame.whole and frame.length == 4:
            return f"{words} {_error(frame.payload)}"
        if frame.kind == GOAWAY and frame.whole and frame.length >= 8:
            last = int.from_bytes(frame.payload[:4], "big") & 0x7FFFFFFF
            return f"{words} last {last} {_error(frame.payload[4:8])} {'x' * (frame.length - 8)}".rstrip()
        if frame.kind == WINDOW_UPDATE and frame.whole and frame.length == 4:
            return f"{words} {int.from_bytes(frame.payload, 'big')}"
        if frame.kind in (SETTINGS, PING) and frame.whole and not frame.stream:
            return words + (" ack" if frame.flags & 1 else "") + self._settings(frame)
        return f"{frame.kind}{where} length {frame.length}"

    def _data_words(self, frame: Frame, words: str) -> str:
        words += " END_STREAM" if frame.flags & END_STREAM else ""
        padding = frame.payload[0] if frame.flags & PADDED and frame.whole and frame.payload else -1
        if 0 <= padding < frame.length:
            return f"{words} padded {padding} length {frame.length - 1 - padding}"
        return f"{words} length {frame.length}"

    def _settings(self, frame: Frame) -> str:
        if frame.kind != SETTINGS:
            return ""
        pairs = [frame.payload[at : at + 6] for at in range(0, frame.length - 5, 6)]
        return "".join(" " + _setting(int.from_bytes(one[:2], "big"), int.from_bytes(one[2:], "big")) for one in pairs)

    # -- header blocks ---------------------------------------------------------------------------------------------

    def _head_words(self, frame: Frame) -> str:
        """The first frame of a header block, with the fields of all of it."""
        words = f"{NAMES[frame.kind]} stream {frame.stream}"
        words += " END_STREAM" if frame.kind == HEADERS and frame.flags & END_STREAM else ""
        size = f"size {FRAME_HEADER + frame.length}"
        if not frame.whole:
            self.fields.forget()
            return f"{words}{self._more(frame)} {self._broken()} {size}"
        start, padding, options = _front(frame)
        found = self.fields.read(self.blocks.get(frame.at))
        kept = self._broken() if found is None else self._kept(found, frame.length - padding - start)
        return f"{words}{options}{self._more(frame)} {size} {kept}"

    def _more(self, frame: Frame) -> str:
        return "" if frame.flags & END_HEADERS else " more"

    def _broken(self) -> str:
        self.encoder = None
        return UNDECODABLE

    def _kept(self, found: Pairs, size: int) -> str:
        """`indexed` and the fields that are kept, as many as the frame has room for."""
        fields = dict(reversed(found))
        shown = [(name, self._value(name, fields[name])) for name in KEPT if fields.get(name)]
        encoder = self.encoder or _new_encoder()
        for without in DROPPED:
            chosen = [(name, value) for name, value in shown if value and name not in without]
            trial = deepcopy(encoder)
            if len(trial.encode(chosen)) <= size:
                self.encoder = trial
                return " ".join(["indexed", *(f"{name} {value}" for name, value in chosen)])
        return "indexed"

    def _value(self, name: str, value: str) -> str:
        if name == ":path":
            return shape(value).replace("x", MASK)
        if name in (":authority", "host"):
            return self.names.of(value)
        if name == "content-type":
            return next((known for known in ENDLESS if value.startswith(known)), "")
        if name == ":method":
            return method(value) if re.fullmatch(r"[A-Z]{1,20}", value) else ""
        return digits(value, MAX_DIGITS) if name != ":status" or len(value) == STATUS_DIGITS else ""


def _front(frame: Frame) -> tuple[int, int, str]:
    """Where the block begins in the payload, how much padding is behind it, and the words for both."""
    start, padding, words = 0, 0, ""
    if frame.flags & PADDED and frame.payload:
        start, padding, words = 1, frame.payload[0], f" padded {frame.payload[0]}"
    if frame.kind == PUSH_PROMISE:
        words += f" promised {int.from_bytes(frame.payload[start : start + 4], 'big')}"
        start += 4
    elif frame.flags & PRIORITY:
        words += " priority"
        start += 5
    return start, padding, words


def _setting(name: int, value: int) -> str:
    return f"{name} {value}" if name in KNOWN_SETTINGS else UNKNOWN_SETTING


def _error(code: bytes) -> str:
    number = int.from_bytes(code, "big")
    return ERRORS[number].upper().replace("-", "_") if number in ERRORS else str(number)


def _new_encoder() -> Encoder:
    from hpack import Encoder

    return Encoder()

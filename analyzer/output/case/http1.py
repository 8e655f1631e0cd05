"""Heads and bodies of HTTP/1 in words: methods, status codes and framing stay, names and paths are replaced."""

from __future__ import annotations

# not compiled: runs for one connection
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from analyzer.layer.http2.head import MAX_DIGITS
from analyzer.model.connection import CLIENT, Event
from analyzer.model.fields import fields
from analyzer.output.anonymous import Pseudonyms, digits, method, shape, text, trailers
from analyzer.output.case.captured import Captured, Part, cannot

REQUEST = re.compile(rb"([A-Za-z]{3,20}) (\S+) HTTP/(\d\.\d)\r\n")
STATUS = re.compile(rb"HTTP/(\d\.\d) (\d{3}) ?([^\r\n]*)\r\n")
"""Start lines as the notation writes them; others are text."""
SIZE = re.compile(rb"[ \t]*[0-9A-Fa-f]{0,8}")
LF, ENDS = b"\n", (b"\r\n", b"\n", b"\r")
"""How the line behind a chunk ends, or begins to."""
HTTPS_PORT = b"HTTPS port"
KEPT = {
    "host": "host",
    "content-length": "content-length",
    "content-type": "type",
    "connection": "connection",
    "upgrade": "upgrade",
}
"""HTTP headers that a verdict can depend on, and the notation's words for them."""
VALUES = ("text/event-stream", "keep-alive", "close", "upgrade", "websocket", "h2c")
"""Their values that mean something to a verdict; others are left out."""
REASONS = {status.phrase for status in HTTPStatus} | {
    "Request Entity Too Large",
    "Gateway Time-out",
    "Moved Temporarily",
}
"""Reason phrases that tell nothing about a server: the standard's, nginx's, and older spellings."""


class Http1Words:
    """Describes the messages of one side; `chunks` are those of all its bodies."""

    def __init__(self, stream: Captured, chunks: list[Event], names: Pseudonyms) -> None:
        self.stream = stream
        self.chunks = iter([*chunks, None])
        self.chunk = next(self.chunks)
        self.names = names

    def message(self, event: Event) -> Iterator[Part]:
        """A head with its body; nothing, when the notation does not write such a start line."""
        at, data = event.offset, self.stream.data
        line = data[at : data.find(b"\n", at, at + event.length) + 1]
        if self.stream.side == CLIENT and (found := REQUEST.fullmatch(line)):
            yield from self._request(event, found)
        elif self.stream.side != CLIENT and (found := STATUS.fullmatch(line)):
            yield from self._response(event, found)

    def _request(self, event: Event, found: re.Match[bytes]) -> Iterator[Part]:
        word, target, version = method(found[1].decode()), found[2].decode("latin-1"), found[3].decode()
        if event.what == "start-line":
            yield from self._unfinished(event, f"{word} {shape(target)} HTTP/{version}\r\n")
            return
        target = self.names.of(target) if word == "CONNECT" else shape(target)
        headers = self._headers(event)
        words = ["expect"] if "expect" in headers else []
        words += [f"version {version}"] if version != "1.1" else []
        natural = len(f"{word} {target} HTTP/{version}") + len("Expect: 100-continue\r\n") * ("expect" in headers)
        yield from self._whole(event, f"http {word} {target}", words, headers, natural)

    def _response(self, event: Event, found: re.Match[bytes]) -> Iterator[Part]:
        version, code, said = found[1].decode(), found[2].decode(), found[3].decode("latin-1")
        reason = said if said in REASONS else "x" * len(said)
        if event.what == "start-line":
            yield from self._unfinished(event, found[0][: found.start(3)].decode() + f"{reason}\r\n")
            return
        words = [f'reason "{reason}"']
        words += [f"version {version}"] if version != "1.1" else []
        natural = len(f"HTTP/{version} {code} {reason}")
        yield from self._whole(event, f"http {int(code)}", words, self._headers(event), natural, code[0] == "1")

    def _unfinished(self, event: Event, line: str) -> Iterator[Part]:
        """A head that does not end, or not within what was captured: its first line, and as many bytes."""
        end = event.offset + event.length
        yield Part(event.offset, end, text(line.encode("latin-1")))
        yield from self.stream.zeros(end, len(self.stream.data))

    def _headers(self, event: Event) -> dict[str, str]:
        head = self.stream.data[event.offset : event.offset + event.length]
        return fields(head.decode("latin-1").split("\n")[1:])

    def _whole(
        self, event: Event, start: str, words: list[str], headers: dict[str, str], natural: int, interim: bool = False
    ) -> Iterator[Part]:
        """A head padded to its length, and its body; `natural` is how long its start line would be."""
        end = event.offset + event.length
        last = end if interim else self._end(event, end)
        chunked = "chunked" in headers.get("transfer-encoding", "").lower()
        shown = self._shown(headers, event.length - natural - 4 - len("Transfer-Encoding: chunked\r\n") * chunked)
        port = self.stream.data.find(HTTPS_PORT, end, last)
        body = 0 if chunked or port >= 0 else last - end
        words = [*(f"{KEPT[name]} {value}" for name, value in shown.items()), *words]
        words += ["chunked"] if chunked else []
        words += [f"body {body}"] if body or "content-length" in shown else []
        yield Part(event.offset, end + body, " ".join([start, *words, f"head {event.length}"]))
        if port >= 0:  # nginx's words about the port stay
            yield from self.stream.zeros(end, port)
            yield Part(port, port + len(HTTPS_PORT), f'text "{HTTPS_PORT.decode()}"')
            yield from self.stream.zeros(port + len(HTTPS_PORT), last)
        elif chunked:
            yield from self._chunks(end, last)

    def _shown(self, headers: dict[str, str], room: int) -> dict[str, str]:
        """The headers that are kept, as many as there is room for."""
        kept = {name: self._value(name, headers[name]) for name in KEPT if name in headers}
        for without in ((), ("host",), ("host", "content-type"), tuple(KEPT)):
            shown = {name: value for name, value in kept.items() if name not in without and value}
            if sum(len(name) + len(value) + 4 for name, value in shown.items()) <= room:
                return shown
        raise cannot("an HTTP head that is too short for the notation")

    def _value(self, name: str, value: str) -> str:
        """A header's value as the notation may show it, "" = leave it out."""
        if name == "host":
            return self.names.of(value)
        if name == "content-length":
            return digits(value, MAX_DIGITS)
        return next((word for word in VALUES if value.lower().startswith(word)), "")

    def _end(self, event: Event, head: int) -> int:
        """Where the message ends, as far as it was seen."""
        exchange: Any = event.note
        client = self.stream.side == CLIENT
        if exchange is not None:
            start = exchange.request_start if client else exchange.response_start
            end: int = exchange.request_end if client else exchange.response_end
            if start <= event.offset and end >= head:
                return min(end, len(self.stream.data))
        return head if client else len(self.stream.data)

    def _chunks(self, at: int, end: int) -> Iterator[Part]:
        """A chunked body, whose framing stays readable."""
        last = False
        while self.chunk is not None and self.chunk.offset <= end:
            start, stop = self.chunk.offset, min(self.chunk.offset + self.chunk.length, end)
            if start > at:
                yield Part(at, start, self._size(at, start))
                yield from self.stream.zeros(start, stop)
                at, last = stop, self.chunk.length == 0
                if stop < end and not last:
                    behind = self.stream.data[stop : min(stop + 2, end)]
                    behind = LF if behind.startswith(LF) else behind
                    at += len(behind)
                    yield Part(stop, at, text(behind if behind in ENDS else b"x" * len(behind)))
            self.chunk = next(self.chunks)
        if last and at < end:
            yield Part(at, end, trailers(self.stream.data[at:end]))
        elif not last:
            yield from self.stream.zeros(at, end)

    def _size(self, at: int, end: int) -> str:
        """The line before a chunk: its size, and as many letters as it has besides."""
        line = self.stream.data[at:end].rstrip(b"\r\n")
        known = SIZE.match(line)
        size = known[0] if known is not None else b""
        return text(size + b"x" * (len(line) - len(size)) + self.stream.data[at + len(line) : end])

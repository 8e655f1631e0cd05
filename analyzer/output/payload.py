"""Describes the payload of a connection in the words of docs/timelines.md, without a byte that tells who it was.

Lengths, record and message types, alerts, status codes, methods and framing stay. Names become `host1.example`, paths
keep their shape (`/xxx/xx?x=xx`), all else becomes its length: zeros, noise or `x` (anonymous.py).
"""

from __future__ import annotations

# not compiled: runs for one connection
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import NamedTuple

from analyzer.errors import UsageError
from analyzer.fetch.flow import X25519MLKEM768
from analyzer.layer.detection import PREFACE
from analyzer.layer.http2.head import MAX_DIGITS
from analyzer.layer.tls.hello import read_client_hello, read_server_hello
from analyzer.layer.tls.registry import MAX_LENGTH, TLS13
from analyzer.layer.websocket import is_frame, payload_size, told
from analyzer.model.connection import CLIENT, Connection
from analyzer.model.http import Exchange
from analyzer.model.tls import Tls
from analyzer.output.anonymous import HEADER, Pseudonyms, digits, method, proxy_line, shape, text, trailers, unknown
from analyzer.output.frames import FrameLines

REQUEST = re.compile(rb"([A-Za-z]{3,20}) (\S+) HTTP/(\d\.\d)\r\n")
STATUS = re.compile(rb"HTTP/(\d\.\d) (\d{3}) ?([^\r\n]*)\r\n")
CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})([^\r\n]*)\r\n")
H2_SETTINGS = re.compile(rb"...\x04.\0{4}", re.DOTALL)
"""The frame that a server begins with (RFC 9113 3.4), on stream 0."""
PROXY_V2 = b"\r\n\r\n\x00\r\nQUIT\n"
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
RAW = 64
"""Bytes of unknown content that are told apart, as many as the analyzer looks at."""
NO_FRAME = 0x30
"""Begins no frame of a websocket: bits are set that are reserved (RFC 6455 5.2)."""
FILLER = 254
"""A handshake message type that no parser knows: it keeps the length."""


class Part(NamedTuple):
    """A piece of one side's stream, offsets [start, end), and the words that stand for it."""

    start: int
    end: int
    words: str


class Describer:
    """Describes the stream of one side: `data` are its bytes, `holes` 1 where they were not captured."""

    def __init__(self, connection: Connection, side: int, data: bytes, holes: bytes, names: Pseudonyms) -> None:
        self.connection = connection
        self.side = side
        self.data = data
        self.holes = holes
        self.names = names
        self.at = 0
        self.encrypted = False
        self.hellos = 0
        self.rest_of_message = 0
        self.exchanges = [*([connection.connect] if connection.connect else []), *connection.exchanges]

    def parts(self) -> list[Part]:
        """The whole stream in pieces, without a gap."""
        found: list[Part] = []
        while self.at < len(self.data):
            for part in self._next():
                found.append(part)
                self.at = max(self.at, part.end)
        return found

    def _next(self) -> Iterator[Part]:
        data, at = self.data, self.at
        if any(self.holes[at : at + HEADER]):
            hole = self.holes.index(1, at)
            end = self.holes.find(0, hole)
            end = end if end >= 0 else len(data)
            yield Part(at, hole, unknown(data[at:hole], self.side == CLIENT))
            yield Part(hole, end, f"zeros {end - hole}")
        elif self._in_websocket():
            yield self._websocket_frame()
        elif data.startswith(PREFACE, at):
            yield Part(at, at + len(PREFACE), "h2 preface")
            yield from self._frames(at + len(PREFACE))
        elif self.side != CLIENT and self.connection.protocol == "h2c" and H2_SETTINGS.match(data, at):
            yield from self._frames(at)
        elif self.connection.tls is not None and self._is_record():
            yield self._record(self.connection.tls)
        elif self.side == CLIENT and (request := REQUEST.match(data, at)):
            yield from self._request(request)
        elif self.side != CLIENT and (status := STATUS.match(data, at)):
            yield from self._response(status)
        else:
            yield from self._other()

    # -- websocket -------------------------------------------------------------------------------------------------

    def _in_websocket(self) -> bool:
        for exchange in self.exchanges:
            if exchange.status == 101 and exchange.headers.get("upgrade", "").lower() == "websocket":
                return self.at >= (exchange.request_end if self.side == CLIENT else exchange.response_end) >= 0
        return False

    def _websocket_frame(self) -> Part:
        """The head of a frame without its masking key, and as many zeros as it has payload; to the end what is none."""
        head, left = bytearray(self.data[self.at : self.at + 2]), len(self.data) - self.at
        if not is_frame(head[0]):
            return Part(self.at, len(self.data), f"hex {NO_FRAME:02x}{f' + zeros {left - 1}' if left > 1 else ''}")
        while payload_size(head) < 0 and self.at + len(head) < len(self.data):
            head.append(self.data[self.at + len(head)])
        size = min(max(payload_size(head), 0), left - len(head))
        words = f"hex {bytes(head[: told(head)]).hex()}{'00' * (len(head) - told(head))}"
        return Part(self.at, self.at + len(head) + size, f"{words} + zeros {size}" if size else words)

    # -- TLS -------------------------------------------------------------------------------------------------------

    def _is_record(self) -> bool:
        data, at = self.data, self.at
        length = int.from_bytes(data[at + 3 : at + 5])
        return len(data) >= at + 5 and 20 <= data[at] <= 24 and data[at + 1] == 3 and length <= MAX_LENGTH

    def _record(self, tls: Tls) -> Part:
        """One TLS record; only hellos, alerts and the types of handshake messages are more than a length."""
        at = self.at
        kind, length = self.data[at], int.from_bytes(self.data[at + 3 : at + 5])
        body = self.data[at + 5 : at + 5 + length]
        known = not any(self.holes[at + 5 : at + 5 + len(body)])
        words = f"tls records {kind}:{length}"
        if kind == 20 and length == 1:
            self.encrypted = tls.version != TLS13
            words = "tls ccs"
        elif kind == 21 and length == 2 and len(body) == 2 and known:
            words = f"tls alert {body[0]} {body[1]}"
        elif kind == 22 and not self.encrypted:
            whole = body if known else body[: self.holes.index(1, at + 5) - at - 5]
            words = self._handshake(whole, length)
        return Part(at, at + 5 + length, words)

    def _handshake(self, body: bytes, length: int) -> str:
        """A record of handshake messages, of which `body` was captured."""
        messages: list[str] = []
        hello, at = "", min(self.rest_of_message, length)
        if at:
            messages += self._filler(at)
        self.rest_of_message -= at
        while at < length:
            if len(body) < at + 4:
                messages += self._filler(length - at)
                break
            kind, size = body[at], int.from_bytes(body[at + 1 : at + 4])
            fits = min(size, length - at - 4)
            self.rest_of_message = size - fits
            if kind in (1, 2) and not messages:
                hello = self._hello(kind, body[at + 4 : at + 4 + size], fits + 9)
            else:
                messages.append(f"{kind}:{fits}")
            at += 4 + fits
        if hello:
            return f"{hello} then {' '.join(messages)}" if messages else hello
        return f"tls handshake {' '.join(messages)}"

    def _filler(self, size: int) -> list[str]:
        if size < 4:
            raise _inexpressible("a handshake message that ends within three bytes of a record's end")
        return [f"{FILLER}:{size - 4}"]

    def _hello(self, kind: int, message: bytes, size: int) -> str:
        facts = Tls()
        if kind == 2:
            return self._server_hello(message, size)
        read_client_hello(message, 0, len(message), facts)
        self.hellos += 1
        words = ["tls client_hello"]
        words += [f"sni {self.names.of(facts.sni)}"] if facts.sni else []
        alpn = [name for name in facts.alpn_offer if name in ("h2", "http/1.1")]
        words += [f"alpn {','.join(alpn)}"] if alpn else []
        words += ["tls12"] if TLS13 not in facts.versions_offer else []
        words += ["groups x25519mlkem768,x25519"] if X25519MLKEM768 in facts.key_shares else []
        words += ["early_data"] if facts.early_data else []
        version = int.from_bytes(self.data[self.at + 1 : self.at + 3])
        words += [f"record_version 0x{version:04x}"] if version != 0x0301 else []
        words += ["second"] if self.hellos > 1 else []
        return " ".join([*words, f"size {size}"])

    def _server_hello(self, message: bytes, size: int) -> str:
        facts = Tls()
        facts.session_id = self.connection.tls.session_id if self.connection.tls is not None else b""
        retry = read_server_hello(message, 0, len(message), facts)
        if retry < 0:
            return f"tls handshake 2:{size - 9}"
        if retry:
            return f"tls hrr size {size}"
        version = "tls13" if facts.version == TLS13 else "tls12"
        alpn = f" alpn {facts.alpn}" if facts.alpn in ("h2", "http/1.1") else ""
        return f"tls server_hello {version}{alpn}{'' if facts.session_echo else ' new_session'} size {size}"

    # -- HTTP ------------------------------------------------------------------------------------------------------

    def _head(self) -> tuple[int, dict[str, str]]:
        """Where the head ends, and its headers; (0, {}) when it does not end."""
        end = self.data.find(b"\r\n\r\n", self.at)
        if end < 0 or any(self.holes[self.at : end + 4]):
            return 0, {}
        lines = self.data[self.at : end].decode("latin-1").split("\r\n")[1:]
        pairs = (line.partition(":") for line in lines)
        return end + 4, {name.strip().lower(): value.strip() for name, _, value in pairs}

    def _request(self, found: re.Match[bytes]) -> Iterator[Part]:
        end, headers = self._head()
        word, version, target = method(found[1].decode()), found[3].decode(), found[2].decode("latin-1")
        if not end:
            yield from self._unfinished(found, f"{word} {shape(target)} HTTP/{version}\r\n")
            return
        target = self.names.of(target) if word == "CONNECT" else shape(target)
        words = ["expect"] if "expect" in headers else []
        words += [f"version {version}"] if version != "1.1" else []
        first = f"{word} {target} HTTP/{version}"
        last = self._exchange_end(self.at, request=True, head=end)
        extra = len("Expect: 100-continue\r\n") * ("expect" in headers)
        yield self._message(f"http {word} {target}", first, headers, words, (end, last), extra)
        yield from self._chunks(end, last, headers)

    def _response(self, found: re.Match[bytes]) -> Iterator[Part]:
        end, headers = self._head()
        version, code = found[1].decode(), int(found[2])
        said = found[3].decode("latin-1")
        reason = said if said in REASONS else "x" * len(said)
        if not end:
            yield from self._unfinished(found, f"{self.data[self.at : found.start(3)].decode()}{reason}\r\n")
            return
        words = [f'reason "{reason}"']
        words += [f"version {version}"] if version != "1.1" else []
        interim = 100 <= code < 200
        last = end if interim else self._exchange_end(self.at, request=False, head=end)
        first = f"HTTP/{version} {code} {reason}"
        yield self._message(f"http {code}", first, headers, words, (end, last), 0)
        yield from self._chunks(end, last, headers)

    def _unfinished(self, found: re.Match[bytes], line: str) -> Iterator[Part]:
        """A head that does not end, or not within what was captured: its first line, and as many bytes."""
        yield Part(self.at, found.end(), text(line.encode("latin-1")))
        if found.end() < len(self.data):
            yield Part(found.end(), len(self.data), f"zeros {len(self.data) - found.end()}")

    def _message(
        self, start: str, first: str, headers: dict[str, str], words: list[str], ends: tuple[int, int], extra: int
    ) -> Part:
        """A head padded to its length, and its body unless that is chunked or speaks."""
        end, last = ends
        size = end - self.at
        chunked = "chunked" in headers.get("transfer-encoding", "").lower()
        kept = {name: self._value(name, headers[name]) for name in KEPT if name in headers}
        for without in ((), ("host",), ("host", "content-type"), tuple(KEPT)):
            shown = {name: value for name, value in kept.items() if name not in without and value}
            natural = len(first) + 4 + extra + sum(len(name) + len(value) + 4 for name, value in shown.items())
            natural += len("Transfer-Encoding: chunked\r\n") * chunked
            if natural <= size:
                break
        else:
            raise _inexpressible("an HTTP head that is too short for the notation")
        words = [*(f"{KEPT[name]} {value}" for name, value in shown.items()), *words]
        words += ["chunked"] if chunked else []
        apart = chunked or HTTPS_PORT in self.data[end:last]
        body = 0 if apart else last - end
        words += [f"body {body}"] if body or "content-length" in shown else []
        return Part(self.at, end + body, " ".join([start, *words, f"head {size}"]))

    def _value(self, name: str, value: str) -> str:
        """A header's value as the notation may show it, "" = leave it out."""
        if name == "host":
            return self.names.of(value)
        if name == "content-length":
            return digits(value, MAX_DIGITS)
        return next((word for word in VALUES if value.lower().startswith(word)), "")

    def _exchange_end(self, start: int, request: bool, head: int) -> int:
        """Where the message that begins at `start` ends, as far as it was seen."""
        exchange: Exchange
        for exchange in self.exchanges:
            begin, end = (
                (exchange.request_start, exchange.request_end)
                if request
                else (exchange.response_start, exchange.response_end)
            )
            if begin <= start < end and end >= head:
                return min(end, len(self.data))
        return head if request or any(e.method == "CONNECT" for e in self.exchanges[:1]) else len(self.data)

    def _chunks(self, start: int, end: int, headers: dict[str, str]) -> Iterator[Part]:
        """A body that was left to this: chunked framing stays readable, nginx's words about the port stay."""
        at = start
        if HTTPS_PORT in self.data[start:end]:
            word = self.data.index(HTTPS_PORT, start)
            yield Part(start, word, f"zeros {word - start}")
            yield Part(word, word + len(HTTPS_PORT), f'text "{HTTPS_PORT.decode()}"')
            yield Part(word + len(HTTPS_PORT), end, f"zeros {end - word - len(HTTPS_PORT)}")
            return
        if "chunked" not in headers.get("transfer-encoding", "").lower():
            return
        last = False
        while at < end and not last and (line := CHUNK.match(self.data, at, end)):
            size = int(line[1], 16)
            last = size == 0
            size = min(size, end - line.end())
            yield Part(at, line.end(), text(line[1] + b"x" * len(line[2]) + b"\r\n"))
            at = line.end()
            yield Part(at, at + size, f"zeros {size}")
            at += size
            if at < end and not last:
                behind = self.data[at : min(at + 2, end)]
                yield Part(at, at + len(behind), text(behind if b"\r\n".startswith(behind) else b"x" * len(behind)))
                at += len(behind)
        if at < end:
            yield Part(at, end, trailers(self.data[at:end]) if last else f"zeros {end - at}")

    def _frames(self, at: int) -> Iterator[Part]:
        """HTTP/2 to the end of the stream."""
        for part in FrameLines(self.names).describe(self.data, self.holes, at):
            yield Part(*part)

    # -- anything else ---------------------------------------------------------------------------------------------

    def _other(self) -> Iterator[Part]:
        """Bytes of no known protocol: what tells its kind stays, letters and digits do not."""
        data, at = self.data, self.at
        if "socks" in self.connection.via or data.startswith(PROXY_V2, at):
            raise _inexpressible("a SOCKS dialogue or a binary PROXY header")
        if self.side == CLIENT and data.startswith(b"PROXY ", at) and b"\r\n" in data[at:]:
            end = data.index(b"\r\n", at) + 2
            yield Part(at, end, proxy_line(data[at:end]))
            return
        starts = [each.request_start if self.side == CLIENT else each.response_start for each in self.exchanges]
        stop = min([len(data), *(start for start in starts if start > at)])
        end = min(at + RAW, stop)
        yield Part(at, end, unknown(data[at:end], self.side == CLIENT))
        yield Part(end, stop, f"zeros {stop - end}")


def _inexpressible(what: str) -> UsageError:
    return UsageError(f"the notation of cases cannot express {what}", "share the capture itself, if you may")

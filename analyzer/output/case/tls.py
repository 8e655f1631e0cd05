"""TLS records and handshake messages in words: types and lengths stay, and of a hello what a verdict depends on."""

from __future__ import annotations

# not compiled: runs for one connection
from bisect import bisect_left
from operator import attrgetter

from analyzer.fetch.flow import X25519MLKEM768
from analyzer.layer.tls.hello import read_client_hello, read_server_hello
from analyzer.layer.tls.registry import ALERT, CCS, HANDSHAKE, TLS13
from analyzer.model.connection import Event
from analyzer.model.tls import Tls
from analyzer.output.anonymous import HEADER, Pseudonyms
from analyzer.output.case.captured import Captured, Part, cannot

CLIENT_HELLO, SERVER_HELLO = 1, 2
MESSAGE_HEADER = 4
FILLER = 254
"""A handshake message type that no parser knows: it keeps the length."""
USUAL_VERSION = 0x0301
"""Of the record of a ClientHello (RFC 8446 5.1)."""
OFFSET = attrgetter("offset")


class TlsWords:
    """Describes the records of one side.

    messages  those of the handshake that begin in them
    session   the session identifier that the client offered
    """

    def __init__(self, stream: Captured, messages: list[Event], names: Pseudonyms, session: bytes) -> None:
        self.stream = stream
        self.messages = messages
        self.names = names
        self.session = session
        self.hellos = 0

    def record(self, event: Event) -> Part:
        """One record; only hellos, alerts and the types of handshake messages are more than a length."""
        start, end = event.offset + HEADER, event.offset + event.length
        kind, length = self.stream.data[event.offset], end - start
        words = f"tls records {kind}:{length}"
        if kind == CCS and length == 1:
            words = "tls ccs"
        elif kind == ALERT and event.note == 1 and self.stream.reach(start, end) == end:
            level, code = self.stream.data[start:end]
            words = f"tls alert {level} {code}"
        elif kind == HANDSHAKE and event.note == 1:
            words = self._handshake(start, end)
        return Part(event.offset, end, words)

    def _handshake(self, at: int, end: int) -> str:
        """The body of a record of handshake messages; those that go on in others become as much as is here."""
        hello, told = "", []
        first = bisect_left(self.messages, at, key=OFFSET)
        for message in self.messages[first : bisect_left(self.messages, end, first, key=OFFSET)]:
            told += filler(message.offset - at)
            at = min(end, message.offset + message.length)
            size = at - message.offset
            if message.note in (CLIENT_HELLO, SERVER_HELLO) and not hello and not told:
                hello = self._hello(message, size)
            elif size < MESSAGE_HEADER:
                told += filler(size)
            else:
                told.append(f"{message.note}:{size - MESSAGE_HEADER}")
        told += filler(end - at)
        return " ".join([hello, "then", *told] if hello and told else [hello or "tls handshake", *told])

    def _hello(self, event: Event, size: int) -> str:
        """A hello, of which `size` bytes are in this record."""
        at = event.offset + MESSAGE_HEADER
        message = self.stream.data[at : self.stream.reach(at, event.offset + size)]
        size += HEADER
        if event.note == SERVER_HELLO:
            return self._server_hello(message, size)
        version = int.from_bytes(self.stream.data[event.offset - HEADER + 1 : event.offset - HEADER + 3])
        return self._client_hello(message, size, version)

    def _client_hello(self, message: bytes, size: int, version: int) -> str:
        facts = Tls()
        read_client_hello(message, 0, len(message), facts)
        self.hellos += 1
        words = ["tls client_hello"]
        words += [f"sni {self.names.of(facts.sni)}"] if facts.sni else []
        alpn = [name for name in facts.alpn_offer if name in ("h2", "http/1.1")]
        words += [f"alpn {','.join(alpn)}"] if alpn else []
        words += ["tls12"] if TLS13 not in facts.versions_offer else []
        words += ["groups x25519mlkem768,x25519"] if X25519MLKEM768 in facts.key_shares else []
        words += ["early_data"] if facts.early_data else []
        words += [f"record_version 0x{version:04x}"] if version != USUAL_VERSION else []
        words += ["second"] if self.hellos > 1 else []
        return " ".join([*words, f"size {size}"])

    def _server_hello(self, message: bytes, size: int) -> str:
        facts = Tls()
        facts.session_id = self.session
        retry = read_server_hello(message, 0, len(message), facts)
        if retry < 0:
            return f"tls handshake {SERVER_HELLO}:{size - HEADER - MESSAGE_HEADER}"
        if retry:
            return f"tls hrr size {size}"
        version = "tls13" if facts.version == TLS13 else "tls12"
        alpn = f" alpn {facts.alpn}" if facts.alpn in ("h2", "http/1.1") else ""
        return f"tls server_hello {version}{alpn}{'' if facts.session_echo else ' new_session'} size {size}"


def filler(size: int) -> list[str]:
    """A message that keeps the place of so many bytes."""
    if 0 < size < MESSAGE_HEADER:
        raise cannot("a handshake message that ends within three bytes of a record's end")
    return [f"{FILLER}:{size - MESSAGE_HEADER}"] if size else []

"""Reads recorded TLS with keys, as a layer does that hands each record to its direction."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from support.tls_talk import Hellos, Record, Talk

from analyzer.keys.session import Session
from analyzer.keys.store import Store

Said = list[tuple[bool, int, bytes]]
"""(server, content type, plaintext)."""


def store_of(key_log: bytes) -> Store:
    """A store with this key log in it."""
    store = Store()
    store.add_block((0x544C534B).to_bytes(4, "little") + len(key_log).to_bytes(4, "little") + key_log, False)
    return store


class Layer:
    """The records of a connection go in, what they say comes out."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.hellos = Hellos()
        self.session: Session | None = None
        self.said: Said = []

    def record(self, record: Record) -> None:
        """The next record."""
        if self.session is None:
            self._message(record.server, record.kind, record.body)
            if self.session is None:
                return
            self.said.append((record.server, record.kind, record.body))
            return
        side = self.session.server if record.server else self.session.client
        found = side.open(record.kind, record.version, record.body)
        if found is not None:
            self.said.append((record.server, *found))
            self._message(record.server, *found)

    def _message(self, server: bool, kind: int, content: bytes) -> None:
        """Hellos, in plain sight or inside (renegotiation)."""
        if kind != 22 or not content or content[0] not in (1, 2):
            return
        hellos = self.hellos
        before = hellos.client_random
        hellos.read(server, content)
        if hellos.client_random != before:
            if self.session is None:
                self.session = self.store.session(hellos.client_random)
            else:
                secrets = self.store.find(hellos.client_random)
                if secrets is not None:
                    self.session.renegotiates(secrets)
        if content[0] == 2 and hellos.ready and self.session is not None:
            etm = hellos.encrypt_then_mac
            self.session.negotiated(hellos.version, hellos.suite, hellos.server_random, encrypt_then_mac=etm)


def read(records: Iterable[Record], key_log: bytes, each: Callable[[Layer, int], None] | None = None) -> Layer:
    """All of them; `each` is called before each record."""
    layer = Layer(store_of(key_log))
    for number, record in enumerate(records):
        if each is not None:
            each(layer, number)
        layer.record(record)
    return layer


def data_of(said: Said) -> dict[bool, bytes]:
    """Application data by sender."""
    found = {False: b"", True: b""}
    for server, kind, content in said:
        if kind == 23:
            found[server] += content
    return found


def data_said(talk: Talk) -> dict[bool, bytes]:
    """What was really sent."""
    found = {False: b"", True: b""}
    for server, data in talk.said:
        found[server] += data
    return found

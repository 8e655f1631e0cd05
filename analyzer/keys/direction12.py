"""One direction in TLS 1.2 and older: plain records until a ChangeCipherSpec, which may come again (renegotiation)."""

from __future__ import annotations

from collections.abc import Iterator

import cython

from analyzer.keys.direction import APPLICATION_DATA, CHANGE_CIPHER_SPEC, NOT, Content, Opener
from analyzer.keys.epochs import Epoch, KeyBlock
from analyzer.keys.hidden import Shared
from analyzer.keys.secrets import MASTER_LABEL, Secrets
from analyzer.keys.suites import Suite

CHANGE = b"\1"
"""All that a ChangeCipherSpec says (RFC 5246 7.1); where it has more, it is encrypted."""


class Negotiated(Shared):
    """What two hellos came to; both directions have their keys from it."""

    def __init__(self, secrets: Secrets, suite: Suite, version: int, server_random: bytes, etm: cython.bint) -> None:
        self.secrets = secrets
        self._suite, self._version, self._server_random, self._etm = suite, version, server_random, etm
        self._blocks: dict[bytes, KeyBlock] = {}

    def blocks(self) -> Iterator[KeyBlock]:
        """One, or several where key logs disagree: the one that opens a record is right."""
        randoms = (self.secrets.random, self._server_random)
        for master in self.secrets.of(MASTER_LABEL):
            if master not in self._blocks:
                self._blocks[master] = KeyBlock(self._suite, self._version, master, randoms, self._etm)
            yield self._blocks[master]


class Direction12(Opener):
    """Records up to the first ChangeCipherSpec come back as they are; there too each is to be given to it.

    A ChangeCipherSpec itself still has the old protection, and its number (RFC 5246 6.1, 7.1).
    """

    def __init__(self, secrets: Secrets, server: cython.bint) -> None:
        Opener.__init__(self, secrets, server)
        self._changed = False
        self._pending: Negotiated | None = None

    def negotiated(self, pending: Negotiated) -> None:
        """Keys that hold from the next ChangeCipherSpec on."""
        self._pending = pending
        self._secrets = pending.secrets
        self._built = NOT

    def open(self, kind: cython.int, version: cython.int, body: bytes) -> Content | None:
        if self._current is None and not self._changed:
            if kind == CHANGE_CIPHER_SPEC and body == CHANGE:
                self._change()
                return (kind, body)
            if not self._adrift and kind != APPLICATION_DATA:
                return (kind, body)
        plain = self._read(kind, version, body)
        if kind == CHANGE_CIPHER_SPEC and (plain is not None or self._pending is not None):
            self._change()
        return None if plain is None else (kind, plain)

    def skip(self, count: cython.longlong = 1) -> None:
        if self._current is None and not self._changed:
            self.skipped += count
            return
        Opener.skip(self, count)
        self._gone(b"")

    def _coming(self) -> list[Epoch]:
        if self._pending is None:
            return []
        return [Epoch(block, self._server) for block in self._pending.blocks()]

    def _change(self) -> None:
        """What follows has new keys."""
        self._changed = True
        self._current = self._cipher = None
        self.stage = 0
        self._adrift = False
        self._lost = self._passed = 0
        self._built = NOT

    def _found(self, epoch: Epoch, number: cython.longlong) -> None:
        if epoch is not self._current:
            self._pending = None
        Opener._found(self, epoch, number)

    def _pass(self, body: bytes) -> None:
        Opener._pass(self, body)
        self._gone(body)

    def _gone(self, body: bytes) -> None:
        """A record of the epoch that began was not opened."""
        if self._current is None and self._changed:
            for epoch in self._ahead:
                epoch.passed(body)

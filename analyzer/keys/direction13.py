"""One direction in TLS 1.3: early data, handshake, application data, and what a KeyUpdate leads to."""

from __future__ import annotations

import cython

from analyzer.keys.direction import ALERT, APPLICATION_DATA, HANDSHAKE_TYPE, NOT, Content, Opener
from analyzer.keys.epochs import APPLICATION, EARLY, HANDSHAKE, Epoch, TrafficSecret
from analyzer.keys.secrets import CLIENT_LABELS, EARLY_LABEL, SERVER_LABELS, Secrets
from analyzer.keys.suites import SUITES, Suite

END_OF_EARLY_DATA, FINISHED, KEY_UPDATE = b"\5\0\0\0", b"\x14\0\0", b"\x18\0\0\1"
"""How handshake messages begin behind which there are other keys (RFC 8446 4.5, 4.4.4, 4.6.3)."""


class Direction13(Opener):
    """What is not protected comes back as it is: hellos, also behind early data, and alerts of who could not read one.

    ChangeCipherSpecs are decoration, and nothing comes of them (RFC 8446 D.4).

    suite   what the server has chosen, None = not known: a ServerHello that was not captured is told by what opens
    """

    def __init__(self, secrets: Secrets, server: cython.bint) -> None:
        Opener.__init__(self, secrets, server)
        self.suite: Suite | None = None

    def negotiated(self, suite: Suite) -> None:
        """The server has chosen."""
        self.suite = suite
        self._built = NOT

    def open(self, kind: cython.int, version: cython.int, body: bytes) -> Content | None:
        if kind != APPLICATION_DATA:
            plain_sight = kind == ALERT or (kind == HANDSHAKE_TYPE and self.stage <= EARLY)
            return (kind, body) if plain_sight else None
        plain = self._read(kind, version, body)
        if plain is None:
            return None
        inner = plain.rstrip(b"\0")
        if not inner:
            return (0, b"")
        content = inner[:-1]
        if inner[-1] == HANDSHAKE_TYPE:
            self._leaving = self._ends(content)
        return (inner[-1], content)

    def _ends(self, content: bytes) -> cython.bint:
        """Whether the keys change behind this record, whose last message they would follow (RFC 8446 5.1)."""
        size = len(content)
        if size <= 5:
            return content[:4] in (END_OF_EARLY_DATA, KEY_UPDATE)
        hashed = self.suite.size if self.suite is not None else 0
        return content[-hashed - 4 : -hashed] == FINISHED + bytes([hashed])

    def _found(self, epoch: Epoch, number: cython.longlong) -> None:
        if self.suite is None and epoch.stage > EARLY and isinstance(epoch.keys, TrafficSecret):
            self.suite = epoch.keys.suite
            self._built = NOT  # those ahead were of every suite
        Opener._found(self, epoch, number)

    def _coming(self) -> list[Epoch]:
        found: list[Epoch] = []
        current = self._current
        handshake, application = SERVER_LABELS if self._server else CLIENT_LABELS
        if self.stage < EARLY and not self._server:
            self._add(found, EARLY_LABEL, EARLY)
        if current is not None and self.stage == APPLICATION and isinstance(current.keys, TrafficSecret):
            found.append(Epoch(current.keys.following(), self._server, APPLICATION))
        if self.stage < HANDSHAKE:
            self._add(found, handshake, HANDSHAKE)
        if self.stage < APPLICATION:
            self._add(found, application, APPLICATION)
        return found

    def _add(self, found: list[Epoch], label: str, stage: cython.int) -> None:
        """Those of a label: one, or one for each suite that it may be of, where that is not known."""
        guess: cython.bint = stage == EARLY or (self.suite is None and self._guess)
        for secret in self._secrets.of(label):
            for suite in LATEST if guess else (self.suite,):
                if suite is not None and suite.size == len(secret):
                    found.append(Epoch(TrafficSecret(suite, secret), self._server, stage))


LATEST = [suite for suite in SUITES.values() if suite.latest]

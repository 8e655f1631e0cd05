"""Secrets with what is made of them: nothing before a record asks for it."""

from __future__ import annotations

import cython

from analyzer.keys.ciphers import Aead13, Cipher, cipher12, iv_length
from analyzer.keys.hidden import Hidden, Shared
from analyzer.keys.schedule import following, key_block, traffic_keys
from analyzer.keys.suites import CBC, SIZES, TLS10, TLS12, Suite


class Keys(Shared):
    """What ciphers are made of.

    chained  a record is needed for the one behind it
    """

    chained: bool

    def cipher(self, server: cython.bint) -> Cipher:
        """That of the client's or the server's records."""
        raise NotImplementedError


class KeyBlock(Keys):
    """The keys of both directions, TLS 1.2 and older (RFC 5246 6.3), of a master secret and two hellos' randoms."""

    def __init__(self, suite: Suite, version: int, master: bytes, randoms: tuple[bytes, bytes], etm: bool) -> None:
        self._suite, self._version, self._master, self._randoms, self._etm = suite, version, master, randoms, etm
        self._block = b""
        self.chained = suite.cipher == CBC and version == TLS10

    def cipher(self, server: cython.bint) -> Cipher:
        suite = self._suite
        mac, key, iv = SIZES.get(suite.mac, 0), suite.key, iv_length(suite, self._version)
        if not self._block:
            name = suite.prf if self._version >= TLS12 else "md5"
            self._block = key_block(name, self._master, *self._randoms, 2 * (mac + key + iv))
        at = 0
        parts = []
        for length in (mac, key, iv):
            at += server * length
            parts.append(self._block[at : at + length])
            at += (2 - server) * length
        return cipher12(suite, self._version, parts[1], parts[0], parts[2], self._etm)


class TrafficSecret(Keys):
    """A traffic secret of TLS 1.3 (RFC 8446 7.3), of a suite."""

    def __init__(self, suite: Suite, secret: bytes) -> None:
        self.suite, self._secret = suite, secret
        self.chained = False

    def cipher(self, server: cython.bint) -> Cipher:
        """That of the records of the direction that it is a secret of."""
        suite = self.suite
        key, iv = traffic_keys(suite.prf, self._secret, suite.key)
        return Aead13(suite, key, iv)

    def following(self) -> TrafficSecret:
        """The one behind a KeyUpdate."""
        return TrafficSecret(self.suite, following(self.suite.prf, self._secret))


EARLY, HANDSHAKE, APPLICATION = 1, 2, 3


class Epoch(Hidden):
    """Records of one direction under one key.

    keys    what its cipher is made of; server: whose records
    stage   of TLS 1.3, one of the three
    number  the sequence number of the next record
    """

    def __init__(self, keys: Keys, server: cython.bint, stage: cython.int = 0) -> None:
        self.keys, self.server, self.stage = keys, server, stage
        self.number = 0
        self._cipher: Cipher | None = None

    def cipher(self) -> Cipher:
        """What opens them, made now."""
        if self._cipher is None:
            self._cipher = self.keys.cipher(self.server)
        return self._cipher

    def passed(self, body: bytes) -> None:
        """A record went by and was not read, b"" = not even seen. Keys are not made for that."""
        if self.keys.chained:
            self.cipher().passed(body)

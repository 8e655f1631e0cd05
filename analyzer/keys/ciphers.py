"""What opens a record with one key, by the record protection of its version and suite.

A cipher knows its keys and no sequence number: that is tried. `read` gives the plaintext, None when the record was not
made with this key and this number; of TLS 1.3 the inner plaintext, with its type and padding (RFC 8446 5.2).
"""

from __future__ import annotations

import copy
from typing import Any

import cython

from analyzer.keys import library
from analyzer.keys.hidden import Hidden
from analyzer.keys.mac import Mac
from analyzer.keys.suites import CCM, CHACHA, GCM, SIZES, TLS10, TLS13, Suite

EXPLICIT = 8
"""Bytes of a nonce that a record of AES-GCM and AES-CCM begins with in TLS 1.2 (RFC 5288 3, RFC 6655 3)."""
BLOCK = 16
"""Bytes of a block of AES, and of an initialization vector (RFC 5246 6.2.3.2)."""
TAG = 16
"""Bytes behind the ciphertext of ChaCha20-Poly1305 (RFC 8439 2.8)."""
SALT, NONCE = 4, 12
"""Bytes of the implicit part of a nonce, and of a whole one."""
FARTHEST = 1 << 32
"""Records that a sender may be ahead by its explicit nonces, which need not be numbers at all."""


class Cipher(Hidden):
    """One key of one direction."""

    def read(self, number: cython.longlong, kind: cython.int, version: cython.int, body: bytes) -> bytes | None:
        """The plaintext of a record with this sequence number, and the type and version of its header."""
        raise NotImplementedError

    def begins(self, number: cython.longlong, body: bytes) -> bytes:
        """The plaintext of a record that was cut off, as far as it goes: there is no tag that proves it."""
        return b""

    def guess(self, body: bytes) -> int:
        """The sequence number that this record says of itself, -1 = none."""
        return -1

    def ready(self) -> cython.bint:
        """Whether the next record can be read at all."""
        return True

    def passed(self, body: bytes) -> None:
        """This record went by and was not read, b"" = not even seen."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Cipher:
        """Connections are copied while they are open; keys are shared."""
        return copy.copy(self)


class Counted(Cipher):
    """An AEAD whose nonce is the IV and the sequence number (RFC 8446 5.3)."""

    def __init__(self, suite: Suite, key: bytes, iv: bytes) -> None:
        self._decrypt = library.aead(suite, key)
        self._suite, self._key, self._iv = suite, key, iv
        self._nonce = bytearray(iv)
        self._failures = library.aeads().failures

    def nonce(self, number: cython.ulonglong) -> bytearray:
        """That of a record; the next one is written over it."""
        at: cython.int
        nonce: bytearray = self._nonce
        for at in range(11, 3, -1):
            nonce[at] = self._iv[at] ^ number & 0xFF
            number >>= 8
        return nonce

    def begins(self, number: cython.longlong, body: bytes) -> bytes:
        return library.prefix(self._suite, self._key, bytes(self.nonce(number)), body)


class Aead13(Counted):
    """The AEADs of TLS 1.3, which cover a record's header (RFC 8446 5.2)."""

    def __init__(self, suite: Suite, key: bytes, iv: bytes) -> None:
        Counted.__init__(self, suite, key, iv)
        self._head = bytearray(5)

    def read(self, number: cython.longlong, kind: cython.int, version: cython.int, body: bytes) -> bytes | None:
        size: cython.Py_ssize_t = len(body)
        head: bytearray = self._head
        head[0] = kind
        head[1] = version >> 8
        head[2] = version & 0xFF
        head[3] = size >> 8
        head[4] = size & 0xFF
        try:
            return self._decrypt(self.nonce(number), body, head)
        except self._failures:
            return None


class ChaCha12(Counted):
    """ChaCha20-Poly1305 in TLS 1.2 (RFC 7905 2)."""

    def read(self, number: cython.longlong, kind: cython.int, version: cython.int, body: bytes) -> bytes | None:
        size: cython.Py_ssize_t = len(body) - TAG
        if size < 0:
            return None
        try:
            return self._decrypt(self.nonce(number), body, additional(number, kind, version, size))
        except self._failures:
            return None


class Explicit12(Cipher):
    """AES-GCM and AES-CCM in TLS 1.2: the record begins with a part of its nonce (RFC 5246 6.2.3.3, RFC 5288 3)."""

    def __init__(self, suite: Suite, key: bytes, salt: bytes) -> None:
        self._decrypt = library.aead(suite, key)
        self._suite, self._key = suite, key
        self._salt = salt
        self._overhead = EXPLICIT + suite.tag
        self._failures = library.aeads().failures
        self._last = b""
        self._number = 0

    def read(self, number: cython.longlong, kind: cython.int, version: cython.int, body: bytes) -> bytes | None:
        size: cython.Py_ssize_t = len(body) - self._overhead
        if size < 0:
            return None
        begin = body[:EXPLICIT]
        head = additional(number, kind, version, size)
        try:
            plain = self._decrypt(self._salt + begin, memoryview(body)[EXPLICIT:], head)
        except self._failures:
            return None
        self._last, self._number = begin, number
        return plain

    def begins(self, number: cython.longlong, body: bytes) -> bytes:
        if len(body) < EXPLICIT:
            return b""
        return library.prefix(self._suite, self._key, self._salt + body[:EXPLICIT], body[EXPLICIT:])

    def guess(self, body: bytes) -> int:
        """Most senders count: what is between two of their nonces is between the numbers as well."""
        if not self._last:
            return -1
        ahead = int.from_bytes(body[:EXPLICIT], "big") - int.from_bytes(self._last, "big")
        return self._number + ahead if 0 < ahead < FARTHEST else -1


class Cbc(Cipher):
    """AES-CBC with HMAC, over the plaintext (RFC 5246 6.2.3.2) or, if negotiated, over the ciphertext (RFC 7366).

    In TLS 1.0 a record's initialization vector is the last block of the record before (RFC 2246 6.2.3.2).
    """

    def __init__(self, suite: Suite, version: int, key: bytes, mac: bytes, vector: bytes, etm: bool) -> None:
        self._decryptor = library.aes_cbc(key)
        self._mac, self._size = Mac(suite.mac, mac), SIZES[suite.mac]
        self._etm = etm
        self._chained = version == TLS10
        self._vector = vector

    def read(self, number: cython.longlong, kind: cython.int, version: cython.int, body: bytes) -> bytes | None:
        sealed = len(body) - self._size if self._etm else len(body)
        begin = 0 if self._chained else BLOCK
        if sealed - begin < BLOCK or sealed % BLOCK or not self.ready():
            return None
        if self._etm and not self._signed(number, kind, version, body[:sealed], body[sealed:]):
            return None
        context = self._decryptor(self._vector if self._chained else body[:BLOCK])
        plain = context.update(memoryview(body)[begin:sealed])
        end = len(plain) - plain[-1] - 1
        if end < 0 or plain[end:].count(plain[-1]) != len(plain) - end:
            return None
        content = end if self._etm else end - self._size
        if content < 0:
            return None
        if not self._etm and not self._signed(number, kind, version, plain[:content], plain[content:end]):
            return None
        self.passed(body)
        return plain[:content]

    def begins(self, number: cython.longlong, body: bytes) -> bytes:
        whole = len(body) // BLOCK * BLOCK
        if self._chained or whole < 2 * BLOCK:
            return b""
        return self._decryptor(body[:BLOCK]).update(body[BLOCK:whole])

    def _signed(
        self, number: cython.longlong, kind: cython.int, version: cython.int, data: bytes, mac: bytes
    ) -> cython.bint:
        return self._mac.of(additional(number, kind, version, len(data)), data) == mac

    def ready(self) -> cython.bint:
        return bool(self._vector) or not self._chained

    def passed(self, body: bytes) -> None:
        if self._chained:
            end = len(body) - self._size if self._etm else len(body)
            self._vector = body[end - BLOCK : end] if end >= BLOCK else b""


def additional(number: cython.ulonglong, kind: cython.int, version: cython.int, length: cython.Py_ssize_t) -> bytes:
    """Sequence number, type, version and length: what a MAC or an AEAD covers besides (RFC 5246 6.2.3.1 and .3)."""
    return number.to_bytes(8, "big") + bytes((kind, version >> 8, version & 0xFF, length >> 8, length & 0xFF))


def cipher12(suite: Suite, version: int, key: bytes, mac: bytes, iv: bytes, etm: bool) -> Cipher:
    """The cipher of one direction's keys, TLS 1.2 and older."""
    if suite.cipher == CHACHA:
        return ChaCha12(suite, key, iv)
    if suite.cipher in (GCM, CCM):
        return Explicit12(suite, key, iv)
    return Cbc(suite, version, key, mac, iv, etm)


def iv_length(suite: Suite, version: int) -> int:
    """Bytes of an IV that a key block has (RFC 5246 6.3, RFC 5288 3, RFC 7905 2; RFC 2246 6.3 for TLS 1.0)."""
    if suite.cipher in (GCM, CCM):
        return SALT
    if suite.cipher == CHACHA or version == TLS13:
        return NONCE
    return BLOCK if version == TLS10 else 0

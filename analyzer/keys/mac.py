"""HMAC (RFC 2104) for short messages, in half of the time of `hmac.digest`, which asks OpenSSL 3 for it each time.

A connection of TLS 1.3 takes eight of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from functools import partial

from analyzer.keys.hidden import Hidden

INNER = bytes(byte ^ 0x36 for byte in range(256))
OUTER = bytes(byte ^ 0x5C for byte in range(256))

HASHES: dict[str, Callable[..., "hashlib._Hash"]] = {
    "md5": partial(hashlib.md5, usedforsecurity=False),
    "sha1": hashlib.sha1,
    "sha256": hashlib.sha256,
    "sha384": hashlib.sha384,
}
BLOCKS = {"md5": 64, "sha1": 64, "sha256": 64, "sha384": 128}
"""Bytes of a block of a hash; no key here is longer."""


def pads(name: str, key: bytes) -> tuple[bytes, bytes]:
    """The first block of the inner and of the outer hash."""
    padded = key.ljust(BLOCKS[name], b"\0")
    return padded.translate(INNER), padded.translate(OUTER)


def hmac(name: str, key: bytes, message: bytes) -> bytes:
    """The HMAC of a message."""
    return hmacs(name, key, (message,))[0]


def hmacs(name: str, key: bytes, messages: Iterable[bytes]) -> list[bytes]:
    """The HMACs of messages with the same key."""
    new = HASHES[name]
    inner, outer = pads(name, key)
    return [new(outer + new(inner + message).digest()).digest() for message in messages]


class Mac(Hidden):
    """One key for many messages, whose begin may be apart from the rest: nothing is put together."""

    def __init__(self, name: str, key: bytes) -> None:
        inner, outer = pads(name, key)
        self._inner, self._outer = HASHES[name](inner), HASHES[name](outer)

    def of(self, begin: bytes, rest: bytes | memoryview) -> bytes:
        """The HMAC of both."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(begin)
        inner.update(rest)
        outer.update(inner.digest())
        return outer.digest()

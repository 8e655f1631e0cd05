# not compiled: asked once a connection, or once a run
"""The library `cryptography`, imported when something is to be opened for the first time: 0.05 s, and an extra."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from analyzer.errors import MissingError
from analyzer.keys.suites import CHACHA, GCM, Suite

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import CipherContext
    from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305

Decrypt: TypeAlias = Callable[[bytes | bytearray, bytes | memoryview, bytes | bytearray], bytes]
"""(nonce, ciphertext with its tag, additional data) -> plaintext, or one of `Aeads.failures`."""


class Aeads(NamedTuple):
    """What the library has, and what it raises for ciphertext that was not made with a key and a nonce."""

    gcm: type[AESGCM]
    ccm: type[AESCCM]
    chacha: type[ChaCha20Poly1305]
    failures: tuple[type[Exception], ...]


def require() -> None:
    """MissingError where the library is not installed: to be told before a capture is read, not in the middle of it."""
    if not installed():
        raise MissingError("reading inside TLS", "cryptography", "decrypt")


def installed() -> bool:
    """Whether it is there; nothing is imported."""
    return find_spec("cryptography") is not None


@cache
def aeads() -> Aeads:
    """The AEADs."""
    try:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305
    except ImportError:
        raise MissingError("reading inside TLS", "cryptography", "decrypt") from None
    return Aeads(AESGCM, AESCCM, ChaCha20Poly1305, (InvalidTag, ValueError))


def aead(suite: Suite, key: bytes) -> Decrypt:
    """What decrypts with the AEAD of a suite (RFC 5288 3, RFC 6655 3 and 4, RFC 7905)."""
    known = aeads()
    if suite.cipher == GCM:
        return known.gcm(key).decrypt
    if suite.cipher == CHACHA:
        return known.chacha(key).decrypt
    return known.ccm(key, suite.tag).decrypt


def prefix(suite: Suite, key: bytes, nonce: bytes, data: bytes) -> bytes:
    """The beginning of a plaintext, of a record whose end and tag are missing: nothing proves it.

    Below each AEAD is a stream cipher (NIST SP 800-38D 6.5 and 7.1, RFC 3610 2.3, RFC 8439 2.8).
    """
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    if suite.cipher == CHACHA:
        stream = Cipher(algorithms.ChaCha20(key, b"\1\0\0\0" + nonce), mode=None)
        return stream.decryptor().update(data)
    first = nonce + b"\0\0\0\2" if suite.cipher == GCM else b"\2" + nonce + b"\0\0\1"
    return Cipher(algorithms.AES(key), modes.CTR(first)).decryptor().update(data)


def aes_cbc(key: bytes) -> Callable[[bytes], CipherContext]:
    """AES-CBC: from an initialization vector what decrypts whole blocks."""
    require()
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    algorithm = algorithms.AES(key)
    return lambda vector: Cipher(algorithm, modes.CBC(vector)).decryptor()

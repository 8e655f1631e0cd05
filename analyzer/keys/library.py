"""The library `cryptography`, imported when something is to be opened for the first time: 0.05 s, and an extra."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeAlias

from analyzer.errors import MissingError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import CipherContext

Decrypt: TypeAlias = Callable[[bytes, bytes | memoryview, bytes], bytes]
"""(nonce, ciphertext with its tag, additional data) -> plaintext, or one of `failures()`."""


def require() -> None:
    """MissingError where the library is not installed: to be told before a capture is read, not in the middle of it."""
    try:
        import cryptography  # noqa: F401
    except ImportError:
        raise MissingError("reading inside TLS", "cryptography", "decrypt") from None


def installed() -> bool:
    """Whether it is there; nothing is imported."""
    return find_spec("cryptography") is not None


@cache
def failures() -> tuple[type[Exception], ...]:
    """What is raised for ciphertext that was not made with this key and nonce, or that cannot be any."""
    require()
    from cryptography.exceptions import InvalidTag

    return (InvalidTag, ValueError)


def aes_gcm(key: bytes) -> Decrypt:
    """AES-GCM (RFC 5288 3, RFC 5116 5.1 and 5.2)."""
    require()
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key).decrypt


def aes_ccm(key: bytes, tag: int) -> Decrypt:
    """AES-CCM with a tag of so many bytes (RFC 6655 3 and 4)."""
    require()
    from cryptography.hazmat.primitives.ciphers.aead import AESCCM

    return AESCCM(key, tag).decrypt


def chacha20_poly1305(key: bytes) -> Decrypt:
    """ChaCha20-Poly1305 (RFC 8439, RFC 7905)."""
    require()
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    return ChaCha20Poly1305(key).decrypt


def aes_cbc(key: bytes) -> Callable[[bytes], CipherContext]:
    """AES-CBC: from an initialization vector what decrypts whole blocks."""
    require()
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    algorithm = algorithms.AES(key)
    return lambda vector: Cipher(algorithm, modes.CBC(vector)).decryptor()

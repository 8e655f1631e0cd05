"""From secrets of a key log to keys: the key block of TLS 1.2 and older, the traffic keys of TLS 1.3."""

from __future__ import annotations

from functools import cache

import cython

from analyzer.keys.mac import hmac, hmacs
from analyzer.keys.suites import SIZES

IV = 12
"""Bytes of an IV in TLS 1.3 (RFC 8446 5.3)."""


def p_hash(name: str, secret: bytes, seed: bytes, length: int) -> bytes:
    """P_hash (RFC 5246 5)."""
    found = b""
    chained = seed
    while len(found) < length:
        chained = hmac(name, secret, chained)
        found += hmac(name, secret, chained + seed)
    return found[:length]


def prf(name: str, secret: bytes, label: bytes, seed: bytes, length: int) -> bytes:
    """The PRF of TLS 1.2 with a hash (RFC 5246 5), or of TLS 1.0 and 1.1 where that is called `md5` (RFC 2246 5)."""
    seed = label + seed
    if name != "md5":
        return p_hash(name, secret, seed, length)
    half = (len(secret) + 1) // 2
    one = p_hash("md5", secret[:half], seed, length)
    other = p_hash("sha1", secret[len(secret) - half :], seed, length)
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).to_bytes(length, "big")


def key_block(name: str, master: bytes, client: bytes, server: bytes, length: int) -> bytes:
    """The key block, of the two hellos' randoms (RFC 5246 6.3)."""
    return prf(name, master, b"key expansion", server + client, length)


def expand_label(name: str, secret: bytes, label: bytes, length: cython.Py_ssize_t) -> bytes:
    """HKDF-Expand-Label without a context (RFC 8446 7.1), for no more than the hash gives: one HMAC.

    Keys have at most 32 bytes, and are all that is ever wanted besides a next secret, which is as long as the hash.
    """
    if length > SIZES[name]:
        raise ValueError("longer than the hash")
    return hmac(name, secret, _info(label, length))[:length]


def traffic_keys(name: str, secret: bytes, size: cython.Py_ssize_t) -> tuple[bytes, bytes]:
    """The key and the IV of a traffic secret (RFC 8446 7.3)."""
    key, iv = hmacs(name, secret, _infos(size))
    return key[:size], iv[:IV]


@cache
def _infos(size: int) -> tuple[bytes, bytes]:
    """What both are expanded with."""
    return _info(b"key", size), _info(b"iv", IV)


@cache
def _info(label: bytes, length: int) -> bytes:
    """HkdfLabel, and the counter of HKDF-Expand's one step (RFC 5869 2.3)."""
    label = b"tls13 " + label
    return b"%b%c%b\0\1" % (length.to_bytes(2, "big"), len(label), label)


def following(name: str, secret: bytes) -> bytes:
    """The traffic secret behind a KeyUpdate (RFC 8446 7.2)."""
    return expand_label(name, secret, b"traffic upd", SIZES[name])

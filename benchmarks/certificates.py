"""Certificates with the fields that TLS 1.2 shows to everybody, and keys and signatures without meaning."""

from __future__ import annotations

from functools import cache
from random import Random

AUTHORITIES = ("Example R3", "Example Root")


def element(tag: int, *parts: bytes) -> bytes:
    """A DER element (X.690 8.1)."""
    content = b"".join(parts)
    size = len(content)
    if size < 128:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def sequence(*parts: bytes) -> bytes:
    """SEQUENCE."""
    return element(0x30, *parts)


def called(common_name: str) -> bytes:
    """A Name that holds a common name alone."""
    return sequence(element(0x31, sequence(b"\x06\x03\x55\x04\x03", element(0x0C, common_name.encode()))))


def certificate(issuer: str, subject: str, names: tuple[str, ...]) -> bytes:
    """A certificate (RFC 5280 4.1) with an RSA key of 2048 bits."""
    rng = Random(subject)
    algorithm = sequence(b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", b"\x05\x00")
    encryption = sequence(b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", b"\x05\x00")
    validity = sequence(element(0x17, b"251201000000Z"), element(0x17, b"260301000000Z"))
    key = sequence(element(0x02, b"\0\xc1" + rng.randbytes(255)), b"\x02\x03\x01\x00\x01")
    alternative = sequence(*(element(0x82, name.encode()) for name in names))
    extensions = element(0xA3, sequence(sequence(b"\x06\x03\x55\x1d\x11", element(0x04, alternative))))
    fields = sequence(
        element(0xA0, b"\x02\x01\x02"),
        element(0x02, b"\x01" + rng.randbytes(17)),
        algorithm,
        called(issuer),
        validity,
        called(subject),
        sequence(encryption, element(0x03, b"\0" + key)),
        extensions,
    )
    return sequence(fields, algorithm, element(0x03, b"\0" + rng.randbytes(256)))


@cache
def chain(name: str) -> tuple[bytes, bytes]:
    """Those of a server of that name: its own, and the one that signed it."""
    own = certificate(AUTHORITIES[0], name, (name, f"www.{name}"))
    return own, certificate(AUTHORITIES[1], AUTHORITIES[0], AUTHORITIES)


def message(name: str) -> bytes:
    """The body of a Certificate message of TLS 1.2 (RFC 5246 7.4.2)."""
    both = b"".join(len(each).to_bytes(3, "big") + each for each in chain(name))
    return len(both).to_bytes(3, "big") + both

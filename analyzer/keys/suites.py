# not compiled: asked once a connection, or once a run
"""What of a cipher suite matters for opening records: its cipher and its hash functions.

Codes are those of the TLS Cipher Suites registry of IANA. How the keys were exchanged does not matter: the secrets come
from a key log.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

TLS10, TLS11, TLS12, TLS13 = 0x0301, 0x0302, 0x0303, 0x0304

GCM, CCM, CHACHA, CBC = "AES-GCM", "AES-CCM", "ChaCha20-Poly1305", "AES-CBC"


class Suite(NamedTuple):
    """One suite.

    code    its number; cipher: one of the four above; key: bytes of its key
    prf     the hash of the key schedule, as Python calls it; size: bytes of it
    tag     bytes of an AEAD's tag; mac: the hash of a CBC suite's HMAC, "" = an AEAD
    latest  it is of TLS 1.3 (RFC 8446 B.4), and of no other version
    """

    code: int
    cipher: str
    key: int
    prf: str = "sha256"
    tag: int = 16
    mac: str = ""
    latest: bool = False

    @property
    def size(self) -> int:
        return SIZES[self.prf]


SIZES = {"md5": 16, "sha1": 20, "sha256": 32, "sha384": 48}
"""Bytes of a hash."""


def _suites(codes: str, cipher: str, key: int, prf: str = "sha256", tag: int = 16, mac: str = "") -> Iterator[Suite]:
    for code in codes.split():
        yield Suite(int(code, 16), cipher, key, prf, tag, mac)


def _all() -> Iterator[Suite]:
    """RFC 8446 B.4; then the RFCs beside them, for TLS 1.2 and older."""
    yield Suite(0x1301, GCM, 16, latest=True)
    yield Suite(0x1302, GCM, 32, "sha384", latest=True)
    yield Suite(0x1303, CHACHA, 32, latest=True)
    yield Suite(0x1304, CCM, 16, latest=True)
    yield Suite(0x1305, CCM, 16, tag=8, latest=True)
    # RFC 5288, 5289, 5487, 8442
    yield from _suites("009c 009e 00a0 00a2 00a4 00a6 00a8 00aa 00ac c02b c02d c02f c031 d001", GCM, 16)
    yield from _suites("009d 009f 00a1 00a3 00a5 00a7 00a9 00ab 00ad c02c c02e c030 c032 d002", GCM, 32, "sha384")
    # RFC 7905
    yield from _suites("cca8 cca9 ccaa ccab ccac ccad ccae", CHACHA, 32)
    # RFC 6655, 7251, 8442
    yield from _suites("c09c c09e c0a4 c0a6 c0ac d005", CCM, 16)
    yield from _suites("c09d c09f c0a5 c0a7 c0ad", CCM, 32)
    yield from _suites("c0a0 c0a2 c0a8 c0aa c0ae d003", CCM, 16, tag=8)
    yield from _suites("c0a1 c0a3 c0a9 c0ab c0af", CCM, 32, tag=8)
    # RFC 5246 A.5, 4279, 4785, 5054, 5489, 8422
    sha = "002f 0030 0031 0032 0033 0034 008c 0090 0094 c004 c009 c00e c013 c018 c01d c01e c01f c035"
    yield from _suites(sha, CBC, 16, mac="sha1")
    sha = "0035 0036 0037 0038 0039 003a 008d 0091 0095 c005 c00a c00f c014 c019 c020 c021 c022 c036"
    yield from _suites(sha, CBC, 32, mac="sha1")
    # RFC 5246 A.5, 5289, 5487, 5489
    sha256 = "003c 003e 003f 0040 0067 006c 00ae 00b2 00b6 c023 c025 c027 c029 c037"
    yield from _suites(sha256, CBC, 16, mac="sha256")
    yield from _suites("003d 0068 0069 006a 006b 006d", CBC, 32, mac="sha256")
    yield from _suites("00af 00b3 00b7 c024 c026 c028 c02a c038", CBC, 32, "sha384", mac="sha384")


SUITES = {suite.code: suite for suite in _all()}

OTHERS: dict[str, Iterable[int]] = {
    "no encryption": (0x00, 0x01, 0x02, *range(0x2C, 0x2F), 0x3B, 0xB0, 0xB1, 0xB4, 0xB5, 0xB8, 0xB9,
                      0xC001, 0xC006, 0xC00B, 0xC010, 0xC015, *range(0xC039, 0xC03C)),
    "RC4": (0x03, 0x04, 0x05, 0x17, 0x18, 0x20, 0x24, 0x28, 0x2B, 0x60, 0x64, 0x65, 0x66, 0x8A, 0x8E, 0x92,
            0xC002, 0xC007, 0xC00C, 0xC011, 0xC016, 0xC033),
    "DES": (0x08, 0x09, 0x0B, 0x0C, 0x0E, 0x0F, 0x11, 0x12, 0x14, 0x15, 0x19, 0x1A,
            0x1E, 0x22, 0x26, 0x29, 0x62, 0x63),
    "3DES": (0x0A, 0x0D, 0x10, 0x13, 0x16, 0x1B, 0x1F, 0x23, 0x8B, 0x8F, 0x93,
             0xC003, 0xC008, 0xC00D, 0xC012, 0xC017, 0xC01A, 0xC01B, 0xC01C, 0xC034),
    "Camellia": (*range(0x41, 0x47), *range(0x84, 0x8A), *range(0xBA, 0xC6), *range(0xC072, 0xC09C)),
    "SEED": range(0x96, 0x9C),
    "ARIA": range(0xC03C, 0xC072),
    "SM4": (0xC6, 0xC7),
    "ChaCha20 as in the draft": range(0xCC13, 0xCC16),
}  # fmt: skip
"""Ciphers that are not opened, by the codes of their suites."""

VERSIONS = {
    0x0002: "SSL 2.0",
    0x0300: "SSL 3.0",
    TLS10: "TLS 1.0",
    TLS11: "TLS 1.1",
    TLS12: "TLS 1.2",
    TLS13: "TLS 1.3",
}


def suite_of(version: int, code: int) -> Suite | None:
    """The suite, None = it is not supported, or not one of this version (`unsupported` says which)."""
    suite = SUITES.get(code)
    if suite is None or not TLS10 <= version <= TLS13 or suite.latest != (version == TLS13):
        return None
    return suite if version >= TLS12 or suite.mac == "sha1" else None


def unsupported(version: int, code: int) -> str:
    """Why `suite_of` gives none, as a name: `3DES (0x000a)`, `SSL 3.0`."""
    if not TLS10 <= version <= TLS13:
        return VERSIONS.get(version, f"version 0x{version:04x}")
    name = next((name for name, codes in OTHERS.items() if code in codes), "")
    if code in SUITES:
        return f"suite 0x{code:04x} in {VERSIONS[version]}"
    return f"{name} (0x{code:04x})" if name else f"suite 0x{code:04x}"

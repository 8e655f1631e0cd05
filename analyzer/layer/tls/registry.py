"""Names for TLS codes as the IANA registry spells them, in dash form. An unknown code stays a number."""

# not compiled: tables that are looked up once per displayed fact

from __future__ import annotations

HEADER = 5
"""Bytes of a record's header (RFC 8446 5.1)."""
CCS = 20
ALERT = 21
HANDSHAKE = 22
APPLICATION_DATA = 23
HEARTBEAT = 24
"""Record types (RFC 8446 B.1; CCS is change_cipher_spec, heartbeat RFC 6520)."""

MAX_LENGTH = 16384 + 2048
"""Of a record (RFC 5246 6.2.3); TLS 1.3 allows 16384 + 256 (RFC 8446 5.2), but the first does not tell its version."""
END_OF_EARLY_DATA = 21
"""Length of that record: only a client whose early data was taken sends it (RFC 8446 4.5, signatures.md 1.4)."""

TLS12 = 0x0303
TLS13 = 0x0304

VERSIONS = {
    0x0002: "SSLv2",
    0x0300: "SSLv3",
    0x0301: "TLSv1.0",
    0x0302: "TLSv1.1",
    0x0303: "TLSv1.2",
    0x0304: "TLSv1.3",
}

ALERTS = {
    0: "close-notify",
    10: "unexpected-message",
    20: "bad-record-mac",
    21: "decryption-failed",
    22: "record-overflow",
    30: "decompression-failure",
    40: "handshake-failure",
    41: "no-certificate",
    42: "bad-certificate",
    43: "unsupported-certificate",
    44: "certificate-revoked",
    45: "certificate-expired",
    46: "certificate-unknown",
    47: "illegal-parameter",
    48: "unknown-ca",
    49: "access-denied",
    50: "decode-error",
    51: "decrypt-error",
    60: "export-restriction",
    70: "protocol-version",
    71: "insufficient-security",
    80: "internal-error",
    86: "inappropriate-fallback",
    90: "user-canceled",
    100: "no-renegotiation",
    109: "missing-extension",
    110: "unsupported-extension",
    111: "certificate-unobtainable",
    112: "unrecognized-name",
    113: "bad-certificate-status-response",
    114: "bad-certificate-hash-value",
    115: "unknown-psk-identity",
    116: "certificate-required",
    117: "general-error",
    120: "no-application-protocol",
    121: "ech-required",
}
"""RFC 8446 6, RFC 5246 7.2 and the registry of TLS alerts."""

GROUPS = {
    0x0017: "secp256r1",
    0x0018: "secp384r1",
    0x0019: "secp521r1",
    0x001D: "x25519",
    0x001E: "x448",
    0x0100: "ffdhe2048",
    0x0101: "ffdhe3072",
    0x0102: "ffdhe4096",
    0x11EB: "SecP256r1MLKEM768",
    0x11EC: "X25519MLKEM768",
    0x11ED: "SecP384r1MLKEM1024",
    0x6399: "X25519Kyber768Draft00",
}

CIPHERS = {
    0x000A: "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    0x002F: "TLS_RSA_WITH_AES_128_CBC_SHA",
    0x0035: "TLS_RSA_WITH_AES_256_CBC_SHA",
    0x009C: "TLS_RSA_WITH_AES_128_GCM_SHA256",
    0x009D: "TLS_RSA_WITH_AES_256_GCM_SHA384",
    0x009E: "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
    0x009F: "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
    0x1301: "TLS_AES_128_GCM_SHA256",
    0x1302: "TLS_AES_256_GCM_SHA384",
    0x1303: "TLS_CHACHA20_POLY1305_SHA256",
    0x1304: "TLS_AES_128_CCM_SHA256",
    0x1305: "TLS_AES_128_CCM_8_SHA256",
    0xC009: "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    0xC00A: "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    0xC013: "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    0xC014: "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    0xC02B: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    0xC02C: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    0xC02F: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    0xC030: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    0xCCA8: "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    0xCCA9: "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
}


def version_name(code: int) -> str:
    """`TLSv1.3` for 0x0304; an unknown version as `0x7a7a`."""
    return VERSIONS.get(code) or f"0x{code:04x}"


def alert_name(code: int) -> str:
    """`unknown-ca` for 48; an unknown alert as its number."""
    return ALERTS.get(code) or str(code)


def group_name(code: int) -> str:
    """`x25519` for 0x001d; an unknown group as `0x1234`."""
    return GROUPS.get(code) or f"0x{code:04x}"


def cipher_name(code: int) -> str:
    """`TLS_AES_128_GCM_SHA256` for 0x1301; an unknown suite as `0x1234`."""
    return CIPHERS.get(code) or f"0x{code:04x}"

"""How much plaintext a TLS record can hold, as its length and the cipher suite say, and what it can be then.

Lengths of ciphertext are not those of plaintext: in front there may be a nonce or an initialization vector, behind it a
MAC, padding, a tag (RFC 5246 6.2.3, RFC 8446 5.2). Padding may be more than the least, so all sizes are upper bounds.
"""

from __future__ import annotations

import cython

from analyzer.layer.tls.registry import APPLICATION_DATA, TLS12, TLS13
from analyzer.model.tls import Record, Tls

CCM_8_13 = 0x1305
TAG, SHORT_TAG, INNER_TYPE, NONCE = 16, 8, 1, 8
"""Bytes: of an AEAD's tag (8 with CCM_8), of TLS 1.3's type of content, of the nonce of GCM and CCM (RFC 5288 3)."""
CHACHA20 = (0xCCA8, 0xCCAE)
"""RFC 7905: no explicit nonce."""
COUNTER_MODES = ((0x009C, 0x00A7), (0xC02B, 0xC032), (0xC050, 0xC063), (0xC07A, 0xC08D), (0xC09C, 0xC0AF))
"""First and last suite of GCM and CCM."""
CCM_8 = frozenset((0xC0A0, 0xC0A1, 0xC0A2, 0xC0A3, 0xC0A8, 0xC0A9, 0xC0AA, 0xC0AB, 0xC0AE, 0xC0AF))
RC4 = frozenset((0x0004, 0x0005, 0xC002, 0xC007, 0xC00C, 0xC011))
RC4_MD5 = 0x0004
CBC_SHA384 = frozenset((0xC024, 0xC026, 0xC028, 0xC02A, 0xC038))
CBC_SHA256 = frozenset((*range(0x003C, 0x0041), *range(0x0067, 0x006C), 0xC023, 0xC025, 0xC027, 0xC029, 0xC037))
CBC_3DES = frozenset((0x000A, 0x000D, 0x0010, 0x0013, 0x0016, 0xC003, 0xC008, 0xC00D, 0xC012))
CBC_SHA1 = frozenset(
    (*range(0x002F, 0x003B), *range(0x0041, 0x0047), *range(0x0084, 0x008A), *range(0xC003, 0xC006),
     *range(0xC008, 0xC00B), *range(0xC00D, 0xC010), *range(0xC012, 0xC015), *CBC_3DES)
)  # fmt: skip
SHA1, SHA256, SHA384 = 20, 32, 48
"""Bytes of their MACs."""
AES_BLOCK, DES_BLOCK = 16, 8

SHORTEST_REQUEST = 18
"""`GET / HTTP/1.0` and an empty line."""
FULL_REQUEST = 23
"""The first request is sure from here on: `min_req` of signatures.md 6.1, 40 bytes of record, less those of TLS 1.3."""
WINDOW_UPDATE, PING = 13, 17
"""HTTP/2 frames with their header of 9 bytes, RST_STREAM and GOAWAY have the same sizes (RFC 9113 4.1, 6)."""
SETTINGS_ACK = 9
CONTROL = frozenset((SETTINGS_ACK, WINDOW_UPDATE, PING, 18, 22, 26, 30, 34))
"""One or two frames of control together. HEADERS that refer to a dynamic table can have these sizes, too."""
CONTROL_OF_THREE = frozenset((27, 31, 35, 39, 43, 47, 51))
H2_PREFACE = 103
"""The preface of HTTP/2, SETTINGS and a WINDOW_UPDATE take 40 to 90 bytes (signatures.md 2.4)."""
H2_SHORTEST_HEADERS = 18
"""Of a first request. Shorter: SETTINGS ack, WINDOW_UPDATE, PING and GOAWAY."""
H2_CONTROL = 63
"""A server's SETTINGS, WINDOW_UPDATE and acknowledgement together are hardly longer (measured: nginx, Go, Node)."""


def plain(tls: Tls, record: Record) -> cython.int:
    """The most bytes of plaintext that the record can hold."""
    return max(0, record.length - overhead(tls.version, tls.cipher))


def overhead(version: cython.int, cipher: cython.int) -> cython.int:
    """The least number of bytes in a record's body that are none of its plaintext."""
    if version >= TLS13:
        return INNER_TYPE + (SHORT_TAG if cipher == CCM_8_13 else TAG)
    if CHACHA20[0] <= cipher <= CHACHA20[1]:
        return TAG
    for first, last in COUNTER_MODES:
        if first <= cipher <= last:
            return NONCE + (SHORT_TAG if cipher in CCM_8 else TAG)
    if cipher in RC4:
        return TAG if cipher == RC4_MD5 else SHA1
    return block_overhead(version, cipher)


def block_overhead(version: cython.int, cipher: cython.int) -> cython.int:
    """CBC: initialization vector (from TLS 1.1 on), MAC, at least one byte of padding; an unknown suite: a tag."""
    mac: cython.int = SHA1 if cipher in CBC_SHA1 else 0
    if cipher in CBC_SHA256:
        mac = SHA256
    elif cipher in CBC_SHA384:
        mac = SHA384
    if mac == 0:
        return TAG
    vector: cython.int = DES_BLOCK if cipher in CBC_3DES else AES_BLOCK
    return mac + 1 + (vector if version > TLS12 - 2 else 0)


def may_be_h2(tls: Tls) -> cython.bint:
    """h2 was chosen (1.2), or was offered and the size of EncryptedExtensions does not speak against it (1.3)."""
    record: Record
    if tls.version < TLS13:
        return tls.alpn == "h2"
    if "h2" not in tls.alpn_offer:
        return not tls.hello_complete and not tls.alpn_offer
    for record in tls.server_records:
        if record.kind == APPLICATION_DATA:
            # no ALPN or `http/1.1`, each without and with the acknowledged server name
            return record.length not in (23, 27, 38, 42)
    return True

# not compiled: asked once a connection, or once a run
"""Decryption secrets blocks of pcapng (draft-ietf-opsawg-pcapng 4.7): key logs inside captures."""

from __future__ import annotations

from binascii import Error, a2b_hex
from collections.abc import Iterator

TLS_KEY_LOG = 0x544C534B
"""`TLSK`: the text of an NSS key log. Others are of SSH, WireGuard, Zigbee, OPC UA."""
HEAD = 8
DIGITS = 64
"""Of a client random."""


def key_log_of(body: bytes, big: bool) -> bytes | None:
    """The text in a block's body, None = its secrets are of another kind. A block that was cut gives what it has."""
    order = "big" if big else "little"
    if len(body) < HEAD or int.from_bytes(body[:4], order) != TLS_KEY_LOG:  # type: ignore[arg-type]
        return None
    length = int.from_bytes(body[4:HEAD], order)  # type: ignore[arg-type]
    return body[HEAD : HEAD + length]


def randoms_of(text: bytes) -> Iterator[bytes]:
    """The client randoms in the lines of a key log, each as often as it is there."""
    for line in text.split(b"\n"):
        fields = line.split()
        if len(fields) == 3 and len(fields[1]) == DIGITS:
            try:
                yield a2b_hex(fields[1])
            except Error:
                continue

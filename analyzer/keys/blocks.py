"""Decryption secrets blocks of pcapng (draft-ietf-opsawg-pcapng 4.7): key logs inside captures."""

from __future__ import annotations

TLS_KEY_LOG = 0x544C534B
"""`TLSK`: the text of an NSS key log. Others are of SSH, WireGuard, Zigbee, OPC UA."""
HEAD = 8


def key_log_of(body: bytes, big: bool) -> bytes | None:
    """The text in a block's body, None = its secrets are of another kind. A block that was cut gives what it has."""
    order = "big" if big else "little"
    if len(body) < HEAD or int.from_bytes(body[:4], order) != TLS_KEY_LOG:  # type: ignore[arg-type]
        return None
    length = int.from_bytes(body[4:HEAD], order)  # type: ignore[arg-type]
    return body[HEAD : HEAD + length]

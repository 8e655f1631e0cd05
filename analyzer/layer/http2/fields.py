# not compiled: HTTP/2 is rare in plain text
"""Header blocks of one direction, decompressed (RFC 7541) by the library `hpack`."""

from __future__ import annotations

from typing import Any

MAX_LIST = 64 * 1024
"""Bytes of a decompressed header list, counted as RFC 7541 4.1 does; a larger one is not read (an HPACK bomb)."""
MAX_TABLE = 64 * 1024
"""Largest dynamic table. How large it is, the sender's own blocks tell (RFC 7541 4.2): SETTINGS only allow it."""


class HeaderDecoder:
    """The decoder of one direction.

    After a loss, and after a block that cannot be decoded, it goes on with an empty dynamic table. An index counts back
    from the newest entry (RFC 7541 2.3.3), so what it finds is right, and what it does not find is an error.

    unread   blocks whose fields stay unknown
    """

    def __init__(self) -> None:
        self.decoder: Any = None
        self.unread = 0

    def forget(self) -> None:
        """A block is missing: the dynamic table is not known any more."""
        self.decoder = None
        self.unread += 1

    def read(self, block: bytes | None) -> list[tuple[str, str]] | None:
        """The fields of a whole block in order, bytes as characters one to one (latin-1); None = it is undecodable.

        A block of None is one of which bytes are missing.
        """
        if block is None:
            self.forget()
            return None
        if self.decoder is None:
            self.decoder = new_decoder()
        try:
            found = self.decoder.decode(block, raw=True)
        except Exception:  # whatever the library raises on hostile bytes
            self.forget()
            return None
        return [(bytes(name).decode("latin-1"), bytes(value).decode("latin-1")) for name, value in found]


def new_decoder() -> Any:
    """The library is imported only once a connection speaks HTTP/2 in plain text."""
    from hpack import Decoder

    decoder = Decoder(max_header_list_size=MAX_LIST)
    decoder.max_allowed_table_size = MAX_TABLE
    return decoder

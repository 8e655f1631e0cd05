"""Header blocks of one direction, decompressed (RFC 7541)."""

from __future__ import annotations

from analyzer.layer.http2.hpack import Decompressor, Field, Undecodable


class HeaderDecoder:
    """The decoder of one direction.

    After a loss, and after a block that cannot be decoded, it goes on with an empty dynamic table. An index counts back
    from the newest entry (RFC 7541 2.3.3), so what it finds is right, and what it does not find is an error.

    unread   blocks whose fields stay unknown
    """

    def __init__(self) -> None:
        self.decoder = Decompressor()
        self.unread = 0

    def forget(self) -> None:
        """A block is missing: the dynamic table is not known any more."""
        self.decoder = Decompressor()
        self.unread += 1

    def read(self, block: bytes | None) -> list[Field] | None:
        """The fields of a whole block in order, bytes as characters one to one (latin-1); None = it is undecodable.

        A block of None is one of which bytes are missing.
        """
        if block is None:
            self.forget()
            return None
        try:
            return self.decoder.read(block)
        except Undecodable:
            self.forget()
            return None

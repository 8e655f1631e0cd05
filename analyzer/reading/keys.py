# not compiled: asked once a connection
"""Keys of one capture: what the key logs have, and what the capture brings with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.keys.hidden import Shared

if TYPE_CHECKING:
    from analyzer.keys.secrets import Secrets
    from analyzer.keys.session import Session
    from analyzer.keys.store import Store
    from analyzer.reading.inputs import Readable


class KeySource(Shared):
    """What a layer asks for the keys of a connection. Blocks with secrets are taken up as the capture is read.

    grows   whether they may come later than the connection that they are of, as where both are watched
    """

    def __init__(self, store: Store, capture: Readable, *, grows: bool) -> None:
        self.store = store
        self.capture = capture
        self.grows = grows and bool(store)
        self.taken = 0

    def __bool__(self) -> bool:
        return bool(self.store)

    def session(self, random: bytes) -> Session | None:
        """What opens the connection whose ClientHello has this random, None = no secrets are known by now."""
        self.take()
        return self.store.session(random) if self.store else None

    def find(self, random: bytes) -> Secrets | None:
        """The secrets of a client random."""
        self.take()
        return self.store.find(random)

    def take(self) -> None:
        """Blocks with secrets that were read since."""
        blocks = getattr(self.capture, "secret_blocks", ())
        for big, body in blocks[self.taken :]:
            self.store.add_block(body, big)
        self.taken = len(blocks)


def key_source(store: Store, capture: Readable, *, grows: bool) -> KeySource | None:
    """The keys of a capture; None where there are none, and none can come."""
    return KeySource(store, capture, grows=grows) if store or brings_keys(capture) else None


def brings_keys(capture: Readable) -> bool:
    """Whether a capture is of a format that may have secrets in it."""
    return any(hasattr(reader, "secret_blocks") for reader in getattr(capture, "readers", {}).values())

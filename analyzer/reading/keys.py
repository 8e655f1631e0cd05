# not compiled: asked once a connection
"""Keys of one capture: what the key logs have, and what the capture brings with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.ending import secrets_at_end
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

    def __init__(self, store: Store, *, grows: bool) -> None:
        self.store = store
        self.grows = grows and bool(store)

    def __bool__(self) -> bool:
        return bool(self.store)

    def session(self, random: bytes) -> Session | None:
        """What opens the connection whose ClientHello has this random, None = no secrets are known by now."""
        return self.store.session(random)

    def find(self, random: bytes) -> Secrets | None:
        """The secrets of a client random."""
        return self.store.find(random)


def key_source(store: Store, capture: Readable, *, grows: bool) -> KeySource | None:
    """The keys of a capture; None where there are none, and none can come."""
    tell = getattr(capture, "tell_secrets", None)
    if tell is not None and brings_keys(capture):
        known = [block for path in capture.source.paths for block in secrets_at_end(path)]  # type: ignore[attr-defined]
        for body, big in known:
            store.add_block(body, big)
        tell(lambda body, big: (body, big) in known or store.add_block(body, big))
    elif not store:
        return None
    return KeySource(store, grows=grows)


def brings_keys(capture: Readable) -> bool:
    """Whether a capture is of a format that may have secrets in it."""
    return any(hasattr(reader, "secret_blocks") for reader in getattr(capture, "readers", {}).values())

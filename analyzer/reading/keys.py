# not compiled: asked once a connection
"""Keys of one capture: what the key logs have, and what the capture brings with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from analyzer.capture.ending import secrets_at_end
from analyzer.keys.store import Store

if TYPE_CHECKING:
    from analyzer.keys.keylog import KeyLog
    from analyzer.reading.inputs import Readable


def keys_of(logs: Iterable[KeyLog], capture: Readable, *, grows: bool) -> Store:
    """With what stands behind its last packet, and what it tells as it is read."""
    store = Store(logs, grows=grows)
    tell = getattr(capture, "tell_secrets", None)
    if tell is not None:
        known = [block for path in capture.source.paths for block in secrets_at_end(path)]  # type: ignore[attr-defined]
        for body, big in known:
            store.add_block(body, big)
        tell(lambda body, big: (body, big) in known or store.add_block(body, big))
    return store

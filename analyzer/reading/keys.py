# not compiled: asked once a connection
"""Keys of one capture: what the key logs have, and what the capture brings with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from analyzer.capture.files import Capture
from analyzer.capture.secrets import Block, secrets_at_end, secrets_of
from analyzer.keys.store import Store

if TYPE_CHECKING:
    from analyzer.keys.keylog import KeyLog
    from analyzer.reading.inputs import Readable


def keys_of(logs: Iterable[KeyLog], capture: Readable, *, grows: bool) -> Store:
    """With what stands behind its last packet, and what it tells as it is read; each block is taken once."""
    if not isinstance(capture, Capture):
        return Store(logs, grows=grows)
    taken: set[Block] = set()

    def new(blocks: Iterable[Block]) -> list[Block]:
        fresh = [block for block in dict.fromkeys(blocks) if block not in taken]
        taken.update(fresh)
        return fresh

    ahead = (lambda: new(secrets_of(capture))) if capture.brings_secrets and not grows else None
    store = Store(logs, grows=grows, ahead=ahead)
    for path in capture.source.paths:
        for body, big in new(secrets_at_end(path)):
            store.add_block(body, big)
    capture.tell_secrets(lambda body, big: [store.add_block(*block) for block in new([(body, big)])])
    return store

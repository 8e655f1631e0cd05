# not compiled: asked once a connection
"""Keys of one capture: what the key logs have, and what the capture brings with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.ending import secrets_at_end
from analyzer.keys.hidden import Shared
from analyzer.keys.store import Store

if TYPE_CHECKING:
    from analyzer.keys.secrets import Secrets
    from analyzer.keys.session import Session
    from analyzer.reading.inputs import Readable


class KeySource(Shared):
    """What a layer asks for the keys of a connection. Blocks with secrets are taken up as the capture is read.

    logs    key logs of all captures; brought: what this one has in its blocks
    grows   whether they may come later than the connection that they are of, as where both are watched
    """

    def __init__(self, logs: Store, *, grows: bool) -> None:
        self.logs = logs
        self.brought = Store()
        self.grows = grows and bool(logs)

    def __bool__(self) -> bool:
        return bool(self.logs) or bool(self.brought)

    def session(self, random: bytes) -> Session | None:
        """What opens the connection whose ClientHello has this random, None = no secrets are known by now."""
        if self.brought:
            found = self.brought.session(random)
            if found is not None:
                return found
        else:
            self.brought.missed(random)
        return self.logs.session(random) if self.logs else None

    def find(self, random: bytes) -> Secrets | None:
        """The secrets of a client random."""
        return (self.brought.find(random) if self.brought else None) or self.logs.find(random)

    def notes(self) -> list[str]:
        """What is odd about the keys that the capture brings."""
        late = self.brought.late
        if not late:
            return self.brought.notes()
        of = "one connection" if late == 1 else f"{late:,} connections"
        return [*self.brought.notes(), f"the keys of {of} came behind their packets; `--keylog` reads them in time"]


def key_source(logs: Store | None, capture: Readable, *, grows: bool) -> KeySource:
    """The keys of a capture, with what stands behind its last packet, and what it tells as it is read."""
    source = KeySource(logs or Store(), grows=grows)
    tell = getattr(capture, "tell_secrets", None)
    if tell is not None:
        known = [block for path in capture.source.paths for block in secrets_at_end(path)]  # type: ignore[attr-defined]
        for body, big in known:
            source.brought.add_block(body, big)
        tell(lambda body, big: (body, big) in known or source.brought.add_block(body, big))
    return source

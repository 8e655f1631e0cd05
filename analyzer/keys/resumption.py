"""Which connection's master secret another one may have, by the session that it resumes (TLS 1.2 and older).

A key log may have the secret once, with the random of the handshake that made it. The server names the session: by an
identifier (RFC 5246 7.4.1.3), or by a ticket (RFC 5077 3.3); the client offers either in a later hello.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from hashlib import blake2b

from analyzer.keys.hidden import Shared

MOST_SESSIONS = 1 << 14
"""Identifiers and tickets that are known, 4 MB; those that were not used for longest are forgotten."""
DIGEST = 16
"""Bytes kept of one. Two that were alike would do no harm: every record proves its key."""


class Resumptions(Shared):
    """Client randoms of first handshakes, by what names their sessions."""

    __slots__ = ("_roots",)

    def __init__(self) -> None:
        self._roots: OrderedDict[bytes, bytes] = OrderedDict()

    def add(self, name: bytes, root: bytes) -> None:
        """An identifier or a ticket, given to a connection whose master secret was made with this random."""
        digest = blake2b(name, digest_size=DIGEST).digest()
        self._roots[digest] = root
        self._roots.move_to_end(digest)
        if len(self._roots) > MOST_SESSIONS:
            self._roots.popitem(last=False)

    def roots(self, names: Iterable[bytes]) -> list[bytes]:
        """Those of what a ClientHello offers."""
        if not self._roots:
            return []
        digests = [blake2b(name, digest_size=DIGEST).digest() for name in names if name]
        return [self._roots[digest] for digest in digests if digest in self._roots]

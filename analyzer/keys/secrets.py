"""The secrets of one connection, and the labels of a key log (draft-ietf-tls-keylogfile 2.1 and 2.2)."""

from __future__ import annotations

from typing import Protocol

import cython

from analyzer.keys.hidden import Shared

MASTER_LABEL = "CLIENT_RANDOM"
EARLY_LABEL = "CLIENT_EARLY_TRAFFIC_SECRET"
CLIENT_LABELS = ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0")
SERVER_LABELS = ("SERVER_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0")

USED = {MASTER_LABEL: (48,), **dict.fromkeys((EARLY_LABEL, *CLIENT_LABELS, *SERVER_LABELS), (32, 48))}
"""Labels that open something, with the bytes that their secrets may have."""

MOST_DISAGREEING = 4
"""Different secrets of one label and random that are kept: which of them is right is tried."""


class SecretFinder(Protocol):
    """Where secrets are looked for."""

    def fill(self, secrets: Secrets) -> None:
        """Add what there is by now."""


class Secrets(Shared):
    """What is known of one client random.

    random       of the hello, 32 bytes; root: of the connection whose master secret it has, its own or one it resumes
    count        secrets known
    origins      where they are from, `log` or `file`
    disagreeing  labels with more than one secret
    """

    def __init__(self, random: bytes, finder: SecretFinder) -> None:
        self.random = self.root = random
        self.count = self.disagreeing = 0
        self.origins: set[str] = set()
        self._finder = finder
        self._found: dict[str, list[bytes]] = {}

    def of(self, label: str) -> list[bytes]:
        """Those of a label, none or one, unless key logs disagree."""
        return self._found.get(label, [])

    def add(self, label: str, secret: bytes, origin: str) -> None:
        """One more, unless it is known."""
        known = self._found.setdefault(label, [])
        if secret in known or len(known) >= MOST_DISAGREEING:
            return
        known[:] = [one for one in known if not secret.startswith(one)]  # a line that was half-written
        known.append(secret)
        self.disagreeing += len(known) == 2
        self.count += 1
        self.origins.add(origin)

    def resume(self, other: Secrets) -> None:
        """Have the master secret of another connection (RFC 5246 7.3); those of TLS 1.3 are of one alone."""
        self.root = other.root
        for origin in sorted(other.origins):
            for secret in other.of(MASTER_LABEL):
                self.add(MASTER_LABEL, secret, origin)

    def more(self) -> cython.bint:
        """Look again, in logs that grow; whether there was more."""
        before = self.count
        self._finder.fill(self)
        return self.count > before

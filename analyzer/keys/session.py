"""One connection: what opens its two directions, of its secrets and what its hellos say."""

from __future__ import annotations

from analyzer.keys.direction import Opener, Sealed
from analyzer.keys.direction12 import Direction12, Negotiated
from analyzer.keys.direction13 import Direction13
from analyzer.keys.hidden import Hidden
from analyzer.keys.secrets import Secrets
from analyzer.keys.suites import TLS13, suite_of, unsupported


class Session(Hidden):
    """Made at the ClientHello (early data comes before any answer), told what the server chose.

    secrets         of its client random
    client, server  what opens their records; others after `negotiated`
    problem         what is not supported, "" = nothing
    """

    def __init__(self, secrets: Secrets) -> None:
        self.secrets = secrets
        self.client: Opener = Direction13(secrets, server=False)
        self.server: Opener = Direction13(secrets, server=True)
        self.problem = ""

    @property
    def opened(self) -> int:
        """Records that were opened."""
        return self.client.opened + self.server.opened

    @property
    def failed(self) -> int:
        """Records that no key opened."""
        return self.client.failed + self.server.failed

    def negotiated(self, version: int, suite: int, server_random: bytes, *, encrypt_then_mac: bool = False) -> None:
        """What the ServerHello says: its version (of TLS 1.3 by its extension), suite, random, and extension 22."""
        chosen = suite_of(version, suite)
        if chosen is None:
            self.problem = unsupported(version, suite)
            self.client = Sealed(self.secrets, server=False)
            self.server = Sealed(self.secrets, server=True)
            return
        self.problem = ""
        if version == TLS13:
            for side in (self.client, self.server):
                if isinstance(side, Direction13):
                    side.negotiated(chosen)
            return
        pending = Negotiated(self.secrets, chosen, version, server_random, encrypt_then_mac and bool(chosen.mac))
        if not isinstance(self.client, Direction12) or not isinstance(self.server, Direction12):
            self.client = Direction12(self.secrets, server=False)
            self.server = Direction12(self.secrets, server=True)
        self.client.negotiated(pending)
        self.server.negotiated(pending)

    def renegotiates(self, secrets: Secrets) -> None:
        """A ClientHello came inside (TLS 1.2 and older): `negotiated` follows, and the next ChangeCipherSpecs."""
        self.secrets = secrets

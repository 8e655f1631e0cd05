"""Takes off what stands before the protocol proper: PROXY protocol headers and the SOCKS dialogue."""

from __future__ import annotations

import cython

from analyzer.layer.detection import SOCKS5
from analyzer.layer.intake import Intake, Waiting
from analyzer.layer.prologue import MORE, WRONG, proxy_size
from analyzer.layer.socks import OVER, Socks
from analyzer.model.connection import Connection

MAX_PROLOGUES = 8


class Peeling(Waiting):
    """What waits of both sides, without its prologues; a subclass decides what is below them.

    socks       the SOCKS dialogue that goes on, or None
    prologues   how many were taken off, tunnels included
    """

    def begin_peeling(self, connection: Connection) -> None:
        """Nothing was taken off yet."""
        self.begin(connection)
        self.socks: Socks | None = None
        self.prologues = 0

    def _proxy(self, client: Intake, head: bytes) -> cython.bint:
        return self._peel(client, proxy_size(head), "proxy-protocol")

    def _peel(self, client: Intake, size: cython.int, via: str) -> cython.bint:
        """Pass over a prologue of the client's; False when it is not whole, or wrong, or one too many."""
        if size == WRONG or self.prologues >= MAX_PROLOGUES:
            self._pass("other")
            return False
        if size == MORE or size > len(client.data) - client.at:
            return False
        client.at += size
        self.prologues += 1
        self._note(via)
        return True

    def _socks_begins(self, client: Intake, head: bytes, kind: cython.int) -> cython.bint:
        socks = Socks(self.connection)
        size: cython.int = socks.begin(head, kind == SOCKS5)
        if size == MORE or not self._peel(client, size, "socks"):
            return False
        self.socks = socks
        return True

    def _socks(self, socks: Socks) -> cython.bint:
        """One step of the dialogue; True = there may be another."""
        intake = self.from_client if socks.client_speaks() else self.from_server
        if intake is None or intake.at == len(intake.data):
            return False
        size: cython.int = socks.read(intake.head())
        if socks.step == OVER:
            self.socks = None
        if size == WRONG:
            self._pass("other")
        if size <= 0:
            return False
        intake.at += size
        return True

    def _note(self, via: str) -> None:
        self.connection.via = (*self.connection.via, via)
        self.connection.protocol = ""
        self.connection.other_first = b""

    def _pass(self, protocol: str) -> None:
        """Nobody wants the rest of either side."""

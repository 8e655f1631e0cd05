"""The SOCKS dialogue before the protocol proper: version 4 and 4a, and RFC 1928 for version 5."""

from __future__ import annotations

import cython

from analyzer.layer.kept import Waiting
from analyzer.layer.layer import Layer, Segment
from analyzer.layer.proxy_protocol import MORE, WRONG
from analyzer.layer.socks_messages import GRANTED_4, socks4_request, socks5_address, socks5_login
from analyzer.model.connection import CLIENT

OVER = 0
SOCKS4_REPLY = 1
SOCKS5_METHOD = 2
SOCKS5_LOGIN = 3
SOCKS5_LOGIN_REPLY = 4
SOCKS5_REQUEST = 5
SOCKS5_REPLY = 6


class Socks(Waiting):
    """Where one dialogue stands; what was asked and answered goes into the connection.

    step     what comes next, OVER = the protocol proper
    inner    who reads that
    opening  the client's first bytes, greeting included
    """

    def __init__(self, parent: Layer, opening: bytes) -> None:
        self.join(parent)
        self.wait()
        self.step = OVER
        self.opening = opening
        self.inner: Layer | None = None

    def feed(self, segment: Segment) -> cython.Py_ssize_t:
        """As Layer.feed: the messages of both sides, in turn."""
        if segment.lost:
            self.give_up()
        elif segment.fin:
            if segment.side.index == CLIENT:
                self.settle()
        else:
            kept = self.keep(segment)
            while self.heir is None and self.goes_on():
                pass
            if self.heir is None and kept.full():
                self.give_up()
        return 0 if self.heir is None else segment.side.skip

    def goes_on(self) -> cython.bint:
        """One step of the dialogue; True = there may be another."""
        kept = self.from_client if self.client_speaks() else self.from_server
        if kept is None or kept.left() == 0:
            return False
        size: cython.int = self.read(kept.head())
        if size == WRONG:
            self.give_up()
        if size <= 0:
            return False
        kept.at += size
        if self.step == OVER and self.inner is not None:
            self.become(self.inner)
        return True

    def give_up(self) -> None:
        """The dialogue fails, or cannot be followed."""
        self.tell("other", self.opening)
        self.pass_over()

    def settle(self) -> None:
        """No more bytes of the client will come."""
        if self.from_client is not None and self.from_client.left():
            self.give_up()

    def finish(self) -> None:
        """As Layer.finish."""
        self.settle()

    def greet(self, head: bytes, five: cython.bint) -> cython.int:
        """Size of the client's first message, MORE, or WRONG."""
        size: cython.int
        if five:
            self.step = SOCKS5_METHOD
            return 2 + head[1]
        self.step = SOCKS4_REPLY
        size, self.connection.socks_target = socks4_request(head)
        return size

    def client_speaks(self) -> cython.bint:
        """Whether the next message is the client's."""
        return self.step == SOCKS5_LOGIN or self.step == SOCKS5_REQUEST

    def read(self, head: bytes) -> cython.int:
        """Size of the message that the dialogue waits for, MORE, or WRONG; on to the next step when it is whole."""
        size: cython.int = 2
        target = ""
        if self.step == SOCKS4_REPLY:
            size = 8
            if len(head) >= 8:
                self.connection.socks_reply = head[1]
                self.step = OVER
                if head[0] != 0 or head[1] != GRANTED_4:
                    size = WRONG
        elif self.step == SOCKS5_METHOD and len(head) >= 2:
            self.step = SOCKS5_LOGIN if head[1] == 2 else SOCKS5_REQUEST
            if head[0] != 5 or head[1] not in (0, 2):
                size = WRONG
        elif self.step == SOCKS5_LOGIN:
            size = socks5_login(head)
            if size > 0:
                self.step = SOCKS5_LOGIN_REPLY
        elif self.step == SOCKS5_LOGIN_REPLY and len(head) >= 2:
            self.step = SOCKS5_REQUEST
            if head[1] != 0:
                size = WRONG
        elif self.step == SOCKS5_REQUEST:
            size, target = socks5_address(head)
            if size > 0:
                self.connection.socks_target = target
                self.step = SOCKS5_REPLY
        elif self.step == SOCKS5_REPLY:
            size = self.reply5(head)
        return MORE if size > len(head) else size

    def reply5(self, head: bytes) -> cython.int:
        size: cython.int
        size, _ = socks5_address(head)
        if len(head) > 1 and head[0] == 5:
            self.connection.socks_reply = head[1]
            if head[1] != 0:
                return WRONG
        if size > 0:
            self.step = OVER
        return size

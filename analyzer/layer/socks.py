"""The SOCKS dialogue before the protocol proper: version 4 and 4a, and RFC 1928 for version 5."""

from __future__ import annotations

import cython

from analyzer.layer.prologue import GRANTED_4, MORE, WRONG, socks4_request, socks5_address, socks5_login
from analyzer.model.connection import Connection

OVER = 0
SOCKS4_REPLY = 1
SOCKS5_METHOD = 2
SOCKS5_LOGIN = 3
SOCKS5_LOGIN_REPLY = 4
SOCKS5_REQUEST = 5
SOCKS5_REPLY = 6


class Socks:
    """Where one dialogue stands; what was asked and answered goes into the connection.

    step  what comes next, OVER = the protocol proper
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.step = OVER

    def begin(self, head: bytes, five: cython.bint) -> cython.int:
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

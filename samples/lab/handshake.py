"""A TLS server over memory, with the lab's certificate."""

from __future__ import annotations

import os
import socket
import ssl
from pathlib import Path


def context(version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificates = Path(os.environ["LAB_CERTS"])
    made.load_cert_chain(certificates / "www.chain.pem", certificates / "www.key")
    if version:
        made.maximum_version = version
    if keys := os.environ.get("LAB_KEYS"):
        made.keylog_filename = keys
    return made


def wrapped(conn: socket.socket, version: str) -> ssl.SSLSocket:
    """A connection of the lab's servers inside TLS, after the handshake; `close` and `shutdown` say no close_notify."""
    only = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}[version]
    made = context(only)
    made.minimum_version = only
    return made.wrap_socket(conn, server_side=True)


class Handshake:
    """A TLS server over memory, so that its bytes can be cut, delayed or withheld on their way out."""

    def __init__(self, conn: socket.socket, version: ssl.TLSVersion | None = None) -> None:
        self.conn = conn
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context(version).wrap_bio(self.incoming, self.outgoing, server_side=True)

    def step(self) -> bytes:
        """Read from the client until the server has something to say; return that without sending it."""
        while not self.outgoing.pending:
            got = self.conn.recv(65536)
            if not got:
                return b""
            self.incoming.write(got)
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                pass
        return self.outgoing.read()

    def complete(self) -> bytes:
        """Finish the handshake and return the client's request head."""
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._exchange()
        head = b""
        while b"\r\n\r\n" not in head:
            try:
                head += self.tls.read(65536)
            except ssl.SSLWantReadError:
                self._exchange()
        return head

    def _exchange(self) -> None:
        if self.outgoing.pending:
            self.conn.sendall(self.outgoing.read())
        got = self.conn.recv(65536)
        if not got:
            raise ConnectionError("the client closed")
        self.incoming.write(got)

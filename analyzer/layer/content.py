"""Decides by content, never by port, what a byte stream carries, and hands it to the parser for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cython

from analyzer.flow.roles import CLIENTS, told_by_bytes
from analyzer.frame.octets import cut
from analyzer.frame.packet import DNS_PORT
from analyzer.layer.detection import (
    H2C,
    HTTP,
    NEED,
    OTHER,
    PROXY,
    SOCKS4,
    SOCKS5,
    SSLV2,
    TLS,
    client_protocol,
    looks_like,
    on_record_boundary,
    refusal,
)
from analyzer.layer.dns.lookups import Lookups
from analyzer.layer.dns.stream import DnsStream
from analyzer.layer.http1.parser import HttpParser
from analyzer.layer.peeling import MAX_PROLOGUES, Peeling
from analyzer.layer.tls.parser import TlsParser
from analyzer.layer.websocket import Websocket
from analyzer.model.connection import CLIENT, NEVER, SERVER, Connection, Side
from analyzer.model.http import Exchange

if TYPE_CHECKING:
    from analyzer.layer.http2.parser import Http2Parser

UNDECIDED = 0
IN_TLS = 1
IN_HTTP = 2
PASSED = 3
IN_DNS = 4
IN_HTTP2 = 5
IN_WEBSOCKET = 6
LISTENING = 7

MAX_BUFFER = 65536
"""Bytes of a side kept while the protocol is undecided."""
MAX_PIECES = 1024
"""Segments of a side kept meanwhile, 0.2 kB each besides their bytes; a buffer full of them has sixty bytes in each."""
MAX_FIRST = 64
MAX_TRIES = 64
"""Segments a side in which a connection met in its middle may show a clean start."""


class Content(Peeling):
    """The parser of one connection's two byte streams.

    The connection tracker calls it with bytes in sequence order. A parser that wants no more of a side, or nothing of
    its next n bytes, sets `side.skip`; the tracker then passes over those bytes without calling it, and calls `data()`
    again, perhaps with b"", as soon as they are over.

    state       UNDECIDED, IN_TLS, IN_HTTP, IN_HTTP2, IN_WEBSOCKET, IN_DNS, LISTENING (the client's bytes are of no
                known protocol, a server of HTTP would say so), or PASSED (nobody wants the rest)
    lookups     the table that DNS messages go to, None = nobody wants them
    searching   1 = the beginning was not captured: wait for a clean start of a message or record
    unsynced    while searching in TLS: bit 1 = the client's, bit 2 = the server's record boundaries are still unknown
    """

    def __init__(self, connection: Connection, lookups: Lookups | None = None) -> None:
        self.begin_peeling(connection)
        self.lookups = lookups
        self.state = UNDECIDED
        self.searching = connection.midstream
        self.unsynced = 3 if connection.midstream else 0
        self.client_tries = self.server_tries = 0
        self.tls: TlsParser | None = None
        self.http: HttpParser | None = None
        self.dns: DnsStream | None = None
        self.http2: Http2Parser | None = None
        self.websocket: Websocket | None = None

    def data(
        self,
        side: Side,
        data: bytes,
        at: cython.Py_ssize_t,
        end: cython.Py_ssize_t,
        packet: cython.longlong,
        time: cython.longlong,
        ack: cython.longlong,
    ) -> None:
        """Bytes data[at:end] of `side` from `side.next` on; packet, time and acknowledged peer offset of the segment.

        What TLS and HTTP need nothing of, which is most, is never copied.
        """
        if self.state == IN_TLS and self.tls is not None:
            if not self.unsynced or self._synced(side, cut(data, at, end)):
                self.tls.data(side, data, at, end, packet, time, ack)
        elif self.state == IN_HTTP and self.http is not None:
            self.http.data(side, data, at, end, packet, time, ack)
            if self.http.tunnel:
                self._switch(side, packet, time, ack)
        elif self.state == PASSED:
            side.skip = NEVER
        elif self.state == IN_HTTP2 and self.http2 is not None:
            self.http2.data(side, data, at, end, packet, time, ack)
        elif self.state == IN_WEBSOCKET and self.websocket is not None:
            self.websocket.data(side, data, at, end, packet)
        else:
            self._copied(side, cut(data, at, end), packet, time, ack)

    def _copied(
        self, side: Side, data: bytes, packet: cython.longlong, time: cython.longlong, ack: cython.longlong
    ) -> None:
        """The bytes of one segment, for those who may keep them."""
        if self.state == IN_DNS and self.dns is not None:
            self.dns.data(side, data, packet, time)
        elif self.state == LISTENING:
            self._listen(side, data, packet, time, ack)
        elif self.searching:
            self._search(side, data, packet, time, ack)
        else:
            self._take(side, data, packet, time, ack)

    def gap(self, side: Side, length: cython.longlong, packet: cython.longlong, time: cython.longlong) -> None:
        """`length` bytes from `side.next` on will never be seen (lost by the capture, or cut by the snaplen)."""
        if self.state == IN_TLS and self.tls is not None:
            if not self.unsynced & (1 << side.index):
                self.tls.gap(side, length, packet, time)
        elif self.state == IN_HTTP and self.http is not None:
            self.http.gap(side, length, packet, time)
            if self.http.tunnel:
                self._switch(side, packet, time, -1)
        elif self.state == PASSED:
            side.skip = NEVER
        elif self.state == LISTENING:
            self._close()
        elif self.state == IN_DNS and self.dns is not None:
            self.dns.stop()
        elif self.state == IN_HTTP2 and self.http2 is not None:
            self.http2.gap(side, length, packet, time)
        elif self.state == IN_WEBSOCKET and self.websocket is not None:
            self.websocket.lose(side)
        elif not self._answer_shows(side, length, packet, time):
            self._miss(side)

    def end(self, side: Side, packet: cython.longlong, time: cython.longlong) -> None:
        """The FIN of `side` was reached in sequence order: no more bytes of it will come."""
        if self.state == UNDECIDED and side.index == CLIENT:
            self._settle()
        if self.state == IN_HTTP and self.http is not None:
            self.http.end(side, packet, time)
        elif self.state == IN_HTTP2 and self.http2 is not None:
            self.http2.end(side, packet, time)

    def finish(self) -> None:
        """The connection is over or the capture is: decide on what there is, bring counts up to date."""
        if self.state == UNDECIDED:
            self._settle()
        if self.http is not None:
            self.http.finish()
        if self.http2 is not None:
            self.http2.finish()
        if self.tls is not None:
            self.tls.finish()

    # ---- from the beginning ----

    def _take(
        self, side: Side, data: bytes, packet: cython.longlong, time: cython.longlong, ack: cython.longlong
    ) -> None:
        """Undecided: decide on this segment alone when nothing came before it, which is the usual case."""
        if side.index == CLIENT and self.from_client is None and self.from_server is None and self.socks is None:
            kind: cython.int = client_protocol(data)
            if kind == TLS:
                self._start_tls()
            elif kind == HTTP:
                self._start_http()
            if self.state != UNDECIDED:
                self.data(side, data, 0, len(data), packet, time, ack)
                return
        intake = self.intake_of(side)
        intake.add(data, packet, time, ack)
        if side.index == SERVER and self.from_client is None and self.socks is None:
            self.connection.protocol = "other"  # it speaks first; a ClientHello or a request may still correct this
            self.connection.other_first = bytes(intake.data[:MAX_FIRST])
        self._advance()
        if self.state == UNDECIDED and (len(intake.data) - intake.at > MAX_BUFFER or len(intake.pieces) > MAX_PIECES):
            self._pass("other")

    def _advance(self) -> None:
        """Peel prologues and decide, as far as the bytes go."""
        moved: cython.bint = True
        while moved and self.state == UNDECIDED:
            moved = self._begin() if self.socks is None else self._socks(self.socks)

    def _begin(self) -> cython.bint:
        """Look at what the client says; True = a prologue was peeled."""
        client = self.from_client
        if client is None:
            return False
        head: bytes = client.head()
        kind: cython.int = client_protocol(head)
        if kind == PROXY:
            return self._proxy(client, head)
        if kind in (SOCKS4, SOCKS5):
            return self._socks_begins(client, head, kind)
        if kind != NEED:
            self._start(kind, head)
        if self.state not in (UNDECIDED, PASSED, LISTENING):
            self.replay()
        return False

    # ---- decided ----

    def _start(self, kind: cython.int, head: bytes) -> None:
        """The client's bytes begin with `head`, which is of this kind."""
        if kind == TLS:
            self._start_tls()
        elif kind == SSLV2:
            self._start_tls()
            if self.tls is not None:
                self.tls.begin_sslv2((((head[0] & 0x7F) << 8) | head[1]) + 2)
        elif kind == HTTP:
            self._start_http()
        elif kind == H2C:
            self._start_http2(None)
        elif kind == OTHER and self.lookups is not None and self.connection.server.port == DNS_PORT:
            self._start_dns()
        else:
            self._not_understood()

    def _start_tls(self) -> None:
        self.state = IN_TLS
        self.connection.protocol = "tls"
        self.connection.other_first = b""
        self.tls = TlsParser(self.connection)

    def _start_http(self) -> None:
        self.state = IN_HTTP
        self.connection.protocol = "http"
        self.connection.other_first = b""
        self.http = HttpParser(self.connection)

    def _start_http2(self, upgraded: Exchange | None) -> None:
        """With prior knowledge, or as the answer to an HTTP/1.1 request says (signatures.md 1.3)."""
        self.state = IN_HTTP2
        self.connection.protocol = "h2c"
        self.connection.other_first = b""
        from analyzer.layer.http2.parser import Http2Parser  # rare in plain text

        self.http2 = Http2Parser(self.connection, upgraded)

    def _start_dns(self) -> None:
        """A resolver's connection; it fetches nothing itself, so to the outside it is of another protocol."""
        assert self.lookups is not None
        self.state = IN_DNS
        self.connection.protocol = "other"
        self.dns = DnsStream(self.connection, self.lookups)

    def _pass(self, protocol: str) -> None:
        """Nobody wants the rest of either side."""
        connection = self.connection
        connection.protocol = protocol
        if protocol != "other":
            connection.other_first = b""
        elif not connection.other_first:
            first = self.from_client or self.from_server
            if first is not None:
                connection.other_first = bytes(first.data[:MAX_FIRST])
        self._close()

    def _not_understood(self) -> None:
        """What the client says is no protocol we know. If the server takes it for a bad request, it is one."""
        client = self.from_client
        if client is None or not client.pieces or self.socks is not None:
            self._pass("other")
            return
        self.connection.protocol = "other"
        self.connection.other_first = self.connection.other_first or bytes(client.data[client.at :][:MAX_FIRST])
        self.state = LISTENING
        self.connection.client.skip = NEVER
        self._judge_answer()

    def _listen(
        self, side: Side, data: bytes, packet: cython.longlong, time: cython.longlong, ack: cython.longlong
    ) -> None:
        """The server's first bytes, or more of the client's."""
        if side.index == CLIENT:
            side.skip = NEVER
            return
        self.intake_of(side).add(data, packet, time, ack)
        self._judge_answer()

    def _judge_answer(self) -> None:
        """An error status after the client's bytes makes them an exchange; anything else is of no interest."""
        client, server = self.from_client, self.from_server
        if client is None or server is None:
            return
        verdict: cython.int = refusal(server.head())
        if server.pieces[0][1] < client.pieces[0][1]:
            verdict = 0  # the server spoke first
        if verdict < 0:
            return
        if verdict == 0:
            self._close()
            return
        self.from_client = None
        self._start_http()
        if self.http is not None:
            first, last = client.pieces[0], client.pieces[-1]
            self.http.take_for_request(client.start + len(client.data), first[1], first[2], last[1], last[2])
        self.replay()

    def _close(self) -> None:
        self.state = PASSED
        self.from_client = self.from_server = None
        self.connection.client.skip = self.connection.server.skip = NEVER

    def _settle(self) -> None:
        """No more bytes of the client will come: what is there decides."""
        client = self.from_client
        if client is None or client.at == len(client.data):
            return
        if client.data[client.at] == 0x16 and len(client.data) - client.at >= 3 and self.socks is None:
            self._start_tls()
            self.replay()
        else:
            self._not_understood()

    def _switch(self, side: Side, packet: cython.longlong, time: cython.longlong, ack: cython.longlong) -> None:
        """After 101 HTTP/2 and websockets are read on; after a 2xx to CONNECT the streams start over (1.3)."""
        http = self.http
        if http is None:
            return
        upgraded = self._switched_to("h2c")
        websocket = self._switched_to("websocket")
        if http.tunnel == 2 and upgraded is None and websocket is None:
            self._close()
            return
        http.finish()
        self.http = None
        if upgraded is not None:
            self._start_http2(upgraded)
        elif websocket is not None:
            self.state = IN_WEBSOCKET
            self.websocket = Websocket(websocket)
        else:
            self._start_over()
        if self.state == PASSED:
            return
        client, server = self.connection.client, self.connection.server
        client.skip = server.skip = 0
        client_ack: cython.longlong = ack if side is client else -1
        server_ack: cython.longlong = ack if side is server else -1
        self.hand_over(client, http.leftover_client, http.leftover_client_start, packet, time, client_ack)
        self.hand_over(server, http.leftover_server, http.leftover_server_start, packet, time, server_ack)

    def _start_over(self) -> None:
        """A tunnel was opened: what is inside begins with nothing decided."""
        self.state = UNDECIDED
        self.socks = None
        self.prologues += 1
        self._note("connect")
        if self.prologues > MAX_PROLOGUES:
            self._pass("other")

    def _switched_to(self, protocol: str) -> Exchange | None:
        """The request that made the connection one of this protocol (RFC 7540 3.2, RFC 6455 4.2.2), None = none did."""
        if self.http is None or self.http.tunnel != 2 or not self.connection.exchanges:
            return None
        exchange = self.connection.exchanges[len(self.connection.exchanges) - 1]
        if exchange.status != 101 or exchange.headers.get("upgrade", "").lower() != protocol:
            return None
        return exchange

    # ---- met in the middle ----

    def _answer_shows(
        self, side: Side, length: cython.longlong, packet: cython.longlong, time: cython.longlong
    ) -> cython.bint:
        """The capture lost the client's first bytes, but what the server said tells that they were a request."""
        if side.index != CLIENT or self.from_server is None or not self.from_server.head().startswith(b"HTTP/1."):
            return False
        self.from_client = None
        self._start_http()
        if self.http is not None:
            self.http.gap(side, length, packet, time)
        self.replay()
        return True

    def _miss(self, side: Side) -> None:
        """Bytes are missing before the protocol is known."""
        if self.socks is not None:
            self._pass("other")
            return
        if side.index == CLIENT or self.from_client is None:
            self.from_client = self.from_server = None
            self.connection.other_first = b""
            self.connection.protocol = ""
        self.searching = 1
        self.unsynced = 3

    def _search(
        self, side: Side, data: bytes, packet: cython.longlong, time: cython.longlong, ack: cython.longlong
    ) -> None:
        """Start at a ClientHello, a request line, or where records evidently begin; let other segments go."""
        kind: cython.int = looks_like(data)
        told_by_bytes(self.connection, side, kind)
        if kind == CLIENTS and side.index == CLIENT:
            fresh: cython.bint = self.server_tries == 0
            self._start(client_protocol(data), data)
            if fresh:
                self.unsynced = 0
            elif self.state == IN_TLS:
                self.unsynced = 2
            elif self.http2 is not None:
                self.http2.lose_boundaries(self.http2.server)
        elif kind != CLIENTS and on_record_boundary(data):
            self._start_tls()
            self.unsynced = 3
        if self.state == UNDECIDED:
            self._try_again(side)
        else:
            self.data(side, data, 0, len(data), packet, time, ack)

    def _synced(self, side: Side, data: bytes) -> cython.bint:
        """Whether this side's record boundaries are known, now that this segment came."""
        bit: cython.int = 1 << side.index
        if not self.unsynced & bit:
            return True
        if on_record_boundary(data) or looks_like(data) == side.index + 1:
            self.unsynced &= ~bit
            return True
        self._try_again(side)
        return False

    def _try_again(self, side: Side) -> None:
        if side.index == CLIENT:
            self.client_tries += 1
        else:
            self.server_tries += 1
        if (self.client_tries if side.index == CLIENT else self.server_tries) >= MAX_TRIES:
            side.skip = NEVER

    def swap(self) -> cython.bint:
        """The sides change roles, if nothing was read as one side's yet (roles.py)."""
        if self.state != UNDECIDED or self.socks is not None:
            return False
        self.from_client, self.from_server = self.from_server, self.from_client
        self.client_tries, self.server_tries = self.server_tries, self.client_tries
        self.unsynced = (self.unsynced & 1) << 1 | self.unsynced >> 1
        self.connection.protocol = ""
        self.connection.other_first = b""
        return True

"""Decides by content, never by port, what a byte stream carries, and hands it to the parser for it."""

from __future__ import annotations

import cython

from analyzer.wire import detection, prologue
from analyzer.wire.dns.lookups import PORT as DNS_PORT
from analyzer.wire.dns.lookups import Lookups
from analyzer.wire.dns.stream import DnsStream
from analyzer.wire.http.parser import HttpParser
from analyzer.wire.model import CLIENT, NEVER, SERVER, Connection, Side
from analyzer.wire.tls.parser import TlsParser

UNDECIDED = 0
TLS = 1
HTTP = 2
PASSED = 3
DNS = 4

BEGIN = 0
SOCKS4_REPLY = 1
SOCKS5_METHOD = 2
SOCKS5_LOGIN = 3
SOCKS5_LOGIN_REPLY = 4
SOCKS5_REQUEST = 5
SOCKS5_REPLY = 6

MAX_BUFFER = 65536
"""Bytes of a side kept while the protocol is undecided."""
MAX_FIRST = 64
MAX_TRIES = 64
"""Segments a side in which a connection met in its middle may show a clean start."""
MAX_PROLOGUES = 8
WINDOW = 8192
"""Bytes that detection looks at; longer than any prologue but a PROXY v2 header, which is passed over by its length."""


class Intake:
    """Bytes of a side that are not handed on yet: `data[at:]`, from stream offset `start`; pieces say who sent them."""

    def __init__(self, start: cython.longlong) -> None:
        self.start = start
        self.at = 0
        self.data = bytearray()
        self.pieces: list[tuple[int, int, int, int]] = []

    def add(self, data: bytes, packet: cython.longlong, time: cython.longlong, ack: cython.longlong) -> None:
        """Keep a segment."""
        self.data += data
        self.pieces.append((len(self.data), packet, time, ack))

    def head(self) -> bytes:
        """What detection looks at."""
        return bytes(self.data[self.at : self.at + WINDOW])


class Content:
    """The parser of one connection's two byte streams.

    The connection tracker calls it with bytes in sequence order. A parser that wants no more of a side, or nothing of
    its next n bytes, sets `side.skip`; the tracker then passes over those bytes without calling it, and calls `data()`
    again, perhaps with b"", as soon as they are over.

    state       UNDECIDED, TLS, HTTP, DNS, or PASSED (nobody wants the rest)
    lookups     the table that DNS messages go to, None = nobody wants them
    step        where in a SOCKS dialogue the connection is
    searching   1 = the beginning was not captured: wait for a clean start of a message or record
    unsynced    while searching in TLS: bit 1 = the client's, bit 2 = the server's record boundaries are still unknown
    swap_roles  1 = the side that is called the server sent what only clients send; its bytes are kept until the roles
                are changed
    """

    def __init__(self, connection: Connection, lookups: Lookups | None = None) -> None:
        self.connection = connection
        self.lookups = lookups
        self.state = UNDECIDED
        self.step = BEGIN
        self.searching = connection.midstream
        self.unsynced = 3 if connection.midstream else 0
        self.swap_roles = 0
        self.prologues = 0
        self.client_tries = self.server_tries = 0
        self.from_client: Intake | None = None
        self.from_server: Intake | None = None
        self.misplaced: Intake | None = None
        self.misplaced_side: Side | None = None
        self.tls: TlsParser | None = None
        self.http: HttpParser | None = None
        self.dns: DnsStream | None = None

    @staticmethod
    def looks_like(data: bytes) -> int:
        """0 = cannot be told, 1 = a client's bytes (hello, request), 2 = a server's (ServerHello, `HTTP/1.`)."""
        return detection.looks_like(data)

    def data(
        self, side: Side, data: bytes, packet: cython.longlong, time: cython.longlong, ack: cython.longlong
    ) -> None:
        """Bytes of `side` from `side.next` on; packet, time and the acknowledged peer offset of their segment."""
        if self.misplaced is not None:
            self._place()
        if self.state == TLS and self.tls is not None:
            if not self.unsynced or self._synced(side, data):
                self.tls.data(side, data, packet, time, ack)
        elif self.state == HTTP and self.http is not None:
            self.http.data(side, data, packet, time, ack)
            if self.http.tunnel:
                self._switch(side, packet, time, ack)
        elif self.state == PASSED:
            side.skip = NEVER
        elif self.state == DNS and self.dns is not None:
            self.dns.data(side, data, packet, time)
        elif self.searching:
            self._search(side, data, packet, time, ack)
        else:
            self._take(side, data, packet, time, ack)

    def gap(self, side: Side, length: cython.longlong, packet: cython.longlong, time: cython.longlong) -> None:
        """`length` bytes from `side.next` on will never be seen (lost by the capture, or cut by the snaplen)."""
        if self.misplaced is not None:
            self._place()
        if self.state == TLS and self.tls is not None:
            if not self.unsynced & (1 << side.index):
                self.tls.gap(side, length, packet, time)
        elif self.state == HTTP and self.http is not None:
            self.http.gap(side, length, packet, time)
        elif self.state == PASSED:
            side.skip = NEVER
        elif self.state == DNS and self.dns is not None:
            self.dns.stop()
        elif not self._answer_shows(side, length, packet, time):
            self._miss(side)

    def end(self, side: Side, packet: cython.longlong, time: cython.longlong) -> None:
        """The FIN of `side` was reached in sequence order: no more bytes of it will come."""
        if self.misplaced is not None:
            self._place()
        if self.state == UNDECIDED and side.index == CLIENT:
            self._settle()
        if self.state == HTTP and self.http is not None:
            self.http.end(side, packet, time)

    def finish(self) -> None:
        """The connection is over or the capture is: decide on what there is, bring counts up to date."""
        if self.misplaced is not None:
            self._place()
        if self.state == UNDECIDED:
            self._settle()
        if self.http is not None:
            self.http.finish()
        if self.tls is not None:
            self.tls.finish()

    # ---- from the beginning ----

    def _take(
        self, side: Side, data: bytes, packet: cython.longlong, time: cython.longlong, ack: cython.longlong
    ) -> None:
        """Undecided: decide on this segment alone when nothing came before it, which is the usual case."""
        if side.index == CLIENT and self.from_client is None and self.from_server is None and self.step == BEGIN:
            kind: cython.int = detection.client_protocol(data)
            if kind == detection.TLS:
                self._start_tls()
            elif kind == detection.HTTP:
                self._start_http()
            if self.state != UNDECIDED:
                self.data(side, data, packet, time, ack)
                return
        intake = self.from_client if side.index == CLIENT else self.from_server
        if intake is None:
            intake = Intake(side.next)
            if side.index == CLIENT:
                self.from_client = intake
            else:
                self.from_server = intake
        intake.add(data, packet, time, ack)
        if side.index == SERVER and self.from_client is None and self.step == BEGIN:
            self.connection.protocol = "other"  # it speaks first; a ClientHello or a request may still correct this
            self.connection.other_first = bytes(intake.data[:MAX_FIRST])
        self._advance()
        if self.state == UNDECIDED and len(intake.data) - intake.at > MAX_BUFFER:
            self._pass("other")

    def _advance(self) -> None:
        """Peel prologues and decide, as far as the bytes go."""
        moved: cython.bint = True
        while moved and self.state == UNDECIDED:
            if self.step == BEGIN:
                moved = self._begin()
            else:
                moved = self._socks()

    def _begin(self) -> cython.bint:
        """Look at what the client says; True = a prologue was peeled."""
        client = self.from_client
        if client is None:
            return False
        head: bytes = client.head()
        kind: cython.int = detection.client_protocol(head)
        if kind == detection.PROXY:
            return self._proxy(client, head)
        if kind == detection.SOCKS4 or kind == detection.SOCKS5:
            return self._socks_begins(client, head, kind)
        if kind == detection.TLS or kind == detection.SSLV2:
            self._start_tls()
            if kind == detection.SSLV2 and self.tls is not None:
                self.tls.begin_sslv2((((head[0] & 0x7F) << 8) | head[1]) + 2)
            self._replay()
        elif kind == detection.HTTP:
            self._start_http()
            self._replay()
        elif kind == detection.H2C:
            self._pass("h2c")
        elif kind == detection.OTHER and self.lookups is not None and self.connection.server.port == DNS_PORT:
            self._start_dns()
            self._replay()
        elif kind == detection.OTHER:
            self._pass("other")
        return False

    def _proxy(self, client: Intake, head: bytes) -> cython.bint:
        size: cython.int = prologue.proxy_size(head)
        if size == prologue.WRONG or self.prologues >= MAX_PROLOGUES:
            self._pass("other")
            return False
        if size == prologue.MORE or size > len(client.data) - client.at:
            return False
        client.at += size
        self.prologues += 1
        self._note("proxy-protocol")
        return True

    def _socks_begins(self, client: Intake, head: bytes, kind: cython.int) -> cython.bint:
        size: cython.int
        if kind == detection.SOCKS5:
            size = 2 + head[1]
            self.step = SOCKS5_METHOD
        else:
            size, self.connection.socks_target = prologue.socks4_request(head)
            if size == prologue.MORE:
                return False
            self.step = SOCKS4_REPLY
        if size == prologue.WRONG or self.prologues >= MAX_PROLOGUES:
            self._pass("other")
            return False
        client.at += size
        self.prologues += 1
        self._note("socks")
        return True

    def _socks(self) -> cython.bint:
        """One step of the dialogue, RFC 1928 for version 5; True = there may be another."""
        asks: cython.bint = self.step == SOCKS5_LOGIN or self.step == SOCKS5_REQUEST
        intake = self.from_client if asks else self.from_server
        if intake is None or intake.at == len(intake.data):
            return False
        head: bytes = intake.head()
        size: cython.int = self._socks_step(head)
        if size == prologue.WRONG:
            self._pass("other")
        if size <= 0:
            return False
        intake.at += size
        return True

    def _socks_step(self, head: bytes) -> cython.int:
        """Size of the message that the dialogue waits for; moves to the next step when it is whole."""
        size: cython.int = 2
        target = ""
        if self.step == SOCKS4_REPLY:
            size = 8
            if len(head) >= 8:
                self.connection.socks_reply = head[1]
                self.step = BEGIN
                if head[0] != 0 or head[1] != prologue.GRANTED_4:
                    size = prologue.WRONG
        elif self.step == SOCKS5_METHOD and len(head) >= 2:
            self.step = SOCKS5_LOGIN if head[1] == 2 else SOCKS5_REQUEST
            if head[0] != 5 or head[1] not in (0, 2):
                size = prologue.WRONG
        elif self.step == SOCKS5_LOGIN:
            size = prologue.socks5_login(head)
            if size > 0:
                self.step = SOCKS5_LOGIN_REPLY
        elif self.step == SOCKS5_LOGIN_REPLY and len(head) >= 2:
            self.step = SOCKS5_REQUEST
            if head[1] != 0:
                size = prologue.WRONG
        elif self.step == SOCKS5_REQUEST:
            size, target = prologue.socks5_address(head)
            if size > 0:
                self.connection.socks_target = target
                self.step = SOCKS5_REPLY
        elif self.step == SOCKS5_REPLY:
            size = self._socks5_reply(head)
        return prologue.MORE if size > len(head) else size

    def _socks5_reply(self, head: bytes) -> cython.int:
        size: cython.int
        size, _ = prologue.socks5_address(head)
        if len(head) > 1 and head[0] == 5:
            self.connection.socks_reply = head[1]
            if head[1] != 0:
                return prologue.WRONG
        if size > 0:
            self.step = BEGIN
        return size

    def _note(self, via: str) -> None:
        self.connection.via.append(via)
        self.connection.protocol = ""
        self.connection.other_first = b""

    # ---- decided ----

    def _start_tls(self) -> None:
        self.state = TLS
        self.connection.protocol = "tls"
        self.connection.other_first = b""
        self.tls = TlsParser(self.connection)

    def _start_http(self) -> None:
        self.state = HTTP
        self.connection.protocol = "http"
        self.connection.other_first = b""
        self.http = HttpParser(self.connection)

    def _start_dns(self) -> None:
        """A resolver's connection; it fetches nothing itself, so to the outside it is of another protocol."""
        assert self.lookups is not None
        self.state = DNS
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

    def _close(self) -> None:
        self.state = PASSED
        self.from_client = self.from_server = None
        self.connection.client.skip = self.connection.server.skip = NEVER

    def _settle(self) -> None:
        """No more bytes of the client will come: what is there decides."""
        client = self.from_client
        if client is None or client.at == len(client.data):
            return
        if client.data[client.at] == 0x16 and len(client.data) - client.at >= 3 and self.step == BEGIN:
            self._start_tls()
            self._replay()
        else:
            self._pass("other")

    def _replay(self) -> None:
        """Hand on what was kept of both sides, the client's first."""
        client, server = self.from_client, self.from_server
        self.from_client = self.from_server = None
        if client is not None:
            self._hand_on(self.connection.client, client)
        if server is not None:
            self._hand_on(self.connection.server, server)

    def _hand_on(self, side: Side, intake: Intake) -> None:
        """As the tracker would have, piece by piece: `side.next` moves along, `side.skip` is obeyed."""
        here: cython.longlong = side.next
        at: cython.longlong = intake.at
        length: cython.longlong
        side.skip = 0
        for stop, packet, time, ack in intake.pieces:
            if stop <= at:
                continue
            length = stop - at
            if side.skip > length:
                side.skip -= length
            else:
                at += side.skip
                side.skip = 0
                side.next = intake.start + at
                self.data(side, bytes(intake.data[at:stop]), packet, time, ack)
            at = stop
        side.next = here

    def _switch(self, side: Side, packet: cython.longlong, time: cython.longlong, ack: cython.longlong) -> None:
        """After 101 nothing more is read; after a 2xx to CONNECT the streams start over (signatures.md 1.3)."""
        http = self.http
        if http is None:
            return
        if http.tunnel == 2:
            self._close()
            return
        http.finish()
        self.http = None
        self.state = UNDECIDED
        self.step = BEGIN
        self.prologues += 1
        self._note("connect")
        if self.prologues > MAX_PROLOGUES:
            self._pass("other")
            return
        client, server = self.connection.client, self.connection.server
        client.skip = server.skip = 0
        client_ack: cython.longlong = ack if side is client else -1
        server_ack: cython.longlong = ack if side is server else -1
        self._again(client, http.leftover_client, http.leftover_client_start, packet, time, client_ack)
        self._again(server, http.leftover_server, http.leftover_server_start, packet, time, server_ack)

    def _again(
        self,
        side: Side,
        data: bytes,
        start: cython.longlong,
        packet: cython.longlong,
        time: cython.longlong,
        ack: cython.longlong,
    ) -> None:
        """Bytes that came with or before the switch."""
        if not data:
            return
        here: cython.longlong = side.next
        side.next = start
        self.data(side, data, packet, time, ack)
        side.next = here

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
        self._replay()
        return True

    def _miss(self, side: Side) -> None:
        """Bytes are missing before the protocol is known."""
        if self.step != BEGIN:
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
        kind: cython.int = detection.looks_like(data)
        if kind == 1 and side.index == SERVER:
            self.swap_roles = 1
            self.misplaced_side = side
            self.misplaced = Intake(side.next)
            self.misplaced.add(data, packet, time, ack)
            return
        if kind == 1:
            fresh: cython.bint = self.server_tries == 0
            self._start_client(data)
            if fresh:
                self.unsynced = 0
            elif self.state == TLS:
                self.unsynced = 2
        elif detection.on_record_boundary(data):
            self._start_tls()
            self.unsynced = 3
        if self.state == UNDECIDED:
            self._try_again(side)
        else:
            self.data(side, data, packet, time, ack)

    def _start_client(self, data: bytes) -> None:
        kind: cython.int = detection.client_protocol(data)
        if kind == detection.TLS or kind == detection.SSLV2:
            self._start_tls()
            if kind == detection.SSLV2 and self.tls is not None:
                self.tls.begin_sslv2((((data[0] & 0x7F) << 8) | data[1]) + 2)
        elif kind == detection.HTTP:
            self._start_http()
        else:
            self._pass("h2c")

    def _synced(self, side: Side, data: bytes) -> cython.bint:
        """Whether this side's record boundaries are known, now that this segment came."""
        bit: cython.int = 1 << side.index
        if not self.unsynced & bit:
            return True
        if detection.on_record_boundary(data) or detection.looks_like(data) == side.index + 1:
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

    def _place(self) -> None:
        """The roles were put right: what the false server said is the client's."""
        side, intake = self.misplaced_side, self.misplaced
        if side is None or intake is None or side.index != CLIENT:
            return
        self.misplaced = self.misplaced_side = None
        self.swap_roles = 0
        self._hand_on(side, intake)

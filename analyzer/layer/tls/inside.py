"""What keys show of a TLS connection: its hidden handshake messages and alerts, and the conversation that it carries.

The plaintext goes into a `Next` of its own, so that whatever is read outside of TLS is read inside. Of bodies that
nobody needs records are counted and never decrypted; what is written down counts as the connection's own offsets do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cython

from analyzer.layer.layer import Layer
from analyzer.layer.next import Next
from analyzer.layer.tls import messages
from analyzer.layer.tls.hello import read_answers
from analyzer.layer.tls.plaintext import Conversation, Half, overhead
from analyzer.layer.tls.registry import ALERT, APPLICATION_DATA, CCS, HANDSHAKE, TLS13
from analyzer.model.connection import NEVER
from analyzer.model.tls import HANDSHAKE_ONLY, HEADS, Record, Tls

if TYPE_CHECKING:
    from analyzer.keys.direction import Opener
    from analyzer.keys.session import Session
    from analyzer.layer.tls.records import RecordWalk

CLIENT_HELLO, SERVER_HELLO, NEW_SESSION_TICKET, ENCRYPTED_EXTENSIONS, CERTIFICATE = 1, 2, 4, 8, 11
CERTIFICATE_REQUEST, FINISHED = 13, 20
RANDOM = slice(2, 34)
"""Of a hello, behind its version."""
EARLY_STAGE, APPLICATION_STAGE = 1, 3
"""Keys of early data and of application data in TLS 1.3 (analyzer.keys.epochs)."""
SHORT = 64
"""Records up to this length are always opened: alerts and KeyUpdates look like application data (RFC 8446 5.2)."""
MAX_MESSAGE = 65536
"""A longer handshake message is not collected, as outside (parser.py)."""
MAX_HELD = 1 << 16
"""Bytes of a connection that wait for their keys, where a log grows; of more nothing is read inside."""
WAITING = 256
"""What a record takes besides its own."""
WEIGHT = 4096
"""Bytes of it, with ciphers and keys, about."""


class Inside(Conversation):
    """Both directions of one connection.

    session   what opens its records, None = its random is in no key log so far
    offered   names of sessions that its ClientHello would resume
    early     early data, until it is known whether the server took it; None = that is known
    changes   whose ChangeCipherSpecs came while there were none
    waiting   (side, version, record, body) of records for which there are no keys yet; held: bytes of them, about
    """

    def __init__(
        self, parent: Layer, tls: Tls, random: bytes, offered: tuple[bytes, ...], session: Session | None
    ) -> None:
        Conversation.__init__(self, parent, tls)
        self.store: Any = parent.keys
        self.random, self.offered = random, offered
        self.session = session
        self.asked = self.held = 0
        self.changes: list[int] = []
        self.early: list[tuple[Record, bytes]] | None = []
        self.waiting: list[tuple[RecordWalk, int, Record, bytes | None]] = []
        self.hello: bytes | None = None
        self.found()

    def found(self) -> None:
        """Note where the keys are from, or that they are missing."""
        if self.session is None:
            self.tls.keys = "missing"
        else:
            self.tls.keys = "log" if "log" in self.session.secrets.origins else "file"

    def look(self) -> None:
        """Ask again: the log grows, and may have the keys by now; what waited for them is read then."""
        self.session = self.store.session(self.random, self.connection.first_packet, self.offered)
        if self.session is None:
            return
        self.found()
        if self.hello is not None:
            self.negotiate(self.hello)
        for index in self.changes:
            self.change(index)
        waiting, self.waiting = self.waiting, []
        self.held = 0
        for side, version, record, body in waiting:
            self.record(side, version, record, body)

    def wait(self, side: RecordWalk, record: Record, body: bytes | None) -> None:
        """Keep a record until there are keys; too much, and none will be read. The log is asked now and then."""
        self.held += WAITING + (0 if body is None else len(body))
        if self.held > MAX_HELD:
            self.waiting.clear()
            self.client.over = self.server.over = True
            return
        self.waiting.append((side, side.version, record.copy(), body))
        self.asked += 1
        if self.asked & (self.asked - 1) == 0:
            self.look()

    # ---- hellos ----

    def negotiated(self, message: bytes) -> None:
        """The ServerHello, no HelloRetryRequest, without its handshake header; `tls` has its version and suite."""
        self.hello = message
        tls = self.tls
        if tls.version >= TLS13 or (tls.session_id and not tls.session_echo):
            self.declined()
        self.resumable(messages.session_id(message))
        if self.session is not None:
            self.negotiate(message)

    def negotiate(self, hello: bytes) -> None:
        """Let the session know what was chosen."""
        session, version = self.session, self.tls.version
        assert session is not None
        then_mac = version < TLS13 and messages.encrypt_then_mac(hello)
        session.negotiated(version, self.tls.cipher, hello[RANDOM], encrypt_then_mac=then_mac)
        if session.problem:
            self.tls.keys = "unsupported"
            self.connection.flag("keys-unsupported")
        else:
            self.measure()

    def opener(self, half: Half) -> Opener:
        """What opens the records of a direction, where there are keys."""
        session = self.session
        assert session is not None
        return session.client if half is self.client else session.server

    def told(self, direction: Opener) -> None:
        """The ServerHello was not captured: what opens a record is of TLS 1.3, and of a suite."""
        suite = getattr(direction, "suite", None)
        if suite is not None and self.session is not None:
            self.tls.version, self.tls.cipher = TLS13, suite.code
            self.session.negotiated(TLS13, suite.code, b"")
            self.measure()

    def measure(self) -> None:
        """The suite is known, and with it how much of a record is content."""
        for half in (self.client, self.server):
            half.overhead, half.slack = overhead(self.tls.version, self.tls.cipher)

    # ---- resumption, TLS 1.2 and older ----

    def declined(self) -> None:
        """The server makes a new master secret: that of another session is of no use, and there is none of its own."""
        session, self.offered = self.session, ()
        if session is not None and session.secrets.root != session.secrets.random:
            self.session = None
            self.found()
            if not self.store.grows:
                self.connection.flag("keys-missing")
                self.client.over = self.server.over = True

    def ticketed(self, message: bytes) -> None:
        """A NewSessionTicket (RFC 5077 3.3)."""
        self.resumable(messages.new_ticket(message))

    def resumable(self, name: bytes) -> None:
        """The server has named the session: a later connection may have its master secret."""
        if name and self.tls.version < TLS13:
            self.store.sessions.add(name, self.random if self.session is None else self.session.secrets.root)

    # ---- records ----

    def wants(self, index: cython.int, kind: cython.int, length: cython.int) -> cython.bint:
        """Whether the body of a protected record that begins now is to be collected."""
        half = self.half(index)
        half.passing = False
        if half.over and kind == APPLICATION_DATA and length > SHORT:
            return False
        if self.session is None:
            return True
        known = half.overhead >= 0 and half.adrift < 0 and not half.slack and not half.ahead
        if kind == APPLICATION_DATA and length > SHORT and known:
            half.passing = half.stream.skip > length - half.overhead
        return not half.passing

    def over(self, side: RecordWalk, record: Record, body: bytes | None) -> None:
        """A protected record is over: its body, or None when it was not collected, or has a hole."""
        if self.session is not None:
            self.record(side, side.version, record, body)
        elif not self.half(side.index).over:
            self.wait(side, record, body)

    def record(self, side: RecordWalk, version: cython.int, record: Record, body: bytes | None) -> None:
        """The same where there are keys; `version` is that of the record's header."""
        half = self.half(side.index)
        direction = self.opener(half)
        older: cython.bint = 0 < self.tls.version < TLS13
        carries: cython.bint = record.kind == APPLICATION_DATA and (older or direction.stage == APPLICATION_STAGE)
        if body is None:
            direction.skip()
            half.unproven = half.unproven or (record.length <= SHORT and not half.passing)
        elif half.adrift >= 0 and not half.told:
            half.told = True
            direction.gap(record.start - half.adrift)
        if self.tls.version == 0 and (record.ack > 0 or half is self.server):
            direction.unanswered()
        found = None if body is None else direction.open(record.kind, version, body)
        if found is None:
            half.message.clear()
            if carries:
                self.missed(half, record, half.passing)
            elif record.kind == APPLICATION_DATA:
                half.unopened = True
            return
        half.unproven = False
        if self.tls.version == 0 and direction.stage > EARLY_STAGE:
            self.told(direction)
        if half.adrift >= 0:
            self.caught_up(half, record, direction)
        elif half.unopened and not carries and direction.stage == APPLICATION_STAGE and direction.expected() > 1:
            self.give_up(half)  # the first of these keys are missing
        half.unopened = half.unopened and not carries and direction.stage != APPLICATION_STAGE
        self.take(side, half, direction, record, found[0], found[1])

    def over_with(self, side: RecordWalk) -> None:
        """Nothing comes behind what there is of a side: its last record may be cut off, and its beginning is read."""
        half, record, body = self.half(side.index), side.begun(), side.sealed_body()
        if self.session is None or record is None or not side.open or half.over or half.adrift >= 0:
            return
        direction = self.opener(half)
        if record.kind != APPLICATION_DATA or not self.talks(direction):
            return
        if body is not None:
            self.feed(half, self.cut_off(half, record), self.beginning(half, record, body))
        elif half.passing:
            self.begun(half, self.cut_off(half, record))
        elif half.overhead >= 0:
            came = self.cut_off(half, record)
            self.lose_rest(half, came, half.content(came.end - came.start, 1))
        side.open = 0

    def torn(self, side: RecordWalk) -> None:
        """A record has a hole: what came before that is read."""
        half, record, body = self.half(side.index), side.begun(), side.sealed_body()
        if self.session is None or record is None or body is None or half.adrift >= 0 or half.unproven:
            return
        if record.kind == APPLICATION_DATA and half.overhead >= 0 and self.talks(self.opener(half)):
            self.read_part(half, record, len(body), self.beginning(half, record, body))

    def beginning(self, half: Half, record: Record, body: bytes) -> bytes:
        """What a record that is not whole begins with; nothing proves it but the records before this one.

        Its type is at its end (RFC 8446 5.2): an alert or a KeyUpdate is short, and a ticket tells its length.
        """
        content = max(0, record.length - half.overhead - half.slack)
        plain = self.opener(half).begins(body)[:content]
        if self.tls.version < TLS13:
            return plain
        ticket = messages.begins_ticket(plain, content, half.stream.next == 0)
        if ticket:
            half.read, half.read_to = content, record.end
        return b"" if ticket or record.length <= SHORT or len(plain) < messages.HEADER else plain

    def change(self, index: cython.int) -> None:
        """A ChangeCipherSpec in plain sight, TLS 1.2 and older."""
        if self.session is not None:
            self.opener(self.half(index)).open(CCS, self.tls.version, b"\1")
        else:
            self.changes.append(index)

    def drift(self, index: cython.int, since: cython.longlong) -> None:
        """The boundaries of records behind this offset were not captured."""
        half = self.half(index)
        if self.session is None or half.adrift >= 0:
            return
        direction = self.opener(half)
        half.adrift, half.number, half.assumed, half.told = since, direction.expected(), 0, False
        half.talking = self.talks(direction)
        half.message.clear()

    def talks(self, direction: Opener) -> cython.bint:
        """Whether the handshake of a direction is over: in TLS 1.2 its Finished is the first record with keys."""
        if self.tls.version >= TLS13 or direction.stage:
            return direction.stage == APPLICATION_STAGE
        return direction.expected() > 0

    def caught_up(self, half: Half, record: Record, direction: Opener) -> None:
        """The first record that opens behind a gap tells by its number how many were in there, and so how much."""
        records: cython.longlong = direction.expected() - 1
        if half.talking:
            self.between(half, record, records - half.number)
            return
        records -= self.tls.version < TLS13
        if self.talks(direction) and records > 0:
            self.between(half, record, records)
        half.adrift = -1

    # ---- what they hold ----

    def take(
        self, side: RecordWalk, half: Half, direction: Opener, record: Record, kind: cython.int, plain: bytes
    ) -> None:
        """The plaintext of a record."""
        self.opened += len(plain)
        self.tls.decrypted = max(self.tls.decrypted, HANDSHAKE_ONLY)
        if kind == ALERT:
            side.alerted(record, plain)
        elif kind == HANDSHAKE:
            self.handshake(half, record, plain)
        elif kind == APPLICATION_DATA and self.early is not None and direction.stage == EARLY_STAGE:
            self.early.append((record.copy(), plain))
        elif kind == APPLICATION_DATA:
            if half.overhead >= 0 and len(plain) < record.length - half.overhead - half.slack:
                half.overhead = -1  # it is padded (RFC 8446 5.4): lengths tell nothing
            self.feed(half, record, plain)

    def finish(self) -> None:
        """Nothing more will come."""
        if self.session is None:
            self.look()
            self.waiting.clear()
        if self.tls.decrypted != HEADS:
            return
        unread = self.server.unread or (self.tls.server_count == 0 and self.connection.server.bytes > 0)
        if self.client.unopened or self.server.unopened or unread:
            self.withdraw()
            return
        self.catch_up(NEVER)
        self.mirror()
        self.end_of(self.client)
        self.end_of(self.server)
        self.layer.finish()
        tunnel = self.layer
        self.tls.idle = isinstance(tunnel, Next) and tunnel.from_client is None and tunnel.from_server is None

    def weight(self) -> cython.Py_ssize_t:
        """Bytes, about, that are kept."""
        kept: cython.Py_ssize_t = WEIGHT + self.held + len(self.client.message) + len(self.server.message)
        for half in (self.client, self.server):
            for _, plain, _ in half.ahead:
                kept += len(plain)
        return kept + self.layer.weight()

    # ---- the handshake ----

    def handshake(self, half: Half, record: Record, plain: bytes) -> None:
        """Handshake messages, of which one may go on in the next record."""
        begun = half.message
        size: cython.Py_ssize_t = 0
        at: cython.Py_ssize_t = 0
        if begun:
            begun += plain
            if len(begun) < 4 or len(begun) < 4 + int.from_bytes(begun[1:4], "big") <= MAX_MESSAGE:
                return
            plain = bytes(begun)
            begun.clear()
        while len(plain) - at >= 4:
            size = 4 + (plain[at + 1] << 16 | plain[at + 2] << 8 | plain[at + 3])
            if size > MAX_MESSAGE:
                return
            if len(plain) - at < size:
                break
            self.message(half, record, plain, at, at + size)
            at += size
        if at < len(plain):
            begun += plain[at:]

    def message(self, half: Half, record: Record, plain: bytes, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> None:
        """One message (RFC 8446 4, RFC 5246 7.4)."""
        tls = self.tls
        kind: cython.int = plain[at]
        client: cython.bint = half is self.client
        if kind == FINISHED:
            messages.finished(tls, client, self.placed(half, record))
            return
        body: bytes = plain[at + 4 : end]
        if kind == CLIENT_HELLO and client and tls.version < TLS13:
            self.renegotiates(body)
        elif kind == SERVER_HELLO and not client and tls.version < TLS13:
            self.negotiated(body)
        elif tls.version < TLS13:
            if kind == NEW_SESSION_TICKET and not client:
                self.ticketed(body)
        elif kind == ENCRYPTED_EXTENSIONS and not client:
            read_answers(body, min(2, len(body)), len(body), tls, tls.version)
            self.answered_early(messages.takes_early_data(body))
        elif kind == CERTIFICATE_REQUEST:
            tls.certificate_asked = 1
        elif kind == CERTIFICATE:
            messages.certificate(tls, client, record, body)

    def answered_early(self, taken: cython.bint) -> None:
        """Early data that the server did not take is sent again (RFC 8446 4.2.10)."""
        early, self.early = self.early or [], None
        for record, plain in early if taken else ():
            self.feed(self.client, record, plain)

    def renegotiates(self, body: bytes) -> None:
        """Another ClientHello inside (TLS 1.2 and older)."""
        secrets = self.store.find(body[RANDOM], self.connection.first_packet)
        if secrets is not None and self.session is not None:
            self.session.renegotiates(secrets)

"""What TLS carries: the plaintext of both directions, what of it was not captured, and who reads it.

How much is missing where records were not seen is told by the number of the next one that opens. Where a suite pads
(CBC), lengths tell it to within a block a record.
"""

from __future__ import annotations

from functools import cache

import cython

from analyzer.keys.suites import CBC, CHACHA, SIZES, TLS10, suite_of
from analyzer.layer.detection import HTTP, client_protocol
from analyzer.layer.layer import Layer, Segment, place
from analyzer.layer.next import MAX_DEPTH, Next
from analyzer.layer.tls.records import Keyed
from analyzer.layer.tls.registry import APPLICATION_DATA, HEADER, TLS13
from analyzer.model.connection import CLIENT, NEVER, SERVER, Connection, Direction, Inner
from analyzer.model.log import Log
from analyzer.model.tls import HANDSHAKE_ONLY, HEADS, Record, Tls

LARGEST = 16384 + 256 + HEADER
"""Bytes of the largest record, with its header (RFC 8446 5.2); older versions allow more, which nobody sends."""
EXPLICIT, TAG = 8, 16
"""Of a record of AES-GCM in TLS 1.2."""
BLOCK = 16
"""Of AES in CBC."""
MAX_OPENED = 256 << 20
"""Bytes of a connection that are opened; at the cap no more is read inside, and the flag is `decryption-capped`."""
CAPPED = "decryption-capped"
UNFIT = "keys-unfit"
"""Keys that open nothing, or one direction alone: they are of another connection, or not all of this one."""
MOST_AHEAD = 512
"""Pieces of a direction that wait for bytes of the other one."""


class Half:
    """One direction.

    stream    the plaintext; overhead: bytes of a record that are none of it, -1 = not known; slack: how many more they
              may be
    message   a handshake message that is not whole
    over      1 = nothing is read inside any more
    passing   1 = the record that began last is passed over
    unopened  1 = a record could not be opened that may carry something, and none behind it was
    unread    1 = records came before the ClientHello was known
    adrift    offset from which record boundaries were lost, -1 = they are known; number: of the record expected there;
              told: whether the session knows how far that is; talking: whether the handshake was over
    assumed   bytes behind `adrift` that were told to be lost before it is known how many are
    doubt     by how much `stream.skip` may be too large
    read      bytes of plaintext that were read of a record that has a hole behind them, up to the offset `read_to`
    unproven  1 = a short record was not opened, which may have been a KeyUpdate, and none behind it was
    ahead     (record, plaintext, bytes lost), while bytes of the other side wait for those before them; the last may be
              the end
    """

    def __init__(self, index: cython.int) -> None:
        self.stream = Inner(index)
        self.message = bytearray()
        self.overhead = -1
        self.slack = self.assumed = self.doubt = 0
        self.over = self.passing = self.unopened = self.unread = False
        self.adrift = self.number = -1
        self.told = self.talking = self.unproven = False
        self.read = self.read_to = 0
        self.ahead: list[tuple[Record, bytes, int]] = []

    def mirror(self, side: Direction) -> None:
        """Take over what is known of a side's bytes, whatever they carry."""
        stream = self.stream
        stream.end, stream.sent, stream.acked = side.end, side.sent, side.acked
        stream.ack_packet, stream.ack_time = side.ack_packet, side.ack_time
        stream.last_data_packet, stream.last_data_time = side.last_data_packet, side.last_data_time

    def content(self, bytes_: cython.longlong, records: cython.longlong) -> cython.longlong:
        """How much so many bytes in so many records carry: at most, or at least where more than a body is counted."""
        size: cython.longlong = bytes_ - records * (HEADER + self.overhead)
        if self.slack and self.stream.skip:
            self.doubt += self.slack * records
            size -= self.slack * records
        return size


class Conversation(Keyed):
    """Both directions of what a connection carries.

    carriers  the directions that carry it: the connection's, or those inside of other TLS
    outside   what was known of the connection before: exchanges, a CONNECT, what led here
    layer   who reads it
    opened  bytes of plaintext
    """

    def __init__(self, parent: Layer, tls: Tls) -> None:
        self.connection: Connection = parent.connection
        self.carriers = (parent.up, parent.down)
        self.outside = (self.connection.exchanges[:], self.connection.connect, self.connection.via)
        self.tls = tls
        self.client, self.server = Half(CLIENT), Half(SERVER)
        self.segment = Segment(self.client.stream)
        self.opened = 0
        first = Next(None)
        depth = parent.depth + 1
        keys = parent.keys if depth < MAX_DEPTH else None
        first.begin(self.connection, self.client.stream, self.server.stream, None, keys)
        first.carried, first.depth = 1, depth
        if parent.log is not None:
            first.log = Log()
            parent.log.add("inside", CLIENT, tls.hello_packet, tls.hello_time, tls.hello_start, 0, first.log)
        self.layer: Layer = first

    def half(self, index: cython.int) -> Half:
        """One direction."""
        return self.client if index == CLIENT else self.server

    def side(self, half: Half) -> Direction:
        """The direction that carries it: the connection's, or that inside of other TLS."""
        return self.carriers[half is self.server]

    def piece(self, half: Half, record: Record, size: cython.longlong) -> None:
        """The next bytes of a direction are so many, from where this record is."""
        side = self.side(half)
        half.stream.piece(place(side, record.start), place(side, record.end), size)

    def placed(self, half: Half, record: Record) -> Record:
        """A copy of a record, with where it is in the connection."""
        copied = record.copy()
        side = self.side(half)
        copied.start, copied.end = place(side, record.start), place(side, record.end)
        return copied

    def feed(self, half: Half, record: Record, plain: bytes) -> None:
        """The plaintext of a record.

        A hole in one side's handshake is waited for, which what it says behind it need not be: what the other side
        says to that is not read before it.
        """
        if plain and not half.over:
            self.come(half, record, plain, 0)

    def come(self, half: Half, record: Record, plain: bytes, lost: cython.longlong) -> None:
        """A piece in its turn: plaintext, so many bytes that were lost, or with neither of them the end."""
        if self.holds(half, record.packet):
            self.tls.decrypted = HEADS
            half.ahead.append((record.copy(), plain, lost))
            return
        if self.client.ahead or self.server.ahead:
            self.catch_up(record.packet, half)
        self.act(half, record, plain, lost)

    def holds(self, half: Half, packet: cython.longlong) -> cython.bint:
        """Whether a piece is to wait: the other side had said something before it that waits itself."""
        other = self.server if half is self.client else self.client
        pending = self.side(other).pending
        if pending is None or other.over or other.stream.next:
            return False
        return pending[0][1] < packet and len(half.ahead) < MOST_AHEAD

    def catch_up(self, packet: cython.longlong, half: Half | None = None) -> None:
        """Read what waits and came before this packet, and all that waits of one direction."""
        client, server = self.client, self.server
        while client.ahead or server.ahead:
            one = server
            if client.ahead and (not server.ahead or client.ahead[0][0].packet < server.ahead[0][0].packet):
                one = client
            if one.ahead[0][0].packet >= packet and (half is None or not half.ahead):
                return
            record, plain, lost = one.ahead.pop(0)
            self.act(one, record, plain, lost)

    def act(self, half: Half, record: Record, plain: bytes, lost: cython.longlong) -> None:
        """What comes next is read."""
        if plain:
            self.read(half, record, plain)
        elif lost:
            self.drop(half, record, lost)
        else:
            self.end(half, record.packet, record.time)

    def read(self, half: Half, record: Record, plain: bytes) -> None:
        """The plaintext of a record, in its turn."""
        stream = half.stream
        if self.opened > MAX_OPENED:
            self.connection.flag(CAPPED)
            self.give_up(half)
            return
        self.tls.decrypted = HEADS
        if half.doubt and stream.skip and not self.ends_body(half, record, plain):
            return
        self.mirror()
        self.piece(half, record, len(plain))
        at: cython.Py_ssize_t = min(stream.skip, len(plain))
        stream.skip -= at
        stream.next += at
        if stream.skip:
            return
        self.segment.fill(stream, record.last_packet, record.last_time, record.ack, plain, at, len(plain))
        self.give(self.segment)
        stream.next += len(plain) - at

    def ends_body(self, half: Half, record: Record, plain: bytes) -> cython.bint:
        """How long a body goes on is known to within a few bytes: find its end. False = nobody can tell any more."""
        skip = half.stream.skip
        begins = client_protocol(plain) == HTTP if half is self.client else plain.startswith(b"HTTP/1.")
        if skip <= half.doubt and begins:
            self.body_over(half, record.start, record.packet, record.time)
        elif skip < len(plain):
            self.give_up(half)
            return False
        return True

    def body_over(self, half: Half, at: cython.longlong, packet: cython.longlong, time: cython.longlong) -> None:
        """What is left of a body is what was counted too little."""
        half.doubt = 0
        self.drop(half, unknown(at, at, packet, time), half.stream.skip)

    def lose(self, half: Half, record: Record, size: cython.longlong) -> None:
        """So many bytes of the conversation, where this record is, were not captured."""
        if size > 0 and not half.over:
            self.come(half, record, b"", size)

    def drop(self, half: Half, record: Record, size: cython.longlong) -> None:
        """The same, in its turn."""
        stream = half.stream
        self.mirror()
        self.piece(half, record, size)
        stream.lost += size
        passed: cython.longlong = min(stream.skip, size)
        stream.skip -= passed
        stream.next += passed
        if not stream.skip:
            self.segment.fill(stream, record.last_packet, record.last_time, -1, b"", 0, 0)
            self.segment.lost = size - passed
            self.give(self.segment)
            stream.next += size - passed

    def give(self, segment: Segment) -> None:
        """Feed the layer inside, and let its heir go on."""
        segment.side.skip = self.layer.feed(segment)
        if self.layer.heir is not None:
            self.layer = self.layer.heir

    def give_up(self, half: Half) -> None:
        """How much is missing is not known: no more is read of this direction."""
        if not half.over:
            self.catch_up(NEVER)
            half.over = True
            half.adrift = -1
            self.mirror()
            stream = half.stream
            self.segment.fill(stream, self.connection.last_packet, self.connection.last_time, -1, b"", 0, 0)
            self.segment.lost = NEVER - stream.next
            stream.lost += 1
            self.give(self.segment)

    def missed(self, half: Half, record: Record, passed: cython.bint) -> None:
        """A record of the conversation was not opened: nobody needs it, or it has a hole."""
        if half.overhead < 0 or half.adrift >= 0:
            self.give_up(half)
            return
        size = max(0, half.content(record.length + HEADER, 1))
        if passed:
            self.piece(half, record, size)
            half.stream.skip -= size
            half.stream.next += size
        else:
            self.lose_rest(half, record, size)

    def read_part(self, half: Half, record: Record, captured: cython.longlong, plain: bytes) -> None:
        """The plaintext of a record's first bytes."""
        if plain:
            half.read, half.read_to = len(plain), record.start + HEADER + captured
            self.feed(half, self.upto(record, half.read_to), plain)

    def lose_rest(self, half: Half, record: Record, size: cython.longlong) -> None:
        """The same of a record whose beginning may have been read."""
        if half.read:
            record, size = record.copy(), size - half.read
            record.start, half.read = half.read_to, 0
        self.lose(half, record, size)

    def cut_off(self, half: Half, record: Record) -> Record:
        """A record as far as it came."""
        return self.upto(record, max(record.start, min(record.end, self.side(half).next)))

    def upto(self, record: Record, end: cython.longlong) -> Record:
        """What of a record is before this offset."""
        came = record.copy()
        came.end = end
        return came

    def begun(self, half: Half, record: Record) -> None:
        """A record that nobody needs was cut off: what came of it is passed over."""
        half.passing = False
        nonce = EXPLICIT if half.overhead == EXPLICIT + TAG else 0
        came = record.end - record.start - HEADER - nonce
        size = min(came, record.length - half.overhead, half.stream.skip)
        if size > 0:
            self.piece(half, record, size)
            half.stream.skip -= size
            half.stream.next += size

    def drifting(self, half: Half, upto: cython.longlong, packet: cython.longlong, time: cython.longlong) -> None:
        """Boundaries are unknown up to here at least: what was needed next is lost, whatever else is.

        Where nobody needs what comes next, the record that is found tells exactly how much of it was there.
        """
        if half.talking and half.stream.skip == 0 and half.adrift >= 0:
            self.assume(half, upto, packet, time)

    def assume(self, half: Half, upto: cython.longlong, packet: cython.longlong, time: cython.longlong) -> None:
        """No record tells how many there were between: as few as there may have been."""
        if half.over or half.overhead < 0:
            return
        missing: cython.longlong = upto - half.adrift
        size: cython.longlong = missing - -(-missing // LARGEST) * (HEADER + half.overhead) - half.assumed
        if size > 0:
            half.assumed += size
            self.lose(half, unknown(half.adrift, upto, packet, time), size)

    def between(self, half: Half, record: Record, records: cython.longlong) -> None:
        """So many records were between the last one and this one, which are not known."""
        since, half.adrift = half.adrift, -1
        if half.overhead < 0 or records < 0:
            self.give_up(half)
            return
        size = half.content(record.start - since, records)
        if size < 0:
            self.give_up(half)
        elif size > half.assumed:
            self.lose(half, unknown(since, record.start, record.packet, record.time), size - half.assumed)

    def end_of(self, half: Half) -> None:
        """Nothing comes behind what there is of a direction: no record tells how much was not captured."""
        if half.adrift >= 0:
            self.assume(half, self.side(half).next, self.connection.last_packet, self.connection.last_time)
            half.adrift = -1
        if 0 < half.stream.skip <= half.doubt:
            side = self.side(half)
            self.body_over(half, side.next, side.last_data_packet, side.last_data_time)

    def ended(self, index: cython.int, packet: cython.longlong, time: cython.longlong) -> None:
        """One direction is over."""
        half = self.half(index)
        if half.over or self.tls.decrypted != HEADS:
            return
        self.come(half, unknown(0, 0, packet, time), b"", 0)

    def end(self, half: Half, packet: cython.longlong, time: cython.longlong) -> None:
        """The same, in its turn."""
        self.mirror()
        self.end_of(half)
        skip = half.stream.skip
        self.segment.fill(half.stream, packet, time, -1, b"", 0, 0)
        self.segment.fin = 1
        self.give(self.segment)
        half.stream.skip = skip

    def withdraw(self) -> None:
        """One direction alone was opened: it tells of questions without answers, or the other way round."""
        self.tls.decrypted = HANDSHAKE_ONLY
        connection = self.connection
        connection.flag(UNFIT)
        inside = set(map(id, connection.exchanges))
        connection.exchanges, connection.connect, connection.via = self.outside
        inside.difference_update(map(id, connection.exchanges))
        connection.milestones = [mark for mark in connection.milestones if id(mark.note) not in inside]
        connection.tls = self.tls

    def mirror(self) -> None:
        """What the streams inside have of the connection's sides."""
        for half in (self.client, self.server):
            half.mirror(self.side(half))


def unknown(start: cython.longlong, end: cython.longlong, packet: cython.longlong, time: cython.longlong) -> Record:
    """Where records were that were not captured."""
    record = Record(APPLICATION_DATA, 0, start)
    record.end = end
    record.packet = record.last_packet = packet
    record.time = record.last_time = time
    return record


@cache
def overhead(version: int, cipher: int) -> tuple[int, int]:
    """Bytes of a record that are no plaintext, at least, and how many more they may be; -1 = not known."""
    suite = suite_of(version, cipher)
    if suite is None:
        return -1, 0
    if suite.cipher == CBC:
        vector = BLOCK if version > TLS10 else 0
        return vector + SIZES[suite.mac] + 1, BLOCK - 1
    if version >= TLS13:
        return suite.tag + 1, 0
    return suite.tag if suite.cipher == CHACHA else suite.tag + EXPLICIT, 0

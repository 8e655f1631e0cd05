"""Walks the TLS records of one side over any segmentation (RFC 8446 5.1), touching headers only where it can.

Where bytes were lost or cut across a record's header, the boundaries behind them are unknown until a segment begins
with a record.
"""

from __future__ import annotations

import cython

from analyzer.frame.octets import cut
from analyzer.layer.layer import Segment
from analyzer.layer.tls.registry import ALERT, APPLICATION_DATA, CCS, HEADER, HEARTBEAT, MAX_LENGTH
from analyzer.model.connection import NEVER, SERVER, Direction, Inner
from analyzer.model.log import Log
from analyzer.model.tls import LATE_RECORDS, MAX_RECORDS, Record, Tls

MAX_REPLY = 64


class Keyed:
    """Who takes protected records, because there are keys (inside.py): as much as a walk needs to know of it."""

    def wants(self, index: cython.int, kind: cython.int, length: cython.int) -> cython.bint:
        """Whether the body of a protected record that begins now is to be collected."""
        raise NotImplementedError

    def over(self, side: RecordWalk, record: Record, body: bytes | None) -> None:
        """A protected record is over: its body, or None when it was not collected, or has a hole."""
        raise NotImplementedError

    def weight(self) -> cython.Py_ssize_t:
        """Bytes, about, that are kept."""
        raise NotImplementedError


class RecordWalk:
    """The records of one side. A subclass says which bodies it wants (`wants`) and gets them (`body`, `complete`).

    last      the newest record; open 1 = its end was not reached; prior: the one before it
    header    bytes of a header that is still incomplete
    version   of the newest record, as its header says
    late      the newest records behind the first ones, a ring
    dead      1 = no boundaries any more: the rest of the stream is skipped
    adrift    1 = boundaries are unknown until a segment begins with a record (bytes were lost or cut)
    keyed     1 = bodies of application data may be wanted: there are keys
    asks      1 = keys are asked for when the hello is there; paused: 1 = it is, 2 = what follows in its segment waits
    replying  1 = the server's first bytes were no TLS record, they are collected in `tls.reply`
    log       as Layer.log
    carrier   the stream that it reads, if that is inside of other TLS: what `tls` and its records have are offsets of
              the connection, as acknowledgements are, and all others those of this stream; else None
    """

    def begin(self, tls: Tls, index: cython.int, carrier: Direction) -> None:
        """Nothing was said yet."""
        self.tls = tls
        self.index = index
        self.carrier = carrier if isinstance(carrier, Inner) else None
        self.log: Log | None = None
        self.records: list[Record] = tls.server_records if index == SERVER else tls.client_records
        self.late: list[Record] = tls.server_late if index == SERVER else tls.client_late
        self.count = self.version = 0
        self.last: Record | None = None
        self.prior: Record | None = None
        self.end = 0
        self.open = self.wanted = self.dead = self.adrift = self.replying = 0
        self.header = b""
        self.header_packet = self.header_time = self.keyed = self.asks = self.paused = 0
        self.header_ack = -1

    def far(self, offset: cython.longlong) -> cython.longlong:
        """An offset of this stream as one of the connection; it is in the piece that is read, or ends there."""
        return offset if self.carrier is None else offset + self.carrier.ahead

    def over(self, record: Record) -> None:
        """Its last byte was seen or passed over. While it is looked at it has offsets of this stream."""
        if self.carrier is None:
            self.complete(record)
            return
        record.end = self.end
        record.start = self.end - record.length - HEADER
        self.complete(record)
        record.start, record.end = self.far(record.start), self.far(record.end)

    def wants(self, kind: cython.int, length: cython.int) -> cython.int:
        """Whether the body of the record that begins now is to be read: 1 = as it is, 2 = by keys, 0 = it is not."""
        return 0

    def body(self, segment: Segment, at: cython.Py_ssize_t, end: cython.Py_ssize_t, offset: cython.longlong) -> None:
        """A piece of a wanted body, data[at:end] of a segment, from stream offset `offset` on."""

    def complete(self, record: Record) -> None:
        """The last byte of the record was seen or passed over."""

    def feed(self, segment: Segment) -> cython.Py_ssize_t:
        """As Layer.feed. One loop, no method a state: it runs once a record of every stream.

        base: the stream offset that data[0] would have.
        """
        left: cython.longlong
        length: cython.int
        if segment.lost:
            return self.hole(segment)
        data: bytes = segment.data
        at: cython.Py_ssize_t = segment.at
        end: cython.Py_ssize_t = segment.end
        base: cython.longlong = segment.first - at
        if self.replying:
            return self.reply(segment.content())
        if self.adrift and not self.found(segment):
            return 0
        while not self.dead:
            if self.open:
                left = self.end - base - at
                if left < 0:
                    return self.give_up(segment.first)
                if left > end - at:
                    return self._running(segment, at, left)
                self._finish(segment, at, at + left, base)
                at += left
                if not self.paused:
                    continue
                segment.at, segment.first, self.paused = at, base + at, 2
                return 0
            if at == end:
                return 0
            if self.header or end - at < HEADER:
                at = self._header(segment, at, base)
                continue
            length = (data[at + 3] << 8) | data[at + 4]
            if data[at] < CCS or data[at] > HEARTBEAT or data[at + 1] != 3 or length > MAX_LENGTH:
                first = cut(data, at, min(end, at + MAX_REPLY))
                return self._bad(first, segment.first, segment.packet, segment.time)
            self.version = 0x0300 | data[at + 2]
            self._begin(data[at], length, base + at, segment.packet, segment.time, segment.acknowledged)
            at += HEADER
        return NEVER

    def hole(self, segment: Segment) -> cython.Py_ssize_t:
        """Bytes that will never be seen: harmless inside a body; across a header they hide the boundaries behind it."""
        after: cython.longlong = segment.first + segment.lost
        if self.dead or self.replying:
            return NEVER
        if self.wanted:
            self.wanted = 0
            self.torn()
        if self.open and after <= self.end:
            return self.end - after
        since: cython.longlong = self.end if self.open else segment.first - len(self.header)
        if self.open:
            self._passed(segment.packet, segment.time)
        if not self.adrift:
            self.lose(since)
        return 0

    def _passed(self, packet: cython.longlong, time: cython.longlong) -> None:
        """The end of the running record is among bytes that were not seen."""
        self.open = 0
        record = self.last
        if record is None:
            return
        record.last_packet = packet
        record.last_time = time
        record.complete = 1
        if record.kind != ALERT:
            self.over(record)

    def sealed_body(self) -> bytes | None:
        """What there is of the body of a protected record, None = it is not wanted, or has a hole."""
        return None

    def begun(self) -> Record | None:
        """The newest record, with offsets of this stream."""
        return self.last

    def alerted(self, record: Record, plain: bytes) -> None:
        """An alert that keys have opened."""

    def found(self, segment: Segment) -> cython.bint:
        """Whether a record begins with these bytes: of random ones, one segment in ten million looks so.

        Records of a short message begin with a segment, and so do most first records of a long one.
        """
        data: bytes = segment.data
        at: cython.Py_ssize_t = segment.at
        if segment.end - at < HEADER or data[at] < CCS or data[at] > HEARTBEAT or data[at + 1] != 3:
            return False
        length: cython.int = (data[at + 3] << 8) | data[at + 4]
        if data[at + 2] > 4 or length == 0 or length > MAX_LENGTH:
            return False
        self.adrift = 0
        if self.index == SERVER:
            self.tls.server_blind_to = self.far(segment.first)
        else:
            self.tls.client_blind_to = self.far(segment.first)
        return True

    def torn(self) -> None:
        """A wanted body has a hole."""

    def lose(self, since: cython.longlong) -> None:
        """The boundaries behind this offset are unknown."""
        tls = self.tls
        self.adrift = 1
        self.header = b""
        tls.lost |= 1 << self.index
        if self.index == SERVER:
            tls.server_blind_to = NEVER
            if tls.server_blind_from < 0:
                tls.server_blind_from = self.far(since)
        else:
            tls.client_blind_to = NEVER
            if tls.client_blind_from < 0:
                tls.client_blind_from = self.far(since)

    def _running(self, segment: Segment, at: cython.Py_ssize_t, left: cython.longlong) -> cython.Py_ssize_t:
        """The record goes on behind this segment; `left` bytes of it are not read yet."""
        record = self.last
        if record is not None and at < segment.end:
            record.last_packet = segment.packet
            record.last_time = segment.time
        if not self.wanted:
            return left - (segment.end - at)
        if at < segment.end:
            self.body(segment, at, segment.end, self.end - left)
        return 0

    def _finish(self, segment: Segment, at: cython.Py_ssize_t, end: cython.Py_ssize_t, base: cython.longlong) -> None:
        """The record ends in this segment, before data[end]."""
        self.open = 0
        record = self.last
        if record is None:
            return
        record.last_packet = segment.packet
        record.last_time = segment.time
        record.complete = 1
        if self.wanted and end > at:
            self.body(segment, at, end, base + at)
        self.over(record)

    def _begin(
        self,
        kind: cython.int,
        length: cython.int,
        start: cython.longlong,
        packet: cython.longlong,
        time: cython.longlong,
        ack: cython.longlong,
    ) -> None:
        record: Record
        behind: cython.longlong = self.count - MAX_RECORDS
        self.count += 1
        if behind >= LATE_RECORDS:
            record = self.late[behind % LATE_RECORDS]
        else:
            record = Record.__new__(Record)
            (self.records if behind < 0 else self.late).append(record)
        record.restart(kind, length, self.far(start))
        record.packet = record.last_packet = packet
        record.time = record.last_time = time
        record.ack = ack
        self.end = start + HEADER + length
        self.open = 1
        self.prior = self.last
        self.last = record
        tls = self.tls
        if self.index == SERVER:
            tls.server_count = self.count
            tls.server_prior = self.prior
            tls.server_last = record
        else:
            tls.client_count = self.count
            tls.client_prior = self.prior
            tls.client_last = record
        self.wanted = self.wants(kind, length) if kind != APPLICATION_DATA or self.keyed else 0
        if self.log is not None:
            self.log.add("record", self.index, packet, time, start, HEADER + length, self.wanted)

    def _header(self, segment: Segment, at: cython.Py_ssize_t, base: cython.longlong) -> cython.Py_ssize_t:
        """A header in pieces: returns where its last byte ends, or the segment when some are missing."""
        have: cython.Py_ssize_t = len(self.header)
        take: cython.Py_ssize_t = min(HEADER - have, segment.end - at)
        if have == 0:
            self.header_packet = segment.packet
            self.header_time = segment.time
            self.header_ack = segment.acknowledged
        self.header += segment.data[at : at + take]
        header: bytes = self.header
        length: cython.int = 0 if len(header) < HEADER else (header[3] << 8) | header[4]
        wrong: cython.bint = header[0] < CCS or header[0] > HEARTBEAT or length > MAX_LENGTH
        if wrong or (len(header) > 1 and header[1] != 3):
            self.header = b""
            rest = segment.data[at + take : min(segment.end, at + MAX_REPLY)]
            self._bad(header + rest, segment.first, self.header_packet, self.header_time)
            return segment.end
        if len(header) == HEADER:
            self.header = b""
            self.version = 0x0300 | header[2]
            start: cython.longlong = base + at + take - HEADER
            self._begin(header[0], length, start, self.header_packet, self.header_time, self.header_ack)
        return at + take

    def _bad(
        self, first: bytes, offset: cython.longlong, packet: cython.longlong, time: cython.longlong
    ) -> cython.Py_ssize_t:
        """No record header: the server's reply when nothing preceded it, else the end of the walk."""
        if self.count or self.index != SERVER:
            if not self.tls.malformed:
                self.tls.malformed = "record header"
            return self.give_up(offset)
        self.replying = 1
        self.tls.reply_packet = packet
        self.tls.reply_time = time
        return self.reply(first)

    def give_up(self, offset: cython.longlong) -> cython.Py_ssize_t:
        """What follows are no records."""
        self.dead = 1
        self.lose(offset)
        return NEVER

    def reply(self, data: bytes) -> cython.Py_ssize_t:
        """Collect the first bytes of an answer that is no TLS."""
        self.tls.reply = (self.tls.reply + data[:MAX_REPLY])[:MAX_REPLY]
        return NEVER if len(self.tls.reply) >= MAX_REPLY else 0

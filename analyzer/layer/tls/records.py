"""Walks the TLS records of one side over any segmentation (RFC 8446 5.1), touching headers only where it can.

Where bytes were lost or cut across a record's header, the boundaries behind them are unknown until a segment begins
with a record.
"""

from __future__ import annotations

import cython

from analyzer.frame.octets import cut
from analyzer.layer.tls.registry import ALERT, APPLICATION_DATA, CCS, HEARTBEAT, MAX_LENGTH
from analyzer.model.connection import NEVER, SERVER, Side
from analyzer.model.tls import LATE_RECORDS, MAX_RECORDS, Record, Tls

HEADER = 5
MAX_REPLY = 64


class RecordWalk:
    """The records of one side. A subclass says which bodies it wants (`wants`) and gets them (`body`, `complete`).

    last      the newest record; open 1 = its end was not reached; prior: the one before it
    header    bytes of a header that is still incomplete
    version   of the newest record, as its header says
    late      the newest records behind the first ones, a ring
    dead      1 = no boundaries any more: the rest of the stream is skipped
    adrift    1 = boundaries are unknown until a segment begins with a record (bytes were lost or cut)
    replying  1 = the server's first bytes were no TLS record, they are collected in `tls.reply`
    """

    def begin(self, tls: Tls, index: cython.int) -> None:
        """Nothing was said yet."""
        self.tls = tls
        self.index = index
        self.records: list[Record] = tls.server_records if index == SERVER else tls.client_records
        self.late: list[Record] = tls.server_late if index == SERVER else tls.client_late
        self.count = self.version = 0
        self.last: Record | None = None
        self.prior: Record | None = None
        self.end = 0
        self.open = self.wanted = self.dead = self.adrift = self.replying = 0
        self.header = b""
        self.header_packet = self.header_time = 0
        self.header_ack = -1

    def wants(self, kind: cython.int, length: cython.int) -> cython.bint:
        """Whether the body of the record that begins now is to be read."""
        return False

    def body(
        self,
        data: bytes,
        at: cython.Py_ssize_t,
        end: cython.Py_ssize_t,
        offset: cython.longlong,
        packet: cython.longlong,
        time: cython.longlong,
    ) -> None:
        """A piece of a wanted body, data[at:end], from stream offset `offset` on."""

    def complete(self, record: Record) -> None:
        """The last byte of the record was seen or passed over."""

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
        """Bytes data[at:end] from `side.next` on. One loop, no method a state: it runs once a record of every stream.

        base: the stream offset that data[0] would have.
        """
        left: cython.longlong
        length: cython.int
        base: cython.longlong = side.next - at
        if self.replying:
            self.reply(side, cut(data, at, end))
            return
        if self.adrift and not self.found(side, data, at, end):
            return
        while not self.dead:
            if self.open:
                left = self.end - base - at
                if left < 0:
                    self.give_up(side)
                    break
                if left > end - at:
                    self._running(side, data, at, end, left, packet, time)
                    return
                self._finish(data, at, at + left, base, packet, time)
                at += left
                continue
            if at == end:
                return
            if self.header or end - at < HEADER:
                at = self._header(side, data, at, end, base, packet, time, ack)
                continue
            length = (data[at + 3] << 8) | data[at + 4]
            if data[at] < CCS or data[at] > HEARTBEAT or data[at + 1] != 3 or length > MAX_LENGTH:
                self._bad(side, cut(data, at, min(end, at + MAX_REPLY)), packet, time)
                return
            self.version = 0x0300 | data[at + 2]
            self._begin(data[at], length, base + at, packet, time, ack)
            at += HEADER
        side.skip = NEVER

    def gap(self, side: Side, length: cython.longlong, packet: cython.longlong, time: cython.longlong) -> None:
        """Bytes that will never be seen: harmless inside a body; across a header they hide the boundaries behind it."""
        after: cython.longlong = side.next + length
        if self.dead or self.replying:
            side.skip = NEVER
            return
        if self.wanted:
            self.tls.hole = 1
            self.wanted = 0
            self.torn()
        if self.open and after <= self.end:
            side.skip = self.end - after
            return
        if not self.adrift:
            self.lose(self.end if self.open else side.next - len(self.header))
        if self.open:
            self._passed(packet, time)
        side.skip = 0

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
            self.complete(record)

    def found(self, side: Side, data: bytes, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.bint:
        """Whether a record begins with these bytes: of random ones, one segment in ten million looks so.

        Records of a short message begin with a segment, and so do most first records of a long one.
        """
        if end - at < HEADER or data[at] < CCS or data[at] > HEARTBEAT or data[at + 1] != 3 or data[at + 2] > 4:
            return False
        length: cython.int = (data[at + 3] << 8) | data[at + 4]
        if length == 0 or length > MAX_LENGTH:
            return False
        self.adrift = 0
        if self.index == SERVER:
            self.tls.server_blind_to = side.next
        else:
            self.tls.client_blind_to = side.next
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
                tls.server_blind_from = since
        else:
            tls.client_blind_to = NEVER
            if tls.client_blind_from < 0:
                tls.client_blind_from = since

    def _running(
        self,
        side: Side,
        data: bytes,
        at: cython.Py_ssize_t,
        end: cython.Py_ssize_t,
        left: cython.longlong,
        packet: cython.longlong,
        time: cython.longlong,
    ) -> None:
        record = self.last
        if record is not None and at < end:
            record.last_packet = packet
            record.last_time = time
        if not self.wanted:
            side.skip = left - (end - at)
        elif at < end:
            self.body(data, at, end, self.end - left, packet, time)

    def _finish(
        self,
        data: bytes,
        at: cython.Py_ssize_t,
        end: cython.Py_ssize_t,
        base: cython.longlong,
        packet: cython.longlong,
        time: cython.longlong,
    ) -> None:
        self.open = 0
        record = self.last
        if record is None:
            return
        record.last_packet = packet
        record.last_time = time
        record.complete = 1
        if self.wanted and end > at:
            self.body(data, at, end, base + at, packet, time)
        self.complete(record)

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
        record.restart(kind, length, start)
        record.packet = record.last_packet = packet
        record.time = record.last_time = time
        record.ack = ack
        self.end = record.end
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
        self.wanted = 1 if kind != APPLICATION_DATA and self.wants(kind, length) else 0

    def _header(
        self,
        side: Side,
        data: bytes,
        at: cython.Py_ssize_t,
        end: cython.Py_ssize_t,
        base: cython.longlong,
        packet: cython.longlong,
        time: cython.longlong,
        ack: cython.longlong,
    ) -> cython.Py_ssize_t:
        """A header in pieces: returns where its last byte ends, or `end` when bytes are still missing."""
        have: cython.Py_ssize_t = len(self.header)
        take: cython.Py_ssize_t = min(HEADER - have, end - at)
        if have == 0:
            self.header_packet = packet
            self.header_time = time
            self.header_ack = ack
        self.header += data[at : at + take]
        header: bytes = self.header
        length: cython.int = 0 if len(header) < HEADER else (header[3] << 8) | header[4]
        wrong: cython.bint = header[0] < CCS or header[0] > HEARTBEAT or length > MAX_LENGTH
        if wrong or (len(header) > 1 and header[1] != 3):
            self.header = b""
            rest = data[at + take : min(end, at + MAX_REPLY)]
            self._bad(side, header + rest, self.header_packet, self.header_time)
            return end
        if len(header) == HEADER:
            self.header = b""
            self.version = 0x0300 | header[2]
            start: cython.longlong = base + at + take - HEADER
            self._begin(header[0], length, start, self.header_packet, self.header_time, self.header_ack)
        return at + take

    def _bad(self, side: Side, first: bytes, packet: cython.longlong, time: cython.longlong) -> None:
        """No record header: the server's reply when nothing preceded it, else the end of the walk."""
        if self.count or self.index != SERVER:
            if not self.tls.malformed:
                self.tls.malformed = "record header"
            self.give_up(side)
            return
        self.replying = 1
        self.tls.reply_packet = packet
        self.tls.reply_time = time
        self.reply(side, first)

    def give_up(self, side: Side) -> None:
        """What follows are no records."""
        self.dead = 1
        self.lose(side.next)
        side.skip = NEVER

    def reply(self, side: Side, data: bytes) -> None:
        """Collect the first bytes of an answer that is no TLS."""
        self.tls.reply = (self.tls.reply + data[:MAX_REPLY])[:MAX_REPLY]
        if len(self.tls.reply) >= MAX_REPLY:
            side.skip = NEVER

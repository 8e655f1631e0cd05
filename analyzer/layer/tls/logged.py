# not compiled: only for who wants to tell it again
"""Logs the messages of a handshake in plain sight, also those that are of no use to a verdict."""

from __future__ import annotations

from analyzer.layer.layer import Segment
from analyzer.model.log import Log
from analyzer.model.tls import Record

HEADER = 4


class MessageLog:
    """Where the messages of one side begin.

    begun    the header of a message that is not all there yet, begun_at: where it begins
    beyond   bytes of the message before it that are still to come
    reached  offset up to which bodies were read, end: where the record ends that it is in
    """

    def __init__(self, log: Log, index: int) -> None:
        self.log = log
        self.index = index
        self.begun = b""
        self.begun_at = self.beyond = self.reached = self.end = 0

    def body(self, record: Record, segment: Segment, at: int, stop: int, offset: int) -> None:
        """The bytes data[at:stop] of a segment are in this record, from stream offset `offset` on."""
        if record.end != self.end and self.reached < self.end:  # the rest of the record before was not captured
            self.beyond = max(0, self.beyond - (self.end - self.reached))
            self.begun = b""
        self.end, self.reached = record.end, offset + stop - at
        while at < stop:
            if not self.begun:
                self.begun_at = offset
            step = min(self.beyond or HEADER - len(self.begun), stop - at)
            if self.beyond:
                self.beyond -= step
            else:
                self.begun += segment.data[at : at + step]
            if len(self.begun) == HEADER:
                kind, self.beyond = self.begun[0], int.from_bytes(self.begun[1:])
                self.begun = b""
                size = HEADER + self.beyond
                self.log.add("handshake", self.index, segment.packet, segment.time, self.begun_at, size, kind)
            at += step
            offset += step

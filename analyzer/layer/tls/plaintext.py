"""One direction of what TLS carries, and how much of a record it is."""

from __future__ import annotations

from analyzer.layer.tls.registry import TLS13
from analyzer.model.connection import Inner, Side
from analyzer.model.tls import Tls


class Half:
    """One direction.

    stream    the plaintext; overhead: bytes of a record that are none of it, -1 = not known, or not always the same
    message   a handshake message that is not whole
    over      1 = nothing is read inside any more
    passing   1 = the record that began last is passed over
    unopened  1 = a record could not be opened that may carry something, and none behind it was
    adrift    offset from which record boundaries were lost, -1 = they are known; number: of the record expected there;
              told: whether the session knows how far that is
    """

    def __init__(self, index: int) -> None:
        self.stream = Inner(index)
        self.message = bytearray()
        self.overhead = -1
        self.over = self.passing = self.unopened = False
        self.adrift = self.number = -1
        self.told = False

    def mirror(self, side: Side) -> None:
        """Take over what is known of a side's bytes, whatever they carry."""
        stream = self.stream
        stream.end, stream.sent, stream.acked = side.end, side.sent, side.acked
        stream.ack_packet, stream.ack_time = side.ack_packet, side.ack_time
        stream.last_data_packet, stream.last_data_time = side.last_data_packet, side.last_data_time


def overhead(tls: Tls) -> int:
    """Bytes of a record that are no plaintext, -1 = they differ from record to record (padding of CBC)."""
    from analyzer.keys.suites import CBC, CHACHA, suite_of

    suite = suite_of(tls.version, tls.cipher)
    if suite is None or suite.cipher == CBC:
        return -1
    if tls.version >= TLS13:
        return suite.tag + 1
    return suite.tag if suite.cipher == CHACHA else suite.tag + 8

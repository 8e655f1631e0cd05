"""Where the decoder stands inside a frame; every layer moves it past its own header."""

from __future__ import annotations

import cython

from analyzer.frame.octets import cut

NO_LIMIT = 1 << 62


class Cursor:
    """The next header to read, and what the headers before it said.

    data        the buffer; at: start of the next header; end: end of the bytes present
    wire_end    where the frame (after IP: the datagram) ended on the wire, as an offset of `data`; end <= wire_end
                unless a length field was missing
    limit       where a header around it ends the datagram, whatever its own IP header says; NO_LIMIT = nowhere
    kind        what is at `at`: an EtherType, 0 = nothing that could lead to TCP
    protocol    after IP: the protocol number of what is at `at`
    addresses   after IP: start of source + destination address (2 x 4 or 2 x 16 bytes)
    fragment    1 = IP says this is a part of a datagram: fragment_at bytes into it, `more` 1 = not the last
    outer       start of the UDP header of the tunnel that was entered last, 0 = none; outer_addresses, outer_version,
                outer_end: what the IP header before it said
    interface   interface index that a link layer carries (Linux cooked v2), 0 = none
    """

    def __init__(self) -> None:
        self.data = b""
        self.at = self.end = self.addresses = 0
        self.wire_end = self.fragment_id = 0
        self.limit = NO_LIMIT
        self.kind = self.protocol = self.version = self.ttl = self.ip_id = self.interface = 0
        self.outer = self.outer_addresses = self.outer_version = self.outer_end = 0
        self.fragment = self.fragment_at = self.more = 0

    def open(self, data: bytes, at: cython.Py_ssize_t, end: cython.Py_ssize_t, wire_end: cython.longlong) -> None:
        """Start over on another buffer; the link layer's facts are kept."""
        self.data = data
        self.at = at
        self.end = end
        self.wire_end = wire_end
        self.limit = NO_LIMIT
        self.outer = 0

    def wrap(self, udp: cython.Py_ssize_t) -> cython.bint:
        """A tunnel was entered whose UDP header stands at `udp`."""
        self.outer = udp
        self.outer_addresses = self.addresses
        self.outer_version = self.version
        self.outer_end = self.end
        return True

    def bound(self, stop: cython.longlong) -> None:
        """A length field says that nothing from offset `stop` on belongs to what follows."""
        if stop < self.limit:
            self.limit = stop
        if self.wire_end > stop:
            self.wire_end = stop
        if self.end > stop:
            self.end = stop

    def ports_key(self) -> bytes:
        """Addresses + ports, a single slice where possible. Four bytes must be present at `at`."""
        data: bytes = self.data
        addresses: cython.Py_ssize_t = self.addresses
        at: cython.Py_ssize_t = self.at
        size: cython.Py_ssize_t = 8 if self.version == 4 else 32
        if addresses + size == at:
            return cut(data, addresses, at + 4)
        return data[addresses : addresses + size] + data[at : at + 4]

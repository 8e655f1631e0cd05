"""ICMP errors: which TCP packet or DNS question they quote (RFC 792, RFC 4443)."""

from __future__ import annotations

import cython

if not cython.compiled:
    from analyzer.capture.numbers import u32

from analyzer.frame.cursor import Cursor
from analyzer.frame.ip import Ip
from analyzer.frame.packet import DNS_PORT
from analyzer.model.connection import IcmpError

TCP = 6
UDP = 17
TOO_BIG = 2
FRAGMENTATION_NEEDED = 4


@cython.cfunc
@cython.inline
@cython.exceptval(-1, check=False)
def is_error(version: cython.int, kind: cython.int) -> cython.bint:
    """Unreachable and time exceeded; for IPv6 too big as well. Source quench and parameter problem blame no path."""
    if version == 4:
        return kind == 3 or kind == 11
    return kind == 1 or kind == 2 or kind == 3


class Icmp:
    """Reads ICMP and ICMPv6 errors that quote a TCP packet or a DNS question."""

    def __init__(self) -> None:
        self.ip = Ip()
        self.quote = Cursor()

    def read(self, cursor: Cursor) -> IcmpError | None:
        """The error at the cursor, with the quoted packet's key and sequence number; None if it is anything else.

        RFC 792 promises the quoted IP header and eight bytes: ports and sequence number, no more. Of a DNS question the
        id is needed too, which follows; routers quote it since RFC 1812 4.3.2.3.
        """
        data: bytes = cursor.data
        at: cython.Py_ssize_t = cursor.at
        if cursor.end - at < 8 or not is_error(cursor.version, data[at]):
            return None
        quote: Cursor = self.quote
        quote.open(data, at + 8, cursor.end, cursor.wire_end)
        if not self.ip.read(quote) or quote.version != cursor.version:
            return None
        if quote.protocol != TCP and not self.quotes_dns(quote):
            return None
        if quote.end - quote.at < 8 or (quote.fragment and quote.fragment_at):
            return None
        size: cython.Py_ssize_t = 4 if cursor.version == 4 else 16
        error: IcmpError = IcmpError(
            cursor.version, data[at], data[at + 1], data[cursor.addresses : cursor.addresses + size]
        )
        error.key = quote.ports_key()
        if quote.protocol == UDP:
            error.udp = 1
            if quote.end - quote.at >= 10:
                error.seq = data[quote.at + 8] << 8 | data[quote.at + 9]
        else:
            error.seq = u32(data, quote.at + 4)
        if cursor.version == 4 and error.kind == 3 and error.code == FRAGMENTATION_NEEDED:
            error.mtu = u32(data, at + 4) & 0xFFFF  # RFC 1191 4: the low half of the word
        elif cursor.version == 6 and error.kind == TOO_BIG:
            error.mtu = u32(data, at + 4)
        return error

    def quotes_dns(self, quote: Cursor) -> cython.bint:
        """A UDP header to port 53, and the message's id behind it; or one from there: the client refuses an answer."""
        at: cython.Py_ssize_t = quote.at
        if quote.protocol != UDP or quote.end - at < 8:
            return False
        to_resolver: cython.bint = quote.data[at + 2] == 0 and quote.data[at + 3] == DNS_PORT
        if to_resolver:
            return quote.end - at >= 10
        return quote.data[at] == 0 and quote.data[at + 1] == DNS_PORT

"""Tunnels over IP and UDP: each method moves the cursor to the header inside and sets `kind` to its EtherType."""

from __future__ import annotations

import cython

if not cython.compiled:
    from analyzer.capture.numbers import u16

from analyzer.wire.decode.cursor import Cursor

IPV4 = 0x0800
IPV6 = 0x86DD
MPLS = 0x8847
BRIDGED = 0x6558
PPP = 0x880B
ERSPAN = 0x88BE
ERSPAN3 = 0x22EB

VXLAN_PORT = 4789
OLD_VXLAN_PORT = 8472
"""What Linux used before IANA assigned 4789, still the default of flannel and others."""
GENEVE_PORT = 6081
GPE_IPV4 = 1
GPE_IPV6 = 2
GPE_ETHERNET = 3


class Tunnel:
    """What an IP or UDP header may carry instead of a transport or application protocol."""

    def enter(self, cursor: Cursor) -> cython.bint:
        """Move past what `cursor.protocol` announces; -> False if that is no tunnel."""
        protocol: cython.int = cursor.protocol
        if protocol == 4:
            cursor.kind = IPV4
        elif protocol == 41:
            cursor.kind = IPV6
        elif protocol == 47:
            return self.gre(cursor)
        elif protocol == 97:  # EtherIP, RFC 3378: two bytes
            cursor.kind = BRIDGED
            cursor.at += 2
        elif protocol == 137:  # RFC 4023
            cursor.kind = MPLS
        else:
            return False
        return True

    def gre(self, cursor: Cursor) -> cython.bint:
        """GRE (RFC 2784, 2890) and its PPTP variant (RFC 2637); ERSPAN, which mirrors ports, is an Ethernet frame."""
        data: bytes = cursor.data
        at: cython.Py_ssize_t = cursor.at
        if cursor.end - at < 4:
            return False
        flags: cython.int = u16(data, at)
        kind: cython.int = u16(data, at + 2)
        at += 4
        if flags & 0x4000:  # source routing, withdrawn by RFC 2784
            return False
        at += 4 if flags & 0x8000 else 0  # checksum
        at += 4 if flags & 0x2000 else 0  # key
        at += 4 if flags & 0x1000 else 0  # sequence number
        at += 4 if flags & 0x0080 and flags & 7 == 1 else 0  # PPTP's acknowledgement number
        if kind == ERSPAN:
            at += 8 if flags & 0x1000 else 0  # type II has a header and a sequence number, type I has neither
            kind = BRIDGED
        elif kind == ERSPAN3:
            at += 12
            if at > cursor.end:
                return False
            at += 8 if data[at - 1] & 1 else 0  # its O bit: a platform specific subheader follows
            kind = BRIDGED
        cursor.at = at
        cursor.kind = kind
        return at <= cursor.end

    def over_udp(self, cursor: Cursor, port: cython.int) -> cython.bint:
        """Move past UDP and the tunnel header when the destination port is a tunnel's; else nothing is moved."""
        if port in (VXLAN_PORT, OLD_VXLAN_PORT):
            return self.vxlan(cursor)
        return port == GENEVE_PORT and self.geneve(cursor)

    def vxlan(self, cursor: Cursor) -> cython.bint:
        """VXLAN (RFC 7348): the I flag; perhaps group policy (0x80) or a next protocol (0x04)."""
        data: bytes = cursor.data
        at: cython.Py_ssize_t = cursor.at + 8
        if cursor.end - at < 8 or data[at] & 0x7B != 0x08 or data[at + 7] != 0:
            return False
        following: cython.int = data[at + 3] if data[at] & 0x04 else GPE_ETHERNET
        if following == GPE_ETHERNET:
            cursor.kind = BRIDGED
        elif following == GPE_IPV4:
            cursor.kind = IPV4
        elif following == GPE_IPV6:
            cursor.kind = IPV6
        else:
            return False
        cursor.at = at + 8
        return True

    def geneve(self, cursor: Cursor) -> cython.bint:
        """GENEVE (RFC 8926): version 0, options in units of four bytes, an EtherType."""
        data: bytes = cursor.data
        at: cython.Py_ssize_t = cursor.at + 8
        if cursor.end - at < 8 or data[at] & 0xC0:
            return False
        size: cython.int = 8 + (data[at] & 0x3F) * 4
        if cursor.end - at < size:
            return False
        cursor.kind = u16(data, at + 2)
        cursor.at = at + size
        return True

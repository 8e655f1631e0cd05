"""Tunnels over IP and UDP: each method moves the cursor to the header inside and sets `kind` to its EtherType."""

from __future__ import annotations

import cython

if not cython.compiled:
    from analyzer.capture.numbers import u16, u32

from analyzer.frame.cursor import Cursor
from analyzer.frame.ethertypes import BRIDGED, IPV4, IPV6, MPLS, PPP, SERVICE_CHAIN, SERVICE_VLAN, VLAN

ERSPAN = 0x88BE
ERSPAN3 = 0x22EB

CARRIED = (IPV4, IPV6, BRIDGED, MPLS, VLAN, SERVICE_VLAN, SERVICE_CHAIN, PPP)
"""What a port alone does not prove to be a tunnel must lead to."""

VXLAN_PORT = 4789
OLD_VXLAN_PORT = 8472
"""What Linux used before IANA assigned 4789, still the default of flannel and others."""
GENEVE_PORT = 6081
GTP_PORT = 2152
"""GTP-U, the user plane of mobile networks (3GPP TS 29.281 4.4.2)."""
L2TP_PORT = 1701
GRE_PORT = 4754
"""RFC 8086; 4755 is the same inside DTLS."""
MPLS_PORT = 6635
"""RFC 7510."""
GPE_IPV4 = 1
GPE_IPV6 = 2
GPE_ETHERNET = 3
GPE_SERVICE_CHAIN = 4
VXLAN_PLAIN = 0x08000000
VXLAN_GPE = 0x0C000000
"""The first word of a header that has an identifier, and no more, or a next protocol in its last byte."""

GTP_DATA = 0xFF
"""Message type G-PDU (3GPP TS 29.281 6.1)."""
MAX_EXTENSIONS = 8
"""GTP-U extension headers read before giving up; five types are defined (3GPP TS 29.281 5.2.1)."""
L2TP_COOKIES = (0, 4, 8, 12)
"""Bytes between an L2TPv3 session id and the frame: cookie (none, 4, 8) and perhaps a sublayer (RFC 3931 4.1, 4.6)."""
SHORTEST_FRAME = 46
"""Payload bytes that Ethernet pads to (IEEE 802.3 3.2.7), and the 4 of a check sequence."""
CHECK_SEQUENCE = 4


NAMES = ("IP", "GRE", "VXLAN", "GENEVE", "GTP-U", "L2TP", "MPLS over UDP")
IN_GRE = 1
IN_VXLAN = 2
IN_GENEVE = 3
IN_GTP = 4
IN_L2TP = 5
IN_MPLS = 6
"""Places in NAMES."""


@cython.cfunc
@cython.exceptval(-1)
def plausible_ip(cursor: Cursor, at: cython.Py_ssize_t, stop: cython.longlong) -> cython.bint:
    """Whether the bytes from `at` to `stop`, padding apart, are an IP packet by its version and lengths."""
    data: bytes = cursor.data
    size: cython.longlong
    if cursor.end - at < 20:
        return False
    if data[at] >> 4 == 4:
        size = u16(data, at + 2)
        if data[at] & 0x0F < 5 or size < 20:
            return False
    elif data[at] >> 4 == 6:
        size = 40 + u16(data, at + 4)
    else:
        return False
    left: cython.longlong = stop - at - size
    return left == 0 or left == CHECK_SEQUENCE or (left > 0 and stop - at <= SHORTEST_FRAME + CHECK_SEQUENCE)


@cython.cfunc
@cython.exceptval(-1)
def plausible_frame(cursor: Cursor, at: cython.Py_ssize_t, stop: cython.longlong) -> cython.bint:
    """Whether an Ethernet frame with an IP packet is there, perhaps behind VLAN tags."""
    data: bytes = cursor.data
    at += 12
    while cursor.end - at >= 22:
        kind: cython.int = u16(data, at)
        if kind == IPV4:
            return data[at + 2] >> 4 == 4 and plausible_ip(cursor, at + 2, stop)
        if kind == IPV6:
            return data[at + 2] >> 4 == 6 and plausible_ip(cursor, at + 2, stop)
        if kind != VLAN and kind != SERVICE_VLAN:
            return False
        at += 4
    return False


class Tunnel:
    """What an IP or UDP header may carry instead of a transport or application protocol.

    kinds   what was entered so far: 1 << its place in NAMES
    """

    def __init__(self) -> None:
        self.kinds = 0

    def note(self, kind: cython.int) -> cython.bint:
        """A tunnel of kind NAMES[kind] is entered. Always True, for the caller to return."""
        self.kinds |= 1 << kind
        return True

    def names(self) -> str:
        """`GRE and VXLAN`."""
        return " and ".join(name for kind, name in enumerate(NAMES) if self.kinds >> kind & 1)

    def enter(self, cursor: Cursor) -> cython.bint:
        """Move past what `cursor.protocol` announces; -> False if that is no tunnel."""
        kind: cython.int = 0
        protocol: cython.int = cursor.protocol
        if protocol == 4:
            cursor.kind = IPV4
        elif protocol == 41:
            cursor.kind = IPV6
        elif protocol == 47:
            kind = IN_GRE
            if not self.gre(cursor):
                return False
        elif protocol == 97:  # EtherIP, RFC 3378: two bytes
            cursor.kind = BRIDGED
            cursor.at += 2
        elif protocol == 143:  # RFC 8986 4.9, Ethernet behind segment routing
            cursor.kind = BRIDGED
        elif protocol == 137:  # RFC 4023
            cursor.kind = MPLS
        elif protocol == 115:
            kind = IN_L2TP
            if not self.l2tp3(cursor, cursor.at):
                return False
        else:
            return False
        return self.note(kind)

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
            bare: cython.bint = data[at - 2] & 0x7C == 0x08  # its FT field: 2 is an IP packet, 0 an Ethernet frame
            at += 8 if data[at - 1] & 1 else 0  # its O bit: a platform specific subheader follows
            kind = BRIDGED
            if bare and at < cursor.end:
                kind = IPV4 if data[at] >> 4 == 4 else IPV6
        cursor.at = at
        cursor.kind = kind
        return at <= cursor.end

    def over_udp(self, cursor: Cursor) -> cython.bint:
        """Move past UDP and a tunnel header: the port tells which, or what VXLAN looks like; else nothing is moved."""
        data: bytes = cursor.data
        at: cython.Py_ssize_t = cursor.at
        port: cython.int = u16(data, at + 2)
        if port in (VXLAN_PORT, OLD_VXLAN_PORT):
            return self.vxlan(cursor) and self.note(IN_VXLAN)
        if port == GENEVE_PORT:
            return self.geneve(cursor) and self.note(IN_GENEVE)
        if port == GTP_PORT:
            return self.gtp(cursor) and self.note(IN_GTP)
        if port == L2TP_PORT or u16(data, at) == L2TP_PORT:  # its other port may be any
            return self.l2tp(cursor) and self.note(IN_L2TP)
        if port == GRE_PORT:
            return self.inside_udp(cursor) and self.note(IN_GRE)
        if port == MPLS_PORT:
            cursor.kind = MPLS
            cursor.at = at + 8
            return self.note(IN_MPLS)
        return self.vxlan_elsewhere(cursor) and self.note(IN_VXLAN)

    def inside_udp(self, cursor: Cursor) -> cython.bint:
        """GRE behind a UDP header."""
        at: cython.Py_ssize_t = cursor.at
        cursor.at = at + 8
        if self.gre(cursor) and cursor.kind in CARRIED:
            return True
        cursor.at = at
        return False

    def vxlan_elsewhere(self, cursor: Cursor) -> cython.bint:
        """VXLAN on a port that somebody configured: its first word, an empty byte, and what it leads to tell."""
        data: bytes = cursor.data
        at: cython.Py_ssize_t = cursor.at + 8
        if cursor.end - at < 8 + 34:
            return False
        first: cython.longlong = u32(data, at) & 0xFFFFFFFF
        if first == VXLAN_PLAIN or first & 0xFFFFFFFC == VXLAN_GPE:
            return data[at + 7] == 0 and self.plausible_vxlan(cursor, at)
        return False

    def plausible_vxlan(self, cursor: Cursor, at: cython.Py_ssize_t) -> cython.bint:
        """Follow the header at `at` when an IP header of the right length is where it says."""
        following: cython.int = cursor.data[at + 3] or GPE_ETHERNET
        stop: cython.longlong = min(cursor.at + u16(cursor.data, cursor.at + 4), cursor.wire_end)
        if following == GPE_ETHERNET:
            return plausible_frame(cursor, at + 8, stop) and self.vxlan(cursor)
        return plausible_ip(cursor, at + 8, stop) and self.vxlan(cursor)

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
        elif following == GPE_SERVICE_CHAIN:
            cursor.kind = SERVICE_CHAIN
        else:
            return False
        cursor.at = at + 8
        return True

    def gtp(self, cursor: Cursor) -> cython.bint:
        """GTP-U (3GPP TS 29.281 5): version 1, a user's packet, perhaps with extension headers before it."""
        data: bytes = cursor.data
        at: cython.Py_ssize_t = cursor.at + 8
        if cursor.end - at < 9 or data[at] & 0xF0 != 0x30 or data[at + 1] != GTP_DATA:
            return False
        optional: cython.bint = data[at] & 0x07 != 0
        stop: cython.longlong = at + 8 + u16(data, at + 2)
        at += 8
        if optional:
            at = self.gtp_extensions(cursor, at + 4)
            if at == 0:
                return False
        if at >= cursor.end:
            return False
        if self.bare(cursor, at, min(stop, cursor.wire_end)):
            return True
        cursor.kind = IPV4 if data[at] >> 4 == 4 else IPV6  # the length does not fit: a carrier's offload, perhaps
        cursor.at = at
        return data[at] >> 4 == 4 or data[at] >> 4 == 6

    def gtp_extensions(self, cursor: Cursor, at: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Where the packet begins behind the optional part, which ends at `at`; 0 = nowhere."""
        data: bytes = cursor.data
        count: cython.int = 0
        if at > cursor.end:
            return 0
        while data[at - 1] != 0:  # the type of the next one, the last byte of each; its first byte is its size in words
            count += 1
            if count > MAX_EXTENSIONS or at >= cursor.end or data[at] == 0:
                return 0
            at += data[at] * 4
            if at > cursor.end:
                return 0
        return at

    def bare(self, cursor: Cursor, at: cython.Py_ssize_t, stop: cython.longlong) -> cython.bint:
        """What is at `at` is not named: IP by its first nibble and length, or an Ethernet frame that holds IP."""
        if plausible_ip(cursor, at, stop):
            cursor.kind = IPV4 if cursor.data[at] >> 4 == 4 else IPV6
        elif plausible_frame(cursor, at, stop):
            cursor.kind = BRIDGED
        else:
            return False
        cursor.at = at
        return True

    def l2tp(self, cursor: Cursor) -> cython.bint:
        """L2TP over UDP: data of version 2 (RFC 2661 3.1) is PPP, of version 3 (RFC 3931 4.1.2.1) mostly Ethernet."""
        data: bytes = cursor.data
        at: cython.Py_ssize_t = cursor.at + 8
        if cursor.end - at < 8:
            return False
        flags: cython.int = u16(data, at)
        if flags & 0x8000:  # control
            return False
        if flags & 0x000F == 3:
            return self.l2tp3(cursor, at + 4)
        if flags & 0x000F != 2:
            return False
        start: cython.Py_ssize_t = at
        at += 8 if flags & 0x4000 else 6  # length, tunnel, session
        at += 4 if flags & 0x0800 else 0  # sequence numbers
        if flags & 0x0200 and cursor.end - at >= 2:  # padding, and its size before it
            at += 2 + u16(data, at)
        if cursor.end - at < 4:
            return False
        if flags & 0x4000:
            cursor.bound(start + u16(data, start + 2))
        cursor.kind = PPP
        cursor.at = at
        return True

    def l2tp3(self, cursor: Cursor, at: cython.Py_ssize_t) -> cython.bint:
        """L2TPv3 from its session id on, 0 = control: how much stands before the frame was agreed on elsewhere."""
        data: bytes = cursor.data
        size: cython.int
        if cursor.end - at < 24 or u32(data, at) == 0:
            return False
        for size in L2TP_COOKIES:  # noqa: SIM110  (Cython makes no closures in C functions)
            if self.bare(cursor, at + 4 + size, cursor.wire_end):
                return True
        return False

    def geneve(self, cursor: Cursor) -> cython.bint:
        """GENEVE (RFC 8926): version 0, options in units of four bytes, an EtherType."""
        data: bytes = cursor.data
        at: cython.Py_ssize_t = cursor.at + 8
        if cursor.end - at < 8 or data[at] & 0xC0:
            return False
        size: cython.int = 8 + (data[at] & 0x3F) * 4
        if cursor.end - at < size or u16(data, at + 2) not in CARRIED:
            return False
        cursor.kind = u16(data, at + 2)
        cursor.at = at + size
        return True

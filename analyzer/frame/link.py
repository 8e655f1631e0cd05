# cython: boundscheck=False, wraparound=False
# Every header is compared with `cursor.end`, which is not beyond the buffer, before any byte of it is read.

"""Link layers and the shims between them and IP: each method moves the cursor past one header and sets `kind`.

A method returns False when the frame is too short or holds nothing that could lead to TCP.
"""

from __future__ import annotations

import cython

if not cython.compiled:
    from analyzer.capture.numbers import u16

from analyzer.frame.cursor import Cursor
from analyzer.frame.ethertypes import BRIDGED, IPV4, IPV6, MPLS, PPP, SERVICE_CHAIN, SERVICE_VLAN, VLAN
from analyzer.frame.wireless import Wireless

METADATA = 0x8909
"""Cisco MetaData: the security group of TrustSec."""
SERVICE_INSTANCE = 0x88E7
"""802.1ah I-TAG (provider backbone bridges)."""
EXTENDER = 0x893F
"""802.1BR E-TAG (bridge port extension)."""
VIRTUAL_NIC = 0x8926
"""Cisco VN-Tag, from which the E-TAG came."""
REDUNDANCY = 0x892F
"""High-availability Seamless Redundancy (IEC 62439-3)."""
MACSEC = 0x88E5
MACSEC_VERSION = 0x80
MACSEC_ENCRYPTED = 0x0C
MACSEC_CHANNEL = 0x20
"""Bits of its first byte: a version that is not zero; encrypted or changed; eight bytes of channel identifier."""
AFTER_SERVICE_CHAIN = (IPV4, IPV6, BRIDGED, SERVICE_CHAIN, MPLS)
MAX_LABELS = 16
"""MPLS labels read before giving up; real stacks have fewer than ten."""

LINUX_802_2 = 4
"""ETH_P_802_2 of Linux's if_ether.h, which is no EtherType: an LLC header follows."""

KNOWN = frozenset((0, 1, 9, 12, 14, 50, 51, 101, 104, 105, 108, 113, 119, 127, 163, 192, 228, 229, 276))
"""Link types decoded here; all others are scapy's."""


class Link:
    """Finds the network layer of a frame by its LINKTYPE_ number (https://www.tcpdump.org/linktypes.html)."""

    def __init__(self) -> None:
        self.wireless = Wireless()

    def enter(self, cursor: Cursor, link: cython.int) -> cython.bint:
        """Move past the link layer; -> False if it leads nowhere. Which numbers are known: `KNOWN`."""
        cursor.interface = cursor.kind = 0
        if link == 1:
            return self.ethernet(cursor)
        if link == 113:
            return self.cooked(cursor)
        if link == 276:
            return self.cooked2(cursor)
        if link == 0 or link == 108:
            return self.loop(cursor)
        if link == 12 or link == 14 or link == 101 or link == 228 or link == 229:
            return self.raw(cursor)
        if link == 9 or link == 50:
            return self.ppp(cursor)
        if link == 51:
            return self.pppoe(cursor)
        if link == 104:
            return self.hdlc(cursor)
        if link in (105, 119, 127, 163, 192):
            return self.radio(cursor, link)
        return False

    def radio(self, cursor: Cursor, link: cython.int) -> cython.bint:
        """802.11 with or without a radio header; a PPI header may announce any other link type."""
        if not self.wireless.enter(cursor, link):
            cursor.kind = self.wireless.hidden
            return False
        if self.wireless.inner >= 0:
            return self.enter(cursor, self.wireless.inner)
        return self.llc(cursor)

    def shim(self, cursor: Cursor) -> cython.bint:
        """Move past one header between the link layer and IP, named by `kind`."""
        kind: cython.int = cursor.kind
        if kind in (VLAN, SERVICE_VLAN, 0x9100, 0x9200):
            return self.tag(cursor, 4)
        if kind in (MPLS, 0x8848):
            return self.mpls(cursor)
        if kind == 0x8864:
            return self.pppoe(cursor)
        if kind == BRIDGED:
            return self.ethernet(cursor)
        if kind == PPP:
            return self.ppp(cursor)
        return self.fabric(cursor, kind)

    def fabric(self, cursor: Cursor, kind: cython.int) -> cython.bint:
        """The tags that switches put into frames for each other; -> False if `kind` is none."""
        at: cython.Py_ssize_t = cursor.at
        if kind == METADATA:  # version, words of options, options, EtherType
            return cursor.end - at >= 4 and self.tag(cursor, 4 + cursor.data[at + 1] * 4)
        if kind == EXTENDER:
            return self.tag(cursor, 8)
        if kind in (VIRTUAL_NIC, REDUNDANCY):
            return self.tag(cursor, 6)
        if kind == SERVICE_INSTANCE:  # flags and I-SID, then the customer's whole frame
            cursor.at = at + 4
            return self.ethernet(cursor)
        if kind == SERVICE_CHAIN:
            return self.service_chain(cursor)
        return kind == MACSEC and self.macsec(cursor)

    def service_chain(self, cursor: Cursor) -> cython.bint:
        """RFC 8300 2.2: the length in words in six bits of the second byte, the next protocol in the fourth."""
        data: bytes = cursor.data
        at: cython.Py_ssize_t = cursor.at
        if cursor.end - at < 8 or data[at + 1] & 0x3F < 2 or not 1 <= data[at + 3] <= 5:
            return False
        cursor.kind = AFTER_SERVICE_CHAIN[data[at + 3] - 1]
        cursor.at = at + (data[at + 1] & 0x3F) * 4
        return cursor.at <= cursor.end

    def macsec(self, cursor: Cursor) -> cython.bint:
        """802.1AE 9.3: without its E and C bits the frame is signed, not encrypted, and readable behind the tag."""
        data: bytes = cursor.data
        at: cython.Py_ssize_t = cursor.at
        if cursor.end - at < 8 or data[at] & (MACSEC_VERSION | MACSEC_ENCRYPTED):
            return False
        return self.tag(cursor, 16 if data[at] & MACSEC_CHANNEL else 8)

    def ethernet(self, cursor: Cursor) -> cython.bint:
        """Ethernet II, or 802.3 with LLC when the type field is a length (IEEE 802.3 3.2.6)."""
        data: bytes = cursor.data
        at: cython.Py_ssize_t = cursor.at
        if cursor.end - at < 14:
            return False
        cursor.kind = u16(data, at + 12)
        cursor.at = at + 14
        return cursor.kind > 1500 or self.llc(cursor)

    def tag(self, cursor: Cursor, size: cython.int) -> cython.bint:
        """Move past a tag of `size` bytes, 4 of 802.1Q and 802.1ad; the last two are the EtherType of what follows."""
        if cursor.end - cursor.at < size:
            return False
        cursor.at += size
        cursor.kind = u16(cursor.data, cursor.at - 2)
        return cursor.kind > 1500 or self.llc(cursor)

    def llc(self, cursor: Cursor) -> cython.bint:
        """802.2 LLC: SNAP with a zero or 802.1H organisation code (RFC 1042), or IP's own service access point."""
        data: bytes = cursor.data
        at: cython.Py_ssize_t = cursor.at
        if cursor.end - at < 8:
            return False
        if data[at] == 0x06 and data[at + 1] == 0x06 and data[at + 2] == 3:
            cursor.kind = IPV4
            cursor.at = at + 3
            return True
        if data[at] != 0xAA or data[at + 1] != 0xAA or data[at + 2] != 3 or u16(data, at + 3) != 0:
            return False
        if data[at + 5] != 0 and data[at + 5] != 0xF8:
            return False
        cursor.kind = u16(data, at + 6)
        cursor.at = at + 8
        return True

    def mpls(self, cursor: Cursor) -> cython.bint:
        """A label stack (RFC 3032). What follows is not named, so the first nibble has to tell (RFC 4928 3)."""
        data: bytes = cursor.data
        at: cython.Py_ssize_t = cursor.at
        labels: cython.int = 0
        while labels < MAX_LABELS and cursor.end - at >= 5:
            at += 4
            labels += 1
            if data[at - 2] & 1:
                return self.after_labels(cursor, at)
        return False

    def after_labels(self, cursor: Cursor, at: cython.Py_ssize_t) -> cython.bint:
        """IPv4, IPv6, or a pseudowire's Ethernet frame, with or without the control word of RFC 4385.

        A control word starts with a zero nibble, as many MAC addresses do: a known EtherType in its place decides.
        """
        data: bytes = cursor.data
        nibble: cython.int = data[at] >> 4
        cursor.at = at
        if nibble == 4:
            cursor.kind = IPV4
        elif nibble == 6:
            cursor.kind = IPV6
        else:
            cursor.kind = BRIDGED
            frame: cython.bint = cursor.end - at >= 14 and u16(data, at + 12) in (IPV4, IPV6, VLAN, SERVICE_VLAN)
            if nibble == 0 and not frame:
                cursor.at = at + 4
        return True

    def pppoe(self, cursor: Cursor) -> cython.bint:
        """A PPPoE session packet (RFC 2516 4): version and type 1, code 0; what is beyond its LENGTH is padding."""
        data: bytes = cursor.data
        at: cython.Py_ssize_t = cursor.at
        if cursor.end - at < 7 or data[at] != 0x11 or data[at + 1] != 0:
            return False
        cursor.at = at + 6
        if u16(data, at + 4):
            cursor.bound(at + 6 + u16(data, at + 4))
        return self.ppp(cursor)

    def ppp(self, cursor: Cursor) -> cython.bint:
        """PPP with or without HDLC address and control (RFC 1662 3.1), protocol field possibly compressed to a byte."""
        data: bytes = cursor.data
        at: cython.Py_ssize_t = cursor.at
        cursor.kind = PPP
        cursor.protocol = 0
        if cursor.end - at < 4:
            return False
        if (data[at] == 0xFF or data[at] == 0x0F) and (data[at + 1] == 3 or data[at + 1] == 0):
            at += 2
        protocol: cython.int = data[at]
        at += 1
        if not protocol & 1:
            protocol = protocol << 8 | data[at]
            at += 1
        cursor.at = at
        cursor.protocol = protocol  # for those who count what is not decoded
        if protocol == 0x21:
            cursor.kind = IPV4
        elif protocol == 0x57:
            cursor.kind = IPV6
        elif protocol == 0x281:
            cursor.kind = MPLS
        else:
            return False
        return True

    def cooked(self, cursor: Cursor) -> cython.bint:
        """Linux cooked capture v1: packet type, ARPHRD, address length, address, protocol."""
        data: bytes = cursor.data
        at: cython.Py_ssize_t = cursor.at
        if cursor.end - at < 16:
            return False
        cursor.kind = u16(data, at + 14)
        cursor.at = at + 16
        return cursor.kind > 1500 or (cursor.kind == LINUX_802_2 and self.llc(cursor))

    def cooked2(self, cursor: Cursor) -> cython.bint:
        """Linux cooked capture v2: protocol, interface index, ARPHRD, packet type, address length, address."""
        data: bytes = cursor.data
        at: cython.Py_ssize_t = cursor.at
        if cursor.end - at < 20:
            return False
        cursor.interface = (u16(data, at + 4) & 0x7FFF) << 16 | u16(data, at + 6)
        cursor.kind = u16(data, at)
        cursor.at = at + 20
        return cursor.kind > 1500 or (cursor.kind == LINUX_802_2 and self.llc(cursor))

    def loop(self, cursor: Cursor) -> cython.bint:
        """BSD loopback: the address family in the byte order of whoever captured, which is not always known."""
        data: bytes = cursor.data
        at: cython.Py_ssize_t = cursor.at
        if cursor.end - at < 5 or data[at + 1] != 0 or data[at + 2] != 0:
            return False
        family: cython.int = data[at] | data[at + 3]
        cursor.at = at + 4
        if family == 2:
            cursor.kind = IPV4
        elif (
            family == 10 or family == 23 or family == 24 or family == 28 or family == 30
        ):  # AF_INET6 of Linux, Windows, NetBSD and OpenBSD, FreeBSD, macOS
            cursor.kind = IPV6
        else:
            return False
        return True

    def raw(self, cursor: Cursor) -> cython.bint:
        """No link layer: the version nibble says which IP."""
        if cursor.end - cursor.at < 1:
            return False
        nibble: cython.int = cursor.data[cursor.at] >> 4
        cursor.kind = IPV4 if nibble == 4 else IPV6
        return nibble == 4 or nibble == 6

    def hdlc(self, cursor: Cursor) -> cython.bint:
        """Cisco HDLC: address, control, EtherType."""
        if cursor.end - cursor.at < 4:
            return False
        cursor.kind = u16(cursor.data, cursor.at + 2)
        cursor.at += 4
        return cursor.kind > 1500

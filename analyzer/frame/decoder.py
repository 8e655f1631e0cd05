"""One frame in, one TCP packet, ICMP error or UDP datagram out."""

from __future__ import annotations

import cython

if not cython.compiled:
    from analyzer.capture.numbers import u16, u32

from analyzer.capture.frame import Frames
from analyzer.frame.checksum import wrong_outside
from analyzer.frame.cursor import NO_LIMIT, Cursor
from analyzer.frame.fragments import Fragments
from analyzer.frame.icmp import Icmp
from analyzer.frame.ip import Ip
from analyzer.frame.link import KNOWN, Link
from analyzer.frame.packet import Packet
from analyzer.frame.rare import Rare
from analyzer.frame.tcp import Tcp
from analyzer.frame.tunnel import Tunnel
from analyzer.frame.undecoded import CUT, ESP_IN_UDP, NESTED, QUIC, Undecoded
from analyzer.model.connection import ACK, SYN, IcmpError

NOTHING = 0
TCP = 1
ICMP = 2
UDP = 3

ETHERNET = 1
"""LINKTYPE_ETHERNET."""
QUIC_PORT = 443
QUIC_VERSIONS = (1, 0x6B3343CF)
"""RFC 9000 and RFC 9369."""
IPSEC_PORT = 4500
"""ESP through a NAT (RFC 3948 2)."""
MAX_NESTING = 8
"""IP headers and tunnels inside each other; a frame with more is left undecoded."""


class Decoder:
    """Decodes the frames of one capture into a reused `Packet`.

    icmp      the error that the last frame held, valid after `decode()` returned ICMP
    note      flag word for the last packet: "" or "fragments" or "scapy-decoded", or of a SYN in a tunnel
              "outer-checksum"
    warnings  what a user should know, each kind once; complete after `finish()`
    incomplete  frames were left undecoded because nobody knows their link type
    """

    def __init__(self) -> None:
        self.icmp: IcmpError | None = None
        self.note = ""
        self.warnings: list[str] = []
        self.cursor = Cursor()
        self.link = Link()
        self.ip = Ip()
        self.tcp = Tcp()
        self.icmp_reader = Icmp()
        self.tunnel = Tunnel()
        self.fragments = Fragments()
        self.rare = Rare()
        self.undecoded: dict[int, int] = {}
        self.lost = Undecoded()
        self.incomplete = False
        self.slow: set[int] = set()
        self.quic = False

    def decode(self, frames: Frames, packet: Packet) -> cython.int:
        """Decode the current frame: NOTHING, TCP or UDP (`packet` is filled), or ICMP (`icmp` is).

        Truncated frames and garbage are NOTHING; no input raises.
        """
        cursor: Cursor = self.cursor
        data: bytes = frames.data
        start: cython.Py_ssize_t = frames.start
        end: cython.Py_ssize_t = min(start + frames.captured, len(data))
        if self.note:
            self.note = ""
        cursor.data = data  # as cursor.open does
        cursor.at = start
        cursor.end = end
        cursor.wire_end = max(start + frames.length, end)
        cursor.outer = 0
        packet.number = frames.number
        packet.time = frames.time
        packet.interface = frames.interface
        if frames.link == ETHERNET and self.plain(cursor):
            if self.tcp.read(cursor, packet):
                return TCP
            return self.unread()
        return self.layers(frames, packet)

    def layers(self, frames: Frames, packet: Packet) -> cython.int:
        """Decode a frame layer by layer."""
        cursor: Cursor = self.cursor
        cursor.limit = NO_LIMIT
        if not self.link.enter(cursor, frames.link) and not self.unknown_link(frames.link):
            self.lost.layer(cursor.kind, cursor.protocol)
            return NOTHING
        if cursor.interface:
            packet.interface = cursor.interface
        return self.walk(packet)

    # Unchecked: the first line makes sure that both headers are there.
    @cython.boundscheck(False)
    @cython.wraparound(False)
    def plain(self, cursor: Cursor) -> cython.bint:
        """Move past Ethernet II and an IPv4 header without options or fragments, all at once, to TCP.

        Most frames are such ones. Of all others -> False, and the cursor has not moved: `walk` looks at them.
        """
        data: bytes = cursor.data
        at: cython.Py_ssize_t = cursor.at + 14
        if cursor.end - at < 20 or u16(data, at - 2) != 0x0800 or data[at] != 0x45 or data[at + 9] != 6:
            return False
        total: cython.int = u16(data, at + 2)
        if total < 20 or u16(data, at + 6) & 0x3FFF:
            return False
        cursor.wire_end = at + total
        if cursor.end > at + total:
            cursor.end = at + total
        cursor.version = 4
        cursor.ip_id = u16(data, at + 4)
        cursor.ttl = data[at + 8]
        cursor.addresses = at + 12
        cursor.at = at + 20
        return True

    def finish(self) -> None:
        """Complete `warnings` with the counts known at the end of the capture."""
        self.incomplete |= bool(self.undecoded)
        for link, count in self.undecoded.items():
            self.warnings.append(f"link type {link} is unknown: {count} frames were not decoded{self.rare.hint()}")
        self.undecoded = {}
        if self.tunnel.kinds:
            names = self.tunnel.names()
            self.warnings.append(f"packets were read inside tunnels ({names}): addresses are the inner ones")
        self.warnings += self.lost.warnings()
        self.lost = Undecoded()
        incomplete = self.fragments.give_up()
        if incomplete:
            self.warnings.append(
                f"{incomplete} fragmented IP datagrams are incomplete in the capture and were not decoded"
            )

    def unknown_link(self, link: cython.int) -> cython.bint:
        """Let scapy find the IP header in a frame of a rare link type; -> False if there is none."""
        if link in KNOWN:
            return False
        if not self.rare.knows(link):
            self.undecoded[link] = self.undecoded.get(link, 0) + 1
            return False
        if link not in self.slow:
            self.slow.add(link)
            self.warnings.append(f"link type {link} is decoded by scapy, about a thousand times slower than others")
        cursor: Cursor = self.cursor
        missing: cython.longlong = cursor.wire_end - cursor.end
        packet: bytes = self.rare.dissect(link, cursor.data[cursor.at : cursor.end])
        cursor.open(packet, 0, len(packet), len(packet) + missing)
        cursor.kind = 0x0800
        self.note = "scapy-decoded"
        return len(packet) > 0

    def walk(self, packet: Packet) -> cython.int:
        """Follow shims, tunnels and IP headers down to a transport header."""
        cursor: Cursor = self.cursor
        depth: cython.int = 0
        while depth < MAX_NESTING:
            depth += 1
            if cursor.kind != 0x0800 and cursor.kind != 0x86DD:
                if not self.link.shim(cursor):
                    self.lost.layer(cursor.kind, cursor.protocol)
                    return NOTHING
                continue
            if not self.ip.read(cursor):
                return NOTHING
            if cursor.fragment:
                if not self.fragments.add(cursor, packet.time):
                    return NOTHING
                self.note = "fragments"
            elif cursor.protocol == 6:
                return self.segment(cursor, packet)
            elif not self.inside(cursor):
                return self.transport(packet)
        self.lost.count(NESTED)
        return NOTHING

    def segment(self, cursor: Cursor, packet: Packet) -> cython.int:
        """A TCP header, perhaps in a tunnel."""
        if not self.tcp.read(cursor, packet):
            return self.unread()
        if cursor.outer and packet.flags & (SYN | ACK) == SYN and wrong_outside(cursor):
            self.note = "outer-checksum"
        return TCP

    def unread(self) -> cython.int:
        """No TCP header; one that the snap length cut is counted."""
        if self.tcp.cut:
            self.lost.count(CUT)
        return NOTHING

    def inside(self, cursor: Cursor) -> cython.bint:
        """Enter a tunnel; -> False if there is none."""
        if cursor.protocol == 17:
            if cursor.end - cursor.at < 8:
                return False
            udp: cython.Py_ssize_t = cursor.at
            return self.tunnel.over_udp(cursor) and cursor.wrap(udp)
        return self.tunnel.enter(cursor)

    def transport(self, packet: Packet) -> cython.int:
        """Read what the IP header announced, TCP and tunnels apart."""
        cursor: Cursor = self.cursor
        if cursor.protocol == 17:
            return self.udp(packet)
        if (cursor.protocol == 1 and cursor.version == 4) or (cursor.protocol == 58 and cursor.version == 6):
            error: IcmpError | None = self.icmp_reader.read(cursor)
            if error is not None:
                error.number = packet.number
                error.time = packet.time
                self.icmp = error
                return ICMP
        self.lost.datagram(cursor.protocol)
        return NOTHING

    def udp(self, packet: Packet) -> cython.int:
        """UDP (RFC 768). A length of 0 is segmentation offload or a jumbogram: then IP's counts."""
        cursor: Cursor = self.cursor
        data: bytes = cursor.data
        at: cython.Py_ssize_t = cursor.at
        if cursor.end - at < 8:
            return NOTHING
        length: cython.longlong = u16(data, at + 4)
        if length == 0 or at + length > cursor.wire_end:
            length = cursor.wire_end - at
        if length < 8:
            return NOTHING
        packet.data = data
        packet.key = cursor.ports_key()
        packet.version = cursor.version
        packet.ttl = cursor.ttl
        packet.ip_id = cursor.ip_id
        packet.payload = at + 8
        packet.length = length - 8
        packet.captured = min(cursor.end, at + length) - at - 8
        if packet.captured > 8:
            self.hidden(data, at)
        return UDP

    def hidden(self, data: bytes, at: cython.Py_ssize_t) -> None:
        """Count what may carry fetches and is encrypted: QUIC, told by its long headers (RFC 9000 17.2), and IPsec."""
        source: cython.int = u16(data, at)
        target: cython.int = u16(data, at + 2)
        if source == QUIC_PORT or target == QUIC_PORT:
            if data[at + 8] & 0xC0 == 0xC0 and u32(data, at + 9) in QUIC_VERSIONS:
                self.quic = True
            if self.quic and data[at + 8] & 0x40:
                self.lost.count(QUIC)
        elif (source == IPSEC_PORT or target == IPSEC_PORT) and u32(data, at + 8):  # zero is a message of IKE
            self.lost.count(ESP_IN_UDP)

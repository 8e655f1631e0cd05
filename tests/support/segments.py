"""TCP segments in frames, taken apart and put together again: Ethernet, cooked, null and raw frames, IPv4 and IPv6."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from support.recording import Frame

FIN, SYN, RST, ACK = 1, 2, 4, 16
TCP, ICMP, ICMP6 = 6, 1, 58
SACK, STAMPS = 5, 8
LINK_HEADS = {0: 4, 1: 14, 101: 0, 113: 16, 276: 20}
VLAN_TAGS = (b"\x81\0", b"\x88\xa8")

End = tuple[bytes, int]


class Unusual(Exception):  # noqa: N818 - it says what the frame is
    """A frame that is not understood here."""


@dataclass(frozen=True)
class Segment:
    """A TCP segment; head: everything before its header; data: its payload as far as captured, of `size` bytes."""

    head: bytes
    at: int
    source: End
    target: End
    seq: int
    ack: int
    flags: int
    window: int
    urgent: bytes
    options: bytes
    data: bytes
    size: int

    def bytes(self) -> tuple[bytes, int]:
        """The frame as captured, and its length."""
        options = self.options + b"\1" * (-len(self.options) % 4)
        ports = struct.pack("!HH", self.source[1], self.target[1])
        numbers = struct.pack("!II", self.seq & 0xFFFFFFFF, self.ack & 0xFFFFFFFF)
        offset = (5 + len(options) // 4) << 12 | self.flags
        header = ports + numbers + struct.pack("!HH", offset, self.window) + b"\0\0" + self.urgent + options
        head, at = bytearray(self.head), self.at
        total = len(header) + self.size
        if head[at] >> 4 == 4:
            total += (head[at] & 15) * 4
            if total > 0xFFFF:
                raise Unusual("a datagram of more than 64 kB")
            head[at + 2 : at + 4] = struct.pack("!H", total)
            head[at + 10 : at + 12] = b"\0\0"
            head[at + 10 : at + 12] = struct.pack("!H", checksum(bytes(head[at : at + (head[at] & 15) * 4])))
        else:
            if total > 0xFFFF:
                raise Unusual("a datagram of more than 64 kB")
            head[at + 4 : at + 6] = struct.pack("!H", total)
        pseudo = self.source[0] + self.target[0] + struct.pack("!IHH", len(header) + self.size, 0, TCP)
        sum_ = checksum(pseudo + header + self.data)
        header = header[:16] + struct.pack("!H", sum_) + header[18:]
        return bytes(head) + header + self.data, len(head) + len(header) + self.size

    def framed(self, time: int, origin: int) -> Frame:
        """In a frame."""
        data, length = self.bytes()
        return Frame(time, data, length, origin)


def checksum(data: bytes) -> int:
    """RFC 1071."""
    data += bytes(len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def network(link: int, data: bytes) -> int:
    """Where the IP header begins."""
    if link not in LINK_HEADS:
        raise Unusual(f"link type {link}")
    at = LINK_HEADS[link]
    while link == 1 and data[at - 2 : at] in VLAN_TAGS:
        at += 4
    return at


def segment(link: int, frame: Frame) -> Segment | None:
    """The TCP segment in a frame, None = there is none."""
    data, at = frame.data, network(link, frame.data)
    if at >= len(data) or (data[at] >> 4 == 4 and data[at + 9] != TCP) or (data[at] >> 4 == 6 and data[at + 6] != TCP):
        return None
    if data[at] >> 4 not in (4, 6):
        return None
    if data[at] >> 4 == 4:
        body, spots, width = at + (data[at] & 15) * 4, (at + 12, at + 16), 4
        end = at + int.from_bytes(data[at + 2 : at + 4], "big")
        if int.from_bytes(data[at + 6 : at + 8], "big") & 0x3FFF:
            raise Unusual("a fragment")
    else:
        body, spots, width = at + 40, (at + 8, at + 24), 16
        end = body + int.from_bytes(data[at + 4 : at + 6], "big")
    if end <= body:
        raise Unusual("a datagram without its length")
    if len(data) < body + 20 or len(data) < body + (data[body + 12] >> 4) * 4:
        raise Unusual("a header that is cut")
    ports = struct.unpack_from("!HH", data, body)
    seq, ack, flags, window = struct.unpack_from("!IIHH", data, body + 4)
    payload = body + (flags >> 12) * 4
    addresses = [data[spot : spot + width] for spot in spots]
    return Segment(
        data[:body], at, (addresses[0], ports[0]), (addresses[1], ports[1]), seq, ack, flags & 0xFFF, window,
        data[body + 18 : body + 20], data[body + 20 : payload], data[payload : max(payload, end)],
        max(0, end - payload),
    )  # fmt: skip


def quoted(link: int, data: bytes) -> tuple[End, End, int] | None:
    """Of an ICMP error that quotes a TCP segment: whose it is, to whom, and where its sequence number stands."""
    at = network(link, data)
    if at + 20 > len(data):
        return None
    if data[at] >> 4 == 4 and data[at + 9] == ICMP:
        at += (data[at] & 15) * 4 + 8
    elif data[at] >> 4 == 6 and data[at + 6] == ICMP6:
        at += 48
    else:
        return None
    if at + 20 > len(data):
        return None
    if data[at] >> 4 == 4 and data[at + 9] == TCP:
        body, spots, width = at + (data[at] & 15) * 4, (at + 12, at + 16), 4
    elif data[at] >> 4 == 6 and data[at + 6] == TCP:
        body, spots, width = at + 40, (at + 8, at + 24), 16
    else:
        return None
    ends = [(data[spot : spot + width], int.from_bytes(data[body + i * 2 : body + i * 2 + 2], "big"))
            for i, spot in enumerate(spots)]  # fmt: skip
    return ends[0], ends[1], body + 4


def sack_edges(options: bytes) -> list[int]:
    """Where the edges of SACK blocks stand among the options."""
    at, found = 0, []
    while at + 1 < len(options) and options[at]:
        if options[at] == SACK:
            found += range(at + 2, min(len(options), at + options[at + 1]) - 3, 4)
        at += 1 if options[at] == 1 else max(2, options[at + 1])
    return found


def stamps(options: bytes) -> bytes:
    """The timestamps option alone, with two fillers before it, or nothing."""
    at = 0
    while at + 1 < len(options) and options[at]:
        if options[at] == STAMPS:
            return b"\1\1" + options[at : at + 10]
        at += 1 if options[at] == 1 else max(2, options[at + 1])
    return b""


def without_data(one: Segment) -> Segment:
    """An acknowledgement like it."""
    return replace(one, flags=ACK, data=b"", size=0, urgent=b"\0\0", options=stamps(one.options))

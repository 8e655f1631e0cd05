"""Compiles a `Timeline` to the bytes of a capture file: link layer, IP, TCP or ICMP."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator

from analyzer.pkt.encapsulate import encapsulate
from analyzer.pkt.model import LINKS, Talk, Timeline, TimelinePacket
from analyzer.pkt.words import FAILURES, NotationError, reason

MOST_BYTES = 1 << 26
"""Of all packets with their headers, of which there are many in tunnels."""
OTHER = Talk("", ("192.0.2.99", "192.0.2.98"), (9999, 9), (0, 0))


def frames(case: Timeline) -> list[tuple[int, bytes, int]]:
    """(time in ns, captured bytes, original length) of each packet."""
    return list(_frames(case))


def _frames(case: Timeline) -> Iterator[tuple[int, bytes, int]]:
    total = 0
    for packet in case.packets:
        try:
            frame = _link(case, packet, _ip(case, packet))
        except FAILURES as error:
            raise NotationError("packet", packet.line, reason(error)) from error
        original = len(frame)
        if packet.cut is not None:
            frame = frame[: original - len(packet.data) + packet.cut]
        if case.snaplen:
            frame = frame[: case.snaplen]
        total += len(frame)
        if total > MOST_BYTES:
            raise NotationError("packet", packet.line, f"the packets so far are more than {MOST_BYTES:,} bytes")
        yield packet.time, frame, original


def pcap(case: Timeline, order: str = "<", nano: bool = True) -> bytes:
    """A pcap file; order `<` or `>`, time stamps in nano- or microseconds."""
    magic, unit = (0xA1B23C4D, 1) if nano else (0xA1B2C3D4, 1000)
    out = bytearray(struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, case.snaplen or 262144, LINKS[case.link]))
    for time, frame, original in _frames(case):
        seconds, rest = divmod(time, 1_000_000_000)
        out += struct.pack(order + "IIII", seconds, rest // unit, len(frame), original) + frame
    return bytes(out)


def _link(case: Timeline, packet: TimelinePacket, datagram: bytes) -> bytes:
    ether_type, datagram = encapsulate(datagram, packet.side, case.encap)
    mac = bytes([2, 0, 0, 0, 0, 1 + packet.side])
    if case.link == "raw":
        return datagram
    if case.link == "null":  # AF_INET, AF_INET6 of macOS
        return struct.pack("<I", 2 if ether_type == 0x0800 else 30) + datagram
    if case.link == "sll":
        return struct.pack("!HHH6s2xH", 4 if packet.side == 0 else 0, 1, 6, mac, ether_type) + datagram
    if case.link == "sll2":
        return struct.pack("!HHIHBB6s2x", ether_type, 0, 2, 1, 4 if packet.side == 0 else 0, 6, mac) + datagram
    tags = b"".join(struct.pack("!HH", 0x8100, vlan) for vlan in case.vlans)
    peer = bytes([2, 0, 0, 0, 0, 2 - packet.side])
    frame = peer + mac + tags + struct.pack("!H", ether_type) + datagram
    return frame.ljust(60, b"\0")  # Ethernet pads


def _ip(case: Timeline, packet: TimelinePacket) -> bytes:
    if packet.kind == "other":
        source, target = OTHER.addresses
        return _header(source, target, 17, 64, 1, _udp((9999, 9), b"tick"))
    talk = case.talks[packet.talk]
    if packet.kind == "icmp":
        return _icmp(case, packet, talk)
    source, target = talk.addresses[packet.side], talk.addresses[1 - packet.side]
    ttl = talk.ttls[packet.side] if packet.ttl is None else packet.ttl
    if packet.kind in ("dns", "udp"):
        ports = talk.ports[packet.side], talk.ports[1 - packet.side]
        return _header(source, target, 17, ttl, packet.ip_id or 0, _udp(ports, packet.data))
    return _header(source, target, 6, ttl, packet.ip_id or 0, _tcp(packet, talk))


def _udp(ports: tuple[int, int], data: bytes) -> bytes:
    return struct.pack("!HHHH", *ports, 8 + len(data), 0) + data


def _icmp(case: Timeline, packet: TimelinePacket, talk: Talk) -> bytes:
    assert packet.icmp is not None
    assert packet.quoted is not None
    kind, code, sender, mtu = packet.icmp
    quote = _ip(case, packet.quoted)
    target = talk.addresses[packet.quoted.side]
    ttl = 64 if packet.ttl is None else packet.ttl
    if ":" in target:  # RFC 4443 2.4: as much as fits into 1280 bytes
        body = struct.pack("!BBHI", kind, code, 0, mtu) + quote[: 1280 - 48]
        return _header(sender, target, 58, ttl, 0, body)
    enough = 28 if packet.quoted.kind == "tcp" else 548  # RFC 792: header and 8 bytes; RFC 1812 4.3.2.3 and Linux: more
    body = struct.pack("!BBHHH", kind, code, 0, 0, mtu) + quote[:enough]
    body = body[:2] + struct.pack("!H", _checksum(body)) + body[4:]
    return _header(sender, target, 1, ttl, packet.ip_id or 0, body)


def _header(source: str, target: str, protocol: int, ttl: int, ip_id: int, body: bytes) -> bytes:
    from_, to = ipaddress.ip_address(source).packed, ipaddress.ip_address(target).packed
    if len(from_) != len(to):
        raise ValueError("one end has an IPv4 address, the other an IPv6 address")
    if protocol != 1:  # ICMPv4 alone has no pseudo header
        at = {6: 16, 17: 6, 58: 2}[protocol]
        total = _checksum(from_ + to + struct.pack("!IHH", len(body), 0, protocol) + body)
        body = body[:at] + struct.pack("!H", total) + body[at + 2 :]
    if len(from_) == 16:
        return struct.pack("!IHBB", 6 << 28, len(body), protocol, ttl) + from_ + to + body
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), ip_id, 0x4000, ttl, protocol, 0) + from_ + to
    return head[:10] + struct.pack("!H", _checksum(head)) + head[12:] + body


def _checksum(data: bytes) -> int:
    """RFC 1071."""
    data += bytes(len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _tcp(packet: TimelinePacket, talk: Talk) -> bytes:
    side = packet.side
    refusal = packet.flags & 0x04 and packet.seq == 0  # of a SYN, by a closed port: RFC 9293 3.10.7.1
    seq = 0 if refusal else (talk.isns[side] + packet.seq) & 0xFFFFFFFF
    ack = 0 if packet.ack is None else (talk.isns[1 - side] + packet.ack) & 0xFFFFFFFF
    options = _options(packet, talk)
    default = 64240 if packet.flags & 0x02 else 0 if packet.flags & 0x04 and not packet.ip_id else 502
    window = default if packet.win is None else packet.win
    flags = (5 + len(options) // 4) << 12 | packet.flags
    return (
        struct.pack("!HHIIHHHH", talk.ports[side], talk.ports[1 - side], seq, ack, flags, window, 0, 0)
        + options
        + packet.data
    )


def _options(packet: TimelinePacket, talk: Talk) -> bytes:
    out = b""
    if packet.flags & 0x02:
        out += struct.pack("!BBHBBBBBB", 2, 4, talk.mss[packet.side], 4, 2, 1, 3, 3, talk.scales[packet.side])
    if packet.fast_open:
        out += struct.pack("!BB8s", 34, 10, b"cookie!!")  # RFC 7413 4.1.1
    if packet.stamps:
        out += struct.pack("!BBII", 8, 10, *packet.stamps)
    if packet.sacks:
        isn = talk.isns[1 - packet.side]
        edges = [(isn + edge) & 0xFFFFFFFF for block in packet.sacks for edge in block]
        out += struct.pack(f"!BB{len(edges)}I", 5, 2 + 4 * len(edges), *edges)
    if len(out) > 40:
        raise ValueError("the TCP options do not fit a header")
    return out + b"\1" * (-len(out) % 4)

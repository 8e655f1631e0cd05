"""Puts an IP packet of a timeline into tunnels and tags, `encap WORD [NUMBER]`, as routers and switches do."""

from __future__ import annotations

import struct
from collections.abc import Callable

OUTER = (bytes((198, 18, 0, 1)), bytes((198, 18, 0, 2)))
"""Ends of the tunnel (RFC 2544)."""
MACS = (bytes.fromhex("020000000011"), bytes.fromhex("020000000012"))
IPV4, IPV6 = 0x0800, 0x86DD
Payload = tuple[int, bytes]
"""EtherType, and the bytes behind it."""
Wrapper = Callable[[Payload, int, int], Payload]
"""From what is inside, the sender (0 client, 1 server) and the number behind the word."""


def encapsulate(datagram: bytes, side: int, words: tuple[str, ...]) -> Payload:
    """The IP packet inside all of these, the first named innermost."""
    payload = (_ether_type(datagram), datagram)
    for word in words:
        name, _, number = word.partition(" ")
        payload = WRAPPERS[name](payload, side, int(number) if number else 0)
    return payload


def _ether_type(datagram: bytes) -> int:
    return IPV4 if datagram[0] >> 4 == 4 else IPV6


def _frame(payload: Payload, side: int) -> bytes:
    return MACS[1 - side] + MACS[side] + struct.pack("!H", payload[0]) + payload[1]


def _ip(protocol: int, side: int, body: bytes) -> Payload:
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0x4000, 64, protocol, 0) + OUTER[side] + OUTER[1 - side]
    return IPV4, head[:10] + struct.pack("!H", _checksum(head)) + head[12:] + body


def _checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def _udp(port: int, side: int, body: bytes, source: int = 40000) -> Payload:
    return _ip(17, side, struct.pack("!HHHH", source, port, 8 + len(body), 0) + body)


def _vxlan(payload: Payload, side: int, port: int) -> Payload:
    return _udp(port or 4789, side, struct.pack("!II", 0x08000000, 77 << 8) + _frame(payload, side))


def _vxlan_gpe(payload: Payload, side: int, port: int) -> Payload:
    following = 1 if payload[0] == IPV4 else 2
    return _udp(port or 4790, side, struct.pack("!II", 0x0C000000 | following, 77 << 8) + payload[1])


def _geneve(payload: Payload, side: int, _: int) -> Payload:
    return _udp(6081, side, struct.pack("!HHII", 0x0100, 0x6558, 77 << 8, 0x01028001) + _frame(payload, side))


def _gtp(payload: Payload, side: int, extensions: int) -> Payload:
    """GTP-U; with a number, a sequence number and so many extension headers (PDU session container, TS 38.415)."""
    more = b""
    if extensions:
        more = struct.pack("!HBB", 7, 0, 0x85) + b"\x01\x00\x09\x85" * (extensions - 1) + b"\x01\x00\x09\x00"
    flags = 0x36 if extensions else 0x30
    return _udp(2152, side, struct.pack("!BBHI", flags, 255, len(more + payload[1]), 99) + more + payload[1], 2152)


def _l2tp(payload: Payload, side: int, lengths: int) -> Payload:
    """L2TP version 2; with a number, the length, sequence and offset fields too. The client's port is not 1701."""
    inner = b"\xff\x03" + struct.pack("!H", 0x21 if payload[0] == IPV4 else 0x57) + payload[1]
    head = struct.pack("!HHH", 0x0002, 5, 6)
    if lengths:
        head = struct.pack("!HHHHHHH", 0x4A02, 16 + len(inner), 5, 6, 1, 2, 2) + b"\0\0"
        head = head[:2] + struct.pack("!H", len(head) + len(inner)) + head[4:]
    return _udp(1701 if side == 0 else 40000, side, head + inner, 40000 if side == 0 else 1701)


def _l2tp3(payload: Payload, side: int, cookie: int) -> Payload:
    """L2TPv3 over IP, an Ethernet frame behind a cookie of so many bytes."""
    return _ip(115, side, struct.pack("!I", 6) + b"\xa5" * cookie + _frame(payload, side))


def _l2tp3_udp(payload: Payload, side: int, cookie: int) -> Payload:
    head = struct.pack("!HHI", 0x0003, 0, 6) + b"\xa5" * cookie
    return _udp(1701, side, head + _frame(payload, side), 1701)


def _gre(payload: Payload, side: int, _: int) -> Payload:
    return _ip(47, side, struct.pack("!HHI", 0x2000, payload[0], 77) + payload[1])


def _gre_udp(payload: Payload, side: int, _: int) -> Payload:
    return _udp(4754, side, struct.pack("!HH", 0, payload[0]) + payload[1])


def _erspan(payload: Payload, side: int, kind: int) -> Payload:
    """ERSPAN of type 1, 2 or 3."""
    frame = _frame(payload, side)
    if kind == 1:
        return _ip(47, side, struct.pack("!HH", 0, 0x88BE) + frame)
    if kind == 2:
        return _ip(47, side, struct.pack("!HHIII", 0x1000, 0x88BE, 9, 0x10010001, 0) + frame)
    return _ip(47, side, struct.pack("!HHIIIHH", 0x1000, 0x22EB, 9, 0x20010001, 7, 1, 0) + frame)


def _pbb(payload: Payload, side: int, _: int) -> Payload:
    return 0x88E7, struct.pack("!I", 0x000ABCDE) + _frame(payload, side)


def _tag(ether_type: int, before: bytes) -> Wrapper:
    def wrap(payload: Payload, _side: int, _number: int) -> Payload:
        return ether_type, before + struct.pack("!H", payload[0]) + payload[1]

    return wrap


def _pppoe(payload: Payload, _: int, padding: int) -> Payload:
    """PPPoE; with a number, so many bytes of padding that the IP total length claims as well (as some modems do)."""
    datagram = payload[1]
    head = struct.pack("!BBHHH", 0x11, 0, 7, 2 + len(datagram), 0x21 if payload[0] == IPV4 else 0x57)
    if padding and payload[0] == IPV4:
        datagram = datagram[:2] + struct.pack("!H", len(datagram) + padding) + datagram[4:] + bytes(padding)
    return 0x8864, head + datagram


def _ah(payload: Payload, _: int, __: int) -> Payload:
    """An authentication header of 24 bytes within the packet itself (RFC 4302 3.1.1)."""
    ether_type, datagram = payload
    place, size = (9, 20) if ether_type == IPV4 else (6, 40)
    auth = bytes((datagram[place], 4, 0, 0)) + struct.pack("!II", 1, 2) + b"\x5a" * 12
    at, old = (2, len(datagram)) if ether_type == IPV4 else (4, len(datagram) - 40)
    changed = datagram[:place] + b"\x33" + datagram[place + 1 : size]
    changed = changed[:at] + struct.pack("!H", old + len(auth)) + changed[at + 2 :]
    if ether_type == IPV4:
        changed = changed[:10] + b"\0\0" + changed[12:]
        changed = changed[:10] + struct.pack("!H", _checksum(changed)) + changed[12:]
    return ether_type, changed + auth + datagram[size:]


def _mpls_udp(payload: Payload, side: int, _: int) -> Payload:
    return _udp(6635, side, struct.pack("!I", 77 << 12 | 1 << 8 | 64) + payload[1])


def _nsh(payload: Payload, side: int, _: int) -> Payload:
    head = struct.pack("!HBBI", 0x0FC6, 1, 1 if payload[0] == IPV4 else 2, 0x00004DFF) + bytes(16)
    return 0x894F, head + payload[1]


WRAPPERS: dict[str, Wrapper] = {
    "vxlan": _vxlan,
    "vxlan-gpe": _vxlan_gpe,
    "geneve": _geneve,
    "gtpu": _gtp,
    "l2tp": _l2tp,
    "l2tp3": _l2tp3,
    "l2tp3-udp": _l2tp3_udp,
    "gre": _gre,
    "gre-udp": _gre_udp,
    "erspan": _erspan,
    "pbb": _pbb,
    "etag": _tag(0x893F, bytes.fromhex("00010000000a")),
    "vntag": _tag(0x8926, bytes.fromhex("80010002")),
    "hsr": _tag(0x892F, bytes.fromhex("10340007")),
    "cmd": _tag(0x8909, bytes.fromhex("010100010064")),
    "macsec": _tag(0x88E5, bytes.fromhex("2000 00000001 0200000000110001".replace(" ", ""))),
    "qinq": _tag(0x88A8, bytes.fromhex("0064")),
    "pppoe": _pppoe,
    "ah": _ah,
    "mpls-udp": _mpls_udp,
    "nsh": _nsh,
}

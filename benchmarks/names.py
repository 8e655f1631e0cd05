"""Questions to a resolver and its answers, as a client asks before it connects (RFC 1035 4.1)."""

from __future__ import annotations

import ipaddress
import struct

from packets import CLIENT, SERVER, Talk, ethernet, fold, word_sum

NXDOMAIN, SERVFAIL, REFUSED = 3, 2, 5
NO_ADDRESS = -1
"""Instead of a code: the name exists, and that is all."""
RESOLVERS = {4: ipaddress.ip_address("10.0.0.53").packed, 6: ipaddress.ip_address("2001:db8::53").packed}
PORT = 53
TYPES = {4: 1, 6: 28}


def lookup(talk: Talk, name: str, code: int = 0, port: int = 0) -> None:
    """Ask for both families at once, as glibc does; the server's address answers the one, nothing the other."""
    port = port or talk.rng.randrange(32_768, 61_000)
    ids = [talk.rng.getrandbits(16), talk.rng.getrandbits(16)]
    pairs = list(zip(TYPES, ids, strict=True))
    for version, number in pairs:
        datagram(talk, CLIENT, port, question(name, number, TYPES[version]))
    talk.wait(talk.rng.choice((talk.rng.randrange(300, 3_000), talk.rng.randrange(5_000, 60_000))))
    for version, number in pairs:
        found = talk.addresses[SERVER] if code == 0 and (version == 6) == talk.v6 else b""
        datagram(talk, SERVER, port, answer(name, number, TYPES[version], max(code, 0), found))
        talk.wait(talk.rng.randrange(20, 400))


def labels(name: str) -> bytes:
    """A name as DNS writes it."""
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def question(name: str, number: int, kind: int) -> bytes:
    """A question that wants recursion."""
    return struct.pack(">6H", number, 0x0100, 1, 0, 0, 0) + labels(name) + struct.pack(">HH", kind, 1)


def answer(name: str, number: int, kind: int, code: int, address: bytes) -> bytes:
    """The question, and an address when there is one."""
    head = struct.pack(">6H", number, 0x8180 | code, 1, 1 if address else 0, 0, 0)
    told = struct.pack(">HHHIH", 0xC00C, kind, 1, 300, len(address)) + address if address else b""
    return head + labels(name) + struct.pack(">HH", kind, 1) + told


def datagram(talk: Talk, side: int, port: int, data: bytes) -> None:
    """One UDP datagram between client and resolver, with its checksum."""
    version = 6 if talk.v6 else 4
    ends = (talk.addresses[CLIENT], RESOLVERS[version])
    pair = ends[side] + ends[1 - side]
    ports = (port, PORT) if side == CLIENT else (PORT, port)
    length = 8 + len(data)
    total = word_sum(pair) + 17 + length + sum(ports) + length + word_sum(data + bytes(len(data) % 2))
    udp = struct.pack(">HHHH", *ports, length, fold(total) ^ 0xFFFF or 0xFFFF) + data
    if talk.v6:
        header = struct.pack(">HBB", length, 17, 64) + pair
    else:
        number = talk.rng.getrandbits(16)
        check = fold(0x4500 + 20 + length + number + 0x4011 + word_sum(pair)) ^ 0xFFFF
        header = struct.pack(">HHHBBH", 20 + length, number, 0, 64, 17, check) + pair
    talk.asides.append((talk.time, ethernet(side, talk.v6) + header + udp))

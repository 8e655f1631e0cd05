"""DNS messages from words (RFC 1035 4)."""

from __future__ import annotations

import ipaddress
import struct

from analyzer.pkt.words import U16, address, following, number, octets, prefixed

RCODES = {"ok": 0, "formerr": 1, "servfail": 2, "nxdomain": 3, "notimp": 4, "refused": 5}
TYPES = {"A": 1, "CNAME": 5, "AAAA": 28, "HTTPS": 65}


def dns(words: list[str], answer: bool) -> bytes:
    """`A NAME` asks; an answer goes on with a code, `tc`, `cname NAME` and addresses; `qid N` is the message's id."""
    kind, name, ident, code, truncated, owner = TYPES[words[0]], words[1], TYPES[words[0]], 0, 0, words[1]
    records: list[bytes] = []
    rest = iter(words[2:])
    for word in rest:
        if word == "qid":
            ident = number(following(rest), U16)
        elif word in RCODES:
            code = RCODES[word]
        elif word == "tc":
            truncated = 1
        elif word == "cname":
            target = following(rest)
            records.append(_resource(owner, 5, dns_name(target)))
            owner = target
        else:
            packed = ipaddress.ip_address(address(word)).packed
            records.append(_resource(owner, 1 if len(packed) == 4 else 28, packed))
    flags = 0x8180 | truncated << 9 | code if answer else 0x0100
    head = struct.pack("!HHHHHH", ident, flags, 1, len(records), 0, 0)
    return head + dns_name(name) + struct.pack("!HH", kind, 1) + b"".join(records)


def _resource(owner: str, kind: int, body: bytes) -> bytes:
    return dns_name(owner) + struct.pack("!HHI", kind, 1, 60) + prefixed(body, 2)


def dns_name(name: str) -> bytes:
    """A name on the wire; `\\x1b` and the like stand for bytes."""
    labels = octets(name).split(b".")
    return b"".join(prefixed(label, 1) for label in labels) + b"\0"

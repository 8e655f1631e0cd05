"""Harnesses of what reads one message: TLS hellos, certificates, HPACK blocks, DNS."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.layer.dns.lookups import MAX_EARLY, MAX_OPEN, Lookups
from analyzer.layer.dns.message import MAX_RECORDS, read
from analyzer.layer.http2.fields import HeaderDecoder
from analyzer.layer.http2.hpack import MAX_LIST
from analyzer.layer.tls.certificate import MAX_NAMES, MAX_TEXT, read_certificate
from analyzer.layer.tls.hello import read_client_hello, read_cut_server_hello, read_server_hello
from analyzer.model.tls import Tls

HEAD = 3
MAX_NAME = 255
"""Bytes of a DNS name (RFC 1035 3.1)."""
HELLO_SHOWN = 14
"""Bytes of a cut ServerHello that its reader asks for."""
AROUND = (b"", b"\0" * 40, b"\xff" * 40)
"""What stands before and behind a message in its buffer; nothing of it may show."""
LATER = 10_000_000_000
BASE = 1_700_000_000_000_000_000
QUESTION = bytes((192, 0, 2, 1, 192, 0, 2, 2, 0xC3, 0x50, 0, 53))
ANSWER = bytes((192, 0, 2, 2, 192, 0, 2, 1, 0, 53, 0xC3, 0x50))
STRANGE = bytes((192, 0, 2, 3, 192, 0, 2, 1, 0, 53, 0xC3, 0x50))


def pack(special: int, data: bytes) -> bytes:
    """One of several messages of an input."""
    return bytes([special]) + len(data).to_bytes(2, "big") + data


def each(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(what is special, message) of each."""
    at = 0
    while at + HEAD <= len(data):
        stop = at + HEAD + (data[at + 1] << 8 | data[at + 2])
        yield data[at], data[at + HEAD : stop]
        at = stop


def split(data: bytes) -> list[bytes]:
    """An input cut into its messages."""
    return [pack(special, message) for special, message in each(data)]


def hello(data: bytes) -> None:
    """A ClientHello or ServerHello, whole or cut, gives the same whatever stands around it in memory."""
    reads = [hello_between(data, around) for around in AROUND]
    assert reads[0] == reads[1] == reads[2]


def hello_between(data: bytes, around: bytes) -> tuple[object, ...]:
    """What is read of the messages, which share one handshake."""
    tls = Tls()
    results = []
    for special, message in each(data):
        buffer = around + message + around
        at, stop = len(around), len(around) + len(message)
        if special & 1:
            results.append(int(read_server_hello(buffer, at, stop, tls)))
            if len(message) >= HELLO_SHOWN:
                results.append(read_cut_server_hello(message, tls))
        else:
            results.append(int(read_client_hello(buffer, at, stop, tls)))
    assert (tls.sni + tls.alpn + "".join(tls.alpn_offer)).isprintable()
    lists = (tls.alpn_offer, tls.versions_offer, tls.groups_offer, tls.key_shares)
    assert all(len(one) <= 128 for one in lists)
    assert len(tls.ciphers_offer) <= 256
    return (results, lists, tls.sni, tls.alpn, tls.ciphers_offer, tls.session_id, tls.version, tls.cipher, tls.psk)


def certificate(data: bytes) -> None:
    """A Certificate message gives printable facts of bounded length, or nothing."""
    facts = read_certificate(data)
    if facts is not None:
        assert all(value.isprintable() for value in facts.values())
        assert max(len(facts["subject"]), len(facts["issuer"])) <= MAX_TEXT
        assert len(facts["names"]) <= MAX_NAMES * (MAX_TEXT + 1)


def hpack(data: bytes) -> None:
    """Header blocks of one direction: fields in bounded memory, or none and a table that begins anew."""
    fields = HeaderDecoder()
    for number, (special, block) in enumerate(each(data)):
        if special & 1:
            fields.forget()
        found = fields.read(block)
        assert fields.unread <= 2 * (number + 1)
        if found is not None:
            assert sum(len(name) + len(value) for name, value in found) <= MAX_LIST


def dns(data: bytes) -> None:
    """DNS messages over UDP: what is read of them is bounded, and so is what waits for an answer."""
    lookups, time = Lookups(), BASE
    for number, (special, message) in enumerate(each(data), 1):
        time += LATER if special & 4 else 1_000_000
        found = read(message, bool(special & 1))
        assert len(found.name) == len(found.spelling) < MAX_NAME or not found.name.isascii()
        assert len(found.addresses) <= MAX_RECORDS
        assert len(found.aliases) <= MAX_RECORDS
        assert all(len(address) in (4, 16) for address in found.addresses)
        key = STRANGE if special & 8 else ANSWER if special & 2 else QUESTION
        lookups.message(key, 4, "udp", message, bool(special & 1), number, time, 0)
        assert len(lookups.open) <= MAX_OPEN
        assert len(lookups.early) <= MAX_EARLY
        assert len(lookups.began) <= len(lookups.open)
    lookups.finish()
    assert len(lookups.finished) <= number if data[HEAD:] else not lookups.finished
    for lookup in lookups.finished:
        assert 0 < lookup.first_packet <= number

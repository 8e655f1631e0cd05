"""The facts that are compared, and Wireshark's fields for each."""

# not compiled: tables, and one call a fact

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from analyzer.layer.tls.reader import text
from analyzer.model.connection import ACK, FIN, RST, SYN

Row = dict[str, list[str]]
"""Field -> its values in one packet, in the order of the packet; a field that it does not have is not there."""
Value = str | int | tuple[int, ...] | frozenset[str]

MAX_NAME = 255
"""Characters of a server name that are kept, as analyzer.layer.tls.hello does."""
SHOW, RAW = "show", "raw_value"
"""What is taken of a field: the text that Wireshark shows; its bytes in hexadecimal where the text may be changed."""

AGAIN = {
    "tcp.analysis.keep_alive": "keep-alive",
    "tcp.analysis.out_of_order": "out-of-order",
    "tcp.analysis.fast_retransmission": "retransmission",
    "tcp.analysis.spurious_retransmission": "retransmission",
    "tcp.analysis.retransmission": "retransmission",
}
"""Fields that say a segment is no plain new one -> our word; the first that is there counts."""

FIELDS = {
    **dict.fromkeys(
        ("frame.number", "frame.protocols", "tcp.flags", "tcp.seq_raw", "tcp.ack_raw", "tcp.len", *AGAIN), SHOW
    ),
    **dict.fromkeys(("tcp.reassembled_in", "tcp.analysis.lost_segment"), SHOW),
    **dict.fromkeys(("tls.record.content_type", "tls.record.opaque_type", "tls.alert_message.desc"), SHOW),
    **dict.fromkeys(("tls.handshake.type", "tls.handshake.version"), SHOW),
    **dict.fromkeys(("tls.handshake.extensions.supported_version",), SHOW),
    "tls.handshake.extensions_server_name": RAW,
    **dict.fromkeys(("http.request.method", "http.response.code"), SHOW),
    **dict.fromkeys(("http2.headers.method", "http2.headers.status"), SHOW),
    **dict.fromkeys(("dns.id", "dns.flags.response", "dns.flags.rcode"), SHOW),
    **dict.fromkeys(("icmp.type", "icmp.code", "icmpv6.type", "icmpv6.code"), SHOW),
}
"""What is asked for; and of each, what is taken."""
OLDEST = "tcp.seq_raw"
"""The youngest field without which nothing can be compared (Wireshark 3.2)."""
LAYERS = ("frame", "tcp", "tls", "http", "http2", "dns", "icmp", "icmpv6")


class Compared(NamedTuple):
    """One kind of fact: what it is, what Wireshark says of it (from a row), and in which fields."""

    what: str
    read: Callable[[Row], Value]
    fields: tuple[str, ...]


def number(row: Row, field: str) -> int:
    """The last value: of headers inside each other the innermost; -1 = there is none."""
    values = row.get(field)
    return integer(values[-1]) if values else -1


def integer(shown: str) -> int:
    """As Wireshark shows it, decimal or `0x`; -1 where a packet put something else into a field."""
    try:
        return int(shown, 16 if shown.startswith("0x") else 10)
    except ValueError:
        return -1


def numbers(row: Row, *fields: str) -> tuple[int, ...]:
    """All values of the fields, sorted."""
    return tuple(sorted(integer(value) for field in fields for value in row.get(field, ()) if value))


def flags(row: Row) -> int:
    """The flags that existed before AccECN, as one byte."""
    return number(row, "tcp.flags") & 0xFF if "tcp.flags" in row else -1


def again(row: Row) -> str:
    """What Wireshark's analysis says of a segment; "new" where it says nothing."""
    return next((word for field, word in AGAIN.items() if field in row), "new")


def hellos(row: Row) -> tuple[int, ...]:
    """The hellos among the handshake messages that end in the packet: 1 and 2 (RFC 8446 B.3)."""
    return tuple(kind for kind in numbers(row, "tls.handshake.type") if kind in (1, 2))


def server_name(row: Row) -> str:
    """SNI, from its bytes, written as ours is."""
    values = row.get("tls.handshake.extensions_server_name")
    return text(bytes.fromhex(values[0]), MAX_NAME) if values else ""


def version(row: Row) -> int:
    """As negotiated: what the ServerHello's extension says, else its version (RFC 8446 4.2.1)."""
    chosen = number(row, "tls.handshake.extensions.supported_version")
    return chosen if chosen >= 0 else number(row, "tls.handshake.version")


def response(row: Row) -> int:
    """1 = the DNS message is an answer; `True` since Wireshark 4.2."""
    values = row.get("dns.flags.response")
    return -1 if not values else int(values[-1] in ("1", "True"))


def labels(row: Row) -> frozenset[str]:
    """What the packet may be called, of the words that `evidence` has."""
    if row.keys() & {"icmp.type", "icmpv6.type"}:
        return frozenset({"icmp"})  # all else is of the packet that it quotes
    bits = max(flags(row), 0)
    found = set()
    if bits & SYN:
        found.add("syn-ack" if bits & ACK else "syn")
    found |= {word for bit, word in ((ACK, "ack"), (RST, "rst"), (FIN, "fin")) if bits & bit}
    if number(row, "tcp.len") > 0:
        found |= {"data", "record", "request", "response"}
    found |= {word for kind, word in ((1, "client-hello"), (2, "server-hello")) if kind in hellos(row)}
    types = numbers(row, "tls.record.content_type", "tls.record.opaque_type")
    if 21 in types or 23 in numbers(row, "tls.record.opaque_type"):  # TLS 1.3 hides alerts (RFC 8446 5.2)
        found.add("alert")
    if again(row) in ("retransmission", "keep-alive"):
        found.add(again(row))
    if "dns.flags.response" in row:
        found.add("dns-answer" if response(row) else "dns-query")
    return frozenset(found)


def last(field: str) -> Callable[[Row], Value]:
    """A fact that is one number."""
    return lambda row: number(row, field)


def all_of(*fields: str) -> Callable[[Row], Value]:
    """A fact that is all numbers in these fields."""
    return lambda row: numbers(row, *fields)


def methods(row: Row) -> frozenset[str]:
    """The methods of all requests in the packet."""
    return frozenset(value for field in METHOD for value in row.get(field, ()))


def icmp(row: Row) -> tuple[int, ...]:
    """Type and code."""
    return tuple(number(row, field) for field in (ICMP[:2] if "icmp.type" in row else ICMP[2:]))


RECORDS = ("tls.record.content_type", "tls.record.opaque_type")
VERSION = ("tls.handshake.extensions.supported_version", "tls.handshake.version")
STATUS = ("http.response.code", "http2.headers.status")
METHOD = ("http.request.method", "http2.headers.method")
ICMP = ("icmp.type", "icmp.code", "icmpv6.type", "icmpv6.code")
LABELS = (
    "tcp.flags", "tcp.len", "tls.handshake.type", "tls.record.content_type", "tls.record.opaque_type", *AGAIN,
    "icmp.type", "icmpv6.type", "dns.flags.response",
)  # fmt: skip

FACTS = {
    "label": Compared("the word of `evidence`: `syn`, `alert`, ...", labels, LABELS),
    "flags": Compared("TCP flags", flags, ("tcp.flags",)),
    "seq": Compared("absolute sequence number", last("tcp.seq_raw"), ("tcp.seq_raw",)),
    "ack": Compared("absolute acknowledgment number", last("tcp.ack_raw"), ("tcp.ack_raw",)),
    "length": Compared("bytes of payload", last("tcp.len"), ("tcp.len",)),
    "again": Compared("new, sent again, out of order, or a keep-alive", again, tuple(AGAIN)),
    "records": Compared("types of the TLS records that end in it", all_of(*RECORDS), RECORDS),
    "hellos": Compared("the TLS hellos that end in it", hellos, ("tls.handshake.type",)),
    "alerts": Compared("readable TLS alerts", all_of("tls.alert_message.desc"), ("tls.alert_message.desc",)),
    "sni": Compared("`sni`, where the ClientHello ends", server_name, ("tls.handshake.extensions_server_name",)),
    "tls-version": Compared("`tls_version`, where the ServerHello ends", version, VERSION),
    "status": Compared("`status`, where the response begins", all_of(*STATUS), STATUS),
    "method": Compared("`method` of a request of one segment", methods, METHOD),
    "dns-id": Compared("id of the DNS message", last("dns.id"), ("dns.id",)),
    "dns-response": Compared("DNS question or answer", response, ("dns.flags.response",)),
    "rcode": Compared("code of the DNS answer", last("dns.flags.rcode"), ("dns.flags.rcode",)),
    "icmp": Compared("type and code of an ICMP error", icmp, ICMP),
}
"""Every kind of fact by its name."""

"""The facts that are compared, and Wireshark's fields for each."""

# not compiled: tables, and one call a fact

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from analyzer.wire.model import ACK, FIN, RST, SYN

Row = dict[str, list[str]]
"""Field -> its values in one packet, in the order of the packet; a field that it does not have is not there."""
Value = str | int | tuple[int, ...] | frozenset[str]

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
    """One kind of fact.

    read     what Wireshark says of it, from a row; fields: in these fields
    stream   it depends on what came before in the connection: not to be asked where that is not in the capture
    """

    read: Callable[[Row], Value]
    fields: tuple[str, ...]
    stream: bool


def number(row: Row, field: str) -> int:
    """The last value: of headers inside each other the innermost; -1 = there is none."""
    values = row.get(field)
    return int(values[-1], 0) if values and values[-1] else -1


def numbers(row: Row, *fields: str) -> tuple[int, ...]:
    """All values of the fields, sorted."""
    return tuple(sorted(int(value, 0) for field in fields for value in row.get(field, ()) if value))


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
    """SNI, from its bytes."""
    values = row.get("tls.handshake.extensions_server_name")
    return bytes.fromhex(values[0]).decode("ascii", "backslashreplace") if values else ""


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
    found |= {"icmp"} if row.keys() & {"icmp.type", "icmpv6.type"} else set()
    if "dns.flags.response" in row:
        found.add("dns-answer" if response(row) else "dns-query")
    return frozenset(found)


LABELS = (
    "tcp.flags", "tcp.len", "tls.handshake.type", "tls.record.content_type", "tls.record.opaque_type", *AGAIN,
    "icmp.type", "icmpv6.type", "dns.flags.response",
)  # fmt: skip

FACTS = {
    "label": Compared(labels, LABELS, False),
    "flags": Compared(flags, ("tcp.flags",), False),
    "seq": Compared(lambda row: number(row, "tcp.seq_raw"), ("tcp.seq_raw",), False),
    "ack": Compared(lambda row: number(row, "tcp.ack_raw"), ("tcp.ack_raw",), False),
    "length": Compared(lambda row: number(row, "tcp.len"), ("tcp.len",), False),
    "again": Compared(again, tuple(AGAIN), True),
    "records": Compared(
        lambda row: numbers(row, "tls.record.content_type", "tls.record.opaque_type"),
        ("tls.record.content_type", "tls.record.opaque_type"),
        True,
    ),
    "hellos": Compared(hellos, ("tls.handshake.type",), True),
    "alerts": Compared(lambda row: numbers(row, "tls.alert_message.desc"), ("tls.alert_message.desc",), True),
    "sni": Compared(server_name, ("tls.handshake.extensions_server_name",), True),
    "tls-version": Compared(version, ("tls.handshake.extensions.supported_version", "tls.handshake.version"), True),
    "status": Compared(
        lambda row: numbers(row, "http.response.code", "http2.headers.status"),
        ("http.response.code", "http2.headers.status"),
        True,
    ),
    "method": Compared(
        lambda row: frozenset(row.get("http.request.method", []) + row.get("http2.headers.method", [])),
        ("http.request.method", "http2.headers.method"),
        True,
    ),
    "dns-id": Compared(lambda row: number(row, "dns.id"), ("dns.id",), False),
    "dns-response": Compared(response, ("dns.flags.response",), False),
    "rcode": Compared(lambda row: number(row, "dns.flags.rcode"), ("dns.flags.rcode",), False),
    "icmp": Compared(
        lambda row: (
            (number(row, "icmp.type"), number(row, "icmp.code"))
            if "icmp.type" in row
            else (number(row, "icmpv6.type"), number(row, "icmpv6.code"))
        ),
        ("icmp.type", "icmp.code", "icmpv6.type", "icmpv6.code"),
        False,
    ),
}
"""Every kind of fact by its name."""

"""Where Wireshark says something else by design: each difference that may be, with the reason. There is no other list.

docs/second-opinion.md is generated from it; a test fails when one of them is seen in no sample and no case any more.
"""

# not compiled: a table

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from analyzer.opinion.facts import Fact, Stated
from analyzer.opinion.fields import Row, Value, flags, number
from analyzer.wire.model import SYN

DRAFT = 0x7F
"""The first byte of a draft's version (draft-ietf-tls-tls13-21 4.2.1.1)."""
SILENT: tuple[Value, ...] = (-1, "", (), frozenset())
"""Wireshark says nothing of it."""


class Seen(NamedTuple):
    """One difference: of which fetch, the fact, what Wireshark says instead, and all that it says of the packet."""

    stated: Stated
    fact: Fact
    theirs: Value
    row: Row


class Known(NamedTuple):
    """A difference that may be.

    id       its name; kinds: of which facts, of analyzer.opinion.fields.FACTS
    differs  what both say; reason: why
    fits     whether a difference of these kinds is this one
    """

    id: str
    kinds: tuple[str, ...]
    differs: str
    reason: str
    fits: Callable[[Seen], bool]


def _overtaken(seen: Seen) -> bool:
    """New for us, sent before for Wireshark; or Wireshark did not dissect what it holds to be sent before."""
    return seen.fact.ours == "new" if seen.fact.kind == "again" else seen.theirs in SILENT


KNOWN: tuple[Known, ...] = (
    Known(
        "ignored-segment",
        ("again", "status", "method", "tls-version", "records", "hellos", "alerts", "label"),
        "We hold a segment to be new. Wireshark holds it to be sent again or out of order, and may not dissect it.",
        "A segment came that its receiver must ignore (RFC 9293 3.10.7.4, RFC 5961): a reset with a number ahead, a "
        "SYN-ACK with another initial number, an answer to an older connection. Wireshark lets it move the number that "
        "it expects next.",
        lambda seen: 0 < seen.stated.ignored < seen.fact.packet and _overtaken(seen),
    ),
    Known(
        "ports-used-again",
        ("again", "status", "method", "records", "hellos", "sni", "tls-version", "label"),
        "We see a new connection. Wireshark goes on with the older one, and holds its segments to be sent again.",
        "The ports were used before, and the SYN that opened them again is not in the capture. We tell the new "
        "connection by its SYN-ACK and its numbers; Wireshark begins a new `tcp.stream` with a SYN only.",
        lambda seen: seen.stated.reused and _overtaken(seen),
    ),
    Known(
        "disordered-capture",
        ("again", "records", "label"),
        "We hold a segment to be new. Wireshark holds it to be sent again.",
        "Packets stand in the file in another order than they were on the wire: a capture of several queues or "
        "interfaces. We put them in their places; Wireshark goes by the order of the file.",
        lambda seen: seen.stated.disordered and _overtaken(seen),
    ),
    Known(
        "inside-a-tunnel",
        ("status", "method"),
        "We read HTTP behind a CONNECT or a SOCKS handshake. Wireshark shows bytes.",
        "Wireshark dissects what is tunnelled by the port that was asked for, and only where that port is known to it.",
        lambda seen: seen.stated.tunnel and seen.theirs in SILENT,
    ),
    Known(
        "syn-again-with-payload",
        ("again",),
        "We say that a SYN is sent again. Wireshark says that it is new.",
        "It has the initial number of the first SYN, and payload, which that one had not (RFC 7413). Wireshark goes by "
        "the bytes.",
        lambda seen: seen.theirs == "new" and flags(seen.row) & SYN > 0 and number(seen.row, "tcp.len") > 0,
    ),
    Known(
        "draft-of-tls-1.3",
        ("hellos",),
        "Wireshark sees a ServerHello. We see a handshake message that we do not read.",
        "Drafts of TLS 1.3 before the 22nd had a ServerHello of another form (draft-ietf-tls-tls13-21 4.1.3), which no "
        "server sends since 2018. We read that of RFC 8446.",
        lambda seen: number(seen.row, "tls.handshake.version") >> 8 == DRAFT,
    ),
)
"""All of them; the first that fits counts."""

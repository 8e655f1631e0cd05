"""Where Wireshark says something else by design: each difference that may be, with the reason. There is no other list.

docs/second-opinion.md is generated from it; a test fails when one of them is seen in no sample and no case any more.
"""

# not compiled: a table

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from analyzer.model.connection import SYN
from analyzer.opinion.facts import Fact, Stated
from analyzer.opinion.fields import Row, Value, again, flags, number

DRAFT = 0x7F
"""The first byte of a draft's version (draft-ietf-tls-tls13-21 4.2.1.1)."""
MESSAGES = ("status", "method", "records", "hellos", "alerts", "sni", "tls-version", "label")
"""Facts about what segments hold together."""
SILENT: tuple[Value, ...] = (-1, "", (), frozenset())
"""Wireshark says nothing of it."""


class Contrast(NamedTuple):
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
    since    the first version of Wireshark that was seen to say so
    """

    id: str
    kinds: tuple[str, ...]
    differs: str
    reason: str
    fits: Callable[[Contrast], bool]
    since: tuple[int, int] = (0, 0)


def _overtaken(seen: Contrast) -> bool:
    """New for us, sent before for Wireshark; or Wireshark did not dissect what it holds to be sent before."""
    if seen.fact.kind == "label":
        return seen.fact.stream
    return seen.fact.ours == "new" if seen.fact.kind == "again" else seen.theirs in SILENT


def _moved(seen: Contrast) -> bool:
    """Wireshark shows at another packet what we show here, or nothing; no other value."""
    return seen.fact.kind in ("records", "hellos", "alerts", "label") or seen.theirs in SILENT


KNOWN: tuple[Known, ...] = (
    Known(
        "ignored-segment",
        ("again", *MESSAGES),
        "We hold a segment to be new. Wireshark holds it to be sent again or out of order, and may not dissect it.",
        "A segment came that its receiver must ignore (RFC 9293 3.10.7.4, RFC 5961): a reset with a number ahead, a "
        "SYN-ACK with another initial number, an answer to an older connection. Wireshark lets it move the number that "
        "it expects next.",
        lambda seen: 0 < seen.stated.ignored < seen.fact.packet and _overtaken(seen),
    ),
    Known(
        "ports-used-again",
        ("again", *MESSAGES),
        "We see a new connection. Wireshark goes on with the older one, and holds its segments to be sent again.",
        "The ports were used before, and the SYN that opened them again is not in the capture. We tell the new "
        "connection by its SYN-ACK and its numbers; Wireshark begins a new `tcp.stream` with a SYN only.",
        lambda seen: seen.stated.reused and _overtaken(seen),
    ),
    Known(
        "disordered-capture",
        ("again", *MESSAGES),
        "We hold a segment to be new, and read what it says in its turn. Wireshark holds it to be sent again.",
        "Packets stand in the file in another order than they were on the wire: a capture of several queues or "
        "interfaces. We put them in their places; Wireshark goes by the order of the file.",
        lambda seen: seen.stated.disordered and _overtaken(seen),
    ),
    Known(
        "inside-a-tunnel",
        MESSAGES,
        "We read what is said behind a CONNECT, a SOCKS handshake or a PROXY header. Wireshark shows bytes.",
        "Wireshark dissects what is tunnelled by the port that was asked for, and only where that port is known to it.",
        lambda seen: seen.stated.tunnel and _overtaken(seen),
    ),
    Known(
        "handshake-not-captured",
        MESSAGES,
        "We read what segments that came out of order hold. Wireshark shows bytes.",
        "The SYN or the SYN-ACK is not in the capture. Wireshark puts the segments of a side in order when it has seen "
        "that side's; we do it by the acknowledgments, too.",
        lambda seen: seen.stated.unopened and seen.theirs in SILENT and again(seen.row) != "new",
    ),
    Known(
        "acknowledged-before",
        ("again",),
        "We hold a segment to be new. Wireshark holds it to be sent again, needlessly.",
        "Its bytes were acknowledged before, so they had been sent; but the capture has them here for the first time. "
        "We count what the capture has.",
        lambda seen: seen.fact.ours == "new" and "tcp.analysis.spurious_retransmission" in seen.row,
    ),
    Known(
        "within-a-round-trip",
        ("again",),
        "We say that a segment is sent again, and Wireshark that it is out of order; or the other way round.",
        "It fills a hole, later than 3 ms and sooner than one round trip of the handshake after the newest segment. So "
        "soon comes a fast retransmission, too, which three duplicate ACKs ask for (RFC 5681 3.2). Wireshark takes the "
        "round trip for its limit, and 3 ms where it does not know it; we always take 3 ms, whatever the ACKs say.",
        lambda seen: {seen.fact.ours, seen.theirs} == {"retransmission", "out-of-order"},
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
        "syn-after-a-reset",
        ("again",),
        "We say that a SYN is sent again. Wireshark, since 4.4, says that it is new.",
        "It has the initial number of a SYN that was answered by a reset: of a client that tries thrice (Windows), "
        "or that must ignore the reset. We count one connection, as Wireshark 4.0 does; newer ones begin another "
        "`tcp.stream`.",
        lambda seen: seen.theirs == "new" and flags(seen.row) & SYN > 0 and 0 < seen.stated.reset < seen.fact.packet,
        (4, 4),
    ),
    Known(
        "draft-of-tls-1.3",
        ("hellos",),
        "Wireshark sees a ServerHello. We see a handshake message that we do not read.",
        "Drafts of TLS 1.3 before the 22nd had a ServerHello of another form (draft-ietf-tls-tls13-21 4.1.3), which no "
        "server sends since 2018. We read that of RFC 8446.",
        lambda seen: number(seen.row, "tls.handshake.version") >> 8 == DRAFT,
    ),
    Known(
        "complete-elsewhere",
        MESSAGES,
        "We say that a message ends in the packet that has its last byte. Wireshark says that it does in another one.",
        "Its segments came out of order. Wireshark shows a message in the packet with which it is complete.",
        lambda seen: _moved(seen) and ("tcp.analysis.lost_segment" in seen.row or again(seen.row) != "new"),
    ),
)
"""All of them; the first that fits counts."""

"""What the capture does not show: class `incomplete`, always with what is missing (signatures.md 3.1)."""

from __future__ import annotations

from analyzer.layer.http2.registry import UNREADABLE
from analyzer.model.connection import Side
from analyzer.verdict.facts import Facts
from analyzer.verdict.model import Verdict
from analyzer.verdict.seen import cut_out, said_more


def missing(case: Facts, what: str, summary: str) -> Verdict:
    """An `incomplete` verdict; it cites the connection's last packet, or what shows that bytes were lost."""
    verdict: Verdict = Verdict("incomplete", "", "high" if what in ("head", "direction") else "medium")
    verdict.missing = what
    verdict.summary = summary
    verdict.advice = ADVICE[what]
    if what != "bytes" or not case.evidence:
        case.cite_last()
    return case.seal(verdict)


ADVICE = {
    "head": "Start the capture before the connection is made.",
    "tail": "Let the capture run until the client has given up or is done.",
    "direction": "Capture where both directions pass: on the host itself, or on both links of a bundle.",
    "bytes": "The capture lost packets: use a larger buffer (`tcpdump -B`), a filter, or a faster disk.",
    "snaplen": "Capture whole packets (`tcpdump -s 0`).",
}


def one_direction(case: Facts) -> Verdict | None:
    """Only one side of the connection is in the capture.

    On the wire: one side's packets show payload or progress, of the other there is no packet at all.
    Wireshark: tcp.analysis.ack_lost_segment
    Zeek: conn_state SH, SHR or OTH
    Reference: signatures.md 3.1
    Confidence: high
    Needs: one side only
    Not this: SYNs alone may truly have gone unanswered.
    """
    client: Side = case.client
    if case.server.packets > 0 and client.packets > 0:
        return None
    if case.server.packets == 0 and client.packets == client.syns:
        return None
    if case.server.packets == 0 and client.bytes == 0 and client.rsts + client.syns >= client.packets:
        return None
    side = "server's" if case.server.packets == 0 else "client's"
    return missing(case, "direction", f"The capture has no packet of the {side} direction of {case.where()}.")


def no_head(case: Facts) -> Verdict | None:
    """The capture began in the middle of the connection.

    On the wire: no SYN, and neither a ClientHello nor a request from which on the exchange could be judged.
    Wireshark: tcp && !(tcp.completeness & 1)
    Zeek: conn_state OTH
    Reference: signatures.md 3.1
    Confidence: high
    Needs: no SYN seen
    Not this: a whole exchange on a connection whose SYN is missing is judged.
    """
    if not case.connection.midstream or case.exchange is not None:
        return None
    if case.tls is not None and case.tls.hello_packet:
        return None
    return missing(case, "head", f"The capture begins in the middle of the connection to {case.where()}.")


def rest(case: Facts) -> Verdict:
    """Nothing failed and nothing ended: bytes, their content or the end are missing.

    On the wire: the capture ends, or the decisive bytes are lost or cut, before the exchange is over.
    Wireshark: tcp.analysis.lost_segment || frame.cap_len < frame.len
    Zeek: conn_state S1, missed_bytes above 0
    Reference: signatures.md 3.1
    Confidence: medium
    Not this: a failure that is already proven is reported with the flag `ongoing`.
    """
    if case.client.cut or case.server.cut:
        return missing(
            case, "snaplen", f"The decisive bytes of {case.where()} are cut off by the capture's snap length."
        )
    if said_more(case, case.client) or said_more(case, case.server):
        cite_loss(case)
        return missing(case, "bytes", f"The capture lost bytes of {case.where()} that decide it.")
    if UNREADABLE in case.connection.flags or (case.h2 is not None and case.h2.unread):
        return undecodable(case)
    return missing(case, "tail", f"Nothing was decided with {case.where()} yet: {case.tail()}.")


def cite_loss(case: Facts) -> None:
    """Cite the request, and the packets that show that bytes of it, or of its answer, were on the wire."""
    side: Side
    shown = False
    if case.exchange is None:
        return
    case.cite_request()
    case.cite_response()
    for side in (case.client, case.server):
        if side.lost or side.acked > side.end + 1:
            shown |= case.cite_told(side)
        elif side.sent > side.end + 1:  # a FIN takes one number
            shown |= case.cite(side.sent_packet, side.sent_time, "ack", side.index)
    if not shown:
        case.cite_last()


def torn(case: Facts) -> Verdict | None:
    """The capture was filtered, or the flow was cut off, in the middle of a handshake.

    On the wire: some side's last bytes are neither acknowledged nor sent again, while the capture goes on for seconds.
    Wireshark: !tcp.analysis.retransmission && tcp.len > 0
    Zeek: conn_state S1, OTH
    Reference: RFC 9293 3.8.1 (live TCP sends again what is not acknowledged)
    Confidence: medium
    Needs: bytes in flight that nobody sends again
    Not this: bytes above a hole wait for what is lost on the way (tls-server-flight-lost); a ClientHello that is sent
        again is tls-clienthello-unacked.
    """
    if not cut_out(case):
        return None
    return missing(
        case,
        "tail",
        f"The capture lacks what followed on the connection to {case.where()}: bytes are neither acknowledged nor sent "
        "again while it goes on, which live TCP never does; it was filtered, or the flow was cut off.",
    )


def undecodable(case: Facts) -> Verdict:
    """HTTP/2: the bytes that decide it are in the capture, and cannot be read."""
    case.cite_request()
    case.cite_response()
    verdict = missing(case, "bytes", f"The HTTP/2 frame that decides it with {case.where()} cannot be decoded.")
    verdict.advice = "Look at the frames in Wireshark: one is broken, far too large, or refers to one that was lost."
    return verdict


NO_FETCH = {
    "other": "they speak another protocol than HTTP or TLS",
    "speculative": "the connection was made, and nothing was asked",
    "probe": "the connection was opened only to be closed",
    "subflow": "it is one more path of a Multipath TCP connection",
}


def no_fetch(case: Facts) -> Verdict:
    """A connection that carried no fetch has nothing that could fail: class ok, of low confidence."""
    verdict: Verdict = Verdict("ok", "", "low")
    verdict.summary = f"No fetch with {case.where()}: {NO_FETCH.get(case.fetch.kind, 'nothing was asked')}."
    return case.seal(verdict)

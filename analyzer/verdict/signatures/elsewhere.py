"""NAT that is not undone on the way back: packets come from an address that the client has not asked (tcp/elsewhere).

The client knows no such connection, and resets it (RFC 9293 3.10.7.1).
"""

from __future__ import annotations

import cython

from analyzer.fetch.vantage import vantage
from analyzer.model.connection import CLIENT, LONGEST_NS, NETWORK, SERVER, Event
from analyzer.tcp.elsewhere import Stray
from analyzer.verdict.facts import Facts, count, endpoint, packet_of, span
from analyzer.verdict.model import Evidence, Verdict
from analyzer.verdict.signatures.incomplete import missing

RTO_NS = 1_000_000_000
"""First SYN timeout of every current stack (RFC 6298 2.1)."""
IN_FLIGHT_NS = 10_000_000
"""What was under way when the client reset the stray packet may still arrive, in a round trip and this."""


def answered_elsewhere(case: Facts) -> Verdict | None:
    """The SYN is answered from an address that was not asked.

    Cause: syn-answered-from-another-address
    On the wire: SYNs without an answer of the address that they ask; SYN-ACKs (or RSTs) that acknowledge them, to the
        client's port, from another one, which the client resets. At the server: SYN, SYN-ACK, RST of the client, and
        the same SYN again.
    Wireshark: tcp.flags.syn == 1 && tcp.flags.ack == 0 && tcp.analysis.retransmission
    Zeek: conn_state S0, and RSTOS0 or SHR with the other address
    Reference: RFC 9293 3.10.7.1; RFC 5382 (a NAT undoes in the answers what it did to the SYN)
    Confidence: high with the client's RST and a SYN after it, else medium; medium at the server
    Needs: an answer from another address, or a reset of the SYN-ACK and a SYN after it
    Not this: captured on both sides of a NAT the answer is seen from both addresses, and the connection is made. A
        client that resets a SYN-ACK of the asked address, and does not ask again, is a half-open probe, or
        syn-answered-late.
    """
    stray: Stray | None = first_answer(case)
    if stray is None:
        return refused_at_the_server(case)
    if case.server.packets > 0 or case.client.packets > case.client.syns:
        return None
    again: cython.bint = asks_again(case, stray)
    waited: cython.longlong = case.connection.capture_end - case.client.last_time
    if not again and (stray.refused_packet == 0 or waited < case.limits.syn_single_wait_ns):
        return None
    refused: cython.bint = stray.refused_packet > 0
    case.ongoing = 1 if waited < next_wait(case) else 0
    case.cite_all("syn", CLIENT)
    cite_strays(case)
    took = "the client reset them" if refused else "the client did not take them for its answer"
    what = "SYN-ACK" if stray.what == "syn-ack" else "RST"
    return case.verdict(
        "syn-answered-from-another-address",
        "high" if again and refused and what == "SYN-ACK" else "medium",
        f"{case.address()} did not answer {count(case.client.syns, 'SYN')}: the answers ({what} with the right "
        f"numbers) came from {endpoint(stray.address, stray.port)}, which was not asked; {took}"
        f"{' and asked again' if again else ''}.",
    )


def untranslated(case: Facts) -> Verdict | None:
    """Stray packets of another connection.

    On the wire: packets with the client port and the numbers of another connection, from an address it does not have.
    Wireshark: tcp.analysis.ack_lost_segment || tcp.connection.synack
    Zeek: conn_state OTH, SHR or RSTOS0
    Reference: RFC 9293 3.10.7.1
    Confidence: high
    Not this: what became of that connection is told with its own fetch.
    """
    if case.fetch.kind != "other" or not case.connection.stray:
        return None
    return missing(
        case,
        "head",
        f"Stray packets of {case.address()} that belong to another connection: NAT did not translate them.",
    )


def first_answer(case: Facts) -> Stray | None:
    """The first stray SYN-ACK, else the first stray RST, that answers the SYN."""
    stray: Stray
    found: Stray | None = None
    for stray in case.connection.strays or ():
        if stray.what == "syn-ack":
            return stray
        if stray.what == "rst" and found is None:
            found = stray
    return found


def asks_again(case: Facts, stray: Stray) -> cython.bint:
    """The client sent its SYN again when it must have had that answer."""
    mark: Event
    for mark in case.connection.milestones:
        if mark.what == "syn" and mark.packet > stray.packet and mark.time - stray.time > case.limits.synack_lost_ns:
            return True
    return False


def next_wait(case: Facts) -> cython.longlong:
    """How long after the client's last SYN its next one was due: the interval before it doubled (RFC 6298 5.5)."""
    mark: Event
    last: cython.longlong = 0
    step: cython.longlong = 0
    for mark in case.connection.milestones:
        if mark.what == "syn" and mark.side == CLIENT:
            step = mark.time - last if last else 0
            last = mark.time
    return max(2 * min(step, LONGEST_NS), RTO_NS)


def cite_strays(case: Facts) -> None:
    """Cite what came from elsewhere, and the resets that it got."""
    stray: Stray
    for stray in case.connection.strays or ():
        case.cite(stray.packet, stray.time, stray.what, NETWORK)
        case.cite(stray.refused_packet, stray.refused_time, "rst", CLIENT)


def refused_at_the_server(case: Facts) -> Verdict | None:
    """Seen at the server: the client resets each SYN-ACK and asks again, so it is no answer to what it had asked."""
    mark: Event | None = reset_and_again(case)
    if mark is None or vantage(case.connection) != "server":
        return None
    case.cite_all("syn", CLIENT)
    case.cite_all("syn-ack", SERVER)
    case.cite_all("rst", CLIENT)
    return case.verdict(
        "syn-answered-from-another-address",
        "medium",
        f"{case.address()} answered, the client reset the SYN-ACK and sent the same SYN again "
        f"{span(mark.time - case.client.rst_time)} later: to the client it is no answer, most likely as it "
        "had asked another address.",
    )


def reset_and_again(case: Facts) -> Event | None:
    """A SYN of the client behind its RST behind a SYN-ACK of the server."""
    answer: Event | None = case.find("syn-ack", SERVER, 0)
    reset: Event | None = case.find("rst", CLIENT, answer.packet) if answer is not None else None
    return case.find("syn", CLIENT, reset.packet) if reset is not None else None


SILENT = (
    "http-response-stalled",
    "http-no-response-stalled",
    "http-client-closed-no-response",
    "http-client-abort-response",
    "tls-opaque-client-gave-up",
    "tls-no-server-hello",
    "tls-server-flight-lost",
    "tls-server-flight-stalled",
    "tls-no-server-finished",
)
"""Causes beside class `rst` that a connection which died at the far end looks like."""

NAT_ADVICE = (
    "NAT let packets of the server out under their own address, and the client's reset of those ended the connection: "
    "on the node that translates, drop what conntrack calls INVALID, or set "
    "`net.netfilter.nf_conntrack_tcp_be_liberal=1`; see `conntrack -S` (insert_failed, invalid)."
)


def blame_nat(case: Facts, verdict: Verdict) -> None:
    """A segment came from another address, the client reset it, and then the connection broke: that is why."""
    stray: Stray
    if verdict.klass != "rst" and verdict.cause not in SILENT:
        return
    if verdict.klass == "rst" and (case.reset is None or case.reset.side != SERVER):
        return
    for stray in case.connection.strays or ():
        if stray.refused_packet and broke(case, stray):
            told(case, verdict, stray)
            return
    if "client-went-on" in verdict.flags:
        told_at_the_server(case, verdict)


def told_at_the_server(case: Facts, verdict: Verdict) -> None:
    """There the client's reset came first, although the client had not left."""
    reset: Event | None = case.find("rst", CLIENT, 0)
    if reset is None:
        return
    verdict.blame = "network"
    verdict.advice = NAT_ADVICE
    verdict.summary = (
        f"{verdict.summary[:-1]}; a reset of the client came before, and the client went on: most likely it had reset "
        "a segment that NAT let out untranslated."
    )
    proof = Evidence(reset.packet, reset.time, "rst", CLIENT)
    verdict.evidence = tuple(sorted([*verdict.evidence, proof], key=packet_of))


def broke(case: Facts, stray: Stray) -> cython.bint:
    """Nothing new came of the server once the reset had arrived there, and the end came after it."""
    end: cython.longlong = case.reset.packet if case.reset is not None else case.closer_packet
    still: cython.longlong = stray.refused_time + case.rtt() + IN_FLIGHT_NS
    return (end == 0 or stray.refused_packet < end) and case.server.last_data_time <= still


def told(case: Facts, verdict: Verdict, stray: Stray) -> None:
    """Say so in the verdict."""
    verdict.blame = "network"
    verdict.advice = NAT_ADVICE
    verdict.summary = (
        f"{verdict.summary[:-1]}; before that a segment of it came from {endpoint(stray.address, stray.port)}, "
        "which the client had not asked and reset: NAT had not translated it."
    )
    proofs = [
        Evidence(stray.packet, stray.time, stray.what, NETWORK),
        Evidence(stray.refused_packet, stray.refused_time, "rst", CLIENT),
    ]
    verdict.evidence = tuple(sorted([*verdict.evidence, *proofs], key=packet_of))

"""The client believes that it is connected, and the server does not (signatures.md 2.1, and its correction 11)."""

from __future__ import annotations

import cython

from analyzer.fetch.vantage import vantage
from analyzer.model.connection import CLIENT, SERVER, Connection, Event
from analyzer.verdict.causes import CAUSES
from analyzer.verdict.facts import Facts, count, packet_of, span
from analyzer.verdict.model import Verdict


def final_ack_lost(case: Facts) -> Verdict | None:
    """The client believes that it is connected, the server does not.

    Cause: final-ack-lost
    On the wire: SYN, SYN-ACK, ACK; then the server sends its SYN-ACK again and never acknowledges a byte of the
        client.
    Wireshark: tcp.flags.syn == 1 && tcp.flags.ack == 1 && tcp.analysis.retransmission
    Zeek: conn_state S1 or SH, history with a repeated `h`
    Reference: RFC 9293 3.10.7.4; Linux drops the final ACK when the accept queue is full (TcpExtListenOverflows)
    Confidence: high
    Needs: the SYN-ACK again after the ACK; nothing acknowledged; no payload of the server
    Not this: with a SYN-ACK that merely arrives twice, data flows and is acknowledged. In http-request-unacked and
        tls-clienthello-unacked the SYN-ACK is not repeated.
    """
    connection: Connection = case.connection
    if connection.synack_after_ack < 1 or case.client.acked > 0 or case.server.bytes > 0:
        return None
    if case.client.bytes == 0 and connection.synack_after_ack < 2:
        return None
    case.cite_all("syn", CLIENT)
    case.cite(connection.established_packet, connection.established_time, "ack", CLIENT)
    case.cite_all("syn-ack", SERVER)
    case.cite_all("retransmission", CLIENT)
    sent = f" and acknowledged none of the client's {case.client.end} bytes" if case.client.end else ""
    verdict: Verdict = case.verdict(
        "final-ack-lost",
        "high",
        f"{case.where()} never took the client's final ACK: it sent its SYN-ACK again "
        f"{count(connection.synack_after_ack, 'time')}{sent}{ack_arrived(case)}.",
    )
    if case.connection.heard or vantage(connection) == "server":
        verdict.advice = ARRIVED_ADVICE
    deferred(case, verdict)
    return verdict


ARRIVED_ADVICE = (
    "Most often the server's accept queue is full: compare Recv-Q with Send-Q in `ss -ltn` there and read `nstat -az "
    "TcpExtListenOverflows`; else a SYN proxy has no backend."
)


def ack_arrived(case: Facts) -> str:
    """What shows that the ACK was not lost on the way, for the end of the sentence; "" = nothing does."""
    if vantage(case.connection) == "server":
        return "; the ACK had reached it, so its accept queue is full" if case.client.first_data_packet else ARRIVED
    return HEARD if case.connection.heard else ""


ARRIVED = "; the ACK had reached it"
HEARD = "; its SYN-ACKs echo later timestamps of the client than the SYN's, so the ACK, or more, had reached it"


def deferred(case: Facts, verdict: Verdict) -> None:
    """The client had nothing to say while the SYN-ACK was repeated, or is reset when at last it has."""
    repeated: Event | None = None
    mark: Event
    for mark in case.connection.milestones:
        if mark.what == "syn-ack" and mark.side == SERVER:
            repeated = mark
    silent: cython.bint = case.client.first_data_packet == 0
    if silent or (repeated is not None and case.client.first_data_packet > repeated.packet):
        verdict.advice += DEFER_ADVICE
    reset: Event | None = case.find("rst", SERVER, case.client.first_data_packet)
    if reset is not None and case.client.first_data_packet:
        case.cite(case.client.first_data_packet, case.client.first_data_time, "data", CLIENT)
        case.cite_mark(reset)
        verdict.evidence = tuple(sorted(case.evidence, key=packet_of))
        verdict.client_errors = CAUSES["rst-after-request"].client_errors
        verdict.summary = (
            f"{verdict.summary[:-1]}; what the client sent was reset, "
            f"{span(reset.time - case.client.first_data_time)} after it had first sent it."
        )


DEFER_ADVICE = (
    " The client had nothing to say meanwhile: a listener with TCP_DEFER_ACCEPT waits for data before it takes the "
    "ACK, and kernels before Linux 2.6.32 then give the connection up (nginx `listen ... deferred`, Apache "
    "`AcceptFilter`)."
)

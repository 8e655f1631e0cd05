# not compiled: only connections that were hard to open
"""What the SYNs themselves hint at, beside the verdict: timestamps (PAWS), ECN, checksums of the packets around them.

A hint names a suspicion; it changes no class and no cause.
"""

from __future__ import annotations

from analyzer.model.connection import CLIENT, CWR, ECE, SERVER, Event
from analyzer.tcp.stamps import KEPT_NS, Older
from analyzer.verdict.facts import Facts, count, span
from analyzer.verdict.model import Verdict

BAD_CHECKSUM = "outer-checksum"
"""Flag of the decoder: the UDP header around the SYN has a wrong checksum."""

CHECKSUM_ADVICE = (
    " The UDP checksum of the tunnel's packets around these SYNs is wrong: a receiver drops them, unless the capturing "
    "host's network card was yet to fill it in; compare with a capture at the other end, and try `ethtool -K INTERFACE "
    "tx-checksum-ip-generic off` at the sender."
)
PAWS_ADVICE = (
    "At the server, `net.ipv4.tcp_tw_recycle=0` (Linux before 4.12), and no load balancer or firewall that compares "
    "timestamps: `nstat -az TcpExtPAWSPassiveRejected`; at the clients' NAT, or on them, `net.ipv4.tcp_timestamps=0`. "
    "Else: "
)


def unanswered(case: Facts, verdict: Verdict) -> None:
    """Hints for SYNs to which nothing came back."""
    if BAD_CHECKSUM in case.connection.flags:
        verdict.advice += CHECKSUM_ADVICE
    if case.connection.older is not None:
        older_timestamp(case, verdict, case.connection.older)


def older_timestamp(case: Facts, verdict: Verdict, older: Older) -> None:
    """The SYN's timestamp is older than one the server took from that address: consistent with PAWS per host.

    Said where the server took SYNs of one clock only; blamed where the capture is at this server.
    """
    if not older.tells(min(case.client.last_time + KEPT_NS, case.connection.capture_end)):
        return
    verdict.summary = (
        f"{verdict.summary[:-1]}; the timestamp of its SYN is {older.behind} ticks older than one that the server took "
        f"from this address {span(case.connection.first_time - older.time)} before (packet {older.packet}): consistent "
        "with a server that drops older timestamps (PAWS) of clients behind one address."
    )
    verdict.advice = PAWS_ADVICE + verdict.advice
    if older.near:
        verdict.blame = "server"


def connecting(case: Facts, verdict: Verdict) -> None:
    """A connection that was long in the making: said in the sentence, whatever came of it afterwards."""
    made: int = case.connection.established_time - case.connection.first_time
    if case.client.syns < 2 or case.fetch.connect_s < 0 or made < case.limits.syn_late_ns:
        return
    lost: int = unanswered_syns(case)
    how = count(lost, "SYN") + " went unanswered" if lost else f"the SYN was sent {case.client.syns} times"
    if ecn_given_up(case):
        how += ", asking for ECN; the one that was answered did not ask"
    verdict.summary += f" Connecting took {span(made)} ({how})."


def unanswered_syns(case: Facts) -> int:
    """SYNs before the one that was answered; the milestones hold sixteen."""
    mark: Event
    number: int = 0
    for mark in case.connection.milestones:
        if mark.what == "syn-ack" and mark.side == SERVER:
            return max(0, number - 1)  # a capture may show the SYN-ACK first
        if mark.what == "syn" and mark.side == CLIENT:
            number += 1
    return 0


def ecn_given_up(case: Facts) -> bool:
    """Each unanswered SYN asked for ECN, the answered one did not: a suspicion (RFC 3168 6.1.1.1), as kernels give up
    ECN with the first loss, whatever lost it."""
    mark: Event
    asked: list[bool] = []
    for mark in case.connection.milestones:
        if mark.what == "syn-ack":
            break
        if mark.what == "syn" and mark.side == CLIENT:
            asked.append(asks_ecn(mark))
    return len(asked) > 1 and not asked.pop() and all(asked)


def asks_ecn(syn: Event) -> bool:
    """ECE and CWR of a SYN (RFC 3168 6.1.1)."""
    return syn.flags & ECE != 0 and syn.flags & CWR != 0

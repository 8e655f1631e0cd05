"""Connections that were never made: class `syn-retransmit`, and the refusals beside it (signatures.md 2.1).

Each function is one signature: it returns its verdict, or None when the packets are not its own.
"""

from __future__ import annotations

import cython

from analyzer.fetch.vantage import vantage
from analyzer.model.connection import ACK, CLIENT, LONGEST_NS, OUTSIDE, SERVER, Event, Side
from analyzer.verdict.facts import Facts, count, span
from analyzer.verdict.hints import unanswered
from analyzer.verdict.model import Verdict
from analyzer.verdict.signatures.elsewhere import answered_elsewhere
from analyzer.verdict.signatures.final_ack import final_ack_lost
from analyzer.verdict.signatures.icmp import icmp_error
from analyzer.verdict.timers import Schedule, given_up_between, next_due, schedules


def synack_lost(case: Facts) -> Verdict | None:
    """The server answers, and its answer never reaches the client.

    Cause: synack-lost
    On the wire: a SYN-ACK, and more than half a second later the client sends the same SYN again.
    Wireshark: tcp.flags.syn == 1 && tcp.flags.ack == 0 && tcp.analysis.retransmission && tcp.completeness & 2
    Zeek: history `ShS`
    Reference: RFC 9293 3.10.7.3; RFC 6298 5
    Confidence: high at the server, medium elsewhere
    Needs: a SYN-ACK; a SYN after the SYN-ACK
    Not this: in syn-answered-late the client's last SYN comes before the SYN-ACK. When the connection is made after
        all, it is the flag `syn-recovered`.
    """
    mark: Event | None = case.find("syn-ack", SERVER, 0)
    if mark is None:
        return None
    again: Event | None = case.find("syn", CLIENT, mark.packet)
    while again is not None and again.time - mark.time <= case.limits.synack_lost_ns:
        again = case.find("syn", CLIENT, again.packet)
    if again is None:
        return None
    case.cite_all("syn", CLIENT)
    case.cite_all("syn-ack", SERVER)
    return case.verdict(
        "synack-lost",
        "high" if vantage(case.connection) == "server" else "medium",
        f"{case.where()} answered with a SYN-ACK, and the client sent its SYN again "
        f"{span(again.time - mark.time)} later: the way back loses packets.",
    )


def answered_late(case: Facts) -> Verdict | None:
    """The SYN-ACK comes after the client has given up.

    Cause: syn-answered-late
    On the wire: a SYN, a second or more later a SYN-ACK, which the client answers with a RST; or does not answer at
        all, and then it is a second since the last SYN too: a client that has just asked again still listens.
    Wireshark: tcp.flags.syn == 1 && tcp.flags.ack == 1 && tcp.time_relative >= 1
    Zeek: conn_state RSTOS0 or SH
    Reference: RFC 9293 3.5.2 group 1 (the RST has the SYN-ACK's acknowledgement as its sequence number, and no ACK
        flag)
    Confidence: high with the client's RST, medium without
    Needs: a late SYN-ACK
    Not this: a SYN-ACK at once that is answered with a RST is a half-open probe. The client's RST is a consequence,
        no rst-by-client. A SYN-ACK that answers the last of several SYNs at once and finds nobody is
        synack-unanswered.
    """
    mark: Event | None = case.find("syn-ack", SERVER, 0)
    if mark is None or mark.time - case.connection.first_time < case.limits.syn_late_ns:
        return None
    refusal: Event | None = case.find("rst", CLIENT, mark.packet)
    waited: cython.longlong = min(case.connection.capture_end - mark.time, mark.time - syn_before(case, mark))
    if refusal is None and waited < case.limits.syn_late_ns:
        return None
    case.cite_all("syn", CLIENT)
    case.cite_mark(mark)
    case.cite_mark(refusal)
    reply = "the client answered it with RST" if refusal is not None else "the client did not answer any more"
    return case.verdict(
        "syn-answered-late",
        "high" if refusal is not None else "medium",
        f"The SYN-ACK of {case.where()} came after {span(mark.time - case.connection.first_time)}; by then {reply}.",
    )


def synack_unanswered(case: Facts) -> Verdict | None:
    """The server answers again and again, and the client says nothing more.

    Cause: synack-unanswered
    On the wire: SYN, then SYN-ACKs at 1, 3, 7, 15 and 31 s; nothing of the client.
    Wireshark: tcp.flags.syn == 1 && tcp.flags.ack == 1 && tcp.completeness == 3
    Zeek: conn_state SH or S1, history `Shh`
    Reference: Linux tcp_synack_retries
    Confidence: medium
    Needs: a SYN-ACK; the SYN-ACK again
    Not this: a client that repeats its SYN does not get the answer (synack-lost); one that sends its ACK is
        final-ack-lost.
    """
    first: Event | None = case.find("syn-ack", SERVER, 0)
    if first is None or case.find("syn-ack", SERVER, first.packet) is None or case.client.last_packet > first.packet:
        return None
    case.cite_all("syn", CLIENT)
    case.cite_all("syn-ack", SERVER)
    return case.verdict(
        "synack-unanswered",
        "medium",
        f"{case.where()} answered and repeated its SYN-ACK; the client sent nothing more, and {case.tail()}.",
    )


def challenge_ack(case: Facts) -> Verdict | None:
    """The SYN runs into an old connection with the same ports.

    Cause: syn-challenge-ack
    On the wire: the SYN is answered by a bare ACK for another sequence number; the client resets that and tries
        again.
    Wireshark: tcp.flags == 0x010 && tcp.analysis.ack_lost_segment && !(tcp.completeness & 2)
    Zeek: conn_state OTH or RSTO, weird SYN_seq_jump
    Reference: RFC 5961 4; RFC 9293 3.10.7.4
    Confidence: high when the client resets it or sends its SYN again, else medium
    Needs: a bare ACK for another number
    Not this: when the next SYN is answered it is only the flag `syn-recovered`.
    """
    mark: Event
    for mark in case.connection.milestones:
        if mark.what == "ack" and mark.side == SERVER and mark.note == "challenge":
            case.cite_all("syn", CLIENT)
            case.cite_mark(mark)
            refusal = next_reset(case, CLIENT, mark.packet)
            case.cite_mark(refusal)
            return case.verdict(
                "syn-challenge-ack",
                "high" if refusal is not None or syns_after(case, mark.packet) else "medium",
                f"{case.where()} answered the SYN with a bare ACK of an older connection on the same ports.",
            )
    return None


def refused(case: Facts) -> Verdict | None:
    """The port is closed, or a firewall answers so.

    Cause: rst-refused
    On the wire: RST and ACK with ack = ISN + 1 answer the SYN; nothing is established.
    Wireshark: tcp.flags.reset == 1 && tcp.flags.ack == 1 && tcp.ack == 1 && !(tcp.completeness & 2)
    Zeek: conn_state REJ
    Reference: RFC 9293 3.5.2 group 1, 3.10.7.3
    Confidence: high; low when the RST does not acknowledge the SYN and the client stops all the same
    Needs: an answering RST; no SYN-ACK
    Not this: icmp-port-unreachable gives the client the same "connection refused"; a RST after the SYN-ACK is
        rst-on-accept. When the client sends its SYN again after a RST that does not acknowledge it, it is
        syn-reset-ignored.
    """
    if case.find("syn-ack", SERVER, 0) is not None:
        return None
    mark: Event | None = last_reset(case)
    if mark is None:
        return None
    valid: cython.bint = mark.place != OUTSIDE
    if valid and syns_after(case, mark.packet) >= case.limits.syn_min:
        return None
    if not valid and (ignored_by_client(case) or case.connection.capture_end - mark.time < RTO_NS):
        return None
    case.cite_all("syn", CLIENT)
    case.cite_all("rst", SERVER)
    case.cite_mark(mark)
    tries = f" ({count(case.client.syns, 'SYN')} in all)" if case.client.syns > 1 else ""
    return case.verdict(
        "rst-refused",
        ("high" if mark.seq == 0 else "medium") if valid else "low",  # RFC 9293 3.10.7.1: a closed port has no number
        f"{case.where()} refused the connection: RST {span(mark.time - syn_before(case, mark))} after the SYN{tries}"
        f"{'' if valid else ', which does not acknowledge it: the client should have ignored that'}.",
    )


def last_reset(case: Facts) -> Event | None:
    """The server's last RST that its client takes, else its last one."""
    mark: Event
    found: Event | None = None
    for mark in case.connection.milestones:
        if mark.what == "rst" and mark.side == SERVER and (found is None or mark.place <= found.place):
            found = mark
    return found


def next_reset(case: Facts, side: cython.int, packet: cython.longlong) -> Event | None:
    """The first RST of a side behind a packet, whether the receiver takes it or not."""
    mark: Event
    for mark in case.connection.milestones:
        if mark.what == "rst" and mark.side == side and mark.packet > packet:
            return mark
    return None


def reset_ignored(case: Facts) -> Verdict | None:
    """A reset answers the SYN, and it is one that the client must ignore.

    Cause: syn-reset-ignored
    On the wire: a SYN; a RST that does not acknowledge it, without ACK flag or with another number than ISN + 1; the
        same SYN again. Nothing else comes back.
    Wireshark: tcp.flags.reset == 1 && !(tcp.flags.ack == 1 && tcp.ack == 1) && !(tcp.completeness & 2)
    Zeek: conn_state REJ or S0, history `SrS`
    Reference: RFC 9293 3.10.7.3, second (in SYN-SENT a RST counts only with an acceptable ACK); Linux
        tcp_rcv_synsent_state_process
    Confidence: high when the client sent two SYNs after such resets, medium with one
    Needs: a reset that the client ignores; two SYNs; no SYN-ACK
    Not this: a RST that acknowledges the SYN is rst-refused, and so is any RST after which the client stops; without
        any packet of the server it is syn-no-answer; a bare ACK instead of a RST is syn-challenge-ack.
    """
    first: Event | None = next_reset(case, SERVER, 0)
    again: cython.longlong = ignored_by_client(case)
    if first is None or again == 0 or case.find("rst", SERVER, 0) is not None:
        return None
    if case.find("syn-ack", SERVER, 0) is not None:
        return None
    times = syn_times(case)
    due: cython.longlong = next_syn_due(case, times, schedules(times, case.client.ttl))
    case.ongoing = 1 if case.connection.capture_end - case.connection.first_time < due else 0
    case.cite_all("syn", CLIENT)
    resets: cython.longlong = cite_ignored(case)
    why = "without ACK" if not first.flags & ACK else "for another number"
    verdict: Verdict = case.verdict(
        "syn-reset-ignored",
        "high" if again >= case.limits.syn_min else "medium",
        f"{case.where()} answered the SYN with {count(resets, 'reset')} {why}, which a client must ignore: it sent "
        f"{count(case.client.syns, 'SYN')} within {span(times[len(times) - 1])} and was not answered otherwise; "
        f"{case.tail()}.",
    )
    return verdict


def ignored_by_client(case: Facts) -> cython.longlong:
    """SYNs that the client sent after the server's first RST, whether it takes that or not."""
    first: Event | None = next_reset(case, SERVER, 0)
    return 0 if first is None else syns_after(case, first.packet)


def cite_ignored(case: Facts) -> cython.longlong:
    """Cite the server's resets that the client ignores; returns how many there are."""
    mark: Event
    number: cython.longlong = 0
    for mark in case.connection.milestones:
        if mark.what == "rst" and mark.side == SERVER and mark.place == OUTSIDE:
            case.cite_mark(mark)
            number += 1
    return number


def syns_after(case: Facts, packet: cython.longlong) -> cython.longlong:
    """SYNs behind a packet."""
    mark: Event
    number: cython.longlong = 0
    for mark in case.connection.milestones:
        if mark.what == "syn" and mark.side == CLIENT and mark.packet > packet:
            number += 1
    return number


def syn_before(case: Facts, answer: Event) -> cython.longlong:
    """Time of the last SYN before an answer."""
    mark: Event
    time: cython.longlong = case.connection.first_time
    for mark in case.connection.milestones:
        if mark.what == "syn" and mark.side == CLIENT and mark.packet < answer.packet:
            time = mark.time
    return time


def no_answer(case: Facts) -> Verdict | None:
    """SYNs go out and nothing ever comes back.

    Cause: syn-no-answer
    On the wire: two or more SYNs with one ISN; no packet of the server; no ICMP error that quotes them.
    Wireshark: tcp.flags.syn == 1 && tcp.completeness == 1 && tcp.analysis.retransmission
    Zeek: conn_state S0
    Reference: RFC 9293 3.8.1; RFC 6298 2.1 and 5.5; Linux tcp_syn_retries, tcp_syn_linear_timeouts
    Confidence: high with three SYNs, medium with two; one step less when no server is heard in the whole capture
    Needs: two SYNs; nothing from the server
    Not this: a late SYN-ACK, an ICMP error or a RST after several SYNs have causes of their own; a single SYN is
        syn-abandoned.
    """
    client: Side = case.client
    if client.syns < case.limits.syn_min or case.server.packets > 0:
        return None
    times = syn_times(case)
    fitting = [] if case.connection.clock_step else schedules(times, client.ttl)
    due: cython.longlong = next_syn_due(case, times, fitting)
    step: cython.longlong = due - (client.last_time - case.connection.first_time)
    waited: cython.longlong = case.connection.capture_end - client.last_time
    long_enough: cython.bint = waited >= step + step // 2
    watched: cython.longlong = case.connection.capture_end - case.connection.first_time
    if not long_enough and (client.syns < 3 or watched < case.limits.syn_single_wait_ns):
        return None
    case.ongoing = 0 if long_enough else 1
    case.cite_all("syn", CLIENT)
    case.cite(client.last_packet, client.last_time, "syn", CLIENT)
    verdict: Verdict = case.verdict(
        "syn-no-answer",
        no_answer_confidence(case, fitting),
        f"{case.where()} never answered: {client.syns} SYNs within "
        f"{span(client.last_time - case.connection.first_time)}{named(fitting)}, no packet came back, "
        f"and {case.tail()}",
    )
    if long_enough and not case.connection.clock_step:
        verdict.timers = tuple(given_up_between(client.last_time - case.connection.first_time, due))
        verdict.summary += f"; the SYN due {span(due)} after the first is absent: the client gave up before it, unseen"
        if verdict.timers:
            verdict.summary += f", consistent with {verdict.timers[0]}"
    verdict.summary += "."
    unanswered(case, verdict)
    return verdict


RTO_NS = 1_000_000_000
"""First SYN timeout of every current stack (RFC 6298 2.1)."""


def no_answer_confidence(case: Facts, fitting: list[Schedule]) -> str:
    """High for three SYNs on a known schedule; a step less where the capture may show one direction only."""
    confidence = "high" if fitting else "medium"
    if case.connection.one_way:  # the client's own retransmission proves that it got nothing; who lost it is unknown
        case.flag("possible-one-way-capture")
        confidence = "medium" if case.client.syns >= 3 else "low"
    return confidence


def named(fitting: list[Schedule]) -> str:
    """The kernels whose schedule it is, for a sentence."""
    return f" (SYN schedule of {' or '.join(schedule.kernel for schedule in fitting)})" if fitting else ""


def syn_times(case: Facts) -> list[int]:
    """When the client's SYNs were sent, ns after the first; their number is capped."""
    mark: Event
    times: list[int] = []
    for mark in case.connection.milestones:  # a comprehension would not know the type
        if mark.what == "syn" and mark.side == CLIENT:
            times.append(mark.time - case.connection.first_time)
    return times


def next_syn_due(case: Facts, times: list[int], fitting: list[Schedule]) -> cython.longlong:
    """When the next SYN was due, ns after the first: the latest that a fitting schedule says, else the last interval
    doubled (RFC 6298 5.5)."""
    due: cython.longlong = max([next_due(schedule, case.client.syns) for schedule in fitting], default=0)
    last: cython.longlong = case.client.last_time - case.connection.first_time
    step: cython.longlong = times[len(times) - 1] - times[len(times) - 2] if len(times) > 1 else 0
    return max(due, last + RTO_NS) if due else last + 2 * max(min(step, LONGEST_NS), RTO_NS)


def abandoned(case: Facts) -> Verdict | None:
    """One SYN, and the client does not even repeat it.

    Cause: syn-abandoned
    On the wire: exactly one SYN without any answer, while the capture goes on for three seconds and more.
    Wireshark: tcp.flags.syn == 1 && tcp.completeness == 1 && !tcp.analysis.retransmission
    Zeek: conn_state S0, history `S`
    Reference: RFC 6298 2.1 (a second SYN is due after 1 s)
    Confidence: low
    Needs: one SYN; nothing from the server
    Not this: two SYNs or more are syn-no-answer; a capture that ends too soon is incomplete.
    """
    if case.client.syns != 1 or case.server.packets > 0:
        return None
    if case.connection.capture_end - case.connection.first_time < case.limits.syn_single_wait_ns:
        return None
    case.cite_all("syn", CLIENT)
    return case.verdict(
        "syn-abandoned",
        "low",
        f"The client sent one SYN to {case.where()}, got no answer and did not try again; {case.tail()}.",
    )


CONNECT = (
    icmp_error,
    refused,
    answered_elsewhere,
    reset_ignored,
    final_ack_lost,
    synack_lost,
    answered_late,
    synack_unanswered,
    challenge_ack,
    no_answer,
    abandoned,
)
"""In order of precedence (signatures.md 2.1 and 6.2 step 2)."""

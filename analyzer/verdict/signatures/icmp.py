"""Connections that an ICMP error refused: class `syn-retransmit` (signatures.md 2.1)."""

from __future__ import annotations

import cython

from analyzer.model.connection import CLIENT, NETWORK, SERVER, Event, IcmpError
from analyzer.verdict.facts import Facts, span
from analyzer.verdict.model import Verdict

ICMP_CAUSES_4 = {
    (3, 0): "icmp-net-unreachable",
    (3, 1): "icmp-host-unreachable",
    (3, 2): "icmp-protocol-unreachable",
    (3, 3): "icmp-port-unreachable",
    (3, 4): "icmp-frag-needed",
    (3, 5): "icmp-host-unreachable",
    (3, 6): "icmp-net-unreachable",
    (3, 7): "icmp-host-unreachable",
    (3, 8): "icmp-host-unreachable",
    (3, 9): "icmp-admin-prohibited",
    (3, 10): "icmp-admin-prohibited",
    (3, 11): "icmp-net-unreachable",
    (3, 12): "icmp-host-unreachable",
    (3, 13): "icmp-admin-prohibited",
    (3, 14): "icmp-host-unreachable",
    (3, 15): "icmp-admin-prohibited",
    (11, 0): "icmp-ttl-exceeded",
}
"""What ICMP (RFC 792, RFC 1812 5.2.7) means to a connection attempt, by type and code."""

ICMP_CAUSES_6 = {
    (1, 0): "icmp-net-unreachable",
    (1, 1): "icmp-admin-prohibited",
    (1, 2): "icmp-host-unreachable",
    (1, 3): "icmp-host-unreachable",
    (1, 4): "icmp-port-unreachable",
    (1, 5): "icmp-admin-prohibited",
    (1, 6): "icmp-admin-prohibited",
    (2, 0): "icmp-frag-needed",
    (3, 0): "icmp-ttl-exceeded",
}
"""The same for ICMPv6 (RFC 4443 3)."""


def icmp_cause(error: IcmpError) -> str:
    """The cause an ICMP error stands for, "" when it does not end a connection attempt."""
    table = ICMP_CAUSES_4 if error.version == 4 else ICMP_CAUSES_6
    return table.get((error.kind, error.code), "")


def icmp_error(case: Facts) -> Verdict | None:
    """A router or the host itself says by ICMP that the connection cannot be made.

    Zeek: conn_state S0, and the ICMP error as a connection of its own with proto icmp
    Reference: RFC 792; RFC 1812 5.2.7; RFC 4443 3; Linux icmp_err_convert
    Confidence: high
    Needs: an ICMP error; no SYN-ACK

    Cause: icmp-port-unreachable: The host, or a firewall in its name, says that nothing may answer on this port.
    On the wire: ICMP 3/3 (IPv6: 1/4) quotes the SYN; there is no SYN-ACK.
    Wireshark: (icmp.type == 3 && icmp.code == 3 || icmpv6.type == 1 && icmpv6.code == 4) && tcp
    Not this: rst-refused, which clients report with the same words, is a RST. On an established connection the
        error is only a hint (RFC 5461).

    Cause: icmp-host-unreachable: The last router cannot deliver to the host.
    On the wire: ICMP 3/1 (also 3/5, 3/7, 3/8, 3/12, 3/14; IPv6: 1/2, 1/3) quotes the SYN; there is no SYN-ACK.
    Wireshark: (icmp.type == 3 && icmp.code in {1, 5, 7, 8, 12, 14} || icmpv6.type == 1 && icmpv6.code in {2, 3}) &&
        tcp
    Not this: silence instead of the error is syn-no-answer; no route to the whole network is icmp-net-unreachable.

    Cause: icmp-net-unreachable: A router has no route to the network.
    On the wire: ICMP 3/0 (also 3/6, 3/11; IPv6: 1/0) quotes the SYN; there is no SYN-ACK.
    Wireshark: (icmp.type == 3 && icmp.code in {0, 6, 11} || icmpv6.type == 1 && icmpv6.code == 0) && tcp
    Not this: icmp-host-unreachable comes from the last router. A client without any route sends no SYN at all.

    Cause: icmp-admin-prohibited: A firewall or router forbids the connection, and says so.
    On the wire: ICMP 3/9, 3/10, 3/13 or 3/15 (IPv6: 1/1, 1/5, 1/6) quotes the SYN; there is no SYN-ACK.
    Wireshark: (icmp.type == 3 && icmp.code in {9, 10, 13, 15} || icmpv6.type == 1 && icmpv6.code in {1, 5, 6}) &&
        tcp
    Not this: a firewall that drops without a word is syn-no-answer, one that answers with a RST is rst-refused.

    Cause: icmp-ttl-exceeded: The SYN runs out of hops, as it does in a routing loop.
    On the wire: ICMP 11/0 (IPv6: 3/0) quotes the SYN, twice or after a second SYN; there is no SYN-ACK.
    Wireshark: (icmp.type == 11 && icmp.code == 0 || icmpv6.type == 3 && icmpv6.code == 0) && tcp
    Confidence: medium
    Not this: the answers to a traceroute, whose probes have a small TTL on purpose and whose next SYN is answered.

    Cause: icmp-frag-needed: Even the SYN is too big for a link on the path.
    On the wire: ICMP 3/4 (IPv6: 2/0) quotes the SYN; there is no SYN-ACK.
    Wireshark: (icmp.type == 3 && icmp.code == 4 || icmpv6.type == 2) && tcp
    Confidence: medium
    Not this: the same error about later, large packets is ordinary path MTU discovery; when it is lost, see
        tls-server-flight-lost.

    Cause: icmp-protocol-unreachable: The host says that it does not speak TCP.
    On the wire: ICMP 3/2 quotes the SYN; there is no SYN-ACK.
    Wireshark: icmp.type == 3 && icmp.code == 2 && tcp
    Not this: icmp-port-unreachable speaks of one port only.
    """
    mark: Event | None = case.find("icmp", NETWORK, 0)
    if mark is None or not isinstance(mark.note, IcmpError):
        return None
    error: IcmpError = mark.note
    cause = icmp_cause(error)
    if cause == "" or case.find("syn-ack", SERVER, 0) is not None:
        return None
    once: cython.bint = case.client.syns < 2 and case.find("icmp", NETWORK, mark.packet) is None
    if once and cause == "icmp-ttl-exceeded" and not gave_up_at_once(case):
        return None
    from_server: cython.bint = error.sender == case.server.address
    if case.client.syns > case.connection.icmps:
        case.flag("icmp-rate-limited")
    case.cite_all("syn", CLIENT)
    case.cite_all("icmp", NETWORK)
    by = "the server's own address" if from_server else "a device on the path"
    said = cause[5:].replace("-", " ")
    confidence = "medium" if cause in ("icmp-ttl-exceeded", "icmp-frag-needed") else "high"
    if once and cause == "icmp-ttl-exceeded":
        confidence = "low"
    verdict: Verdict = case.verdict(
        cause,
        confidence,
        f"{case.where()} cannot be reached: {by} answered the SYN with ICMP "
        f'"{said}" (type {error.kind}, code {error.code}) after {span(mark.time - case.connection.first_time)}.',
    )
    verdict.blame = "server" if from_server else "network"
    return verdict


def frag_needed(case: Facts) -> Event | None:
    """A router says that a packet is too big: the one ICMP error that matters after establishment (2.1)."""
    mark: Event
    for mark in case.connection.milestones:
        if mark.what == "icmp" and isinstance(mark.note, IcmpError) and icmp_cause(mark.note) == "icmp-frag-needed":
            return mark
    return None


def suspect_pmtu(case: Facts) -> None:
    """Only large packets are lost: a path MTU problem, which a router's own word proves where it was captured."""
    case.flag("pmtu-suspected")
    if case.connection.icmps:
        case.cite_mark(frag_needed(case))


def gave_up_at_once(case: Facts) -> cython.bint:
    """The client sent one SYN and no second one while the capture went on: it took the ICMP error for final.

    Loops can be short, so one time-exceeded error alone proves little; Linux fails at once upon it (icmp_err_convert).
    """
    return case.connection.capture_end - case.connection.first_time >= case.limits.syn_single_wait_ns

"""Names that did not resolve: class `dns-failure` (signatures.md 1.2).

Each function is one signature: it returns its verdict, or None when the packets are not its own.
"""

from __future__ import annotations

import socket

import cython

from analyzer.fetch.resolution import NO_ADDRESS, NO_ANSWER, Resolution, outcome
from analyzer.verdict.case import Case, count, span
from analyzer.verdict.model import Verdict
from analyzer.wire.dns.lookups import PATIENCE_NS, Lookup
from analyzer.wire.model import CLIENT, NETWORK, SERVER

CODES = {1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED", 8: "NXRRSET", 9: "NOTAUTH"}
"""Names of the response codes (RFC 1035 4.1.1, RFC 2136 2.2)."""
RETRY_NS = 1_000_000_000
"""Shortest wait before a resolver asks again: `timeout:1` of resolv.conf(5), and Windows' first."""
SHOWN = 3
"""Servers named in a sentence."""


def nxdomain(case: Case) -> Verdict | None:
    """The name does not exist.

    Cause: dns-nxdomain
    On the wire: an answer with code NXDOMAIN, and none with an address for A or AAAA, on a retry, from another server,
        or for the name with a search domain behind it; no connection for the name.
    Wireshark: dns.flags.rcode == 3
    Zeek: dns.log with rcode_name NXDOMAIN, no conn.log entry
    Reference: RFC 1035 4.1.1; RFC 8020 (for all types); resolv.conf(5) `search`, `ndots`
    Confidence: high
    Needs: a lookup in vain; NXDOMAIN
    Not this: NXDOMAIN for one family or for a search-domain variant while another question brought an address. A name
        that exists without an address is dns-no-address.
    """
    return said(case, "nxdomain", "dns-nxdomain", "does not exist")


def servfail(case: Case) -> Verdict | None:
    """The resolver could not find out.

    Cause: dns-servfail
    On the wire: answers with code SERVFAIL, none with an address; no connection for the name.
    Wireshark: dns.flags.rcode == 2
    Zeek: dns.log with rcode_name SERVFAIL
    Reference: RFC 1035 4.1.1; RFC 4035 5.5 (DNSSEC validation that failed); RFC 9520
    Confidence: high; medium when the capture ends before another try could follow
    Needs: a lookup in vain; SERVFAIL
    Not this: SERVFAIL of one server while the next, or the same a moment later, answered; no word at all is
        dns-no-answer.
    """
    return said(case, "servfail", "dns-servfail", "was not resolved")


def refused(case: Case) -> Verdict | None:
    """The resolver does not want to answer.

    Cause: dns-refused
    On the wire: answers with code REFUSED, or NOTIMP, FORMERR, NOTAUTH; none with an address; no connection for it.
    Wireshark: dns.flags.rcode in {1, 4, 5, 9}
    Zeek: dns.log with rcode_name REFUSED
    Reference: RFC 1035 4.1.1; RFC 8906
    Confidence: high; medium when the capture ends before another try could follow
    Needs: a lookup in vain; a refusal to answer
    Not this: REFUSED of one server while the next answered; FORMERR that a question without EDNS overcame. A resolver
        that tried and failed is dns-servfail.
    """
    return said(case, "refused", "dns-refused", "was not resolved")


def no_address(case: Case) -> Verdict | None:
    """The name exists and has no address.

    Cause: dns-no-address
    On the wire: answers with code NOERROR that hold neither A nor AAAA, to all that was asked.
    Wireshark: dns.flags.rcode == 0 && dns.count.answers == 0
    Zeek: dns.log with rcode_name NOERROR and empty answers
    Reference: RFC 2308 2.2 (NODATA)
    Confidence: high
    Needs: a lookup in vain; an answer without an address
    Not this: an empty answer for AAAA while A has an address, or while A was not asked; a name that does not exist is
        dns-nxdomain.
    """
    return said(case, NO_ADDRESS, "dns-no-address", "exists and has no address")


def said(case: Case, what: str, cause: str, summary: str) -> Verdict | None:
    """The verdict when a resolver answered, and what it said was of no use."""
    wish: Resolution = case.fetch.resolution
    answers = [lookup for lookup in wish.meant if lookup.answer_packet and outcome(lookup) == what]
    if not answers:
        return None
    last: cython.longlong = max(lookup.answer_time for lookup in answers)
    after: cython.longlong = case.connection.capture_end - last
    if what not in ("nxdomain", NO_ADDRESS) and not asked_again(answers) and after < RETRY_NS:
        case.ongoing = 1  # another try may have followed
    cite(case)
    codes = " and ".join(dict.fromkeys(CODES.get(lookup.rcode, f"code {lookup.rcode}") for lookup in answers))
    answered = "answered without one" if what == NO_ADDRESS else f"said {codes}"
    return case.verdict(
        cause,
        "high",
        f"{case.where()} {summary}: {servers(answers)} {answered} within {span(last - wish.first_time)}{tried(wish)}.",
    )


def no_answer(case: Case) -> Verdict | None:
    """No resolver answers.

    Cause: dns-no-answer
    On the wire: questions go out, again and to all servers, and no answer ever comes, or ICMP says that none will; no
        connection for the name.
    Wireshark: dns.flags.response == 0 && !dns.response_in
    Zeek: dns.log without rcode; conn.log S0 on port 53
    Reference: resolv.conf(5) `timeout`, `attempts`; Go net/dnsconfig_unix.go (both 5 s, twice)
    Confidence: high when it was asked again or ICMP says why; low for a single question
    Needs: a lookup in vain; an unanswered question
    Not this: an answer on a retry or of another server; a capture that ends before the resolver's patience does.
    """
    wish: Resolution = case.fetch.resolution
    silent = [lookup for lookup in wish.meant if outcome(lookup) == NO_ANSWER]
    if not silent:
        return None
    last: cython.longlong = max(lookup.last_query_time for lookup in silent)
    after: cython.longlong = case.connection.capture_end - last
    waited: cython.longlong = last - min(lookup.first_time for lookup in silent)
    told: cython.bint = all(lookup.icmp is not None for lookup in silent)
    if after < PATIENCE_NS and waited < RETRY_NS and not told:
        return None
    case.ongoing = 0 if told or after >= min(PATIENCE_NS, max(waited, RETRY_NS)) else 1
    cite(case)
    case.cite_all("icmp", NETWORK)
    confidence = "high" if told or waited >= RETRY_NS else "low"  # every resolver asks again, unless it was stopped
    if case.connection.one_way and not told:
        case.flag("possible-one-way-capture")
        confidence = "medium" if waited >= RETRY_NS else "low"
    did = "returned ICMP errors for" if told else "never answered"
    asked = count(sum(lookup.asked for lookup in silent), "question")
    return case.verdict(
        "dns-no-answer",
        confidence,
        f"{case.where()} was not resolved: {servers(silent)} {did} {asked} within {span(waited)}"
        f"{tried(wish)}; the capture ends {span(after)} after the last.",
    )


def asked_again(answers: list[Lookup]) -> bool:
    """Whether one type was asked for twice."""
    return sum(lookup.asked for lookup in answers) > len({lookup.qtype for lookup in answers})


def cite(case: Case) -> None:
    """Cite all questions and answers."""
    case.cite_all("dns-query", CLIENT)
    case.cite_all("dns-answer", SERVER)


def servers(lookups: list[Lookup]) -> str:
    """The servers asked, in order: `192.0.2.53 and 192.0.2.54`."""
    asked = list(dict.fromkeys(address(lookup) for lookup in lookups))
    more = [f"{len(asked) - SHOWN} more"] if len(asked) > SHOWN else []
    return " and ".join([*asked[:SHOWN], *more])


def address(lookup: Lookup) -> str:
    """The server of a lookup."""
    family = socket.AF_INET if len(lookup.server) == 4 else socket.AF_INET6
    return socket.inet_ntop(family, lookup.server)


def tried(wish: Resolution) -> str:
    """The search domains that were tried as well, as the end of a clause."""
    variants = len({name.lower() for name in wish.names}) - 1
    return f", also with {count(variants, 'search domain')}" if variants > 0 else ""


DNS = (nxdomain, servfail, refused, no_answer, no_address)
"""In order of precedence: what a server knows before what it cannot say; a silence before an empty answer, because
the family that nobody answered for may be the one with the address."""

# not compiled: only names that were not resolved
"""Names that did not resolve: class `dns-failure` (signatures.md 1.2).

Each function is one signature: it returns its verdict, or None when the packets are not its own.
"""

from __future__ import annotations

import socket

from analyzer.fetch.resolution import NO_ADDRESS, NO_ANSWER, Resolution, outcome
from analyzer.layer.dns.lookups import PATIENCE_NS, Lookup
from analyzer.model.connection import CLIENT, NETWORK, SERVER
from analyzer.verdict.facts import Facts, count, span
from analyzer.verdict.model import Verdict
from analyzer.verdict.signatures import incomplete

CODES = {1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED", 8: "NXRRSET", 9: "NOTAUTH"}
"""Names of the response codes (RFC 1035 4.1.1, RFC 2136 2.2)."""
RETRY_NS = 1_000_000_000
"""Shortest wait before a resolver asks again: `timeout:1` of resolv.conf(5), and Windows' first."""
SHOWN = 3
"""Servers named in a sentence."""


def nxdomain(case: Facts) -> Verdict | None:
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


def servfail(case: Facts) -> Verdict | None:
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


def refused(case: Facts) -> Verdict | None:
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


def no_address(case: Facts) -> Verdict | None:
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


def said(case: Facts, what: str, cause: str, summary: str) -> Verdict | None:
    """The verdict when a resolver answered, and what it said was of no use."""
    wish: Resolution = case.fetch.resolution
    answers = [lookup for lookup in wish.meant if lookup.answer_packet and outcome(lookup) == what]
    if not answers or (what != "nxdomain" and (wish.unheard or any(lookup.given_up for lookup in wish.meant))):
        return None
    last: int = max(lookup.answer_time for lookup in answers)
    after: int = case.connection.capture_end - last
    half: bool = what in ("servfail", "refused") and wish.half_asked
    if half and after < PATIENCE_NS:
        return None
    if what == NO_ADDRESS and after < RETRY_NS and len({lookup.qtype for lookup in wish.meant}) == 1:
        return None  # the other family may be asked for next
    if what not in ("nxdomain", NO_ADDRESS) and not asked_again(answers) and after < RETRY_NS:
        case.ongoing = 1  # another try may have followed
    cite(case)
    codes = " and ".join(dict.fromkeys(CODES.get(lookup.rcode, f"code {lookup.rcode}") for lookup in answers))
    answered = "answered without one" if what == NO_ADDRESS else f"said {codes}"
    return case.verdict(
        cause,
        "medium" if wish.unheard or half else "high",
        f"{case.where()} {summary}: {servers(answers)} {answered} within {span(last - wish.first_time)}{tried(wish)}.",
    )


def no_answer(case: Facts) -> Verdict | None:
    """No resolver answers.

    Cause: dns-no-answer
    On the wire: questions go out, again and to all servers, and no answer ever comes, or ICMP says that none will, or
        answers come from an address that was not asked, which the client ignores or refuses by ICMP; no connection for
        the name.
    Wireshark: dns.flags.response == 0 && !dns.response_in
    Zeek: dns.log without rcode; conn.log S0 on port 53
    Reference: resolv.conf(5) `timeout`, `attempts`; Go net/dnsconfig_unix.go (both 5 s, twice); RFC 5452 9.1
    Confidence: high when it was asked again or ICMP says why
    Needs: a lookup in vain; an unanswered question
    Not this: an answer on a retry or of another server; a capture that ends before the resolver's patience does; a
        question that was not asked again although its answer is not in the capture: then the capture lacks it.
    """
    wish: Resolution = case.fetch.resolution
    silent = [lookup for lookup in wish.meant if outcome(lookup) == NO_ANSWER and not lookup.given_up]
    if not silent or wish.overlooked or (wish.variant_unheard and not wish.unheard):
        return None
    last: int = max(lookup.last_query_time for lookup in silent)
    after: int = case.connection.capture_end - last
    waited: int = last - min(lookup.first_time for lookup in silent)
    told: bool = all(lookup.icmp is not None for lookup in silent)
    refused: bool = any(lookup.refusals for lookup in silent)
    if waited < RETRY_NS and not told and not refused:
        return None
    case.ongoing = 0 if told or after >= min(PATIENCE_NS, max(waited, RETRY_NS)) else 1
    cite(case)
    case.cite_all("icmp", NETWORK)
    confidence = "high"
    if case.connection.one_way and not told:
        case.flag("possible-one-way-capture")
        confidence = "medium"
    did = "returned ICMP errors for" if told else "never answered"
    asked = count(sum(lookup.asked for lookup in silent), "question")
    end = "there was no room to wait longer than" if wish.given_up else "the capture ends"
    verdict = case.verdict(
        "dns-no-answer",
        confidence,
        f"{case.where()} was not resolved: {servers(silent)} {did} {asked} within {span(waited)}"
        f"{tried(wish)}{strangers(silent)}; {end} {span(after)} after the last.",
    )
    if any(lookup.strays for lookup in silent):
        verdict.advice = STRANGER_ADVICE
    return verdict


STRANGER_ADVICE = (
    "Answers come from another address than the one that was asked, and no client may take them: NAT is not undone on "
    "the way back (conntrack on a node or bridge, masquerading, two paths), or a server with several addresses answers "
    "from the wrong one; capture at the server, and bind it to each of its addresses."
)


def strangers(silent: list[Lookup]) -> str:
    """Who answered without having been asked, as the end of a clause."""
    others = list(dict.fromkeys(text_of(server) for lookup in silent for server, _, _ in lookup.strays))
    if not others:
        return ""
    refused = ", and the client refused them by ICMP" if any(lookup.refusals for lookup in silent) else ""
    return f"; the answers came from {listed(others)}, which was not asked{refused}"


def given_up(case: Facts) -> Verdict | None:
    """Too many names were being looked up at once to wait for what became of this one.

    On the wire: a question, and thousands of others at the same time that were neither answered.
    Wireshark: dns.flags.response == 0
    Zeek: dns.log without rcode
    Reference: RFC 1035 7.3; analyzer/layer/dns/lookups.py MAX_OPEN, analyzer/fetch/wishes.py MAX_OPEN
    Confidence: medium
    Needs: a lookup in vain; an unanswered question
    Not this: what a server said, or a silence that lasted, is told in spite of it, with the flag `evicted`.
    """
    wish: Resolution = case.fetch.resolution
    if not wish.given_up and not any(lookup.given_up for lookup in wish.lookups):
        return None
    cite(case)
    verdict = incomplete.missing(
        case,
        "tail",
        f"Whether {case.where()} was resolved is not known: more names were looked up at once than there is room for.",
    )
    verdict.advice = GIVEN_UP_ADVICE
    return verdict


GIVEN_UP_ADVICE = (
    "Classify a part of the capture (`editcap -A` and `-B`, or the questions of one client): what asks for so many "
    "names at once, and whether the resolver answers it, shows in its rows."
)


def not_heard(case: Facts) -> Verdict | None:
    """The answer to a question is not in the capture.

    On the wire: a question that was not asked again, no answer to it, and no connection that shows what it was; or one
        that was, and a connection of the client that begins in the middle, within seconds, and does not say for what.
    Wireshark: dns.flags.response == 0 && !dns.response_in
    Zeek: dns.log without rcode
    Reference: signatures.md 3.1
    Confidence: medium
    Needs: a lookup in vain; an unanswered question
    Not this: a resolver that hears nothing asks again (dns-no-answer).
    """
    wish: Resolution = case.fetch.resolution
    after: int = case.connection.capture_end - wish.last_time
    if not (wish.variant_unheard or wish.overlooked) or after < PATIENCE_NS:
        return None
    cite(case)
    what = "direction" if case.connection.one_way else "bytes"
    unknown = f"Whether {case.where()} was resolved is not known: the answer to a question is not in the capture, and"
    if wish.variant_unheard:
        return incomplete.missing(case, what, f"{unknown} it was not asked again within {span(after)}.")
    return incomplete.missing(
        case, "bytes", f"{unknown} a connection of the client of which the beginning is missing, too, may be due to it."
    )


def asked_again(answers: list[Lookup]) -> bool:
    """Whether one type was asked for twice."""
    return sum(lookup.asked for lookup in answers) > len({lookup.qtype for lookup in answers})


def cite(case: Facts) -> None:
    """Cite all questions and answers."""
    case.cite_all("dns-query", CLIENT)
    case.cite_all("dns-answer", SERVER)


def servers(lookups: list[Lookup]) -> str:
    """The servers asked, in order: `192.0.2.53 and 192.0.2.54`."""
    return listed(list(dict.fromkeys(text_of(lookup.server) for lookup in lookups)))


def listed(addresses: list[str]) -> str:
    """The first few, and how many more: `192.0.2.53 and 192.0.2.54`."""
    more = [f"{len(addresses) - SHOWN} more"] if len(addresses) > SHOWN else []
    return " and ".join([*addresses[:SHOWN], *more])


def text_of(address: bytes) -> str:
    """An address as people write it."""
    return socket.inet_ntop(socket.AF_INET if len(address) == 4 else socket.AF_INET6, address)


def tried(wish: Resolution) -> str:
    """The search domains that were tried as well, as the end of a clause."""
    variants = len({name.lower() for name in wish.names}) - 1
    return f", also with {count(variants, 'search domain')}" if variants > 0 else ""


DNS = (nxdomain, servfail, refused, no_answer, no_address, given_up, not_heard)
"""In order of precedence: what a server knows before what it cannot say; a silence before an empty answer, because
the family that nobody answered for may be the one with the address."""

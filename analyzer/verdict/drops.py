# not compiled: only where packets were dropped
"""What verdicts are worth where the capture dropped packets meanwhile.

Bytes that were dropped show in later numbers of the connection, and have been taken into account. What leaves no
trace is what came last, or was all there was: a reset, an answer to a name. So what rests on an absence does not hold
when packets were dropped in the silence itself, and is less sure when they were dropped before.
"""

from __future__ import annotations

from analyzer.capture.losses import Losses
from analyzer.fetch.model import Fetch
from analyzer.verdict.facts import Facts
from analyzer.verdict.model import CONFIDENCES, Verdict
from analyzer.verdict.signatures.incomplete import missing

FLAG = "packets-dropped"

MEANWHILE, AFTERWARDS = 1, 2
"""Bits of Fetch.dropped: before its last packet, and in the silence behind it."""

SAID = (
    "dns-nxdomain",
    "dns-refused",
    "dns-servfail",
    "dns-no-address",
    "http-garbage-response",
    "http-on-tls-server",
    "http-plain-on-tls-port",
    "http-proxy-connect",
    "http-status-",
    "http2-",
    "icmp-",
    "tls-alert",
    "tls-banner-reply",
    "tls-garbage",
    "tls-http-reply",
    "tls-sslv2",
)
"""Beginnings of the causes that some packet says in so many words, whatever else was dropped."""

SILENT = ("http-proxy-connect-no-reply",)


def mark(fetch: Fetch, losses: Losses) -> None:
    """Note whether packets were dropped during a fetch; before it is judged, while its connection is known."""
    if losses.within(fetch.start, fetch.end):
        fetch.dropped |= MEANWHILE
    if losses.within(fetch.end, max(fetch.end, fetch.connection.capture_end)):
        fetch.dropped |= AFTERWARDS


def doubted(case: Facts, verdict: Verdict) -> Verdict:
    """The verdict with its flag, and no surer than it can be."""
    over = case.closer >= 0 or verdict.klass == "rst"
    ok = verdict.klass == "ok"
    seen = case.exchange is not None and case.answered == 2 if ok else said(verdict.cause)
    meanwhile = bool(case.fetch.dropped & MEANWHILE)
    if not meanwhile and (over or seen):
        return verdict
    case.flag(FLAG)
    verdict.flag(FLAG)
    if verdict.klass == "incomplete":
        return verdict
    if not over and not seen and case.fetch.dropped & AFTERWARDS:
        return unknown(case)
    most = "medium" if seen or (over and not ok) else "low"
    verdict.confidence = min(verdict.confidence, most, key=CONFIDENCES.index)
    return verdict


def said(cause: str) -> bool:
    """Whether a packet says it, rather than that none came."""
    return cause.startswith(SAID) and cause not in SILENT


def unknown(case: Facts) -> Verdict:
    """What decides it may be among the packets that were dropped."""
    case.evidence = []
    case.ongoing = 0
    verdict = missing(
        case, "bytes", f"The capture dropped packets after the last one of {case.where()}: what decides it may be one."
    )
    verdict.confidence = "low"
    return verdict

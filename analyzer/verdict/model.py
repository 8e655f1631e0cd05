"""A verdict: what is wrong, how sure that is, and which packets prove it."""

from __future__ import annotations

import cython

from analyzer.fetch.model import Fetch

CLASSES = ("syn-retransmit", "rst", "tls-stall", "tls-failure", "http-failure", "dns-failure", "ok", "incomplete")
FAILURES = frozenset(CLASSES[:6])
CONFIDENCES = ("low", "medium", "high")


class Evidence:
    """A packet that proves the verdict; `what` is one of model.connection.WHAT, side 0 client, 1 server, 2 network."""

    def __init__(self, packet: cython.longlong, time: cython.longlong, what: str, side: cython.int) -> None:
        self.packet = packet
        self.time = time
        self.what = what
        self.side = side


@cython.no_gc
@cython.cclass
class Verdict:
    """The answer for one fetch (signatures.md 1.2).

    klass       one of CLASSES; cause: the signature's id, "" for ok and incomplete without one
    failed      the fetch failed for certain, as opposed to ok and incomplete
    confidence  low | medium | high
    missing     for incomplete: head | tail | direction | bytes | snaplen
    blame       client | server | network | "" (unknown)
    rst_origin  injected-suspected | endpoint-consistent | undetermined | ""
    rst_ttl     TTL of the reset that it is about, 0 = none
    timers      known timers that the wait is consistent with, most specific first
    flags       words, in the order found; evidence: in packet order
    summary     one sentence a colleague would say; advice: what to do next; client_errors: what clients print for it
    """

    def __init__(self, klass: str, cause: str, confidence: str) -> None:
        self.klass = klass
        self.failed = klass in FAILURES
        self.cause = cause
        self.confidence = confidence
        self.missing = self.blame = self.rst_origin = ""
        self.rst_ttl = 0
        self.flags: tuple[str, ...] = ()
        self.timers: tuple[str, ...] = ()
        self.evidence: tuple[Evidence, ...] = ()
        self.summary = self.advice = self.client_errors = ""

    def flag(self, word: str) -> None:
        """Add a word to the flags, once."""
        if word not in self.flags:
            self.flags = (*self.flags, word)


def verdict_of(fetch: Fetch) -> Verdict:
    """The fetch's verdict, once it has one: the stage before knows no type for it."""
    verdict: Verdict = fetch.verdict  # type: ignore[assignment]
    return verdict

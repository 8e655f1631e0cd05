"""Which verdicts a client's words are consistent with (signatures.md 2.6): to choose among fetches, never to judge one.

The same packets give different words in different clients, so each kind fits many causes.
"""

from __future__ import annotations

# not compiled: runs with a client log only
from typing import cast

from analyzer.clientlog.read import Error
from analyzer.fetch.model import Fetch
from analyzer.verdict.model import Verdict

CONTRADICTS, HIDDEN, FITS = 0, 1, 2
"""HIDDEN: the capture cannot show it: it would be inside TLS, or in what the capture lacks."""

HUNG_UP = (
    "http-failure/http-no-response-server-closed", "http-failure/http-keepalive-race", "tls-failure/tls-server-fin",
    "http-failure/tls-opaque-no-response-server-closed", "http-failure/tls-opaque-cut",
    "http-failure/http-response-truncated",
)  # fmt: skip
GAVE_UP = (
    "syn-retransmit/", "tls-stall/", "tls-failure/tls-client-fin", "rst/rst-by-client", "http-failure/http-client-",
    "http-failure/tls-opaque-client-gave-up", "http-failure/http-response-stalled", "http-failure/http-no-response-",
    "http-failure/http-request-unacked", "http-failure/http-proxy-connect-no-reply", "dns-failure/dns-no-answer",
    "http-failure/http-expect-100-no-reply",
)  # fmt: skip

FITTING: dict[str, tuple[str, ...]] = {
    "name": ("dns-failure/",),
    "refused": ("rst/rst-refused", "syn-retransmit/icmp-"),
    "unreachable": ("syn-retransmit/icmp-",),
    "connect": ("rst/rst-refused", "rst/rst-on-accept", "syn-retransmit/"),
    "connect-timeout": ("syn-retransmit/", "http-failure/http-proxy-connect-no-reply"),
    "tls-timeout": ("tls-stall/", "tls-failure/tls-client-fin", "rst/rst-by-client", "syn-retransmit/final-ack-lost"),
    "timeout": GAVE_UP,
    "reset": ("rst/", "tls-failure/", "tls-stall/", "http-failure/http-on-tls-server", *HUNG_UP),
    "closed": ("rst/", "tls-failure/", "tls-stall/", *HUNG_UP),
    "truncated": (
        "rst/rst-mid-response",
        "http-failure/http-response-",
        "http-failure/http2-",
        "http-failure/tls-opaque-",
    ),
    "certificate": ("tls-failure/", "rst/rst-by-client"),
    "tls-alert": ("tls-failure/", "http-failure/http-on-tls-server", "http-failure/tls-opaque-"),
    "not-tls": ("tls-failure/tls-http-reply", "tls-failure/tls-banner-reply", "tls-failure/tls-garbage"),
    "garbage": ("http-failure/http-garbage-response", "http-failure/http-on-tls-server", "http-failure/http-response-"),
    "tls": ("tls-failure/", "tls-stall/", "rst/"),
    "status": ("http-failure/http-status-", "http-failure/http-plain-on-tls-port", "http-failure/http-proxy-connect-"),
    "redirects": (),
    "failed": ("syn-retransmit/", "rst/", "tls-stall/", "tls-failure/", "http-failure/", "dns-failure/"),
}
"""Kind -> how class and cause may begin."""

CUT_UPLOAD = frozenset(("reset", "closed"))
"""What a client may say instead of the status when the answer came before its upload was over."""
INSIDE = frozenset(("closed", "truncated", "timeout", "garbage", "status", "redirects", "certificate", "failed"))
"""What can happen in a TLS connection that looks fine from outside."""
NO_FAILURE = frozenset(("redirects",))
"""What is no failure of any single fetch."""


def fit(error: Error, fetch: Fetch) -> int:
    """How well the words agree with the verdict."""
    verdict = cast(Verdict, fetch.verdict)
    if error.status and fetch.status:
        return FITS if error.status == fetch.status else CONTRADICTS
    if f"{verdict.klass}/{verdict.cause}".startswith(FITTING[error.kind]):
        return FITS
    if error.kind in CUT_UPLOAD and "early-answer" in verdict.flags:
        return FITS
    if verdict.klass == "incomplete":
        return HIDDEN
    if verdict.klass == "ok" and (error.kind in NO_FAILURE or (error.kind in INSIDE and fetch.protocol == "tls")):
        return HIDDEN
    return CONTRADICTS

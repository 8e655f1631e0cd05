"""What is obviously wrong with a server's certificate, where it can be read: beside what the client made of it."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime

import cython

from analyzer.layer.tls.certificate import MAX_NAMES
from analyzer.model.connection import CLIENT
from analyzer.model.tls import Alert, Tls
from analyzer.verdict.causes import CERTIFICATE_ALERTS
from analyzer.verdict.facts import Facts
from analyzer.verdict.model import Verdict

UNTOLD = ("tls-client-fin", "rst-by-client")
SHOWN = 3
"""Names of a certificate that a sentence has room for."""


def tell_fault(case: Facts, verdict: Verdict) -> None:
    """Where the client broke off the handshake: name the first fault of the certificate that it had been shown."""
    tls: Tls = case.tls
    if tls.certificate is None or not rejected(case, verdict):
        return
    found = fault(tls.certificate, tls.sni, tls.hello_time)
    if found:
        verdict.summary += f" The server's certificate {found}."


def rejected(case: Facts, verdict: Verdict) -> cython.bint:
    """The client said that it does not like it, or gave no reason why it left."""
    alert: Alert
    if verdict.cause in UNTOLD:
        return True
    for alert in case.tls.alerts:
        if alert.side == CLIENT and (alert.code in CERTIFICATE_ALERTS or alert.code < 0):
            return verdict.klass == "tls-failure"
    return False


def fault(certificate: dict[str, str], asked: str, time: cython.longlong) -> str:
    """The first thing that is wrong with it at an instant, ns, for the name that was asked for; "" = nothing obvious.

    Whether a chain leads to somebody who is trusted depends on whom the client trusts: that is not looked at.
    """
    now = datetime.fromtimestamp(time // 1_000_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    before, after = certificate["not_before"], certificate["not_after"]
    if after and now > after:
        return f"expired on {after[:10]}"
    if before and now < before:
        return f"is valid from {before[:10]} on, which is later than this"
    names = certificate["names"].split()
    if asked and 0 < len(names) < MAX_NAMES and not any(covers(name, asked) for name in names):
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        return f"is for {', '.join(names[:SHOWN])}{more}, not for {asked}"
    return "is self-signed" if certificate["self_issued"] else ""


def covers(name: str, asked: str) -> bool:
    """Whether a name of a certificate covers a host (RFC 9525 6.3): `*` stands for one whole label, the first."""
    name, asked = name.lower().rstrip("."), asked.lower().rstrip(".")
    if name == asked:
        return True
    if name.startswith("*."):
        return asked.partition(".")[2] == name[2:] and not asked.startswith(".")
    try:
        return ipaddress.ip_address(name) == ipaddress.ip_address(asked)
    except ValueError:
        return False

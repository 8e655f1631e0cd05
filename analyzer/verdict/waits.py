"""Which known timers the end of a fetch is consistent with: which gap, from which anchor (signatures.md 4)."""

from __future__ import annotations

import cython

from analyzer.model.connection import SERVER, Connection
from analyzer.model.http import Exchange
from analyzer.verdict import timers
from analyzer.verdict.facts import Facts
from analyzer.verdict.model import Verdict
from analyzer.verdict.signatures.reset import asked_time, idle_before

WAITS = {
    "tls-clienthello-unacked": timers.SHAKING,
    "tls-clienthello-partial": timers.SHAKING,
    "tls-no-server-hello": timers.SHAKING,
    "tls-server-flight-lost": timers.SHAKING,
    "tls-server-flight-stalled": timers.SHAKING,
    "tls-client-silent": timers.SHAKING,
    "tls-no-server-finished": timers.SHAKING,
    "rst-after-tls-silence": timers.SHAKING,
    "http-proxy-connect-no-reply": timers.PROXYING,
    "http-client-closed-no-response": timers.WAITING,
    "http-expect-100-no-reply": timers.WAITING,
    "http-no-response-server-closed": timers.WAITING,
    "http-request-unacked": timers.WAITING,
    "rst-idle-timeout": timers.WAITING,
    "tls-opaque-client-gave-up": timers.WAITING,
    "tls-opaque-no-response-server-closed": timers.WAITING,
    "http-response-stalled": timers.READING,
    "http-client-abort-response": timers.READING,
    "http-keepalive-race": timers.RESTING,
    "http-status-408": timers.WAITING,
    "http-status-502": timers.ANSWERED,
    "http-status-503": timers.ANSWERED,
    "http-status-504": timers.ANSWERED,
    "http-status-522": timers.ANSWERED,
    "http-status-524": timers.ANSWERED,
}
"""What was waited for, by cause. Other causes are no end of a wait."""


def name_timers(case: Facts, verdict: Verdict) -> None:
    """Put the timers that fit into the verdict, and the first of them into its sentence."""
    wait = WAITS.get(verdict.cause)
    if wait is None:
        return
    if wait == timers.READING and not case.answered:
        wait = timers.WAITING  # nothing of the response had come
    verdict.timers = tuple(ending_timers(case, wait))
    if verdict.timers:
        verdict.summary = f"{verdict.summary[:-1]}; consistent with {verdict.timers[0]}."


def ending_timers(case: Facts, wait: str) -> list[str]:
    """The timers that the end of this wait is consistent with; none where the clock jumped or nobody ended it."""
    sides: tuple[str, ...] = (timers.SERVER,)
    exchange: Exchange = case.exchange
    end: cython.longlong
    if exchange is not None and exchange.status and case.answered and wait in (timers.ANSWERED, timers.WAITING):
        end = exchange.response_time
    else:
        end = case.closer_time
        if case.closer < 0:
            end = 0
        elif case.closer != SERVER:
            sides = (timers.CLIENT,)
        elif case.closer_what == "rst":
            sides = (timers.SERVER, timers.PATH)
    if end - case.connection.first_time < timers.SHORTEST_NS or case.connection.clock_step:
        return []  # also where nobody ended it
    known = gaps(case, wait, end)
    if sides[0] == timers.SERVER and wait == timers.WAITING and asked_in_full(case):
        known.pop(timers.SYN, None)  # a server that has the request counts from there
        known.pop(timers.UP, None)
    fits = timers.fitting(known, wait, sides)
    words = timers.of_program(fits, program(case, sides[0]), plain=exchange is not None) if fits else []
    return words + timers.set_by_somebody(known, sides[0])


def asked_in_full(case: Facts) -> cython.bint:
    """The whole request was sent, and the server does not say that it lacks a part of it (408)."""
    exchange: Exchange = case.exchange
    if exchange is not None:
        return exchange.request_complete != 0 and exchange.status != REQUEST_TIMEOUT
    return case.asked == 1  # what is unproven inside TLS may be the preface of HTTP/2 alone


REQUEST_TIMEOUT = 408


def program(case: Facts, side: str) -> str:
    """What the client or the server calls itself, else what its ClientHello shows; "" = unknown."""
    exchange: Exchange | None = case.exchange if case.exchange is not None else case.connection.connect
    said = ""
    if exchange is not None:
        said = exchange.user_agent if side == timers.CLIENT else exchange.headers.get("server", "")
    if said or side != timers.CLIENT or case.tls is None:
        return said
    return by_hello(case.tls.ciphers_offer)


def by_hello(ciphers: bytes) -> str:
    """Go's crypto/tls offers the suites of TLS 1.3 (0x13..) last; OpenSSL, GnuTLS and Java AES-256 (0x1302) first."""
    if ciphers[:2] == AES_256:
        return timers.NOT_GO
    return timers.GO if ciphers[:1] != TLS_1_3 and ciphers[-2:-1] == TLS_1_3 else ""


AES_256, TLS_1_3 = b"\x13\x02", b"\x13"


def gaps(case: Facts, wait: str, end: cython.longlong) -> dict[str, int]:
    """From each anchor to the end of the wait, in ns; anchors that are unknown or lie behind it are left out."""
    connection: Connection = case.connection
    exchange: Exchange = case.exchange
    if wait == timers.RESTING:
        since = {timers.IDLE: exchange.request_time - idle_before(case) if exchange is not None else 0}
    else:
        later: cython.bint = case.opaque is not None and case.opaque.later
        first: cython.bint = not connection.midstream and not later and (exchange is None or exchange.index <= 0)
        since = {
            timers.SYN: 0 if connection.midstream or later else case.fetch.start,
            timers.UP: connection.established_time if first else 0,
            timers.ASKED: asked_time(case) if case.asked else 0,
            timers.HEARD: case.progress_time if wait != timers.ANSWERED else asked_time(case),
            timers.CONNECT_SENT: connect_time(case),
        }
    time: cython.longlong
    found: dict[str, int] = {}
    for anchor, time in since.items():
        if 0 < time < end:
            found[anchor] = end - time
    return found


def connect_time(case: Facts) -> cython.longlong:
    """When CONNECT was sent; 0 = it was not."""
    exchange: Exchange | None = case.exchange if case.exchange is not None else case.connection.connect
    if exchange is None or exchange.method != "CONNECT":
        return 0
    return exchange.request_time

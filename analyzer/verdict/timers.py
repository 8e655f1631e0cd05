"""Known timers and SYN schedules (signatures.md 4): tables, and what a wait is consistent with."""

from __future__ import annotations

from typing import NamedTuple

import cython

SECOND_NS = 1_000_000_000
EARLY_NS = 20_000_000
LATE_NS = 350_000_000
LATE_SHARE = 50
"""A timer of T seconds matches a wait of T - 20 ms to T + max(350 ms, 2 % of T): timers fire late, never early."""
SHORTEST_NS = SECOND_NS - EARLY_NS
"""No timer is shorter than a second, in no table and by nobody's setting."""
WHOLE_LATE_NS = 50_000_000
"""A timer that is in no table must be met closer: within this after a whole number of seconds."""

SYN, UP, ASKED, HEARD, IDLE, CONNECT_SENT = "A1", "A2", "A3", "A4", "A5", "A6"
"""Anchors: first SYN (of a later request on the connection: its begin); established; end of the request; last new byte
of either side; end of the exchange before; CONNECT sent."""

CONNECTING, PROXYING, SHAKING, WAITING, READING, RESTING = "connect", "proxy", "tls", "request", "response", "idle"
"""What the wait was for: connection, tunnel, TLS handshake, first byte of the response, its rest, the next request."""
ANSWERED = "answer"
"""The wait ended with a status that an intermediary gives when its own timer ran out."""
TALKING = (SHAKING, WAITING, READING)

CLIENT, SERVER, PATH = "client", "server", "path"
"""Who ended the wait: a client's FIN or RST, a server's FIN, status or RST, a RST of something between."""


GO, NOT_GO = "Go-http-client", "no Go"
"""What a client is, by its User-Agent or else by its ClientHello."""


class Timer(NamedTuple):
    """One row: from which anchor, how long, whose words for it, in which waits, on whose side, and who says so.

    programs: beginnings of the User-Agent (or, on the server's side, of the Server header) that have this timer.
    secure: it is set for https:// only.
    """

    anchor: str
    seconds: int
    name: str
    waits: tuple[str, ...]
    side: str
    programs: tuple[str, ...]
    source: str
    secure: bool = False


TABLE = (
    # Clients (signatures.md 4.2).
    Timer(SYN, 30, "Go's dial timeout", (CONNECTING,), CLIENT, (GO,), "Go net/http/transport.go"),
    Timer(SYN, 15, "Go's dial timeout shared by two addresses", (CONNECTING,), CLIENT, (GO,),
          "Go net/dial.go partialDeadline"),
    Timer(UP, 10, "Go's TLS handshake timeout", (SHAKING,), CLIENT, (GO,),
          "Go net/http/transport.go; measured 10.004 to 10.013 s"),
    Timer(CONNECT_SENT, 60, "Go's timeout for CONNECT", (PROXYING,), CLIENT, (GO,),
          "Go net/http/transport.go dialConn"),
    Timer(SYN, 5, "the go command's limit for GOINSECURE hosts", TALKING, CLIENT, (GO,),
          "Go cmd/go/internal/web/http.go", secure=True),
    Timer(SYN, 15, "pip's connect timeout", (CONNECTING,), CLIENT, ("pip/",), "pip source"),
    Timer(HEARD, 15, "pip's read timeout", TALKING, CLIENT, ("pip/",), "pip source"),
    Timer(SYN, 300, "curl's and git's connect timeout", (CONNECTING, PROXYING, SHAKING), CLIENT, ("curl/", "git/"),
          "CURLOPT_CONNECTTIMEOUT"),
    Timer(SYN, 300, "npm's fetch timeout", (CONNECTING,), CLIENT, ("npm/",), "npm config"),
    Timer(HEARD, 300, "npm's fetch timeout", TALKING, CLIENT, ("npm/",), "npm config"),
    Timer(SYN, 10, "Node's connect timeout for fetch (undici)", (CONNECTING, SHAKING), CLIENT, ("node",), "undici"),
    Timer(ASKED, 300, "Node's headers timeout for fetch (undici)", (WAITING,), CLIENT, ("node",), "undici Client.md"),
    Timer(HEARD, 300, "Node's body timeout for fetch (undici)", (READING,), CLIENT, ("node",), "undici Client.md"),
    Timer(SYN, 100, ".NET HttpClient's timeout", (CONNECTING, *TALKING), CLIENT, (), "HttpClient.Timeout"),
    # Servers (4.3).
    Timer(UP, 60, "nginx's client_header_timeout", (SHAKING, WAITING), SERVER, ("nginx",), "nginx docs; measured"),
    Timer(HEARD, 60, "nginx's send_timeout or client_body_timeout", (READING,), SERVER, ("nginx",), "nginx docs"),
    Timer(IDLE, 75, "nginx's keepalive_timeout", (RESTING,), SERVER, ("nginx",), "nginx docs"),
    Timer(ASKED, 60, "nginx's proxy_read_timeout", (ANSWERED,), SERVER, ("nginx",), "nginx docs; measured"),
    Timer(HEARD, 60, "Apache's Timeout", (SHAKING, WAITING, READING, ANSWERED), SERVER, ("Apache",), "Apache docs"),
    Timer(UP, 20, "Apache's RequestReadTimeout", (SHAKING,), SERVER, ("Apache",), "Apache docs, mod_reqtimeout"),
    Timer(IDLE, 5, "Apache's KeepAliveTimeout", (RESTING,), SERVER, ("Apache",), "Apache docs"),
    Timer(IDLE, 5, "Node's keepAliveTimeout", (RESTING,), SERVER, (), "Node http.Server"),
    Timer(UP, 60, "Node's headersTimeout", (WAITING,), SERVER, (), "Node http.Server"),
    Timer(UP, 120, "Node's TLS handshakeTimeout", (SHAKING,), SERVER, (), "Node tls.Server"),
    Timer(ASKED, 300, "Node's requestTimeout", (WAITING,), SERVER, (), "Node http.Server"),
    Timer(HEARD, 60, "an AWS load balancer's idle timeout", (WAITING, READING, ANSWERED, RESTING), SERVER, ("awselb",),
          "AWS ELB docs"),
    Timer(ASKED, 30, "a Google Cloud backend service's timeout", (ANSWERED,), SERVER, (), "GCP docs"),
    Timer(IDLE, 610, "a Google Cloud load balancer's keep-alive timeout", (RESTING,), SERVER, (), "GCP docs"),
    Timer(ASKED, 15, "Envoy's route timeout", (ANSWERED,), SERVER, ("envoy",), "Envoy docs"),
    Timer(ASKED, 5, "Envoy's connect timeout to its upstream", (ANSWERED,), SERVER, ("envoy",), "Envoy docs"),
    Timer(ASKED, 100, "Cloudflare's proxy read timeout", (ANSWERED,), SERVER, ("cloudflare",), "Cloudflare docs"),
    Timer(IDLE, 400, "Cloudflare's keep-alive timeout", (RESTING,), SERVER, ("cloudflare",), "Cloudflare docs"),
    # What stands between (4.3): silence, then a RST.
    Timer(HEARD, 350, "the idle timeout of an AWS NLB, GWLB or NAT gateway", TALKING, PATH, (), "AWS docs"),
    Timer(HEARD, 240, "the idle timeout of an Azure load balancer or NAT gateway", TALKING, PATH, (), "Azure docs"),
    Timer(HEARD, 600, "the idle timeout of a Google Cloud firewall", TALKING, PATH, (), "GCP docs"),
    Timer(HEARD, 1200, "the idle timeout of Google Cloud NAT", TALKING, PATH, (), "GCP docs"),
    Timer(HEARD, 7440, "the idle timeout that RFC 5382 asks of a NAT", TALKING, PATH, (), "RFC 5382 REQ-5"),
)  # fmt: skip

USUAL_SECONDS = (1, 2, 3, 5, 10, 15, 20, 30, 60, 90, 100, 120, 300)
"""What people set (signatures.md 4.2, last row); from any anchor."""


def longest_wait(seconds: cython.longlong) -> cython.longlong:
    """The longest wait, in ns, that is that of a timer of so many seconds."""
    timer: cython.longlong = seconds * SECOND_NS
    return timer + max(LATE_NS, timer // LATE_SHARE)


def matches(seconds: cython.longlong, gap: cython.longlong) -> cython.bint:
    """Whether a wait of `gap` ns is that of a timer."""
    return seconds * SECOND_NS - EARLY_NS <= gap <= longest_wait(seconds)


class Fit(NamedTuple):
    """A row of the table, made ready to be compared: from which anchor, between which waits (ns), in what words."""

    anchor: str
    shortest: int
    longest: int
    words: str
    programs: tuple[str, ...]
    secure: bool


def ready(row: Timer) -> Fit:
    """The row as a Fit."""
    words = f"{row.name} ({row.seconds} s)"
    return Fit(
        row.anchor, row.seconds * SECOND_NS - EARLY_NS, longest_wait(row.seconds), words, row.programs, row.secure
    )


FITS = [(row, ready(row)) for row in TABLE]
BY_END = {
    (wait, side): [fit for row, fit in FITS if wait in row.waits and row.side == side]
    for wait in {wait for row in TABLE for wait in row.waits}
    for side in (CLIENT, SERVER, PATH)
}
"""What was waited for and who ended it -> the timers that may have run out."""


def fitting(gaps: dict[str, int], wait: str, sides: tuple[str, ...]) -> list[Fit]:
    """The timers that a wait is consistent with, whatever the program.

    gaps   anchor -> ns from it to the end of the wait
    sides  who may have ended it
    """
    shortest: cython.longlong
    longest: cython.longlong
    gap: cython.longlong
    found: list[Fit] = []
    for side in sides:
        for row in BY_END[wait, side]:
            anchor, shortest, longest, _, _, _ = row
            gap = gaps.get(anchor, -1)
            if shortest <= gap <= longest:
                found.append(row)
    return found


def of_program(fits: list[Fit], program: str, *, plain: bool = False) -> list[str]:
    """These timers in words; who says who it is (User-Agent or Server header, "" = unknown) has no timers of others."""
    words = [row.words for row in fits if not (plain and row.secure) and may_be(row.programs, program)]
    return list(dict.fromkeys(words))


def may_be(programs: tuple[str, ...], program: str) -> bool:
    """Whether a timer of these programs may be that of `program`."""
    if program in ("", NOT_GO):
        return program == "" or programs != (GO,)
    return program.startswith(programs)


def set_by_somebody(gaps: dict[str, int], side: str) -> list[str]:
    """A timer that somebody may have set: of a usual length, else of whole seconds; its anchor where just one fits."""
    seconds: cython.longlong
    gap: cython.longlong
    least: cython.longlong = 0
    first = ""
    fits: cython.int = 0
    for anchor, gap in gaps.items():
        seconds = usual(gap)
        if seconds and (least == 0 or seconds < least):
            least, first, fits = seconds, anchor, 1
        elif seconds and seconds == least:
            fits += 1
    if least:
        return [f"a {side} timer of {least} s{FROM[first] if fits < len(gaps) else ''}"]
    for anchor, gap in gaps.items():
        seconds = (gap + EARLY_NS) // SECOND_NS
        if seconds > 0 and gap - seconds * SECOND_NS <= WHOLE_LATE_NS:
            return [f"a {side} timer of {seconds} s{FROM[anchor]}"]
    return []


def usual(gap: cython.longlong) -> cython.longlong:
    """The usual length of a timer, in seconds, that a wait of `gap` ns matches (at most one does); 0 = none."""
    seconds: cython.longlong
    for seconds in USUAL_SECONDS:
        if matches(seconds, gap):
            return seconds
        if seconds * SECOND_NS > gap:
            break
    return 0


FROM = {
    SYN: " from the start",
    UP: " from the handshake",
    ASKED: " from the request",
    HEARD: " from the last byte",
    IDLE: " of idleness",
    CONNECT_SENT: " from CONNECT",
}


CONNECTS = [(row.seconds * SECOND_NS, fit.words) for row, fit in FITS if CONNECTING in row.waits and row.anchor == SYN]
CONNECTS += [(seconds * SECOND_NS, f"a client timer of {seconds} s") for seconds in USUAL_SECONDS]
"""Timers that end a client's attempt to connect, in ns and in words."""


def given_up_between(after: cython.longlong, before: cython.longlong) -> list[str]:
    """Timers of a client that gave up connecting unseen, between two instants in ns after its first SYN."""
    end: cython.longlong
    found: list[str] = []
    for end, words in CONNECTS:
        if after < end < before:
            found.append(words)
    return found


class Schedule(NamedTuple):
    """When a kernel sends its SYNs (seconds), when it gives up, and its usual initial TTL."""

    kernel: str
    syns: tuple[int, ...]
    gives_up: int
    ttl: int
    source: str


SCHEDULES = (
    Schedule("Linux >= 6.5", (0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67), 131, 64, "Linux commit ccce324dabfe; measured"),
    Schedule("macOS", (0, 1, 2, 3, 4, 5, 7, 11, 19, 35), 75, 64, "the same commit's text; xnu tcp(4)"),
    Schedule("Linux 3.7 to 6.4", (0, 1, 3, 7, 15, 31, 63), 127, 64, "RFC 6298 2.1 and 5.5; ip-sysctl"),
    Schedule("Linux before 2.6.39", (0, 3, 9, 21, 45, 93), 189, 64, "RFC 2988 (3 s)"),
    Schedule("Windows 7", (0, 3, 9), 21, 128, "Microsoft KB2786464"),
    Schedule("Windows 10", (0, 1, 3, 7, 15), 21, 128, "netsh int tcp show global"),
)
"""Signatures.md 4.1. Windows 10 may be set to other numbers."""
MIN_SYNS = 3
"""Fewer fit too many schedules to name one."""
EARLY_SHARE, JITTER_SHARE = 0.02, 0.10
"""An interval may be 2 % shorter and 10 % longer than the table's (timer wheels fire late)."""


def schedules(times: list[int], ttl: int) -> list[Schedule]:
    """The schedules that the SYNs at these times (ns) fit. ttl: of the SYNs; more than 64 is no Linux, 0 = unknown."""
    if len(times) < MIN_SYNS:
        return []
    return [schedule for schedule in SCHEDULES if _like(schedule, times) and _from(schedule.ttl, ttl)]


def _like(schedule: Schedule, times: list[int]) -> bool:
    due: tuple[int, ...] = schedule.syns
    count: cython.Py_ssize_t = len(times)
    i: cython.Py_ssize_t
    if count > len(due):
        return False
    for i in range(1, count):  # noqa: SIM110  (a generator would cost more than the comparisons)
        if not _fits(times[i] - times[i - 1], due[i] - due[i - 1]):
            return False
    return True


def _from(initial: int, ttl: int) -> bool:
    """Whether a packet that started with this TTL can have `ttl` left; no path has 64 hops."""
    return ttl == 0 or initial - 64 < ttl <= initial


def _fits(interval: cython.longlong, seconds: cython.longlong) -> cython.bint:
    return (1 - EARLY_SHARE) * seconds * SECOND_NS <= interval <= (1 + JITTER_SHARE) * seconds * SECOND_NS


def next_due(schedule: Schedule, count: int) -> int:
    """Nanoseconds from the first SYN to the one after `count` SYNs, or to the kernel's own end."""
    seconds = schedule.syns[count] if count < len(schedule.syns) else schedule.gives_up
    return seconds * SECOND_NS

"""What the signatures look at: one fetch with the handful of facts that several of them need."""

from __future__ import annotations

import socket
from typing import Any

import cython

from analyzer.fetch.model import Fetch
from analyzer.model.connection import CLIENT, GOES_ON, LONGEST_NS, OUTSIDE, SERVER, Connection, Event, Side
from analyzer.model.http import Exchange
from analyzer.model.tls import Tls
from analyzer.verdict.causes import cause_of
from analyzer.verdict.model import Evidence, Verdict
from analyzer.verdict.thresholds import Thresholds

MAX_EVIDENCE = 40
"""Packets cited for one verdict; later ones are left out."""


OPENING = ("syn", "syn-ack", "ack")
"""Milestones that may be data as well: TCP Fast Open, a request with the last ACK of the handshake."""


@cython.no_gc
@cython.cclass
class Facts:
    """One fetch under judgement. Times in ns, 0 = did not happen; packets 0 = none.

    h2             what HTTP/2 adds to the exchange, None = it is none of HTTP/2
    replied        1 = the server sent payload after the ClientHello (a proxy's answer to CONNECT came before it)
    tls_done       1 = the TLS handshake is complete as far as the wire shows (signatures.md 1.4)
    asked          request: 0 none, 1 begun, 2 whole; answered: response: 0 none, 1 begun, 2 whole or opaque
    reset          the first RST that nothing explains (resets.py)
    closer         who ended it first, CLIENT or SERVER, -1 = nobody: FIN, close_notify or unexplained RST
    (`closer_what`)
    notify_*       packet of each side's close_notify
    spoke_time     the client's last new payload; progress_time: either side's
    doubt          why the confidence is capped at medium, "" = it is not
    fired          the signature whose verdict it is, None = none; tried: a list that collects the tuples of signatures
                   that were gone through (explain.py), None = nobody wants to know
    """

    def __init__(self, fetch: Fetch, limits: Thresholds) -> None:
        connection: Connection = fetch.connection
        self.fetch = fetch
        self.connection = connection
        self.client = connection.client
        self.server = connection.server
        self.tls: Any = connection.tls
        self.exchange: Any = fetch.exchange
        self.h2: Any = None if fetch.exchange is None else fetch.exchange.h2
        self.limits = limits
        self.completion: Any = fetch.completion
        self.opaque: Any = fetch.opaque
        self.reset: Any = None
        self.closer = -1
        self.closer_what = self.doubt = ""
        self.closer_packet = self.closer_time = 0
        self.notify_client = self.notify_server = 0
        self.tls_done = self.replied = False
        self.asked = self.answered = self.ongoing = 0
        self.spoke_time = self.progress_time = 0
        self.flags: list[str] = []
        self.evidence: list[Evidence] = []
        self.fired: Any = None
        self.tried: Any = None

    def flag(self, word: str) -> cython.bint:
        """Add a word to the flags, once."""
        if word not in self.flags:
            self.flags.append(word)
        return True

    def cite(self, packet: cython.longlong, time: cython.longlong, what: str, side: cython.int) -> cython.bint:
        """Cite a packet; packet 0 is nothing to cite."""
        seen: Evidence
        if packet <= 0 or len(self.evidence) >= MAX_EVIDENCE:
            return False
        if self.connection.moved is not None:
            packet, time = self.connection.moved.get(packet, (packet, time))
        for seen in self.evidence:
            if seen.packet == packet and seen.what == what:
                return False
        seen = Evidence.__new__(Evidence)  # a bare object costs half as much
        seen.packet, seen.time, seen.what, seen.side = packet, time, what, side
        self.evidence.append(seen)
        return True

    def find(self, what: str, side: cython.int, after: cython.longlong) -> Event | None:
        """The first milestone of that kind and side behind packet `after`; a RST only if its receiver may take it."""
        mark: Event
        for mark in self.connection.milestones:
            if mark.packet > after and mark.side == side and mark.what == what and mark.place != OUTSIDE:
                return mark
        return None

    def cite_mark(self, mark: Event | None) -> None:
        """Cite a milestone, if there is one."""
        if mark is not None:
            self.cite(mark.packet, mark.time, mark.what, mark.side)

    def cite_all(self, what: str, side: cython.int) -> None:
        """Cite every milestone of that kind and side; no RST that its receiver ignores."""
        mark: Event
        for mark in self.connection.milestones:
            if mark.side == side and mark.what == what and mark.place != OUTSIDE:
                self.cite(mark.packet, mark.time, what, side)

    def cite_hello(self) -> None:
        """Cite the packet in which the ClientHello ends, and where it begins when that is another one."""
        tls: Tls = self.tls
        if tls is not None:
            self.cite(tls.hello_packet, tls.hello_time, "client-hello", CLIENT)

    def cite_request(self) -> None:
        """Cite the request."""
        exchange: Exchange = self.exchange
        if exchange is not None:
            self.cite(exchange.request_packet, exchange.request_time, "request", CLIENT)
        elif self.opaque is not None and self.asked:
            self.cite(self.opaque.request_packet, self.opaque.request_time, "record", CLIENT)
        elif self.asked:
            self.cite(self.client.first_data_packet, self.client.first_data_time, "data", CLIENT)

    def cite_response(self) -> None:
        """Cite the beginning of the response, and its last packet where it is known."""
        exchange: Exchange = self.exchange
        if exchange is not None:
            self.cite(exchange.response_packet, exchange.response_time, "response", SERVER)
        elif self.opaque is not None and self.answered:
            self.cite(self.opaque.response_packet, self.opaque.response_time, "record", SERVER)
        elif self.answered:
            self.cite(self.server.first_data_packet, self.server.first_data_time, "data", SERVER)

    def cite_closer(self) -> None:
        """Cite the packet with which the first side ended it."""
        side: cython.int = self.closer
        if self.closer_what == "ack":  # of a FIN that was not captured
            side = CLIENT if side == SERVER else SERVER
        self.cite(self.closer_packet, self.closer_time, self.closer_what, side)

    def cite_ack(self) -> None:
        """Cite the packet with which the server last acknowledged something new of the client's."""
        if self.client.acked > 0:
            self.cite(self.client.ack_packet, self.client.ack_time, "ack", SERVER)

    def cite_told(self, side: Side) -> cython.bint:
        """Cite the packet with which its receiver last acknowledged something new of this side's; it may be a RST."""
        mark: Event
        for mark in self.connection.milestones:
            if mark.packet == side.ack_packet and mark.what in ("rst", "fin"):
                return self.cite(mark.packet, mark.time, mark.what, mark.side)
        receiver: cython.int = CLIENT if side.index == SERVER else SERVER
        return self.cite(side.ack_packet, side.ack_time, "ack", receiver)

    def cite_last(self) -> None:
        """Cite the connection's last packet: an absence is proved by what came before it."""
        mark: Event
        number: cython.longlong = self.connection.last_packet
        side: cython.int = SERVER if self.server.last_packet == number else CLIENT
        begins: cython.bint = number in (self.client.first_data_packet, self.server.first_data_packet)
        if self.tls is not None and self.exchange is not None:
            begins = begins or (self.exchange.index == 0 and number == self.exchange.request_packet)
        for mark in self.connection.milestones:  # how much of a first message a packet holds is chance: it is data
            if mark.packet == number and (not begins or mark.what in OPENING):
                self.cite(number, mark.time, mark.what, mark.side)
                return
        what = "ack"
        if number in (self.client.last_data_packet, self.server.last_data_packet):
            what = "data"
        elif self.server.packets == 0 and self.client.packets == self.client.syns:
            what = "syn"
        self.cite(number, self.connection.last_time, what, side)

    def silence(self) -> cython.longlong:
        """How long nothing new was said before the first side ended it, or the capture did; ns, never below 0."""
        stop: cython.longlong = self.closer_time
        if self.closer < 0:
            stop = self.connection.capture_end
        if self.progress_time == 0 or stop < self.progress_time:
            return 0
        return stop - self.progress_time

    def unread(self, side: Side) -> cython.bint:
        """This side's receive window was closed while it was silent, and still is: it does not read, whoever waits."""
        if self.h2 is not None and (self.h2.server_blocked if side.index == CLIENT else self.h2.client_blocked):
            return True  # so is the one that HTTP/2 has for the stream or the connection
        stop: cython.longlong = self.closer_time if self.closer >= 0 else self.connection.capture_end
        return 0 < side.zero_since < stop

    def syn_proxied(self, later_ttl: cython.int) -> str:
        """Advice where the SYN-ACK has another TTL than what came later under the server's address, else ""."""
        if self.server.ttl == 0 or later_ttl == 0 or self.server.ttl == later_ttl:
            return ""
        return (
            f" The SYN-ACK came with TTL {self.server.ttl}, a later packet with {later_ttl}: a SYN proxy may have "
            "answered for a backend that cannot be reached."
        )

    def rtt(self) -> cython.longlong:
        """From the last SYN before the answer to the SYN-ACK; 0 = unknown."""
        if self.client.syn_time == 0 or self.server.syn_time < self.client.syn_time:
            return 0
        return min(self.server.syn_time - self.client.syn_time, LONGEST_NS)

    def where(self) -> str:
        """The server as a colleague would call it: its name, else address and port."""
        return self.fetch.name or self.address()

    def address(self) -> str:
        """The server's address and port."""
        return endpoint(self.server.address, self.server.port)

    def peer(self) -> str:
        """The other end of the TCP connection as a colleague would call it: in front of a tunnel that is the proxy."""
        asked: Exchange = self.exchange
        tunnel: cython.bint = self.connection.connect is not None or (asked is not None and asked.method == "CONNECT")
        if tunnel or "socks" in self.connection.via:
            return f"the proxy {self.address()}"
        return self.where()

    def asked_for(self) -> str:
        """The target of the request, as far as it may be shown."""
        return self.fetch.shown(self.exchange.target)

    def tail(self) -> str:
        """How long the capture went on after the connection's last packet, as the end of a sentence."""
        later: cython.longlong = self.connection.capture_end - self.connection.last_time
        if "evicted" in self.connection.flags:
            return f"too much was open at once to follow it for longer than {span(max(later, 0))} without a packet"
        if self.connection.final == GOES_ON:
            return f"nothing more came for {span(max(later, 0))}"
        if later <= 0:
            return "the capture ends with its last packet"
        return f"the capture ends {span(later)} after its last packet"

    def verdict(self, cause: str, confidence: str, summary: str) -> Verdict:
        """The verdict of one signature: what the table of causes says, what was cited, and the sentence."""
        entry = cause_of(cause)
        verdict: Verdict = Verdict(entry.klass, cause, confidence)
        verdict.blame = entry.blame
        verdict.advice = entry.advice
        verdict.client_errors = entry.client_errors
        verdict.summary = summary
        return self.seal(verdict)

    def seal(self, verdict: Verdict) -> Verdict:
        """Add flags, evidence in packet order and the caps on the confidence (signatures.md 6.3)."""
        if self.ongoing:
            self.flag("ongoing")
        sure: cython.bint = self.doubt == "head" and verdict.klass == "incomplete"  # that is what it says
        if (self.ongoing or (self.doubt and not sure)) and verdict.confidence == "high":
            verdict.confidence = "medium"
        if self.flags:
            verdict.flags = shared(tuple(self.flags))
        if not self.evidence:
            self.cite_last()
        if not in_order(self.evidence):
            self.evidence.sort(key=packet_of)
        verdict.evidence = tuple(self.evidence)
        return verdict


MAX_SHARED = 256
"""Combinations of flags of which one copy serves all verdicts, most of which have one of a few."""
_shared: dict[tuple[str, ...], tuple[str, ...]] = {}


def shared(flags: tuple[str, ...]) -> tuple[str, ...]:
    """One object for equal flags: verdicts wait in large numbers."""
    known: tuple[str, ...] | None = _shared.get(flags)
    if known is None:
        known = flags
        if len(_shared) < MAX_SHARED:
            _shared[flags] = flags
    return known


def endpoint(address: bytes, port: cython.int) -> str:
    """`192.0.2.1:443`, `[2001:db8::1]:443`."""
    if len(address) == 4:
        return f"{socket.inet_ntop(socket.AF_INET, address)}:{port}"
    if len(address) == 16:
        return f"[{socket.inet_ntop(socket.AF_INET6, address)}]:{port}"
    return "the server"


def packet_of(evidence: Evidence) -> tuple[int, int]:
    """Order of the evidence."""
    return (evidence.packet, evidence.side)


def in_order(cited: list[Evidence]) -> cython.bint:
    """Whether they stand in packet order, as they mostly do."""
    one: Evidence
    if len(cited) < 2:
        return True
    before: Evidence = cited[0]
    for one in cited:
        if one.packet < before.packet or (one.packet == before.packet and one.side < before.side):
            return False
        before = one
    return True


DAY_NS = 86_400_000_000_000


def span(ns: cython.longlong) -> str:
    """A duration for people: `0.03 ms`, `0.4 ms`, `28 ms`, `2.00 s`, `131 s`, `3 days`; what is something is not 0."""
    if ns < 0:
        ns = 0
    if 0 < ns < 50_000:
        return f"{max(ns, 1000) / 1e6:.1g} ms"
    if ns < 1_000_000:
        return f"{ns / 1e6:.1f} ms"
    if ns < 1_000_000_000:
        return f"{whole_ms(ns)} ms"
    if ns < 100_000_000_000:
        return f"{ns / 1e9:.2f} s"
    if ns < 2 * DAY_NS:
        return f"{ns / 1e9:.0f} s"
    return f"{ns // DAY_NS} days"


def whole_ms(ns: cython.longlong) -> cython.longlong:
    """Milliseconds, a half rounded to the even number, as `:.0f` does."""
    ms: cython.longlong = ns // 1_000_000
    rest: cython.longlong = ns - ms * 1_000_000
    return ms + 1 if rest > 500_000 or (rest == 500_000 and ms & 1) else ms


def capital(text: str) -> str:
    """The beginning of a sentence: `The proxy 192.0.2.1:3128`, but `example.org`, since names have no capitals."""
    return "T" + text[1:] if text.startswith("the ") else text


def count(number: cython.longlong, noun: str) -> str:
    """`1 SYN`, `3 SYNs`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

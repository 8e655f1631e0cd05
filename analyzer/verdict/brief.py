"""A judged fetch in brief: what is looked at of it while it waits for its turn, its rivals and its retries.

A fetch holds 1.2 kB with its flow and its verdict, and of a large capture a hundred thousand wait. What the stages
behind the verdict look at are 0.35 kB in one piece; what they decide is noted here, and given to the fetch, or to the
row that was written of it meanwhile, once nothing can change it any more.
"""

from __future__ import annotations

import cython

from analyzer.fetch.flow import Flow
from analyzer.fetch.model import Fetch
from analyzer.verdict.model import Evidence, Verdict, verdict_of
from analyzer.verdict.turn import Turn


@cython.no_gc
@cython.cclass
class Brief(Turn):
    """What groups, summary and findings need to know of a fetch; unknown as in Fetch, Flow and Verdict.

    fetch       the fetch itself, None once its row was written
    target, method  of the readable request; of the CONNECT inside whose tunnel everything else is out of sight
    agent       the User-Agent; package: the file of a Go module that it asks for, else None
    host        under which address the client asks DNS (Flow)
    secure      1 = there was a ClientHello
    attempted   1 = a connection that carried nothing: not opened, or closed by the client unused
    carried     1 = a connection on which the client said something; first: 1 = the first fetch on its connection
    resolved    1 = a name that was not resolved, and no connection
    refused     when the connection definitely failed, ns; ended: when its last packet came
    evidence    the verdict's where it may lose a race, else ()
    timer       the known timer that fits best
    twin, large_lost, told_by_icmp   1 = it has the flag nat-twin, pmtu-suspected, icmp-frag-needed

    What is decided here: kind, number, attempt, group, wait_s, and
    outcome     that of the group; flags: further ones, separated by blanks
    said, advice  what the summary, and the advice, go on with
    merged      1 = `evidence` is that of several
    """

    def __init__(self, fetch: Fetch) -> None:
        self.fetch = fetch
        self.block = None
        self.serial = self.at = self.size = self.more = 0
        self.kind, self.file, self.name, self.protocol = fetch.kind, fetch.file, fetch.name, fetch.protocol
        self.first_packet, self.start, self.over = fetch.first_packet, fetch.start, fetch.over
        self.status, self.readable = fetch.status, fetch.readable
        self.agent = fetch.user_agent
        self.package = fetch.package if fetch.package is not None and fetch.package.ecosystem == "go" else None
        self.resolved = fetch.resolution is not None
        self.target, self.method, self.authorized = fetch.target, fetch.method, fetch.authorized
        self.reach(fetch.flow)
        self.text = len(self.target)
        self.attempted = is_attempt(fetch)
        self.number = fetch.number
        self.attempt, self.group, self.wait_s = fetch.attempt, fetch.group, fetch.wait_s
        self.outcome = fetch.group_outcome
        self.flags = self.said = self.advice = ""
        self.merged = 0
        self.judged(verdict_of(fetch))

    def reach(self, flow: Flow) -> None:
        """What its connection says."""
        if not self.readable:
            self.target, self.method, self.authorized = flow.tunnel, "CONNECT", flow.tunnel_login
        self.stream = flow.stream
        self.client, self.host, self.server, self.ciphers = flow.client, flow.host, flow.server, flow.ciphers
        self.server_port = flow.server_port
        self.secure = flow.tls_version >= 0
        self.post_quantum = flow.post_quantum
        self.first = self.first_packet == flow.first_packet
        self.midstream = flow.midstream != 0
        self.established, self.last_syn = flow.established_time, flow.last_syn
        self.refused, self.to_client, self.ended = flow.refused_time, flow.to_client, flow.last_time
        self.carried = flow.established_time > 0 and flow.client_bytes > 0
        self.ecn = flow.ecn
        self.server_ttl = flow.server_ttl

    def judged(self, verdict: Verdict | None) -> None:
        """What its verdict says."""
        self.klass = self.cause = self.missing = self.timer = ""
        self.failed = self.rst_ttl = self.twin = self.large_lost = self.told_by_icmp = 0
        self.evidence: tuple[Evidence, ...] = ()
        if verdict is None:
            return
        self.klass, self.cause, self.missing = verdict.klass, verdict.cause, verdict.missing
        self.failed = verdict.failed
        self.rst_ttl = verdict.rst_ttl
        if verdict.timers:
            self.timer = verdict.timers[0]
        if self.attempted:
            self.evidence = verdict.evidence
        if verdict.flags:
            self.twin = "nat-twin" in verdict.flags
            self.large_lost = "pmtu-suspected" in verdict.flags
            self.told_by_icmp = "icmp-frag-needed" in verdict.flags

    def flag(self, word: str) -> None:
        """Add a word to the flags, once; none is a part of another."""
        if word not in self.flags:
            self.flags = f"{self.flags} {word}" if self.flags else word


def is_attempt(fetch: Fetch) -> cython.bint:
    """Whether its connection carried nothing."""
    flow: Flow = fetch.flow
    if flow.client_bytes or flow.server_bytes or flow.midstream or fetch.readable:
        return False
    return fetch.phase == "connect" or fetch.kind in ("probe", "speculative")


def turn_of(brief: Brief) -> Turn:
    """What waits of one that can be made again: from its fetch, or from what is packed beside its row."""
    turn: Turn = Turn()
    turn.first_packet, turn.stream, turn.serial, turn.text = brief.first_packet, brief.stream, brief.serial, brief.text
    turn.block, turn.at, turn.size, turn.more = brief.block, brief.at, brief.size, brief.more
    if brief.fetch is not None:
        turn.block = brief.fetch
    return turn


def brief_of(turn: Turn) -> Brief:
    """The brief of a fetch that waited as it is."""
    brief: Brief
    if isinstance(turn, Brief):
        return turn
    brief = Brief(turn.block)
    brief.serial = turn.serial
    return brief


def settled(brief: Brief) -> Fetch:
    """The fetch, with everything that was decided of it since its verdict."""
    fetch: Fetch = brief.fetch
    verdict: Verdict = verdict_of(fetch)
    fetch.kind, fetch.number = brief.kind, brief.number
    fetch.attempt, fetch.group, fetch.wait_s = brief.attempt, brief.group, brief.wait_s
    fetch.group_outcome = brief.outcome
    if brief.flags:
        for word in brief.flags.split(" "):
            verdict.flag(word)
    if brief.merged:
        verdict.evidence = brief.evidence
    if brief.said:
        verdict.summary += brief.said
        brief.said = ""
    if brief.advice:
        verdict.advice += brief.advice
        brief.advice = ""
    return fetch

"""Who sent the reset: its apparent sender, or something on the path (signatures.md 2.2, "Origin of the RST").

Each feature is a function that returns what it saw, in words, or "". One strong feature, or two of medium weight, make
an injection suspected; only a strong one moves the blame. A zero window and IP ID 0 are what an ordinary Linux kernel
sends for a socket that is gone, and count for nothing.
"""

from __future__ import annotations

import cython

from analyzer.fetch.vantage import INITIAL_TTLS, round_trips, vantage
from analyzer.model.connection import ACK, CLIENT, ID_FAR, OUTSIDE, SERVER, Event, Side
from analyzer.tcp.ordering import REORDER_NS
from analyzer.verdict.facts import Facts, span
from analyzer.verdict.model import Verdict
from analyzer.verdict.thresholds import TTL_DELTA

TOO_EARLY_SHARE = 0.5
IN_TIME_SHARE = 0.8
"""Of the round trip: a reset sooner than the first cannot be the far end's answer, one later than the second can
(signatures.md 2.2, S1 and below the table)."""
VOLLEY_NS = 100_000_000
"""Resets of one volley come within this (signatures.md 2.2, S3)."""
BOTH_WAYS_NS = 1_000_000
"""A device that resets both ends does so within this (signatures.md 2.2, M3)."""
MIN_IDS = 2
"""Identifications that a sender must have shown before one of them can be called foreign: one is no sequence."""


class Reset:
    """A reset under examination.

    mark    the reset; sender: whose address it carries, peer: the other side; far: the sender is the capture's far end
    trip    from the capture to the sender and back in ns, -1 = unknown
    """

    def __init__(self, case: Facts, mark: Event) -> None:
        self.case = case
        self.mark = mark
        self.sender: Side = case.client if mark.side == CLIENT else case.server
        self.peer: Side = case.server if mark.side == CLIENT else case.client
        self.vantage = vantage(case.connection)
        trips = round_trips(case.connection)
        self.trip = trips[0] if mark.side == SERVER else trips[1]
        self.far = self.vantage == ("client" if mark.side == SERVER else "server")

    def ttl(self) -> cython.int:
        """The sender's own TTL; 0 = unknown, or not always the same (a SYN proxy, CDN or balancer answers first)."""
        first: cython.int = self.sender.ttl
        later: cython.int = self.sender.data_ttl
        if first and later and first != later:
            return 0
        return later or first


def too_early(reset: Reset) -> str:
    """S1: sooner than the far end could answer what it acknowledges, or any packet of this connection.

    Only where the capture is at the other end. A bare RST acknowledges nothing: it may be the sender's own idea, unless
    even the handshake's last packet could not have reached it.
    """
    trigger: cython.longlong = answered_time(reset)
    delay: cython.longlong = reset.mark.time - trigger
    if not reset.far or trigger == 0 or not 0 <= delay < TOO_EARLY_SHARE * reset.trip:
        return ""
    return f"it came {span(delay)} after what it answers, half a round trip being {span(reset.trip // 2)}"


def answered_time(reset: Reset) -> cython.longlong:
    """When the peer sent the last packet that the reset is known to answer; 0 = unknown."""
    mark: Event = reset.mark
    peer: Side = reset.peer
    if mark.flags & ACK and mark.ack > 0:
        if peer.last_data_time <= mark.time and mark.ack >= peer.end:
            return peer.last_data_time
        return peer.first_data_time
    return reset.case.connection.established_time


def sender_goes_on(reset: Reset) -> str:
    """S2: the same address goes on afterwards, as if it had never sent a reset (Weaver, Sommer, Paxson, NDSS 2009)."""
    mark: Event = reset.mark
    sender: Side = reset.sender
    later: cython.longlong = max(
        sender.last_data_time if sender.last_data_packet > mark.packet else 0,
        reset.peer.ack_time if reset.peer.ack_packet > mark.packet else 0,
    )
    if later - mark.time <= REORDER_NS:
        return ""
    return f"the {who(reset)} went on {span(later - mark.time)} after it"


def volley(reset: Reset) -> str:
    """S3: several resets with growing sequence numbers: a guess at where the stream will be.

    An endpoint that is asked again answers with numbers it has reached (RFC 9293 3.5.2), never with later ones.
    """
    mark: Event = reset.mark
    other: Event
    for other in resets(reset, mark.side):
        if other.packet > mark.packet and other.offset > mark.offset and other.time - mark.time <= VOLLEY_NS:
            return f"another followed {other.offset - mark.offset} bytes ahead"
    return ""


def other_ttl(reset: Reset) -> str:
    """M1: a TTL that the sender's other packets do not have, from nearer or from another kind of system.

    Not on one link (`local`), where every device is as near as the other end.
    """
    own: cython.int = reset.ttl()
    seen: cython.int = reset.mark.ttl
    if reset.vantage == "local" or not own or not seen or abs(seen - own) < TTL_DELTA:
        return ""
    if initial(seen) == initial(own) and seen < own:
        return ""
    return f"its TTL is {seen} where the {who(reset)}'s packets have {own}"


def other_ip_id(reset: Reset) -> str:
    """M2: an IPv4 identification far from the row that the sender's packets make."""
    sender: Side = reset.sender
    seen: cython.int = reset.mark.ip_id
    if seen == 0 or sender.ip_ids < MIN_IDS or sender.ip_id_jumps or near(seen, sender.ip_id):
        return ""
    return f"its IP ID {seen} is far from the {who(reset)}'s ({sender.ip_id})"


def both_ways(reset: Reset) -> str:
    """M3: at a midpoint, both ends are reset at once, and neither reset has its sender's TTL."""
    mark: Event = reset.mark
    if reset.vantage != "midpoint" or mark.ttl in (reset.sender.ttl, reset.sender.data_ttl):
        return ""
    other: Event
    for other in resets(reset, SERVER if mark.side == CLIENT else CLIENT):
        foreign: cython.bint = other.ttl not in (reset.peer.ttl, reset.peer.data_ttl)
        if foreign and abs(other.time - mark.time) <= BOTH_WAYS_NS:
            return "both ends were reset at once"
    return ""


def bare(reset: Reset) -> str:
    """W1: no ACK flag although the connection was up; an endpoint does so only in answer to data for a socket gone."""
    mark: Event = reset.mark
    if mark.flags & ACK or reset.case.connection.established_time == 0 or mark.offset == reset.sender.acked:
        return ""
    return "it has no ACK flag"


def without_timestamps(reset: Reset) -> str:
    """W2: no TCP timestamps although both had agreed on them; normal for a socket that is gone."""
    agreed: bool = reset.sender.timestamps != 0 and reset.peer.timestamps != 0
    return "it lacks the timestamps of the connection" if agreed and reset.mark.note is None else ""


STRONG = (too_early, sender_goes_on, volley)
MEDIUM = (other_ttl, other_ip_id, both_ways)
WEAK = (bare, without_timestamps)


def judge_origin(case: Facts, mark: Event, verdict: Verdict) -> None:
    """Set `rst_origin` of a verdict of class rst, and say in its sentence what points there."""
    reset = Reset(case, mark)
    strong = [said for said in [feature(reset) for feature in STRONG] if said]
    medium = [said for said in [feature(reset) for feature in MEDIUM] if said]
    verdict.rst_origin = "undetermined"
    if strong or len(medium) > 1:
        verdict.rst_origin = "injected-suspected"
        weak = [said for said in [feature(reset) for feature in WEAK] if said]
        words = (
            f"a device on the path sent it, not the {who(reset)}" if strong else "a device on the path may have sent it"
        )
        verdict.summary = f"{verdict.summary[:-1]}; {words}: {', '.join(strong + medium + weak)}."
        if strong:
            verdict.blame = "network"
    elif not medium and like_sender(reset):
        verdict.rst_origin = "endpoint-consistent"


def like_sender(reset: Reset) -> cython.bint:
    """TTL and IP ID are the sender's own, and the time was enough for it to answer."""
    mark: Event = reset.mark
    sender: Side = reset.sender
    continues: cython.bint = mark.ip_id == 0 or (sender.ip_ids > 0 and near(mark.ip_id, sender.ip_id))
    if mark.ttl == 0 or mark.ttl != reset.ttl() or not continues:
        return False
    said: cython.longlong = reset.peer.last_data_time or reset.case.connection.established_time
    if not reset.far or reset.trip <= 0 or said > mark.time:
        return True
    return mark.time - said >= IN_TIME_SHARE * reset.trip


def resets(reset: Reset, side: cython.int) -> list[Event]:
    """The resets under one side's address."""
    mark: Event
    found: list[Event] = []
    for mark in reset.case.connection.milestones:  # a comprehension would not know the type
        if mark.what == "rst" and mark.side == side and mark.place != OUTSIDE:
            found.append(mark)
    return found


def near(one: cython.longlong, other: cython.longlong) -> cython.bint:
    """Whether two IP IDs belong to one row; they have 16 bits."""
    return min((one - other) & 0xFFFF, (other - one) & 0xFFFF) <= ID_FAR


def initial(ttl: cython.int) -> cython.int:
    """The TTL that a packet most likely started with."""
    start: cython.int
    for start in INITIAL_TTLS:
        if ttl <= start:
            return start
    return ttl


def who(reset: Reset) -> str:
    """Whose address the reset carries."""
    return "server" if reset.mark.side == SERVER else "client"

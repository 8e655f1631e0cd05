"""The packets of a fetch as data for a drawing: arrows between lifelines, silences, bulk data folded.

`svg.py` draws it, `mermaid.py` writes it as a sequence diagram.
"""

from __future__ import annotations

# not compiled: runs for the fetches of one page
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from analyzer.capture.frame import Frames
from analyzer.fetch.model import Fetch
from analyzer.layer.dns.lookups import Lookup
from analyzer.model.connection import CLIENT, NETWORK, SERVER
from analyzer.output.notes import DATA, Notes, notes_of
from analyzer.output.timeline import BULK, FOLD, QTYPES, SILENCE_NS, notation, owned, phases_of, size
from analyzer.output.veil import OPEN, Veil
from analyzer.tcp.trace import Seen, Trace, packets_of
from analyzer.verdict.model import Evidence, Verdict, verdict_of
from analyzer.verdict.signatures.dns import CODES

MOST_ARROWS = 60
"""More than a reader follows on one screen or two; proving packets are never folded, of which there are 40 at most."""
PATIENCE = 3 * MOST_ARROWS
"""Items that wait until those in the middle are folded: the work stays linear."""
FLAGS = ((0x02, "SYN"), (0x01, "FIN"), (0x04, "RST"), (0x10, "ACK"))
RST = 0x04
ELSEWHERE = "other addresses"


class Lane(NamedTuple):
    """A lifeline: `client`, `server`, `proxy`, `router`, `resolver`; address with port where that is known."""

    role: str
    address: str


class Arrow(NamedTuple):
    """One packet, from one lane to another (places in Ladder.lanes).

    time    ns since the fetch began, negative before it
    flags   `SYN`, `SYN ACK`, "" for an ICMP error; said: what was understood of it; wire: in the notation of cases
    proof   what the verdict cites it for, "" = it is no proof; phase: the phase that begins with it
    again   sent before, or captured twice; reset: a RST
    """

    packet: int
    time: int
    source: int
    target: int
    flags: str = ""
    length: int = 0
    said: str = ""
    wire: str = ""
    proof: str = ""
    phase: str = ""
    again: bool = False
    reset: bool = False

    @property
    def label(self) -> str:
        """What stands at the arrow: flags where they say something, and what was understood."""
        telling = self.flags if self.flags not in ("ACK", "") else ""
        said = self.said or (f"{size(self.length)} of data" if self.length else "")
        return ": ".join(filter(None, (telling, said))) or self.flags


class Fold(NamedTuple):
    """Packets that are not drawn one by one: how many, and bytes from client and server; times as in Arrow."""

    time: int
    until: int
    packets: int
    sent: tuple[int, int]

    @property
    def label(self) -> str:
        """`412 packets, 1.2 kB from the client and 580 kB from the server`."""
        named = zip(self.sent, ("client", "server"), strict=True)
        parts = [f"{size(number)} from the {name}" for number, name in named if number]
        packets = f"{self.packets:,} packet{'s' * (self.packets != 1)}"
        return f"{packets}, {' and '.join(parts)}" if parts else packets


class Silence(NamedTuple):
    """Nothing came for `span` ns; `final`: until the capture ended."""

    time: int
    span: int
    final: bool = False


Item = Arrow | Fold | Silence


class Ladder(NamedTuple):
    """What is drawn, in order; `start`: the instant that times count from, ns since 1970."""

    lanes: list[Lane]
    items: list[Item]
    start: int

    @property
    def arrows(self) -> list[Arrow]:
        """The packets that are drawn."""
        return [item for item in self.items if isinstance(item, Arrow)]


def ladders(fetches: list[Fetch], frames: Frames, veil: Veil = OPEN) -> list[Ladder]:
    """The ladders of fetches of one capture, which is read once more; `frames` stands at its beginning.

    A fetch must still have its connection (`Reading(lean=False)`).
    """
    notes: dict[int, Notes] = {}  # of a connection with thousands of requests they take long, and are the same for all
    builders: dict[int, list[Builder]] = {}
    traces = {id(fetch.connection): Trace(fetch.connection) for fetch in fetches if fetch.resolution is None}
    drawn: list[Builder | Ladder] = []
    for fetch in fetches:
        if fetch.resolution is not None:
            drawn.append(of_lookups(fetch, verdict_of(fetch), veil))
            continue
        key = id(fetch.connection)
        if key not in notes:
            notes[key] = notes_of(fetch, veil)
        builder = Builder(fetch, verdict_of(fetch), notes[key], veil)
        builders.setdefault(key, []).append(builder)
        drawn.append(builder)
    for trace, seen in packets_of(list(traces.values()), frames):
        for builder in builders[id(trace.connection)]:
            builder.packet(seen)
    return [each.ladder() if isinstance(each, Builder) else each for each in drawn]


class Builder:
    """Takes the packets of the fetch's connection one by one, and gives the ladder in the end.

    What belongs to other fetches on the connection is folded. held: packets of bulk data in a row, which are folded
    when they become too many.
    """

    def __init__(self, fetch: Fetch, verdict: Verdict, notes: Notes, veil: Veil = OPEN) -> None:
        self.fetch, self.veil, self.notes = fetch, veil, notes
        self.start = fetch.start
        self.lanes = _lanes(fetch, veil)
        self.phases = phases_of(fetch)
        self.first, self.last = owned(fetch)
        self.cited: dict[int, list[Evidence]] = {}
        for proof in verdict.evidence:
            self.cited.setdefault(proof.packet, []).append(proof)
        self.proofs = {packet: " ".join(each.what for each in cited) for packet, cited in self.cited.items()}
        self.items: list[Item] = []
        self.held: list[Arrow] = []
        self.fold = Fold(0, 0, 0, (0, 0))
        self.previous = 0

    def packet(self, seen: Seen) -> None:
        """The next packet of the connection."""
        gap = seen.time - self.previous if self.previous else 0
        bulk = self._is_bulk(seen)
        if gap >= SILENCE_NS or not bulk or seen.number in self.phases:
            self._release()
        if gap >= SILENCE_NS:
            self.items.append(Silence(self.previous - self.start, gap))
        if bulk:
            self._hold(seen)
        else:
            self.items.append(self._arrow(seen))
        self.cited.pop(seen.number, None)
        self.previous = max(self.previous, seen.time)
        if len(self.items) > PATIENCE:
            self.items = thinned(self.items)

    def ladder(self) -> Ladder:
        """What has been seen, and what the verdict cites of other connections."""
        self._release()
        connection = self.fetch.connection
        ended = connection.capture_end - connection.last_time
        if ended >= SILENCE_NS:
            self.items.append(Silence(connection.last_time - self.start, ended, final=True))
        other = [self._elsewhere(proof) for proofs in self.cited.values() for proof in proofs]
        if other:  # a race that nobody won is one fetch
            self.items = _with_silences(sorted([*other, *self._of_kind()], key=lambda item: item.time), self.items)
        return Ladder(self.lanes, thinned(self.items), self.start)

    def _of_kind(self) -> Iterator[Arrow | Fold]:
        return (item for item in self.items if not isinstance(item, Silence))

    def _is_bulk(self, seen: Seen) -> bool:
        """Packets that only carry or acknowledge data, or that belong to another fetch."""
        if seen.number in self.cited:
            return False
        if not self.first <= seen.number <= self.last:
            return True
        telling = any(not note.startswith(DATA) for note in self.notes.get(seen.number, ()))
        return seen.side != NETWORK and not seen.flags & ~BULK and not (seen.again or seen.keep_alive or telling)

    def _hold(self, seen: Seen) -> None:
        """One more packet of a run; only the first few are kept as arrows."""
        if self.first <= seen.number <= self.last and self.fold.packets == len(self.held) <= FOLD:
            self.held.append(self._arrow(seen))
        sent = [*self.fold.sent]
        if seen.side != NETWORK:
            sent[seen.side] += seen.length
        time = seen.time - self.start
        began = self.fold.time if self.fold.packets else time
        self.fold = Fold(began, max(self.fold.until, time), self.fold.packets + 1, (sent[0], sent[1]))

    def _release(self) -> None:
        """The run ends: one by one when it was short, else as one."""
        if self.fold.packets:
            short = self.fold.packets == len(self.held) <= FOLD
            self.items += self.held if short else [self.fold]
        self.held, self.fold = [], Fold(0, 0, 0, (0, 0))

    def _arrow(self, seen: Seen) -> Arrow:
        source, target = self._ends(seen)
        words = list(self.notes.get(seen.number, ()))
        if seen.icmp is not None:
            words = [f"ICMP type {seen.icmp.kind} code {seen.icmp.code}"]
        if seen.copy:
            words.insert(0, "captured twice")
        elif seen.again:
            words.insert(0, "again")
        if seen.keep_alive:
            words.insert(0, "keep-alive")
        if seen.window == 0 and not seen.flags & 0x06 and seen.icmp is None:
            words.append("window 0")
        return Arrow(
            seen.number,
            seen.time - self.start,
            source,
            target,
            flags="" if seen.icmp is not None else " ".join(word for bit, word in FLAGS if seen.flags & bit),
            length=seen.length,
            said="; ".join(word for word in words if word != "reset").replace("reset, ", ""),
            wire=f"icmp {seen.icmp.kind}/{seen.icmp.code}" if seen.icmp is not None else notation(seen),
            proof=self.proofs.get(seen.number, ""),
            phase=self.phases.get(seen.number, ""),
            again=seen.again or seen.copy,
            reset=seen.icmp is None and seen.flags & RST != 0,
        )

    def _ends(self, seen: Seen) -> tuple[int, int]:
        """From which lane to which: ICMP errors come from a router, strays from an address that was not asked."""
        if seen.icmp is not None:
            return self._lane("router", self.veil.address(seen.icmp.sender)), seen.quoted
        if seen.stray is not None:
            raw, port = seen.stray
            other = self._lane("another address", endpoint(self.veil.address(raw), port))
            return (CLIENT, other) if seen.to_stray else (other, CLIENT)
        return (CLIENT, SERVER) if seen.side == CLIENT else (SERVER, CLIENT)

    def _lane(self, role: str, address: str) -> int:
        """The third lane; several that would stand there share it."""
        if len(self.lanes) < 3:
            self.lanes.append(Lane(role, address))
        elif self.lanes[2] != Lane(role, address):
            self.lanes[2] = Lane("others", "")
        return 2

    def _elsewhere(self, proof: Evidence) -> Arrow:
        """A proving packet of another connection."""
        other = self._lane(ELSEWHERE, "")
        source, target = (CLIENT, other) if proof.side == CLIENT else (other, CLIENT)
        said = proof.what.upper() if proof.what in ("syn", "rst") else proof.what
        reset = proof.what == "rst"
        return Arrow(proof.packet, proof.time - self.start, source, target, said=said, proof=proof.what, reset=reset)


def of_lookups(fetch: Fetch, verdict: Verdict, veil: Veil = OPEN) -> Ladder:
    """The questions and answers of a name that was not resolved; each resolver has a lane."""
    proofs: dict[int, str] = {}
    for proof in verdict.evidence:
        proofs[proof.packet] = f"{proofs[proof.packet]} {proof.what}" if proof.packet in proofs else proof.what
    lanes = [Lane("client", veil.address(fetch.flow.client))]
    found: list[Arrow] = []
    for lookup in fetch.resolution.lookups:
        lane = Lane("resolver", veil.address(lookup.server))
        if lane not in lanes:
            lanes.append(lane) if len(lanes) < 3 else lanes.__setitem__(2, Lane("other resolvers", ""))
        at = lanes.index(lane) if lane in lanes else 2
        for arrow in _messages(lookup, at, veil):
            found.append(arrow._replace(time=arrow.time - fetch.start, proof=proofs.get(arrow.packet, "")))
    found.sort(key=lambda arrow: (arrow.packet, arrow.said))
    items = _with_silences(found, [])
    ended = fetch.connection.capture_end - fetch.connection.last_time
    if ended >= SILENCE_NS:
        items.append(Silence(fetch.connection.last_time - fetch.start, ended, final=True))
    return Ladder(lanes, thinned(items), fetch.start)


def _messages(lookup: Lookup, at: int, veil: Veil) -> Iterator[Arrow]:
    asked = f"{QTYPES.get(lookup.qtype, f'type {lookup.qtype}')} {veil.name(lookup.spelling)}"
    for number, (packet, time) in enumerate(lookup.tries):
        yield Arrow(packet, time, 0, at, said=f"{asked}?", again=number > 0)
    if lookup.answer_packet:
        said = CODES.get(lookup.rcode, f"code {lookup.rcode}") if lookup.rcode else f"{lookup.found} addresses"
        yield Arrow(lookup.answer_packet, lookup.answer_time, at, 0, said=f"{said}: {asked}")
    if lookup.icmp is not None:
        icmp = lookup.icmp
        yield Arrow(icmp.number, icmp.time, at, 0, said=f"ICMP type {icmp.kind} code {icmp.code}")


def thinned(items: list[Item], most: int = MOST_ARROWS) -> list[Item]:
    """The items with what proves nothing folded in the middle, so that at most `most` arrows are left."""
    drawn = [at for at, item in enumerate(items) if not isinstance(item, Silence)]
    if len(drawn) <= most:
        return items
    plain = [at for at in drawn if not _is_proof(items[at])]
    room = max(most - (len(drawn) - len(plain)), 4)
    head, tail = plain[: room // 2], plain[len(plain) - room // 2 :]
    first, last = head[-1] + 1, tail[0]
    kept: list[Item] = []
    for proof, group in groupby(items[first:last], key=_is_proof):
        stretch = list(group)
        kept += stretch if proof else _folded(stretch)
    return [*items[:first], *kept, *items[last:]]


def _is_proof(item: Item) -> bool:
    return isinstance(item, Arrow) and item.proof != ""


def _folded(stretch: list[Item]) -> list[Item]:
    """One fold for a stretch; the silences at its ends stay, those within are part of it."""
    drawn = [at for at, item in enumerate(stretch) if not isinstance(item, Silence)]
    if not drawn:
        return stretch
    first, last = drawn[0], drawn[-1]
    packets, sent, until = 0, [0, 0], 0
    for item in stretch[first : last + 1]:
        if isinstance(item, Fold):
            packets += item.packets
            sent = [sent[0] + item.sent[0], sent[1] + item.sent[1]]
            until = max(until, item.until)
        elif isinstance(item, Arrow):
            packets += 1
            if item.source < 2:
                sent[item.source] += item.length
            until = max(until, item.time)
    return [*stretch[:first], Fold(stretch[first].time, until, packets, (sent[0], sent[1])), *stretch[last + 1 :]]


def _with_silences(drawn: Iterable[Arrow | Fold], before: list[Item]) -> list[Item]:
    """Arrows in the order of time with the silences between them; the one at the end of `before` stays."""
    items: list[Item] = []
    previous: int | None = None
    for item in drawn:
        if previous is not None and item.time - previous >= SILENCE_NS:
            items.append(Silence(previous, item.time - previous))
        items.append(item)
        until = item.until if isinstance(item, Fold) else item.time
        previous = until if previous is None else max(previous, until)
    if before and isinstance(before[-1], Silence):
        end = before[-1].time + before[-1].span
        if previous is not None and end - previous >= SILENCE_NS:
            items.append(Silence(previous, end - previous, final=True))
    return items


def _lanes(fetch: Fetch, veil: Veil) -> list[Lane]:
    client, server = fetch.connection.client, fetch.connection.server
    proxied = fetch.connection.connect is not None
    return [
        Lane("client", endpoint(veil.address(client.address), client.port)),
        Lane("proxy" if proxied else "server", endpoint(veil.address(server.address), server.port)),
    ]


def endpoint(host: str, port: int) -> str:
    """`192.0.2.1:80`, `[2001:db8::1]:80`."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

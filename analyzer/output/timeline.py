"""The packets of one fetch as lines for people: what each says, the proving ones marked, bulk data folded."""

from __future__ import annotations

# not compiled: writes to people
from collections.abc import Iterable, Iterator

from analyzer.fetch.model import Fetch
from analyzer.model.connection import CLIENT, NETWORK, SERVER
from analyzer.model.tls import Tls
from analyzer.output.notes import DATA, notes_of
from analyzer.output.words import address
from analyzer.tcp.trace import Seen
from analyzer.text import cut, safe
from analyzer.verdict.facts import count, endpoint, span
from analyzer.verdict.model import Evidence, Verdict
from analyzer.verdict.signatures.dns import CODES

SILENCE_NS = 1_000_000_000
"""A gap that gets a line of its own: as long as a give-up (verdict/thresholds.py, give_up_min_ns)."""
FOLD = 4
"""Packets of bulk data in a row that are shown one by one; more become one line."""
MOST_LINES = 400
"""Beyond this, packets that prove nothing are folded too: a hostile capture has many of them."""
LETTERS = ((0x02, "S"), (0x01, "F"), (0x04, "R"), (0x08, "P"), (0x40, "E"), (0x80, "W"), (0x10, "."))
"""Flags as tcpdump and packetdrill write them."""
QTYPES = {1: "A", 28: "AAAA", 65: "HTTPS"}
BULK = 0x18  # PSH and ACK
MARKED = "1"
DIM = "2"


def timeline(fetch: Fetch, verdict: Verdict, packets: Iterable[Seen], columns: int, colour: bool) -> Iterator[str]:
    """The lines of the packets of the fetch's connection; those of its other fetches are folded.

    On a terminal of `columns` columns a line is cut there; 0 = never.
    """
    writer = _Writer(fetch, verdict, columns, colour)
    elsewhere = {proof.packet: proof for proof in verdict.evidence}
    for seen in packets:
        elsewhere.pop(seen.number, None)
        yield from writer.packet(seen)
    yield from writer.folded()
    if elsewhere:  # a race that nobody won is one fetch
        yield writer.dim("-- attempts at other addresses")
    for proof in elsewhere.values():
        yield writer.elsewhere(proof)
    ended = fetch.connection.capture_end - fetch.connection.last_time
    if ended >= SILENCE_NS:
        yield writer.dim(f"{'':{writer.indent}}... nothing more for {span(ended)}")


def lookups(fetch: Fetch, verdict: Verdict, columns: int) -> Iterator[str]:
    """The questions and answers of a name that was not resolved, which has no connection to show."""
    proofs = {proof.packet for proof in verdict.evidence}
    found: list[tuple[int, int, str]] = []
    for lookup in fetch.resolution.lookups:
        kind = QTYPES.get(lookup.qtype, f"type {lookup.qtype}")
        asked = f"{kind} {safe(lookup.spelling)}"
        server = address(lookup.server)
        found += [(packet, time, f"> {asked}  to {server}") for packet, time in lookup.tries]
        if lookup.answer_packet:
            said = CODES.get(lookup.rcode, f"code {lookup.rcode}") if lookup.rcode else f"{lookup.found} addresses"
            found.append((lookup.answer_packet, lookup.answer_time, f"< {asked}: {said}  from {server}"))
        if lookup.icmp is not None:
            error = f"icmp {lookup.icmp.kind}/{lookup.icmp.code} from {address(lookup.icmp.sender)}"
            found.append((lookup.icmp.number, lookup.icmp.time, error))
    wide = len(str(fetch.connection.last_packet))
    for packet, time, text in sorted(found):
        line = f"{'*' if packet in proofs else ' '} {packet:>{wide}}  {(time - fetch.start) / 1e9:>10.6f}  {text}"
        yield cut(line, columns) if columns else line


class _Writer:
    """What was written so far.

    run   packets of bulk data that wait: the first FOLD of them, and what all carried
    """

    def __init__(self, fetch: Fetch, verdict: Verdict, columns: int, colour: bool) -> None:
        connection = fetch.connection
        self.columns = columns
        self.colour = colour
        self.start = connection.first_time
        self.width = len(str(connection.last_packet))
        self.indent = self.width + 3
        self.notes = notes_of(fetch)
        self.phases = phases_of(fetch)
        self.cited: dict[int, list[str]] = {}
        for proof in verdict.evidence:
            self.cited.setdefault(proof.packet, []).append(proof.what)
        self.first, self.last = owned(fetch)
        self.previous = 0
        self.lines = 0
        self.run: list[str] = []
        self.run_packets = [0, 0, 0]
        self.run_bytes = [0, 0, 0]
        self.run_start = 0

    def packet(self, seen: Seen) -> Iterator[str]:
        """The lines of one packet, or none yet."""
        gap = seen.time - self.previous if self.previous else 0
        phase = self.phases.pop(seen.number, "")
        if gap >= SILENCE_NS or phase or not self._is_bulk(seen):
            yield from self.folded()
        if gap >= SILENCE_NS:
            yield self.dim(f"{'':{self.indent}}... {span(gap)} of silence")
        if phase:
            yield self.dim(f"-- {phase}")
        if self._is_bulk(seen):
            self._hold(seen)
        else:
            self.lines += 1
            yield self._line(seen)
        self.previous = max(self.previous, seen.time)

    def _is_bulk(self, seen: Seen) -> bool:
        """Packets that only carry or acknowledge data, that belong to another fetch, or that are too many."""
        if seen.number in self.cited:
            return False
        if not self.first <= seen.number <= self.last or self.lines > MOST_LINES:
            return True
        plain = seen.side != NETWORK and not seen.flags & ~BULK and not seen.again and not seen.keep_alive
        return plain and not self._bears_notes(seen)

    def _bears_notes(self, seen: Seen) -> bool:
        return any(not note.startswith(DATA) for note in self.notes.get(seen.number, ()))

    def _hold(self, seen: Seen) -> None:
        if not any(self.run_packets):
            self.run_start = seen.time
        if len(self.run) < FOLD + 1:
            self.run.append(self._line(seen))
        self.run_packets[seen.side] += 1
        self.run_bytes[seen.side] += seen.length

    def folded(self) -> Iterator[str]:
        """Bulk data that waited: one by one when it is little, else one line."""
        if sum(self.run_packets) <= FOLD:
            yield from self.run
        else:
            parts = [
                f"{size(self.run_bytes[side])} from the {name}"
                for side, name in ((CLIENT, "client"), (SERVER, "server"))
                if self.run_bytes[side]
            ]
            packets = f"{sum(self.run_packets):,} packets"
            carried = f", {' and '.join(parts)}" if parts else ""
            took = f" in {span(self.previous - self.run_start)}"
            yield self.dim(f"{'':{self.indent}}... {packets}{carried}{took}")
        self.run, self.run_packets, self.run_bytes = [], [0, 0, 0], [0, 0, 0]

    def _line(self, seen: Seen) -> str:
        """`*  4  0.000300  > P. 1:258(257) ack 1  ClientHello www.example.org`."""
        proof = self.cited.get(seen.number)
        mark = "*" if proof else " "
        words = list(self.notes.get(seen.number, ()))
        if seen.stray is not None:
            words.insert(0, f"{'to' if seen.to_stray else 'from'} {endpoint(*seen.stray)}")
        if seen.copy:
            words.insert(0, "copy of a packet")
        elif seen.again:
            words.insert(0, "again")
        if seen.keep_alive:
            words.insert(0, "keep-alive")
        if seen.window == 0 and not seen.flags & 0x06 and seen.icmp is None:
            words.append("window 0")
        said = "; ".join(words) or ("data" if seen.length else "")
        proved = f"[{' '.join(proof)}] " if proof else ""
        time = f"{(seen.time - self.start) / 1e9:.6f}"
        text = f"{mark} {seen.number:>{self.width}}  {time:>10}  {notation(seen):<34} {proved}{said}".rstrip()
        text = cut(text, self.columns) if self.columns else text
        return f"\x1b[{MARKED}m{text}\x1b[0m" if proof and self.colour else text

    def elsewhere(self, proof: Evidence) -> str:
        """A proving packet of another connection."""
        time = f"{(proof.time - self.start) / 1e9:.6f}"
        text = f"* {proof.packet:>{self.width}}  {time:>10}  {proof.what}"
        return f"\x1b[{MARKED}m{text}\x1b[0m" if self.colour else text

    def dim(self, text: str) -> str:
        """A line that is no packet."""
        return f"\x1b[{DIM}m{text}\x1b[0m" if self.colour else text


def notation(seen: Seen) -> str:
    """The packet as in docs/timelines.md: `> P. 1:258(257) ack 1`."""
    if seen.icmp is not None:
        return f"icmp {seen.icmp.kind}/{seen.icmp.code} from {address(seen.icmp.sender)}"
    arrow = ">" if seen.side == CLIENT or seen.to_stray else "<"
    ack = f" ack {seen.ack}" if seen.ack is not None else ""
    sack = f" sack {seen.sack[0]}-{seen.sack[1]}" if seen.sack is not None else ""
    return f"{arrow} {letters(seen.flags):<2} {seen.seq}:{seen.seq + seen.length}({seen.length}){ack}{sack}"


def letters(flags: int) -> str:
    """`S.` for SYN and ACK."""
    return "".join(letter for bit, letter in LETTERS if flags & bit)


def size(number: int) -> str:
    """`812 B`, `1.6 MB`."""
    if number < 10_000:
        return f"{number} B"
    return f"{number / 1e3:.0f} kB" if number < 1_000_000 else f"{number / 1e6:.1f} MB"


def owned(fetch: Fetch) -> tuple[int, int]:
    """The packets of this fetch among those of its connection: up to the next request, or to the end."""
    connection = fetch.connection
    first = fetch.first_packet
    if fetch.exchange is not None and fetch.exchange.h2 is not None:
        return first, fetch.last_packet  # its packets are those of other streams, too
    after = [exchange.request_packet for exchange in connection.exchanges if exchange.request_packet > first]
    own = fetch.exchange.request_packet if fetch.exchange is not None else 0
    after = [packet for packet in after if packet > own]
    if fetch.last or not after:
        return first, connection.last_packet
    return first, min(after) - 1


def phases_of(fetch: Fetch) -> dict[int, str]:
    """The packets with which a phase begins (signatures.md 1.3)."""
    connection = fetch.connection
    begins = {}
    tls: Tls | None = connection.tls
    opaque = fetch.opaque
    if connection.connect is not None:
        begins["proxy"] = connection.connect.request_packet
    if tls is not None:
        begins["tls"] = tls.hello_packet
    if fetch.exchange is not None:
        begins["request"], begins["response"] = fetch.exchange.request_packet, fetch.exchange.response_packet
    elif opaque is not None and opaque.request:
        begins["request"], begins["response"] = opaque.request_packet, opaque.response_packet
    if fetch.first_packet == connection.first_packet and not connection.midstream:
        begins["connect"] = connection.first_packet
    ends = [
        packet
        for side in (connection.client, connection.server)
        for packet in (side.fin_packet, side.rst_packet)
        if packet
    ]
    if ends and fetch.last:
        begins["close"] = min(ends)
    return {packet: name for name, packet in reversed(begins.items()) if packet}


def counted(fetch: Fetch) -> str:
    """`12 packets, 1.6 MB from the server`, for the header."""
    client, server = fetch.connection.client, fetch.connection.server
    return (
        f"{count(client.packets, 'packet')} and {size(client.bytes)} from the client, "
        f"{count(server.packets, 'packet')} and {size(server.bytes)} from the server"
    )

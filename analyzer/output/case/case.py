"""One connection as an anonymised `.pkt` timeline (docs/timelines.md), for a bug report or a new case."""

from __future__ import annotations

# not compiled: runs for one connection
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from operator import attrgetter

from analyzer.capture.frame import Frames
from analyzer.fetch.model import Fetch
from analyzer.model.connection import CLIENT, ID_FAR, NETWORK, RST, SERVER, SYN, Connection
from analyzer.model.log import MAX_EVENTS, Log
from analyzer.output.anonymous import Pseudonyms
from analyzer.output.case.captured import Captured, Part, cannot
from analyzer.output.case.payload import Describer
from analyzer.output.timeline import letters
from analyzer.tcp.trace import Seen, Trace
from analyzer.verdict.model import Verdict

MOST_PACKETS = 2000
MOST_BYTES = 8_000_000
"""A case is for reading; these are far beyond."""
MOST_LENGTH = 65_000
"""The notation's packets are real IP packets; offload makes longer ones."""
USUAL_TTL = 64
USUAL_PORT = 443
ROUTER = {4: "203.0.113.9", 6: "2001:db8:ffff::9"}
"""Who sends ICMP errors that do not come from either end; RFC 5737, RFC 3849."""


SIX = ("[2001:db8::10]", "[2001:db8:1::20]", "[2001:db8:2::")
"""The ends of a connection over IPv6, and others; of IPv4 they are the notation's own."""


class Case:
    """The packets of one connection, and its fetches with their verdicts."""

    def __init__(self, fetches: list[tuple[Fetch, Verdict]], frames: Frames, claim: str) -> None:
        self.fetches = fetches
        self.connection: Connection = fetches[0][0].connection
        self.claim = claim
        log = Log()
        self.packets = list(_limited(Trace(self.connection, log).packets(frames)))
        if log.full:
            raise cannot(f"a connection of more than {MAX_EVENTS:,} records, messages and frames")
        self.start = min(seen.time for seen in self.packets)
        self.numbers = {seen.number: at for at, seen in enumerate(self.packets, 1)}
        self.ttl = {CLIENT: USUAL_TTL, SERVER: USUAL_TTL}
        for seen in reversed(self.packets):
            if seen.side != NETWORK and not seen.flags & RST:
                self.ttl[seen.side] = seen.ttl
        self.copied = self._copied()
        names = Pseudonyms()
        self.parts = {side: self._stream(side, log, names) for side in (CLIENT, SERVER)}
        self.laid: dict[int, list[tuple[int, int]]] = {CLIENT: [], SERVER: []}
        self.ids: dict[int, int] = {}
        self.talks: dict[tuple[bytes, int], str] = {}
        for seen in self.packets:
            if seen.stray is not None:
                self.talks.setdefault(seen.stray, f"b{len(self.talks) or ''}")

    def lines(self) -> Iterator[str]:
        """The whole file."""
        for line in self.claim.splitlines():
            yield f"// {line}"
        yield ""
        yield from self._settings()
        for seen in self.packets:
            yield from self._packet(seen)
        yield f"capture ends {self._time(max(self.connection.capture_end, self.packets[-1].time))}"
        yield ""
        wanted = [self._verdict(*pair) for pair in self.fetches if pair[0].kind == "fetch"]
        yield from wanted or [" => no fetch"]

    def _settings(self) -> Iterator[str]:
        connection = self.connection
        if self.talks:
            yield from self._addresses()
        elif connection.midstream:  # roles may be told by the ports alone
            yield f"client 192.0.2.10:{connection.client.port}"
        if connection.server.port != USUAL_PORT and not self.talks:
            yield f"server 198.51.100.20:{connection.server.port}"
        if connection.version == 6 and not self.talks:
            yield "ipv6"
        for side, name in ((CLIENT, "client"), (SERVER, "server")):
            if self.ttl[side] != USUAL_TTL:
                yield f"ttl {name} {self.ttl[side]}"

    def _addresses(self) -> Iterator[str]:
        """The connection's addresses, and before them those from which it was answered besides."""
        ends = ("192.0.2.10", "198.51.100.20", "203.0.113.") if self.connection.version == 4 else SIX
        client = f"client {ends[0]}:{self.connection.client.port}"
        yield client
        yield f"server {ends[1]}:{self.connection.server.port}"
        for at, ((_, port), name) in enumerate(self.talks.items(), 1):
            other = f"{ends[2]}{at}" if self.connection.version == 4 else f"{ends[2]}{at}]"
            yield f"name {name} {client} server {other}:{port}"
        yield "name a"

    def _stray(self, seen: Seen, name: str) -> str:
        """A packet of the connection under another address."""
        arrow = ">" if seen.to_stray else "<"
        ack = f" ack {seen.ack}" if seen.ack is not None else ""
        ttl = f" ttl {seen.ttl}" if seen.ttl != USUAL_TTL else ""
        numbers = f"{seen.seq}:{seen.seq + seen.length}({seen.length})"
        line = f"{name} {arrow} {letters(seen.flags):<2} {numbers}{ack}{ttl}"
        return f"{line} zeros" if seen.length else line

    def _packet(self, seen: Seen) -> Iterator[str]:
        """The line of a packet; before it, where bytes came out of order, one that lays what they belong to."""
        time = self._time(seen.time)
        if seen.icmp is not None:
            yield f"  {time} {self._icmp(seen)}"
            return
        if seen.stray is not None:
            yield f"  {time} {self._stray(seen, self.talks[seen.stray])}"
            return
        arrow = ">" if seen.side == CLIENT else "<"
        start, end = max(seen.seq, 1) - 1, max(seen.seq, 1) - 1 + seen.length
        words, early = self._words(seen.side, start, end) if seen.length else ("", None)
        ack = f" ack {seen.ack}" if seen.ack is not None else ""
        if early is not None:
            lead = f"{early.start + 1}:{early.end + 1}({early.end - early.start})"
            yield f"  {time} {arrow} {letters(seen.flags & 0x10):<2} {lead}{ack} lost {early.words}"
        first = 0 if seen.zero else seen.seq
        numbers = f"{first}:{first + seen.length}({seen.length})"
        line = f"  {time} {arrow} {letters(seen.flags & ~0x20):<2} {numbers}{ack}{self._options(seen)}"
        yield f"{line} {words}".rstrip()

    def _options(self, seen: Seen) -> str:
        """What differs from the notation's defaults and can matter."""
        out = ""
        if seen.window == 0 and not seen.flags & (RST | SYN):
            out += " win 0"
        if seen.ttl != self.ttl[seen.side]:
            out += f" ttl {seen.ttl}"
        known = self.ids.get(seen.side)
        odd = seen.flags & RST and seen.ip_id and known and abs(seen.ip_id - known) > ID_FAR
        if seen.number in self.copied or odd:
            out += f" id {seen.ip_id}"
        if not seen.flags & RST and seen.ip_id:
            self.ids[seen.side] = seen.ip_id
        if seen.sack is not None:
            out += f" sack {seen.sack[0]}-{seen.sack[1]}"
        if seen.fast_open:
            out += " fastopen"
        if len(seen.payload) < seen.length:
            out += f" cut {len(seen.payload)}"
        return out

    def _icmp(self, seen: Seen) -> str:
        error = seen.icmp
        assert error is not None  # the caller's question
        fitting = [
            at
            for at, other in enumerate(self.packets, 1)
            if other.side == seen.quoted
            and other.seq <= seen.seq <= other.seq + other.length
            and other.time <= seen.time
        ]
        if not fitting:
            raise cannot("an ICMP error that quotes a packet which is not in the capture")
        senders = {self.connection.client.address: "client", self.connection.server.address: "server"}
        sender = senders.get(error.sender, ROUTER[error.version])
        mtu = f" mtu {error.mtu}" if error.mtu else ""
        return f"icmp {error.kind}/{error.code} from {sender} quotes {fitting[-1]}{mtu}"

    def _time(self, time: int) -> str:
        """Seconds since the first packet, exactly, with three decimals at least."""
        seconds, rest = divmod(time - self.start, 1_000_000_000)
        decimals = f"{rest:09d}"
        return f"{seconds}.{decimals[:3]}{decimals[3:].rstrip('0')}"

    def _verdict(self, fetch: Fetch, verdict: Verdict) -> str:
        """The line of one verdict; what else was in the capture may have had a part in confidence and flags."""
        name = f"{verdict.klass}/{verdict.cause}" if verdict.cause else verdict.klass
        proofs = [
            f"{self.numbers[proof.packet]}:{proof.what}" for proof in verdict.evidence if proof.packet in self.numbers
        ]
        missing = [f"missing: {verdict.missing}"] if verdict.missing else []
        flags = [f"flags: {' '.join(sorted(verdict.flags))}"] if verdict.flags else []
        return " => " + " ".join([name, verdict.confidence, *missing, *flags, *proofs])

    # -- payload ---------------------------------------------------------------------------------------------------

    def _stream(self, side: int, log: Log, names: Pseudonyms) -> list[Part]:
        """The stream of one side in parts."""
        data, holes = bytearray(), bytearray()
        for seen in self.packets:
            if seen.side != side or seen.flags & RST or not seen.length or seen.copy or seen.keep_alive:
                continue
            start = max(seen.seq, 1) - 1
            if start + seen.length > MOST_BYTES or seen.seq < 0:
                raise cannot("a stream of this length" if seen.seq >= 0 else "payload from before the first packet")
            missing = start + seen.length - len(data)  # bytes that nobody captured are holes until somebody does
            data += bytes(max(0, missing))
            holes += b"\1" * max(0, missing)
            stop = start + len(seen.payload)
            data[start:stop] = seen.payload
            holes[start:stop] = bytes(len(seen.payload))
        stream = Captured(side, bytes(data), bytes(holes))
        return Describer(self.connection, stream, log, names).parts(0, len(data))

    def _words(self, side: int, start: int, end: int) -> tuple[str, Part | None]:
        """The words for bytes that no line has laid yet, and what must be laid before they can be."""
        laid = self.laid[side]
        if any(left <= start and end <= right for left, right in laid):
            return "", None
        parts = self.parts[side]
        first = bisect_right(parts, start, key=attrgetter("end"))
        chosen = parts[first : bisect_left(parts, end, first, key=attrgetter("start"))]
        if not chosen:  # of no stream: of a RST (RFC 9293 3.5.2 lets it say why), or of a probe in front of all data
            return f"zeros {end - start}", None
        left, right = chosen[0].start, chosen[-1].end
        words = _joined(chosen) + (" ..." if right > end else "")
        _lay(laid, left, right)
        if left == start:
            return words, None
        return "", Part(left, right, _joined(chosen))

    def _copied(self) -> set[int]:
        """Packets that are in the capture twice: they need their real IP identification."""
        found: set[int] = set()
        for at, seen in enumerate(self.packets):
            if not seen.copy:
                continue
            found.add(seen.number)
            for other in reversed(self.packets[:at]):
                same = (other.side, other.seq, other.ack, other.flags, other.length, other.ip_id)
                if same == (seen.side, seen.seq, seen.ack, seen.flags, seen.length, seen.ip_id):
                    found.add(other.number)
                    break
        return found


def _lay(laid: list[tuple[int, int]], left: int, right: int) -> None:
    """Add a range to those that are laid, joined with its neighbours."""
    touching = [item for item in laid if item[0] <= right and left <= item[1]]
    for item in touching:
        laid.remove(item)
        left, right = min(left, item[0]), max(right, item[1])
    laid.append((left, right))


def _joined(parts: list[Part]) -> str:
    """The words of several parts; TLS records in a row are named once."""
    out: list[str] = []
    for part in parts:
        if part.words.startswith("tls records ") and out and out[-1].startswith("tls records "):
            out[-1] += part.words.removeprefix("tls records")
        elif part.end > part.start:
            out.append(part.words)
    return " + ".join(out)


def _limited(packets: Iterable[Seen]) -> Iterator[Seen]:
    for at, seen in enumerate(packets):
        if at >= MOST_PACKETS:
            raise cannot(f"a connection of more than {MOST_PACKETS:,} packets in a readable way")
        if seen.length > MOST_LENGTH:
            raise cannot(f"a segment of {seen.length:,} bytes")
        yield seen

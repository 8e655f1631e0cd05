"""The TLS twin of a plain capture: the same packets at the same times, with a handshake and records in them.

What is sent between two edges of segments becomes one record, and all numbers of TCP move with it: sequence and
acknowledgement numbers, SACK blocks, windows, what ICMP errors quote, and where a snap length cut. Retransmissions,
holes, resets and FINs stay what they are. The handshake is put before the first bytes of the conversation.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from support.recording import Frame, Recording
from support.segments import ACK, FIN, RST, SYN, End, Segment, Unusual, quoted, sack_edges, segment, without_data
from support.tls_twins import Pair, Stream, Suite

from analyzer.fetch.model import Fetch
from analyzer.model.connection import Connection

MSS = 1400
LONGEST = 1 << 24
"""Bytes of a direction."""
MASK32 = 0xFFFFFFFF


class NoTwin(Exception):  # noqa: N818 - it says why
    """Why a connection has none."""


@dataclass
class Plain:
    """A plain connection. ends: client and server; bases: raw numbers of their streams' beginnings, -1 = unknown.

    rows     indexes of the frames with its segments; first: the one before which the handshake goes
    alpn, name  what its client would have asked for
    """

    ends: tuple[End, End]
    bases: tuple[int, int]
    begins: int
    alpn: str
    name: str
    rows: dict[int, Segment] = field(default_factory=dict)
    quotes: dict[int, tuple[int, int]] = field(default_factory=dict)
    probes: set[int] = field(default_factory=set)
    first: int = -1

    def offset(self, side: int, number: int) -> int:
        """The offset of a raw sequence number of a side."""
        return ((number - self.bases[side] + (1 << 31)) & MASK32) - (1 << 31)

    def side(self, one: Segment) -> int:
        """Whose segment it is."""
        return int(one.source == self.ends[1])


def plain_text(connection: Connection) -> bool:
    """What has twins: plain HTTP."""
    return connection.tls is None and connection.protocol in ("http", "h2c")


def twin(capture: Recording, fetches: list[Fetch], suite: Suite) -> tuple[Recording, bytes]:
    """The twin of a capture of which the program said this, and its key log; NoTwin when no connection has one."""
    return carried(capture, fetches, lambda alpn, name: Pair(suite, alpn, name))


def carried(
    capture: Recording,
    fetches: list[Fetch],
    pair_of: Callable[[str, str], Pair],
    which: Callable[[Connection], bool] = plain_text,
) -> tuple[Recording, bytes]:
    """The same of some connections, with what carries those of a client that asks for this protocol and name."""
    log, made, frames = b"", {}, list(capture.frames)
    try:
        plain = connections(capture, fetches, which)
        inserted: dict[int, list[Frame]] = {}
        pairs: dict[object, tuple[Pair, tuple[Stream, Stream]]] = {}
        for one in plain:
            content = contents(one)
            key = (one.alpn, one.name, *((bytes(text), frozenset(edges)) for text, edges in content))
            if key not in pairs:
                pair = pair_of(one.alpn, one.name)
                up, down = (pair.stream(bool(i), bytes(text), edges) for i, (text, edges) in enumerate(content))
                pairs[key] = pair, (up, down)
                log += pair.key_log
            pair, streams = pairs[key]
            inserted[one.first] = list(shake_hands(capture, one, pair, streams))
            made |= {at: moved(capture, one, at, streams) for at in (*one.rows, *one.quotes)}
    except Unusual as error:
        raise NoTwin(str(error)) from error
    out: list[Frame] = []
    for at, frame in enumerate(frames):
        out += inserted.get(at, ())
        out.append(made.get(at, frame))
    return replace(capture, frames=tuple(out)), log


# -- what there is -----------------------------------------------------------------------------------------------------


def connections(capture: Recording, fetches: list[Fetch], which: Callable[[Connection], bool]) -> list[Plain]:
    """Some connections."""
    spoken: dict[int, tuple[Connection, str]] = {}
    for fetch in fetches:
        connection = fetch.connection
        if which(connection) and connection.client.port:
            spoken.setdefault(connection.stream, (connection, fetch.name))
    found = [plain_of(connection, name) for connection, name in spoken.values()]
    if not found:
        raise NoTwin("no plain HTTP" if which is plain_text else "no such connection")
    others = {fetch.connection.first_packet - 1: ends_of(fetch.connection) for fetch in fetches}
    for at, frame in enumerate(capture.frames):
        one = segment(capture.link, frame)
        ends = (one.source, one.target) if one is not None else None
        quote = quoted(capture.link, frame.data) if one is None else None
        if quote is not None:
            ends = quote[:2]
        owner = owner_of(found, others, ends, at) if ends is not None else None
        if owner is None or ends is None:
            continue
        if one is not None:
            owner.rows[at] = one
        elif quote is not None:
            owner.quotes[at] = (int(ends[0] == owner.ends[1]), quote[2])
    for plain in found:
        check(plain)
    return found


def plain_of(connection: Connection, name: str) -> Plain:
    """Its ends and numbers."""
    usual = name.replace(".", "").replace("-", "").isalnum() and not name.replace(".", "").isdigit()
    return Plain(
        ends_of(connection),
        (connection.client.base, connection.server.base),
        connection.first_packet - 1,
        "h2" if connection.protocol == "h2c" and exchange_is_h2(connection) else "http/1.1",
        name if usual and name.isascii() else "",
    )


def exchange_is_h2(connection: Connection) -> bool:
    """Whether HTTP/2 was spoken from the first byte on."""
    return not connection.exchanges or connection.exchanges[0].h2 is not None


def ends_of(connection: Connection) -> tuple[End, End]:
    """Client and server."""
    client, server = connection.client, connection.server
    return (client.address, client.port), (server.address, server.port)


def owner_of(found: list[Plain], others: dict[int, tuple[End, End]], ends: tuple[End, End], at: int) -> Plain | None:
    """The connection of a segment: the newest that had begun between these ends."""
    begun = [start for start, other in others.items() if start <= at and set(other) == set(ends)]
    mine = [one for one in found if set(one.ends) == set(ends) and one.begins <= at]
    if not mine or (begun and max(begun) > max(one.begins for one in mine)):
        return None
    return max(mine, key=lambda one: one.begins)


def check(plain: Plain) -> None:
    """Whether a twin is possible; finds the first segment with bytes, and keep-alive probes."""
    if min(plain.bases) < 0 or len({plain.side(one) for one in plain.rows.values()}) < 2:
        raise NoTwin("one direction alone")
    if not any(one.flags & SYN for one in plain.rows.values()):
        raise NoTwin("the beginning is missing: no hello either")
    ends = [0, 0]
    for at, one in plain.rows.items():
        side = plain.side(one)
        offset = plain.offset(side, one.seq)
        if one.flags & SYN and one.size:
            raise NoTwin("bytes in a SYN")
        if one.flags & (SYN | RST):
            continue
        if one.size <= 1 and offset == ends[side] - 1 and not one.flags & FIN:
            plain.probes.add(at)
            continue
        if one.size and plain.first < 0:
            plain.first = at
        ends[side] = max(ends[side], offset + one.size)
    if plain.first < 0:
        raise NoTwin("nobody says anything")
    far = [one for one in plain.rows.values() if not one.flags & (SYN | RST)]
    if sum(plain.offset(plain.side(one), one.seq) >= LONGEST for one in far) > 1:
        raise NoTwin("it is too long")
    of_server = [one.flags & (SYN | RST) for one in plain.rows.values() if plain.side(one)]
    if all(of_server) and sum(flags == SYN for flags in of_server) > 1:
        raise NoTwin("the server never took the connection")
    for at, one in plain.rows.items():
        side = plain.side(one)
        if at < plain.first and not one.flags & (SYN | RST) and (
            plain.offset(side, one.seq) > 0 or (one.flags & ACK and plain.offset(1 - side, one.ack) > 0)
        ):  # fmt: skip
            raise NoTwin("packets out of order at the beginning")


def contents(plain: Plain) -> tuple[tuple[bytearray, set[int]], tuple[bytearray, set[int]]]:
    """What both said, with zeros for what was not captured, and the edges of all pieces."""
    found: tuple[tuple[bytearray, set[int]], ...] = ((bytearray(), set()), (bytearray(), set()))
    for at, one in plain.rows.items():
        side = plain.side(one)
        text, edges = found[side]
        offset = plain.offset(side, one.seq)
        if one.flags & SYN or at in plain.probes or not 0 <= offset < LONGEST or (one.flags & RST and not one.size):
            continue
        end = offset + one.size
        if end > len(text) and (one.size or one.flags & FIN):
            text += bytes(end - len(text))
        text[offset : offset + len(one.data)] = one.data
        edges |= {offset, offset + len(one.data), end}
        if one.flags & ACK:
            found[1 - side][1].add(plain.offset(1 - side, one.ack))
        for edge in sack_edges(one.options):
            found[1 - side][1].add(plain.offset(1 - side, struct.unpack_from("!I", one.options, edge)[0]))
    return found[0], found[1]


# -- what becomes of it ------------------------------------------------------------------------------------------------


def moved(capture: Recording, plain: Plain, at: int, streams: tuple[Stream, Stream]) -> Frame:
    """A frame of the connection."""
    frame = capture.frames[at]
    if at in plain.quotes:
        side, where = plain.quotes[at]
        number = struct.unpack_from("!I", frame.data, where)[0]
        offset = plain.offset(side, number)
        if at < plain.first or offset < 0:
            return frame
        data = frame.data[:where] + struct.pack("!I", plain.bases[side] + streams[side].place(offset) & MASK32)
        return replace(frame, data=data + frame.data[where + 4 :])
    if at < plain.first:
        return frame
    one = plain.rows[at]
    side = plain.side(one)
    own, other = streams[side], streams[1 - side]
    offset = plain.offset(side, one.seq)
    changed: dict[str, object] = {}
    if at in plain.probes:
        changed["seq"] = plain.bases[side] + own.place(offset + 1) - 1
    elif not one.flags & SYN and not (one.flags & RST and one.seq == 0):
        changed["seq"] = plain.bases[side] + own.place(offset)
        if one.size and offset < own.edges[-1]:
            data = own.between(offset, offset + one.size)
            captured = own.place(offset + len(one.data)) - own.place(offset)
            changed |= {"data": data[:captured], "size": len(data)}
    if one.flags & ACK and not one.flags & SYN:
        changed["ack"] = plain.bases[1 - side] + other.place(plain.offset(1 - side, one.ack))
        changed["window"] = window(plain, one, other)
    options = bytearray(one.options)
    for edge in sack_edges(one.options):
        left = plain.offset(1 - side, struct.unpack_from("!I", options, edge)[0])
        struct.pack_into("!I", options, edge, plain.bases[1 - side] + other.place(left) & MASK32)
    return replace(one, options=bytes(options), **changed).framed(frame.time, frame.origin)  # type: ignore[arg-type]


def scale_of(plain: Plain, side: int) -> int:
    """How far a side's windows are shifted."""
    shifts = [0, 0]
    seen = [False, False]
    for one in plain.rows.values():
        if one.flags & SYN:
            which, at = plain.side(one), 0
            seen[which] = True
            while at + 1 < len(one.options) and one.options[at]:
                if one.options[at] == 3:
                    shifts[which] = one.options[at + 2]
                at += 1 if one.options[at] == 1 else max(2, one.options[at + 1])
    return shifts[side] if all(seen) else 0


def window(plain: Plain, one: Segment, other: Stream) -> int:
    """The window that ends where it ended."""
    side = plain.side(one)
    scale = scale_of(plain, side)
    ack = plain.offset(1 - side, one.ack)
    room = other.place(ack + (one.window << scale)) - other.place(ack)
    return min(0xFFFF, -(-room >> scale))


def shake_hands(capture: Recording, plain: Plain, pair: Pair, streams: tuple[Stream, Stream]) -> Iterator[Frame]:
    """The handshake's frames, between the frame before which they go and the one before that."""
    pieces = [(int(server), said[at : at + MSS]) for server, said in pair.flights for at in range(0, len(said), MSS)]
    until = capture.frames[plain.first].time
    since = min(until, capture.frames[plain.first - 1].time) if plain.first else until
    sent = [0, 0]
    for number, (side, piece) in enumerate(pieces, 1):
        like = without_data(pattern(plain, side))
        first_window = next((row for at, row in plain.rows.items() if at >= plain.first and plain.side(row) == side
                             and not row.flags & (SYN | RST)), None)  # fmt: skip
        room = 0xFFFF
        if first_window is not None:
            scale = scale_of(plain, side)
            edge = streams[1 - side].place(plain.offset(1 - side, first_window.ack) + (first_window.window << scale))
            room = min(0xFFFF, -(-(edge - sent[1 - side]) >> scale))
        made = replace(
            like, seq=plain.bases[side] + sent[side], ack=plain.bases[1 - side] + sent[1 - side], flags=ACK | 8,
            data=piece, size=len(piece), window=room,
        )  # fmt: skip
        sent[side] += len(piece)
        yield made.framed(since + (until - since) * number // (len(pieces) + 1), 0)


def pattern(plain: Plain, side: int) -> Segment:
    """A segment of a side, of those before the conversation if there are any."""
    own = [(at, one) for at, one in plain.rows.items() if plain.side(one) == side and not one.flags & RST]
    if not own:
        raise NoTwin("one direction alone")
    before = [one for at, one in own if at < plain.first]
    return before[-1] if before else own[0][1]

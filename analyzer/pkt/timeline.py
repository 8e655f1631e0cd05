"""Reads the `.pkt` notation: settings and packets, line by line, as docs/timelines.md describes them.

`parse(text)` gives a `Timeline`. The text may be anybody's: it has limits, its time is linear in it, and whatever is
wrong with it is a `NotationError` that names the line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from analyzer.pkt.encapsulate import WRAPPERS
from analyzer.pkt.h2 import Memory
from analyzer.pkt.laid import Laid
from analyzer.pkt.model import ACK, BASE_NS, FLAG_BITS, LINKS, RST, SYN, Talk, Timeline, TimelinePacket
from analyzer.pkt.payload import datagram, payload
from analyzer.pkt.words import FAILURES, U8, U16, NotationError, address, number, quoted, reason, split

MOST_TEXT = 1 << 22
MOST_LINE = 1 << 18
"""Characters; the longest packet there is takes half of it as `hex`."""
MOST_PACKETS = 20_000
"""Of a timeline, ten times as many as `whyfetch case` writes."""
MOST_BYTES = 1 << 25
"""Payload of a timeline, what is laid and what packets carry, several times what `whyfetch case` writes."""
MOST_TAGS = 8
"""VLANs and tunnels around every packet."""
LONGEST = 0xFFFF
"""Bytes of a packet's payload."""
FARTHEST = 1 << 48
"""Sequence numbers of a timeline go on where those of TCP begin anew."""
LATEST_S = 2_500_000_000
"""A little before 2106, where the times of a pcap file end."""

TIME = re.compile(r"([0-9]{1,10})(?:\.([0-9]{0,9}))?")
RANGE = re.compile(r"(-?[0-9]{1,16}):(-?[0-9]{1,16})\(([0-9]{1,6})\)")
HEX = re.compile(r"0x[0-9a-fA-F]{1,4}")
HOPS = re.compile(r"[+-]?[0-9]{1,3}")


@dataclass
class _State:
    """What the lines so far have said."""

    line: int = 0
    talks: dict[str, Talk] = field(default_factory=lambda: {"a": Talk("a")})
    current: str = "a"
    captured: list[TimelinePacket] = field(default_factory=list)
    streams: dict[tuple[str, int], Laid] = field(default_factory=dict)
    memories: dict[tuple[str, int], Memory] = field(default_factory=dict)
    ids: dict[tuple[str, int], int] = field(default_factory=dict)
    link: str = "ethernet"
    snaplen: int = 0
    vlans: tuple[int, ...] = ()
    encap: tuple[str, ...] = ()
    ends: int | None = None
    mirror: tuple[int, int] | None = None
    bytes: int = 0

    def spend(self, size: int) -> None:
        """So many bytes more."""
        self.bytes += size
        if self.bytes > MOST_BYTES:
            raise ValueError(f"the payload so far is more than {MOST_BYTES:,} bytes")


def load(path: Path) -> Timeline:
    """The timeline in this file."""
    return parse(path.read_text(encoding="utf-8"), path.name)


def parse(text: str, source: str = "case") -> Timeline:
    """The timeline in this text; errors name it by `source`."""
    state = _State()
    claims: list[str] = []
    verdicts: list[str] = []
    lines = text.split("\n")
    if len(text) > MOST_TEXT:
        raise NotationError(source, len(lines), f"the text has more than {MOST_TEXT:,} characters")
    for at, written in enumerate(lines, 1):
        state.line = at
        line = written.strip()
        try:
            if line.startswith("//"):
                claims.append(line[2:].strip())
            elif line.startswith("=>"):
                verdicts.append(line[2:].strip())
            elif line:
                _line(state, line)
        except FAILURES as error:
            raise NotationError(source, at, reason(error)) from error
    if state.ends is not None:
        state.captured.append(TimelinePacket(BASE_NS + state.ends, "", 0, kind="other", line=state.line))
    return Timeline(
        claim="\n".join(claims),
        talks=state.talks,
        packets=tuple(replace(packet, origin=at) for at, packet in enumerate(state.captured, 1)),
        verdicts=tuple(verdict for verdict in verdicts if verdict != "no fetch"),
        link=state.link,
        vlans=state.vlans,
        snaplen=state.snaplen,
        encap=state.encap,
    )


def _line(state: _State, line: str) -> None:
    if len(line) > MOST_LINE:
        raise ValueError(f"the line has more than {MOST_LINE:,} characters")
    words = split(line)
    if words and TIME.fullmatch(words[0]):
        _packet_line(state, words)
    elif words:
        _setting(state, words[0], words[1:])


def nanoseconds(word: str) -> int:
    """Seconds with up to nine decimals, exactly."""
    found = TIME.fullmatch(word)
    if found is None or int(found[1]) > LATEST_S:
        raise ValueError(f"{quoted(word)} is no time: seconds, and up to nine decimals")
    return int(found[1]) * 1_000_000_000 + int((found[2] or "").ljust(9, "0"))


# Settings


def _setting(state: _State, key: str, rest: list[str]) -> None:
    """`name b client A:P server A:P`, or a setting of the connection named last, or one of the capture."""
    if key == "name":
        _name(state, rest)
    elif key in ("client", "server", "isn", "ttl", "mss", "scale", "ipv6"):
        state.talks[state.current] = _changed(state.talks[state.current], key, rest)
    elif key == "capture" and rest[0] == "ends":
        state.ends = nanoseconds(rest[1])
    elif key == "mirror":  # mirror 0.000040 ttl -1: a switch copies every packet
        state.mirror = nanoseconds(rest[0]), _hops(rest[2]) if len(rest) > 2 else 0
    elif key == "vlan":
        state.vlans = (*state.vlans, number(rest[0], U16))
    elif key == "encap":
        state.encap = (*state.encap, _tunnel(rest))
    elif key == "snaplen":
        state.snaplen = number(rest[0])
    elif key == "link" and rest[0] in LINKS:
        state.link = rest[0]
    elif key == "link":
        raise ValueError(f"unknown link type {quoted(rest[0])}")
    else:
        raise ValueError(f"unknown setting {quoted(key)}")
    if len(state.vlans) + len(state.encap) > MOST_TAGS:
        raise ValueError(f"more than {MOST_TAGS} tags and tunnels")


def _name(state: _State, words: list[str]) -> None:
    state.current = words[0]
    first = state.talks["a"]
    port = first.ports[0] + len(state.talks)
    state.talks.setdefault(words[0], replace(first, name=words[0], ports=(port, first.ports[1])))
    for at in range(1, len(words), 2):
        state.talks[state.current] = _changed(state.talks[state.current], words[at], words[at + 1 : at + 2])
    if state.talks[state.current].ports[0] > U16:
        raise ValueError("no port is left for this client: give it one")


def _changed(talk: Talk, key: str, words: list[str]) -> Talk:
    """A connection with another of its fixed facts."""
    if key == "ipv6":
        return replace(talk, addresses=(to_ipv6(talk.addresses[0]), to_ipv6(talk.addresses[1])), mss=(1440, 1440))
    if key in ("client", "server"):
        place, _, port = words[0].rpartition(":")
        place = address(place.strip("[]"))
        client, server = talk.addresses
        addresses = (place, server) if key == "client" else (client, place)
        return replace(talk, addresses=addresses, ports=_pair(talk.ports, key, number(port, U16)))
    if key == "isn":
        return replace(talk, isns=_sides(talk.isns, words, FARTHEST))
    if key == "ttl":
        return replace(talk, ttls=_sides(talk.ttls, words, U8))
    if key == "mss":
        return replace(talk, mss=_sides(talk.mss, words, U16))
    if key == "scale":
        return replace(talk, scales=_sides(talk.scales, words, U8))
    raise ValueError(f"unknown setting {quoted(key)}")


def _sides(old: tuple[int, int], words: list[str], most: int) -> tuple[int, int]:
    """`N` for both, or `client N`."""
    if len(words) == 1:
        return number(words[0], most), number(words[0], most)
    if words[0] not in ("client", "server"):
        raise ValueError(f"{quoted(words[0])} is neither `client` nor `server`")
    return _pair(old, words[0], number(words[1], most))


def _pair(old: tuple[int, int], side: str, value: int) -> tuple[int, int]:
    return (value, old[1]) if side == "client" else (old[0], value)


def _hops(word: str) -> int:
    if not HOPS.fullmatch(word):
        raise ValueError(f"{quoted(word)} is no number of hops")
    return int(word)


def _tunnel(words: list[str]) -> str:
    """`gtpu 1`."""
    if words[0] not in WRAPPERS:
        raise ValueError(f"unknown tunnel {quoted(words[0])}")
    return " ".join([words[0], *(str(number(word, U16)) for word in words[1:2])])


def to_ipv6(place: str) -> str:
    """The IPv4 address inside the documentation prefix 2001:db8::/32; IPv6 stays."""
    if ":" in place:
        return place
    a, b, c, d = map(int, place.split("."))
    return f"2001:db8::{a:x}:{b:x}:{c:x}:{d:x}"


# Packets


def _packet_line(state: _State, words: list[str]) -> None:
    time, rest = BASE_NS + nanoseconds(words[0]), words[1:]
    if rest[0] == "icmp":
        _emit(state, _icmp(state, time, rest[1:]))
        return
    name = "a"
    if rest[0] not in (">", "<"):
        name, rest = rest[0], rest[1:]
    if name not in state.talks:
        raise ValueError(f"no connection is called {quoted(name)}")
    if rest[0] not in (">", "<"):
        raise ValueError(f"{quoted(rest[0])} is no direction, `>` or `<`")
    side = 0 if rest[0] == ">" else 1
    if rest[1] in ("dns", "udp"):
        _emit(state, _datagram(state, TimelinePacket(time, name, side, kind=rest[1], line=state.line), rest[1:]))
        return
    packet, lost = _segment(state, TimelinePacket(time, name, side, flags=_flags(rest[1]), line=state.line), rest[2:])
    if not lost:
        _emit(state, packet)


def _flags(word: str) -> int:
    if not set(word) <= set(FLAG_BITS):
        raise ValueError(f"{quoted(word)} are no flags of TCP")
    return sum(FLAG_BITS[letter] for letter in set(word))


def _segment(state: _State, packet: TimelinePacket, words: list[str]) -> tuple[TimelinePacket, bool]:
    """A segment with its payload, and whether the capture missed it."""
    found = RANGE.fullmatch(words[0])
    if found is None:
        raise ValueError(f"{quoted(words[0])} is no range: first:end(length)")
    seq, end, length = place(found[1]), int(found[2]), number(found[3], LONGEST)
    packet, spec, lost = _details(replace(packet, seq=seq), words[1:], state)
    if bool(packet.flags & ACK) != (packet.ack is not None):
        raise ValueError("flag `.` and `ack N` go together")
    if end - seq != length:
        raise ValueError(f"{seq}:{end} is not {length} bytes")
    data = _stream(state, (packet.talk, packet.side), max(seq, 1), length, spec)
    return replace(packet, data=data, ip_id=_identification(state, packet)), lost


def place(word: str) -> int:
    """A sequence number; before the SYN it is negative."""
    return number(word, FARTHEST, -FARTHEST)


def _datagram(state: _State, packet: TimelinePacket, words: list[str]) -> TimelinePacket:
    """`dns A example.org ...` or `udp hex ...`, with `id N` of IP, `ttl N` and `dup` as for TCP before them."""
    packet, spec, _ = _details(packet, words[1:], state)
    data = datagram([words[0], *spec], answer=packet.side == 1)
    if len(data) > LONGEST:
        raise ValueError(f"{len(data)} bytes are more than a datagram holds")
    return replace(packet, data=data, ip_id=_identification(state, packet))


def _details(packet: TimelinePacket, words: list[str], state: _State) -> tuple[TimelinePacket, list[str], bool]:
    """The options of a packet line, the payload words after them, and whether the capture missed the packet."""
    lost, at = False, 0
    while at < len(words):
        word = words[at]
        if word == "lost":
            lost, at = True, at + 1
        elif word == "fastopen":
            packet, at = replace(packet, fast_open=True), at + 1
        elif word == "dup":
            if not state.captured:
                raise ValueError("there is no packet before")
            packet, at = replace(packet, ip_id=state.captured[-1].ip_id), at + 1
        elif word == "ts":
            packet, at = replace(packet, stamps=(number(words[at + 1]), number(words[at + 2]))), at + 3
        elif word in ("ack", "win", "ttl", "cut", "id", "sack"):
            packet, at = _detail(packet, word, words[at + 1]), at + 2
        else:
            return packet, words[at:], lost
    return packet, [], lost


def _detail(packet: TimelinePacket, word: str, value: str) -> TimelinePacket:
    """An option with one value."""
    if word == "ack":
        return replace(packet, ack=place(value))
    if word == "win":
        return replace(packet, win=number(value, U16))
    if word == "ttl":
        return replace(packet, ttl=number(value, U8))
    if word == "cut":
        return replace(packet, cut=number(value, LONGEST))
    if word == "id":
        return replace(packet, ip_id=int(value, 16) if HEX.fullmatch(value) else number(value, U16))
    left, _, right = value.partition("-")
    if len(packet.sacks) == 4:
        raise ValueError("a header has room for four `sack` blocks")
    return replace(packet, sacks=(*packet.sacks, (place(left), place(right))))


def _identification(state: _State, packet: TimelinePacket) -> int:
    """Linux: 0 on a SYN-ACK and on a RST without socket, else one more than before (signatures.md 2.2, 3.3)."""
    if packet.ip_id is not None:
        return packet.ip_id
    if packet.flags & SYN and packet.flags & ACK:
        return 0
    if packet.flags & RST and (not packet.flags & ACK or packet.seq == 0):
        return 0
    key = (packet.talk, packet.side)
    state.ids[key] = (state.ids.get(key, 0x1000 + 0x4000 * packet.side) + 1) & 0xFFFF
    return state.ids[key]


def _stream(state: _State, key: tuple[str, int], seq: int, length: int, spec: list[str]) -> bytes:
    """Lays the described bytes at `seq` of the sender's stream, and cuts the packet's own range out of all there is."""
    state.spend(length)
    laid = state.streams.setdefault(key, Laid())
    if spec:
        data = payload(spec, length, state.memories.setdefault(key, Memory()))
        state.spend(len(data))
        laid.lay(seq - 1, data)
    return laid.take(seq - 1, length)


def _icmp(state: _State, time: int, words: list[str]) -> TimelinePacket:
    """`3/10 from server quotes 2`; the quoted packet gives connection and IP version."""
    kind, _, code = words[0].partition("/")
    options = dict(zip(words[1::2], words[2::2], strict=True))
    quoted_packet = state.captured[number(options["quotes"], len(state.captured), 1) - 1]
    if quoted_packet.kind == "icmp":
        raise ValueError("an ICMP error quotes no other")
    state.spend(len(quoted_packet.data))
    ends = dict(zip(("client", "server"), state.talks[quoted_packet.talk].addresses, strict=True))
    sender = options.get("from", "server")
    sender = ends[sender] if sender in ends else address(sender)
    told = number(kind, U8), number(code, U8), sender, number(options.get("mtu", "0"))
    ttl = number(options["ttl"], U8) if "ttl" in options else None
    return TimelinePacket(
        time, quoted_packet.talk, 1, kind="icmp", ttl=ttl, ip_id=0, icmp=told, quoted=quoted_packet, line=state.line
    )


def _emit(state: _State, packet: TimelinePacket) -> None:
    state.captured.append(packet)
    if state.mirror:
        state.spend(len(packet.data))
        delay, hops = state.mirror
        default = state.talks[packet.talk].ttls[packet.side]
        ttl = (default if packet.ttl is None else packet.ttl) + hops
        state.captured.append(replace(packet, time=packet.time + delay, ttl=ttl))
    if len(state.captured) > MOST_PACKETS:
        raise ValueError(f"more than {MOST_PACKETS:,} packets")

"""The `.pkt` notation: a timeline of packets with the claim on top and the verdict below (tests/cases/README.md).

`parse(text)` gives a `Timeline`: connections, packets in capture order, expected verdicts. Nothing here knows bytes of
IP or of capture files: that is support/build.py.
"""

from __future__ import annotations

import shlex
import struct
from dataclasses import dataclass, field, replace
from pathlib import Path

from support.h2 import Memory
from support.payload import datagram, payload

FLAG_BITS = {"F": 0x01, "S": 0x02, "R": 0x04, "P": 0x08, ".": 0x10, "U": 0x20, "E": 0x40, "W": 0x80}
SYN, RST, ACK = FLAG_BITS["S"], FLAG_BITS["R"], FLAG_BITS["."]
BASE_NS = 1_700_000_000_000_000_000
"""Time 0.000 of every case, ns since 1970."""


@dataclass(frozen=True)
class Talk:
    """The fixed facts of one connection; index 0 client, 1 server."""

    name: str
    addresses: tuple[str, str] = ("192.0.2.10", "198.51.100.20")
    ports: tuple[int, int] = (50000, 443)
    isns: tuple[int, int] = (1_000_000, 3_000_000)
    ttls: tuple[int, int] = (64, 64)
    mss: tuple[int, int] = (1460, 1460)
    scales: tuple[int, int] = (7, 7)


@dataclass(frozen=True)
class Packet:
    """One captured packet. seq and ack count from 0 at the SYN, as in packetdrill; ack is None without ACK flag.

    kind      tcp | dns | udp (bytes as written) | icmp | other (somebody else's datagram, so that the capture runs on)
    ip_id     None = the next of this sender; ttl, win None = the default of its side
    cut       payload bytes in the capture, None = all
    icmp      (type, code, sender address, mtu); quoted: the packet that the ICMP error quotes
    origin    1-based number in the case as written, kept when a case is changed; 0 = somebody else's
    """

    time: int
    talk: str
    side: int
    kind: str = "tcp"
    flags: int = 0
    seq: int = 0
    data: bytes = b""
    ack: int | None = None
    win: int | None = None
    ttl: int | None = None
    ip_id: int | None = None
    sacks: tuple[tuple[int, int], ...] = ()
    stamps: tuple[int, int] | None = None
    fast_open: bool = False
    cut: int | None = None
    icmp: tuple[int, int, str, int] | None = None
    quoted: Packet | None = None
    origin: int = 0


@dataclass(frozen=True)
class Expected:
    """A `=>` line: what the verdict of one fetch must be; None = not demanded.

    columns: cells of the row that must be so; says: pieces of the summary
    """

    klass: str
    cause: str = ""
    confidence: str | None = None
    evidence: tuple[tuple[int, str], ...] = ()
    flags: tuple[str, ...] = ()
    missing: str | None = None
    columns: tuple[tuple[str, str], ...] = ()
    says: tuple[str, ...] = ()


@dataclass(frozen=True)
class Timeline:
    """A parsed case."""

    claim: str
    talks: dict[str, Talk]
    packets: tuple[Packet, ...]
    expected: tuple[Expected, ...] = ()
    link: str = "ethernet"
    vlans: tuple[int, ...] = ()
    snaplen: int = 0
    encap: tuple[str, ...] = ()

    def with_packets(self, packets: list[Packet]) -> Timeline:
        """The same case with other packets."""
        return replace(self, packets=tuple(packets))


@dataclass
class _State:
    """What the lines so far have said."""

    talks: dict[str, Talk] = field(default_factory=lambda: {"a": Talk("a")})
    current: str = "a"
    packets: list[Packet] = field(default_factory=list)
    captured: list[Packet] = field(default_factory=list)
    streams: dict[tuple[str, int], list[tuple[int, bytes]]] = field(default_factory=dict)
    memories: dict[tuple[str, int], Memory] = field(default_factory=dict)
    ids: dict[tuple[str, int], int] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    vlans: tuple[int, ...] = ()
    encap: tuple[str, ...] = ()
    ends: int | None = None
    mirror: tuple[int, int] | None = None
    ipv6: bool = False


def load(path: Path) -> Timeline:
    """The case in this file; a ValueError names file and line."""
    return parse(path.read_text(), path.name)


def parse(text: str, source: str = "case") -> Timeline:
    """The case in this text."""
    state, claims, expected = _State(), [], []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        try:
            if line.startswith("//"):
                claims.append(line[2:].strip())
            elif line.startswith("=>"):
                if line.split()[1:3] != ["no", "fetch"]:
                    expected.append(_expected(_words(line)[1:]))
            elif line:
                _line(state, _words(line))
        except (ValueError, IndexError, KeyError, StopIteration, OverflowError, struct.error) as error:
            raise ValueError(f"{source}:{number}: {error!r} in `{line}`") from error
    return Timeline(
        claim="\n".join(claims),
        talks=state.talks,
        packets=tuple(_finish(state)),
        expected=tuple(expected),
        link=state.settings.get("link", "ethernet"),
        vlans=state.vlans,
        snaplen=int(state.settings.get("snaplen", "0")),
        encap=state.encap,
    )


def _words(line: str) -> list[str]:
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split, lexer.commenters, lexer.escape, lexer.quotes = True, "", "", '"'
    words = list(lexer)
    return words[: words.index("//")] if "//" in words else words


def _expected(words: list[str]) -> Expected:
    klass, _, cause = words[0].partition("/")
    confidence, missing, flags, evidence, into_flags = None, None, [], [], False
    columns, says = [], []
    rest = iter(words[1:])
    for word in rest:
        if word in ("low", "medium", "high"):
            confidence = word
        elif word == "missing:":
            missing, into_flags = next(rest), False
        elif word == "flags:":
            into_flags = True
        elif word == "says":
            says.append(next(rest))
        elif "=" in word:
            column, _, value = word.partition("=")
            columns.append((column, value))
        elif word.partition(":")[0].isdigit():
            number, _, what = word.partition(":")
            evidence.append((int(number), what))
            into_flags = False
        elif into_flags:
            flags.append(word)
        else:
            raise ValueError(f"unknown word `{word}`")
    return Expected(klass, cause, confidence, tuple(evidence), tuple(flags), missing, tuple(columns), tuple(says))


def _line(state: _State, words: list[str]) -> None:
    if words[0].replace(".", "").isdigit():
        _packet_line(state, words)
    else:
        _setting(state, words)


def nanoseconds(word: str) -> int:
    """Seconds with up to nine decimals, exactly."""
    whole, _, decimals = word.partition(".")
    return int(whole) * 1_000_000_000 + int(decimals.ljust(9, "0"))


def _endpoint(word: str) -> tuple[str, int]:
    address, _, port = word.rpartition(":")
    return address.strip("[]"), int(port)


def _pair(old: tuple[int, int], side: str, value: int) -> tuple[int, int]:
    return (value, old[1]) if side == "client" else (old[0], value)


def _setting(state: _State, words: list[str]) -> None:
    """`name b client A:P server A:P`, or a setting of the connection named last, or one of the capture."""
    key, rest = words[0], words[1:]
    if key == "name":
        state.current = rest[0]
        previous = state.talks["a"]
        port = previous.ports[0] + len(state.talks)
        state.talks.setdefault(rest[0], replace(previous, name=rest[0], ports=(port, previous.ports[1])))
        for i in range(1, len(rest), 2):
            _setting(state, rest[i : i + 2])
    elif key in ("client", "server"):
        talk, (address, port) = state.talks[state.current], _endpoint(rest[0])
        index = 0 if key == "client" else 1
        addresses, ports = list(talk.addresses), list(talk.ports)
        addresses[index], ports[index] = address, port
        state.talks[state.current] = replace(talk, addresses=tuple(addresses), ports=tuple(ports))
    elif key in ("isn", "ttl", "mss", "scale"):
        name = {"isn": "isns", "ttl": "ttls", "mss": "mss", "scale": "scales"}[key]
        talk = state.talks[state.current]
        pair = (int(rest[0]),) * 2 if len(rest) == 1 else _pair(getattr(talk, name), rest[0], int(rest[1]))
        state.talks[state.current] = replace(talk, **{name: pair})
    elif key == "ipv6":
        talk = state.talks[state.current]
        state.talks[state.current] = replace(talk, addresses=tuple(map(to_ipv6, talk.addresses)), mss=(1440, 1440))
    elif key == "capture" and rest[0] == "ends":
        state.ends = nanoseconds(rest[1])
    elif key == "mirror":  # mirror 0.000040 ttl -1: a switch copies every packet
        state.mirror = nanoseconds(rest[0]), int(rest[2]) if len(rest) > 2 else 0
    elif key == "vlan":
        state.vlans += (int(rest[0]),)
    elif key == "encap":  # the first line is the innermost
        state.encap += (" ".join(rest),)
    elif key in ("link", "snaplen"):
        state.settings[key] = rest[0]
    else:
        raise ValueError(f"unknown setting `{key}`")


def to_ipv6(address: str) -> str:
    """The IPv4 address inside the documentation prefix 2001:db8::/32; IPv6 stays."""
    if ":" in address:
        return address
    a, b, c, d = map(int, address.split("."))
    return f"2001:db8::{a:x}:{b:x}:{c:x}:{d:x}"


def _packet_line(state: _State, words: list[str]) -> None:
    time, rest = BASE_NS + nanoseconds(words[0]), words[1:]
    if rest[0] == "icmp":
        _emit(state, _icmp(state, time, rest[1:]))
        return
    name = "a"
    if rest[0] not in (">", "<"):
        name, rest = rest[0], rest[1:]
    side = 0 if rest[0] == ">" else 1
    if rest[1] in ("dns", "udp"):
        _emit(state, _datagram(state, Packet(time, name, side, kind=rest[1]), rest[1:]))
        return
    talk, flags = state.talks[name], sum(FLAG_BITS[letter] for letter in rest[1])
    seq, end, length = _range(rest[2])
    packet, spec, lost = _details(Packet(time, name, side, flags=flags, seq=seq), rest[3:], state)
    if bool(flags & ACK) != (packet.ack is not None):
        raise ValueError("flag `.` and `ack N` go together")
    if end - seq != length:
        raise ValueError(f"{seq}:{end} is not {length} bytes")
    data = _stream(state, (name, side), max(seq, 1), length, spec)
    packet = replace(packet, data=data, ip_id=_identification(state, talk, packet))
    if not lost:
        _emit(state, packet)


def _datagram(state: _State, packet: Packet, words: list[str]) -> Packet:
    """`dns A example.org ...` or `udp hex ...`, with `id N` of IP, `ttl N` and `dup` as for TCP before them."""
    packet, spec, _ = _details(packet, words[1:], state)
    data = datagram([words[0], *spec], answer=packet.side == 1)
    return replace(packet, data=data, ip_id=_identification(state, state.talks[packet.talk], packet))


def _range(word: str) -> tuple[int, int, int]:
    span, _, length = word.rstrip(")").partition("(")
    seq, _, end = span.partition(":")
    return int(seq), int(end), int(length)


def _details(packet: Packet, words: list[str], state: _State) -> tuple[Packet, list[str], bool]:
    """The options of a packet line, the payload words after them, and whether the capture missed the packet."""
    lost, i = False, 0
    while i < len(words):
        word = words[i]
        if word in ("ack", "win", "ttl", "cut"):
            packet = replace(packet, **{word: int(words[i + 1])})
        elif word == "id":
            packet = replace(packet, ip_id=int(words[i + 1], 0))
        elif word == "sack":
            left, _, right = words[i + 1].partition("-")
            packet = replace(packet, sacks=(*packet.sacks, (int(left), int(right))))
        elif word == "ts":
            packet = replace(packet, stamps=(int(words[i + 1]), int(words[i + 2])))
            i += 1
        elif word in ("dup", "lost", "fastopen"):
            lost = lost or word == "lost"
            packet = replace(packet, fast_open=packet.fast_open or word == "fastopen")
            if word == "dup":
                packet = replace(packet, ip_id=state.captured[-1].ip_id)
            i -= 1
        else:
            return packet, words[i:], lost
        i += 2
    return packet, [], lost


def _identification(state: _State, talk: Talk, packet: Packet) -> int:
    """Linux: 0 on a SYN-ACK and on a RST without socket, else one more than before (signatures.md 2.2, 3.3)."""
    if packet.ip_id is not None:
        return packet.ip_id
    if packet.flags & SYN and packet.flags & ACK:
        return 0
    if packet.flags & RST and (not packet.flags & ACK or packet.seq == 0):
        return 0
    key = (talk.name, packet.side)
    state.ids[key] = (state.ids.get(key, 0x1000 + 0x4000 * packet.side) + 1) & 0xFFFF
    return state.ids[key]


def _stream(state: _State, key: tuple[str, int], seq: int, length: int, spec: list[str]) -> bytes:
    """Lays the described bytes at `seq` of the sender's stream, and cuts the packet's own range out of all there is."""
    laid = state.streams.setdefault(key, [])
    start = seq - 1
    if spec:
        laid.append((start, payload(spec, length, state.memories.setdefault(key, Memory()))))
    ranges = [(left, left + len(blob)) for left, blob in laid]
    if length and not any(left <= start and start + length <= right for left, right in _merged(ranges)):
        raise ValueError("no payload given for these sequence numbers")
    data = bytearray(length)
    for left, blob in laid:
        here, stop = max(left, start), min(left + len(blob), start + length)
        if here < stop:
            data[here - start : stop - start] = blob[here - left : stop - left]
    return bytes(data)


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for left, right in sorted(ranges):
        if merged and left <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(right, merged[-1][1]))
        else:
            merged.append((left, right))
    return merged


def _icmp(state: _State, time: int, words: list[str]) -> Packet:
    """`3/10 from server quotes 2`; the quoted packet gives connection and IP version."""
    kind, code = map(int, words[0].split("/"))
    options = dict(zip(words[1::2], words[2::2], strict=True))
    quoted = state.captured[int(options["quotes"]) - 1]
    talk = state.talks[quoted.talk]
    sender = options.get("from", "server")
    sender = talk.addresses[1] if sender == "server" else talk.addresses[0] if sender == "client" else sender
    mtu = int(options.get("mtu", "0"))
    ttl = int(options["ttl"]) if "ttl" in options else None
    return Packet(time, quoted.talk, 1, kind="icmp", ttl=ttl, ip_id=0, icmp=(kind, code, sender, mtu), quoted=quoted)


def _emit(state: _State, packet: Packet) -> None:
    state.captured.append(packet)
    if state.mirror:
        delay, hops = state.mirror
        default = state.talks[packet.talk].ttls[packet.side]
        ttl = (default if packet.ttl is None else packet.ttl) + hops
        state.captured.append(replace(packet, time=packet.time + delay, ttl=ttl))


def _finish(state: _State) -> list[Packet]:
    if state.ends is not None:
        state.captured.append(Packet(BASE_NS + state.ends, "", 0, kind="other"))
    return [replace(packet, origin=number) for number, packet in enumerate(state.captured, 1)]

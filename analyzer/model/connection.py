"""The facts a capture yields, before anybody judges them.

A `Connection` has two `Side`s with their sequence space and
counters, and a short list of `Event`s. TLS and HTTP parsers add `Tls` and `Exchange`. All times are integer
nanoseconds since 1970 UTC, 0 = did not happen; packet numbers are the capture's own, 0 = none; stream offsets count
payload bytes of one side in 64 bits, 0 = first payload byte (ISN + 1, RFC 9293 3.4), -1 = unknown.
C types are in connection.pxd.
"""

from __future__ import annotations

from typing import Any

import cython

from analyzer.model.http import Exchange
from analyzer.model.tls import Tls

CLIENT = 0
SERVER = 1
NETWORK = 2

FIN = 0x01
SYN = 0x02
RST = 0x04
PSH = 0x08
ACK = 0x10
ECE = 0x40
CWR = 0x80

RCV_NXT = 0
IN_WINDOW = 1
OUTSIDE = 2
"""Where a RST lies for its receiver: at the next byte, elsewhere in its window, or outside (RFC 5961 3.2)."""

MASK32 = 0xFFFFFFFF
UNKNOWN_SHIFT = 14
"""The largest window scale (RFC 7323 2.3), assumed of a side whose SYN was not captured."""
MAX_MILESTONES = 96
"""Milestones kept of a connection, FINs and RSTs apart."""
COPY_NS = 50_000_000
COPY_FAST_NS = 2_000_000
"""A mirror port or a second interface shows the same packet again within this: with an IPv4 identification of its own,
which Linux gives each retransmission anew, and without, when no retransmission comes so soon (signatures.md 3.3)."""
ID_FAR = 2000
"""IPv4 identifications of one sender that count on are nearer to each other than this (signatures.md 2.2, M2)."""
FULL_SEGMENT = 1200
"""A segment of at least so many bytes is a full one: with IPv6 every link leaves room for 1220 (RFC 8200 5)."""
NEVER = 1 << 62
"""Bytes to skip when the rest of a stream does not matter."""
GOES_ON = 2
"""What Connection.final is of one that is judged while its capture goes on (outlook.py)."""
LONGEST_NS = 86_400_000_000_000
"""A day: round trips, and steps between attempts, count as no longer, so that products of them keep within 63 bits."""

WHAT = (
    "syn",
    "syn-ack",
    "ack",
    "rst",
    "fin",
    "client-hello",
    "server-hello",
    "alert",
    "record",
    "request",
    "response",
    "icmp",
    "dns-query",
    "dns-answer",
    "retransmission",
    "data",
    "keep-alive",
)
"""The closed list of what a cited packet can be."""


# What is marked `no_gc` refers to nothing that could refer back to it: reference counts alone free it, and the
# collector does not have to know it, which costs as much as making it. (In a .pxd the mark would have no effect.)


@cython.no_gc
@cython.cclass
class Event:
    """Something that happens at a place: a packet worth citing, which the connection keeps, or what a layer logs.

    what      one of WHAT, or of LOGGED
    side      CLIENT, SERVER or NETWORK (ICMP)
    packet, time   that of its first byte
    offset    stream offset of its sequence number (for a SYN: -1), or of the first byte of what was read
    length    bytes of it
    note      anything that is to be known besides: a record, an ICMP error, ...
    ack       offset of the peer's stream that the packet acknowledges; seq, flags, ttl, ip_id, window: as in its header
    place     of a RST: RCV_NXT, IN_WINDOW, or OUTSIDE: its receiver ignores it
    """

    def __init__(self, what: str, side: cython.int, packet: cython.longlong, time: cython.longlong) -> None:
        self.begin(what, side, packet, time)

    def begin(self, what: str, side: cython.int, packet: cython.longlong, time: cython.longlong) -> None:
        """What `__init__` does; the wire stage calls it on a bare object, which costs half as much."""
        self.what = what
        self.side = side
        self.packet = packet
        self.time = time
        self.offset = self.ack = -1
        self.seq = self.length = 0
        self.flags = self.ttl = self.ip_id = self.window = self.place = 0
        self.note: object = None


class Direction:
    """One of the two byte streams between a client and a server, as far as what reads it needs to know.

    index           CLIENT or SERVER: who speaks
    next            offset up to which a layer was fed; skip: bytes behind it that no layer needs
    end, sent       offset behind the highest byte that was captured, and behind what it had sent by its own numbers
    acked           offset up to which the peer acknowledged (ack_packet, ack_time: its last advance over payload)
    pending         what waits for its predecessors, None = nothing does
    lost            bytes the peer acknowledged although the capture never showed them (capture loss)
    cut             bytes missing because of the snaplen
    last_data_packet, last_data_time   of its newest bytes
    """

    def __init__(self, index: cython.int) -> None:
        self.index = index
        self.next = self.skip = self.end = self.sent = self.acked = self.ack_packet = self.ack_time = 0
        self.lost = self.cut = self.last_data_packet = self.last_data_time = 0
        self.pending: list[tuple[int, int, int, int, int, bytes]] | None = None


class Inner(Direction):
    """A byte stream inside of another: what a layer took out of the records of its own.

    What is told of it is told in the connection's offsets, which its acknowledgements count in too. Those of a piece
    are further by `ahead`; where it begins, at `first`, is where its record does, which is further by `before`.
    """

    def __init__(self, index: int) -> None:
        Direction.__init__(self, index)
        self.ahead = self.before = self.first = 0

    def piece(self, start: cython.longlong, end: cython.longlong, length: cython.longlong) -> None:
        """What comes next are so many bytes, from these offsets of the connection's stream."""
        self.first = self.next
        self.before = start - self.next
        self.ahead = end - self.next - length


class Side(Direction):
    """One direction of a connection: what this endpoint sent, and what its peer acknowledged of it.

    Besides what a Direction has:

    endpoint        its address and port as a number: exact for IPv4, nearly so for IPv6
    key             what its packets bear: its address, the peer's, and both ports; hosts, ports: its last 12 bytes as
                    numbers, key_size: its length
    base            raw sequence number of stream offset 0
    isn             raw ISN, -1 = SYN not seen; other_isn: that of a SYN-ACK which came when another was taken
    syn_time        its last SYN (or SYN-ACK) before the answer; first_packet, last_packet, last_time: any packet of it
    sent            the highest sequence number of its own packets that lay beyond `end` when it came: up to here it had
                    sent, whatever was captured (sent_packet, sent_time: the packet that says so); 0 = none did
    limit           the furthest offset that its peer ever allowed it to send, -1 = unknown; shift: how its own windows
                    are scaled, UNKNOWN_SHIFT while its SYN is
    rtx_since_ack   retransmissions of unacknowledged data since `acked` last advanced
    full_end        offset behind the first segment of the usual size (FULL_SEGMENT), 0 = all were smaller
    sack_left/right highest SACK block *it sent*, as offsets of its peer's stream, -1 = none
    wire_gap        1 = a hole in what it sent was still unacknowledged at the end (loss on the wire)
    fin_offset      offset of its FIN, -1 = none; fin_packet, fin_time: the first FIN
    rst_packet/time its first RST
    ttl, data_ttl   TTL of its SYN/SYN-ACK and of its last packet with ACK and without RST, 0 = none
    syn_id          IPv4 identification of its first SYN
    ip_id           last IPv4 identification other than 0, ip_ids: how many there were, ip_id_jumps: how many of them
                    were more than ID_FAR ahead of the one before (RSTs do not count)
    pending         segments that wait for their predecessors: (offset, packet, time, ack, length, bytes), or None
    hole_time       time of the first of them; jump_time: when `end` last jumped over a hole
    ended           1 = its FIN was reached in sequence order
    recent*         signatures and times of its last four packets, to know copies from retransmissions
    zero_since      time since which it advertises a zero window, 0 = it does not
    """

    def __init__(self, connection: Connection, index: cython.int) -> None:
        self.connection = connection
        self.index = index
        self.address = self.key = b""
        self.hosts = self.ports = self.key_size = self.endpoint = 0
        self.port = 0
        self.base = self.isn = self.limit = -1
        self.other_isn = -1
        self.shift = UNKNOWN_SHIFT
        self.syns = self.packets = self.bytes = 0
        self.retransmissions = self.duplicates = self.out_of_order = self.keep_alives = 0
        self.unanswered_keep_alives = 0
        self.last_time = self.first_packet = self.last_packet = 0
        self.syn_time = 0
        self.first_data_time = self.first_data_packet = self.last_data_time = self.last_data_packet = 0
        self.end = self.next = self.skip = self.acked = 0
        self.sent = self.sent_packet = self.sent_time = 0
        self.ack_packet = self.ack_time = 0
        self.rtx_since_ack = self.largest_rtx = self.full_end = 0
        self.sack_left = self.sack_right = -1
        self.lost = self.cut = 0
        self.wire_gap = 0
        self.fin_offset = -1
        self.fins = self.fin_packet = self.fin_time = 0
        self.rsts = self.rst_packet = self.rst_time = 0
        self.ttl = self.data_ttl = self.ip_id = self.syn_id = 0
        self.ip_ids = self.ip_id_jumps = 0
        self.zero_since = 0
        self.scale = self.mss = -1
        self.timestamps = self.sack_ok = 0
        self.pending = None
        self.pending_bytes = self.hole_time = self.jump_time = 0
        self.ended = 0
        self.recent0 = self.recent1 = self.recent2 = self.recent3 = self.recent_at = 0
        self.recent_time0 = self.recent_time1 = self.recent_time2 = self.recent_time3 = 0


class Connection:
    """One TCP connection: (5-tuple, client ISN), signatures.md 1.1.

    stream      Wireshark's tcp.stream in the same file
    midstream   1 = no SYN seen; roles_guessed 1 = client decided by port
    reused      1 = the same 5-tuple carried an earlier connection
    ecn         1 = the client's SYN that was answered, else the newest, asks for ECN (RFC 3168 6.1.1)
    synack_after_ack  SYN-ACKs re-sent after the client's ACK was captured (milestones hold them); heard: those that
                echo a later timestamp than the SYN's (syn_stamp, -1 = none): the server had heard that ACK, or more
    established_time/packet  the client's first ACK after the SYN-ACK, 0 = never
    one_way     1 = no server at all was heard up to then: the capture may show one direction only
    final       1 = nothing more can come (closed and lingered, or its tuple was reused); 0 = cut by the capture's end;
                GOES_ON = it is open, and so is the capture
    capture_end time of the last packet of the capture when it was emitted
    fins_seen   bit 1 = client, 2 = server; icmps: ICMP errors that quote it; copies: packets captured twice
    closed_time when both FINs were acknowledged, or the first RST; simultaneous 1 = both sides sent a SYN
    strays      packets of it that came from another address (elsewhere.Stray), None = none did; stray 1 = they are
                of this connection, which is no fetch of its own
    older       the SYN has an older timestamp than an answered one of that client (stamps.Older), None = it has not
    early       packets that came too early in the file and wait (ordering.py), None = none; fruitless: how often they
                waited in vain
    moved       {number: (true number, true time)} of packets that changed places, None = none did
    clock_step  1 = capture time ran backwards by more than 10 ms within it
    ignored     segments that their receiver would not take (acceptance.py), ignored_resets of them RSTs;
                ignored_packet: the last of them
    challenge_ack  raw number that a challenge ACK in answer to the SYN acknowledged, -1 = none came (RFC 5961 4)
    unproven    those of them that may prove true yet, and a SYN with another ISN; None = there are none
    splits      (tcp.stream, packet) of SYNs with another ISN that changed nothing: Wireshark counts on at each
    disputed    1 = versions of Wireshark number it differently, or split it (attempts.py)
    looked      the last packet when it was judged before its end (outlook.py); look_again: when to do it again, ns
    noted       what the names of the capture know of it while it is open: 1 = that it began, 2 = for which name
    before, after  its neighbours in the chain of open connections (chain.py); linked 1 = it is in there
    heeded      1 = its layer wants to know what the server acknowledges
    half_open   1 = it counts among those whose handshake is under way
    kept        bytes that are kept of it besides what every connection has, about, as of its last change (weight.py)
    flags       words for the row's flags column found while reading (fragments, capped, scapy-decoded, nat-twin ...)
    protocol    tls | http | h2c | other, "" = nobody said enough
    via         prologues that were peeled off: proxy-protocol | socks | connect
    connect     the CONNECT exchange that got a 2xx; other_first: first 64 bytes of a protocol that is not understood
    socks_target  host:port asked of a SOCKS proxy; socks_reply: 90 (version 4) or 0 (5) = granted, -1 = no answer
    """

    def __init__(self, stream: cython.longlong) -> None:
        self.stream = stream
        self.client = Side(self, 0)
        self.server = Side(self, 1)
        self.before: Connection | None = None
        self.after: Connection | None = None
        self.linked = self.half_open = 0
        self.version = 4
        self.first_packet = self.last_packet = self.first_time = self.last_time = 0
        self.midstream = self.roles_guessed = self.reused = self.subflow = self.fast_open = self.ecn = 0
        self.established_time = self.established_packet = 0
        self.synack_after_ack = self.heard = 0
        self.syn_stamp = -1
        self.final = self.one_way = 0
        self.looked = self.look_again = 0
        self.capture_end = self.clock_step = self.fruitless = self.kept = 0
        self.early: Any = None
        self.moved: dict[int, tuple[int, int]] | None = None
        self.closed_time = self.fins_seen = self.icmps = self.copies = self.interface = 0
        self.simultaneous = self.stray = self.noted = self.heeded = 0
        self.ignored = self.ignored_resets = self.ignored_packet = 0
        self.challenge_ack = -1
        self.strays: list[Any] | None = None
        self.older: Any = None
        self.unproven: Any = None
        self.splits: tuple[tuple[int, int], ...] = ()
        self.disputed = 0
        self.milestones: list[Event] = []
        self.flags: tuple[str, ...] = ()
        self.content: Any = None
        self.protocol = ""
        self.via: tuple[str, ...] = ()
        self.connect: Exchange | None = None
        self.socks_target = ""
        self.socks_reply = -1
        self.tls: Tls | None = None
        self.exchanges: list[Exchange] = []
        self.other_first = b""

    def flag(self, word: str) -> None:
        """Add a word to the flags, once."""
        if word not in self.flags:
            self.flags = (*self.flags, word)

    def settle(self) -> None:
        """Nothing more will be added: cut the reference cycles, so that memory is freed without a garbage collector."""
        self.content = self.unproven = None
        self.client.connection = None  # type: ignore[assignment]  # only here, and nobody looks after this
        self.server.connection = None  # type: ignore[assignment]


@cython.no_gc
@cython.cclass
class IcmpError:
    """An ICMP error: who sent it and what it quotes (kind and code as in RFC 792 / RFC 4443).

    udp     1 = it quotes a DNS question, and `seq` is that message's id; 0 = a TCP packet and its sequence number
    """

    def __init__(self, version: cython.int, kind: cython.int, code: cython.int, sender: bytes) -> None:
        self.version = version
        self.kind = kind
        self.code = code
        self.sender = sender
        self.key = b""
        self.seq = 0
        self.udp = 0
        self.mtu = 0
        self.number = self.time = 0

"""The facts a capture yields, before anybody judges them.

A `Connection` has two `Side`s with their sequence space and
counters, and a short list of `Milestone`s. TLS and HTTP parsers add `Tls` and `Exchange`. All times are integer
nanoseconds since 1970 UTC, 0 = did not happen; packet numbers are the capture's own, 0 = none; stream offsets count
payload bytes of one side in 64 bits, 0 = first payload byte (ISN + 1, RFC 9293 3.4), -1 = unknown.
C types are in model.pxd.
"""

from __future__ import annotations

from typing import Any

import cython

from analyzer.wire.http.head import noted

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
MAX_GARBAGE = 64
"""Bytes kept of an answer that is not of the protocol in which it was asked."""
MAX_MILESTONES = 96
"""Milestones kept of a connection, FINs and RSTs apart."""
MAX_RECORDS = 32
"""TLS records kept per side: a handshake and the first exchange need fewer, bulk data must not cost memory."""
COPY_NS = 50_000_000
COPY_FAST_NS = 2_000_000
"""A mirror port or a second interface shows the same packet again within this: with an IPv4 identification of its own,
which Linux gives each retransmission anew, and without, when no retransmission comes so soon (signatures.md 3.3)."""
ID_FAR = 2000
"""IPv4 identifications of one sender that count on are nearer to each other than this (signatures.md 2.2, M2)."""
FULL_SEGMENT = 1200
"""A segment of at least so many bytes is a full one: with IPv6 every link leaves room for 1220 (RFC 8200 5)."""
LATE_RECORDS = 16
"""The newest records kept besides per side: the last request of a kept-alive connection, whatever came before it."""
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

NOTHING: list[Any] = []
"""What has nothing in it yet, of all that will be given another list: nothing is added to this one."""

# What is marked `no_gc` refers to nothing that could refer back to it: reference counts alone free it, and the
# collector does not have to know it, which costs as much as making it. (In a .pxd the mark would have no effect.)


@cython.no_gc
@cython.cclass
class Milestone:
    """A packet worth citing.

    what      one of WHAT
    side      CLIENT, SERVER or NETWORK (ICMP)
    offset    stream offset of its sequence number (for a SYN: -1), ack: offset of the peer's stream it acknowledges
    length    TCP payload bytes
    place     of a RST: RCV_NXT, IN_WINDOW, or OUTSIDE: its receiver ignores it
    note      anything a signature needs besides: a record, an ICMP error, ...
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


class Side:
    """One direction of a connection: what this endpoint sent, and what its peer acknowledged of it.

    endpoint        its address and port as a number: exact for IPv4, nearly so for IPv6
    key             what its packets bear: its address, the peer's, and both ports; hosts, ports: its last 12 bytes as
                    numbers, key_size: its length
    base            raw sequence number of stream offset 0
    isn             raw ISN, -1 = SYN not seen; other_isn: that of a SYN-ACK which came when another was taken
    syn_time        its last SYN (or SYN-ACK) before the answer; first_packet, last_packet, last_time: any packet of it
    end             offset after the highest byte it sent; next: offset up to which the stream was handed to the parser
    sent            the highest sequence number of its own packets that lay beyond `end` when it came: up to here it had
                    sent, whatever was captured (sent_packet, sent_time: the packet that says so); 0 = none did
    skip            bytes after `next` that no parser needs
    limit           the furthest offset that its peer ever allowed it to send, -1 = unknown; shift: how its own windows
                    are scaled, UNKNOWN_SHIFT while its SYN is
    acked           offset up to which the peer acknowledged (ack_packet, ack_time: its last advance over payload)
    rtx_since_ack   retransmissions of unacknowledged data since `acked` last advanced
    full_end        offset behind the first segment of the usual size (FULL_SEGMENT), 0 = all were smaller
    sack_left/right highest SACK block *it sent*, as offsets of its peer's stream, -1 = none
    lost            payload bytes the peer acknowledged although the capture never showed them (capture loss)
    cut             payload bytes missing because of the snaplen
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
        self.pending: list[tuple[int, int, int, int, int, bytes]] | None = None
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
        self.simultaneous = self.stray = self.noted = self.ignored = self.ignored_resets = self.ignored_packet = 0
        self.challenge_ack = -1
        self.strays: list[Any] | None = None
        self.older: Any = None
        self.unproven: Any = None
        self.splits: tuple[tuple[int, int], ...] = ()
        self.disputed = 0
        self.milestones: list[Milestone] = []
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


class Record:
    """A TLS record seen from outside: type, body length, offsets [start, end), and the segment that began it.

    ack is the offset of the peer's stream which that segment acknowledged; complete 0 = its last byte was not seen.
    """

    def __init__(self, kind: cython.int, length: cython.int, start: cython.longlong) -> None:
        self.restart(kind, length, start)

    def restart(self, kind: cython.int, length: cython.int, start: cython.longlong) -> None:
        """Describe another record with the same object: bulk data makes no objects."""
        self.kind = kind
        self.length = length
        self.start = start
        self.end = start + 5 + length
        self.packet = self.time = self.last_packet = self.last_time = 0
        self.ack = -1
        self.complete = 0


@cython.no_gc
@cython.cclass
class Alert:
    """A TLS alert; level and code are -1 when it is encrypted."""

    def __init__(self, side: cython.int, level: cython.int, code: cython.int, record: Record) -> None:
        self.side = side
        self.level = level
        self.code = code
        self.record = record


@cython.no_gc
@cython.cclass
class Tls:
    """What is visible of one TLS handshake, and of the records after it.

    hello_*           the client's first ClientHello: packet and time of its first byte, offsets; hello_complete 1 = all
    hellos            ClientHellos seen (2 after a HelloRetryRequest, `retry_request` = 1)
    sni, alpn_offer, versions_offer, groups_offer, key_shares, ciphers_offer (two bytes each): the offer, without GREASE
                      values (RFC 8701); alpn: the answer (TLS <= 1.2)
    client_version    the hello's legacy_version; session_echo 1 = the server repeated the client's session id
    server_hello_*    the real ServerHello (not a HelloRetryRequest)
    version           0x0300..0x0304 as negotiated, 0 = unknown
    ticket            1 = the client offered a session ticket (RFC 5077)
    done_1_2          1.2 and older: bits 1 = client's CCS + Finished, 2 = server's CCS + Finished
    hello_done_packet/time  1.2: ServerHelloDone
    client_finished, server_finished  1.2 and older: the first handshake record after that side's CCS
    psk_modes         1 = the client offered psk_key_exchange_modes, without which no ticket is of use (RFC 8446 4.2.9)
    certificate_asked 1 = 1.2 and older: CertificateRequest; certificate_empty 1 = the client answered it with none
    client_records, server_records   first MAX_RECORDS records of each side; *_late the newest LATE_RECORDS behind them
                      (a ring whose objects are used again as the stream goes on); *_count all; *_last the newest,
                      *_prior the one before it
    reply             bytes the server sent instead of TLS (first 64), b"" = none
    lost              record boundaries were lost (capture loss, snaplen, malformed): 1 client's, 2 server's, 3 both
    *_blind_from, *_blind_to  offsets between which boundaries are unknown: where they were lost first, and where they
                      were found again last (NEVER = not yet); -1 = nowhere
    hole              1 = bytes of a handshake message are missing, the record boundaries are not
    malformed         what was malformed, "" = nothing
    certificate       {subject, issuer, names, not_before, not_after, sha256} of the leaf where readable, else None
    """

    def __init__(self) -> None:
        self.hello_packet = self.hello_time = self.hello_end_packet = self.hello_end_time = 0
        self.hello_start = self.hello_end = -1
        self.hello_complete = self.hellos = self.hello_size = self.retry_request = 0
        self.hello_record_version = 0
        self.sslv2 = 0
        self.sni = ""
        self.alpn = ""
        self.alpn_offer: list[str] = NOTHING
        self.versions_offer: list[int] = NOTHING
        self.groups_offer: list[int] = NOTHING
        self.key_shares: list[int] = NOTHING
        self.ciphers_offer = b""
        self.early_data = self.psk = self.ech = self.ticket = self.psk_modes = 0
        self.certificate_asked = self.certificate_empty = 0
        self.session_id = b""
        self.client_version = self.session_echo = 0
        self.server_hello_packet = self.server_hello_time = 0
        self.server_hello_start = -1
        self.version = self.cipher = 0
        self.resumed = 0
        self.done_1_2 = 0
        self.client_ccs = self.server_ccs = -1
        self.hello_done_packet = self.hello_done_time = 0
        self.certificate_packet = 0
        self.certificate: dict[str, str] | None = None
        self.alerts: list[Alert] = []
        self.client_records: list[Record] = []
        self.server_records: list[Record] = []
        self.client_late: list[Record] = []
        self.server_late: list[Record] = []
        self.client_count = self.server_count = 0
        self.client_last: Record | None = None
        self.server_last: Record | None = None
        self.client_prior: Record | None = None
        self.server_prior: Record | None = None
        self.client_finished: Record | None = None
        self.server_finished: Record | None = None
        self.reply = b""
        self.reply_packet = self.reply_time = 0
        self.lost = self.hole = 0
        self.client_blind_from = self.client_blind_to = self.server_blind_from = self.server_blind_to = -1
        self.malformed = ""


class Http2:
    """What HTTP/2 adds to an exchange: its stream, and how that was ended otherwise than by END_STREAM (RFC 9113 5.1).

    reset_*    the RST_STREAM that ended it: side that sent it (-1 = nobody), code, packet and time; reset_goaway 1 = it
               was a client's GOAWAY, which ends all streams
    goaway_*   the server's GOAWAY that excludes it, or ends all by an error: last stream taken (-1 = none), code, ...
    asked      1 = the block of the request's fields came; unread 1 = a block was undecodable: request or status unknown
    *_whole    body bytes of DATA frames that are over
    *_window   bytes that the receiver allows beyond those of the connection's settings, less those that were sent
    *_blocked  1 = that side may send no more of this stream: the other does not read it (RFC 9113 5.2)
    """

    def __init__(self, stream: cython.longlong) -> None:
        self.stream = stream
        self.reset_side = self.goaway_last = self.goaway_code = -1
        self.reset_code = self.reset_packet = self.reset_time = self.reset_goaway = 0
        self.goaway_packet = self.goaway_time = 0
        self.asked = self.unread = self.request_whole = self.response_whole = 0
        self.request_window = self.response_window = self.client_blocked = self.server_blocked = 0


@cython.no_gc
@cython.cclass
class Exchange:
    """One request and its response in plain text: of HTTP/1.x, or a stream of HTTP/2.

    request_complete 1 = head and declared body were seen; request_start/end are offsets of the client's stream
    request_ack     offset of the server's stream that the client had received when it began to ask, -1 = unknown
    acked_time      when the server acknowledged request_end, 0 = never
    quiet_since     when all before it on its connection were answered, 0 = it is the first, or streams were open
    response_framing  length | chunked | close | none | tunnel | frames (of HTTP/2), "" = no final response head yet
    body_expected   bytes declared, -1 = not declared; body_got: bytes seen or acknowledged
    response_complete 1 = complete by framing (RFC 9112 6.3)
    interim         status codes of 1xx responses before the final one
    headers         response headers of note, lower-case name -> value (first 256 characters); read from `raw_fields`,
                    the lines of the response's fields, when somebody asks
    body_start      first bytes of a 400's body: nginx says there that TLS was wanted
    garbage         first 64 bytes of an answer that is no HTTP, b"" = none; response_packet is its first packet
    malformed       head-too-large | chunk-size | chunk-end | content-length (less came) | content-too-long |
                    interim-end (no final response): where a message broke its own framing, "" = nowhere
    close_packet    a websocket: packet of the first Close frame, 0 = none came, -1 = its frames could not be followed
    authorized      1 = the request carried credentials (their value is not kept)
    lost            1 = the capture lost bytes of a head or of the framing: nothing may be concluded from absence
    request_unframed, response_unframed  1 = bytes that tell where the message ends were cut or lost, so that only
                    headers can tell whether it is whole; 2 = it is not: less was sent than its Content-Length announced
    h2              what HTTP/2 adds to it, None = HTTP/1.x
    An unfinished message ends, as far as request_end*/response_end* say, with the last byte seen. A response
    without a known request has method "" and request_start -1.
    """

    def __init__(self, index: cython.int) -> None:
        self.index = index
        self.method = self.target = self.host = self.user_agent = ""
        self.request_version = ""
        self.request_packet = self.request_time = self.request_end_packet = self.request_end_time = 0
        self.request_start = self.request_end = self.request_ack = -1
        self.request_complete = 0
        self.request_body_expected = -1
        self.request_body_got = 0
        self.acked_time = self.acked_packet = self.quiet_since = 0
        self.expect_continue = 0
        self.status = 0
        self.reason = ""
        self.response_packet = self.response_time = self.response_end_packet = self.response_end_time = 0
        self.head_packet = 0
        self.response_start = self.response_end = -1
        self.response_framing = ""
        self.response_version = ""
        self.body_expected = -1
        self.body_got = 0
        self.body_lost = 0
        self.response_complete = 0
        self.interim: tuple[int, ...] = ()
        self.raw_fields = b""
        self._headers: dict[str, str] | None = None
        self.garbage = self.body_start = b""
        self.malformed = ""
        self.authorized = self.lost = 0
        self.close_packet = 0
        self.request_unframed = self.response_unframed = 0
        self.h2: Http2 | None = None

    @property
    def headers(self) -> dict[str, str]:
        """Response headers of note."""
        if self._headers is None:
            self._headers = noted(self.raw_fields)
        return self._headers

    @headers.setter
    def headers(self, found: dict[str, str]) -> None:
        self._headers = found


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

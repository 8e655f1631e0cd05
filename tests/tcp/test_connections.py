"""The tracker on packets made by hand: sequence space, copies, loss and endings."""

import pytest

from analyzer.frame.packet import Packet
from analyzer.model.connection import ACK, FIN, RST, SYN, Connection, IcmpError
from analyzer.tcp.connections import Connections

CLIENT_KEY = bytes((192, 0, 2, 1, 198, 51, 100, 1, 0xC3, 0x50, 0, 80))
SERVER_KEY = bytes((198, 51, 100, 1, 192, 0, 2, 1, 0, 80, 0xC3, 0x50))
MS = 1_000_000
LINGER_NS = 5_000_000_000  # as in lingering.py, where it is a C number once compiled


class Wire:
    """Feeds a `Connections` with packets of one 5-tuple; sequence numbers are relative to the ISNs."""

    def __init__(self, client_isn: int = 1000, server_isn: int = 5000) -> None:
        self.table = Connections()
        self.isn = {CLIENT_KEY: client_isn, SERVER_KEY: server_isn}
        self.number = 0
        self.ip_id = 7

    def send(
        self,
        key: bytes,
        flags: int,
        seq: int = 0,
        ack: int = 0,
        data: bytes = b"",
        at: int = 0,
        *,
        ip_id: int | None = None,
        captured: int | None = None,
        window: int = 500,
    ) -> None:
        peer = SERVER_KEY if key == CLIENT_KEY else CLIENT_KEY
        p = Packet()
        self.number += 1
        self.ip_id += 1
        p.key, p.data, p.number, p.time = key, data, self.number, 10**18 + at * MS
        p.version, p.ttl, p.ip_id = 4, 64, self.ip_id if ip_id is None else ip_id
        p.flags, p.window = flags, window
        p.seq = (self.isn[key] + seq) % 2**32
        p.ack = (self.isn[peer] + ack) % 2**32 if flags & ACK else 0
        p.payload, p.length = 0, len(data)
        p.captured = len(data) if captured is None else captured
        self.table.packet(p, "")

    def handshake(self) -> None:
        self.send(CLIENT_KEY, SYN, at=0)
        self.send(SERVER_KEY, SYN | ACK, 0, 1, at=10)
        self.send(CLIENT_KEY, ACK, 1, 1, at=20)

    def close(self) -> Connection:
        self.table.finish()
        (connection,) = self.table.finished
        return connection


@pytest.fixture(params=[1000, 2**32 - 3], ids=["isn-low", "isn-wraps"])
def wire(request: pytest.FixtureRequest) -> Wire:
    return Wire(request.param, request.param)


def test_bytes_and_acknowledgements_are_counted_across_the_wrap(wire: Wire) -> None:
    """64-bit offsets do not notice that 32-bit sequence numbers wrap."""
    wire.handshake()
    wire.send(CLIENT_KEY, ACK, 1, 1, b"x" * 100, 30)
    wire.send(SERVER_KEY, ACK, 1, 101, b"", 40)
    connection = wire.close()
    assert (connection.client.bytes, connection.client.acked, connection.client.next) == (100, 100, 100)
    assert connection.established_packet == 3
    assert [m.what for m in connection.milestones] == ["syn", "syn-ack", "ack"]
    assert connection.client.first_data_packet == 4


def test_a_copy_is_no_retransmission(wire: Wire) -> None:
    """The same IP ID within 50 ms is the mirror's copy; a new ID is the sender's retransmission (3.3)."""
    wire.handshake()
    wire.send(CLIENT_KEY, ACK, 1, 1, b"x" * 100, 30, ip_id=77)
    wire.send(CLIENT_KEY, ACK, 1, 1, b"x" * 100, 31, ip_id=77)
    wire.send(CLIENT_KEY, ACK, 1, 1, b"x" * 100, 230, ip_id=78)
    connection = wire.close()
    assert (connection.client.duplicates, connection.client.retransmissions) == (1, 1)
    assert connection.client.rtx_since_ack == 1


def test_reordering_is_no_retransmission(wire: Wire) -> None:
    """A segment that fills a hole within 3 ms of the jump was overtaken, not sent again (3.4)."""
    wire.handshake()
    wire.send(SERVER_KEY, ACK, 101, 1, b"b" * 100, 30)
    wire.send(SERVER_KEY, ACK, 1, 1, b"a" * 100, 31)
    connection = wire.close()
    assert (connection.server.out_of_order, connection.server.retransmissions) == (1, 0)
    assert connection.server.next == 200


def test_an_acknowledged_hole_is_capture_loss_and_an_unacknowledged_one_is_wire_loss(wire: Wire) -> None:
    """Only the receiver knows what was on the wire (3.1)."""
    wire.handshake()
    wire.send(SERVER_KEY, ACK, 101, 1, b"b" * 100, 30)
    wire.send(CLIENT_KEY, ACK, 1, 201, b"", 31)
    wire.send(CLIENT_KEY, ACK, 51, 201, b"c" * 50, 40)
    connection = wire.close()
    assert (connection.server.lost, connection.server.wire_gap) == (100, 0)
    assert connection.client.wire_gap == 1


def test_keep_alives_are_neither_data_nor_retransmissions(wire: Wire) -> None:
    """One byte below the next sequence number on an idle connection is a probe (RFC 9293 3.8.4)."""
    wire.handshake()
    wire.send(CLIENT_KEY, ACK, 1, 1, b"x" * 10, 30)
    wire.send(SERVER_KEY, ACK, 1, 11, b"", 40)
    wire.send(CLIENT_KEY, ACK, 10, 1, b"", 15000)
    wire.send(CLIENT_KEY, ACK, 10, 1, b"\0", 30000)
    connection = wire.close()
    assert (connection.client.keep_alives, connection.client.retransmissions) == (2, 0)
    assert connection.client.unanswered_keep_alives == 2


def test_a_new_isn_is_a_new_connection_and_the_same_isn_is_not(wire: Wire) -> None:
    """Port reuse is told by the ISN alone (1.1); a SYN repeated after a RST stays the same attempt (T4)."""
    wire.send(CLIENT_KEY, SYN, at=0)
    wire.send(SERVER_KEY, RST | ACK, 0, 1, at=1)
    wire.send(CLIENT_KEY, SYN, at=500)
    wire.send(SERVER_KEY, RST | ACK, 0, 1, at=501)
    wire.isn[CLIENT_KEY] += 999
    wire.send(CLIENT_KEY, SYN, at=2000)
    wire.table.finish()
    first, second = wire.table.finished
    assert (first.client.syns, first.server.rsts, second.client.syns) == (2, 2, 1)
    assert second.reused
    assert second.stream == 1, "tshark 4.0 keeps a SYN with the old ISN in its stream, also after RST or FIN"


def test_a_straggler_makes_no_new_connection(wire: Wire) -> None:
    """A late bare ACK of a connection already given out is counted and forgotten."""
    wire.handshake()
    wire.send(CLIENT_KEY, RST | ACK, 1, 1, at=30)
    wire.table.now += 2 * LINGER_NS
    wire.table.expire()
    assert len(wire.table.finished) == 1
    wire.send(SERVER_KEY, ACK, 1, 1, at=20_000)
    assert wire.table.stragglers == 1
    assert wire.table.total == 1


def test_a_clock_set_forward_does_not_part_a_handshake(wire: Wire) -> None:
    """NTP sets the clock an hour forward between SYN and SYN-ACK: the answer still belongs to the SYN."""
    wire.send(CLIENT_KEY, SYN, at=0)
    wire.send(SERVER_KEY, SYN | ACK, 0, 1, at=3_600_000)
    wire.send(CLIENT_KEY, ACK, 1, 1, at=3_600_010)
    assert (wire.table.total, wire.close().server.syns) == (1, 1)


def test_an_unanswered_syn_is_given_out_by_capture_time_alone(wire: Wire) -> None:
    """Somebody else's packets let time go on: 200 s after the SYN its attempt is over, whoever looks when."""
    wire.send(CLIENT_KEY, SYN, at=0)
    for second in (100, 199, 215, 230):
        wire.table.reach(10**18 + second * 1000 * MS)
        assert len(wire.table.finished) == (1 if second > 215 else 0)


def test_ports_used_again_after_lingering_are_a_new_connection(wire: Wire) -> None:
    """Six seconds after a reset a packet finds nobody, a second after it finds the connection: by its own time."""
    wire.handshake()
    wire.send(CLIENT_KEY, RST | ACK, 1, 1, at=30)
    wire.send(SERVER_KEY, ACK, 1, 1, b"x", 1000)
    assert wire.table.total == 1
    wire.send(SERVER_KEY, ACK, 2, 1, b"y", 7000)
    assert (wire.table.total, len(wire.table.finished)) == (2, 1)


def test_closed_in_order_needs_both_fins_acknowledged(wire: Wire) -> None:
    """One FIN is a half-closed connection, which may go on for long."""
    wire.handshake()
    wire.send(CLIENT_KEY, FIN | ACK, 1, 1, at=30)
    wire.send(SERVER_KEY, ACK, 1, 2, at=40)
    table = wire.table
    table.now += 3 * LINGER_NS
    table.expire()
    assert not table.finished
    wire.send(SERVER_KEY, FIN | ACK, 1, 2, at=50_000)
    wire.send(CLIENT_KEY, ACK, 2, 2, at=50_010)
    table.now += 3 * LINGER_NS
    table.expire()
    assert len(table.finished) == 1
    assert table.finished[0].final


def test_icmp_joins_only_with_the_right_sequence_number(wire: Wire) -> None:
    """An ICMP error must quote a number that the connection used (2.1, notes)."""
    wire.send(CLIENT_KEY, SYN, at=0)
    for seq in (wire.isn[CLIENT_KEY], (wire.isn[CLIENT_KEY] + 77777) % 2**32):
        error = IcmpError(4, 3, 10, b"\xcb\0\x71\x09")
        error.key, error.seq, error.number, error.time = CLIENT_KEY, seq, 9, 10**18 + MS
        wire.table.icmp(error)
    connection = wire.close()
    assert [m.what for m in connection.milestones] == ["syn", "icmp"]
    assert wire.table.icmp_unmatched == 1


def test_a_far_ahead_byte_costs_nothing(wire: Wire) -> None:
    """One byte far ahead neither fills memory nor stalls the stream; the caps give the hole up."""
    wire.handshake()
    for i in range(2000):
        wire.send(CLIENT_KEY, ACK, 10 + 2 * i, 1, b"z", 30 + i)
    connection = wire.close()
    assert "reassembly-capped" in connection.flags
    assert wire.table.reassembler.waiting == 0


def test_a_segment_cut_by_the_snaplen_counts_its_full_length(wire: Wire) -> None:
    """Sequence arithmetic uses the length on the wire, the parser gets what is there (3.1)."""
    wire.handshake()
    wire.send(CLIENT_KEY, ACK, 1, 1, b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n" + b"x" * 500, 30, captured=20)
    connection = wire.close()
    assert connection.client.bytes == connection.client.next == connection.client.end
    assert connection.client.cut > 0


def test_packets_that_wait_again_and_again_are_forgotten(wire: Wire) -> None:
    """Where time stands still nobody ends a wait: what came to its turn leaves nothing behind but where it was."""
    wire.handshake()
    wire.send(CLIENT_KEY, ACK, 1, 1, b"x", 30)
    for i in range(9000):
        wire.send(CLIENT_KEY, ACK, 2, i + 2, b"", 30)
        wire.send(SERVER_KEY, ACK, i + 1, 2, b"y", 30)
    assert not wire.table.early
    connection = wire.close()
    assert connection.server.bytes == 9000
    assert 1000 < len(connection.moved) < 9000


def test_a_late_synack_moves_no_bytes() -> None:
    """A SYN-ACK that comes after bytes of the client, and acknowledges some, does not move those that follow."""
    wire, request = Wire(), b"GET /item HTTP/1.1\r\nHost: example.org\r\n\r\n"
    wire.send(CLIENT_KEY, ACK, 1, 1, request + request[:20])
    wire.send(SERVER_KEY, SYN | ACK, 0, 1 + len(request) + 20, at=70_000)
    wire.send(CLIENT_KEY, ACK, 1 + len(request) + 20, 1, request[20:], at=70_010)
    wire.send(CLIENT_KEY, ACK, 1 + 2 * len(request), 1, request, at=70_020)
    connection = wire.close()
    assert [(one.target, one.host) for one in connection.exchanges] == [("/item", "example.org")] * 3

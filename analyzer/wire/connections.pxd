from analyzer.wire.content cimport Content
from analyzer.wire.model cimport Connection, IcmpError, Milestone, Packet, Side
from analyzer.wire.stream cimport Reassembler

# the constants of connections.py as C numbers
cdef int FIN, SYN, RST, ACK, CLIENT, SERVER, NETWORK, MAX_MILESTONES, ID_FAR
cdef long long MASK32, LINGER_NS, UNANSWERED_NS, CLOCK_STEP_NS, REORDER_NS, TWIN_NS
cdef unsigned long long MASK64, MIX1, MIX2, MIX3, MIX4

cdef class Connections:
    cdef public dict sides, gone, syns
    cdef public bint answered
    cdef public list finished, pauses
    cdef public Reassembler reassembler
    cdef public long long next_stream, now, total, stragglers, evicted, icmp_unmatched, dup_window, dup_fast
    cpdef packet(self, Packet p, str note)
    cdef account(self, Connection connection, Side side, Side peer, Packet p)
    cdef Side first(self, Packet p)
    cdef Side open(self, Packet p, bytes reverse, long long stream)
    cdef note_twin(self, Connection connection, Packet p)
    cdef int source_port(self, Packet p) except -1
    cdef int source_port_of(self, bytes key) except -1
    cdef set_address(self, Side side, bytes key)
    cdef Side syn(self, Side side, Packet p)
    cdef swap_roles(self, Connection connection)
    cdef note_endpoint(self, Connection connection, Side side, Side peer, Packet p)
    cdef server_before_established(self, Connection connection, Side side, Side peer, Packet p)
    cdef handshake(self, Connection connection, Side side, Side peer, Packet p)
    cdef long long acknowledge(self, Connection connection, Side side, Side peer, Packet p) except? -1
    cdef acknowledge_request(self, Connection connection, long long ack, Packet p)
    cdef bint is_copy(self, Side side, Packet p) except -1
    cdef payload(self, Connection connection, Side side, Side peer, Packet p, long long offset, long long ack)
    cdef fix_roles(self, Connection connection, Side side, Packet p)
    cdef retransmission(self, Connection connection, Side side, Packet p, long long offset, long long stop)
    cdef keep_alive(self, Connection connection, Side side, Packet p)
    cdef fin(self, Connection connection, Side side, Packet p, long long offset, long long ack)
    cdef rst(self, Connection connection, Side side, Side peer, Packet p, long long offset)
    cdef check_closed(self, Connection connection, Packet p)
    cpdef icmp(self, IcmpError error)
    cdef Milestone mark(self, Connection connection, Side side, Packet p, str what, long long offset)
    cpdef expire(self)
    cdef evict(self)
    cpdef finish(self)
    cpdef pause(self)
    cdef long long watched_until(self, long long time) except? -1
    cpdef give_out(self, Connection connection, int final)
    cdef bytes key_of(self, Side side, Side peer)
    cpdef long long oldest_open(self) except -1

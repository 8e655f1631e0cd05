cimport cython
from libc.stdint cimport int64_t

from analyzer.wire.acceptance cimport acknowledges, in_syn_sent, place_of_reset
from analyzer.wire.content cimport Content
from analyzer.wire.copies cimport is_copy, is_icmp_copy
from analyzer.wire.lingering cimport Lingering
from analyzer.wire.marks cimport mark
from analyzer.wire.model cimport Connection, Exchange, IcmpError, Milestone, Side
from analyzer.wire.opening cimport note_endpoint
from analyzer.wire.ordering cimport is_early
from analyzer.wire.packet cimport Packet
from analyzer.wire.reordering cimport Reordering
from analyzer.wire.sequence cimport unwrap
from analyzer.wire.unproven cimport Unproven

# the constants of connections.py as C numbers
cdef int FIN, SYN, RST, ACK, CLIENT, SERVER, NETWORK, RCV_NXT, MAX_MILESTONES, MAX_OPEN
cdef int MAX_RST_MARKS, MAX_FIN_MARKS, MAX_ICMP_MARKS, LOOK_SHARE
cdef long long MASK32, NEAR, LOOK_NS, UNANSWERED_NS, CLOCK_STEP_NS, CLAIM_NS

@cython.final
cdef class Connections(Reordering):
    cdef public list finished, pauses
    cdef public Lingering lingering
    cdef public long long now, before, due, looked, seen, evicted, icmp_unmatched
    cdef take(self, Connection connection, Side side, Side peer, Packet p, str note)
    cdef jump(self, Side side, Packet p, long long offset)
    cdef int64_t acknowledge(self, Connection connection, Side side, Side peer, Packet p) except? -1
    cdef take_back(self, Connection connection, Side peer, Packet p, long long ack)
    cdef acknowledge_request(self, Connection connection, long long ack, Packet p)
    cdef reset_acknowledges(self, Side peer, Packet p)
    cdef fin(self, Connection connection, Side side, Packet p, long long offset)
    cdef rst(self, Connection connection, Side side, Side peer, Packet p, long long offset)
    cdef check_closed(self, Connection connection, Packet p)
    cpdef icmp(self, IcmpError error)
    cdef linger(self, Connection connection)
    cpdef reach(self, long long time)
    cpdef expire(self)
    cdef look(self, long long now)
    cdef look_at_successor(self, Connection connection, long long now, list[Connection] over)
    cdef evict(self)
    cpdef finish(self)
    cdef finish_streams(self, Connection connection)
    cpdef pause(self)
    cdef int64_t watched_until(self, long long time) except? -1
    cpdef int64_t oldest_open(self) except -1

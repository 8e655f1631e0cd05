cimport cython
from libc.stdint cimport int64_t

from analyzer.wire.content cimport Content
from analyzer.wire.copies cimport is_copy, is_icmp_copy
from analyzer.wire.detection cimport looks_like
from analyzer.wire.lingering cimport Lingering
from analyzer.wire.marks cimport mark
from analyzer.wire.model cimport Connection, Exchange, IcmpError, Milestone, Side
from analyzer.wire.opening cimport note_endpoint
from analyzer.wire.ordering cimport is_early
from analyzer.wire.packet cimport Packet
from analyzer.wire.payload cimport Payload
from analyzer.wire.sequence cimport unwrap
from analyzer.wire.stream cimport Reassembler
from analyzer.wire.reordering cimport Reordering, other
from analyzer.wire.table cimport Table, reversed_key, source_port
from analyzer.wire.twins cimport Twins

# the constants of connections.py as C numbers
cdef int FIN, SYN, RST, ACK, CLIENT, SERVER, NETWORK, MAX_MILESTONES, MAX_OPEN
cdef long long MASK32, MAX_UNSEEN, LOOK_NS, UNANSWERED_NS, CLOCK_STEP_NS

@cython.final
cdef class Connections(Reordering):
    cdef public Table keys
    cdef public dict sides, opened
    cdef public Payload payload
    cdef public Reassembler reassembler
    cdef public list finished, pauses
    cdef public Twins twins
    cdef public Lingering lingering
    cdef public long long next_stream, now, looked, total, stragglers, evicted, icmp_unmatched
    cdef account(self, Connection connection, Side side, Side peer, Packet p)
    cdef Side first(self, Packet p)
    cdef Side open(self, Packet p, bytes key, bytes reverse, long long stream)
    cdef Side syn(self, Side side, Packet p)
    cdef int64_t acknowledge(self, Connection connection, Side side, Side peer, Packet p) except? -1
    cdef acknowledge_request(self, Connection connection, long long ack, Packet p)
    cdef jump(self, Side side, Packet p, long long offset)
    cdef reset_acknowledges(self, Side peer, Packet p)
    cdef fin(self, Connection connection, Side side, Packet p, long long offset)
    cdef rst(self, Connection connection, Side side, Side peer, Packet p, long long offset)
    cdef check_closed(self, Connection connection, Packet p)
    cpdef icmp(self, IcmpError error)
    cpdef expire(self)
    cdef evict(self)
    cpdef finish(self)
    cdef finish_streams(self, Connection connection)
    cpdef pause(self)
    cdef int64_t watched_until(self, long long time) except? -1
    cpdef give_out(self, Connection connection, int final)
    cpdef int64_t oldest_open(self) except -1

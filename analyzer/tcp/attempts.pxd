from libc.stdint cimport int64_t

from analyzer.flow.chain cimport Chain
from analyzer.flow.copies cimport is_copy
from analyzer.flow.given_up cimport GivenUp
from analyzer.flow.roles cimport sender_of_first, told_by_syn
from analyzer.flow.table cimport Table, reversed_key
from analyzer.frame.packet cimport Packet
from analyzer.layer.detection cimport looks_like
from analyzer.model.connection cimport Connection, Side
from analyzer.tcp.kin cimport Kin
from analyzer.tcp.sequence cimport unwrap
from analyzer.tcp.unproven cimport Unproven

# the constants of attempts.py as C numbers
cdef int ACK, CLIENT, FROM_CLIENT, FROM_SERVER, RST, SERVER, SYN, MAX_SYNS, MAX_SPLITS
cdef long long MASK32, MAX_HELD_BYTES, NEAR

cdef class Attempts:
    cdef public Table keys
    cdef public GivenUp given_up
    cdef public dict sides
    cdef public Chain opened
    cdef public Kin kin
    cdef public long long next_stream, total, stragglers, unfollowed, kept, half_open
    cdef public int disputed
    cdef begin(self)
    cpdef packet(self, Packet p, str note)
    cpdef make_room(self)
    cpdef give_out(self, Connection connection, int final)
    cdef Side first(self, Packet p)
    cdef bint goes_on_unseen(self, Packet p, bytes key, bytes reverse) except -1
    cdef Side open(self, Packet p, bytes key, bytes reverse, long long stream)
    cdef Connection place(self, Packet p, long long stream)
    cdef Side enter(self, Connection connection, Packet p, bytes key, bytes reverse)
    cdef Side syn(self, Side side, Packet p, str note)
    cdef Side syn_ack(self, Side side, Packet p)
    cdef Side reuse(self, Side side, Packet p, str note)
    cdef hold_syn(self, Side side, Packet p)
    cdef bint proves(self, Connection connection, Side side, Packet p, bint fits) except -1
    cdef succeed(self, Connection connection)
    cdef install(self, Unproven waits)
    cdef drop_successor(self, Connection connection)
    cdef int64_t room(self) except? -1
    cdef dispute(self, Connection connection)

cdef bint belongs(Side side, Packet p) except -1
cdef bint answers_another(Connection connection, Side side, Packet p) except -1
cdef bint of_another(Side side, Packet p) except -1
cdef bint is_live(Connection connection) except -1
cdef bint may_be_over(Connection connection) except -1
cdef bint of_other_base(Side side, Packet p) except -1

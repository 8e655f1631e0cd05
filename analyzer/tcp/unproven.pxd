from libc.stdint cimport int64_t

from analyzer.frame.packet cimport Packet
from analyzer.model.connection cimport Connection, Side
from analyzer.tcp.sequence cimport unwrap

# the constants of unproven.py as C numbers
cdef int ACK, FIN, RST, MAX_HELD
cdef long long MASK32, NEAR, WIDEST

cdef class Unproven:
    cdef public list held, sides, syns
    cdef public Connection successor
    cdef public Packet challenge
    cdef public Side asker
    cdef public long long size
    cdef public int answered, contested, proven
    cpdef hold(self, Side side, Packet kept)
    cpdef Packet partner(self, Side side, Side peer, Packet p)
    cpdef Packet lowest(self, Side side, Packet p)
    cpdef int64_t since(self, Side side, Packet p, Packet other) except? -1
    cpdef Packet alone(self, Side side, Packet p)
    cpdef expect(self, Connection successor, Side asker)
    cpdef int64_t isn(self) except? -1
    cpdef int64_t last_syn(self) except? -1
    cpdef int64_t last_syn_time(self) except? -1
    cpdef bint acknowledged(self, Packet p) except -1
    cpdef goes_on(self, Side side, Packet p)
    cpdef bint challenged(self, Packet p) except -1
    cpdef bint really(self) except -1

cpdef bint agree(Packet one, Packet other, long long breadth_of_one, long long breadth_of_other) except -1
cpdef long long breadth(Side side, Packet p) except? -1
cpdef bint near(long long one, long long other, long long most) except -1

cimport cython

from analyzer.flow.roles cimport swap
from analyzer.frame.packet cimport Packet
from analyzer.model.connection cimport Connection, Side
from analyzer.tcp.acceptance cimport edge
from analyzer.tcp.sequence cimport unwrap

# the constants of ordering.py as C numbers
cdef int ACK, CLIENT, FIN, RST, SYN, FRUITLESS, MAX_MOVED
cdef long long MASK32, MAX_FAR, NEAR

@cython.final
cdef class Early:
    cdef public list packets, numbers, times
    cpdef keep(self, Packet p, str note)
    cpdef note_place(self, Packet p)
    cpdef take_place(self, Connection connection, Packet p)
    cpdef Py_ssize_t first(self, bint begun) except -1

cpdef bint is_early(Connection connection, Side side, Side peer, Packet p) except -1
cdef bint before_syns(Connection connection, Side side, Side peer, Packet p) except -1
cdef bint acknowledges_unseen(Side peer, Packet p) except -1
cdef bint behind_hole(Side side, Packet p) except -1
cdef bint may_be_filled(Side side, Packet p) except -1
cpdef bint bare_reset(Packet p) except -1
cpdef bint fits(Early early, Packet p, Side side) except -1
cpdef adopt(Connection connection, Side side, Packet p)

cimport cython

from analyzer.frame.packet cimport Packet
from analyzer.model.connection cimport Connection, Side
from analyzer.tcp.sequence cimport unwrap

cdef int SYN, RST, ACK, CLIENT, MAX_STRAYS, MAX_SHARED, FORGOTTEN
cdef long long MASK32, NEAR_BYTES

@cython.final
cdef class Stray:
    cdef public str what
    cdef public long long packet, time, refused_packet, refused_time
    cdef public bytes address
    cdef public int port

@cython.final
cdef class Elsewhere:
    cdef public bint awake
    cdef public dict asked
    cdef public long long known
    cpdef wake(self, object opened)
    cpdef enter(self, Connection connection)
    cdef learn(self, object opened)
    cpdef opens(self, Connection connection, object opened)
    cpdef look(self, Side sender, Side receiver, Packet p)

cpdef bint is_of(Side client, Packet p) except -1
cpdef bint rivals(Side one, Side other) except -1
cpdef bint near(long long offset, long long low, long long high) except -1
cpdef keep(Connection connection, Side sender, Packet p)
cpdef refuse(Connection connection, Side sender, Packet p)

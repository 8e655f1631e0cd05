cimport cython

from analyzer.frame.octets cimport cut
from analyzer.frame.packet cimport Packet
from analyzer.model.connection cimport Connection, Side

cdef int ACK, WINDOW
cdef unsigned long long MIX, MASK64
cdef long long MASK32, NEAR_NS, TICK_NS, SLACK

@cython.final
cdef class Newest:
    cdef unsigned long long hosts
    cdef bytes pair
    cdef public long long value, packet, time, steady, unsteady
    cdef public int near

@cython.final
cdef class Older:
    cdef public Newest newest
    cdef public long long behind, packet, time
    cdef public int near
    cpdef bint tells(self, long long time) except -1

@cython.final
cdef class Stamps:
    cdef list slots
    cpdef asked(self, Connection connection, Packet p)
    cpdef answered(self, Connection connection, Packet p)
    cdef Newest find(self, Connection connection)

cpdef compare(Newest newest, Packet p)
cpdef bint later(long long one, long long other) except -1
cpdef bytes hosts(Side client)

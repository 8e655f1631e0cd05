cimport cython

from analyzer.wire.elsewhere cimport Elsewhere
from analyzer.wire.model cimport Connection, Side
from analyzer.wire.packet cimport Packet
from analyzer.wire.stamps cimport Stamps
from analyzer.wire.twins cimport Twins

cdef int ACK, CLIENT, RST, SERVER, SYN

@cython.final
cdef class Kin:
    cdef public Twins twins
    cdef public Stamps stamps
    cdef public Elsewhere elsewhere
    cpdef opened(self, Connection connection, Packet p, object opened)
    cpdef shaken(self, Side side, Packet p, object opened)

cpdef Side peer_of(Side side)

cimport cython

from analyzer.flow.twins cimport Twins
from analyzer.frame.packet cimport Packet
from analyzer.model.connection cimport Connection, Side
from analyzer.tcp.elsewhere cimport Elsewhere
from analyzer.tcp.stamps cimport Stamps

cdef int ACK, CLIENT, RST, SERVER, SYN

@cython.final
cdef class Kin:
    cdef public Twins twins
    cdef public Stamps stamps
    cdef public Elsewhere elsewhere
    cpdef opened(self, Connection connection, Packet p, object opened)
    cpdef shaken(self, Side side, Packet p, object opened)

cpdef Side peer_of(Side side)

cimport cython

from analyzer.frame.packet cimport Packet
from analyzer.model.connection cimport Connection, Side
from analyzer.tcp.marks cimport mark
from analyzer.tcp.reassembly cimport Reassembler

cdef int FULL_SEGMENT, MAX_RTX_MARKS, MAX_KEEP_ALIVE_MARKS
cdef long long REORDER_NS, REACH

@cython.final
cdef class Payload:
    cdef public Reassembler reassembler
    cdef segment(self, Connection connection, Side side, Side peer, Packet p, long long offset, long long ack)
    cdef advance(self, Connection connection, Side side, Packet p, long long offset, long long stop)
    cdef retransmission(self, Connection connection, Side side, Packet p, long long offset, long long stop)
    cdef keep_alive(self, Connection connection, Side side, Packet p)
